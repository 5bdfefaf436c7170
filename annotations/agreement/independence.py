"""Who could see the marks of others before their own were first shown: what stands against independent readings.

It is read from the log of the session: its phases, whether it was open, and who was in it in which role at which time.
Seeing counts from the moment at which there was something to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min

from annotations.models import Member, TeamSession
from opslens.models import Event

_VERBS = (
    *("session-created", "session-edited", "phase-changed"),
    *("member-joined", "member-left", "member-removed", "role-changed"),
)


@dataclass(frozen=True, slots=True)
class Independence:
    """`was_open`: readers could see one another's marks while they marked, because the session was not blind.
    `revealed_at`: when marks were first shown to all. `back_at`: when the session first went back to marking after
    that. `saw`: ids of readers who could see marks of others for a reason of their own: they oversaw the session, or
    joined when marks were shown already."""

    was_open: bool = False
    revealed_at: datetime | None = None
    back_at: datetime | None = None
    saw: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the session, as far as it matters here. `user`: whom it is about or, of the first one, who did it."""

    verb: str
    at: datetime
    user: int | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def independence_of(session: TeamSession) -> Independence:
    """Three queries."""
    events = Event.objects.filter(channel__name=session.channel, verb__in=_VERBS).order_by("number")
    happened = [
        Happened(verb, at, _user(subject) or actor, before or {}, after or {})
        for verb, at, subject, actor, before, after in events.values_list(
            "verb", "at", "subject", "actor_id", "before", "after"
        )
    ]
    first_marks = session.marks.order_by().values_list("author_id").annotate(first=Min("created_at"))
    reads = dict(session.members.values_list("user_id", "reads"))
    return replay(happened, dict(first_marks), reads)


def _user(subject: str) -> int | None:
    return int(subject[5:]) if subject.startswith("user:") else None


def replay(
    happened: Iterable[Happened], first_marks: Mapping[int, datetime], reads: Mapping[int, bool]
) -> Independence:
    """Go through the log. `first_marks`: when each author's first mark was made. `reads`: who reads today."""
    log = list(happened)
    phase, is_blind, people = TeamSession.DRAFT, True, {}
    revealed_at = back_at = None
    was_open, readers, settled, saw = False, set(), set(), set()
    for number, event in enumerate(log):
        if event.verb == "session-created":
            is_blind = event.after.get("is_blind", True)
            people[event.user] = (Member.OWNER, _read_at_first(log, event.user, reads))
        elif event.verb == "session-edited":
            is_blind = event.after.get("is_blind", is_blind)
        elif event.verb == "member-joined":
            people[event.user] = (event.after["role"], event.after["role"] == Member.ANNOTATOR)
        elif event.verb == "role-changed":
            people[event.user] = (event.after["role"], event.after["reads"])
        elif event.verb in ("member-left", "member-removed"):
            people.pop(event.user, None)
        elif event.verb == "phase-changed":
            was, phase = phase, event.after["phase"]
            if (was, phase) == (TeamSession.ANNOTATING, TeamSession.REVEALED):
                settled |= readers  # what they see from now on comes after their own was kept
                revealed_at = revealed_at or event.at
            elif (was, phase) == (TeamSession.REVEALED, TeamSession.ANNOTATING):
                back_at = back_at or event.at
        readers |= {user for user, (_, is_reader) in people.items() if is_reader}
        until = log[number + 1].at if number + 1 < len(log) else None
        hides = is_blind and phase in TeamSession.BEFORE_REVEAL
        for user, (role, is_reader) in people.items():
            if user in settled or not _there_were_marks(first_marks, user, until):
                continue
            if role in Member.OVERSEERS and not is_reader:
                saw.add(user)
            elif not hides and phase == TeamSession.ANNOTATING:
                was_open = True
            elif not hides and phase != TeamSession.DRAFT:
                saw.add(user)
    return Independence(was_open, revealed_at, back_at, frozenset(saw))


def _read_at_first(log: list[Happened], user: int | None, reads: Mapping[int, bool]) -> bool:
    """Whether the one who made the session read in it at first, which its log does not say at that place."""
    for event in log:
        if event.verb == "role-changed" and event.user == user:
            return event.before["reads"]
    return reads.get(user, False)


def _there_were_marks(first_marks: Mapping[int, datetime], but: int, until: datetime | None) -> bool:
    """Whether somebody else had marked something before this time."""
    return any(author != but and (until is None or first < until) for author, first in first_marks.items())
