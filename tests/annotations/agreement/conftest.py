"""A session whose readers read twelve sentences as in the reference table G1 of tests/agreement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from annotations.models import TeamSession
from annotations.teams.progress.actions import finish, skip
from opslens.articles.actions import import_article
from opslens.models import Article
from tests.agreement.published import G1
from tests.support.teams import mark_in, move_on, seat_of, start_session

SENTENCES = [f"Sentence {name} speaks of the harbour." for name in "A B C D E F G H I J K L".split()]


def article_of(title: str, sentences: Sequence[str]) -> Article:
    text = f"---\ntitle: {title}\n---\n\n" + "\n\n".join(
        " ".join(sentences[at : at + 4]) for at in range(0, len(sentences), 4)
    )
    return import_article(None, name="text.md", data=text.encode(), is_public=True).article


@pytest.fixture
def readers(person) -> list[Any]:
    """Three readers, as in the table."""
    return [person(f"reader{n}", f"Reader {n}") for n in (1, 2, 3)]


@pytest.fixture
def texts(codebook) -> list[Article]:
    """Eleven sentences, and one. Missing is a matter of whole articles, so the sentence that the third reader of the
    table has not read stands in an article of its own."""
    return [article_of("The harbour", SENTENCES[:11]), article_of("The last word", SENTENCES[11:])]


def mark_rows(session: TeamSession, people: Sequence[Any], texts: Sequence[Article], rows: Sequence) -> None:
    """Mark whole sentences as a table says, and finish; an article without a value is skipped."""
    for person, row in zip(people, rows, strict=True):
        seat = seat_of(person, session)
        values = list(row)
        for here in session.articles.select_related("article").order_by("position"):
            text = texts[[one.pk for one in texts].index(here.article_id)]
            count = 11 if text == texts[0] else 1
            mine, values = values[:count], values[count:]
            names = SENTENCES[:11] if text == texts[0] else SENTENCES[11:]
            for sentence, tags in zip(names, mine, strict=True):
                if tags:
                    mark_in(session, person, text, sentence, *sorted(tags))
            if None in mine:
                skip(person, seat, here, "No time.")
            else:
                finish(person, seat, here)


@pytest.fixture
def blind(owner, reviewer, readers, texts) -> TeamSession:
    """Everybody has marked as in G1; nothing is revealed yet."""
    session = start_session(owner, texts, annotators=readers, reviewers=[reviewer])
    mark_rows(session, readers, texts, G1)
    return session


@pytest.fixture
def g1(blind, owner) -> TeamSession:
    """The same, revealed."""
    return move_on(owner, blind, TeamSession.REVEALED)


@pytest.fixture
def address() -> Callable[..., str]:
    """`address(session, "units.csv", tag="claim")`."""
    from urllib.parse import urlencode

    def make(session: TeamSession, path: str = "", **query: str) -> str:
        return f"/team/{session.uid}/agreement/{path}" + (f"?{urlencode(query)}" if query else "")

    return make
