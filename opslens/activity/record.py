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

_ADVANCE = (
    "INSERT INTO opslens_channel (name, last_number) VALUES (%s, %s) "
    "ON CONFLICT (name) DO UPDATE SET last_number = opslens_channel.last_number + excluded.last_number "
    "RETURNING id, last_number"
)
NOTIFIED = "opslens_events"  # the name under which PostgreSQL tells which channels have new events
_ADVANCE_AND_NOTIFY = f"WITH advanced AS ({_ADVANCE}) SELECT id, last_number, pg_notify('{NOTIFIED}', %s) FROM advanced"

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
    write without its event, must not be possible.
    """
    channel_id, number = _advance(channel, 1)
    event = Event(
        channel_id=channel_id,
        number=number,
        verb=verb,
        actor_id=_id_of(actor),
        at=timezone.now(),
        subject=subject,
        before=before,
        after=after,
    )
    insert(event)
    return event


def record_many(channel: str, verb: str, happened: Sequence[Happened], *, actor) -> None:
    """Append one event for each of `happened`, in their order and with numbers that follow one another."""
    if not happened:
        return
    channel_id, last = _advance(channel, len(happened))
    now, first = timezone.now(), last - len(happened) + 1
    Event.objects.bulk_create(
        [
            Event(
                channel_id=channel_id,
                number=number,
                verb=verb,
                actor_id=_id_of(actor),
                at=now,
                subject=each.subject,
                before=each.before,
                after=each.after,
            )
            for number, each in enumerate(happened, first)
        ],
        batch_size=500,
    )


def _advance(channel: str, by: int) -> tuple[int, int]:
    """Advance the counter of a channel; (its id, its last number now)."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Events belong inside the transaction of their write.")
    if listeners:
        transaction.on_commit(partial(_tell, channel), robust=True)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and _may_notify():
            cursor.execute(_ADVANCE_AND_NOTIFY, [channel, by, channel])
            return cursor.fetchone()[:2]
        cursor.execute(_ADVANCE, [channel, by])
        return cursor.fetchone()


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
