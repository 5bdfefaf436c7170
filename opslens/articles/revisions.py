"""The revision for this viewer, or nothing: the way to every reading page and fragment."""

from __future__ import annotations

from types import SimpleNamespace

from django.db.models import F, QuerySet

from opslens.models import Article, Revision
from opslens.models.article import LARGE_COLUMNS
from opslens.models.prepared import prepare
from opslens.web.refusals import Missing

_OF_REVISION = [field.attname for field in Revision._meta.concrete_fields if field.name not in LARGE_COLUMNS]
_OF_ARTICLE = [field.attname for field in Article._meta.concrete_fields]
_READER = SimpleNamespace(is_authenticated=True)
_VISITOR = SimpleNamespace(is_authenticated=False)


# What making a mark needs of them; the rest is read when it is asked for.
_LITTLE_OF_REVISION = ["id", "article_id", "number"]
_LITTLE_OF_ARTICLE = ["id", "slug", "title", "language", "direction", "current_id"]


def _columns(revisions: QuerySet[Revision]) -> QuerySet:
    return revisions.values_list(*_OF_REVISION, *(f"article__{name}" for name in _OF_ARTICLE))


def _by_number(viewer):
    def build(slug: str, number: int) -> QuerySet:
        return _columns(Revision.objects.visible_to(viewer).filter(article__slug=slug, number=number))

    return prepare(build, "stand-in-for-a-slug", 2_000_000_011)


def _current(viewer):
    def build(slug: str) -> QuerySet:
        return _columns(Revision.objects.visible_to(viewer).filter(article__slug=slug, article__current=F("pk")))

    return prepare(build, "stand-in-for-a-slug")


def _by_id(viewer):
    def build(pk: int) -> QuerySet:
        revisions = Revision.objects.visible_to(viewer).filter(pk=pk)
        return revisions.values_list(*_LITTLE_OF_REVISION, *(f"article__{name}" for name in _LITTLE_OF_ARTICLE))

    return prepare(build, 2_000_000_013)


_queries = {
    viewer.is_authenticated: (_by_number(viewer), _current(viewer), _by_id(viewer)) for viewer in (_READER, _VISITOR)
}


def revision_for(viewer, slug: str, number: int | None = None) -> Revision:
    """The numbered or the current revision of an article that this viewer may read, with `.article` and without its
    large columns. Raises Missing."""
    by_number, current, _ = _queries[viewer.is_authenticated]
    if number is not None and not 0 < number < 2**31:
        raise Missing("There is no such article, or it is not open to you.")
    return _first(current(slug) if number is None else by_number(slug, number))


def revision_by_id(viewer, pk: int) -> Revision:
    """The same by the revision's id, with the few columns that making a mark needs. Raises Missing."""
    if not 0 < pk < 2**62:
        raise Missing("There is no such article, or it is not open to you.")
    return _first(_queries[viewer.is_authenticated][2](pk), _LITTLE_OF_REVISION, _LITTLE_OF_ARTICLE)


def _first(rows: list[tuple], of_revision: list[str] = _OF_REVISION, of_article: list[str] = _OF_ARTICLE) -> Revision:
    if not rows:
        raise Missing("There is no such article, or it is not open to you.")
    cut = len(of_revision)
    revision = Revision.from_db("default", of_revision, rows[0][:cut])
    revision.article = Article.from_db("default", of_article, rows[0][cut:])
    return revision
