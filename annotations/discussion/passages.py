"""Sentences with the marks that belong to them, and how divided readers are about them.

Sentences are fixed when a revision is published, so passages that are made of them stay where they are while marks come
and go, and readers are compared on the same units as in the agreement of the session. Positions are code points.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from annotations.agreement.coefficients import entropy
from annotations.agreement.units import Sentence, covered, says_something
from annotations.codebook.kept import Look
from annotations.reading.queries import Mark
from opslens.text.blocks import Document


@dataclass(slots=True)
class Passage:
    """One sentence, or several under the very same marks, as [start, end).

    `marks` belong to it, in document order. `brief` lie in it and belong to no sentence: they are too short to say
    something of the whole.
    """

    start: int
    end: int
    first_block: int
    last_block: int
    marks: list[Mark] = field(default_factory=list)
    brief: list[Mark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Vote:
    """Of `present` readers who have finished, `marked` put this tag there."""

    look: Look
    marked: int
    present: int

    @property
    def bits(self) -> float:
        return entropy(self.marked, self.present)


@dataclass(frozen=True, slots=True)
class Votes:
    """What readers who have finished say of a passage: a vote for each tag that one of them used there, in codebook
    order; and how many of `present` marked it at all, with a tag or without."""

    by_tag: tuple[Vote, ...]
    marked: int
    present: int

    @property
    def bits(self) -> float:
        """How divided they are: the entropy of the votes, summed over tags, to the thousandth of a bit, so that 1 of 3
        and 2 of 3 are equals everywhere."""
        return round(sum(vote.bits for vote in self.by_tag), 3)

    @property
    def is_contested(self) -> bool:
        return any(vote.marked < vote.present for vote in self.by_tag)


def passages_of(document: Document, marks: Iterable[Mark], *, share: float, characters: int) -> list[Passage]:
    """The passages that somebody marked, in document order.

    A mark belongs to a sentence when it holds at least this `share` of it or at least so many `characters` of it; one
    that belongs to none is brief, and lies in the sentence of which it holds most. `marks` come in document order.
    """
    sentences = [Sentence(block.ordinal, start, end) for block in document.blocks for start, end in block.sentences]
    if not sentences:
        return []
    starts = [sentence.start for sentence in sentences]
    belonging: dict[int, list[Mark]] = {}
    brief: dict[int, list[Mark]] = {}
    for mark in marks:
        units = [
            at
            for at in covered(sentences, starts, mark.start, mark.end, share=share, characters=characters)
            if says_something(document.text[sentences[at].start : sentences[at].end])
        ]
        for at in units:
            belonging.setdefault(at, []).append(mark)
        if not units:
            brief.setdefault(_holding_most(sentences, starts, mark), []).append(mark)
    return _joined(sentences, belonging, brief)


def _holding_most(sentences: Sequence[Sentence], starts: Sequence[int], mark: Mark) -> int:
    """The sentence of which a mark holds most, the first of equals, as an index."""
    first = max(bisect_right(starts, mark.start) - 1, 0)
    touched = range(first, max(bisect_left(starts, mark.end), first + 1))
    held = [min(sentences[at].end, mark.end) - max(sentences[at].start, mark.start) for at in touched]
    return first + held.index(max(held))


def _joined(
    sentences: Sequence[Sentence], belonging: dict[int, list[Mark]], brief: dict[int, list[Mark]]
) -> list[Passage]:
    found: list[Passage] = []
    last = -2
    for at in sorted(belonging.keys() | brief.keys()):
        sentence = sentences[at]
        here, short = belonging.get(at, []), brief.get(at, [])
        before = found[-1] if found else None
        if before and at == last + 1 and not short and not before.brief and here == before.marks:
            before.end, before.last_block = sentence.end, sentence.block
        else:
            found.append(Passage(sentence.start, sentence.end, sentence.block, sentence.block, here, short))
        last = at
    return found


def votes_on(passage: Passage, finished: Collection[int], tags: Collection[int] = ()) -> Votes:
    """The votes of readers who have `finished` (user ids) on a passage; with `tags` (ids) on these alone. Marks of
    others do not count, and those that are too short for the sentence do not either."""
    who: dict[Look, set[int]] = {}
    marked: set[int] = set()
    for mark in passage.marks:
        if mark.author_id not in finished:
            continue
        marked.add(mark.author_id)
        for look in mark.looks:
            if not tags or look.pk in tags:
                who.setdefault(look, set()).add(mark.author_id)
    looks = sorted(who, key=lambda look: look.order)
    by_tag = tuple(Vote(look, len(who[look]), len(finished)) for look in looks)
    return Votes(by_tag, len(marked), len(finished))


def by_contest(voted: Iterable[tuple[Passage, Votes]]) -> list[tuple[Passage, Votes]]:
    """Most divided first, then in document order."""
    return sorted(voted, key=lambda pair: (-pair[1].bits, pair[0].start))
