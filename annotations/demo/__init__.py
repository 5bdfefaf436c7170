"""The demo: texts of `seeds/`, three readers who have already marked them, a session in which they read one
together, and some verdicts and flags on their marks."""

from __future__ import annotations

from django.db import transaction

from annotations.demo.content import ensure_codebook, load_content
from annotations.demo.review import load_reviews
from annotations.demo.session import load_session
from annotations.models import Annotation
from opslens.models import Article

__all__ = ["ensure_codebook", "load_demo"]


@transaction.atomic
def load_demo() -> tuple[int, int]:
    """Load what of the demo is not there yet; returns (new articles, new marks). Running it again adds nothing."""
    before = Article.objects.count(), Annotation.objects.count()
    codebook, readers, articles, marks = load_content()
    load_session(codebook, readers, articles, marks)
    load_reviews(readers, articles)
    return Article.objects.count() - before[0], Annotation.objects.count() - before[1]
