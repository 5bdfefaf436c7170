"""One's own reading over HTTP: done, skip, reopen, a note on the article, questions."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from annotations.membership import article_in, session_for
from annotations.models import Question
from annotations.teams.progress import actions
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Conflict


@allow(signed_in)
@require_POST
def finish(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    """Done with an article; on to what is next."""
    seat = session_for(request.user, session)
    here = article_in(seat, slug)
    actions.finish(request.user, seat, here)
    messages.success(request, f"You are done with “{here.article.title}”. It can be opened again.")
    return redirect(_onward(request, session))


@allow(signed_in)
@require_POST
def skip(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    seat = session_for(request.user, session)
    here = article_in(seat, slug)
    actions.skip(request.user, seat, here, request.POST.get("reason", ""))
    messages.success(request, f"You have skipped “{here.article.title}”. It can be opened again.")
    return redirect(_onward(request, session))


def _onward(request: HttpRequest, session: str) -> str:
    """Where reading goes on: the session's page, which says what is next. Never into an article that nobody asked
    for."""
    return session_for(request.user, session).session.get_absolute_url()


@allow(signed_in)
@require_POST
def reopen(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    seat = session_for(request.user, session)
    here = article_in(seat, slug)
    actions.reopen(request.user, seat, here)
    messages.success(request, f"“{here.article.title}” is open again.")
    return redirect("teams:read", session, slug)


@allow(signed_in)
@require_POST
def note(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    seat = session_for(request.user, session)
    here = article_in(seat, slug)
    text = request.POST.get("note", "")
    try:
        actions.note(request.user, seat, here, text, seen=request.POST.get("seen"))
    except Conflict as conflict:
        now = getattr(conflict.current, "note", "")
        raise Conflict(
            f"{conflict} It says now: “{now}”. Your words were: “{text}”", current=conflict.current
        ) from None
    messages.success(request, "Your note on the article is kept.")
    return redirect("teams:read", session, slug)


@allow(signed_in)
@require_POST
def ask(request: HttpRequest, session: str) -> HttpResponse:
    """A question, about the session or about one of its articles."""
    seat = session_for(request.user, session)
    slug = request.POST.get("article", "").replace("\x00", "")
    here = article_in(seat, slug) if slug else None
    actions.ask(request.user, seat, request.POST.get("text", ""), here)
    messages.success(request, "Your question is asked. The answer will be on the session’s page.")
    return redirect(
        reverse("teams:read", args=[session, slug]) if here else seat.session.get_absolute_url() + "#questions"
    )


@allow(signed_in)
@require_POST
def answer(request: HttpRequest, session: str, question: int) -> HttpResponse:
    seat = session_for(request.user, session)
    value = request.POST.get("version", "")
    version = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
    try:
        actions.answer(request.user, seat, question, version, request.POST.get("answer", ""))
    except Conflict as conflict:
        if not isinstance(conflict.current, Question):
            raise
        theirs = conflict.current
        by = theirs.answered_by.name if theirs.answered_by else "somebody"
        raise Conflict(
            f"{by} has answered meanwhile: “{theirs.answer}”. Your words were: “{request.POST.get('answer', '')}”",
            current=theirs,
        ) from None
    messages.success(request, "The answer is given.")
    return redirect(seat.session.get_absolute_url() + "#questions")
