"""Gamma: agreement on spans after aligning them, on place and tag at once.

Mathet, Widlöcher and Métivier, The Unified and Holistic Method Gamma (Computational Linguistics 41, 2015). Every span
finds at most one partner of each other reader; of all alignments the one with the least disorder counts. Gamma is
1 - that disorder / the mean disorder of made-up readers.

The observed disorder is exact. The expected one is sampled, so gamma is an estimate: with 30 samples expect ±0.1.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum
from statistics import fmean, pstdev

from annotations.agreement.coefficients.spans import Spans, in_order
from annotations.agreement.coefficients.undefined import NO_VARIATION, TOO_FEW_READERS, Undefined

# The best alignment is searched for exactly; with many readers or many spans on one place this takes for ever.
_MOST_CANDIDATES = 200_000
_MOST_STATES = 200_000

# Start, end, tag; of made-up readers the places are fractions of characters.
_Place = tuple[float, float, str]


class TooManyAlignments(ValueError):
    """Too many ways to align the spans: too many readers, or too many spans on one place."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a pair of spans costs: alpha · ((|starts apart| + |ends apart|) / both lengths)² + beta if tags differ.

    A missing partner costs ``empty`` a pair.
    """

    alpha: float = 1.0
    beta: float = 1.0
    empty: float = 1.0

    def pair(self, a: _Place, b: _Place) -> float:
        place = (abs(a[0] - b[0]) + abs(a[1] - b[1])) / (a[1] - a[0] + b[1] - b[0])
        return self.empty * (self.alpha * place**2 + self.beta * (a[2] != b[2]))


def observed_disorder(
    spans_by_reader: Sequence[Spans | None], *, alpha: float = 1.0, beta: float = 1.0, empty: float = 1.0
) -> float | Undefined:
    """Return the disorder of the best alignment: 0 when all spans are the same; a reader's spans without partners
    cost ``empty`` each.

    ``spans_by_reader``: (start, end, tag) of each reader; None for one who did not finish. Spans of one reader
    may overlap. The costs of a group are divided by the number of pairs of readers, their sum by the mean number of
    spans of a reader. Raises ValueError for a span without characters, and TooManyAlignments where the search would
    take too long: it is meant for two to four readers.
    """
    readers = _finished(spans_by_reader)
    return readers if isinstance(readers, Undefined) else _disorder(readers, Weights(alpha, beta, empty))


def gamma(
    spans_by_reader: Sequence[Spans | None],
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    empty: float = 1.0,
    samples: int = 30,
    seed: int = 20,
) -> float | Undefined:
    """Return gamma: 1 for equal readers, about 0 for readers who mark by chance; other arguments as above.

    A made-up reader has as many spans, as long, as far apart and with tags as frequent as the real ones, drawn from
    normal distributions with their means and deviations. The same seed gives the same estimate, but for the last
    digits of a platform's logarithm.
    """
    readers = _finished(spans_by_reader)
    if isinstance(readers, Undefined):
        return readers
    weights = Weights(alpha, beta, empty)
    observed = _disorder(readers, weights)
    if observed == 0:
        return 1.0
    invent = _Invention(readers, seed)
    expected = fmean(_disorder(invent(), weights) for _ in range(samples))
    return 1 - observed / expected if expected else Undefined(NO_VARIATION)


def _finished(spans_by_reader: Sequence[Spans | None]) -> list[list[_Place]] | Undefined:
    readers: list[list[_Place]] = [list(in_order(spans)) for spans in spans_by_reader if spans is not None]
    if len(readers) < 2:
        return Undefined(TOO_FEW_READERS)
    return readers if any(readers) else Undefined(NO_VARIATION)


class _Invention:
    """Makes up as many readers as there are, in the manner of those there are."""

    def __init__(self, readers: list[list[_Place]], seed: int) -> None:
        self._chance = random.Random(seed)
        self._readers = len(readers)
        self._numbers = _moments([len(spans) for spans in readers])
        self._lengths = _moments([end - start for spans in readers for start, end, _ in spans])
        gaps = [b[0] - a[1] for spans in readers for a, b in pairwise(spans)]
        gaps += [spans[0][0] for spans in readers if spans and spans[0][0] > 0]
        self._gaps = _moments(gaps or [0])
        self._tags = sorted(tag for spans in readers for _, _, tag in spans)

    def __call__(self) -> list[list[_Place]]:
        return [self._reader() for _ in range(self._readers)]

    def _reader(self) -> list[_Place]:
        chance = self._chance
        spans: list[_Place] = []
        position = 0.0
        for _ in range(max(1, int(chance.gauss(*self._numbers)))):
            start = position + chance.gauss(*self._gaps)
            length = 0.0
            while length <= 0:
                length = abs(chance.gauss(*self._lengths))
            position = start + length
            spans.append((start, position, chance.choice(self._tags)))
        return spans


def _moments(numbers: Sequence[float]) -> tuple[float, float]:
    return fmean(numbers), pstdev(numbers)


def _disorder(readers: Sequence[Sequence[_Place]], weights: Weights) -> float:
    total = _least_cost(_candidates(readers, weights), sum(map(len, readers)))
    pairs = len(readers) * (len(readers) - 1) / 2
    return total / pairs / fmean(map(len, readers))


# A group of spans as bits, the lowest of which is its first in the text, and what its pairs cost.
_Group = tuple[int, float]


def _candidates(readers: Sequence[Sequence[_Place]], weights: Weights) -> list[_Group]:
    """Return every group that is no dearer than its spans alone: no other is in a best alignment."""
    order = sorted((span, reader) for reader, spans in enumerate(readers) for span in spans)
    of_reader: list[list[tuple[int, _Place]]] = [[] for _ in readers]
    for bit, (span, reader) in enumerate(order):
        of_reader[reader].append((1 << bit, span))
    pairs = len(readers) * (len(readers) - 1) // 2
    alone = pairs * weights.empty
    # Each entry: the bits, the spans chosen so far, the costs of their pairs, of those with nobody too.
    partial: list[tuple[int, tuple[_Place, ...], float]] = [(0, (), 0.0)]
    for reader, spans in enumerate(of_reader):
        left = len(readers) - reader - 1
        grown = []
        for bits, chosen, cost in partial:
            grown.append((bits, chosen, cost + weights.empty * reader))
            missing = weights.empty * (reader - len(chosen))
            for bit, span in spans:
                dearer = cost + missing + fsum(weights.pair(span, other) for other in chosen)
                if dearer <= (len(chosen) + 1 + left) * alone:
                    grown.append((bits | bit, (*chosen, span), dearer))
            if len(grown) > _MOST_CANDIDATES:
                raise TooManyAlignments("There are too many ways to align these spans.")
        partial = grown
    return [(bits, cost) for bits, chosen, cost in partial if chosen and cost <= len(chosen) * alone]


def _least_cost(groups: list[_Group], spans: int) -> float:
    """Return the least cost of groups that hold each span once.

    Spans are taken in the order of the text. A state is which of those ahead are taken already, and costs differ by
    nothing else, so the cheapest way to a state is all that has to be kept.
    """
    starting_at: list[list[_Group]] = [[] for _ in range(spans)]
    for bits, cost in groups:
        first = (bits & -bits).bit_length() - 1
        starting_at[first].append((bits >> first, cost))
    states = {0: 0.0}
    for first in range(spans):
        following: dict[int, float] = {}
        for taken, cost in states.items():
            ways = ((0, 0.0),) if taken & 1 else starting_at[first]
            for bits, more in ways:
                if taken & bits:
                    continue
                state = (taken | bits) >> 1
                if (total := cost + more) < following.get(state, float("inf")):
                    following[state] = total
        if len(following) > _MOST_STATES:
            raise TooManyAlignments("There are too many ways to align these spans.")
        states = following
    return states[0]
