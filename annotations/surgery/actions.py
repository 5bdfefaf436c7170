"""Merging and splitting tags, and taking that back. Each is one transaction that holds the codebook, checks the right,
changes every tagging in statements over sets of rows, and records one event on the codebook's channel.

The version of a mark counts what its author did to it, so it is left alone: decisions do not look out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from annotations.codebook.actions import at_end, check_right, clean_values, key_holder, lock_codebook, state_of
from annotations.codebook.queries import Use, touched_by_change, use_of
from annotations.models import (
    Annotation,
    AnnotationTag,
    Codebook,
    Example,
    SessionArticle,
    Surgery,
    Tag,
    TagGroup,
    TeamSession,
)
from annotations.models.team import hidden, hold
from annotations.surgery import decisions, rows
from annotations.surgery.selecting import Selection
from opslens.activity.record import record
from opslens.web.refusals import Conflict, Invalid, Missing

STOP, KEEP, WIN = "stop", "keep", "win"
CLASHES = {
    STOP: "Stop: change nothing",
    KEEP: "Keep what the mark carries",
    WIN: "Let the merged tag win",
}
ATTEMPTS = 5
MERGED, SPLIT, UNDONE = "tags-merged", "tag-split", "surgery-undone"


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: on how many marks it left things as they are, as far as who undoes it may know, and what else
    there is to say."""

    surgery: Surgery
    left: Use
    changed: bool = True
    said: tuple[str, ...] = ()


def require_open(codebook: Codebook, *, held: bool = False) -> None:
    """Raises Conflict when an edition is out that was made with this codebook. With `held` its sessions stay in their
    phases until the transaction ends."""
    sessions = TeamSession.objects.filter(codebook=codebook).order_by("pk")
    for pk in sessions.values_list("pk", flat=True) if held else ():
        hold(pk)
    out = sessions.filter(phase__in=TeamSession.OUT, calibrates=None).first()
    if out is not None:
        raise Conflict(
            f"“{out.name}” is {'published' if out.phase == TeamSession.PUBLISHED else 'in the archive'}: its edition "
            "stands as it is, and so do the tags in it. Nothing was changed.",
            current=out,
        )


def hides_marks(codebook: Codebook) -> bool:
    """Whether there are readers of this codebook who must not learn of the marks of others."""
    return TeamSession.objects.filter(hidden(), codebook=codebook, deleted_at=None).exists()


def knows_all(viewer, codebook: Codebook) -> bool:
    """Whether this person may know about every mark: `touched_by_change`."""
    return viewer.is_staff and codebook.is_default


def may_clash(source: Tag, group: TagGroup) -> bool:
    """Whether a mark with this tag may carry another one of this group, beside which none can come."""
    return group.exclusive and source.group_id != group.pk


def must_choose(actor, source: Tag, target: Tag) -> bool:
    """Whether a merge has to be told beforehand what becomes of marks with another tag of the target's group. Asking
    only where there are such marks would tell this person of marks that they may not see."""
    return may_clash(source, target.group) and not knows_all(actor, source.codebook)


def _check_choice(actor, source: Tag, target: Tag, clash: str) -> None:
    if must_choose(actor, source, target) and clash not in (KEEP, WIN):
        message = (
            f"There may be marks with “{source.name}” that you cannot see, and of “{target.group.name}” a mark carries "
            "only one tag. Choose what becomes of marks that carry another one. Nothing was changed."
        )
        raise Invalid(message, {"clash": message})


def _open(actor, codebook_id: int | None, taggings: Callable[[], QuerySet[AnnotationTag]]) -> Codebook:
    """The codebook for surgery, with everything held that others could change meanwhile, in the order in which they
    take it: sessions, their articles, marks. Raises Missing, Denied, Conflict."""
    if codebook_id is None:
        raise Missing("There is no such tag.")
    codebook = lock_codebook(codebook_id)
    check_right(actor, codebook)
    require_open(codebook, held=True)
    check_right(actor, codebook)  # the session may have gone back to marking blind until it was held
    articles = SessionArticle.objects.filter(session__codebook=codebook).order_by("pk")
    list(articles.select_for_update(no_key=True).values_list("pk"))
    rows.lock_marks(taggings())
    return codebook


def _again(verb):
    """Begin this verb anew, a few times, where somebody else holds a mark that came by the tag while the verb was
    waiting: they may in turn wait for the tag. Then raises Conflict."""

    @wraps(verb)
    def tried(*arguments, **more):
        for _ in range(ATTEMPTS):
            with suppress(rows.Held):  # its transaction is undone, and with that all that it held
                return verb(*arguments, **more)
        raise Conflict("Readers are changing marks with this tag just now. Nothing was changed. Try again.")

    return tried


def _tags(codebook: Codebook, taggings: Callable[[], QuerySet[AnnotationTag]], *ids: int) -> list[Tag]:
    """These tags of the codebook. The first one is locked so that nobody puts it on a mark meanwhile; and so are marks
    on which it was put until then. Raises rows.Held, Missing."""
    list(Tag.objects.select_for_update().filter(pk=ids[0]).values_list("pk"))
    rows.lock_marks(taggings(), wait=False)
    found = {tag.pk: tag for tag in Tag.objects.select_related("group").filter(pk__in=ids, codebook=codebook)}
    for tag in found.values():
        tag.codebook = codebook
    if set(ids) - found.keys():
        raise Missing("There is no such tag in this codebook.")
    return [found[pk] for pk in ids]


def _book_of(tag_id: int) -> int | None:
    return Tag.objects.filter(pk=tag_id).values_list("codebook_id", flat=True).first()


def _check_target(source: Tag, target: Tag) -> None:
    if source.merged_into_id not in (None, target.pk):
        message = f"“{source.name}” was merged into another tag already. Undo that first."
        raise Invalid(message, {"target": message})
    if source == target:
        raise Invalid("A tag cannot be merged into itself.", {"target": "Choose another tag."})
    if target.retired_at is not None:
        message = f"“{target.name}” is retired. Bring it back first, or choose another tag."
        raise Invalid(message, {"target": message})


def _done_before(actor, key: str, kind: str, source: int) -> Surgery | None:
    """The surgery that this form has done already. Raises Conflict when another form has."""
    done = Surgery.objects.filter(uid=key).select_related("source", "target", "codebook").first() if key else None
    if done is not None and (done.actor_id, done.kind, done.source_id) != (actor.pk, kind, source):
        raise Conflict("This form has been used already. Load the page again.", current=done)
    return done


def _check_key(key: str) -> None:
    if key and not (len(key) == 10 and key.isascii() and key.isalnum()):
        raise Invalid("This form is not complete. Load the page again.")


@_again
def merge(actor, source_id: int, target_id: int, *, clash: str = STOP, key: str = "") -> Surgery:
    """Every tagging of `source` becomes one of `target`, on marks in the trash and in settled readings, too; `source`
    is retired. A mark that carries both keeps `target`. The same `key` again returns what was done the first time.

    `clash` says what becomes of marks that carry yet another tag of the target's exclusive group. Raises Invalid when
    it is `stop` and there are any, or the actor may not know whether there are (`must_choose`); Conflict when an
    edition is out; Denied, Missing.
    """
    _check_key(key)
    try:
        with transaction.atomic():
            taggings = partial(AnnotationTag.objects.filter, tag=source_id)
            codebook = _open(actor, _book_of(source_id), taggings)
            if done := _done_before(actor, key, Surgery.MERGE, source_id):
                return done
            source, target = _tags(codebook, taggings, source_id, target_id)
            _check_target(source, target)
            _check_choice(actor, source, target, clash)
            use = touched_by_change(actor, source)
            was = {"source": _tag_state(source), "use": _use(use)}
            surgery = _begin(actor, Surgery.MERGE, source, target, key)
            _carry_out(actor, surgery, source, target, AnnotationTag.objects.filter(tag=source), clash)
            was["decisions"] = decisions.carry_out(source, target, clash)
            was["proposes"] = _proposals(source, target)
            was["examples"] = list(source.examples.order_by("pk").values_list("pk", flat=True))
            Example.objects.filter(pk__in=was["examples"]).update(tag=target)
            source.retired_at = source.retired_at or timezone.now()
            source.merged_into = target
            source.version += 1
            source.save(update_fields=["retired_at", "merged_into", "version"])
            _finish(actor, MERGED, surgery, was, {"source": state_of(source), "target": state_of(target)})
    except IntegrityError:
        if done := _done_before(actor, key, Surgery.MERGE, source_id):
            return done
        raise
    return surgery


@_again
def split(
    actor,
    source_id: int,
    selection: Selection,
    *,
    target_id: int | None = None,
    values: Mapping[str, Any] | None = None,
    clash: str = STOP,
    key: str = "",
) -> Surgery:
    """The taggings of `source` on the marks of `selection`, as far as the actor sees them, become taggings of `target`
    or of a new tag of these `values` (`add_tag`). `source` stays as it is, and so do settled readings.

    Raises as `merge`, and Invalid when no mark fits.
    """
    _check_key(key)
    try:
        with transaction.atomic():
            chosen = partial(selection.taggings, actor, Tag(pk=source_id))
            codebook = _open(actor, _book_of(source_id), chosen)
            if done := _done_before(actor, key, Surgery.SPLIT, source_id):
                return done
            source, *others = _tags(codebook, chosen, source_id, *([] if target_id is None else [target_id]))
            taggings = selection.taggings(actor, source)
            use = Use(taggings.count(), complete=False)
            if not use.count:
                raise Invalid("No mark that you can see fits this. Nothing was changed.")
            target = others[0] if others else _new_tag(codebook, values or {})
            _check_target(source, target)
            surgery = _begin(actor, Surgery.SPLIT, source, target, key)
            _carry_out(actor, surgery, source, target, taggings, clash)
            was = {"use": _use(use), "made": target_id is None}
            _finish(actor, SPLIT, surgery, was, {"source": state_of(source), "target": state_of(target)})
    except IntegrityError:
        if done := _done_before(actor, key, Surgery.SPLIT, source_id):
            return done
        raise
    return surgery


def _new_tag(codebook: Codebook, given: Mapping[str, Any]) -> Tag:
    values = clean_values(codebook, {"name": "", "group_id": None, "slot": None, **given})
    tag = Tag(codebook=codebook, position=at_end(values["group_id"]), **values)
    tag.save(force_insert=True)
    return tag


def _begin(actor, kind: str, source: Tag, target: Tag, key: str) -> Surgery:
    surgery = Surgery(codebook=source.codebook, kind=kind, source=source, target=target, actor=actor)
    if key:
        surgery.uid = key
    surgery.save(force_insert=True)
    return surgery


def _carry_out(
    actor, surgery: Surgery, source: Tag, target: Tag, taggings: QuerySet[AnnotationTag], clash: str
) -> None:
    rows.keep(surgery, taggings, target)
    rows.drop_twins(surgery, target)
    clashing = rows.clashing_kept(surgery, source, target)
    if clash == KEEP:
        clashing.update(became=None)
    elif clash == WIN:
        rows.keep(surgery, rows.rivals(surgery, source, target), None)
    elif clashing.exists() or (surgery.kind == Surgery.MERGE and decisions.would_clash(source, target)):
        seen = use_of(actor, source.codebook, AnnotationTag.objects.filter(pk__in=clashing.values("tagging")))
        which = f"{seen} carry" if seen.count > 1 else f"{seen} carries" if seen.count else "Marks or settled readings"
        which += "" if seen.count else " carry"
        message = (
            f"{which} another tag of “{target.group.name}”, and a mark may carry only one of them. "
            "Choose what becomes of these marks. Nothing was changed."
        )
        raise Invalid(message, {"clash": message})
    rows.apply(surgery, target)


def _proposals(source: Tag, target: Tag) -> list[list[int | None]]:
    """Have tags that propose the source propose the target instead, or nothing where that is of their own group:
    [tag, proposed now] each."""
    changed = []
    for tag in Tag.objects.filter(proposes=source).order_by("pk"):
        now = None if tag.group_id == target.group_id or tag == target else target.pk
        Tag.objects.filter(pk=tag.pk).update(proposes=now, version=tag.version + 1)
        changed.append([tag.pk, now])
    return changed


def _tag_state(tag: Tag) -> dict[str, Any]:
    return {
        "retired": tag.retired_at.isoformat() if tag.retired_at else None,
        "merged_into": tag.merged_into_id,
        "key": tag.key,
    }


def _use(use: Use) -> dict[str, Any]:
    return {"count": use.count, "complete": use.complete}


def use_told(surgery: Surgery, viewer) -> Use | None:
    """On how many marks a surgery was, for this viewer: everybody else than who did it may know nothing about it."""
    if knows_all(viewer, surgery.codebook):
        return Use(surgery.marks, complete=True)
    said = surgery.was.get("use")
    return Use(said["count"], False) if said and surgery.actor_id == viewer.pk else None


def _finish(actor, verb: str, surgery: Surgery, was: dict[str, Any], after: dict[str, Any]) -> None:
    surgery.was = was
    surgery.marks = rows.count_marks(surgery)
    surgery.save(update_fields=["was", "marks"])
    before = {"source": surgery.source.name, "target": surgery.target.name}
    after |= {"kind": surgery.kind}
    if not hides_marks(surgery.codebook):  # what is recorded is read by everybody who reads the codebook
        after |= {"marks": surgery.marks, "settled": len(was.get("decisions", ()))}
    record(surgery.codebook.channel, verb, actor=actor, subject=surgery.subject, before=before, after=after)


@_again
def undo(actor, uid: str) -> Undone:
    """Take a surgery back: taggings, settled readings and tags are as they were before, under the ids they had, as far
    as nobody has changed them since. Doing it again is not an error. Raises Missing, Denied; Conflict when an edition
    is out, or a later surgery on one of its tags must be undone first."""
    with transaction.atomic():
        found = Surgery.objects.filter(uid=uid).values_list("pk", "codebook_id", "source_id", "target_id").first()
        if found is None:
            raise Missing("There is no such change.")
        pk, codebook_id, source_id, target_id = found
        theirs = Annotation.objects.filter(retaggings__surgery=pk).values("pk")
        taggings = partial(AnnotationTag.objects.filter, annotation__in=theirs)
        codebook = _open(actor, codebook_id, taggings)
        source, target = _tags(codebook, taggings, source_id, target_id)
        surgery = Surgery.objects.select_for_update(no_key=True).get(pk=pk)
        surgery.codebook, surgery.source, surgery.target = codebook, source, target
        if surgery.undone_at is not None:
            return Undone(surgery, Use(0, complete=knows_all(actor, codebook)), changed=False)
        _check_is_last(surgery)
        rows.put_back(surgery, source, target)
        others = rows.not_put_back(surgery)
        left = Use(others.count(), complete=True)
        said = _put_back_tags(actor, surgery, source, target)
        settled = decisions.put_back(surgery.was.get("decisions", []), source, target)
        tells_all = not hides_marks(codebook)
        if settled and tells_all:
            said.append(f"{settled} settled reading{'' if settled == 1 else 's'} that changed since stay as they are.")
        surgery.undone_at = timezone.now()
        surgery.save(update_fields=["undone_at"])
        before = {"source": source.name, "target": target.name, "kind": surgery.kind}
        after: dict[str, Any] = {"source": state_of(source), "target": state_of(target)}
        if tells_all:
            after |= {"marks": surgery.marks, "left": left.count}
        record(codebook.channel, UNDONE, actor=actor, subject=surgery.subject, before=before, after=after)
        if not knows_all(actor, codebook):
            left = Use(Annotation.objects.visible_to(actor).filter(pk__in=others).count(), complete=False)
    return Undone(surgery, left, said=tuple(said))


def _check_is_last(surgery: Surgery) -> None:
    both = [surgery.source_id, surgery.target_id]
    later = surgery.codebook.surgeries.filter(pk__gt=surgery.pk, undone_at=None).select_related("source", "target")
    blocking = (later.filter(source__in=both) | later.filter(target__in=both)).order_by("-pk").first()
    if blocking is not None:
        verb = "merged into" if blocking.kind == Surgery.MERGE else "split into"
        message = f"“{blocking.source.name}” was {verb} “{blocking.target.name}” after that. Undo that first."
        raise Conflict(message, current=blocking)


def _put_back_tags(actor, surgery: Surgery, source: Tag, target: Tag) -> list[str]:
    """Make the tags what they were; what there is to say about it. Neither depends on marks that the actor may not
    know of."""
    said: list[str] = []
    if surgery.kind == Surgery.MERGE:
        was = surgery.was["source"]
        if source.merged_into_id == target.pk:
            source.merged_into_id = was["merged_into"]
            if was["retired"] is None:
                source.retired_at = None
                if holder := key_holder(surgery.codebook, source.key, source.pk):
                    said.append(f"“{source.name}” has no shortcut key: “{holder.name}” has it now.")
                    source.key = ""
            source.version += 1
            source.save(update_fields=["retired_at", "merged_into", "key", "version"])
        for pk, became in surgery.was["proposes"]:
            for tag in Tag.objects.filter(pk=pk, proposes=became).exclude(group=source.group):
                Tag.objects.filter(pk=pk).update(proposes=source, version=tag.version + 1)
        Example.objects.filter(pk__in=surgery.was["examples"], tag=target).update(tag=source)
    elif surgery.was["made"]:
        every = knows_all(actor, surgery.codebook)
        carried = target.taggings if every else Annotation.objects.visible_to(actor).filter(taggings__tag=target)
        if carried.exists() or target.retired_at is not None:
            said.append(f"“{target.name}” stays, because marks carry it.")
        else:
            target.retired_at = timezone.now()
            # What still names it, such as a form that is open somewhere, means the tag it came from. Marks that are
            # hidden from this person may carry it; those keep it, as they keep every tag that is retired.
            target.merged_into = source if every else None
            target.version += 1
            target.save(update_fields=["retired_at", "merged_into", "version"])
    return said
