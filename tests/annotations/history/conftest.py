"""Pages of the history as people read them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.http import HttpResponse

from annotations.models import TeamSession
from opslens.models import Event, User
from tests.support.teams import start_session

CLAIM, OPINION, GUESS = "The council passed the levy on Monday.", "Nobody asked the fishermen.", "That is a guess."


@pytest.fixture
def session(owner, annotator, second_annotator, reviewer, article) -> TeamSession:
    """Two annotators, a reviewer, an owner who does not read; marks are being made, hidden from one another."""
    return start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])


@pytest.fixture
def staff(person) -> User:
    """Who may see everything."""
    return person("admin", "Ada Admin", is_staff=True, is_superuser=True)


@pytest.fixture
def lines(client_of) -> Callable[..., list[str]]:
    """`lines(reader, path)`: what each line of a history says, newest first."""
    return lambda reader, path: lines_in(client_of(reader).get(path))


def lines_in(answer: HttpResponse) -> list[str]:
    assert answer.status_code == 200, answer.status_code
    html = answer.content.decode()
    found = re.findall(r'<li id="e[0-9a-f]{16}">(.*?)</li>', html, re.DOTALL)
    return [words_of(one) for one in found]


def words_of(html: str) -> str:
    """What a piece of HTML says, without the time of it."""
    html = re.sub(r"<time.*?</time>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def last_event(subject: str, verb: str = "") -> Event:
    events = Event.objects.filter(subject=subject)
    return (events.filter(verb=verb) if verb else events).latest("pk")
