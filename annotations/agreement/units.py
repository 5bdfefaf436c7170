"""Sentences as units, and which of them a mark is about. Pure: no database."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opslens.text.blocks import Document

# Start, end (half-open, in code points) and tag ids of one mark.
Marked = tuple[int, int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Sentence:
    """[start, end) in code points of its revision's text, and the block in which it stands."""

    block: int
    start: int
    end: int


def sentences_of(document: Document) -> list[Sentence]:
    """The sentences that count as units, in order: all but those of nothing but white space and punctuation, such as a
    row of asterisks between two parts, about which nobody could say anything."""
    return [
        Sentence(block.ordinal, start, end)
        for block in document.blocks
        for start, end in block.sentences
        if says_something(document.text[start:end])
    ]


def says_something(text: str) -> bool:
    """Whether there is a letter, a digit or a symbol in it; an emoji is a symbol."""
    return any(character.isalnum() or unicodedata.category(character)[0] not in "PZC" for character in text)


def covered(
    sentences: Sequence[Sentence], starts: Sequence[int], start: int, end: int, *, share: float, characters: int
) -> list[int]:
    """Which of these sentences, as indices, the mark [start, end) covers: it holds at least this share of them, or at
    least so many characters (code points) of them. `starts` are the starts of the sentences, in order.

    Several marks never cover a sentence together: each is a statement of its own.
    """
    found = []
    at = max(bisect_right(starts, start) - 1, 0)
    while at < len(sentences) and starts[at] < end:
        one = sentences[at]
        held = min(one.end, end) - max(one.start, start)
        # A quotient is rounded as the share was when somebody typed it: 55 of 100 is 0.55, but 0.55 * 100 is above 55.
        if held > 0 and (held >= characters or held / (one.end - one.start) >= share):
            found.append(at)
        at += 1
    return found


def values_of(
    sentences: Sequence[Sentence], marks: Iterable[Marked], *, share: float, characters: int
) -> tuple[list[frozenset[int]], int]:
    """One reader's value for each sentence, the ids of the tags on it: the empty set where the reader put none. Also
    how many of the marks cover no sentence at all."""
    starts = [one.start for one in sentences]
    found: list[set[int]] = [set() for _ in sentences]
    brief = 0
    for start, end, tags in marks:
        units = covered(sentences, starts, start, end, share=share, characters=characters)
        brief += not units
        for at in units:
            found[at].update(tags)
    return [frozenset(tags) for tags in found], brief
