"""Marks side by side, what became of one's own, and replies under marks. With HTMX the answers of replies are
fragments, without JavaScript pages and redirects."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from annotations.codebook.kept import looks
from annotations.discussion import actions
from annotations.discussion.access import mark_in, may_look_back, seat_to_talk
from annotations.discussion.before_and_after import look_back, marks_now, numbers, works_of
from annotations.discussion.before_and_after import shown as shown_changes
from annotations.discussion.changes import ADDED, CHANGED, DELETED, KEPT, Change
from annotations.discussion.queries import overviews
from annotations.discussion.talk import Filters, talk_of
from annotations.discussion.thread import Thread, own_reply, shown, thread_of
from annotations.membership import Seat, article_in
from annotations.models import Reply, SessionArticle
from annotations.reading.cards import cards_of
from annotations.reading.queries import read_marks
from annotations.reading.replies import link_html, reply_counts
from annotations.reading.scope import Scope
from opslens.models import Revision
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

ARTICLES_SHOWN = 25
CHANGES_SHOWN = 100


def _number_in(data, name: str) -> int:
    """A small whole number, or 0."""
    value = data.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


@allow(signed_in)
@require_GET
def articles(request: HttpRequest, session: str) -> HttpResponse:
    """The articles of the session, each with how contested it is."""
    seat = seat_to_talk(request.user, session)
    here = seat.session.articles.filter(article__deleted_at=None).select_related("article").order_by("position", "pk")
    if after := _number_in(request.GET, "after"):
        here = here.filter(position__gt=after)
    found = list(here[: ARTICLES_SHOWN + 1])
    shown_now = found[:ARTICLES_SHOWN]
    context = {
        "seat": seat,
        "overviews": overviews(request.user, seat, shown_now),
        "onward": shown_now[-1].position if len(found) > ARTICLES_SHOWN else None,
    }
    return render(request, "discussion/articles.html", context)


@allow(signed_in)
@require_GET
def talk(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    """Everybody's marks on an article side by side."""
    seat = seat_to_talk(request.user, session)
    here = article_in(seat, slug)
    asked = Filters.read(request.GET)
    found = talk_of(request.user, seat, here, asked)
    looks_back = seat.member.oversees or any(reader.is_own for reader, _ in found.readers)
    context = _about(seat, here) | {
        "talk": found,
        "filters": asked,
        "address": found.address,
        "may_look_back": looks_back,
    }
    return render(request, "discussion/talk.html", context)


def _about(seat: Seat, here: SessionArticle) -> dict:
    number = Revision.objects.values_list("number", flat=True).get(pk=here.revision_id)
    base = reverse("teams:revision", args=[seat.session.uid, here.article.slug, number])
    return {"seat": seat, "here": here, "article": here.article, "base": base, "number": number}


@allow(signed_in)
@require_GET
def mine(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    """What one's marks were when they were first shown, and what they are now; with `?reader=` those of another, for
    those who oversee, who without it see how much changed for everybody."""
    seat = seat_to_talk(request.user, session)
    here = article_in(seat, slug)
    works = works_of(here)
    name = request.GET.get("reader", "")
    work = works.get(name or request.user.username)
    if work is None and (name or not seat.member.oversees):
        raise Missing("This article was not assigned to this reader." if name else "You do not read this article.")
    if work is not None and not may_look_back(seat, work.member.user_id):
        raise Denied("What somebody’s marks were at the reveal is for them and for those who oversee the session.")
    context = _about(seat, here) | {"work": work, "is_own": work is not None and work.member_id == seat.member.pk}
    now = marks_now(request.user, seat, here)
    if seat.member.oversees:
        context["everybody"] = numbers(works.values(), now)
    if work is not None:
        context |= _changes(request, here, look_back(work, now))
    return render(request, "discussion/mine.html", context)


def _changes(request: HttpRequest, here: SessionArticle, changes: list[Change]) -> dict:
    """The changes on this page, with how many there are of each kind; those that stand as they were on request."""
    counts = {kind: sum(change.kind == kind for change in changes) for kind in (KEPT, CHANGED, DELETED, ADDED)}
    with_kept = request.GET.get("kept") == "yes"
    listed = [change for change in changes if with_kept or change.kind != KEPT]
    if after := request.GET.get("after", ""):
        uids = [change.uid for change in listed]
        if after not in uids:
            raise Missing("This list does not go on here. Start again at its beginning.")
        listed = listed[uids.index(after) + 1 :]
    return {
        "changes": shown_changes(here, listed[:CHANGES_SHOWN]),
        "counts": counts,
        "touched": len(changes) - counts[KEPT],
        "with_kept": with_kept,
        "onward": listed[CHANGES_SHOWN - 1].uid if len(listed) > CHANGES_SHOWN else "",
    }


@allow(signed_in)
@require_http_methods(["GET", "POST"])
def replies(request: HttpRequest, session: str, uid: str) -> HttpResponse:
    """The replies under a mark, and a new one."""
    seat = seat_to_talk(request.user, session)
    annotation = mark_in(request.user, seat, uid)
    if request.method == "GET":
        if request.htmx and request.GET.get("open") == "no":
            return HttpResponse(_link(request, seat, annotation))
        thread = thread_of(request.user, seat, annotation, after=request.GET.get("after", ""))
        return _thread(request, seat, thread, focus="section" if thread.number else "form")
    text = request.POST.get("text", "")
    key = request.POST.get("key", "").replace("\x00", "")
    try:
        said = actions.add_reply(request.user, seat.session.pk, uid, text, key=key)
    except Conflict as conflict:
        if not isinstance(conflict.current, Reply):
            raise
        return _again(request, seat, annotation, text, str(conflict), 409)
    except Invalid as invalid:
        return _again(request, seat, annotation, text, str(invalid), 422)
    if request.htmx:
        thread = thread_of(request.user, seat, annotation)
        return _told(said, _thread(request, seat, thread, focus="form", message="Reply sent."))
    messages.success(request, "Reply sent.")
    return redirect(f"{_url(seat, uid)}#reply-{said.reply.pk}")


def _link(request: HttpRequest, seat: Seat, annotation) -> str:
    count = reply_counts(request.user, [annotation]).get(annotation.pk, 0)
    return link_html(seat.session.uid, annotation.uid, count, focus=True)


def _url(seat: Seat, uid: str) -> str:
    return reverse("discussion:replies", args=[seat.session.uid, uid])


def _again(request: HttpRequest, seat: Seat, annotation, text: str, error: str, status: int) -> HttpResponse:
    """The thread with what was typed, and what was wrong with it."""
    thread = thread_of(request.user, seat, annotation)
    return _thread(request, seat, thread, focus="form", text=text, error=error, status=status)


def _thread(
    request: HttpRequest,
    seat: Seat,
    thread: Thread,
    *,
    focus: str = "",
    text: str = "",
    error: str = "",
    message: str = "",
    undo: str = "",
    status: int = 200,
) -> HttpResponse:
    """The thread as a fragment or, without HTMX, as a page with its mark."""
    context = {"thread": thread, "focus": focus, "text": text, "error": error, "seat": seat}
    if request.htmx:
        context["in_place"] = not _is_from(request, thread.url)
        html = render_to_string("discussion/_thread.html", context, request)
        if message:
            html += render_to_string("discussion/_toast.html", {"message": message, "undo": undo, "uid": thread.uid})
        return HttpResponse(html, status=status)
    annotation = thread.annotation
    here = article_in(seat, annotation.article.slug)
    marks = (
        Scope(seat=seat)
        .annotations(request.user)
        .filter(pk=annotation.pk, anchors__revision_id=here.revision_id, anchors__start__isnull=False)
    )
    cards = cards_of(request.user, read_marks(marks, looks()))
    for card in cards:
        card.session = ""  # no link from the page to itself
    context |= _about(seat, here) | {"cards": cards}
    return render(request, "discussion/replies.html", context, status=status)


def _told(said: actions.Said, response: HttpResponse) -> HttpResponse:
    """The answer to a change that the page has made itself, so that it does not take it for news from elsewhere."""
    if not said.changed:
        return response
    detail = {"blocks": [], "uid": said.reply.annotation.uid, "verb": "replied"}
    return trigger_client_event(response, "marks-changed", detail, after="swap")


def _is_from(request: HttpRequest, path: str) -> bool:
    """Whether an HTMX request came from the page at this path."""
    try:
        return (request.htmx.current_url_abs_path or "").partition("?")[0] == path
    except ValueError:  # the header can hold anything
        return False


@allow(signed_in)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, session: str, reply: int) -> HttpResponse:
    """A reply as a form, and what it posts."""
    seat = seat_to_talk(request.user, session)
    there = own_reply(request.user, seat, reply)
    if request.method == "GET":
        return _form(request, seat, there)
    text = request.POST.get("text", "")
    try:
        version = _number_in(request.POST, "version")
        said = actions.edit_reply(request.user, seat.session.pk, reply, version, text)
    except Conflict as conflict:
        if not isinstance(conflict.current, Reply):
            raise
        return _form(request, seat, conflict.current, text=text, conflict=str(conflict), status=409)
    except Invalid as invalid:
        return _form(request, seat, there, text=text, error=str(invalid), status=422)
    if request.htmx:
        one = shown(request.user, said.reply, True)
        return _told(said, render(request, "discussion/_reply.html", {"one": one, "seat": seat, "focus": True}))
    messages.success(request, "Saved." if said.changed else "Nothing was changed.")
    return redirect(f"{_url(seat, said.reply.annotation.uid)}#reply-{reply}")


def _form(
    request: HttpRequest,
    seat: Seat,
    reply: Reply,
    *,
    text: str | None = None,
    conflict: str = "",
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "seat": seat,
        "reply": reply,
        "text": reply.text if text is None else text,
        "thread_url": _url(seat, reply.annotation.uid),
        "uid": reply.annotation.uid,
        "conflict": conflict,
        "error": error,
    }
    template = "discussion/_edit.html" if request.htmx else "discussion/edit.html"
    return render(request, template, context, status=status)


@allow(signed_in)
@require_POST
def delete(request: HttpRequest, session: str, reply: int) -> HttpResponse:
    seat = seat_to_talk(request.user, session)
    said = actions.delete_reply(request.user, seat.session.pk, reply)
    undo = reverse("discussion:restore", args=[session, reply])
    return _changed(request, seat, said, "Reply deleted. You can restore it below.", "Reply deleted.", undo)


@allow(signed_in)
@require_POST
def restore(request: HttpRequest, session: str, reply: int) -> HttpResponse:
    seat = seat_to_talk(request.user, session)
    said = actions.restore_reply(request.user, seat.session.pk, reply)
    return _changed(request, seat, said, "The reply is back.", "The reply is back.")


def _changed(
    request: HttpRequest, seat: Seat, said: actions.Said, message: str, short: str, undo: str = ""
) -> HttpResponse:
    annotation = said.reply.annotation
    if request.htmx:
        thread = thread_of(request.user, seat, annotation)
        return _told(said, _thread(request, seat, thread, focus="section", message=short, undo=undo))
    messages.success(request, message)
    return redirect(f"{_url(seat, annotation.uid)}#reply-{said.reply.pk}")
