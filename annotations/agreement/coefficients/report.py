"""Everything about the agreement of a group of readers on a set of tags, in one go."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from math import fsum, lcm

from annotations.agreement.coefficients.contested import Contested, contested_units
from annotations.agreement.coefficients.interval import Interval, percentile_interval, resamples
from annotations.agreement.coefficients.krippendorff import binary_alpha, binary_ratio
from annotations.agreement.coefficients.marking import binary_ac1, positive_agreement, prevalence
from annotations.agreement.coefficients.packing import pack, unpack, width_for
from annotations.agreement.coefficients.tagsets import MaskRows, TagSets
from annotations.agreement.coefficients.undefined import (
    NOTHING_SHARED,
    TOO_FEW_READERS,
    TOO_FEW_UNITS,
    Undefined,
)
from annotations.agreement.coefficients.units import check_rectangular

TagRows = Sequence[Sequence[AbstractSet[str] | None]]


@dataclass(frozen=True, slots=True)
class Headline:
    """Alpha over tag sets with Jaccard distance, and its interval."""

    alpha: float | Undefined
    interval: Interval | Undefined


@dataclass(frozen=True, slots=True)
class TagAgreement:
    """One tag as a yes-or-no variable.

    ``prevalence``: share of values that are marks. ``positive_agreement``: how likely a reader marked what another
    one did. ``marked_units``: those somebody marked. ``pairable``: values in units with at least two.
    """

    tag: str
    alpha: float | Undefined
    interval: Interval | Undefined
    prevalence: float | Undefined
    positive_agreement: float | Undefined
    ac1: float | Undefined
    marked_units: int
    pairable: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two readers, as indices of rows: how many units both have values for, alpha over tag sets there, and the F1 of
    their marks as (unit, tag)."""

    first: int
    second: int
    units: int
    alpha: float | Undefined
    f1: float | Undefined


@dataclass(frozen=True, slots=True)
class Report:
    """``readers`` who have a value somewhere, ``units`` with at least two values, ``pairable`` values in these.

    ``tags`` in the order asked for. ``pairs[i][j]`` is the same as ``pairs[j][i]``, and None on the diagonal.
    ``contested``: the units with differing votes, most divided first, with indices of the table's columns.
    """

    readers: int
    units: int
    pairable: int
    headline: Headline
    tags: tuple[TagAgreement, ...]
    pairs: tuple[tuple[Pair | None, ...], ...]
    contested: tuple[Contested, ...]

    @property
    def mean_f1(self) -> float | Undefined:
        """The mean F1 of all pairs of readers that have one."""
        values = [pair.f1 for i, row in enumerate(self.pairs) for pair in row[:i] if pair]
        defined = [value for value in values if not isinstance(value, Undefined)]
        if defined:
            return fsum(defined) / len(defined)
        return values[0] if values else Undefined(TOO_FEW_READERS)


def tag_report(
    rows: TagRows,
    tags: Sequence[str],
    *,
    draws: int = 1000,
    seed: int = 20,
    minimum_readers: int = 2,
    minimum_units: int = 10,
) -> Report:
    """Work out the agreement of readers on tags.

    ``rows``: readers x units. A value is the set of tags the reader put on the unit, empty when the reader finished
    without marking it, and None when the reader did not finish or never opened it: missing is not empty. Tags that
    are not in ``tags`` are left out of the sets. A unit with fewer than two values does not count.

    Below ``minimum_readers`` or ``minimum_units`` no coefficient is given, for a pair below ``minimum_units`` shared
    ones none of the pair; votes are always given. Intervals are bootstraps over units, in each draw the same units
    for every tag; ``draws`` 0 leaves them undefined. Equal arguments give equal reports on every platform. Raises
    ValueError when rows differ in length or a tag is named twice.
    """
    check_rectangular(rows)
    if len(set(tags)) != len(tags):
        raise ValueError("A tag is named twice.")
    masks, kept = _masks(rows, tags)
    readers = sum(any(value is not None for value in row) for row in rows)
    table = TagSets(masks) if kept else None
    votes = _Votes(table, len(tags)) if table else None
    reason = _reason(readers, len(kept), minimum_readers, minimum_units)
    contested = contested_units(tags, dict(zip(kept, votes.counts, strict=True))) if votes else ()
    # An Undefined is false, so it has to be told from None.
    if reason is not None or table is None or votes is None:
        nothing = Undefined(NOTHING_SHARED) if reason is None else reason
        pairs = combinations(range(len(rows)), 2)
        return Report(
            readers,
            len(kept),
            sum(table.present) if table else 0,
            Headline(nothing, nothing),
            tuple(_nothing_of(tag, nothing, index, votes) for index, tag in enumerate(tags)),
            _matrix(len(rows), [(i, j, _shared(rows[i], rows[j]), nothing, nothing) for i, j in pairs], 0),
            contested,
        )
    headline_interval, intervals = _intervals(table, votes, draws, seed)
    return Report(
        readers,
        len(kept),
        sum(table.present),
        Headline(table.alpha(), headline_interval),
        tuple(_agreement(tag, votes.of_tag(index), intervals[index]) for index, tag in enumerate(tags)),
        _matrix(len(rows), list(table.pairs()), minimum_units),
        contested,
    )


def _masks(rows: TagRows, tags: Sequence[str]) -> tuple[MaskRows, list[int]]:
    """Return the table with sets as bits, without units that have fewer than two values, and which units are left."""
    bits = {tag: 1 << index for index, tag in enumerate(tags)}
    known: dict[frozenset[str], int] = {}
    found: list[list[int | None]] = []
    for row in rows:
        masks: list[int | None] = []
        for value in row:
            if value is None:
                masks.append(None)
                continue
            chosen = frozenset(value)
            if chosen not in known:
                known[chosen] = sum(bits.get(tag, 0) for tag in chosen)
            masks.append(known[chosen])
        found.append(masks)
    present = [sum(mask is not None for mask in column) for column in zip(*found, strict=True)]
    kept = [unit for unit, number in enumerate(present) if number >= 2]
    return [[row[unit] for unit in kept] for row in found], kept


def _shared(first: Sequence[object], second: Sequence[object]) -> int:
    return sum(a is not None and b is not None for a, b in zip(first, second, strict=True))


def _reason(readers: int, units: int, minimum_readers: int, minimum_units: int) -> Undefined | None:
    if readers < max(2, minimum_readers):
        return Undefined(TOO_FEW_READERS)
    if not units:
        return Undefined(NOTHING_SHARED)
    return Undefined(TOO_FEW_UNITS) if units < minimum_units else None


class _Votes:
    """How many readers marked each unit with each tag, and how many have a value there."""

    def __init__(self, table: TagSets, tags: int) -> None:
        width = width_for(table.readers)
        spread = [pack((mask >> tag & 1 for tag in range(tags)), width) for mask in table.sets]
        self.counts = [
            (unpack(sum(map(spread.__getitem__, numbers)), tags, width), present)
            for numbers, present in zip(table.by_unit, table.present, strict=True)
        ]

    def of_tag(self, tag: int) -> list[tuple[int, int]]:
        return [(marked[tag], present) for marked, present in self.counts]


def _intervals(
    table: TagSets, votes: _Votes, draws: int, seed: int
) -> tuple[Interval | Undefined, list[Interval | Undefined]]:
    """Return the intervals of the headline and of each tag."""
    tags = len(votes.counts[0][0])
    scale = lcm(*{present - 1 for present in table.present})
    # Of each unit in one number: its values, then of each tag the marks and the disagreement, scaled to be whole.
    width = width_for(table.units * scale * table.readers**2)
    packed = []
    for marked, present in votes.counts:
        fields = [present]
        for number in marked:
            fields += (number, number * (present - number) * (scale // (present - 1)))
        packed.append(pack(fields, width))
    of_sets = table.drawn()
    headline: list[float | Undefined] = []
    by_tag: list[list[float | Undefined]] = [[] for _ in range(tags)]
    for sample in resamples(table.units, draws, seed):
        headline.append(of_sets(sample))
        values, *sums = unpack(sum(map(packed.__getitem__, sample)), 1 + 2 * tags, width)
        for drawn, marked_in_all, split in zip(by_tag, sums[::2], sums[1::2], strict=True):
            drawn.append(binary_ratio(split, scale, marked_in_all, values))
    return percentile_interval(headline), [percentile_interval(drawn) for drawn in by_tag]


def _agreement(tag: str, counts: list[tuple[int, int]], interval: Interval | Undefined) -> TagAgreement:
    return TagAgreement(
        tag,
        binary_alpha(counts),
        interval,
        prevalence(counts),
        positive_agreement(counts),
        binary_ac1(counts),
        sum(marked > 0 for marked, _ in counts),
        sum(present for _, present in counts),
    )


def _nothing_of(tag: str, reason: Undefined, index: int, votes: _Votes | None) -> TagAgreement:
    counts = votes.of_tag(index) if votes else []
    marked = sum(number > 0 for number, _ in counts)
    return TagAgreement(tag, reason, reason, reason, reason, reason, marked, sum(present for _, present in counts))


def _matrix(
    readers: int,
    found: list[tuple[int, int, int, float | Undefined, float | Undefined]],
    minimum_units: int,
) -> tuple[tuple[Pair | None, ...], ...]:
    matrix: list[list[Pair | None]] = [[None] * readers for _ in range(readers)]
    for i, j, units, alpha, f1 in found:
        if minimum_units and units < minimum_units:
            alpha = f1 = Undefined(TOO_FEW_UNITS if units else NOTHING_SHARED)
        first, second = sorted((i, j))
        matrix[i][j] = matrix[j][i] = Pair(first, second, units, alpha, f1)
    return tuple(map(tuple, matrix))
