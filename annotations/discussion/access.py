"""Who may look at everybody's marks side by side, and who may speak. A session that is not theirs, or not yet open,
answers before anything is looked up in it."""

from __future__ import annotations

from annotations.membership import Seat, session_by_id
from annotations.models import Annotation, Member, TeamSession
from annotations.models.team import hold
from annotations.teams.access import seat_in
from opslens.web.refusals import Conflict, Denied, Missing

_HIDDEN = "The marks of this session are not revealed yet. Once they are, everybody’s stand here side by side."


def seat_to_talk(viewer, uid: str) -> Seat:
    """The viewer's seat in a session whose marks everybody in it reads. Raises Missing, Denied."""
    seat = seat_in(viewer, uid)
    _require_shown(seat.session)
    return seat


def _require_shown(session: TeamSession) -> None:
    if not session.shows_marks:
        raise Denied(_HIDDEN)


def may_reply(seat: Seat) -> bool:
    """Every member but those who only look on, until the session is in the archive."""
    session, member = seat.session, seat.member
    return (
        session.shows_marks
        and session.phase != TeamSession.ARCHIVED
        and member.left_at is None
        and member.role != Member.OBSERVER
    )


def may_look_back(seat: Seat, user_id: int) -> bool:
    """See what somebody's marks were at the reveal: the person, and those who oversee."""
    return seat.member.user_id == user_id or seat.member.oversees


def held_to_reply(viewer, session_id: int) -> Seat:
    """The viewer's seat, with the session held as it is until the transaction ends. Raises Missing, Denied, and
    Conflict in a session that is in the archive."""
    if hold(session_id) is None:
        raise Missing("This session is not there any more.")
    seat = session_by_id(viewer, session_id)
    _require_shown(seat.session)
    if seat.session.phase == TeamSession.ARCHIVED:
        raise Conflict("This session is in the archive, so nothing is added to it.", current=seat.session)
    if not may_reply(seat):
        raise Denied("Observers read along; they do not reply.")
    return seat


def mark_in(viewer, seat: Seat, uid: str) -> Annotation:
    """A mark of the session that the viewer may read, with its article and author. Raises Missing."""
    door = Annotation.objects.in_session(seat.session, seat.member, viewer).filter(uid=uid)
    annotation = door.select_related("article", "author").first()
    if annotation is None:
        raise Missing("This mark is not there any more, or it is not yours to see.")
    annotation.session = seat.session
    return annotation
