"""Sessions over HTTP: the list, making one, its overview, settings, articles, phases, trash."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from annotations.codebook.queries import current_codebook
from annotations.models import Codebook, TeamSession
from annotations.permissions import may_lead, may_oversee
from annotations.teams import actions, queries
from annotations.teams.access import seat_in, seat_to_lead
from annotations.teams.forms import NewSessionForm, SessionForm
from annotations.teams.guidelines import guidelines_html
from annotations.teams.phases import back, forward, stages
from annotations.teams.settled import settled_articles
from opslens.models import Article
from opslens.web.methods import form_page
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Conflict, Invalid, Missing


@allow(signed_in)
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """The sessions that this person is in, and those in their trash."""
    context = {
        "rows": queries.sessions_of(request.user),
        "trashed": TeamSession.objects.in_trash_of(request.user).order_by("-deleted_at", "-pk"),
    }
    return render(request, "teams/sessions.html", context)


def _books(viewer) -> list[Codebook]:
    """Codebooks to begin with: the site's, then those of one's own sessions."""
    own = Codebook.objects.filter(sessions__in=TeamSession.objects.of(viewer)).distinct().order_by("name", "pk")
    return [current_codebook(), *own]


@allow(signed_in)
@form_page
def create(request: HttpRequest) -> HttpResponse:
    books, to_choose = _books(request.user), queries.articles_to_choose(request.user)
    initial = {
        "is_blind": True,
        "coverage_share": 0.5,
        "coverage_characters": 15,
        "articles": [str(article.pk) for article in to_choose if article.slug == request.GET.get("article")],
    }
    form = NewSessionForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        to_choose=to_choose,
        books=books,
        calibrations=settled_articles(request.user),
        time_zone=settings.TIME_ZONE,
    )
    if form.is_bound and form.is_valid():
        chosen = {int(pk) for pk in form.cleaned_data["articles"]}
        try:
            session = actions.create_session(
                request.user,
                articles=[article for article in to_choose if article.pk in chosen],
                codebook=next(book for book in books if book.pk == form.cleaned_data["codebook"]),
                reads=form.cleaned_data["reads"],
                **form.values(),
            )
        except Invalid as invalid:
            form.refuse(invalid)
        else:
            messages.success(request, "The session is made. Invite people, then begin.")
            return redirect(session)
    context = {"form": form, "to_choose": to_choose}
    return render(request, "teams/new.html", context, status=422 if form.is_bound else 200)


@allow(signed_in)
@require_safe
def session(request: HttpRequest, session: str) -> HttpResponse:
    """What is next for this person, their articles and questions; for those who oversee, how far everybody is."""
    seat = seat_in(request.user, session)
    if seat.session.calibrates_id is not None:
        return redirect("edition:calibration", session)
    articles = queries.articles_of(seat.session)
    work = queries.own_work(seat, articles)
    oversees = may_oversee(seat.member)
    context = {
        "seat": seat,
        "session": seat.session,
        "stages": stages(seat.session),
        "articles": articles,
        "work": work,
        "next": queries.next_for(seat, work),
        "guidelines": guidelines_html(seat.session.guidelines),
        "rows": queries.matrix(seat.session, articles) if oversees else [],
        "oversees": oversees,
        "questions": queries.questions_for(seat),
        "log": queries.log_of(seat),
        "forward": forward(seat.session) if may_lead(seat.member) else None,
        "back": back(seat.session) if may_lead(seat.member) else None,
        "may_ask": seat.session.phase not in TeamSession.OUT,
    }
    return render(request, "teams/session.html", context)


@allow(signed_in)
@form_page
def edit(request: HttpRequest, session: str) -> HttpResponse:
    """Settings, articles, and the way to the trash."""
    seat = seat_to_lead(request.user, session)
    now = seat.session
    initial = {name: getattr(now, name) for name in actions.FIELDS}
    form = SessionForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        calibrations=settled_articles(request.user, but=now),
        time_zone=settings.TIME_ZONE,
    )
    status, theirs = 200, []
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                changed = actions.edit_session(request.user, now.pk, _version(request), form.values())
            except Invalid as invalid:
                form.refuse(invalid)
            except Conflict as conflict:
                status, now = 409, conflict.current
                theirs = _differences(form, now)
            else:
                same = changed.version == now.version
                messages.success(request, "Nothing was changed." if same else "The settings are saved.")
                return redirect("teams:settings", session)
    context = {
        "seat": seat,
        "session": now,
        "form": form,
        "theirs": theirs,
        "articles": queries.articles_of(now),
        "to_choose": queries.articles_to_choose(request.user, now),
        "may_add": now.phase in TeamSession.BEFORE_REVEAL,
    }
    return render(request, "teams/settings.html", context, status=status)


def _version(request: HttpRequest) -> int:
    value = request.POST.get("version", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _differences(form: SessionForm, now: TeamSession) -> list[tuple[str, object, object]]:
    """Label, what is stored now, what was typed, of each field in which they differ."""
    rows = []
    for name in form.values():
        stored, typed = getattr(now, name), form.cleaned_data[name]
        if stored != typed:
            field = form.fields[name]
            words = {True: "yes", False: "no", None: "none", "": "nothing"}
            shown = (
                words.get(value, value) if isinstance(value, bool | str | None) else value for value in (stored, typed)
            )
            rows.append((field.label or name.replace("_", " ").capitalize(), *shown))
    return rows


@allow(signed_in)
@require_POST
def add_article(request: HttpRequest, session: str) -> HttpResponse:
    seat = seat_to_lead(request.user, session)
    added = actions.add_article(request.user, seat.session.pk, request.POST.get("article", "").replace("\x00", ""))
    title = Article.objects.values_list("title", flat=True).get(pk=added.article_id)
    messages.success(request, f"“{title}” is part of the session.")
    return redirect("teams:settings", session)


@allow(signed_in)
@require_POST
def remove_article(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    seat = seat_to_lead(request.user, session)
    actions.remove_article(request.user, seat.session.pk, slug)
    messages.success(request, "The article is no longer part of the session.")
    return redirect("teams:settings", session)


@allow(signed_in)
@form_page
def phase(request: HttpRequest, session: str) -> HttpResponse:
    """One phase on or back. The page says what it will do; posting does it."""
    seat = seat_to_lead(request.user, session)
    now = seat.session
    to = request.POST.get("to") or request.GET.get("to") or ""
    step = next((step for step in (forward(now), back(now)) if step is not None and step.to == to), None)
    if request.method != "POST":
        if step is None:
            return redirect(now)
        return render(request, "teams/phase.html", {"seat": seat, "session": now, "step": step})
    try:
        moved, did = actions.set_phase(
            request.user, now.pk, to, seen=request.POST.get("seen", ""), reason=request.POST.get("reason", "")
        )
    except Invalid as invalid:
        if step is None:
            raise
        context = {"seat": seat, "session": now, "step": step, "problem": str(invalid)}
        return render(request, "teams/phase.html", context, status=422)
    what = moved.get_phase_display()
    messages.success(request, f"The session is {what} now." if did else f"The session was {what} already.")
    return redirect(moved)


@allow(signed_in)
@form_page
def trash(request: HttpRequest, session: str) -> HttpResponse:
    """Asks first, and says what goes."""
    seat = seat_to_lead(request.user, session)
    if request.method != "POST":
        context = {"seat": seat, "session": seat.session, "goes": queries.what_goes(seat)}
        return render(request, "teams/trash.html", context)
    actions.trash_session(request.user, seat.session.pk)
    messages.success(request, f"“{seat.session.name}” is in the trash. It can be restored below.")
    return redirect("teams:sessions")


@allow(signed_in)
@require_POST
def restore(request: HttpRequest, session: str) -> HttpResponse:
    found = TeamSession.objects.in_trash_of(request.user).filter(uid=session).first()
    if found is None:
        raise Missing("There is no such session in your trash.")
    restored = actions.restore_session(request.user, found.pk)
    messages.success(request, f"“{restored.name}” is back, as it was.")
    return redirect(restored)
