"""Short ways to bring articles into the library, and to ask it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from opslens.articles.actions import import_article
from opslens.models import Article


@pytest.fixture
def bring(db: None) -> Callable[..., Article]:
    """`bring("Title", "text", by=user, is_public=True)`: one more article; the text is that of a plain-text file."""

    def make(title: str, text: str = "", *, by: Any = None, is_public: bool = False, format: str = "text") -> Article:
        body = text or f"This is all that {title} has to say."
        data = f"{title}\n\n{body}" if format == "text" else body
        return import_article(by, name="", data=data.encode(), format=format, is_public=is_public).article

    return make


@pytest.fixture
def as_reader(client: Client, annotator: Any) -> Client:
    """A browser in which the annotator is signed in."""
    client.force_login(annotator)
    return client


@pytest.fixture
def titles(db: None) -> Callable[..., list[str]]:
    """`titles(client, q="…")`: the titles that the library lists, in order."""

    def ask(client: Client, **query: str) -> list[str]:
        answer = client.get(reverse("articles:library"), query)
        assert answer.status_code == 200
        return [row.article.title for row in answer.context["library"].rows]

    return ask
