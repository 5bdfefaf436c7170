"""When two ranges of one text speak of the same words. Ranges are [start, end) in code points; none is empty."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator


def overlap(start: int, end: int, other_start: int, other_end: int) -> int:
    """How many code points two ranges share."""
    return max(0, min(end, other_end) - max(start, other_start))


def same_words(start: int, end: int, other_start: int, other_end: int) -> bool:
    """Whether two ranges share at least half of the shorter of both."""
    shorter = min(end - start, other_end - other_start)
    return 2 * overlap(start, end, other_start, other_end) >= shorter


class Places:
    """Ranges to be found by the words they share with others.

    They are kept by length, in classes that double: of each class only those need a look that start at most its
    length before the words in question. So a single mark over half of the article does not make every question look
    at everything.
    """

    def __init__(self, ranges: Iterable[tuple[int, int, int]]) -> None:
        """`ranges`: (start, end, what it is)."""
        self._classes: dict[int, tuple[list[int], list[tuple[int, int, int]]]] = {}
        for place in sorted(ranges):
            starts, places = self._classes.setdefault((place[1] - place[0]).bit_length(), ([], []))
            starts.append(place[0])
            places.append(place)

    def with_words_of(self, start: int, end: int) -> Iterator[int]:
        """Those that share at least half of the shorter of both with [start, end)."""
        for size, (starts, places) in self._classes.items():
            low, high = bisect_left(starts, start - (1 << size)), bisect_left(starts, end)
            for other_start, other_end, what in places[low:high]:
                if same_words(start, end, other_start, other_end):
                    yield what
