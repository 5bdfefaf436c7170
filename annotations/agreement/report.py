"""What is known of the agreement of a session, and how far the readings in it are independent, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from annotations.agreement.coefficients import Report, Undefined
from annotations.agreement.independence import Independence
from annotations.agreement.readings import INDEPENDENT, NOW
from annotations.codebook.kept import Look
from annotations.models import SessionArticle, TeamSession

# The tags that a reader put on a unit, by name; None where they did not finish.
Value = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Reader:
    """A row. `label` is neutral, the same in every table of the session: R1, R2, … in the order of joining. `saw`: they
    could see the marks of others before their own were first shown."""

    user_id: int
    name: str
    label: str
    has_left: bool
    saw: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A column: a sentence, [start, end) in code points of the text of its article's revision."""

    article: SessionArticle
    block: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class ArticleLine:
    """One article of several: how many finished it, how many units two readers have values for, alpha of tag sets."""

    article: SessionArticle
    readers: int
    units: int
    alpha: float | Undefined


@dataclass(frozen=True, slots=True)
class SessionReport:
    """How far the readers of a session agree.

    `state` is what is shown: `independent`, as marks were when they were first shown to all, or `now`. `states`: those
    that there are. `article`: the one asked for, None when all `articles` are pooled. `readers` are those who have
    finished something of it; of `assigned` readings so many are `finished`. `tags` are those of the codebook that are
    offered or were used, with `report.tags` in the same order and under their names. `rows`: readers x units, the names
    of tags, None where a reader did not finish. `by_article`: empty unless articles are pooled. `untagged` marks carry
    no tag and `brief` ones cover no sentence; neither counts.
    """

    session: TeamSession
    state: str
    states: tuple[str, ...]
    article: SessionArticle | None
    articles: tuple[SessionArticle, ...]
    readers: tuple[Reader, ...]
    assigned: int
    finished: int
    units: tuple[Unit, ...]
    tags: tuple[Look, ...]
    rows: tuple[tuple[Value, ...], ...]
    report: Report
    by_article: tuple[ArticleLine, ...]
    untagged: int
    brief: int
    independence: Independence

    @property
    def is_interim(self) -> bool:
        """Whether marks are still being made that nobody but those who oversee sees, or that all see."""
        return self.session.phase in TeamSession.BEFORE_REVEAL and self.state == NOW

    @property
    def is_independent(self) -> bool:
        """Whether every reader in it marked without seeing the marks of others."""
        return not self.doubts

    @property
    def doubts(self) -> tuple[str, ...]:
        """What stands against calling the readings independent, a sentence each."""
        past, found = self.independence, []
        if past.was_open:
            found.append("The session was open: readers could see one another’s marks while they marked.")
        if saw := [reader.name for reader in self.readers if reader.saw]:
            found.append(f"{_listed(saw)} could see marks of others before their own were shown.")
        if self.state == NOW and past.revealed_at is not None:
            found.append(f"Readers have been able to see one another’s marks since {_day(past.revealed_at)}.")
        if past.back_at is not None and self.state == NOW:
            found.append(
                f"The session went back to marking on {_day(past.back_at)}, after the marks had been revealed."
            )
        return tuple(found)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is shown, and how far it is independent, in sentences for people."""
        past, found = self.independence, []
        if self.state == INDEPENDENT:
            found.append(
                f"Shown are the marks as they were when they were first revealed, on {_day(past.revealed_at)}."
            )
            if past.back_at is not None:
                found.append(
                    f"The session went back to marking on {_day(past.back_at)}. "
                    "What was marked or finished after that counts only in the state “now”."
                )
        elif self.session.phase == TeamSession.DRAFT:
            found.append("The session has not begun: nobody marks yet.")
        elif self.is_interim:
            found.append("Interim figures: readers are still marking. Only what they have finished counts.")
        else:
            found.append("Shown are the marks as they are now, with what was changed after they were revealed.")
        if self.doubts:
            found += ["These readings are not independent.", *self.doubts]
        elif self.readers:
            found.append("Each reader marked without seeing the marks of others.")
        return tuple(found)


def _listed(names: Sequence[str]) -> str:
    if len(names) > 5:
        return f"{', '.join(names[:4])} and {len(names) - 4} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _day(at: datetime) -> str:
    at = timezone.localtime(at)
    return f"{at.day} {at:%B %Y}"
