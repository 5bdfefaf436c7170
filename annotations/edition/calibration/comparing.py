"""One reader's sentences beside the settled ones. Pure: no database."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Overlap:
    """Sentences that carry one tag for both, for the reader alone, in the settled reading alone."""

    both: int
    only_reader: int
    only_settled: int

    @property
    def f1(self) -> float | None:
        """Twice what both have, over what either has: 1 when they are the same, 0 when nothing is; None when neither
        has any."""
        whole = 2 * self.both + self.only_reader + self.only_settled
        return 2 * self.both / whole if whole else None


def overlap_by_tag(reader: Sequence[AbstractSet[int]], settled: Sequence[AbstractSet[int]]) -> dict[int, Overlap]:
    """By tag id, for every tag that one of both put on some sentence. Both have a set of tag ids for each sentence."""
    counts: dict[int, list[int]] = {}
    for own, theirs in zip(reader, settled, strict=True):
        for tag in own | theirs:
            place = 0 if tag in own and tag in theirs else 1 if tag in own else 2
            counts.setdefault(tag, [0, 0, 0])[place] += 1
    return {tag: Overlap(*three) for tag, three in counts.items()}
