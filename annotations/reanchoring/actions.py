"""What a person does about a mark whose passage has changed or gone: attach it, leave it, take that back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotations.carrying import carry_on
from annotations.editing.actions import (
    Marked,
    Passage,
    number_of,
    own_mark,
    settle,
    state_of,
    store,
    touched,
)
from annotations.editing.undoing import undo
from annotations.models import Anchor, Annotation, Tag
from annotations.permissions import may_attach_mark
from opslens.activity.record import record
from opslens.models import Article, Event
from opslens.web.refusals import Conflict, Missing

_ATTACHED = {True: "mark-attached", False: "staff-attached-mark"}  # by whether it is the author who does it


def attach_mark(viewer, uid: str, version: int, passage: Passage) -> Marked:
    """Put a mark on a passage of a later revision, which is its home from then on.

    Raises Conflict, with the mark as it is now, when `version` is not its version; Invalid, Missing, Denied.
    """
    with transaction.atomic():
        annotation, home, tag_ids = own_mark(viewer, uid, may=may_attach_mark)
        if annotation.version != version:
            raise Conflict("This mark was changed in the meantime.", current=annotation)
        before = state_of(annotation, home, tag_ids)
        home = settle(annotation, home, passage)
        after = state_of(annotation, home, tag_ids)
        if after == before:
            return Marked(annotation, home, tuple(tag_ids), (), changed=False)
        store(annotation, home, Tag.objects.filter(pk__in=tag_ids), tag_ids)
        record(
            annotation.channel,
            _ATTACHED[annotation.author_id == viewer.pk],
            actor=viewer,
            subject=annotation.subject,
            before=before,
            after=after,
        )
        carry_on(annotation, home, number_of(home.revision_id))
    return Marked(annotation, home, tuple(tag_ids), touched(home))


def detach_mark(viewer, uid: str) -> Marked:
    """Take the viewer's own last attachment of a mark back. Raises Missing when there is none, Conflict when the mark
    was changed since."""
    with transaction.atomic():
        annotation, home, _ = own_mark(viewer, uid, may=may_attach_mark)
        attached = Event.objects.filter(
            channel__name=annotation.channel,
            subject=annotation.subject,
            actor_id=viewer.pk,
            verb__in=_ATTACHED.values(),
        )
        event = attached.order_by("-number").first()
        if event is None:
            raise Missing("You have not attached this mark.")
        return undo(viewer, event, home.revision_id, may=may_attach_mark)


def leave_mark(viewer, uid: str, revision_id: int) -> Annotation:
    """Its author says that a mark may stay as it is in this revision: without a place, or where it was carried. Saying
    so again is not an error. Raises Conflict when the revision is not the current one any more."""
    return _look(viewer, uid, "passage-left", revision_id, looked=True)


def look_again(viewer, uid: str) -> Annotation:
    """Take `leave_mark` back."""
    return _look(viewer, uid, "passage-reopened", None, looked=False)


def _look(viewer, uid: str, verb: str, seen_id: int | None, *, looked: bool) -> Annotation:
    with transaction.atomic():
        annotation, _, _ = own_mark(viewer, uid)
        # Read anew: the article came with the mark, perhaps before a wait for its lock.
        current_id = Article.objects.values_list("current_id", flat=True).get(pk=annotation.article_id)
        if seen_id not in (None, current_id):
            raise Conflict("The article has a newer revision. Look at the passage there.", annotation)
        anchor = Anchor.objects.filter(annotation=annotation, revision_id=current_id).first()
        if anchor is None or (anchor.is_placed and not anchor.is_doubtful):
            raise Conflict("This mark stands on its passage; there is nothing to decide about it.", annotation)
        if (anchor.looked_at is not None) == looked:
            return annotation
        anchor.looked_at = timezone.now() if looked else None
        anchor.save(update_fields=["looked_at"])
        after = {"revision": anchor.revision_id, "state": anchor.state}
        record(annotation.channel, verb, actor=viewer, subject=annotation.subject, after=after)
    return annotation
