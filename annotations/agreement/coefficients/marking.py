"""What alpha of a rare tag should be read with: how rare it is, and how far readers agree on its presence.

Everything is worked out from (marked, present) of each unit: ``present`` readers have a value, ``marked`` marked it.
"""

from __future__ import annotations

from collections.abc import Sequence

from annotations.agreement.coefficients.chance import ac1_of
from annotations.agreement.coefficients.undefined import NO_VARIATION, NOTHING_SHARED, Undefined

Counts = Sequence[tuple[int, int]]


def prevalence(counts: Counts) -> float | Undefined:
    """Return the share of all values that are marks, in units with at least two values."""
    counts = _pairable(counts)
    if not counts:
        return Undefined(NOTHING_SHARED)
    return sum(marked for marked, _ in counts) / sum(present for _, present in counts)


def positive_agreement(counts: Counts) -> float | Undefined:
    """Return how likely a reader marked what another one did: a mean over marks and other readers.

    Pooled over all pairs of readers and units. With two readers it is 2a / (2a + b + c), the F1 of their marks.
    Spitzer and Fleiss (1974); Cicchetti and Feinstein (High agreement but low kappa II, 1990). Not defined where
    all values are the same.
    """
    counts = _pairable(counts)
    if not counts:
        return Undefined(NOTHING_SHARED)
    pairs = sum(marked * (present - 1) for marked, present in counts)
    if not pairs or _same(counts):
        return Undefined(NO_VARIATION)
    return sum(marked * (marked - 1) for marked, _ in counts) / pairs


def binary_ac1(counts: Counts) -> float | Undefined:
    """Return Gwet's AC1 of a yes-or-no variable; not defined where all values are the same."""
    counts = _pairable(counts)
    if not counts:
        return Undefined(NOTHING_SHARED)
    return ac1_of([{value: n for value, n in ((1, m), (0, p - m)) if n} for m, p in counts])


def _pairable(counts: Counts) -> Counts:
    return [unit for unit in counts if unit[1] >= 2]


def _same(counts: Counts) -> bool:
    return sum(marked for marked, _ in counts) == sum(present for _, present in counts)
