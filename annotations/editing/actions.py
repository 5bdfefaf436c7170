"""The verbs on marks. Each is one transaction that checks the right, writes the rows and records one event.

Positions are code points in the canonical text of the revision they are given with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from annotations.carrying import carry_on, foresee
from annotations.codebook.kept import all_tags, successor_of
from annotations.editing.in_session import held_open
from annotations.membership import Seat
from annotations.models import Anchor, Annotation, AnnotationTag, Crossing, Tag
from annotations.permissions import may_edit_mark
from opslens.activity.record import record
from opslens.articles.documents import document_of
from opslens.models import Event, Revision
from opslens.models.prepared import insert
from opslens.text.offsets import snap
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

LONGEST_PASSAGE = 50_000  # code points
_STORED = ("revision", "quote", "note", "visibility", "deleted_at", "review_state")


@dataclass(frozen=True)
class Passage:
    """A range of a revision, snapped to whole characters and free of white space at its ends."""

    revision_id: int
    start: int
    end: int
    quote: str
    first_block: int
    last_block: int


@dataclass(frozen=True)
class Marked:
    """What a verb did: the mark with its tags as they are now and its place in the revision in which the person sees
    it, if it has one there; the blocks of that revision whose look changed; tags that gave way to others of their
    group; and of a new mark (the tag, the one it proposes) if one of its tags does so."""

    annotation: Annotation
    anchor: Anchor | None
    tag_ids: tuple[int, ...]
    blocks: tuple[int, ...]
    replaced: tuple[Tag, ...] = ()
    proposal: tuple[Tag, Tag] | None = None
    changed: bool = True
    said: str = ""


def choose_passage(revision_id: int, start: int, end: int, exact: str) -> Passage:
    """The passage at [start, end) if its words are `exact`.

    Raises Conflict when other words stand there, Invalid when nothing is left to mark or it is too long.
    """
    document = document_of(revision_id)
    if not 0 <= start <= end <= len(document.text):
        raise Invalid("This passage is not in the article.")
    if _plain(document.text[start:end]) != _plain(exact):
        raise Conflict("The words at this place are not the ones you chose: the article has changed. Load it again.")
    start, end = snap(document.text, start, end)
    if start >= end:
        raise Invalid("Nothing is selected. Choose at least one character of the text.")
    if end - start > LONGEST_PASSAGE:
        raise Invalid(f"This passage is longer than {LONGEST_PASSAGE:,} characters. Choose a shorter one.")
    blocks = document.blocks_between(start, end)
    return Passage(revision_id, start, end, document.text[start:end], blocks[0].ordinal, blocks[-1].ordinal)


def _plain(words: str) -> str:
    # A form posts line breaks as CR LF.
    return words.replace("\r\n", "\n")


def resolve_tags(tags: Sequence[Tag], before: Iterable[int] = ()) -> tuple[list[Tag], list[Tag]]:
    """Settle exclusive groups: (kept, replaced).

    Of two tags of one exclusive group the one that is new wins over one of `before` (tag ids), then the later over
    the earlier.
    """
    old = set(before)
    kept: dict[Any, Tag] = {}
    replaced: list[Tag] = []
    for tag in sorted(tags, key=lambda tag: tag.pk not in old):
        place = ("group", tag.group_id) if tag.group.exclusive else ("tag", tag.pk)
        if place in kept and kept[place].pk != tag.pk:
            replaced.append(kept[place])
        kept[place] = tag
    return sorted(kept.values(), key=lambda tag: (tag.group.position, tag.position, tag.pk)), replaced


def _tags(ids: Iterable[int], codebook_id: int | None, already: Iterable[int] = ()) -> list[Tag]:
    """The tags of these ids in their order. Raises Invalid for one that is unknown or, unless the mark carries it
    already, not offered or of another codebook than this one; None stands for the default one. A tag that was merged
    into another one meanwhile is taken for that one."""
    ids, already = list(dict.fromkeys(map(successor_of, ids))), set(already)
    if not ids:
        return []
    found = all_tags()
    for pk in ids:
        if pk not in found:
            raise Invalid("This tag does not exist.", {"tags": "This tag does not exist."})
        if pk in already:
            continue
        book = found[pk].codebook
        if not (book.is_default if codebook_id is None else book.pk == codebook_id):
            message = f"The tag “{found[pk].name}” belongs to another codebook."
            raise Invalid(message, {"tags": message})
        if not found[pk].offered:
            message = f"The tag “{found[pk].name}” is no longer offered."
            raise Invalid(message, {"tags": message})
    return [found[pk] for pk in ids]


def _proposal(tags: Sequence[Tag]) -> tuple[Tag, Tag] | None:
    """(tag, the one it proposes) for the first of `tags` that proposes one of a group that none of them is of."""
    groups = {tag.group_id for tag in tags}
    for tag in tags:
        if (other := tag.proposed) and other.group_id not in groups:
            return tag, other
    return None


def _clean_note(note: str, tags: Iterable[Tag]) -> str:
    note = note.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(note) > settings.MAX_NOTE_LENGTH:
        message = f"A note has at most {settings.MAX_NOTE_LENGTH:,} characters; this one has {len(note):,}."
        raise Invalid(message, {"note": message})
    if not note:
        for tag in tags:
            if tag.note_required:
                message = f"“{tag.name}” needs a note that says what you mean."
                raise Invalid(message, {"note": message})
    return note


def _clean_visibility(visibility: str, session_id: int | None) -> str:
    if session_id is not None:
        return Annotation.TEAM
    if visibility not in (Annotation.PRIVATE, Annotation.PUBLIC):
        raise Invalid("A mark is private or public.", {"visibility": "Choose private or public."})
    return visibility


def _set_tags(annotation: Annotation, tags: Iterable[Tag]) -> None:
    """Raises Conflict when one of them has been merged into another tag in this very moment."""
    ids = []
    for tag in tags:
        group_id = tag.group_id if tag.group.exclusive else None
        insert(AnnotationTag(annotation=annotation, tag=tag, exclusive_group_id=group_id))
        ids.append(tag.pk)
    if ids and not held_unmerged(ids):
        raise Conflict("A tag of this mark was merged into another one just now. Try again.", current=annotation)


def held_unmerged(ids: Sequence[int]) -> bool:
    """Whether none of these tags has been merged into another one, and none can be until the transaction ends.
    SQLite's writers come one after another anyway. On PostgreSQL foreign keys are looked at when a transaction ends,
    so that new rows alone would not wait for a merge, which holds its tag."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM annotations_tag WHERE id = ANY(%s) AND merged_into_id IS NULL FOR KEY SHARE", [list(ids)]
        )
        return len(cursor.fetchall()) == len(ids)


def state_of(annotation: Annotation, anchor: Anchor, tag_ids: Iterable[int]) -> dict[str, Any]:
    """The whole state of a mark as plain JSON, as events keep it."""
    return {
        "revision": anchor.revision_id,
        "start": anchor.start,
        "end": anchor.end,
        "quote": annotation.quote,
        "tags": sorted(tag_ids),
        "note": annotation.note,
        "visibility": annotation.visibility,
        "deleted": annotation.deleted_at is not None,
    }


def mark_passage(
    viewer,
    revision: Revision,
    passage: Passage,
    *,
    tags: Iterable[int] = (),
    note: str = "",
    visibility: str = "",
    key: str,
    at=None,
    seat: Seat | None = None,
) -> Marked:
    """Make a mark, in the session in which the viewer has this seat, or outside of sessions. The same `key` by the
    same author again returns the mark that it made the first time.

    Raises Invalid for tags, notes or a visibility that cannot be; Denied for a visitor; Conflict when the session does
    not take marks now.
    """
    if not viewer.is_authenticated:
        raise Denied("Sign in to mark passages.")
    if not 8 <= len(key) <= 36:
        raise Invalid("A request to make a mark carries a key of 8 to 36 characters.")
    session_id = seat.session.pk if seat else None
    usual = Annotation.PUBLIC if viewer.marks_public else Annotation.PRIVATE
    visibility = _clean_visibility(visibility or usual, session_id)
    now = at or timezone.now()
    foreseen = foresee(revision, passage.start, passage.end)
    try:
        with transaction.atomic():
            session = held_open(viewer, session_id, revision.article_id, revision.pk) if session_id else None
            chosen, replaced = resolve_tags(_tags(tags, session.codebook_id if session else None))
            annotation = Annotation(
                article=revision.article,
                revision_id=revision.pk,
                session=session,
                author=viewer,
                quote=passage.quote,
                note=_clean_note(note, chosen),
                visibility=visibility,
                idempotency_key=key,
                created_at=now,
                updated_at=now,
            )
            insert(annotation)
            anchor = Anchor(
                annotation=annotation,
                revision_id=revision.pk,
                start=passage.start,
                end=passage.end,
                first_block=passage.first_block,
                last_block=passage.last_block,
            )
            insert(anchor)
            for crossing in anchor.crossings():
                insert(crossing)
            _set_tags(annotation, chosen)
            record(
                annotation.channel,
                "mark-created",
                actor=viewer,
                subject=annotation.subject,
                after=state_of(annotation, anchor, [tag.pk for tag in chosen]),
            )
            carry_on(annotation, anchor, revision.number, foreseen)
    except IntegrityError:
        # Two requests with one key at the same moment: the other one made the mark.
        asked = (session_id, revision.pk, passage.start, passage.end, sorted(tag.pk for tag in chosen), annotation.note)
        if made := _made_before(viewer, key, asked):
            return made
        raise
    ids = tuple(tag.pk for tag in chosen)
    return Marked(annotation, anchor, ids, touched(anchor), tuple(replaced), _proposal(chosen))


def _made_before(viewer, key: str, asked: tuple) -> Marked | None:
    """The mark that an earlier request with this key made, as it is now. Raises Conflict when that request asked for
    another mark: then this one is not a retry, and dropping it in silence would lose it."""
    made = Annotation.objects.filter(author_id=viewer.pk, idempotency_key=key).first()
    if made is None:
        return None
    then = Event.objects.filter(subject=made.subject, verb="mark-created").values_list("after", flat=True).first()
    before = (then[name] for name in ("revision", "start", "end", "tags", "note")) if then else ()
    if then is not None and asked != (made.session_id, *before):
        raise Conflict("This form has made a mark already. Send it once more to make another.", current=made)
    # Where it stands on the page that asks; it may have been moved to a later revision meanwhile.
    anchor = made.anchors.placed().filter(revision_id=asked[1]).first()
    tag_ids = tuple(made.taggings.values_list("tag_id", flat=True))
    return Marked(made, anchor, tag_ids, touched(anchor), changed=False)


def own_mark(
    viewer, uid: str, *, deleted: bool = False, may: Callable[..., bool] = may_edit_mark
) -> tuple[Annotation, Anchor, list[int]]:
    """A mark for changing: locked, with the anchor at its home and tag ids. `may` is the right that is asked for.
    Raises Missing when it is not there for this viewer, or Denied."""
    door = Annotation.objects.in_trash_of(viewer) if deleted else Annotation.objects.visible_to(viewer)
    # no_key: rows that merely refer to it, such as anchors in a revision that is being published, need not wait.
    marks = door.select_related("article", "session").select_for_update(of=("self",), no_key=True)
    annotation = marks.filter(uid=uid).first()
    if annotation is None:
        raise Missing("This mark is not there any more, or it is not yours to see.")
    if not may(viewer, annotation):
        raise Denied("Only its author can change this mark.")
    if annotation.session_id is not None:
        annotation.session = held_open(viewer, annotation.session_id, annotation.article_id)
    anchor = annotation.anchors.get(revision_id=annotation.revision_id)
    return annotation, anchor, list(annotation.taggings.values_list("tag_id", flat=True))


def touched(*places: Anchor | Passage | None) -> tuple[int, ...]:
    placed = [place for place in places if place is not None and place.first_block is not None]
    return tuple(sorted({b for place in placed for b in range(place.first_block, place.last_block + 1)}))


def copy_of(anchor: Anchor | None) -> Passage | None:
    """Where an anchor stands now, for after it has been moved."""
    if anchor is None:
        return None
    return Passage(anchor.revision_id, anchor.start, anchor.end, "", anchor.first_block, anchor.last_block)


def seen_in(shown: int | None, annotation: Annotation, home: Anchor) -> Anchor | None:
    """The anchor in the revision in which the person sees the mark, if it stands there."""
    if shown is None or shown == home.revision_id:
        return home
    return Anchor.objects.placed().filter(annotation=annotation, revision_id=shown).first()


def edit_mark(
    viewer,
    uid: str,
    version: int,
    *,
    tags: Iterable[int] | None = None,
    tags_seen: Iterable[int] | None = None,
    note: str | None = None,
    visibility: str | None = None,
    passage: Passage | None = None,
    shown: int | None = None,
) -> Marked:
    """Change what is given and leave the rest. Saving what is there already changes nothing and records nothing.

    `shown` is the id of the revision in which the person sees the mark; without it, its home. A passage in a later
    revision than its home makes that one its home. Raises Conflict, with the mark as it is now in `.current`, when
    `version` is not its version, or when its tags are not `tags_seen` any more: merging and splitting tags leaves
    versions alone.
    """
    with transaction.atomic():
        annotation, home, tag_ids = own_mark(viewer, uid)
        if annotation.version != version:
            raise Conflict("This mark was changed in the meantime.", current=annotation)
        before = state_of(annotation, home, tag_ids)
        seen_before = copy_of(seen_in(shown, annotation, home))
        replaced: list[Tag] = []
        if tags is None:
            chosen = [all_tags()[pk] for pk in tag_ids]
        else:
            if tags_seen is not None and {successor_of(pk) for pk in tags_seen} != set(tag_ids):
                raise Conflict("The tags of this mark were changed in the meantime.", current=annotation)
            book = annotation.session.codebook_id if annotation.session_id else None
            chosen, replaced = resolve_tags(_tags(tags, book, already=tag_ids), before=tag_ids)
        if note is not None or tags is not None:
            annotation.note = _clean_note(annotation.note if note is None else note, chosen)
        if visibility is not None:
            annotation.visibility = _clean_visibility(visibility, annotation.session_id)
        if passage is not None:
            if annotation.session_id is not None and passage.revision_id != home.revision_id:
                raise Invalid("A mark of a session stays in the revision that the session reads.")
            home = settle(annotation, home, passage)
        after = state_of(annotation, home, [tag.pk for tag in chosen])
        if after == before:
            return Marked(annotation, seen_in(shown, annotation, home), tuple(tag_ids), (), changed=False)
        store(annotation, home, chosen, tag_ids)
        record(
            annotation.channel,
            "mark-edited",
            actor=viewer,
            subject=annotation.subject,
            before=before,
            after=after,
        )
        if place_in(before) != place_in(after):
            carry_on(annotation, home, number_of(home.revision_id))
        seen = seen_in(shown, annotation, home)
    return Marked(annotation, seen, tuple(tag.pk for tag in chosen), touched(seen_before, seen), tuple(replaced))


def place_in(state: dict[str, Any]) -> tuple:
    """Revision, start and end of a mark in a state that events keep."""
    return state["revision"], state["start"], state["end"]


def number_of(revision_id: int) -> int:
    return Revision.objects.values_list("number", flat=True).get(pk=revision_id)


def settle(annotation: Annotation, home: Anchor, passage: Passage) -> Anchor:
    """Put a mark on a passage that a person chose, in its home or in a later revision, which then is its home. Returns
    the anchor there, not saved. Raises Invalid."""
    if passage.revision_id != home.revision_id:
        numbers = dict(
            Revision.objects.filter(
                pk__in=[home.revision_id, passage.revision_id], article_id=annotation.article_id
            ).values_list("pk", "number")
        )
        number = numbers.get(passage.revision_id, 0)
        if number < numbers[home.revision_id]:
            raise Invalid(
                f"The passage of this mark was chosen in revision {numbers[home.revision_id]}. Change its ends there."
            )
        home = Anchor.objects.filter(annotation=annotation, revision_id=passage.revision_id).first() or Anchor(
            annotation=annotation, revision_id=passage.revision_id
        )
        annotation.revision_id = passage.revision_id
    annotation.quote = passage.quote
    home.start, home.end = passage.start, passage.end
    home.first_block, home.last_block = passage.first_block, passage.last_block
    home.state, home.method, home.score = Anchor.EXACT, Anchor.CHOSEN, 1.0
    home.is_doubtful, home.looked_at = False, None
    return home


def store(annotation: Annotation, home: Anchor, tags: Sequence[Tag], old_ids: Iterable[int]) -> None:
    """Write a mark with other contents than before. A verdict was about what it said then, so it is open again."""
    annotation.review_state = Annotation.UNREVIEWED
    new, old = {tag.pk: tag for tag in tags}, set(old_ids)
    AnnotationTag.objects.filter(annotation=annotation, tag_id__in=old - new.keys()).delete()
    _set_tags(annotation, (tag for pk, tag in new.items() if pk not in old))
    annotation.version += 1
    annotation.updated_at = timezone.now()
    annotation.save(update_fields=[*_STORED, "version", "updated_at"])
    home.save()
    Crossing.objects.filter(anchor=home).delete()
    Crossing.objects.bulk_create(home.crossings())


def delete_mark(viewer, uid: str, *, shown: int | None = None) -> Marked:
    """Move a mark to its author's trash. Deleting it again is not an error. `shown` as for `edit_mark`."""
    with transaction.atomic():
        try:
            annotation, home, tag_ids = own_mark(viewer, uid)
        except Missing:
            return _there_already(viewer, uid, shown, deleted=True)
        set_deleted(viewer, annotation, home, tag_ids, "mark-deleted", gone=True)
        seen = seen_in(shown, annotation, home)
    return Marked(annotation, seen, tuple(tag_ids), touched(seen))


def _there_already(viewer, uid: str, shown: int | None, *, deleted: bool) -> Marked:
    """A mark that is where it was to go: somebody was faster, or asks again. Raises Missing when it is not there
    either."""
    if not deleted and not Annotation.objects.visible_to(viewer).filter(uid=uid, author_id=viewer.pk).exists():
        raise Missing("There is no such mark in your trash.")
    annotation, home, tag_ids = own_mark(viewer, uid, deleted=deleted)
    return Marked(annotation, seen_in(shown, annotation, home), tuple(tag_ids), (), changed=False)


def restore_mark(viewer, uid: str, *, shown: int | None = None) -> Marked:
    """Bring a mark back from its author's trash. Restoring one that is there is not an error. `shown` as for
    `edit_mark`."""
    with transaction.atomic():
        try:
            annotation, home, tag_ids = own_mark(viewer, uid, deleted=True)
        except Missing:
            return _there_already(viewer, uid, shown, deleted=False)
        set_deleted(viewer, annotation, home, tag_ids, "mark-restored", gone=False)
        seen = seen_in(shown, annotation, home)
    return Marked(annotation, seen, tuple(tag_ids), touched(seen))


def set_deleted(
    viewer, annotation: Annotation, anchor: Anchor, tag_ids: Sequence[int], verb: str, *, gone: bool, **more: Any
) -> None:
    """Put a locked mark into its author's trash, or take it out, and record it. Part of the caller's transaction."""
    before = state_of(annotation, anchor, tag_ids)
    annotation.deleted_at = timezone.now() if gone else None
    annotation.version += 1
    annotation.updated_at = timezone.now()
    annotation.save(update_fields=["deleted_at", "version", "updated_at"])
    record(
        annotation.channel,
        verb,
        actor=viewer,
        subject=annotation.subject,
        before=before,
        after=state_of(annotation, anchor, tag_ids) | more,
    )
