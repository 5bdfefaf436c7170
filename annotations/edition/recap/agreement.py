"""How far the readers of a session agree, in the words of its recap."""

from __future__ import annotations

from dataclasses import dataclass

from annotations.agreement.coefficients import Interval, Undefined
from annotations.agreement.queries import report_of
from annotations.codebook.kept import Look
from annotations.membership import Seat

_WHY = {
    "no-variation": "every value is the same, so that nothing says what chance would do",
    "too-few-readers": "fewer than two readers have finished",
    "too-few-units": "fewer than ten sentences were read by two readers",
    "nothing-shared": "no sentence was read by two readers",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A coefficient with its interval, or why there is none."""

    alpha: float | None
    low: float | None
    high: float | None
    why_not: str

    @property
    def words(self) -> str:
        if self.alpha is None:
            return f"not defined: {self.why_not}"
        if self.low is None or self.high is None:
            return f"{_number(self.alpha)} (no interval)"
        return f"{_number(self.alpha)} ({_number(self.low)} to {_number(self.high)})"


@dataclass(frozen=True, slots=True)
class TagFigure:
    look: Look
    figure: Figure
    sentences: int  # that somebody marked with it


@dataclass(frozen=True, slots=True)
class Agreement:
    """`notes` say which marks count, and how far they were independent."""

    readers: int
    sentences: int
    headline: Figure
    tags: list[TagFigure]
    notes: tuple[str, ...]


def agreement_of(seat: Seat) -> Agreement:
    """The agreement on all articles of the session together, with tags that somebody used. Raises Denied when this
    member does not see everybody's marks."""
    found = report_of(seat)
    report = found.report
    return Agreement(
        readers=report.readers,
        sentences=report.units,
        headline=_figure(report.headline.alpha, report.headline.interval),
        tags=[
            TagFigure(look, _figure(one.alpha, one.interval), one.marked_units)
            for look, one in zip(found.tags, report.tags, strict=True)
            if one.marked_units
        ],
        notes=found.notes,
    )


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _figure(alpha: float | Undefined, interval: Interval | Undefined) -> Figure:
    if isinstance(alpha, Undefined):
        return Figure(None, None, None, _WHY[alpha.reason])
    if isinstance(interval, Undefined):
        return Figure(alpha, None, None, "")
    return Figure(alpha, interval.low, interval.high, "")
