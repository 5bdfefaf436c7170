"""What of published editions is there for a viewer, or 404. An edition that is not published, one in the trash, one
whose article is not open to the viewer and one that never was all look the same."""

from __future__ import annotations

from django.db.models import QuerySet

from annotations.models import SessionArticle, TeamSession
from opslens.models.article import LARGE_COLUMNS, visible_articles
from opslens.web.refusals import Missing

NOT_HERE = "There is no such edition, or it is not open to you."

_HEAVY = [f"revision__{name}" for name in LARGE_COLUMNS]


def published(viewer) -> QuerySet[SessionArticle]:
    """Articles of published sessions that this viewer may read, each with its session, its text (without the large
    columns) and its codebook, in the order of their sessions."""
    out = SessionArticle.objects.filter(
        visible_articles(viewer, "article__"),
        session__phase__in=TeamSession.OUT,
        session__deleted_at=None,
        session__calibrates=None,
    )
    return out.select_related("session__codebook", "article", "revision").defer(*_HEAVY).order_by("position", "pk")


def edition_for(viewer, uid: str) -> list[SessionArticle]:
    """The articles of a published session, at least one. One query. Raises Missing."""
    articles = list(published(viewer).filter(session__uid=uid))
    if not articles:
        raise Missing(NOT_HERE)
    return articles


def article_in_edition(viewer, uid: str, slug: str) -> SessionArticle:
    """One article of a published session. One query. Raises Missing."""
    here = published(viewer).filter(session__uid=uid, article__slug=slug).first()
    if here is None:
        raise Missing(NOT_HERE)
    here.revision.article = here.article
    return here
