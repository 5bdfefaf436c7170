"""Streams of the real server, on a database that commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from annotations.models import TeamSession
from tests.annotations.live.stream import Stream, cookie_of, page_of
from tests.support.teams import start_session


@pytest.fixture
def follow(transactional_db: None, live_server, article) -> Iterator[Callable[..., Stream]]:
    """`follow(user, session=…, article=…, after=…, query=…)`: the open stream of a reading page, past its greeting."""
    opened: list[Stream] = []

    def open_stream(
        user: Any = None, session: TeamSession | None = None, *, here: Any = None, greeted: bool = True, **more: Any
    ) -> Stream:
        path = page_of(here or article, session, more.pop("number", 1))
        base = more.pop("base", live_server.url)
        stream = Stream(base, path, cookie=cookie_of(user) if user else "", **more)
        opened.append(stream)
        if greeted:
            stream.expect("hello")
        return stream

    yield open_stream
    for stream in opened:
        stream.close()
    live_server.wait_until_idle()


@pytest.fixture
def session(transactional_db: None, owner, annotator, second_annotator, reviewer, article) -> TeamSession:
    """A blind session, in which marks are being made: two annotators, a reviewer, an owner who does not read."""
    return start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])
