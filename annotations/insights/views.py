"""What marks say about a text, about the site, about a codebook; as pages, as CSV and as JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from annotations.codebook.queries import current_codebook
from annotations.insights import exports, figures, pages
from annotations.insights.tags import Tags
from annotations.insights.usage import usage_of
from annotations.membership import Seat
from annotations.models import Codebook, SessionArticle
from annotations.permissions import may_oversee, may_read_codebook
from annotations.teams.access import seat_in
from annotations.teams.queries import articles_of
from opslens.articles.access import article_for
from opslens.models import Article, Revision
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Missing

CSV = "text/csv; charset=utf-8"


def _file(text: str, name: str, form: str) -> HttpResponse:
    response = HttpResponse(text, content_type=CSV if form == "csv" else "application/json")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{form}")
    response["Cache-Control"] = "private, no-store"
    return response


def _answer(
    request: HttpRequest,
    found: figures.Figures,
    about: dict[str, Any],
    tags: Tags,
    context: dict[str, Any],
    form: str,
) -> HttpResponse:
    """The page, or the same numbers as a file. `context`: what is special to the page."""
    if form == "csv":
        return _file(exports.figures_csv(found, tags), "insights", form)
    if form == "json":
        return _file(exports.figures_json(found, tags, about), "insights", form)
    counted, offered = tags.counted_as(), tags.offered()
    profile = found.profile
    context |= {
        "figures": found,
        "support": pages.support(profile.support, counted, offered),
        "opinion": pages.opinion(profile.opinion, counted),
        "rhetoric": pages.rhetoric(profile.rates, counted, offered),
        "nowhere": tags.nowhere(found.tags),
        "time": pages.over_time(found.days),
        "limits": pages.LIMITS,
        "most_articles": figures.ARTICLES_COMPARED,
    }
    return render(request, "insights/insights.html", context)


@allow(everyone)
@require_safe
def article(request: HttpRequest, slug: str, form: str = "") -> HttpResponse:
    """How an article argues, in what readers have marked in its current text outside of sessions."""
    here = article_for(request.user, slug)
    here.current = Revision.objects.light().get(pk=here.current_id)
    found = figures.of_article(request.user, here)
    tags = Tags.of()
    about = {"article": here.slug, "title": here.title, "revision": here.current.number}
    context: dict[str, Any] = {"article": here, "revision": here.current}
    if not form:
        context["contested"] = pages.contested(found.contested, {here.pk: here}, Article.get_absolute_url, tags.looks)
    return _answer(request, found, about, tags, context, form)


@allow(everyone)
@require_safe
def site(request: HttpRequest, form: str = "") -> HttpResponse:
    """The same over all articles that the viewer may read."""
    viewer = request.user
    found = figures.of_site(viewer)
    tags = Tags.of()
    context: dict[str, Any] = {}
    if not form:
        wanted = {one.article for one in found.articles} | {passage.article for passage in found.contested}
        articles = pages.articles_by_id(viewer, wanted)
        context = {
            "articles": pages.article_rows(
                found.articles, articles, lambda one: reverse("insights:article", args=[one.slug])
            ),
            "contested": pages.contested(found.contested, articles, Article.get_absolute_url, tags.looks),
            "people": pages.people(found) if viewer.is_authenticated and viewer.is_active and viewer.is_staff else None,
        }
    return _answer(request, found, {"site": True}, tags, context, form)


@allow(signed_in)
@require_safe
def session(request: HttpRequest, session: str, form: str = "") -> HttpResponse:
    """The same of the marks of a session, as far as this member sees them; of one of its articles with `?article=`."""
    viewer = request.user
    seat = seat_in(viewer, session)
    slug = request.GET.get("article", "").replace("\x00", "")[:200]
    every = articles_of(seat.session)
    only = next((here for here in every if here.article.slug == slug), None)
    if slug and only is None:
        raise Missing("This article is not part of the session.")
    found = figures.of_session(viewer, seat, every, only=only)
    tags = Tags.of(seat.session.codebook_id)
    about = {
        "session": seat.session.uid,
        "phase": seat.session.phase,
        "own_marks_alone": not seat.sees_all_marks,
        "articles": [
            {"id": here.article.slug, "revision": here.revision.number}
            for here in ([only] if only is not None else every)
        ],
    }
    context = {} if form else _of_session(seat, found, every, only, tags)
    return _answer(request, found, about, tags, context, form)


def _of_session(
    seat: Seat, found: figures.Figures, every: list[SessionArticle], only: SessionArticle | None, tags: Tags
) -> dict[str, Any]:
    uid = seat.session.uid
    articles = {here.article_id: here.article for here in every}
    context: dict[str, Any] = {
        "seat": seat,
        "only": only,
        "texts": len(every),
        "contested": pages.contested(
            found.contested, articles, lambda one: reverse("teams:read", args=[uid, one.slug]), tags.looks
        ),
        "people": None,
    }
    if only is None:
        context["articles"] = pages.article_rows(found.articles, articles, lambda one: _address(one, seat))
    if may_oversee(seat.member) and seat.sees_all_marks:
        readers = seat.session.members.filter(reads=True, left_at=None).values_list("user_id", flat=True)
        context["people"] = pages.people(found, readers)
    return context


@allow(everyone)
@require_safe
def usage(request: HttpRequest, book: int | None = None, form: str = "") -> HttpResponse:
    """How the tags of a codebook are used in the marks that the viewer may read."""
    viewer = request.user
    codebook = _book(viewer, book)
    tags = Tags.of(codebook.pk)
    found = usage_of(viewer, codebook, [tag.pk for tag in tags.own()])
    columns, unused = pages.columns(found, tags)
    readers = pages.by_reader(found, columns)
    seat = _seat(viewer, codebook)
    articles = pages.by_article(viewer, found, columns, lambda one: _address(one, seat))
    times = pages.by_time(found, columns)
    together = pages.together(found, columns)
    if form == "csv":
        return _file(
            exports.usage_csv(columns, readers, articles, times["lines"], together["pairs"]), "codebook-usage", form
        )
    if form == "json":
        about = {"codebook": codebook.name}
        lines = (readers, articles, times["lines"], together["pairs"])
        return _file(exports.usage_json(about, columns, *lines), "codebook-usage", form)
    context = {
        "codebook": codebook,
        "usage": found,
        "columns": columns,
        "unused": unused,
        "total": sum(column.count for column in columns),
        "top": max((column.count for column in columns), default=0),
        "readers": readers[: pages.ROWS_SHOWN],
        "more_readers": max(len(readers) - pages.ROWS_SHOWN, 0),
        "articles": articles[: pages.ROWS_SHOWN],
        "more_articles": max(len(articles) - pages.ROWS_SHOWN, 0),
        "times": times,
        "together": together,
        "seat": seat,
    }
    return render(request, "insights/usage.html", context)


def _address(article: Article, seat: Seat | None) -> str:
    """Where the figures of an article are: those of the session for who is in it."""
    if seat is None:
        return reverse("insights:article", args=[article.slug])
    return f"{reverse('insights:session', args=[seat.session.uid])}?{urlencode({'article': article.slug})}"


def _book(viewer, pk: int | None) -> Codebook:
    """The site's codebook, or that of a session. Raises Missing when it is not for this viewer."""
    if pk is None:
        return current_codebook()
    found = Codebook.objects.filter(pk=pk).first() if pk < 2**62 else None
    if found is None or not may_read_codebook(viewer, found):
        raise Missing("There is no such codebook, or it is not open to you.")
    return found


def _seat(viewer, codebook: Codebook) -> Seat | None:
    """The viewer's place in the session whose codebook this is, if it is one's and they are in it."""
    if codebook.is_default or not viewer.is_authenticated:
        return None
    own = codebook.sessions.of(viewer).filter(calibrates=None).first()
    member = own.members.filter(user_id=viewer.pk, left_at=None).first() if own else None
    return Seat(own, member) if own and member else None
