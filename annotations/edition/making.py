"""How a settled reading was made, in a sentence or two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from annotations.agreement.independence import independence_of
from annotations.edition.settled import Settled
from annotations.models import Assignment, SessionArticle, TeamSession


@dataclass(frozen=True, slots=True)
class Making:
    """Readers who finished; decisions by what they say and who made them; whether nobody could see the marks of others
    before their own were shown; the days of reading and of publishing."""

    readers: int
    settled: int
    rejected: int
    by_hand: int
    independent: bool
    period: str
    published: date | None
    texts: int = 1

    @property
    def words(self) -> str:
        text = "this text" if self.texts == 1 else f"these {_count(self.texts)} texts"
        if not self.readers:
            said = f"Nobody has finished reading {text}."
        else:
            said = f"{_count(self.readers, 'reader').capitalize()} marked {text}{self.period}"
            said += ", each without seeing the marks of the others." if self.independent and self.readers > 1 else "."
        return f"{said} {self._decided}"

    @property
    def _decided(self) -> str:
        settled, rejected = self.settled, self.rejected
        if not settled and not rejected:
            return "No passage was settled."
        parts = [f"{_count(settled, 'passage')} {'was' if settled == 1 else 'were'} settled"] if settled else []
        if rejected:
            more = "more" if settled else f"passage{'' if rejected == 1 else 's'}"
            parts.append(f"{_count(rejected)} {more} considered and rejected")
        said = " and ".join(parts)
        by_votes = settled + rejected - self.by_hand
        if not by_votes:
            how = "by a person’s decision"
        elif not self.by_hand:
            how = "by the votes of the readers"
        else:
            how = f"{self.by_hand} by a person’s decision, {by_votes} by the votes of the readers"
        return f"{said[0].upper()}{said[1:]}: {how}."


def period(since: datetime | None, until: datetime | None) -> str:
    """The days from one moment to another as the end of a sentence; "" when one is not known."""
    if since is None or until is None:
        return ""
    if since.date() == until.date():
        return f" on {_day(since.date())}"
    return f" between {_day(since.date())} and {_day(until.date())}"


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def _count(number: int, what: str = "") -> str:
    word = _WORDS[number] if number < len(_WORDS) else f"{number:,}"
    return f"{word} {what}{'' if number == 1 else 's'}" if what else word


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def making_of(session: TeamSession, articles: Sequence[SessionArticle], found: Iterable[Settled]) -> Making:
    """How the settled reading of these articles of a session was made. Four queries."""
    done = list(
        Assignment.objects.filter(session_article__in=articles, state=Assignment.DONE)
        .order_by()
        .values_list("member__user_id", "opened_at", "closed_at")
    )
    readers = {user for user, _, _ in done}
    past, found = independence_of(session), list(found)
    settled = sum(one.accepted for one in found)
    return Making(
        readers=len(readers),
        settled=settled,
        rejected=len(found) - settled,
        by_hand=sum(one.by_hand for one in found),
        independent=not (past.was_open or past.saw & readers or past.back_at),
        period=period(
            min((opened for _, opened, _ in done if opened), default=None),
            max((closed for _, _, closed in done if closed), default=None),
        ),
        published=session.published_at.date() if session.published_at else None,
        texts=len(articles),
    )
