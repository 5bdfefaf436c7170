"""Passages whose words no longer stand side by side: what is left of them, and where that begins and ends."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import fuzz

from opslens.text.anchoring.comparison import Stretch
from opslens.text.anchoring.diffing import TextMap

# The share of a passage's weight below which what remains of it is not that passage.
_LEAST = 0.3
# The share of a passage without any surviving word that must be spelt alike, and of all that was edited there.
_LEAST_ALIKE = 0.5
_LEAST_ALIKE_AROUND = 0.3
# How alike two words must be for one to be the other, spelt otherwise; of 100.
_ALIKE = 60
# ... and to count as evidence.
_SLIP = 75
# How far from the edge of what is left its neighbourhood reaches, in words.
_REACH = 60
# The product of both lengths above which words are not compared by their spelling.
_MOST_COMPARED = 2_000

# Old word, new word, how many.
Part = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Remains:
    """The new words ``[start, stop)`` that a passage has become, and which share of its words is among them."""

    start: int
    stop: int
    moved: bool
    score: float
    # Whether none of its words is the same: it was found by spelling, where it stood.
    by_spelling: bool = False


class Passage:
    """The old words ``[first, stop)`` and what became of them."""

    def __init__(self, text_map: TextMap, first: int, stop: int) -> None:
        self.map, self.both = text_map, text_map.comparison
        self.first, self.stop = first, stop
        self.whole = self.both.weight(first, stop)

    def remains(self) -> Remains | None:
        """Return where the passage stands, or None when it is gone."""
        parts, moved = self._parts()
        score = self._score(parts)
        if not score:
            return self._spelt_otherwise()
        p, q, _ = first = min(parts, key=lambda part: part[1])
        last = max(parts, key=lambda part: part[1])
        start, stop = q, last[1] + last[2]
        if first == parts[0] and last == parts[-1]:
            if p > self.first:
                start = self._start(p, q)
            if last[0] + last[2] < self.stop:
                stop = self._stop(last[0] + last[2], stop)
        weight = self._weight(parts)
        if weight < _LEAST * self.whole and weight + self._weight_alike(start, stop) < _LEAST * self.whole:
            return None
        return Remains(start, stop, moved, score)

    def _score(self, parts: list[Part]) -> float:
        """Return the share of the passage's words that are in the parts; of its signs, when it has no words."""
        words = self.both.words_between(self.first, self.stop)
        if not words:
            return sum(length for _, _, length in parts) / (self.stop - self.first)
        return sum(self.both.words_between(i, i + length) for i, _, length in parts) / words

    # --- what is left -------------------------------------------------------------------------------------------

    def _parts(self) -> tuple[list[Part], bool]:
        """Return the runs of the passage that stand together in the new text, by old word, and whether they moved.

        They are the heaviest group that is in order, and whatever else of the passage stands so near to it that
        nothing of the text around the passage is between.
        """
        groups = self._groups()
        if not groups:
            return [], False
        parts, moved = max(groups, key=lambda group: self._weight(group[0]))
        if len(groups) == 1:
            return parts, moved
        low, high = parts[0][1], parts[-1][1] + parts[-1][2]
        others = [part for group, _ in groups if group is not parts for part in group]
        # From the nearest on, so that the way to the next leads over what has been taken in.
        for part in sorted(others, key=lambda part: min(abs(part[1] - high), abs(part[1] + part[2] - low))):
            start, stop = part[1], part[1] + part[2]
            if low <= start < high or self._is_ours(high, start) or self._is_ours(stop, low):
                parts = [*parts, part]
                low, high = min(low, start), max(high, stop)
        return sorted(parts), moved

    def _groups(self) -> list[tuple[list[Part], bool]]:
        """Return the runs in the passage by where they stand: all that are in order, and those that moved together."""
        in_order: list[Part] = []
        groups: list[tuple[list[Part], bool]] = [(in_order, False)]
        runs = self.map.word_runs
        for at in range(max(self.map.run_at(self.first), 0), len(runs)):
            i, j, length, moved = runs[at]
            if i >= self.stop:
                break
            low, high = max(i, self.first), min(i + length, self.stop)
            if low >= high:
                continue
            part = (low, j + low - i, high - low)
            if not moved:
                in_order.append(part)
                continue
            last, was_moved = groups[-1]
            apart = part[1] - last[-1][1] - last[-1][2] if was_moved else -1
            if 0 <= apart <= 2 * (self.stop - self.first):
                last.append(part)
            else:
                groups.append(([part], True))
        return groups if in_order else groups[1:]

    def _weight(self, parts: list[Part]) -> float:
        return sum(self.both.weight(i, i + length) for i, _, length in parts)

    def _is_ours(self, low: int, high: int) -> bool:
        """Return whether the new words ``[low, high)`` are few and none is of the text around the passage."""
        return 0 <= high - low <= self.stop - self.first and all(
            i < 0 or self.first <= i < self.stop for i in self.both.to_old[low:high]
        )

    # --- where it begins and ends -------------------------------------------------------------------------------

    def _start(self, p: int, q: int) -> int:
        """Return the new word at which the passage begins; of its words, ``p`` is the first left, and now ``q``.

        Words that replaced its first ones belong to it, but only in the sentence of ``q``: a sentence in which
        nothing stayed is another sentence.
        """
        old_from, new_from = _last(self.both.old.sentences, p), _last(self.both.new.sentences, q)
        g = max(_back_to_partner(self.both.to_new, p), old_from)
        h = max(_back_to_partner(self.both.to_old, q), new_from)
        if g == p or h == q:
            return q
        if g < self.first:
            return self._start_within((g, p), (h, q))
        return h if q - h <= _most(p - g) else q - (p - g)

    def _stop(self, p: int, q: int) -> int:
        """Return the new word before which the passage ends; of its words, the one before ``p`` is the last left."""
        old_to, new_to = _next(self.both.old.sentences, p), _next(self.both.new.sentences, q)
        g = min(_on_to_partner(self.both.to_new, p), old_to)
        h = min(_on_to_partner(self.both.to_old, q), new_to)
        if g == p or h == q:
            return q
        if g > self.stop:
            return self._stop_within((p, g), (q, h))
        return h if h - q <= _most(g - p) else q + (g - p)

    def _start_within(self, old: Stretch, new: Stretch) -> int:
        """Return where the passage begins in a stretch ``new`` that replaced ``old``, which began before it."""
        (a, b), (next_a, next_b) = self._alike_around(old, new, self.first)
        if next_a == self.first:
            return next_b
        if a == self.first - 1 or next_a - a == next_b - b:
            return b + self.first - a
        return max(next_b - (next_a - self.first), b + 1)

    def _stop_within(self, old: Stretch, new: Stretch) -> int:
        """Return where the passage ends in a stretch ``new`` that replaced ``old``, which ended after it."""
        (a, b), (next_a, next_b) = self._alike_around(old, new, self.stop)
        if a == self.stop - 1:
            return b + 1
        if next_a == self.stop:
            return next_b
        if next_a - a == next_b - b:
            return b + self.stop - a
        return min(b + self.stop - a, next_b)

    def _alike_around(self, old: Stretch, new: Stretch, at: int) -> tuple[Stretch, Stretch]:
        """Return the nearest pairs of words, of those alike and the neighbours, before and not before ``at``."""
        pairs = [(old[0] - 1, new[0] - 1), *self._alike(old, new), (old[1], new[1])]
        return next((before, after) for before, after in pairwise(pairs) if before[0] < at <= after[0])

    # --- words spelt otherwise ----------------------------------------------------------------------------------

    def _likeness(self, i: int, j: int) -> float:
        """Return how alike two words are spelt, of 100, or 0; a number is alike to any other."""
        both = self.both
        if both.is_numeral[both.old.numbers[i]] and both.is_numeral[both.new.numbers[j]]:
            return 100.0
        return fuzz.ratio(both.old.word(i).casefold(), both.new.word(j).casefold(), score_cutoff=_ALIKE)

    def _alike(self, old: Stretch, new: Stretch) -> list[tuple[int, int]]:
        """Return pairs of words that are spelt alike, in order, so that the likeness of all is greatest.

        After Needleman and Wunsch (A general method applicable to the search for similarities, 1970).
        """
        rows, columns = old[1] - old[0], new[1] - new[0]
        if rows * columns > _MOST_COMPARED:
            return []
        alike = [[self._likeness(i, j) for j in range(*new)] for i in range(*old)]
        best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
        for i in range(rows - 1, -1, -1):
            for j in range(columns - 1, -1, -1):
                paired = best[i + 1][j + 1] + alike[i][j] if alike[i][j] else 0.0
                best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
        pairs = []
        i = j = 0
        while i < rows and j < columns:
            if alike[i][j] and best[i][j] == best[i + 1][j + 1] + alike[i][j]:
                pairs.append((old[0] + i, new[0] + j))
                i, j = i + 1, j + 1
            elif best[i][j] == best[i + 1][j]:
                i += 1
            else:
                j += 1
        return pairs

    def _weight_alike(self, start: int, stop: int) -> float:
        """Return the weight of the passage's words that are in ``[start, stop)``, spelt otherwise."""
        return sum(
            self.both.weight(i, i + 1)
            for i, j in self._alike((self.first, self.stop), (start, stop))
            if self.both.to_new[i] < 0 and self.both.to_old[j] < 0 and self._likeness(i, j) >= _SLIP
        )

    def _spelt_otherwise(self) -> Remains | None:
        """Return where the passage is when all of its words were spelt otherwise between neighbours that stayed."""
        g = _back_to_partner(self.both.to_new, self.first)
        p = _on_to_partner(self.both.to_new, self.stop)
        h = self.both.to_new[g - 1] + 1 if g else 0
        q = self.both.to_new[p] if p < len(self.both.to_new) else len(self.both.to_old)
        # Without a partner in reach, h or q says nothing.
        if (g and not h) or not h < q <= h + 2 * _REACH or any(i >= 0 for i in self.both.to_old[h:q]):
            return None
        alike = [
            (i, j)
            for i, j in self._alike((g, p), (h, q))
            if self.first <= i < self.stop and self._likeness(i, j) >= _SLIP
        ]
        weight = sum(self.both.weight(i, i + 1) for i, _ in alike)
        around = max(self.both.weight(g, p), self.both.new_weight(h, q))
        if not alike or weight < max(_LEAST_ALIKE * self.whole, _LEAST_ALIKE_AROUND * around):
            return None
        start = h if g == self.first else self._start_within((g, p), (h, q))
        stop = q if p == self.stop else self._stop_within((g, p), (h, q))
        start = max(start, _last(self.both.new.sentences, alike[0][1]))
        stop = min(stop, _next(self.both.new.sentences, alike[-1][1] + 1))
        return Remains(start, stop, moved=False, score=0.0, by_spelling=True) if start < stop else None


def _back_to_partner(partners: list[int], index: int) -> int:
    """Return the start of the words without partner that end before ``index``, within reach."""
    low = max(index - _REACH, 0)
    while index > low and partners[index - 1] < 0:
        index -= 1
    return index


def _on_to_partner(partners: list[int], index: int) -> int:
    high = min(index + _REACH, len(partners))
    while index < high and partners[index] < 0:
        index += 1
    return index


def _most(words: int) -> int:
    """Return how many words at the edge of a passage may have replaced ``words``; more were put in beside it."""
    return 3 * words + 3


def _last(borders: list[int], index: int) -> int:
    """Return the last border that is not after ``index``."""
    return borders[bisect_right(borders, index) - 1]


def _next(borders: list[int], index: int) -> int:
    """Return the first border that is not before ``index``."""
    return borders[bisect_left(borders, index)]
