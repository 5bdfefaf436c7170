"""One short article, the codebook, and marks on it, for tests that read and mark in a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from annotations.demo import ensure_codebook
from annotations.editing.actions import choose_passage, mark_passage
from annotations.models import Anchor, Annotation, Tag
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.articles.revising.actions import revise_article
from opslens.models import Article, Revision
from tests.browser.reading import ReadingPage
from tests.support.axe import LOOKS, each_look
from tests.support.browser import DESKTOP

# Every kind of trouble for positions: a standfirst that a paragraph repeats word for word, inline formatting, emoji of
# several code points, combining letters, a list, a quotation, a table, and words that occur twice in one paragraph.
TEXT = """---
title: "The Ferry That Nobody Ordered"
publisher: "The Pier Gazette"
language: en
published: 2025-03-01
standfirst: "A ferry without passengers is a promise without a date."
kind: commentary
---

The council bought a ferry in spring. Nobody on the island had asked for one. Critics *say aloud* that its price was
[never published](https://example.org/price), and the mayor calls that a detail.

A ferry without passengers is a promise without a date. So says the harbour master, who ought to know. The ferry waits,
the pier waits, and the ferry waits again.

Every morning 👩‍👩‍👧 families count the gulls 🌊 in the cafe\u0301. Officials familiar with the plan expect it to
sail in May.

## What it would take

- A crew of nine, trained and paid.
- A timetable that somebody has read.

> When the ramp is longer than the queue, I ask about the queue.

| Item | Cost |
|------|------|
| Hull | nine million |
| Paint | a secret |

Let us hope that the ferry sails before it rusts. Only a fool would bet on it.
"""


@pytest.fixture
def codebook(transactional_db: None) -> dict[str, Tag]:
    """The default codebook's tags by name; claim, unsourced and opinion are on."""
    return {tag.name: tag for tag in Tag.objects.filter(codebook=ensure_codebook())}


@pytest.fixture
def article(codebook: dict[str, Tag], owner: Any) -> Article:
    """A public article of a dozen blocks, which the owner imported."""
    return import_article(owner, name="ferry.md", data=TEXT.encode(), is_public=True).article


@pytest.fixture
def revise(article: Article, owner: Any) -> Callable[..., Revision]:
    """`revise(text)`: a revision that is there before the page is opened."""

    def publish(text: str, **details: Any) -> Revision:
        article.refresh_from_db()
        revision = revise_article(owner, article, name="ferry.md", data=text.encode(), **details)
        article.refresh_from_db()
        return revision

    return publish


@pytest.fixture
def text(article: Article) -> str:
    """Its canonical text."""
    return document_of(article.current_id).text


@pytest.fixture
def mark(article: Article, codebook: dict[str, Tag]) -> Callable[..., Annotation]:
    """`mark(user, "exact words", "claim", …)`: a mark that is there before the page is opened."""

    def make(author: Any, words: str, *tags: str, nth: int = 1, note: str = "", public: bool = True) -> Annotation:
        whole = document_of(article.current_id).text
        start = -1
        for _ in range(nth):
            start = whole.index(words, start + 1)
        return mark_passage(
            author,
            article.current,
            choose_passage(article.current_id, start, start + len(words), words),
            tags=[codebook[name].pk for name in tags],
            note=note,
            visibility=Annotation.PUBLIC if public else Annotation.PRIVATE,
            key=str(uuid.uuid4()),
        ).annotation

    return make


@pytest.fixture
def reading(open_page: Callable[..., Any], article: Article) -> Callable[..., ReadingPage]:
    """`reading(user)`: the article's page as that user sees it; options as for `open_page`."""

    def open_article(user: Any = None, *, query: str = "", **options: Any) -> ReadingPage:
        return ReadingPage(open_page(user=user, **options), article, query)

    return open_article


@pytest.fixture(params=[DESKTOP, (320, 640)], ids=["1280 px", "320 px"])
def viewport(request: pytest.FixtureRequest) -> tuple[int, int]:
    """For tests that look at pages as they are at a desk and on the narrowest phone."""
    return request.param


@pytest.fixture
def check(axe: Callable[..., None], viewport: tuple[int, int]) -> Callable[..., None]:
    """`check(page)`: axe at 1280 px in every look, at 320 px in light."""

    def check(page: Any, context: str | None = None) -> None:
        for _ in each_look(page, LOOKS if viewport == DESKTOP else ["light"]):
            axe(page, context)

    return check


def at_rest(page: Any) -> None:
    """Wait until what the server sent is in place: a moment after a swap the focus is set once more, and what has
    `autofocus` would take it from whoever is as quick as a test."""
    page.wait_for_function(
        "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')"
    )


def rows(author: Any | None = None) -> list[tuple[str, str, list[str], str]]:
    """What the database holds: (exact words, note, tag names, visibility) of each mark, oldest first."""
    marks = Annotation.objects.filter(deleted_at=None).order_by("pk").prefetch_related("tags")
    if author is not None:
        marks = marks.filter(author=author)
    return [(m.quote, m.note, sorted(tag.name for tag in m.tags.all()), m.visibility) for m in marks]


def edited(source: str, *pairs: str) -> str:
    """`source` with the first of each pair replaced by the second, once."""
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in source, old
        source = source.replace(old, new, 1)
    return source


def places(annotation: Annotation) -> list[tuple[int, str, str, str]]:
    """Where a mark stands, by revision: (number, state, method, the words there)."""
    anchors = Anchor.objects.filter(annotation=annotation).select_related("revision").order_by("revision__number")
    return [
        (
            anchor.revision.number,
            anchor.state,
            anchor.method,
            document_of(anchor.revision_id).text[anchor.start : anchor.end] if anchor.is_placed else "",
        )
        for anchor in anchors
    ]
