"""Taking back what one did to a mark. The log says what that was, and how the mark was before: nothing else is kept for
it, so it works the same after a reload, on another device, and after the server was started anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotations.carrying import carry_on
from annotations.codebook.kept import all_tags, successor_of
from annotations.editing.actions import (
    Marked,
    copy_of,
    number_of,
    own_mark,
    place_in,
    resolve_tags,
    seen_in,
    set_deleted,
    state_of,
    store,
    touched,
)
from annotations.membership import Seat
from annotations.models import Anchor, Annotation, Tag
from annotations.permissions import may_edit_mark
from opslens.activity.record import record
from opslens.articles.documents import document_of
from opslens.models import Article, Event
from opslens.web.refusals import Conflict, Missing

_DEPTH = 200  # how many of one's own latest actions `undo_last` looks through
# What an event says beside the state of the mark.
_BESIDE = frozenset({"undoes", "undoes_in", "restores", "review"})
LEFT, REOPENED = "passage-left", "passage-reopened"
_WORDS_SAID = 6  # of a passage
_LONGEST_SAID = 48  # code points


def undo_last(viewer, article: Article, *, seat: Seat | None = None, shown: int | None = None) -> Marked:
    """Take back the viewer's own last action on a mark of this article, in this session or outside of sessions, that is
    not taken back yet. `shown` as for `edit_mark`.

    Raises Missing when there is nothing to undo and Conflict when the mark has been changed since then.
    """
    if seat is None:
        names = [article.channel]
    else:
        # Before and after the reveal one's actions are told on different channels.
        shared = f"{seat.session.channel}:a{article.pk}"
        names = [shared, f"{shared}:u{viewer.pk}"]
    with transaction.atomic():
        undone: set[tuple[int, int]] = set()
        verbs = Q(verb__startswith="mark-") | Q(verb__in=(LEFT, REOPENED))
        own = Event.objects.filter(verbs, channel__name__in=names, actor_id=viewer.pk)
        for event in own.order_by("-pk")[:_DEPTH]:
            if "undoes" in event.after:
                undone.add((event.after.get("undoes_in", event.channel_id), event.after["undoes"]))
            elif (event.channel_id, event.number) in undone:
                continue
            elif event.verb in (LEFT, REOPENED):
                # What was said about a passage in an earlier revision has no meaning any more.
                if event.after["revision"] == article.current_id:
                    return _undo_look(viewer, event, shown)
            else:
                return undo(viewer, event, shown)
    raise Missing("There is nothing of yours to undo in this article.")


def state_in(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a mark in what an event says of it."""
    return {name: value for name, value in state.items() if name not in _BESIDE}


def undo(viewer, event: Event, shown: int | None, *, may: Callable[..., bool] = may_edit_mark) -> Marked:
    """Take back one change of a mark. Part of the caller's transaction; raises Conflict, Missing, Denied."""
    uid = event.subject.partition(":")[2]
    became = _today(state_in(event.after))
    try:
        annotation, home, tag_ids = own_mark(viewer, uid, deleted=became["deleted"], may=may)
    except Missing:
        # Somebody has put it into the trash, or taken it out, since then; if not that, it is not there.
        annotation, _, _ = own_mark(viewer, uid, deleted=not became["deleted"], may=may)
        raise _otherwise(annotation) from None
    now = state_of(annotation, home, tag_ids)
    if now != became:
        raise _otherwise(annotation)
    # What was not there before goes to the trash.
    then = _today(state_in(event.before)) if event.before else now | {"deleted": True}
    undoes = {"undoes": event.number, "undoes_in": event.channel_id}
    verb = "mark-undone" if annotation.author_id == viewer.pk else "staff-undid"
    seen_before = copy_of(seen_in(shown, annotation, home))
    if then == now | {"deleted": then["deleted"]}:
        set_deleted(viewer, annotation, home, tag_ids, verb, gone=then["deleted"], **undoes)
        after = state_of(annotation, home, tag_ids)
    else:
        home, tag_ids = put_back(annotation, home, then, tag_ids)
        after = state_of(annotation, home, tag_ids)
        record(annotation.channel, verb, actor=viewer, subject=annotation.subject, before=now, after=after | undoes)
        if place_in(now) != place_in(after):
            carry_on(annotation, home, number_of(home.revision_id))
    seen = seen_in(shown, annotation, home)
    # Of a mark that comes or goes the whole place is painted anew.
    blocks = touched(seen_before, seen)
    return Marked(annotation, seen, tuple(tag_ids), blocks, said=_said(now, after, made=event.before is None))


def put_back(
    annotation: Annotation, home: Anchor, then: Mapping[str, Any], tag_ids: Sequence[int]
) -> tuple[Anchor, list[int]]:
    """Write a mark, with these tags and this home, as it was in a state that an event has kept: (its home, tag ids).

    Part of the caller's transaction, which records it and carries the mark on. A tag that has been merged into another
    since then comes back as that one, and one of an exclusive group gives way to another.
    """
    home = _home_then(annotation, home, then)
    annotation.note, annotation.visibility = then["note"], then["visibility"]
    if then["deleted"] != (annotation.deleted_at is not None):
        annotation.deleted_at = timezone.now() if then["deleted"] else None
    tags, _ = resolve_tags(tags_today(then["tags"]))  # groups may have changed since then
    store(annotation, home, tags, tag_ids)
    return home, [tag.pk for tag in tags]


def _today(state: dict[str, Any]) -> dict[str, Any]:
    """A state with the tags that its tags have become: merging them is no change of the mark."""
    return state | {"tags": sorted(set(map(successor_of, state["tags"])))}


def tags_today(ids: Iterable[int]) -> list[Tag]:
    """The tags of these ids, retired ones too; of one that was merged, the tag that it became. One that is nowhere any
    more is left out."""
    found = all_tags()
    return [found[pk] for pk in dict.fromkeys(map(successor_of, ids)) if pk in found]


def _home_then(annotation: Annotation, home: Anchor, then: Mapping[str, Any]) -> Anchor:
    """The anchor at the home that a mark had, with the passage it had there; not saved."""
    annotation.quote = then["quote"]
    if place_in(then) == (home.revision_id, home.start, home.end):
        return home
    blocks = document_of(then["revision"]).blocks_between(then["start"], then["end"])
    annotation.revision_id = then["revision"]
    if then["revision"] != home.revision_id:
        found = annotation.anchors.filter(revision_id=then["revision"]).first()
        home = found or Anchor(annotation=annotation, revision_id=then["revision"])
    home.start, home.end = then["start"], then["end"]
    home.first_block, home.last_block = blocks[0].ordinal, blocks[-1].ordinal
    home.state, home.method, home.score = Anchor.EXACT, Anchor.CHOSEN, 1.0
    home.is_doubtful, home.looked_at = False, None
    return home


def _undo_look(viewer, event: Event, shown: int | None) -> Marked:
    """Take back that somebody has left the passage of a mark as it is, or has opened the question again."""
    annotation, home, tag_ids = own_mark(viewer, event.subject.partition(":")[2])
    anchor = Anchor.objects.filter(annotation=annotation, revision_id=event.after["revision"]).first()
    left = event.verb == LEFT
    if anchor is None or anchor.state != event.after["state"] or (anchor.looked_at is not None) != left:
        raise _otherwise(annotation)
    anchor.looked_at = None if left else timezone.now()
    anchor.save(update_fields=["looked_at"])
    undoes = {"undoes": event.number, "undoes_in": event.channel_id}
    record(
        annotation.channel,
        REOPENED if left else LEFT,
        actor=viewer,
        subject=annotation.subject,
        after={"revision": anchor.revision_id, "state": anchor.state} | undoes,
    )
    seen = seen_in(shown, annotation, home)
    waits = "is among the marks to check again" if left else "is left as it is again"
    said = f"Undone: “{first_words(annotation.quote)}” {waits}."
    return Marked(annotation, seen, tuple(tag_ids), touched(seen), said=said)


def _otherwise(annotation: Annotation) -> Conflict:
    words = f"The mark on “{first_words(annotation.quote)}” was changed after that, so it was left as it is."
    return Conflict(words, current=annotation)


def first_words(text: str) -> str:
    """The beginning of a passage, on one line, as sentences quote it."""
    words = text.split()
    head = " ".join(words[:_WORDS_SAID])
    if len(head) > _LONGEST_SAID:
        return head[: _LONGEST_SAID - 1].rstrip() + "…"
    return head.rstrip(",;:–—-") + "…" if len(words) > _WORDS_SAID else head


def _said(now: Mapping[str, Any], after: Mapping[str, Any], *, made: bool) -> str:
    """What taking something back has made of a mark, which was `now` and is `after`."""
    place = f"“{first_words(after['quote'])}”"
    if after["deleted"] != now["deleted"]:
        if not after["deleted"]:
            return f"Undone: your mark on {place} is back."
        return f"Undone: your mark on {place} is in the trash{'' if made else ' again'}."
    said = []
    came = [pk for pk in after["tags"] if pk not in now["tags"]]
    went = [pk for pk in now["tags"] if pk not in after["tags"]]
    if came:
        said.append(f"{_tag_names(came)} {'is' if len(came) == 1 else 'are'} on {place} again")
    if went:
        said.append(f"{_tag_names(went)} {'is' if len(went) == 1 else 'are'} off {'it' if said else place} again")
    if place_in(after) != place_in(now):
        said.append(f"{'it' if said else 'your mark'} stands on {'that passage' if said else place} again")
    if after["note"] != now["note"]:
        of = "its note" if said else f"the note on {place}"
        said.append(f"{of} is {'back' if not now['note'] else 'gone again' if not after['note'] else 'as it was'}")
    if after["visibility"] != now["visibility"]:
        of = "it" if said else f"your mark on {place}"
        said.append(f"{of} is {after['visibility']} again")
    return f"Undone: {_listed(said or [f'your mark on {place} is as it was'])}."


def _tag_names(ids: Iterable[int]) -> str:
    found = all_tags()
    return _listed([f"“{found[pk].name}”" for pk in ids if pk in found])


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) < 2 else f"{', '.join(parts[:-1])} and {parts[-1]}"
