"""Krippendorff's alpha: 1 - observed / expected disagreement, for any number of readers, with values missing.

Krippendorff, Computing Krippendorff's Alpha-Reliability (2011); Content Analysis (2004), chapter 11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum, lcm

from annotations.agreement.coefficients.distances import Distance, distance_for
from annotations.agreement.coefficients.undefined import NO_VARIATION, NOTHING_SHARED, Undefined
from annotations.agreement.coefficients.units import Rows, Value, pairable_units


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Mean distance of values within units (observed) and of any two values (expected), and of how many values."""

    observed: float
    expected: float
    pairable: int

    @property
    def alpha(self) -> float | Undefined:
        return 1 - self.observed / self.expected if self.expected else Undefined(NO_VARIATION)


def alpha(rows: Rows, metric: str | Distance = "nominal") -> float | Undefined:
    """Return alpha of a table, readers x units, with None where a value is missing.

    ``metric``: ``nominal``, ``ordinal`` (orderable values), ``interval``, ``ratio`` (numbers), ``jaccard``
    (frozensets), or a function of two values. At most 1, which equal readers get; 0 is what chance would do. Raises
    ValueError when rows differ in length or there is no such metric.
    """
    found = disagreement(rows, metric)
    return found if isinstance(found, Undefined) else found.alpha


def disagreement(rows: Rows, metric: str | Distance = "nominal") -> Disagreement | Undefined:
    """Return both parts of alpha; arguments and errors as there."""
    units = pairable_units(rows)
    return units if isinstance(units, Undefined) else disagreement_of(units, metric)


def disagreement_of(units: Sequence[Mapping[Value, int]], metric: str | Distance = "nominal") -> Disagreement:
    """Return both parts of alpha from how often each value was given, unit by unit, two values or more in each."""
    totals: Counter[Value] = Counter()
    for unit in units:
        totals.update(unit)
    pairable = totals.total()
    if metric == "nominal":
        # Without the distances of all pairs, so that many different values cost no more than few.
        observed = fsum(_unequal_pairs(unit) / (sum(unit.values()) - 1) for unit in units)
        expected = float(_unequal_pairs(totals))
    else:
        distance = distance_for(metric, totals)
        # fsum: the same to the last bit whatever the order of readers, units and values.
        observed = fsum(
            2 * unit[a] * unit[b] * distance(a, b) / (sum(unit.values()) - 1)
            for unit in units
            if len(unit) > 1
            for a, b in combinations(unit, 2)
        )
        expected = fsum(2 * totals[a] * totals[b] * distance(a, b) for a, b in combinations(totals, 2))
    return Disagreement(observed / pairable, expected / (pairable * (pairable - 1)), pairable)


def _unequal_pairs(unit: Mapping[Value, int]) -> int:
    return sum(unit.values()) ** 2 - sum(number * number for number in unit.values())


def binary_alpha(counts: Iterable[tuple[int, int]]) -> float | Undefined:
    """Return nominal alpha of a yes-or-no variable from (marked, present) of each unit.

    ``present`` readers have a value there, ``marked`` of them yes. Units with fewer than two values do not count.
    Exact but for one rounding. Raises ValueError unless 0 <= marked <= present.
    """
    units = list(counts)
    if any(not 0 <= marked <= present for marked, present in units):
        raise ValueError("A unit has fewer than no marks, or more marks than readers.")
    units = [unit for unit in units if unit[1] >= 2]
    if not units:
        return Undefined(NOTHING_SHARED)
    scale = lcm(*{present - 1 for _, present in units})
    split = sum(marked * (present - marked) * (scale // (present - 1)) for marked, present in units)
    return binary_ratio(split, scale, sum(m for m, _ in units), sum(p for _, p in units))


def binary_ratio(split: int, scale: int, marked: int, present: int) -> float | Undefined:
    """Return binary alpha from sums over units: ``split`` of marked · unmarked · scale / (present - 1)."""
    chance = marked * (present - marked) * scale
    return 1 - (present - 1) * split / chance if chance else Undefined(NO_VARIATION)
