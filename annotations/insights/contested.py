"""Passages about which readers differ: where two of them chose different tags of one exclusive group. Pure, but for the
shape of marks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotations.agreement.coefficients.contested import entropy
from annotations.reading.queries import Mark, contested_ranges

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Passage:
    """[start, end) in code points of a revision; the block in which it begins; (tag id, readers who put it there) in
    the order of the codebook; how many readers put any of them; how divided those who marked the article are, in bits.
    """

    article: int
    revision: int
    start: int
    end: int
    block: int
    votes: tuple[tuple[int, int], ...]
    readers: int
    bits: float

    @property
    def rank(self) -> tuple:
        """Most divided first, then with more readers, then as the text goes."""
        return (-round(self.bits, 12), -self.readers, self.article, self.start)


def passages(article: int, marks: Sequence[Mark], present: int) -> list[Passage]:
    """The contested passages of one text, in its order. `marks`: with the tags of exclusive groups alone. `present`:
    how many readers have marked the article; one without a mark on a passage has put no tag there."""
    ranges = contested_ranges(marks)
    if not ranges:
        return []
    starts = [start for start, _ in ranges]
    held: list[dict[int, dict[int, set[int]]]] = [{} for _ in ranges]
    blocks: dict[int, int] = {}
    order = {look.pk: look.order for mark in marks for look in mark.looks}
    for mark in marks:
        # A passage begins where some mark begins: only opening a mark brings readers into conflict.
        blocks.setdefault(mark.start, mark.first_block)
        at = max(bisect_right(starts, mark.start) - 1, 0)
        while at < len(ranges) and ranges[at][0] < mark.end:
            if ranges[at][1] > mark.start:
                for look in mark.looks:
                    held[at].setdefault(look.exclusive_group, {}).setdefault(look.pk, set()).add(mark.author_id)
            at += 1
    found = []
    for (start, end), groups in zip(ranges, held, strict=True):
        divided = [tags for tags in groups.values() if len(tags) > 1]
        bits = 0.0
        for tags in divided:
            bits += sum(entropy(len(readers), present) for readers in tags.values())
        votes = sorted(
            ((pk, len(readers)) for tags in divided for pk, readers in tags.items()), key=lambda v: order[v[0]]
        )
        readers = len({reader for tags in divided for people in tags.values() for reader in people})
        found.append(Passage(article, marks[0].revision_id, start, end, blocks[start], tuple(votes), readers, bits))
    return found


def most_contested(found: Iterable[Passage]) -> list[Passage]:
    return sorted(found, key=lambda passage: passage.rank)[:SHOWN]
