"""A settled session of five readers on the article of tests/annotations, and short ways to settle."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from annotations.models import Decision, TeamSession
from tests.annotations.edition.settling import settle as settle_passage
from tests.support.teams import finish_all, mark_in, move_on, start_session

NAMES = ("Quinn Quarrel", "Zadie Zephyr", "Vadim Vortex")


@pytest.fixture
def lead(person):
    return person("wolfram", "Wolfram Waxwing")


@pytest.fixture
def readers(person) -> list:
    """Three readers whose names occur in no page by chance."""
    return [person(name.split()[0].lower() + "77", name) for name in NAMES]


@pytest.fixture
def session(lead, readers, article) -> TeamSession:
    """Three readers are done: one sentence all call a claim, one two of three call a claim and one an opinion, one a
    single reader marked. It is being settled, and nothing is settled yet."""
    session = start_session(lead, article, annotators=readers, name="Levy reading")
    for reader in readers:
        mark_in(session, reader, article, "The council passed the levy on Monday.", "claim", note=f"By {reader.name}")
    for reader, tag in zip(readers, ("claim", "claim", "opinion"), strict=True):
        mark_in(session, reader, article, "That is a guess.", tag)
    mark_in(session, readers[0], article, "Nobody asked the fishermen.", "opinion", "loaded")
    finish_all(session, *readers)
    return move_on(lead, session, TeamSession.ADJUDICATING)


@pytest.fixture
def settle(lead) -> Callable[..., Decision]:
    """`settle(session, article, "words")`: accept the first candidate of the passage with these words; `tag` names the
    tags of another one, `reject=True` rejects."""

    return partial(settle_passage, lead)


@pytest.fixture
def published(session, settle, lead, article) -> TeamSession:
    """The same session, published: two passages are settled, one is rejected."""
    settle(session, article, "The council passed the levy on Monday.")
    settle(session, article, "That is a guess.", "claim", reason="It can be checked later.")
    settle(session, article, "Nobody asked the fishermen.", reject=True, reason="A turn of speech.")
    return move_on(lead, session, TeamSession.PUBLISHED)
