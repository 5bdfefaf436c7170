"""The verbs on replies under marks of a session. Each is one transaction that holds the session in its phase, checks
the right, and records one event on the mark's channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.discussion.access import held_to_reply, mark_in
from annotations.models import Annotation, Reply
from annotations.teams.actions import clean_text
from opslens.activity.record import record
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

NO_REPLY = "This reply is not there any more, or it is not yours to see."


@dataclass(frozen=True, slots=True)
class Said:
    """The reply as it is now, with its mark, and whether this call changed anything."""

    reply: Reply
    changed: bool


def add_reply(viewer, session_id: int, uid: str, text: str, *, key: str) -> Said:
    """Reply to a mark of a session. The same `key` by the same person again returns the reply that it made the first
    time.

    Raises Invalid, Missing, Denied; Conflict when the session is in the archive, or when the key has made another
    reply.
    """
    text = _clean(text)
    if not 8 <= len(key) <= 36:
        raise Invalid("A request to reply carries a key of 8 to 36 characters.")
    try:
        with transaction.atomic():
            annotation = mark_in(viewer, held_to_reply(viewer, session_id), uid)
            if made := _made_before(viewer, key, annotation, text):
                return made
            reply = Reply.objects.create(annotation=annotation, author=viewer, text=text, key=key)
            _record("reply-added", viewer, reply, annotation, after=_state(reply))
    except IntegrityError:
        # Two requests with one key at the same moment: the other one made the reply.
        annotation = Annotation.objects.visible_to(viewer).filter(session_id=session_id, uid=uid).first()
        made = _made_before(viewer, key, annotation, text) if annotation else None
        if made is None:
            raise
        return made
    return Said(reply, True)


def _made_before(viewer, key: str, annotation: Annotation, text: str) -> Said | None:
    reply = Reply.objects.filter(author_id=viewer.pk, key=key).select_related("author").first()
    if reply is None:
        return None
    first = Event.objects.filter(
        actor_id=viewer.pk, verb="reply-added", subject=annotation.subject, after__reply=reply.pk
    )
    then = first.values_list("after", flat=True).first()
    if reply.annotation_id != annotation.pk or (then is not None and then["text"] != text):
        raise Conflict("This form has made a reply already. Send it once more to make another.", current=reply)
    reply.annotation = annotation
    return Said(reply, False)


def edit_reply(viewer, session_id: int, reply_id: int, version: int, text: str) -> Said:
    """Change one's reply. Saving what is there already changes and records nothing.

    Raises Conflict, with the reply as it is now in `.current`, when `version` is not its version; Invalid, Missing,
    Denied.
    """
    text = _clean(text)
    with transaction.atomic():
        reply, annotation = _own(viewer, session_id, reply_id)
        if reply.deleted_at is not None:
            raise Missing("You have deleted this reply. Restore it to change it.")
        if reply.text == text:
            return Said(reply, False)
        if reply.version != version:
            raise Conflict("You have changed this reply elsewhere in the meantime.", current=reply)
        before = _state(reply)
        reply.text = text
        _save(reply, "text")
        _record("reply-edited", viewer, reply, annotation, before=before, after=_state(reply))
    return Said(reply, True)


def delete_reply(viewer, session_id: int, reply_id: int) -> Said:
    """Take one's reply away; it can be restored. Deleting it again is not an error. Raises Missing, Denied, Conflict in
    the archive."""
    return _set_deleted(viewer, session_id, reply_id, "reply-deleted", gone=True)


def restore_reply(viewer, session_id: int, reply_id: int) -> Said:
    """Bring one's reply back. Restoring one that is there is not an error. Raises Missing, Denied, Conflict in the
    archive."""
    return _set_deleted(viewer, session_id, reply_id, "reply-restored", gone=False)


@transaction.atomic
def _set_deleted(viewer, session_id: int, reply_id: int, verb: str, *, gone: bool) -> Said:
    reply, annotation = _own(viewer, session_id, reply_id)
    if (reply.deleted_at is not None) == gone:
        return Said(reply, False)
    before = _state(reply)
    reply.deleted_at = timezone.now() if gone else None
    _save(reply, "deleted_at")
    _record(verb, viewer, reply, annotation, before=before, after=_state(reply))
    return Said(reply, True)


def _own(viewer, session_id: int, reply_id: int) -> tuple[Reply, Annotation]:
    """One's own reply for changing, locked, with its mark. Raises Missing, Denied, Conflict."""
    seat = held_to_reply(viewer, session_id)
    replies = Reply.objects.select_for_update(of=("self",), no_key=True).select_related("annotation", "author")
    reply = replies.filter(pk=reply_id, annotation__session_id=session_id).first()
    if reply is None or (reply.deleted_at is not None and reply.author_id != viewer.pk):
        raise Missing(NO_REPLY)
    annotation = mark_in(viewer, seat, reply.annotation.uid)
    if reply.author_id != viewer.pk:
        raise Denied("Only its author can change this reply.")
    reply.annotation = annotation
    return reply, annotation


def _clean(text: str) -> str:
    return clean_text(text, needed="Write your reply.")


def _state(reply: Reply) -> dict[str, Any]:
    """What events keep of a reply."""
    return {"reply": reply.pk, "text": reply.text, "deleted": reply.deleted_at is not None}


def _save(reply: Reply, *fields: str) -> None:
    reply.version += 1
    reply.updated_at = timezone.now()
    reply.save(update_fields=[*fields, "version", "updated_at"])


def _record(verb: str, viewer, reply: Reply, annotation: Annotation, **states: Any) -> None:
    record(annotation.channel, verb, actor=viewer, subject=annotation.subject, **states)
