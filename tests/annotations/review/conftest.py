"""Marks to review: public ones outside of sessions, and those of a session whose marks are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from annotations.models import Annotation, TeamSession
from annotations.review.cases import Seen, with_details
from tests.support.teams import finish_all, mark_in, move_on, start_session

CLAIM, BOATS, ASKED, GUESS = (
    "The council passed the levy on Monday.",
    "The levy was never about boats.",
    "Nobody asked the fishermen.",
    "That is a guess.",
)


def give_right(person: Any) -> Any:
    person.user_permissions.add(Permission.objects.get(codename="review_annotation"))
    return type(person).objects.get(pk=person.pk)  # rights are remembered on the account


@pytest.fixture
def site_reviewer(reviewer) -> Any:
    """May review public marks outside of sessions."""
    return give_right(reviewer)


@pytest.fixture
def session(owner, annotator, second_annotator, reviewer, article) -> TeamSession:
    """Blind, and being marked."""
    return start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])


@pytest.fixture
def revealed(session, owner, annotator, second_annotator, article) -> TeamSession:
    """Two marks of each reader, shown to all. They disagree on one passage."""
    mark_in(session, annotator, article, CLAIM, "claim", note="It says when.")
    mark_in(session, annotator, article, ASKED, "opinion")
    mark_in(session, second_annotator, article, ASKED, "claim", "unsourced")
    mark_in(session, second_annotator, article, GUESS, "opinion")
    finish_all(session, annotator, second_annotator)
    return move_on(owner, session, TeamSession.REVEALED)


@pytest.fixture
def seen() -> Callable[[Annotation], Seen]:
    """A mark as a reviewer sees it at this moment."""

    def look(annotation: Annotation) -> Seen:
        (case,) = with_details([Annotation.objects.select_related("article", "session").get(pk=annotation.pk)])
        return case.seen

    return look
