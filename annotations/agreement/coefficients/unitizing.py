"""Krippendorff's alpha for unitizing: agreement on where spans begin and end, beyond chance.

Krippendorff, On the Reliability of Unitizing Continuous Data (Sociological Methodology 25, 1995); Content Analysis
(2004), pp. 251-256. The text is a continuum that each reader divides, tag by tag, into units (spans) and gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from annotations.agreement.coefficients.spans import Spans, merged
from annotations.agreement.coefficients.undefined import NO_VARIATION, TOO_FEW_READERS, TOO_FEW_UNITS, Undefined


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the continuum, half-open, that one reader made a unit or left as a gap."""

    start: int
    end: int
    is_unit: bool

    @property
    def length(self) -> int:
        return self.end - self.start


def unitizing_alpha(
    spans_by_reader: Sequence[Spans | None], length: int, tag: str | None = None, *, start: int = 0
) -> float | Undefined:
    """Return alpha for the units of ``tag``, or of all tags together.

    ``spans_by_reader``: (start, end, tag) of each reader, half-open code points; None for one who did not finish.
    ``length`` of the continuum, which begins at ``start``. Overlaps of one tag of one reader are merged first, units
    that touch are two. Strict: it can be far below 0, since units that hardly meet are worse than chance. Not defined
    when nobody marked anything or everybody everything. Raises ValueError for spans outside the continuum.
    """
    parts = unitizing_disagreement(spans_by_reader, length, tag, start=start)
    if isinstance(parts, Undefined):
        return parts
    observed, expected = parts
    return 1 - observed / expected


def unitizing_disagreement(
    spans_by_reader: Sequence[Spans | None], length: int, tag: str | None = None, *, start: int = 0
) -> tuple[float, float] | Undefined:
    """Return the observed and the expected disagreement; arguments and errors as for ``unitizing_alpha``."""
    readers = [merged(spans) for spans in spans_by_reader if spans is not None]
    if len(readers) < 2:
        return Undefined(TOO_FEW_READERS)
    if length < 1:
        return Undefined(TOO_FEW_UNITS)
    tags = [tag] if tag is not None else sorted({span[2] for spans in readers for span in spans})
    observed, expected = [], []
    for each in tags:
        sections = [
            _sections([(low, high) for low, high, name in spans if name == each], start, start + length)
            for spans in readers
        ]
        if any(len(sections_of_one) > 1 for sections_of_one in sections) or len({s[0].is_unit for s in sections}) > 1:
            observed.append(_observed(sections, length))
            expected.append(_expected(sections, length))
    if not expected:
        return Undefined(NO_VARIATION)
    return fsum(observed), fsum(expected)


def section_distance(a: Section, b: Section) -> int:
    """Return how far two readers' sections are apart, in squared characters.

    Two units that overlap: the squares of how far their starts and their ends are apart. A unit inside a gap: the
    square of its length. Else 0: what one section leaves open is counted with its other partners.
    """
    if a.is_unit and b.is_unit:
        if a.start < b.end and b.start < a.end:
            return (a.start - b.start) ** 2 + (a.end - b.end) ** 2
        return 0
    if a.is_unit != b.is_unit:
        unit, gap = (a, b) if a.is_unit else (b, a)
        if gap.start <= unit.start and unit.end <= gap.end:
            return unit.length**2
    return 0


def _sections(units: list[tuple[int, int]], start: int, end: int) -> list[Section]:
    found = []
    position = start
    for low, high in units:
        if low < start or high > end:
            raise ValueError(f"The span from {low} to {high} is outside the text from {start} to {end}.")
        if position < low:
            found.append(Section(position, low, False))
        found.append(Section(low, high, True))
        position = high
    if position < end:
        found.append(Section(position, end, False))
    return found


def _observed(readers: list[list[Section]], length: int) -> float:
    total = 0
    for index, one in enumerate(readers):
        for other in readers[index + 1 :]:
            # Both cover the same continuum: whichever section ends first has met all its partners but the present.
            i = j = 0
            while i < len(one) and j < len(other):
                total += section_distance(one[i], other[j])
                i, j = i + (one[i].end <= other[j].end), j + (other[j].end <= one[i].end)
    pairs = len(readers) * (len(readers) - 1)
    return 2 * total / (pairs * length**2)


def _expected(readers: list[list[Section]], length: int) -> float:
    """Return the mean distance over all places at which units of all readers could meet one another, or lie in a gap.

    Two units of lengths b and c overlap at b + c - 1 places, and the distances there add up to a part of b and one
    of c, each (b - 1)(2b² - b) / 3.
    """
    units = [section.length for sections in readers for section in sections if section.is_unit]
    gaps = [section.length for sections in readers for section in sections if not section.is_unit]
    total = 0.0
    for unit in units:
        total += (len(units) - 1) * (unit - 1) * (2 * unit**2 - unit) / 3
        total += unit**2 * sum(gap - unit + 1 for gap in gaps if gap >= unit)
    values = len(readers) * length
    return 2 / length * total / (values * (values - 1) - sum(unit * (unit - 1) for unit in units))
