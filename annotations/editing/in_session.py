"""Whether a session takes marks from a reader at this moment."""

from __future__ import annotations

from django.utils import timezone

from annotations.models import Assignment, TeamSession
from annotations.models.team import hold
from opslens.activity.record import record
from opslens.web.refusals import Conflict, Denied, Missing

_CLOSED = {
    TeamSession.DRAFT: "This session has not begun yet.",
    TeamSession.ADJUDICATING: "This session is being settled, so its marks stand as they are.",
    TeamSession.PUBLISHED: "This session is published, so its marks stand as they are.",
    TeamSession.ARCHIVED: "This session is in the archive, so its marks stand as they are.",
}
_KEPT = " What you wrote is kept in this browser; ask the owner of the session to open it again."
_ENDED = {
    Assignment.DONE: "You said that you are done with this article. Open it again to go on marking.",
    Assignment.SKIPPED: "You have skipped this article. Open it again to mark it.",
}


def held_open(viewer, session_id: int, article_id: int, revision_id: int | None = None) -> TeamSession:
    """The session, held until the transaction ends, if it takes marks on this article from this viewer now; with a
    revision, if that is the one which it reads.

    Raises Missing when it is gone, Conflict when its phase, its deadline or the reader's own word stands against it,
    Denied when the article is not theirs to read there.
    """
    session = hold(session_id)
    if session is None:
        raise Missing("This session is not there any more.")
    if not session.takes_marks:
        raise Conflict(_CLOSED[session.phase] + _KEPT, current=session)
    assigned = Assignment.objects.filter(
        session_article__session_id=session_id,
        session_article__article_id=article_id,
        member__user_id=viewer.pk,
        member__left_at=None,
        member__reads=True,
    )
    found = assigned.values_list("state", "session_article__revision_id").first()
    if found is None:
        raise Denied("This article is not assigned to you in this session.")
    state, reads = found
    if revision_id not in (None, reads):
        raise Conflict("This session reads another revision of the article. Mark it there.", current=session)
    if state == Assignment.NEW and session.phase == TeamSession.ANNOTATING:
        _begin(viewer, session, assigned)
    if session.phase == TeamSession.ANNOTATING:
        if session.is_due:
            raise Conflict("The deadline of this session has passed." + _KEPT, current=session)
        if state in _ENDED:
            raise Conflict(_ENDED[state], current=session)
    return session


def _begin(viewer, session: TeamSession, assigned) -> None:
    """Note that somebody reads who has marked without opening the page first."""
    for work in assigned.select_for_update(of=("self",), no_key=True).filter(state=Assignment.NEW):
        work.state, work.opened_at = Assignment.READING, timezone.now()
        work.save(update_fields=["state", "opened_at"])
        record(
            session.person_channel(viewer.pk),
            "article-opened",
            actor=viewer,
            subject=f"assignment:{work.pk}",
            before={"state": Assignment.NEW},
            after={"state": work.state},
        )
