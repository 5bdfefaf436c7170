"""Tables of values: one row a reader, one column a unit, None where a reader has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from annotations.agreement.coefficients.undefined import NOTHING_SHARED, TOO_FEW_READERS, TOO_FEW_UNITS, Undefined

Value = Hashable
# Readers x units. None is missing: not finished, not opened. It is never a value such as "empty".
Rows = Sequence[Sequence[Value | None]]


def check_rectangular(rows: Sequence[Sequence[object]]) -> None:
    """Raise ValueError unless every row is as long as the first."""
    if len({len(row) for row in rows}) > 1:
        raise ValueError("Every reader needs a value, or None, for every unit.")


def pairable_units(rows: Rows) -> list[Counter[Value]] | Undefined:
    """Return how often each value was given, for each unit with at least two values; the others tell nothing.

    Raises ValueError when rows differ in length.
    """
    check_rectangular(rows)
    if len(rows) < 2:
        return Undefined(TOO_FEW_READERS)
    if not rows[0]:
        return Undefined(TOO_FEW_UNITS)
    units = []
    for column in zip(*rows, strict=True):
        given = Counter(value for value in column if value is not None)
        if given.total() >= 2:
            units.append(given)
    return units or Undefined(NOTHING_SHARED)


def both_valued(first: Sequence[Value | None], second: Sequence[Value | None]) -> list[tuple[Value, Value]]:
    """Return the pairs of values at units where both readers have one. Raises ValueError when lengths differ."""
    check_rectangular((first, second))
    return [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
