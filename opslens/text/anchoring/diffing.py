"""The map between two texts: which stretches of the new one are which of the old one, and what changed."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from opslens.text.anchoring.alignment import align_in_order
from opslens.text.anchoring.comparison import Comparison, heaviest_in_order
from opslens.text.anchoring.moves import align_moved

EQUAL, INSERT, DELETE, MOVED_FROM, MOVED_TO = "equal", "insert", "delete", "moved-from", "moved-to"
_LINE_ENDS = re.compile(r"(\n+)")


@dataclass(frozen=True, slots=True)
class Run:
    """Equal words on both sides, as half-open ranges of code points that begin and end with a word.

    Equal means but for typography and letter case. ``moved`` says that they stand elsewhere than the order of what
    surrounds them says.
    """

    old_start: int
    old_end: int
    new_start: int
    new_end: int
    moved: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of one or both texts, in code points, and what became of it.

    ``equal``: the same characters on both sides. ``delete``: in the old text only; ``new_start == new_end``.
    ``insert``: in the new text only. ``moved-from`` and ``moved-to``: each has the range it is about, and that of its
    counterpart on the other side; their words are equal as those of a run are.
    """

    kind: str
    old_start: int
    old_end: int
    new_start: int
    new_end: int


# Where a moved run stands on one side, and the run.
Moved = tuple[int, int, Run]


class TextMap:
    """Which words of ``new`` are which words of ``old``. Made by ``map_texts``; does not change.

    ``runs`` come by ``old_start`` and are disjoint on both sides. ``word_runs`` are the same in words of
    ``comparison``: old word, new word, how many, moved. ``undecided`` has, by its first old word, what stands word
    for word at several places of the new text, with the first new words there.
    """

    __slots__ = ("_starts", "comparison", "new", "old", "runs", "undecided", "word_runs")

    def __init__(self, old: str, new: str, block_end: str = "\n") -> None:
        self.old, self.new = old, new
        self.comparison = both = Comparison(old, new, block_end)
        align_in_order(both)
        self.undecided = align_moved(both)
        runs = both.runs()
        settled = {i for i, _, _ in heaviest_in_order([(i, j, both.weight(i, i + n)) for i, j, n in runs])}
        self.word_runs = [(i, j, n, i not in settled) for i, j, n in runs]
        self._starts = [run[0] for run in runs]
        old_starts, old_ends = both.old.starts, both.old.ends
        new_starts, new_ends = both.new.starts, both.new.ends
        self.runs = [
            Run(old_starts[i], old_ends[i + n - 1], new_starts[j], new_ends[j + n - 1], moved)
            for i, j, n, moved in self.word_runs
        ]

    def run_at(self, word: int) -> int:
        """Return the index of the last run that begins at or before the old word ``word``; -1 when none does."""
        return bisect_right(self._starts, word) - 1


def map_texts(old: str, new: str, *, block_end: str = "\n") -> TextMap:
    """Return the map from ``old`` to ``new``. Time and memory grow about as the length of both.

    ``block_end`` is what ends a block in these texts; where it is longer than one newline, a newline is white space.
    """
    return TextMap(old, new, block_end)


def changes(text_map: TextMap) -> list[Change]:
    """Return both texts as one row of changes, in reading order: what a word diff shows.

    Leaving out what is ``insert`` or ``moved-to`` gives all of the old text, and leaving out what is ``delete`` or
    ``moved-from`` all of the new one. A replaced word is a delete and then an insert, also when only its typography
    differs. Line ends stand in changes of their own, so that none crosses from one block to another.
    """
    moved = [part for at, run in enumerate(text_map.runs) if run.moved for part in _lines(text_map, at)]
    leaving = [(run.old_start, run.old_end, run) for run in moved]
    arriving = sorted([(run.new_start, run.new_end, run) for run in moved], key=itemgetter(0))
    row = _Row(text_map)
    old_at = new_at = 0
    for at, run in enumerate(text_map.runs):
        if not run.moved:
            row.add_gap(old_at, run.old_start, new_at, run.new_start, leaving, arriving)
            row.add_run(at)
            old_at, new_at = run.old_end, run.new_end
    row.add_gap(old_at, len(text_map.old), new_at, len(text_map.new), leaving, arriving)
    return row.changes


def _words_of(text_map: TextMap, at: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the ranges of the words of a run, in code points of both texts."""
    old, new = text_map.comparison.old, text_map.comparison.new
    i, j, length, _ = text_map.word_runs[at]
    for k in range(length):
        yield old.starts[i + k], old.ends[i + k], new.starts[j + k], new.ends[j + k]


def _lines(text_map: TextMap, at: int) -> list[Run]:
    """Return the run cut wherever a line ends on either side."""
    run = text_map.runs[at]
    old, new = text_map.old, text_map.new
    if "\n" not in old[run.old_start : run.old_end] and "\n" not in new[run.new_start : run.new_end]:
        return [run]
    found: list[list[int]] = []
    for old_start, old_end, new_start, new_end in _words_of(text_map, at):
        if found and "\n" not in old[found[-1][1] : old_start] and "\n" not in new[found[-1][3] : new_start]:
            found[-1][1], found[-1][3] = old_end, new_end
        else:
            found.append([old_start, old_end, new_start, new_end])
    return [Run(*part, run.moved) for part in found]


class _Row:
    """Changes as they are put one after the other."""

    def __init__(self, text_map: TextMap) -> None:
        self.map = text_map
        self.changes: list[Change] = []
        # Where both texts are now, and how many of the moved runs have been passed on either side.
        self.old_at = self.new_at = self.left = self.arrived = 0

    def add_run(self, at: int) -> None:
        run = self.map.runs[at]
        if self._same(run.old_start, run.old_end, run.new_start, run.new_end):
            self._add_both(run.old_end, run.new_end)
            return
        for old_start, old_end, new_start, new_end in _words_of(self.map, at):
            self._add_both(old_start, new_start)
            self._add_both(old_end, new_end)

    def add_gap(
        self, old_at: int, old_to: int, new_at: int, new_to: int, leaving: list[Moved], arriving: list[Moved]
    ) -> None:
        old, new = self.map.old, self.map.new
        leaves = self.left < len(leaving) and leaving[self.left][0] < old_to
        arrives = self.arrived < len(arriving) and arriving[self.arrived][0] < new_to
        if not leaves and not arrives and self._same(old_at, old_to, new_at, new_to):
            self._add_both(old_to, new_to)
            return
        while old_at < old_to and new_at < new_to and old[old_at] == new[new_at] and old[old_at].isspace():
            old_at, new_at = old_at + 1, new_at + 1
        self._add_both(old_at, new_at)
        old_end, new_end = old_to, new_to
        while old_at < old_end and new_at < new_end and old[old_end - 1] == new[new_end - 1]:
            if not old[old_end - 1].isspace():
                break
            old_end, new_end = old_end - 1, new_end - 1
        while self.left < len(leaving) and leaving[self.left][0] < old_end:
            start, stop, run = leaving[self.left]
            self._delete(start)
            self._add(Change(MOVED_FROM, start, stop, run.new_start, run.new_end))
            self.old_at = stop
            self.left += 1
        self._delete(old_end)
        while self.arrived < len(arriving) and arriving[self.arrived][0] < new_end:
            start, stop, run = arriving[self.arrived]
            self._insert(start)
            self._add(Change(MOVED_TO, run.old_start, run.old_end, start, stop))
            self.new_at = stop
            self.arrived += 1
        self._insert(new_end)
        self._add_both(old_to, new_to)

    def _same(self, old_start: int, old_end: int, new_start: int, new_end: int) -> bool:
        return self.map.old[old_start:old_end] == self.map.new[new_start:new_end]

    def _add_both(self, old_to: int, new_to: int) -> None:
        """Go on in both texts: equal when the characters are, else replaced."""
        if not self._same(self.old_at, old_to, self.new_at, new_to):
            self._delete(old_to)
            self._insert(new_to)
            return
        for length in _lengths(self.map.old[self.old_at : old_to]):
            self._add(Change(EQUAL, self.old_at, self.old_at + length, self.new_at, self.new_at + length))
            self.old_at += length
            self.new_at += length

    def _delete(self, old_to: int) -> None:
        for length in _lengths(self.map.old[self.old_at : old_to]):
            self._add(Change(DELETE, self.old_at, self.old_at + length, self.new_at, self.new_at))
            self.old_at += length

    def _insert(self, new_to: int) -> None:
        for length in _lengths(self.map.new[self.new_at : new_to]):
            self._add(Change(INSERT, self.old_at, self.old_at, self.new_at, self.new_at + length))
            self.new_at += length

    def _add(self, change: Change) -> None:
        """Add a change, or lengthen the last one when this goes on in the same line and kind."""
        last = self.changes[-1] if self.changes else None
        if (
            last
            and last.kind == change.kind
            and change.kind in (EQUAL, DELETE, INSERT)
            and (last.old_end, last.new_end) == (change.old_start, change.new_start)
            and self._is_line_end(last) == self._is_line_end(change)
        ):
            self.changes[-1] = Change(last.kind, last.old_start, change.old_end, last.new_start, change.new_end)
        else:
            self.changes.append(change)

    def _is_line_end(self, change: Change) -> bool:
        text, at = (self.map.new, change.new_start) if change.kind == INSERT else (self.map.old, change.old_start)
        return text[at] == "\n"


def _lengths(text: str) -> list[int]:
    """Return the lengths of the pieces of a text when it is cut before and after its line ends."""
    return [len(piece) for piece in _LINE_ENDS.split(text) if piece]
