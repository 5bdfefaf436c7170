"""Keeping what was worked out until something happens in the session."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db import connection

from annotations.models import SessionArticle, TeamSession
from opslens.activity.numbers import last_numbers

_SECONDS = 24 * 3600
_MADE_WITH = 1  # grows when what is kept changes its shape or its meaning


def name_for(session: TeamSession, articles: Sequence[SessionArticle], what: str, state: str) -> str:
    """A name that changes with everything that happens in the session or its codebook: marks, progress, people,
    phases, settings, tags. One query.

    It must be asked for before the rows are read: then what is kept under it may be newer than its name, never older.
    """
    numbers = last_numbers("site", session.channel, f"codebook:{session.codebook_id}", kinds=(session.channel,))
    texts = [(here.pk, here.revision_id) for here in articles]
    parts = repr((_MADE_WITH, session.uid, state, texts, numbers))
    return f"agreement:{what}:{sha256(parts.encode()).hexdigest()}"


def kept(name: str) -> Any | None:
    return cache.get(name)


def keep(name: str, value: object) -> None:
    # Inside a transaction the numbers may yet be rolled back and used again for something else.
    if not connection.in_atomic_block:
        cache.set(name, value, _SECONDS)
