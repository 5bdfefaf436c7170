"""The only writer of events."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from opslens.models import Event
from opslens.models.prepared import insert

_ADVANCE = (
    "INSERT INTO opslens_channel (name, last_number) VALUES (%s, 1) "
    "ON CONFLICT (name) DO UPDATE SET last_number = opslens_channel.last_number + 1 "
    "RETURNING id, last_number"
)


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
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("record() belongs inside the transaction of its write.")
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, [channel])
        channel_id, number = cursor.fetchone()
    actor_id = actor.pk if actor is not None and actor.is_authenticated else None
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
