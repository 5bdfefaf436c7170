"""What each step from phase to phase does, said to the owner before they take it."""

from __future__ import annotations

from dataclasses import dataclass

from annotations.models import Assignment, TeamSession
from annotations.teams.actions import neighbours

LABELS = {
    TeamSession.DRAFT: "Draft",
    TeamSession.ANNOTATING: "Marking",
    TeamSession.REVEALED: "Discussion",
    TeamSession.ADJUDICATING: "Settling",
    TeamSession.PUBLISHED: "Published",
    TeamSession.ARCHIVED: "Archive",
}
MEANS = {
    TeamSession.DRAFT: "Owners prepare it. Nobody marks yet.",
    TeamSession.ANNOTATING: "Readers mark.",
    TeamSession.REVEALED: "Everybody sees everybody’s marks, replies, and may still change their own.",
    TeamSession.ADJUDICATING: "Marks stand as they are. Reviewers settle passage by passage.",
    TeamSession.PUBLISHED: "The settled reading is an edition that others can read.",
    TeamSession.ARCHIVED: "Nothing changes any more. The edition keeps its address.",
}
_FORWARD = {
    TeamSession.ANNOTATING: ("Begin marking", "Readers get their articles and can mark them from now on."),
    TeamSession.REVEALED: (
        "Reveal the marks",
        "Every member sees all marks from now on. What readers have marked until now is kept as their independent "
        "reading, for the agreement and for before and after.",
    ),
    TeamSession.ADJUDICATING: (
        "Begin settling",
        "Readers can no longer change their marks. Owners and reviewers settle passages at the desk.",
    ),
    TeamSession.PUBLISHED: (
        "Publish the edition",
        "The settled reading gets a page of its own: open to everybody when the article is public, otherwise to those "
        "who are signed in.",
    ),
    TeamSession.ARCHIVED: ("Archive it", "The session leaves the lists of running ones. The edition stays."),
}
_BACK = {
    TeamSession.DRAFT: "Marks stay, and nobody can make or change any until marking begins again.",
    TeamSession.ANNOTATING: "Readers can finish and reopen articles again. In a blind session they see their own marks "
    "alone, but they have seen the others’; reports say so.",
    TeamSession.REVEALED: "Readers may change their marks again. Decisions of the desk are kept, and say when their "
    "marks have changed since.",
    TeamSession.ADJUDICATING: "The edition closes until it is published again. Decisions stay.",
    TeamSession.PUBLISHED: "The session is among the running ones again.",
}


@dataclass(frozen=True, slots=True)
class Step:
    to: str
    label: str
    does: str
    warning: str = ""
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One phase in the row of all of them."""

    phase: str
    label: str
    means: str
    state: str  # "past", "current" or "to come"


def stages(session: TeamSession) -> list[Stage]:
    at = TeamSession.ORDER.index(session.phase)
    return [
        Stage(phase, LABELS[phase], MEANS[phase], "past" if n < at else "current" if n == at else "to come")
        for n, phase in enumerate(TeamSession.ORDER)
    ]


def forward(session: TeamSession) -> Step | None:
    """The step onward, with what stands against it today."""
    _, to = neighbours(session.phase)
    if to is None or session.calibrates_id is not None:
        return None
    label, does = _FORWARD[to]
    return Step(to, label, does, _warning(session, to))


def back(session: TeamSession) -> Step | None:
    to, _ = neighbours(session.phase)
    if to is None or session.calibrates_id is not None:
        return None
    return Step(to, f"Back to {LABELS[to].lower()}", _BACK[to], needs_reason=True)


def _warning(session: TeamSession, to: str) -> str:
    if to == TeamSession.ANNOTATING:
        if session.reveal_at_deadline and session.is_overdue():
            return (
                "The deadline has passed, so the marks would be revealed at once. Set a later one under Settings first."
            )
        if not session.articles.exists():
            return "Add an article first: there is nothing to read yet."
        if not session.members.filter(reads=True, left_at=None).exists():
            return "Nobody reads in this session yet. You can begin, and invite readers afterwards."
    if to == TeamSession.REVEALED:
        work = Assignment.objects.filter(session_article__session=session, member__left_at=None, member__reads=True)
        unfinished = work.filter(state__in=Assignment.OPEN).count()
        if unfinished:
            return f"{unfinished} of {work.count()} readings are not finished. They count as missing, not as unmarked."
    return ""
