"""History over HTTP: of marks, articles, sessions, tags and people, the log of the site, and putting things back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from annotations.codebook.queries import current_codebook
from annotations.history import audit as log
from annotations.history import fields, restoring, visible
from annotations.history.names import names_for
from annotations.history.pages import Asked, page_of
from annotations.history.sealed import opened
from annotations.history.telling import AFTER, BEFORE, lines_for
from annotations.history.words import ARTICLES, GROUPS, MARKS, OTHER, REVIEW, SESSIONS, SETTLING, TALK
from annotations.models import Annotation, Codebook, Member, Tag
from annotations.permissions import (
    may_edit_codebook,
    may_lead,
    may_moderate,
    may_oversee,
    may_read_codebook,
    may_read_log,
)
from annotations.teams.access import seat_in
from annotations.teams.looks import record_looks
from opslens.accounts.closing import merged_into
from opslens.articles.access import article_for
from opslens.articles.permissions import may_change
from opslens.models import Event
from opslens.web.methods import form_page
from opslens.web.policy import allow, signed_in, staff
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

_MEMBERS_LISTED = 200


def _check_auditor(viewer) -> None:
    if not may_read_log(viewer):
        raise Denied("The audit log is for staff with the permission to view events.")


def _page(
    request: HttpRequest,
    events,
    *,
    told: dict[str, Any],
    groups: tuple[str, ...] = (),
    one_channel: bool = False,
    whole: bool = True,
    in_session: int | None = None,
    channel: str = "",
    **more: Any,
) -> HttpResponse:
    """One page of a history. `told` is for `lines_for`; `groups` are the filters that make sense on it. `whole`: it
    tells of everything that was done to what it is about, not of what one person did. `in_session`: the session to
    which that belongs, by id. `channel`: where the audit log has all of it, for who may read that."""
    asked = Asked.read(request.GET)
    rows, after = page_of(asked.filtered(events), asked.after, one_channel=one_channel)
    if told.get("everything"):
        # The head of a page tells of what it is about, whatever the lines.
        record_looks(request, "history", log.sessions_in(rows) or [in_session])
    from_newest = whole and not asked.after and not asked.is_filtered
    context = {
        "lines": lines_for(request.user, rows, from_newest=from_newest, **told),
        "older": asked.onward(after),
        "is_later_page": bool(asked.after),
        "asked": asked,
        "groups": [(group, GROUPS[group]) for group in groups],
        "channel": channel if may_read_log(request.user) else "",
    }
    return render(request, "history/history.html", context | more)


@allow(signed_in)
@require_safe
def mark(request: HttpRequest, uid: str) -> HttpResponse:
    """Everything that happened to one mark, for who sees it, has it in their trash, or administers marks."""
    viewer = request.user
    moderates = may_moderate(viewer)
    marks = Annotation.objects.all() if moderates else visible.marks_told_to(viewer)
    annotation = marks.select_related("article", "session").filter(uid=uid).first()
    if annotation is None:
        raise Missing("This mark is not there any more, or it is not yours to see.")
    is_author = annotation.author_id == viewer.pk
    everything = moderates and not is_author
    surgeries = visible.retagged(viewer, annotation, everything=everything)
    told = {
        "everything": everything,
        "at": annotation.subject,
        "may_restore": {annotation.subject} if is_author or moderates else set(),
        "retagged": surgeries,
    }
    events = visible.of_mark(viewer, annotation, everything=everything, surgeries=surgeries)
    gone = annotation.deleted_at is not None
    more = {
        "title": "History of a mark",
        "quote": annotation.quote,
        "article": annotation.article,
        "back": "" if gone or not _leads_to(viewer, annotation) else annotation.get_absolute_url(),
        "gone": gone,
        "hint": "What was done to this mark, the newest first. The history itself never changes; an earlier state can "
        "be put back.",
    }
    return _page(request, events, told=told, in_session=annotation.session_id, **more)


def _leads_to(viewer, annotation: Annotation) -> bool:
    """Whether the address of a mark leads this viewer to it."""
    return Annotation.objects.visible_to(viewer).filter(pk=annotation.pk).exists()


@allow(signed_in)
@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """What happened to an article, and to the marks on it that this viewer may see outside of sessions."""
    found = article_for(request.user, slug)
    told = {"at": f"article:{found.pk}", "own_marks": True}
    if may_change(request.user, found):
        told["may_restore"] = {f"article:{found.pk}"}
    more = {
        "title": "History",
        "kicker": (found.get_absolute_url(), found.title),
        "hint": "Imports, revisions, details, and the marks outside of sessions that you may see, the newest first.",
        "people": True,
        "channel": found.channel,
    }
    events = visible.of_article(request.user, found)
    return _page(request, events, told=told, groups=(ARTICLES, MARKS, REVIEW), one_channel=True, **more)


@allow(signed_in)
@require_safe
def session(request: HttpRequest, session: str) -> HttpResponse:
    """What happened in a session, as far as this member may know."""
    seat = seat_in(request.user, session)
    here = seat.session
    told = {"at": here.subject, "own_marks": True, "counts": may_read_log(request.user)}
    told |= {"leads": may_lead(seat.member), "oversees": may_oversee(seat.member)}
    if may_lead(seat.member):
        told["may_restore"] = {here.subject}
    members = Member.objects.filter(session=here).select_related("user").order_by("joined_at", "pk")
    more = {
        "title": "History",
        "seat": seat,
        "session": here,
        "channel": here.channel,
        "members": [member.user for member in members[:_MEMBERS_LISTED]],
        "hint": "What happened in this session, the newest first."
        + ("" if seat.sees_all_marks else " Until marks are revealed you find your own here, and nobody else’s."),
    }
    groups = (SESSIONS, MARKS, REVIEW, TALK, SETTLING)
    return _page(request, visible.of_session(request.user, seat), told=told, groups=groups, **more)


def _knows_marks(viewer, book: Codebook) -> bool:
    """Whether somebody who reads the history of a codebook learns how many marks a change touched."""
    return may_edit_codebook(viewer, book) and (may_read_log(viewer) or not book.is_default)


@allow(signed_in)
@require_safe
def codebook(request: HttpRequest, book: int | None = None) -> HttpResponse:
    """What happened to a codebook and its tags."""
    found = current_codebook() if book is None else Codebook.objects.filter(pk=min(book, 2**62)).first()
    if found is None or not may_read_codebook(request.user, found):
        raise Missing("There is no such codebook, or it is not open to you.")
    may_edit = may_edit_codebook(request.user, found)
    told = {
        "at": f"codebook:{found.pk}",
        "counts": _knows_marks(request.user, found),
        "kinds": ("tag", "group") if may_edit else (),
    }
    more = {
        "title": "History of the codebook",
        "kicker": (found.get_absolute_url(), found.name),
        "hint": "What was done to its tags and groups. The newest comes first.",
        "people": True,
        "channel": found.channel,
    }
    return _page(request, visible.of_codebook(request.user, found), told=told, one_channel=True, **more)


@allow(signed_in)
@require_safe
def tag(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened to one tag."""
    found = Tag.objects.select_related("codebook", "group").filter(pk=min(pk, 2**62)).first()
    if found is None or not may_read_codebook(request.user, found.codebook):
        raise Missing("There is no such tag.")
    subject = f"tag:{found.pk}"
    may_edit = may_edit_codebook(request.user, found.codebook)
    told = {
        "at": subject,
        "counts": _knows_marks(request.user, found.codebook),
        "may_restore": {subject} if may_edit else set(),
    }
    book = found.codebook.get_absolute_url()
    more = {
        "title": f"History of “{found.name}”",
        "kicker": (f"{book}#tag-{found.pk}", found.codebook.name),
        "hint": "What was done to this tag. Marks that carry it have histories of their own.",
    }
    return _page(request, visible.of_tag(request.user, found), told=told, one_channel=True, **more)


@allow(signed_in)
@require_safe
def person(request: HttpRequest, name: str) -> HttpResponse:
    """What somebody did, and what was done to their account: for themselves, and for staff."""
    viewer = request.user
    found = (
        get_user_model().objects.filter(username=name[:150].replace("\x00", "")).select_related("merged_into").first()
    )
    everything = may_read_log(viewer) and found is not None and found.pk != viewer.pk
    if found is None or (found.pk != viewer.pk and not everything):
        raise Missing("There is nobody of this name, or their history is not open to you.")
    told = {"everything": everything, "counts": everything, "own_marks": True}
    if found.pk == viewer.pk:
        told["may_restore"] = {f"user:{found.pk}"}
    more = {
        "title": "Your history" if found.pk == viewer.pk else f"History of {found.name}",
        "hint": "What you did, and what was done to your account. You and those who run this site see it."
        if found.pk == viewer.pk
        else "What they did, and what was done to their account. Looking at rows of blind sessions is recorded.",
        "accounts": merged_into(found) if may_read_log(viewer) else (),
        "merged": found.merged_into if everything else None,
    }
    events = visible.of_person(viewer, found, everything=everything)
    groups = tuple(group for group in GROUPS if group != OTHER or may_read_log(viewer))
    return _page(request, events, told=told, groups=groups, whole=False, **more)


@allow(staff)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Everything that happened on this site. That staff looked at rows of blind sessions is itself recorded."""
    _check_auditor(request.user)
    errors: dict[str, str] = {}
    try:
        asked = log.Asked.read(request.GET)
    except Invalid as invalid:
        asked, errors = log.Asked(), invalid.errors
    rows, after = page_of(asked.events(), request.GET.get("after", "")) if not errors else ([], "")
    record_looks(request, "audit", log.sessions_in(rows))
    query = asked.query
    context = {
        "lines": lines_for(request.user, rows, everything=True, counts=True, own_marks=True),
        "older": f"?{query}{'&' if query else ''}after={after}" if after else "",
        "is_later_page": "after" in request.GET,
        "asked": asked,
        "given": request.GET,
        "errors": errors,
        "query": query,
        "verbs": log.verbs(asked.verb),
        "groups": list(GROUPS.items()),
        "kinds": list(log.KINDS.items()),
    }
    return render(request, "history/audit.html", context, status=422 if errors else 200)


@allow(staff)
@require_safe
def audit_csv(request: HttpRequest) -> StreamingHttpResponse:
    """All rows that match, as they are written."""
    _check_auditor(request.user)
    events = log.Asked.read(request.GET).events()
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    events = events.filter(pk__lte=newest)  # what happens meanwhile, this look among it, is not in it
    if request.method == "GET":
        record_looks(request, "audit.csv", log.sessions_of_all(events))
    response = StreamingHttpResponse(log.as_csv(request.user, events), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, "audit.csv")
    response["Cache-Control"] = "private, no-store"
    return response


@allow(signed_in)
@form_page
def restore(request: HttpRequest, token: str) -> HttpResponse:
    """What stands now beside what would stand, to confirm; and doing it."""
    try:
        pk = opened(token)
    except ValueError:
        raise Missing(restoring.NOTHING) from None
    given = request.POST if request.method == "POST" else request.GET
    which = given.get("which", AFTER)
    if request.method != "POST":
        found = restoring.restorable(request.user, pk, which)
        _note_look(request, found)
        return _confirm(request, token, found)
    try:
        done = restoring.restore(request.user, pk, which, given.get("seen", ""))
    except (Conflict, Invalid) as refused:
        found = restoring.restorable(request.user, pk, which)
        _note_look(request, found)
        return _confirm(request, token, found, said=str(refused), status=refused.status)
    messages.success(
        request, "It is as it was then." if done.differs else "It was like that already; nothing was changed."
    )
    return redirect(done.place)


def _note_look(request: HttpRequest, found: restoring.Restorable) -> None:
    """A moderator who looks at a mark of a blind session."""
    kind, _, uid = found.event.subject.partition(":")
    if f"{kind}:" != visible.OF_MARKS or not may_moderate(request.user):
        return
    if not Annotation.objects.filter(uid=uid, author_id=request.user.pk).exists():
        record_looks(request, "restore", log.sessions_in([found.event]))


def _confirm(
    request: HttpRequest, token: str, found: restoring.Restorable, *, said: str = "", status: int = 200
) -> HttpResponse:
    event = found.event
    shown = Event(channel=event.channel, subject=event.subject, actor_id=event.actor_id)
    shown.before, shown.after = found.now, found.then
    names = names_for(request.user, [shown], everything=may_read_log(request.user))
    then = {name: found.then.get(name, value) for name, value in found.now.items()}
    context = {
        "token": token,
        "found": found,
        "changes": fields.changes(found.now, then, names, everything=True),
        "when": found.event.at,
        "is_before": found.which == BEFORE,
        "said": said,
        "who": names.person(found.event.actor_id) if found.event.actor_id else "",
    }
    return render(request, "history/restore.html", context, status=status)
