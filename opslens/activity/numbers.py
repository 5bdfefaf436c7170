"""How far channels have come. Because numbers have no gaps and advance with their writes, equal numbers mean that
nothing was written in between."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection


def last_numbers(*names: str, kinds: Sequence[str] = ()) -> tuple[tuple[str, int], ...]:
    """(name, last event number) of the named channels and, for each of `kinds`, of all channels `kind:…`; one query
    that uses the index."""
    # GLOB, unlike LIKE, is case-sensitive in SQLite and so may use the index of the names.
    matches, rest = ("GLOB", ":*") if connection.vendor == "sqlite" else ("LIKE", ":%")
    conditions = ["name = %s"] * len(names) + [f"name {matches} %s"] * len(kinds)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, last_number FROM opslens_channel WHERE {' OR '.join(conditions)} ORDER BY name",
            [*names, *(kind + rest for kind in kinds)],
        )
        return tuple(cursor.fetchall())
