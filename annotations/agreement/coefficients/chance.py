"""Agreement beyond chance with equal weights for all disagreements: kappa, pi, S and their relatives.

They differ in what they take for chance. Two readers: Cohen's kappa (1960), Scott's pi (1955), Bennett, Alpert and
Goldstein's S (1954). More, with no value missing: Fleiss' kappa (1971), Randolph's free-marginal kappa (2005). Any
table: Gwet's AC1 (Computing inter-rater reliability and its variance in the presence of high agreement, 2008).

None of them is 1 where all values are the same: that is no variation, and no number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum

from annotations.agreement.coefficients.undefined import NO_VARIATION, NOTHING_SHARED, Undefined
from annotations.agreement.coefficients.units import Rows, Value, both_valued, pairable_units

Column = Sequence[Value | None]


def percent_agreement(rows: Rows) -> float | Undefined:
    """Return the share of agreeing pairs of readers, the mean of units with at least two values."""
    units = pairable_units(rows)
    return units if isinstance(units, Undefined) else _agreeing(units)


def cohen_kappa(first: Column, second: Column) -> float | Undefined:
    """Return Cohen's kappa of two readers' values; chance is each reader's own habit."""
    pairs = both_valued(first, second)
    if not pairs:
        return Undefined(NOTHING_SHARED)
    firsts, seconds = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    if len(firsts | seconds) < 2:
        return Undefined(NO_VARIATION)
    chance = sum(number * seconds[value] for value, number in firsts.items()) / len(pairs) ** 2
    return _beyond(sum(a == b for a, b in pairs) / len(pairs), chance)


def scott_pi(first: Column, second: Column) -> float | Undefined:
    """Return Scott's pi of two readers' values; chance is the habit of both together."""
    pairs = both_valued(first, second)
    if not pairs:
        return Undefined(NOTHING_SHARED)
    totals = Counter(value for pair in pairs for value in pair)
    if len(totals) < 2:
        return Undefined(NO_VARIATION)
    return _beyond(sum(a == b for a, b in pairs) / len(pairs), _likely_twice(totals))


def bennett_s(first: Column, second: Column, categories: int | None = None) -> float | Undefined:
    """Return S of two readers' values; chance is one in ``categories``, by default the values that occur."""
    pairs = both_valued(first, second)
    if not pairs:
        return Undefined(NOTHING_SHARED)
    occurring = len({value for pair in pairs for value in pair})
    if occurring < 2:
        return Undefined(NO_VARIATION)
    return _beyond(sum(a == b for a, b in pairs) / len(pairs), 1 / _categories(categories, occurring))


def fleiss_kappa(rows: Rows) -> float | Undefined:
    """Return Fleiss' kappa; chance is the habit of all readers together. Raises ValueError when a value is missing."""
    units = _complete(rows)
    if isinstance(units, Undefined):
        return units
    totals = _totals(units)
    return _beyond(_agreeing(units), _likely_twice(totals)) if len(totals) > 1 else Undefined(NO_VARIATION)


def randolph_kappa(rows: Rows, categories: int | None = None) -> float | Undefined:
    """Return Randolph's kappa; chance is one in ``categories``. Raises ValueError when a value is missing."""
    units = _complete(rows)
    if isinstance(units, Undefined):
        return units
    occurring = len(_totals(units))
    if occurring < 2:
        return Undefined(NO_VARIATION)
    return _beyond(_agreeing(units), 1 / _categories(categories, occurring))


def gwet_ac1(rows: Rows, categories: int | None = None) -> float | Undefined:
    """Return Gwet's AC1 of any number of readers, values may be missing.

    Chance is small where one value prevails, so that rare tags do not come out near 0. Only units with at least two
    values count, for chance as well.
    """
    units = pairable_units(rows)
    return units if isinstance(units, Undefined) else ac1_of(units, categories)


def ac1_of(units: Sequence[Mapping[Value, int]], categories: int | None = None) -> float | Undefined:
    """Return AC1 from how often each value was given, unit by unit, two values or more in each."""
    values = _totals(units)
    if len(values) < 2:
        return Undefined(NO_VARIATION)
    shares = [fsum(unit.get(value, 0) / sum(unit.values()) for unit in units) / len(units) for value in values]
    chance = fsum(share * (1 - share) for share in shares) / (_categories(categories, len(shares)) - 1)
    return _beyond(_agreeing(units), chance)


def _beyond(observed: float, chance: float) -> float:
    return (observed - chance) / (1 - chance)


def _agreeing(units: Sequence[Mapping[Value, int]]) -> float:
    shares = []
    for unit in units:
        present = sum(unit.values())
        shares.append(sum(number * (number - 1) for number in unit.values()) / (present * (present - 1)))
    return fsum(shares) / len(shares)


def _likely_twice(totals: Counter[Value]) -> float:
    return sum(number * number for number in totals.values()) / totals.total() ** 2


def _totals(units: Sequence[Mapping[Value, int]]) -> Counter[Value]:
    totals: Counter[Value] = Counter()
    for unit in units:
        totals.update(unit)
    return totals


def _complete(rows: Rows) -> Sequence[Mapping[Value, int]] | Undefined:
    if any(value is None for row in rows for value in row):
        raise ValueError("This coefficient needs a value of every reader for every unit.")
    return pairable_units(rows)


def _categories(asked: int | None, occurring: int) -> int:
    if asked is not None and asked < occurring:
        raise ValueError(f"There are {occurring} different values, more than {asked}.")
    return asked or occurring
