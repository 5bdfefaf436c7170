"""Articles of so many words, for figures that can be worked out by hand."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.utils import timezone

from annotations.editing.actions import choose_passage, mark_passage
from annotations.models import Anchor, Annotation, AnnotationTag, Codebook, Tag
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.models import Article


def text_of(words: int, title: str = "The pier", *, is_public: bool = True, by: Any = None) -> Article:
    """An article of exactly so many words: word1. word2. …"""
    body = "\n\n".join(
        " ".join(f"word{n}." for n in range(at, min(at + 50, words + 1))) for at in range(1, words + 1, 50)
    )
    data = f"---\ntitle: {title}\n---\n\n{body}".encode()
    return import_article(by, name="text.md", data=data, is_public=is_public).article


def fill(article: Article, number: int, readers: Sequence[Any]) -> None:
    """So many public marks on the words of an article, one after the other, of all readers and tags in turn."""
    document = document_of(article.current_id)
    tags = list(Tag.objects.filter(codebook__is_default=True).order_by("pk"))
    now = timezone.now()
    words = [match.span() for match in re.finditer(r"word\d+", document.text)]
    marks, anchors, taggings = [], [], []
    for n in range(number):
        start, end = words[(n // 2) % len(words)]
        mark = Annotation(
            article=article,
            revision_id=article.current_id,
            author=readers[n % len(readers)],
            quote=document.text[start:end],
            visibility="public",
            idempotency_key=str(uuid.uuid4()),
            created_at=now,
            updated_at=now,
        )
        (block,) = document.blocks_between(start, end)
        place = {"start": start, "end": end, "first_block": block.ordinal, "last_block": block.ordinal}
        marks.append(mark)
        anchors.append(Anchor(annotation=mark, revision_id=article.current_id, **place))
        taggings.append(AnnotationTag(annotation=mark, tag=tags[n % len(tags)]))
    Annotation.objects.bulk_create(marks)
    Anchor.objects.bulk_create(anchors)
    AnnotationTag.objects.bulk_create(taggings)


@pytest.fixture
def text(codebook: Codebook) -> Article:
    """500 words."""
    return text_of(500)


@pytest.fixture
def put(codebook: Codebook) -> Callable[..., Annotation]:
    """`put(reader, article, 7, "claim", …)`: mark the seventh word."""

    def make(reader: Any, article: Article, word: int, *tags: str, visibility: str = "public") -> Annotation:
        words = f"word{word}."
        start = document_of(article.current_id).text.index(words)
        return mark_passage(
            reader,
            article.current,
            choose_passage(article.current_id, start, start + len(words), words),
            tags=[codebook.tags.get(name=name).pk for name in tags],
            visibility=visibility,
            key=str(uuid.uuid4()),
        ).annotation

    return make
