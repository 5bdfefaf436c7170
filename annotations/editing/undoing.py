"""Taking back what one did to a mark. The log says what that was, and how the mark was before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from annotations.carrying import carry_on
from annotations.codebook.kept import all_tags
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
from annotations.models import Anchor, Annotation
from annotations.permissions import may_edit_mark
from opslens.activity.record import record
from opslens.articles.documents import document_of
from opslens.models import Article, Event
from opslens.web.refusals import Conflict, Missing

_DEPTH = 200  # how many of one's own latest actions `undo_last` looks through


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
        own = Event.objects.filter(channel__name__in=names, actor_id=viewer.pk, verb__startswith="mark-")
        for event in own.order_by("-pk")[:_DEPTH]:
            if event.verb == "mark-undone":
                undone.add((event.after.get("undoes_in", event.channel_id), event.after["undoes"]))
            elif (event.channel_id, event.number) not in undone:
                return undo(viewer, event, shown)
    raise Missing("There is nothing of yours to undo in this article.")


def undo(viewer, event: Event, shown: int | None, *, may: Callable[..., bool] = may_edit_mark) -> Marked:
    """Take back one change of a mark. Part of the caller's transaction; raises Conflict, Missing, Denied."""
    uid = event.subject.partition(":")[2]
    deleted_now = event.verb == "mark-deleted"
    annotation, home, tag_ids = own_mark(viewer, uid, deleted=deleted_now, may=may)
    now = state_of(annotation, home, tag_ids)
    # What it undoes is the event's own mark on the state, not part of it.
    if now != {name: value for name, value in event.after.items() if name not in ("undoes", "undoes_in")}:
        raise Conflict("This mark was changed after that, so it was left as it is.", current=annotation)
    undoes = {"undoes": event.number, "undoes_in": event.channel_id}
    seen_before = copy_of(seen_in(shown, annotation, home))
    if event.verb in ("mark-created", "mark-deleted", "mark-restored"):
        set_deleted(viewer, annotation, home, tag_ids, "mark-undone", gone=not deleted_now, **undoes)
        said = {
            "mark-created": "Undone: the mark you made is in the trash.",
            "mark-deleted": "Undone: the mark is back.",
            "mark-restored": "Undone: the mark is in the trash again.",
        }[event.verb]
        seen = seen_in(shown, annotation, home)
        return Marked(annotation, seen, tuple(tag_ids), touched(seen), said=said)
    then = event.before
    home = _put_back(annotation, then)
    annotation.note, annotation.visibility = then["note"], then["visibility"]
    tags, _ = resolve_tags([all_tags()[pk] for pk in then["tags"]])  # groups may have changed since then
    store(annotation, home, tags, tag_ids)
    after = state_of(annotation, home, [tag.pk for tag in tags])
    record(
        annotation.channel,
        "mark-undone" if annotation.author_id == viewer.pk else "staff-undid",
        actor=viewer,
        subject=annotation.subject,
        before=now,
        after=after | undoes,
    )
    if place_in(now) != place_in(after):
        carry_on(annotation, home, number_of(home.revision_id))
    said = "Undone: the mark is as it was before your last edit."
    seen = seen_in(shown, annotation, home)
    return Marked(annotation, seen, tuple(tag.pk for tag in tags), touched(seen_before, seen), said=said)


def _put_back(annotation: Annotation, then: dict[str, Any]) -> Anchor:
    """The anchor at the home that a mark had, with the passage it had there; not saved."""
    document = document_of(then["revision"])
    blocks = document.blocks_between(then["start"], then["end"])
    annotation.revision_id, annotation.quote = then["revision"], then["quote"]
    home = annotation.anchors.get(revision_id=then["revision"])
    home.start, home.end = then["start"], then["end"]
    home.first_block, home.last_block = blocks[0].ordinal, blocks[-1].ordinal
    return home
