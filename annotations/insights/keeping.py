"""Keeping figures for the viewer they were counted for, until something happens to what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from django.core.cache import cache
from django.db import connection

from opslens.activity.numbers import last_numbers

_SECONDS = 24 * 3600
_MADE_WITH = 1  # grows when what is kept changes its shape or its meaning

Found = TypeVar("Found")


def kept_for(viewer, what: str, names: tuple[str, ...], kinds: tuple[str, ...], count: Callable[[], Found]) -> Found:
    """`count()`, or what it gave to this viewer when the channels had come as far as now. One query when it is kept.

    `what` names the page, and everything about the viewer that decides what they see there. The numbers are read
    first: what is kept under them may be newer than they are, never older.
    """
    numbers = last_numbers("site", *names, kinds=("codebook", *kinds))
    who = viewer.pk if viewer.is_authenticated else "visitor"
    name = f"insights:{sha256(repr((_MADE_WITH, who, what, numbers)).encode()).hexdigest()}"
    found: Found | None = cache.get(name)
    if found is None:
        found = count()
        # Inside a transaction the numbers may yet be rolled back and used again for something else.
        if not connection.in_atomic_block:
            cache.set(name, found, _SECONDS)
    return found
