"""Which units readers are most divided about: the entropy of their votes, in bits (Shannon 1948)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2


@dataclass(frozen=True, slots=True)
class Votes:
    """Of ``present`` readers with a value, ``marked`` put this tag on the unit."""

    tag: str
    marked: int
    present: int

    @property
    def entropy(self) -> float:
        return entropy(self.marked, self.present)


@dataclass(frozen=True, slots=True)
class Contested:
    """A unit (its index in the table), how contested it is, and the votes for each tag that somebody marked it with.

    ``entropy`` is the sum over tags, in bits: a sentence with three divided tags has more to talk about than one with
    a single one. Votes come most divided first.
    """

    unit: int
    entropy: float
    votes: tuple[Votes, ...]


def entropy(marked: int, present: int) -> float:
    """Return the entropy of a vote in bits: 0 when all agree, 1 when half of them marked it.

    Raises ValueError unless 0 <= marked <= present and there is somebody.
    """
    if not 0 <= marked <= present or not present:
        raise ValueError("A vote needs readers, and no more marks than readers.")
    if marked in (0, present):
        return 0.0
    share = marked / present
    return -(share * log2(share) + (1 - share) * log2(1 - share))


def contested_units(tags: Sequence[str], counts: Mapping[int, tuple[Sequence[int], int]]) -> tuple[Contested, ...]:
    """Return the units on which readers are divided, most divided first, then by position.

    ``counts``: for each unit, how many readers marked it with each of ``tags``, and how many have a value there.
    """
    found = []
    for unit, (marked, present) in counts.items():
        votes = [Votes(tag, number, present) for tag, number in zip(tags, marked, strict=True) if number]
        # sorted keeps the order of tags among equals; rounded, so that 1 of 3 and 2 of 3 are equals everywhere.
        votes.sort(key=lambda vote: -round(vote.entropy, 12))
        if total := sum(vote.entropy for vote in votes):
            found.append(Contested(unit, total, tuple(votes)))
    found.sort(key=lambda passage: (-round(passage.entropy, 12), passage.unit))
    return tuple(found)
