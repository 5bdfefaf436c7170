"""The session for this viewer as it is at this moment: a reveal whose deadline has passed happens before anything of
the session is shown."""

from __future__ import annotations

from annotations.membership import Seat, session_for
from annotations.permissions import may_lead
from annotations.teams.actions import reveal_if_due
from opslens.web.refusals import Denied


def seat_in(viewer, uid: str) -> Seat:
    """Raises Missing for who is not a member."""
    seat = session_for(viewer, uid)
    # Looking takes no lock; only what is due is done.
    return session_for(viewer, uid) if seat.session.is_due and reveal_if_due(seat.session.pk) else seat


def seat_to_lead(viewer, uid: str) -> Seat:
    """The seat of an owner. Raises Missing, Denied."""
    seat = seat_in(viewer, uid)
    if not may_lead(seat.member):
        raise Denied("Only an owner of the session can do this.")
    return seat
