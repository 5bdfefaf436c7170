"""Articles whose settled reading others can try themselves against."""

from __future__ import annotations

from django.db.models import Q

from annotations.models import SessionArticle, TeamSession


def settled_ids(viewer) -> set[int]:
    return {one.pk for one in settled_articles(viewer)}


def settled_articles(viewer, but: TeamSession | None = None) -> list[SessionArticle]:
    """Articles of published sessions with something settled in them, newest first, that this viewer may read; none of
    the session `but`. One query."""
    out = SessionArticle.objects.filter(
        session__phase__in=TeamSession.OUT,
        session__deleted_at=None,
        article__deleted_at=None,
        decisions__deleted_at=None,
        decisions__isnull=False,
    )
    out = out.exclude(Q(session=but) if but else Q(pk=None)).distinct()
    return list(out.select_related("session", "article").order_by("-session__published_at", "position")[:100])
