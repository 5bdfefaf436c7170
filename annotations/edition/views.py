"""Published editions over HTTP: for everybody who may read the articles, read-only, without scripts as well."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotations.edition.access import article_in_edition, edition_for
from annotations.edition.conditional import kept_answer, numbers_of
from annotations.edition.pages import ArticlePage, EditionPage, tags_asked_for
from annotations.models import SessionArticle
from opslens.templatetags.kept import render_kept
from opslens.web.policy import allow, everyone

# What was read before the numbers is itself part of the key: with it, a write in between cannot hide.
_OF_SESSION = ("pk", "name", "phase", "published_at")
_OF_ARTICLE = (
    *("pk", "slug", "title", "kind", "publisher", "byline", "source_url", "language", "direction", "published_on"),
    *("current_id", "is_public"),
)


def _details(here: SessionArticle) -> tuple:
    return here.pk, here.revision_id, tuple(getattr(here.article, name) for name in _OF_ARTICLE)


@allow(everyone)
@require_safe
def edition(request: HttpRequest, session: str) -> HttpResponse:
    """The articles of a published session, and how its settled reading was made."""
    articles = edition_for(request.user, session)
    found = articles[0].session
    url = request.build_absolute_uri(reverse("edition:edition", args=[found.uid]))
    numbers = numbers_of(found, articles)
    shown = (url, tuple(getattr(found, name) for name in _OF_SESSION), tuple(map(_details, articles)), numbers)
    key = (*shown, request.user.is_authenticated)
    context = {"page": EditionPage(articles, url), "page_key": key}
    return kept_answer(request, key, numbers, lambda: render_kept(request, "edition/edition.html", context))


@allow(everyone)
@require_safe
def article(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    """An article with its settled marks; with `?tag=` those that carry one of these tags."""
    here = article_in_edition(request.user, session, slug)
    found = here.session
    chosen = tags_asked_for(request.GET.getlist("tag"), found.codebook_id)
    url = request.build_absolute_uri(reverse("edition:article", args=[found.uid, here.article.slug]))
    numbers = numbers_of(found, [here])
    shown = (url, tuple(getattr(found, name) for name in _OF_SESSION), _details(here), numbers)
    key = (*shown, chosen, request.user.is_authenticated)
    context = {"page": ArticlePage(here, chosen, url), "page_key": key}
    return kept_answer(request, key, numbers, lambda: render_kept(request, "edition/article.html", context))
