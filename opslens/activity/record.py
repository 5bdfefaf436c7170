"""The only writer of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from opslens.models import Event
from opslens.models.prepared import insert
from opslens.web.refusals import Conflict

_MERGED = "SELECT merged_into_id FROM opslens_user WHERE id = %s"
_MAKE, _ELSE_ADVANCE = (
    "INSERT INTO opslens_channel (name, last_number)",
    "ON CONFLICT (name) DO UPDATE SET last_number = opslens_channel.last_number + excluded.last_number "
    "RETURNING id, last_number",
)
_ADVANCE = f"{_MAKE} VALUES (%s, %s) {_ELSE_ADVANCE}, ({_MERGED})"
# The account of who writes is held first, as the keys to it hold it when the transaction ends: two accounts that are
# being merged wait for who writes, and who writes for them.
_HOLD_AND_ADVANCE = (
    f"WITH writer AS ({_MERGED} FOR KEY SHARE), advanced AS ("
    f"{_MAKE} SELECT CAST(%s AS varchar), CAST(%s AS bigint) FROM (SELECT count(*) FROM writer) AS held "
    f"{_ELSE_ADVANCE}) SELECT id, last_number, (SELECT merged_into_id FROM writer)"
)
NOTIFIED = "opslens_events"  # the name under which PostgreSQL tells which channels have new events

# Called after each commit with new events, with the name of the channel, in the thread that committed.
listeners: list[Callable[[str], None]] = []
_can_notify: bool | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One of many things that happened in one write, for `record_many`."""

    subject: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def record(
    channel: str,
    verb: str,
    *,
    actor,
    subject: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Event:
    """Append one event to `channel` and return it with its number.

    The channel's counter advances in the caller's transaction, so numbers have no gaps and "everything after N"
    is complete. Raises TransactionManagementError outside a transaction: an event without its write, or a
    write without its event, must not be possible. Raises Conflict when the actor's account was merged into another
    one in the meantime: what it has just written would stay behind.
    """
    actor_id = _id_of(actor)
    channel_id, number = _advance(channel, 1, actor_id)
    event = Event(
        channel_id=channel_id,
        number=number,
        verb=verb,
        actor_id=actor_id,
        at=timezone.now(),
        subject=subject,
        before=before,
        after=after,
    )
    insert(event)
    return event


def record_many(channel: str, verb: str, happened: Sequence[Happened], *, actor) -> None:
    """Append one event for each of `happened`, in their order and with numbers that follow one another. Raises as
    `record` does."""
    if not happened:
        return
    actor_id = _id_of(actor)
    channel_id, last = _advance(channel, len(happened), actor_id)
    now, first = timezone.now(), last - len(happened) + 1
    Event.objects.bulk_create(
        [
            Event(
                channel_id=channel_id,
                number=number,
                verb=verb,
                actor_id=actor_id,
                at=now,
                subject=each.subject,
                before=each.before,
                after=each.after,
            )
            for number, each in enumerate(happened, first)
        ],
        batch_size=500,
    )


def _advance(channel: str, by: int, actor_id: int | None) -> tuple[int, int]:
    """Advance the counter of a channel; (its id, its last number now)."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Events belong inside the transaction of their write.")
    if listeners:
        transaction.on_commit(partial(_tell, channel), robust=True)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(_ADVANCE, [channel, by, actor_id])
        elif _may_notify():
            notify = f"{_HOLD_AND_ADVANCE}, pg_notify('{NOTIFIED}', %s) FROM advanced"
            cursor.execute(notify, [actor_id, channel, by, channel])
        else:
            cursor.execute(f"{_HOLD_AND_ADVANCE} FROM advanced", [actor_id, channel, by])
        channel_id, number, merged_into = cursor.fetchone()[:3]
    if merged_into is not None:
        raise Conflict("This account was merged into another one a moment ago. Nothing was changed. Sign in again.")
    return channel_id, number


def _tell(channel: str) -> None:
    for listener in listeners:
        listener(channel)


def _may_notify() -> bool:
    """Whether this database can notify; others that speak PostgreSQL's protocol cannot. Tried once per process."""
    global _can_notify
    if _can_notify is None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, '')", [NOTIFIED])
            _can_notify = True
        except DatabaseError:
            _can_notify = False
    return _can_notify


def _id_of(actor) -> int | None:
    return actor.pk if actor is not None and actor.is_authenticated else None
