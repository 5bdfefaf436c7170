"""Reading channels: how far they are, and what happened on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db import connection

from opslens.models import Event
from opslens.models.prepared import prepare

AT_ONCE = 500  # events that are read with one query


class Happening(NamedTuple):
    number: int
    verb: str
    actor_id: int | None
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def numbers_of(names: Collection[str], kinds: Collection[str]) -> dict[str, tuple[int, int]]:
    """By name, (id, last event number) of these channels and of all channels `kind:…` that there are. One query, and
    so one moment: what is in these numbers is complete."""
    matches, rest = ("GLOB", ":*") if connection.vendor == "sqlite" else ("LIKE", ":%")
    conditions = [f"name IN ({', '.join(['%s'] * len(names))})"] if names else []
    conditions += [f"name {matches} %s"] * len(kinds)
    if not conditions:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, id, last_number FROM opslens_channel WHERE {' OR '.join(conditions)}",
            [*names, *(kind + rest for kind in kinds)],
        )
        return {name: (pk, number) for name, pk, number in cursor.fetchall()}


_events = prepare(
    lambda channel, after, until: (
        Event.objects.filter(channel_id=channel, number__gt=after, number__lte=until)
        .order_by("number")
        .values_list("number", "verb", "actor_id", "subject", "before", "after")
    ),
    2_000_000_061,
    2_000_000_063,
    2_000_000_065,
)


def events_between(channel_id: int, after: int, until: int) -> list[Happening]:
    """Events with numbers after `after` and at most `until`, in their order; at most AT_ONCE of them."""
    return [Happening(*row) for row in _events(channel_id, after, min(until, after + AT_ONCE))]
