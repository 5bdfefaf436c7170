"""The replies under one mark, for the people who may read it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.safestring import SafeString

from annotations.discussion.access import mark_in, may_reply
from annotations.discussion.actions import NO_REPLY
from annotations.membership import Seat
from annotations.models import Annotation, Reply
from annotations.reading.notes import note_html
from opslens.web.paging import page
from opslens.web.refusals import Denied, Missing

REPLIES_SHOWN = 50  # at once, the newest


@dataclass(frozen=True, slots=True)
class Shown:
    """A reply as this viewer finds it. Deleted ones are there for their authors alone, without their words."""

    reply: Reply
    html: SafeString
    is_own: bool
    may_change: bool

    @property
    def is_gone(self) -> bool:
        return self.reply.deleted_at is not None

    @property
    def is_edited(self) -> bool:
        return self.reply.version > 1 and not self.is_gone


@dataclass(frozen=True, slots=True)
class Thread:
    """A mark with its replies, oldest first; `earlier` leads to those before them."""

    session: str
    annotation: Annotation
    replies: list[Shown]
    earlier: str
    may_reply: bool
    key: str  # for the form that adds one

    @property
    def uid(self) -> str:
        return self.annotation.uid

    @property
    def url(self) -> str:
        return reverse("discussion:replies", args=[self.session, self.uid])

    @property
    def number(self) -> int:
        return sum(not shown.is_gone for shown in self.replies)


def thread_of(viewer, seat: Seat, annotation: Annotation, *, after: str = "") -> Thread:
    """The newest replies or, with a cursor, those before it. One query. Raises Missing for a cursor that is none."""
    there = Reply.objects.filter(Q(deleted_at=None) | Q(author_id=viewer.pk), annotation=annotation)
    keys: dict[str, Any] = {"created_at": datetime, "id": int}
    found = page(there.select_related("author"), keys, after=after, size=REPLIES_SHOWN)
    allowed = may_reply(seat)
    replies = [shown(viewer, reply, allowed) for reply in reversed(found.rows)]
    return Thread(seat.session.uid, annotation, replies, found.next, allowed, str(uuid.uuid4()))


def shown(viewer, reply: Reply, allowed: bool) -> Shown:
    is_own = reply.author_id == viewer.pk
    return Shown(reply, note_html("" if reply.deleted_at else reply.text), is_own, is_own and allowed)


def own_reply(viewer, seat: Seat, reply_id: int) -> Reply:
    """One's own reply under a mark that one may read, with the mark. Raises Missing, Denied."""
    replies = Reply.objects.filter(pk=reply_id, annotation__session=seat.session)
    reply = replies.select_related("annotation", "author").first()
    if reply is None or (reply.deleted_at is not None and reply.author_id != viewer.pk):
        raise Missing(NO_REPLY)
    reply.annotation = mark_in(viewer, seat, reply.annotation.uid)
    if reply.author_id != viewer.pk or not may_reply(seat):
        raise Denied("Only its author can change this reply.")
    return reply
