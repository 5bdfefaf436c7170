"""Keyset paging: a page begins behind the last row of the page before it, so that it costs the same everywhere and
rows that arrive meanwhile repeat or hide none."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

from opslens.web.refusals import Missing


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and the cursor for `?after=` that leads to the next page; "" on the last."""

    rows: list[Any]
    next: str


def page(queryset: QuerySet, keys: Mapping[str, type], *, after: str = "", size: int = 20) -> Page:
    """At most `size` rows in descending order of `keys`: names with `int` or `datetime`, together unique.

    Raises Missing for a cursor that this never made.
    """
    if after:
        queryset = queryset.filter(_behind(list(keys), _read(after, list(keys.values()))))
    rows = list(queryset.order_by(*(f"-{key}" for key in keys))[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, _write([getattr(rows[-1], key) for key in keys]) if more else "")


def _behind(keys: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after the one with these values: smaller in one key and equal in all keys before it."""
    condition, equal = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        condition |= equal & Q(**{f"{key}__lt": value})
        equal &= Q(**{key: value})
    return condition


def _write(values: list[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(cursor: str, kinds: Sequence[type]) -> list[Any]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor[:400] + "=" * (-len(cursor[:400]) % 4)))
        values = [datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else value for value in plain]
        known = [type(value) for value in values] == list(kinds) and all(
            value.tzinfo is not None if isinstance(value, datetime) else abs(value) < 2**62 for value in values
        )
    except (ValueError, TypeError, RecursionError, OverflowError):
        known = False
    if not known:
        raise Missing("This list does not go on here. Start again at its beginning.")
    return values
