"""The people of a session over HTTP: members, invitations, joining, leaving."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotations.membership import Seat
from annotations.models import Member
from annotations.permissions import may_lead
from annotations.teams.access import seat_in, seat_to_lead
from annotations.teams.forms import InvitationForm, MemberForm
from annotations.teams.people import actions
from opslens.web.methods import form_page
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Invalid


@allow(signed_in)
@require_safe
def people(request: HttpRequest, session: str) -> HttpResponse:
    return _page(request, seat_in(request.user, session))


def _page(request: HttpRequest, seat: Seat, *, status: int = 200, **forms) -> HttpResponse:
    leads = may_lead(seat.member)
    invitations = list(seat.session.invitations.select_related("created_by")) if leads else []
    context = {
        "seat": seat,
        "session": seat.session,
        "members": seat.session.members.filter(left_at=None).select_related("user").order_by("joined_at", "pk"),
        "left": seat.session.members.exclude(left_at=None).select_related("user") if leads else [],
        "leads": leads,
        "invitations": [(one, _link(request, one)) for one in invitations if one.is_open()],
        "over": [one for one in invitations if not one.is_open()],
        "roles": Member.ROLES,
        "invitation_form": InvitationForm(),
        "member_form": MemberForm(),
    } | forms
    return render(request, "teams/people.html", context, status=status)


def _link(request: HttpRequest, invitation) -> str:
    return request.build_absolute_uri(reverse("teams:join", args=[actions.token_of(invitation)]))


@allow(signed_in)
@require_POST
def invite(request: HttpRequest, session: str) -> HttpResponse:
    seat, form = seat_to_lead(request.user, session), InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, seat, status=422, invitation_form=form)
    actions.invite(request.user, seat.session.pk, **form.cleaned_data)
    messages.success(request, "The invitation is made. Send its link to whom it is for.")
    return redirect(reverse("teams:people", args=[session]) + "#invitations")


@allow(signed_in)
@require_POST
def revoke(request: HttpRequest, session: str, uid: str) -> HttpResponse:
    seat = seat_to_lead(request.user, session)
    actions.revoke(request.user, seat.session.pk, uid)
    messages.success(request, "The invitation is taken back: its link does nothing any more.")
    return redirect(reverse("teams:people", args=[session]) + "#invitations")


@allow(signed_in)
@require_POST
def add(request: HttpRequest, session: str) -> HttpResponse:
    seat, form = seat_to_lead(request.user, session), MemberForm(request.POST)
    if form.is_valid():
        try:
            member = actions.add_member(request.user, seat.session.pk, **form.cleaned_data)
        except Invalid as invalid:
            for name, sentence in invalid.errors.items():
                form.add_error(name if name in form.fields else None, sentence)
        else:
            messages.success(request, f"{member.user.name} is in, as {member.get_role_display()}.")
            return redirect("teams:people", session)
    return _page(request, seat, status=422, member_form=form)


@allow(signed_in)
@require_POST
def role(request: HttpRequest, session: str, user: int) -> HttpResponse:
    seat = seat_to_lead(request.user, session)
    wanted, reads = request.POST.get("role", ""), request.POST.get("reads") == "yes"
    member = actions.set_role(request.user, seat.session.pk, user, role=wanted, reads=reads)
    also = " and reads along" if member.reads and member.role != Member.ANNOTATOR else ""
    messages.success(request, f"{member.user.name} is {member.get_role_display()} now{also}.")
    return redirect("teams:people", session)


@allow(signed_in)
@require_POST
def remove(request: HttpRequest, session: str, user: int) -> HttpResponse:
    seat = seat_to_lead(request.user, session)
    member = actions.remove_member(request.user, seat.session.pk, user)
    if user == request.user.pk:
        return redirect("teams:sessions")
    messages.success(request, f"{member.user.name} is out. What they marked stays.")
    return redirect("teams:people", session)


@allow(signed_in)
@form_page
def leave(request: HttpRequest, session: str) -> HttpResponse:
    """Asks first."""
    seat = seat_in(request.user, session)
    if request.method != "POST":
        return render(request, "teams/leave.html", {"seat": seat, "session": seat.session})
    actions.leave(request.user, seat.session.pk)
    messages.success(request, f"You have left “{seat.session.name}”. Your marks stay in it.")
    return redirect("teams:sessions")


@allow(everyone)
@form_page
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What one is invited to, and a button. Nothing is joined by opening a link."""
    invitation = actions.invitation_of(token)
    if request.method == "POST":
        session = actions.join(request.user, token)
        messages.success(request, f"Welcome to “{session.name}”.")
        return redirect(session)
    context = {
        "invitation": invitation,
        "session": invitation.session,
        "is_in": request.user.is_authenticated
        and invitation.session.members.filter(user=request.user, left_at=None).exists(),
    }
    return render(request, "teams/join.html", context)
