"""The recap of a session over HTTP: a page, to print as well, and Markdown to take along."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from annotations.edition.recap.markdown import recap_markdown
from annotations.edition.recap.queries import recap_for
from annotations.membership import session_for
from annotations.permissions import may_lead
from opslens.web.policy import allow, signed_in


@allow(signed_in)
@require_safe
def recap(request: HttpRequest, session: str) -> HttpResponse:
    """What came out of a session, for its members, from settling on."""
    seat = session_for(request.user, session)
    context = {"seat": seat, "recap": recap_for(request.user, seat), "leads": may_lead(seat.member)}
    return render(request, "edition/recap.html", context)


@allow(signed_in)
@require_safe
def markdown(request: HttpRequest, session: str) -> HttpResponse:
    """The same as a file. The feedback to others is only in it when an owner asks for that, `?feedback=all`."""
    seat = session_for(request.user, session)
    everybodys = may_lead(seat.member) and request.GET.get("feedback") == "all"
    text = recap_markdown(recap_for(request.user, seat), everybodys=everybodys)
    name = slugify(seat.session.name)[:60] or "session"
    headers = {"Content-Disposition": f'attachment; filename="{name}-recap.md"', "Cache-Control": "private, no-store"}
    return HttpResponse(text, content_type="text/markdown; charset=utf-8", headers=headers)
