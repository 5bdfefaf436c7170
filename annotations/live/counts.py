"""The counts by tag and the strip, made once for all who see the same."""

from __future__ import annotations

from hashlib import blake2b
from types import SimpleNamespace

from django.core.cache import cache
from django.template.loader import render_to_string

from annotations.codebook.kept import looks
from annotations.models import Annotation
from annotations.reading.pages import strip_html
from annotations.reading.queries import heat, marks_for, tally
from annotations.reading.scope import MINE, Scope
from opslens.articles.documents import document_of
from opslens.models import Revision

KEPT_SECONDS = 60
_VISITOR, _ANY_READER = "visitor", "reader"


def counts_html(viewer, revision: Revision, scope: Scope) -> str:
    """Counts and strip as fragments to swap out of band."""
    # The state is read before the marks: what is kept by it may be newer, but never older.
    asked = revision.pk, scope.whose, scope.session_id, _eyes(viewer, revision, scope)
    key = blake2b(repr((*asked, scope.state(viewer, revision.article))).encode(), digest_size=16).hexdigest()
    html = cache.get(f"live:counts:{key}")
    if html is None:
        html = _made(viewer, revision, scope)
        cache.set(f"live:counts:{key}", html, KEPT_SECONDS)
    return html


def _eyes(viewer, revision: Revision, scope: Scope) -> str | int:
    """Equal for viewers who see the same marks."""
    if not viewer.is_authenticated:
        return _VISITOR
    if scope.whose == MINE:
        return viewer.pk
    if scope.seat is not None:
        return _ANY_READER if scope.seat.sees_all_marks else viewer.pk
    own = Annotation.objects.filter(author_id=viewer.pk, article_id=revision.article_id, deleted_at=None, session=None)
    return viewer.pk if own.exclude(visibility=Annotation.PUBLIC).exists() else _ANY_READER


def _made(viewer, revision: Revision, scope: Scope) -> str:
    document = document_of(revision.pk)
    marks = marks_for(viewer, revision.pk, scope, looks())
    counts = {"tally": tally(marks), "total": len(marks), "authors": len({mark.author_id for mark in marks})}
    page = SimpleNamespace(
        tally=render_to_string("reading/_tally.html", counts),
        strip=strip_html(document, heat(marks, len(document.text))),
    )
    return render_to_string("reading/_summary.html", {"page": page})
