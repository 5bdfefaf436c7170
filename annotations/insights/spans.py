"""Time in pieces: days, weeks, months or years, as fits how much of it there is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

DAYS, WEEKS, MONTHS, YEARS = "day", "week", "month", "year"
_MOST_DAYS, _MOST_WEEKS, _MOST_MONTHS = 31, 26 * 7, 36


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece that begins on `first`, in words, and how many were counted in it."""

    first: date
    label: str
    count: int


def unit_of(first: date, last: date) -> str:
    """At most 31 days, 27 weeks, 36 months; beyond that years."""
    days = (last - first).days + 1
    if days <= _MOST_DAYS:
        return DAYS
    if days <= _MOST_WEEKS:
        return WEEKS
    months = 12 * (last.year - first.year) + last.month - first.month + 1
    return MONTHS if months <= _MOST_MONTHS else YEARS


def begin(day: date, unit: str) -> date:
    """The first day of the piece that holds `day`; weeks begin on Monday."""
    if unit == DAYS:
        return day
    if unit == WEEKS:
        # The calendar begins on a Monday, so this never goes before it.
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == MONTHS else day.replace(month=1, day=1)


def _next(first: date, unit: str) -> date | None:
    try:
        if unit in (DAYS, WEEKS):
            return first + timedelta(days=1 if unit == DAYS else 7)
        if unit == YEARS:
            return first.replace(year=first.year + 1)
        return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    except (OverflowError, ValueError):
        return None  # the end of the calendar


def _label(first: date, unit: str) -> str:
    if unit == YEARS:
        return f"{first.year}"
    if unit == MONTHS:
        return f"{first:%B} {first.year}"
    return f"{'week of ' if unit == WEEKS else ''}{first.day} {first:%B} {first.year}"


def pieces(counts: Mapping[date, int]) -> tuple[str, list[Piece]]:
    """The unit, and every piece from the first day with a count to the last, empty ones too."""
    if not counts:
        return DAYS, []
    first, last = min(counts), max(counts)
    unit = unit_of(first, last)
    summed: dict[date, int] = {}
    at: date | None = begin(first, unit)
    while at is not None and at <= last:
        summed[at] = 0
        at = _next(at, unit)
    for day, count in counts.items():
        summed[begin(day, unit)] += count
    return unit, [Piece(day, _label(day, unit), count) for day, count in summed.items()]
