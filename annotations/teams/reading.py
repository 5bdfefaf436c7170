"""The reading page of an article in a session."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from annotations.membership import article_in, session_for
from annotations.reading.scope import Scope, whose_of
from annotations.teams.access import seat_in
from annotations.teams.guidelines import guidelines_html
from annotations.teams.progress.actions import open_article, own_work
from opslens.articles import reading
from opslens.articles.revisions import revision_for
from opslens.models import Revision
from opslens.web.policy import allow, signed_in


@allow(signed_in)
@require_GET
def read(request: HttpRequest, session: str, slug: str, number: int | None = None) -> HttpResponse:
    """The article in the revision that the session reads, with the marks of the session that this member may see."""
    seat = seat_in(request.user, session)
    here = article_in(seat, slug)
    fixed = Revision.objects.values_list("number", flat=True).get(pk=here.revision_id)
    if number not in (None, fixed):
        return redirect("teams:read", session, slug)
    open_article(request.user, seat, here)
    return reading.reading_page(
        request,
        revision_for(request.user, slug, fixed),
        scope=Scope(whose_of(request), seat),
        seat=seat,
        here=here,
        work=own_work(request.user, here),
        guidelines=guidelines_html(seat.session.guidelines),
    )


@allow(signed_in)
@require_POST
def position(request: HttpRequest, session: str, slug: str, number: int) -> HttpResponse:
    """Remember where the reader is, as on the page outside of the session."""
    article_in(session_for(request.user, session), slug)
    return reading.position(request, slug, number)
