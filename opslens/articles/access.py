"""The article for this viewer: something that is not for a viewer looks exactly like something that is not."""

from __future__ import annotations

from opslens.articles.permissions import may_change
from opslens.models import Article
from opslens.web.refusals import Denied, Missing


def article_for(viewer, slug: str) -> Article:
    """The visible article. Raises Missing."""
    article = Article.objects.visible_to(viewer).filter(slug=slug).first()
    if article is None:
        raise Missing("There is no such article, or it is not open to you.")
    return article


def article_to_change(viewer, slug: str) -> Article:
    """The visible article that the viewer may change. Raises Missing or Denied."""
    article = article_for(viewer, slug)
    if not may_change(viewer, article):
        raise Denied("Only the person who imported this article, and staff, can do this.")
    return article
