"""A session that is being settled: what each reader marked, in few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from annotations.adjudication.actions import Seen
from annotations.adjudication.queries import Desk, Item, desk_of
from annotations.membership import article_in
from annotations.models import TeamSession
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

CLAIM, BOATS, ASKED = (
    "The council passed the levy on Monday.",
    "The levy was never about boats.",
    "Nobody asked the fishermen.",
)
LAST = "The last paragraph closes the case."


@pytest.fixture
def session(owner, annotator, second_annotator, reviewer, article) -> TeamSession:
    """Two annotators, a reviewer, an owner who does not read; marks are being made, hidden from one another."""
    return start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])


@pytest.fixture
def settling(session, article, owner, annotator, second_annotator) -> TeamSession:
    """Being settled, with four passages. One on which both agree; one with two tags of one group; one that only the
    first annotator marked; one with the same tag and other ends."""
    mark_in(session, annotator, article, CLAIM, "claim", note="It says when.")
    mark_in(session, second_annotator, article, CLAIM, "claim")
    mark_in(session, annotator, article, ASKED, "opinion", "loaded")
    mark_in(session, second_annotator, article, ASKED, "claim", "unsourced", note="Who was asked?")
    mark_in(session, annotator, article, "That is a guess.", "opinion")
    mark_in(session, annotator, article, LAST, "overreach")
    mark_in(session, second_annotator, article, "last paragraph closes the case", "overreach")
    finish_all(session, annotator, second_annotator)
    return move_on(owner, session, TeamSession.ADJUDICATING)


@pytest.fixture
def look(article) -> Callable[..., Desk]:
    """`look(person, session)`: the desk of the article as it is for this person now."""

    def look(person: Any, session: TeamSession) -> Desk:
        seat = seat_of(person, session)
        return desk_of(person, seat, article_in(seat, article.slug))

    return look


def on(desk: Desk, words: str) -> Item:
    """The item whose passage begins with these words."""
    from opslens.articles.documents import document_of

    text = document_of(desk.here.revision_id).text
    (found,) = [item for item in desk.items if text[item.passage.start : item.passage.end].startswith(words)]
    return found


def seen(item: Item) -> Seen:
    """What somebody has before them who looks at this item now."""
    settled = item.settled
    return Seen(
        item.passage.key,
        item.passage.seen,
        settled.decision.uid if settled else "",
        settled.decision.version if settled else 0,
    )


def form_of(item: Item, act: str, **more: Any) -> dict[str, Any]:
    """What the form about this item posts."""
    now = seen(item)
    return {
        "act": act,
        "passage": now.passage,
        "marks": now.marks,
        "decision": now.decision,
        "version": now.version,
    } | more
