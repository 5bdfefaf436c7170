"""Trying a settled article oneself, over HTTP."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from annotations.edition.access import article_in_edition, published
from annotations.edition.calibration import actions
from annotations.edition.calibration.queries import result_of, trying
from annotations.membership import session_for
from annotations.models import Assignment
from annotations.teams.progress.actions import finish, reopen
from opslens.web.methods import form_page
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Missing

NOTHING_TO_TRY = "There is no article to try in this session."


@allow(signed_in)
@form_page
def calibrate(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    """What trying an article means; posting begins it, goes on with it or, with `again`, starts over."""
    settled = article_in_edition(request.user, session, slug)
    if request.method == "POST":
        own = actions.calibrate(request.user, settled, again=request.POST.get("again") == "yes")
        here = own.articles.select_related("article").get()
        work = Assignment.objects.filter(session_article=here, member__user_id=request.user.pk).first()
        if work is not None and work.state == Assignment.DONE:
            return redirect("edition:calibration", own.uid)
        return redirect("teams:read", own.uid, here.article.slug)
    own = actions.own_calibration(request.user, settled)
    one = trying(request.user, session_for(request.user, own.uid)) if own else None
    context = {"settled": settled, "own": own, "one": one}
    return render(request, "edition/calibrate.html", context)


@allow(signed_in)
@require_safe
def calibration(request: HttpRequest, session: str) -> HttpResponse:
    """In a reader's own calibration: how far it is and, once they are done, where they differ from the settled
    reading. In another session: on to the article that its readers try first."""
    seat = session_for(request.user, session)
    if seat.session.calibrates_id is None:
        first = published(request.user).filter(pk=seat.session.calibration_id).first()
        if first is None:
            raise Missing(NOTHING_TO_TRY)
        return redirect("edition:calibrate", first.session.uid, first.article.slug)
    one = trying(request.user, seat)
    if one is None:
        raise Missing(NOTHING_TO_TRY)
    shown = one.is_done and one.settled is not None
    context = {"seat": seat, "one": one, "result": result_of(request.user, seat, one) if shown else None}
    return render(request, "edition/calibration.html", context)


@allow(signed_in)
@require_POST
def done(request: HttpRequest, session: str) -> HttpResponse:
    """The reader says that they are done, and sees the settled reading."""
    seat = session_for(request.user, session)
    one = trying(request.user, seat) if seat.session.calibrates_id is not None else None
    if one is None:
        raise Missing(NOTHING_TO_TRY)
    if one.work.state == Assignment.SKIPPED:
        reopen(request.user, seat, one.here)
    finish(request.user, seat, one.here)
    messages.success(request, "You are done. This is where you and the settled reading differ.")
    return redirect("edition:calibration", session)
