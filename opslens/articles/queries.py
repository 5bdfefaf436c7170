"""What the library shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils.safestring import SafeString

from opslens.articles.permissions import may_change
from opslens.articles.search.queries import find, highlighted, snippets, terms_of
from opslens.models import Article, ReadingPosition, Revision
from opslens.models.article import LARGE_COLUMNS
from opslens.text.reading_time import minutes_to_read
from opslens.web.paging import page

PAGE = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One article of the list. `minutes` is its reading time as a range, `block` where the reader left it."""

    article: Article
    minutes: tuple[int, int]
    block: int | None
    may_change: bool
    title: str | SafeString
    snippet: SafeString | str = ""


@dataclass(frozen=True, slots=True)
class Library:
    """One page of the library. `searched` says whether the query held a word to look for."""

    rows: list[Row]
    next: str
    searched: bool

    @property
    def articles(self) -> list[Article]:
        return [row.article for row in self.rows]


def library(viewer, *, query: str = "", after: str = "") -> Library:
    """The articles that `viewer` may read, newest first; with a query those that have its words, hits in titles first.

    Raises Missing for a cursor that is none.
    """
    terms = terms_of(query)
    if query.strip() and not terms:
        return Library([], "", searched=False)
    articles = with_current(Article.objects.visible_to(viewer))
    keys = {"created_at": datetime, "id": int}
    if terms:
        articles = find(articles, terms)
        keys = {"title_hit": int} | keys
    found = page(articles, keys, after=after, size=PAGE)
    pieces = snippets(found.rows, terms) if terms else {}
    left = _positions(viewer, found.rows)
    rows = [
        Row(
            article=article,
            minutes=minutes_to_read(article.current.word_count),
            block=left.get(article.current_id),
            may_change=may_change(viewer, article),
            title=highlighted(article.title, terms),
            snippet=pieces.get(article.pk, ""),
        )
        for article in found.rows
    ]
    return Library(rows, found.next, searched=bool(terms))


def with_current(articles: QuerySet[Article]) -> QuerySet[Article]:
    """With the current revision, its large columns left out, and `revision_count`."""
    counts = Revision.objects.filter(article=OuterRef("pk")).order_by().values("article").annotate(n=Count("pk"))
    return (
        articles.select_related("current")
        .defer(*(f"current__{name}" for name in LARGE_COLUMNS))
        .annotate(revision_count=Subquery(counts.values("n")))
    )


def trashed(viewer) -> QuerySet[Article]:
    """What lies in the trash and this viewer may restore, what went last first."""
    here = with_current(Article.objects.exclude(deleted_at=None)).order_by("-deleted_at", "-id")
    return here if viewer.is_staff else here.filter(imported_by_id=viewer.pk)


def _positions(viewer, articles: list[Article]) -> dict[int, int]:
    """By revision id, the block at which the viewer left it."""
    if not viewer.is_authenticated:
        return {}
    revisions = [article.current_id for article in articles]
    kept = ReadingPosition.objects.filter(reader_id=viewer.pk, revision_id__in=revisions, block__gt=0)
    return dict(kept.values_list("revision_id", "block"))
