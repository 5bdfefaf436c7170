"""A session of the cast, and what its pages say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse

from annotations.models import TeamSession
from tests.support.teams import start_session

CLAIM = "The council passed the levy on Monday."
BOATS = "The levy was never about boats."
FISHERMEN = "Nobody asked the fishermen."
GUESS = "That is a guess."
CASE = "The last paragraph closes the case."


@pytest.fixture
def session(owner, annotator, second_annotator, reviewer, article) -> TeamSession:
    """Two annotators, a reviewer, an owner who does not read; marks are being made, hidden from one another."""
    return start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])


@pytest.fixture
def three(owner, annotator, second_annotator, person, article) -> TeamSession:
    """Three annotators."""
    third = person("third", "Theo Third")
    return start_session(owner, article, annotators=[annotator, second_annotator, third])


@pytest.fixture
def talk_url(article) -> Callable[..., str]:
    return lambda session, more="": f"/team/{session.uid}/talk/{article.slug}/{more}"


def told(answer: HttpResponse) -> bytes:
    """An answer without the token against forged requests, which is new each time."""
    return re.sub(rb'"X-CSRFToken": "\w+"|name="csrfmiddlewaretoken" value="\w+"', b"", answer.content)


def words_of(html: str) -> str:
    """What a piece of HTML says."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows_in(answer: HttpResponse) -> list[dict[str, Any]]:
    """The passages on a page: their words, their verdict, and what each reader did, by name."""
    html = answer.content.decode()
    found = []
    for row in re.findall(r'<li id="s\d+" class="row.*?</dl>', html, re.DOTALL):
        cells = {}
        for name, rest in re.findall(r"<bdi>(.*?)</bdi>(.*?)</div>\s*(?=<div class=\"cell|</dl>)", row, re.DOTALL):
            tags = re.findall(r'<span class="tag s\d+"><b>(.*?)</b>', rest)
            nothing = re.findall(r'<dd class="nothing[^"]*">(.*?)</dd>', rest)
            cells[name] = tags + nothing
        found.append(
            {
                "words": re.search(r'<span class="here">(.*?)</span>', row, re.DOTALL)[1],
                "verdict": re.search(r'<p class="verdict">(.*?)</p>', row)[1],
                "cells": cells,
            }
        )
    return found
