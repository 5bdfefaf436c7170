"""The session for this viewer, or 404: a session that is not theirs looks exactly like one that is not."""

from __future__ import annotations

from dataclasses import dataclass

from annotations.models import Member, SessionArticle, TeamSession
from opslens.web.refusals import Missing

NOT_HERE = "There is no such session, or you are not in it."


@dataclass(frozen=True, slots=True)
class Seat:
    """A session as one of its members finds it."""

    session: TeamSession
    member: Member

    @property
    def sees_all_marks(self) -> bool:
        return self.member.sees_all_marks(self.session)


def _seat(viewer, **which) -> Seat:
    if not viewer.is_authenticated:
        raise Missing(NOT_HERE)
    here = Member.objects.filter(user_id=viewer.pk, left_at=None, session__deleted_at=None, **which)
    member = here.select_related("session").first()
    if member is None:
        raise Missing(NOT_HERE)
    return Seat(member.session, member)


def is_member(viewer, session: TeamSession) -> bool:
    return viewer.is_authenticated and session.members.filter(user_id=viewer.pk, left_at=None).exists()


def session_for(viewer, uid: str) -> Seat:
    """The session that has this name. Raises Missing."""
    return _seat(viewer, session__uid=uid)


def session_by_id(viewer, pk: int) -> Seat:
    """The same by its id. Raises Missing."""
    return _seat(viewer, session_id=pk)


def article_in(seat: Seat, slug: str) -> SessionArticle:
    """An article of the session, with the article itself. Raises Missing."""
    found = seat.session.articles.filter(article__slug=slug, article__deleted_at=None).select_related("article").first()
    if found is None:
        raise Missing("This article is not part of the session.")
    found.session = seat.session
    return found
