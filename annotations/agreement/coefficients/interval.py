"""Intervals by bootstrap over units: the same table, with its units drawn anew, with replacement, many times.

Efron, Bootstrap Methods (1979); percentile method. The units are what varies, the readers stay: the interval says
how far the number depends on which sentences were read, not on who read them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import floor

from annotations.agreement.coefficients.distances import Distance, distance_for
from annotations.agreement.coefficients.krippendorff import Disagreement, disagreement_of
from annotations.agreement.coefficients.undefined import NO_VARIATION, Undefined
from annotations.agreement.coefficients.units import Rows, Value, pairable_units

SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """Between ``low`` and ``high`` lie 95 of 100 draws. Of ``draws``, ``undefined_draws`` had no variation.

    The latter are left out. When there are many, the interval says little.
    """

    low: float
    high: float
    draws: int
    undefined_draws: int


def resamples(units: int, draws: int, seed: int) -> Iterator[list[int]]:
    """Yield ``draws`` lists of ``units`` indices, drawn with replacement.

    Only ``random()`` is asked for: its sequence for a seed is the same on every platform and version of Python.
    """
    chance = random.Random(seed).random
    for _ in range(draws):
        yield [int(chance() * units) for _ in range(units)]


def percentile_interval(values: Iterable[float | Undefined]) -> Interval | Undefined:
    """Return the interval of the values of all draws, between neighbours in proportion; undefined when all are."""
    drawn = list(values)
    defined = sorted(value for value in drawn if not isinstance(value, Undefined))
    if not defined:
        return Undefined(NO_VARIATION)
    tail = (1 - SHARE) / 2
    return Interval(_quantile(defined, tail), _quantile(defined, 1 - tail), len(drawn), len(drawn) - len(defined))


def _quantile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def alpha_interval(
    rows: Rows, metric: str | Distance = "nominal", *, draws: int = 1000, seed: int = 20
) -> Interval | Undefined:
    """Return the interval of ``alpha(rows, metric)``; errors as there.

    The time grows with draws x (units + the square of the number of different values), the latter but for nominal.
    ``tag_report`` is the quick way for tags.
    """
    units = pairable_units(rows)
    if isinstance(units, Undefined):
        return units
    if isinstance(whole := disagreement_of(units, metric).alpha, Undefined):
        return whole
    draw = _NominalDraw(units) if metric == "nominal" else _Draw(units, metric)
    return percentile_interval(draw(sample).alpha for sample in resamples(len(units), draws, seed))


class _NominalDraw:
    def __init__(self, units: Sequence[Mapping[Value, int]]) -> None:
        self._units = units
        self._sizes = [sum(unit.values()) for unit in units]
        self._split = [
            (size * size - sum(n * n for n in unit.values())) / (size - 1)
            for unit, size in zip(units, self._sizes, strict=True)
        ]

    def __call__(self, sample: list[int]) -> Disagreement:
        totals: dict[Value, int] = {}
        for index in sample:
            for value, number in self._units[index].items():
                totals[value] = totals.get(value, 0) + number
        pairable = sum(self._sizes[index] for index in sample)
        unequal = pairable * pairable - sum(number * number for number in totals.values())
        observed = sum(map(self._split.__getitem__, sample)) / pairable
        return Disagreement(observed, unequal / (pairable * (pairable - 1)), pairable)


class _Draw:
    """Distances are looked up once; for ordinal they depend on the draw, and are ranks' differences each time."""

    def __init__(self, units: Sequence[Mapping[Value, int]], metric: str | Distance) -> None:
        self._metric = metric
        totals: Counter[Value] = Counter()
        for unit in units:
            totals.update(unit)
        self._values = sorted(totals) if metric == "ordinal" else list(totals)
        self._fixed = None if metric == "ordinal" else self._distances(distance_for(metric, totals))
        place = {value: index for index, value in enumerate(self._values)}
        self._counts = [[(place[value], number) for value, number in unit.items()] for unit in units]
        self._sizes = [sum(unit.values()) for unit in units]
        self._pairs = [
            [(min(i, j), max(i, j), 2 * n * m / (size - 1)) for (i, n), (j, m) in combinations(counts, 2)]
            for counts, size in zip(self._counts, self._sizes, strict=True)
        ]

    def _distances(self, distance: Distance) -> list[list[float]]:
        # Row i holds the distances of value i to those after it, at their own index.
        values = self._values
        return [[0.0] * (i + 1) + [distance(a, b) for b in values[i + 1 :]] for i, a in enumerate(values)]

    def __call__(self, sample: list[int]) -> Disagreement:
        totals = [0] * len(self._values)
        for index in sample:
            for value, number in self._counts[index]:
                totals[value] += number
        drawn = [index for index, number in enumerate(totals) if number]
        apart = self._fixed
        if apart is None:
            given = {self._values[index]: totals[index] for index in drawn}
            by_rank = distance_for("ordinal", given)
            apart = [
                [by_rank(a, b) if totals[i] and totals[j] else 0.0 for j, b in enumerate(self._values)]
                for i, a in enumerate(self._values)
            ]
        pairable = sum(self._sizes[index] for index in sample)
        observed = sum(weight * apart[i][j] for index in sample for i, j, weight in self._pairs[index])
        expected = sum(totals[i] * sum(totals[j] * apart[i][j] for j in drawn[at + 1 :]) for at, i in enumerate(drawn))
        return Disagreement(observed / pairable, 2 * expected / (pairable * (pairable - 1)), pairable)
