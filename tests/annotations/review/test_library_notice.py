"""The library tells authors that a reviewer wants something of them."""

from __future__ import annotations

from annotations.review import actions
from tests.annotations.review.conftest import ASKED, CLAIM


def words(client) -> str:
    return " ".join(client.get("/").content.decode().split())


def test_the_library_says_that_marks_came_back(mark, annotator, outsider, site_reviewer, seen, client_of, client):
    first, second = mark(annotator, CLAIM, "claim").annotation, mark(annotator, ASKED, "opinion").annotation
    assert "come back" not in words(client_of(annotator))
    actions.return_mark(site_reviewer, seen(first), "Which levy?")
    assert "One of your marks has come back" in words(client_of(annotator))
    actions.return_mark(site_reviewer, seen(second), "Who asked whom?")
    assert "2 of your marks have come back" in words(client_of(annotator))
    for other in (client, client_of(outsider), client_of(site_reviewer)):
        assert "come back" not in words(other)
