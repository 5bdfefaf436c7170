"""An article to mark, a codebook to mark it with, and short ways to do so."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from annotations.demo import ensure_codebook
from annotations.editing.actions import Marked, choose_passage, mark_passage
from annotations.models import Codebook, Tag
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.articles.revising.actions import revise_article
from opslens.models import Article, Revision

TEXT = """---
title: The harbour levy
publisher: Quay Gazette
standfirst: “The levy was never about boats.”
---

The council passed the levy on Monday. The levy was never about boats. Nobody asked the fishermen.

- First point: cranes cost money.
- Second point: 😀👩‍👩‍👧 families pay.

> “Ships will stop coming,” one official said. That is a guess.

The last paragraph closes the case.
"""


@pytest.fixture
def codebook(db: None) -> Codebook:
    """The default codebook with all twelve tags offered."""
    codebook = ensure_codebook()
    Tag.objects.filter(codebook=codebook).update(is_on=True)
    return codebook


@pytest.fixture
def tag(codebook: Codebook) -> Callable[[str], Tag]:
    return lambda name: codebook.tags.get(name=name)


@pytest.fixture
def article(codebook: Codebook) -> Article:
    """A public article: a standfirst that a sentence of the body repeats, paragraphs, a list, a quotation."""
    return import_article(None, name="levy.md", data=TEXT.encode(), is_public=True).article


@pytest.fixture
def mark(article: Article, codebook: Codebook) -> Callable[..., Marked]:
    """`mark(reader, "words", "claim", …, nth=0)`: mark the nth occurrence of these words with these tags."""

    def make(reader, words: str, *tags: str, nth: int = 0, key: str = "", **more) -> Marked:
        text = document_of(article.current_id).text
        at = -1
        for _ in range(nth + 1):
            at = text.index(words, at + 1)
        passage = choose_passage(article.current_id, at, at + len(words), words)
        ids = [codebook.tags.get(name=name).pk for name in tags]
        return mark_passage(
            reader, article.current, passage, tags=ids, key=key or str(uuid.uuid4()), **{"visibility": "public"} | more
        )

    return make


@pytest.fixture
def revise(article: Article) -> Callable[..., Revision]:
    """`revise("old", "new", …)`: publish the current text with these words changed in pairs."""

    def publish(*pairs: str, text: str = "") -> Revision:
        article.refresh_from_db()
        new = text or bytes(article.current.source).decode()
        for old, changed in zip(pairs[::2], pairs[1::2], strict=True):
            assert old in new
            new = new.replace(old, changed)
        revision = revise_article(None, article, name="levy.md", data=new.encode())
        article.refresh_from_db()
        return revision

    return publish
