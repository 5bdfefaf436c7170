"""Who may do what with an article."""

from __future__ import annotations

from opslens.models import Article


def may_import(viewer) -> bool:
    return viewer.is_authenticated


def may_change(viewer, article: Article) -> bool:
    """Change its details, publish revisions, put it into the trash and take it out again: whoever imported it, and
    staff."""
    return viewer.is_authenticated and (viewer.is_staff or article.imported_by_id == viewer.pk)
