"""The verbs on the people of a session: inviting, joining, roles, leaving."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core import signing
from django.db import transaction
from django.utils import timezone

from annotations.models import Assignment, Invitation, Member, TeamSession
from annotations.teams.actions import locked, reveal_if_all_done
from annotations.teams.assigning import distribute
from opslens.accounts.actions import subject_of
from opslens.accounts.closing import merged_into
from opslens.activity.record import record
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

_SALT = "opslens.invitation"
MOST_DAYS = 90
MOST_USES = 500
NO_INVITATION = "This invitation does not work: it has expired, was used up or taken back, or its address is cut off."


def token_of(invitation: Invitation) -> str:
    """What stands in the link; nobody can make one up, even who knows the invitation's name."""
    return signing.Signer(salt=_SALT).sign(invitation.uid)


def invitation_of(token: str) -> Invitation:
    """The open invitation behind a token. Raises Missing for every other one, whatever is wrong with it."""
    try:
        uid = signing.Signer(salt=_SALT).unsign(token[:200])
    except signing.BadSignature:
        raise Missing(NO_INVITATION) from None
    invitation = Invitation.objects.select_related("session", "created_by").filter(uid=uid).first()
    session = invitation.session if invitation else None
    if session is None or not invitation.is_open() or session.deleted_at or session.phase == TeamSession.ARCHIVED:
        raise Missing(NO_INVITATION)
    return invitation


@transaction.atomic
def invite(viewer, session_id: int, *, role: str, uses: int, days: int) -> Invitation:
    """A new invitation, good for so many people and days. Raises Invalid, Missing, Denied."""
    session, _ = locked(viewer, session_id, shared=True)
    errors = {}
    if role not in dict(Member.ROLES):
        errors["role"] = "Choose a role."
    if not 1 <= uses <= MOST_USES:
        errors["uses"] = f"Choose a number from 1 to {MOST_USES}."
    if not 1 <= days <= MOST_DAYS:
        errors["days"] = f"Choose a number of days from 1 to {MOST_DAYS}."
    if errors:
        raise Invalid(" ".join(errors.values()), errors)
    invitation = Invitation.objects.create(
        session=session,
        role=role,
        most_uses=uses,
        expires_at=timezone.now() + timedelta(days=days),
        created_by=viewer,
    )
    after = {"role": role, "uses": uses, "expires_at": invitation.expires_at.isoformat()}
    record(session.channel, "invitation-made", actor=viewer, subject=f"invitation:{invitation.uid}", after=after)
    return invitation


@transaction.atomic
def revoke(viewer, session_id: int, uid: str) -> Invitation:
    """Take an invitation back. Doing it again is not an error. Raises Missing, Denied."""
    session, _ = locked(viewer, session_id)
    invitation = session.invitations.select_for_update(no_key=True).filter(uid=uid).first()
    if invitation is None:
        raise Missing("There is no such invitation.")
    if invitation.revoked_at is None:
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        record(session.channel, "invitation-revoked", actor=viewer, subject=f"invitation:{uid}")
    return invitation


@transaction.atomic
def join(viewer, token: str) -> TeamSession:
    """Become a member by an invitation. Who is a member already stays what they are, and no use is counted. Raises
    Missing when the invitation is not open; Denied for a visitor."""
    if not viewer.is_authenticated:
        raise Denied("Sign in to join.")
    session_id = invitation_of(token).session_id
    session = TeamSession.objects.select_for_update(no_key=True).get(pk=session_id)
    invitation = invitation_of(token)  # again: somebody may have used it up while we waited
    member = session.members.filter(user=viewer).first()
    if member is not None and member.left_at is None:
        return session
    invitation.uses += 1
    invitation.save(update_fields=["uses"])
    _seat(session, viewer, invitation.role, member, actor=viewer, by=f"invitation:{invitation.uid}")
    return session


@transaction.atomic
def add_member(viewer, session_id: int, *, username: str, role: str) -> Member:
    """Add somebody who has an account here. Raises Invalid, Missing, Denied."""
    session, _ = locked(viewer, session_id, shared=True)
    if role not in dict(Member.ROLES):
        raise Invalid("Choose a role.", {"role": "Choose a role."})
    name = username.replace("\x00", "").strip()
    # Held, so that the account is not merged into another one meanwhile, without its new seat.
    accounts = get_user_model().objects.select_for_update(no_key=True)
    person = accounts.filter(username=name, is_active=True).first()
    if person is None:
        message = (
            f"Nobody here signs in as “{name[:150]}”." if name else "Enter the name that the person signs in with."
        )
        raise Invalid(message, {"username": message})
    member = session.members.filter(user=person).first()
    if member is not None and member.left_at is None:
        message = f"{person.name} is in this session already, as {member.get_role_display()}."
        raise Invalid(message, {"username": message})
    return _seat(session, person, role, member, actor=viewer, by="name")


def _seat(session: TeamSession, person, role: str, member: Member | None, *, actor, by: str) -> Member:
    """Make somebody a member of a locked session, perhaps again: then their articles and marks are theirs again."""
    if member is not None and role == Member.ANNOTATOR:  # again: they may come back as something else
        _not_after_having_seen(session, member)
    member = member or Member(session=session, user=person)
    member.role, member.reads, member.left_at = role, role == Member.ANNOTATOR, None
    member.save()
    if session.takes_marks:
        distribute(session)
    record(
        session.channel,
        "member-joined",
        actor=actor,
        subject=f"user:{person.pk}",
        after={"role": role, "by": by},
    )
    return member


@transaction.atomic
def set_role(viewer, session_id: int, user_id: int, *, role: str, reads: bool = False) -> Member:
    """Give a member another role, or another part in reading. Raises Conflict for the last owner; Invalid, Missing,
    Denied."""
    session, _ = locked(viewer, session_id, shared=True)
    member = _member(session, user_id)
    if role not in dict(Member.ROLES):
        raise Invalid("Choose a role.", {"role": "Choose a role."})
    reads = role == Member.ANNOTATOR or (reads and role != Member.OBSERVER)
    if (role, reads) == (member.role, member.reads):
        return member
    if role != Member.OWNER:
        _not_the_last_owner(session, member)
    if reads and not member.reads:
        _not_after_having_seen(session, member)
    before = {"role": member.role, "reads": member.reads}
    member.role, member.reads = role, reads
    member.save(update_fields=["role", "reads"])
    if session.takes_marks:
        distribute(session)
    after = {"role": role, "reads": reads}
    record(session.channel, "role-changed", actor=viewer, subject=f"user:{user_id}", before=before, after=after)
    reveal_if_all_done(session)
    return member


def _not_after_having_seen(session: TeamSession, member: Member) -> None:
    """Raises Conflict for somebody who has overseen a blind session in which others have begun."""
    if session.hides_marks and _has_begun(session, member) and _has_overseen(session, member):
        message = "Who has been able to see the marks of others cannot read along blind in the same session."
        raise Conflict(message, current=member)


def _has_overseen(session: TeamSession, member: Member) -> bool:
    """Whether somebody has been owner or reviewer without reading along, today or at any time before."""
    held = [(member.role, member.reads)]
    accounts = [member.user, *merged_into(member.user)]
    events = Event.objects.filter(
        channel__name=session.channel,
        subject__in=[subject_of(account) for account in accounts],
        verb__in=["member-joined", "role-changed"],
    )
    for before, after in events.values_list("before", "after"):
        held += [(state["role"], state.get("reads", False)) for state in (before, after) if state]
    return any(role in Member.OVERSEERS and not reads for role, reads in held)


def _has_begun(session: TeamSession, but: Member) -> bool:
    """Whether others have begun to read. Asked of progress and not of marks, which whoever asks may not see."""
    others = Assignment.objects.filter(session_article__session=session).exclude(member=but)
    return others.exclude(state=Assignment.NEW).exists()


@transaction.atomic
def remove_member(viewer, session_id: int, user_id: int) -> Member:
    """Take somebody out of a session; their marks stay. Raises Conflict for the last owner; Missing, Denied."""
    session, _ = locked(viewer, session_id)
    member = _member(session, user_id)
    _go(session, member, "member-removed", actor=viewer)
    return member


@transaction.atomic
def leave(viewer, session_id: int) -> None:
    """Leave a session; one's marks stay in it. Raises Conflict for the last owner; Missing."""
    session = TeamSession.objects.select_for_update(no_key=True).filter(pk=session_id, deleted_at=None).first()
    if session is None:
        raise Missing("There is no such session, or you are not in it.")
    _go(session, _member(session, viewer.pk), "member-left", actor=viewer)


def _go(session: TeamSession, member: Member, verb: str, *, actor) -> None:
    _not_the_last_owner(session, member)
    member.left_at = timezone.now()
    member.save(update_fields=["left_at"])
    # With so many readers each, what they had not finished goes to others.
    unfinished = Assignment.objects.filter(member=member, state=Assignment.NEW)
    if session.readers_each is not None and session.phase == TeamSession.ANNOTATING:
        unfinished.delete()
        distribute(session)
    record(session.channel, verb, actor=actor, subject=f"user:{member.user_id}", before={"role": member.role})
    reveal_if_all_done(session)


def _member(session: TeamSession, user_id: int) -> Member:
    people = session.members.select_related("user").filter(left_at=None)
    member = people.filter(user_id=user_id).first() if user_id < 2**62 else None
    if member is None:
        raise Missing("This person is not in the session.")
    return member


def _not_the_last_owner(session: TeamSession, member: Member) -> None:
    if member.is_owner and not session.members.filter(role=Member.OWNER, left_at=None).exclude(pk=member.pk).exists():
        message = "A session needs an owner. Make somebody else an owner first, or put the session into the trash."
        raise Conflict(message, current=member)
