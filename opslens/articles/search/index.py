"""Keeps the passages of an article that search looks in."""

from __future__ import annotations

from collections.abc import Iterator

from opslens.articles.search.folding import words_of
from opslens.models import Article, SearchPassage

# Code points. Short enough for a hit to be shown without reading the whole text, and for the positions
# that PostgreSQL counts in one entry (16,383).
PASSAGE = 4000
# How far a passage reaches back into the one before it where a single block had to be cut.
OVERLAP = 200
TITLE = 0


def index_article(article: Article, text: str | None = None) -> None:
    """Bring search up to date with an article's title, publisher and byline and, when it is given, with its text."""
    passages = [_passage(article, TITLE, " ".join((article.title, article.publisher, article.byline)), 0)]
    old = SearchPassage.objects.filter(article_id=article.pk)
    if text is None:
        old = old.filter(number=TITLE)
    else:
        for number, (start, end) in enumerate(cut(text), TITLE + 1):
            passages.append(_passage(article, number, text[start:end], start))
    old.delete()
    SearchPassage.objects.bulk_create(passages, batch_size=200)


def cut(text: str) -> Iterator[tuple[int, int]]:
    """Passages of at most PASSAGE code points: at the end of a block where there is one, else between words."""
    start = 0
    while len(text) - start > PASSAGE:
        end = text.rfind("\n", start + PASSAGE // 2, start + PASSAGE)
        if end != -1:
            yield start, end
            start = end + 1
            continue
        end = text.rfind(" ", start + PASSAGE // 2, start + PASSAGE)
        end = end if end != -1 else start + PASSAGE
        yield start, end
        space = text.find(" ", end - OVERLAP, end)
        start = space + 1 if space != -1 else end - OVERLAP
    if start < len(text):
        yield start, len(text)


def _passage(article: Article, number: int, text: str, start: int) -> SearchPassage:
    words = " ".join(word for word, _start, _end in words_of(text))
    return SearchPassage(article_id=article.pk, number=number, start=start, length=len(text), words=words)
