"""How far two values are apart: δ² of Krippendorff's alpha.

Nominal, ordinal, interval and ratio after Krippendorff (Computing Krippendorff's Alpha-Reliability, 2011); distances
of sets after Jaccard (1901), Passonneau (Computing Reliability for Coreference Annotation, LREC 2004; Measuring
Agreement on Set-valued Items (MASI), LREC 2006).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

# Of two values; 0 for equal ones, never negative, the same both ways.
Distance = Callable[[Any, Any], float]
METRICS = ("nominal", "ordinal", "interval", "ratio", "jaccard")


def nominal(a: object, b: object) -> float:
    return float(a != b)


def interval(a: float, b: float) -> float:
    return float((a - b) ** 2)


def ratio(a: float, b: float) -> float:
    """Return ((a - b) / (a + b))². Defined for values that are not negative; two zeros are 0 apart."""
    if a < 0 or b < 0:
        raise ValueError("The ratio metric needs values that are not negative.")
    return 0.0 if a == b else float(((a - b) / (a + b)) ** 2)


def ordinal(totals: Mapping[Any, int]) -> Distance:
    """Return the distance of ranks: how many values stand between two, each end counting half.

    It depends on ``totals``, how often each value was given at units that count. Values must be orderable. The
    published sum over the ranks between two values is the squared difference of their mid-ranks.
    """
    values = sorted(totals)
    mid_ranks = {
        value: up_to - totals[value] / 2
        for value, up_to in zip(values, accumulate(totals[value] for value in values), strict=True)
    }

    def distance(a: Any, b: Any) -> float:
        return (mid_ranks[a] - mid_ranks[b]) ** 2

    return distance


def jaccard(a: frozenset, b: frozenset) -> float:
    """Return the share of all members that only one set has; two empty sets are equal."""
    union = len(a | b)
    return (union - len(a & b)) / union if union else 0.0


def subset_distance(a: frozenset, b: frozenset) -> float:
    """Return 0 for equal sets, 1/3 when one holds the other, 2/3 when they meet, 1 when disjoint (Passonneau 2004).

    The empty set is part of every set.
    """
    if a == b:
        return 0.0
    if a <= b or b <= a:
        return 1 / 3
    return 2 / 3 if a & b else 1.0


def masi(a: frozenset, b: frozenset) -> float:
    """Return 1 - Jaccard similarity times monotonicity (1, 2/3, 1/3, 0), as published (Passonneau 2006)."""
    if not a and not b:
        return 0.0
    return 1 - (1 - jaccard(a, b)) * (1 - subset_distance(a, b))


def masi_product(a: frozenset, b: frozenset) -> float:
    """Return Jaccard distance times subset distance: what DKPro Statistics calls MASI. Smaller than ``masi``."""
    return jaccard(a, b) * subset_distance(a, b)


def distance_for(metric: str | Distance, totals: Mapping[Any, int]) -> Distance:
    """Return the distance called ``metric``, or ``metric`` itself when it is a function of two values.

    Raises ValueError when there is no such metric.
    """
    if callable(metric):
        return metric
    if metric == "ordinal":
        return ordinal(totals)
    fixed: dict[str, Distance] = {"nominal": nominal, "interval": interval, "ratio": ratio, "jaccard": jaccard}
    if metric not in fixed:
        raise ValueError(f"There is no metric {metric!r}; there are {', '.join(METRICS)}.")
    return fixed[metric]
