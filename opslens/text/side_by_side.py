"""Two revisions side by side: which block became which, with the words that came and went, and the marks of both."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from opslens.text.anchoring.comparison import heaviest_in_order
from opslens.text.anchoring.diffing import (
    DELETE,
    EQUAL,
    INSERT,
    MOVED_FROM,
    MOVED_TO,
    Change,
    TextMap,
    changes,
    map_texts,
)
from opslens.text.blocks import Document
from opslens.text.weaving import mark_class

SAME, CHANGED, ADDED, REMOVED, MOVED_AWAY, MOVED_HERE = (
    "same", "changed", "added", "removed", "moved-away", "moved-here"
)  # fmt: skip

# A mark as (start, end, slots of its tags) in code points of its text.
Span = tuple[int, int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Side:
    """One block of one revision: its number, its element's name, and its words as HTML."""

    ordinal: int
    kind: str
    html: str


@dataclass(frozen=True, slots=True)
class Row:
    """What stands beside what. ``inline`` has the words of both sides in one; "" where one side says it all."""

    kind: str
    old: Side | None
    new: Side | None
    inline: str
    touched: bool  # whether a change in it touches a mark that was asked for
    counterpart: int | None = None  # of moved blocks: the number of the block on the other side


@dataclass(frozen=True, slots=True)
class Summary:
    """How many words came and went, and how many blocks moved."""

    words_added: int
    words_removed: int
    blocks_moved: int


@dataclass(frozen=True, slots=True)
class Compared:
    rows: list[Row]
    summary: Summary


def compare(
    old: Document,
    new: Document,
    text_map: TextMap,
    *,
    old_marks: Iterable[Span] = (),
    new_marks: Iterable[Span] = (),
    watched: tuple[Iterable[tuple[int, int]], Iterable[tuple[int, int]]] = ((), ()),
) -> Compared:
    """Compare two revisions block by block.

    ``text_map`` is that of their texts. ``watched`` are ranges of the old and of the new text, in code points; a row
    is ``touched`` when a change in it overlaps one of them or stands inside of it.
    """
    listed = changes(text_map)
    pairs, elsewhere = _pairs(old, new, text_map)
    by_old, by_new = _by_block(old, listed, old_side=True), _by_block(new, listed, old_side=False)
    old_painter = _Painter(old.text, old_marks)
    new_painter = _Painter(new.text, new_marks)
    old_watched, new_watched = _merged(watched[0]), _merged(watched[1])
    rows: list[Row] = []

    def add(old_at: int | None, new_at: int | None) -> None:
        left = by_old[old_at] if old_at is not None else []
        right = by_new[new_at] if new_at is not None else []
        both = old_at is not None and new_at is not None
        if both:
            # An insertion is only known to the new side, a deletion only to the old one; what is equal to both.
            here = sorted(
                {*left, *(change for change in right if change.kind in (INSERT, MOVED_TO))}, key=_reading_order
            )
            kind = CHANGED if any(change.kind != EQUAL for change in here) else SAME
        else:
            kind = _alone(old_at, new_at, elsewhere)
            here = left or right
        rows.append(
            Row(
                kind,
                _side(old, old_at, left, old_painter, old_side=True) if old_at is not None else None,
                _side(new, new_at, right, new_painter, old_side=False) if new_at is not None else None,
                "".join(_both(here, old_painter, new_painter)) if both and kind == CHANGED else "",
                kind != SAME and _touches(here, old_watched, new_watched),
                elsewhere.get((old_at is None, old_at if new_at is None else new_at)) if not both else None,
            )
        )

    old_at = new_at = 0
    for old_block, new_block in [*pairs, (len(old.blocks), len(new.blocks))]:
        for ordinal in range(old_at, old_block):
            add(ordinal, None)
        for ordinal in range(new_at, new_block):
            add(None, ordinal)
        if old_block < len(old.blocks):
            add(old_block, new_block)
        old_at, new_at = old_block + 1, new_block + 1
    moved = sum(row.kind == MOVED_HERE for row in rows)
    return Compared(rows, Summary(_words(new.text, listed, INSERT), _words(old.text, listed, DELETE), moved))


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that follow one another; those that are folded are unchanged and stand away from every change."""

    is_folded: bool
    rows: list[Row]


def folded(rows: Sequence[Row], beside: int = 1) -> list[Part]:
    """Return rows in parts: changes with ``beside`` unchanged rows on either side, and what stands between."""
    near: set[int] = set()
    for at, row in enumerate(rows):
        if row.kind != SAME:
            near.update(range(at - beside, at + beside + 1))
    found: list[Part] = []
    for at, row in enumerate(rows):
        if not found or found[-1].is_folded == (at in near):
            found.append(Part(at not in near, []))
        found[-1].rows.append(row)
    return found


def _words(text: str, listed: Sequence[Change], kind: str) -> int:
    pieces = (
        text[c.new_start : c.new_end] if kind == INSERT else text[c.old_start : c.old_end]
        for c in listed
        if c.kind == kind
    )
    return sum(len(piece.split()) for piece in pieces)


def _reading_order(change: Change) -> tuple[int, int, bool]:
    return change.old_start, change.new_start, change.kind in (INSERT, MOVED_TO)


def _pairs(
    old: Document, new: Document, text_map: TextMap
) -> tuple[list[tuple[int, int]], dict[tuple[bool, int], int]]:
    """Which block became which, in the order of both texts; and, by (whether it is a new block, its number), the
    counterpart of those that stand out of this order."""
    shared: dict[tuple[int, int], int] = defaultdict(int)
    old_starts, new_starts = [b.start for b in old.blocks], [b.start for b in new.blocks]
    for run in text_map.runs:
        i = bisect_right(old_starts, run.old_start) - 1
        j = bisect_right(new_starts, run.new_start) - 1
        shift = run.new_start - run.old_start
        at = run.old_start
        while at < run.old_end and i < len(old.blocks) and j < len(new.blocks):
            # Typography may have changed lengths inside of the run; what is shared is a weight, not a position.
            upto = min(run.old_end, old.blocks[i].end, new.blocks[j].end - shift)
            shared[i, j] += max(upto - at, 0)
            if old.blocks[i].end <= upto:
                i += 1
            if new.blocks[j].end - shift <= upto:
                j += 1
            at = max(upto, at + 1)
    best_of_old: dict[int, tuple[int, int]] = {}
    best_of_new: dict[int, tuple[int, int]] = {}
    for (i, j), weight in shared.items():
        best_of_old[i] = max(best_of_old.get(i, (0, -1)), (weight, j))
        best_of_new[j] = max(best_of_new.get(j, (0, -1)), (weight, i))
    mutual = [
        (i, j, float(weight))
        for (i, j), weight in sorted(shared.items())
        if weight and best_of_old[i][1] == j and best_of_new[j][1] == i
    ]
    in_order = [(i, j) for i, j, _ in heaviest_in_order(mutual)]
    taken = set(in_order)
    elsewhere: dict[tuple[bool, int], int] = {}
    for i, j, _ in mutual:
        if (i, j) not in taken:
            elsewhere[False, i], elsewhere[True, j] = j, i
    return in_order, elsewhere


def _alone(old_at: int | None, new_at: int | None, elsewhere: dict[tuple[bool, int], int]) -> str:
    if new_at is None:
        return MOVED_AWAY if (False, old_at) in elsewhere else REMOVED
    return MOVED_HERE if (True, new_at) in elsewhere else ADDED


def _by_block(document: Document, listed: Sequence[Change], *, old_side: bool) -> list[list[Change]]:
    """The changes that have characters in each block of one side, cut at its borders."""
    found: list[list[Change]] = [[] for _ in document.blocks]
    starts = [block.start for block in document.blocks]
    other_side = (INSERT, MOVED_TO) if old_side else (DELETE, MOVED_FROM)
    for change in listed:
        start, end = (change.old_start, change.old_end) if old_side else (change.new_start, change.new_end)
        if start >= end or change.kind in other_side:
            continue
        at = max(bisect_right(starts, start) - 1, 0)
        while at < len(starts) and starts[at] < end:
            block = document.blocks[at]
            low, high = max(start, block.start), min(end, block.end)
            if low < high:
                found[at].append(_cut(change, low - start, high - start, old_side))
            at += 1
    return found


def _cut(change: Change, low: int, high: int, old_side: bool) -> Change:
    """The part ``[low, high)`` of a change, counted on one side; where both have characters they are as many."""
    if change.kind == EQUAL:
        return Change(
            EQUAL,
            change.old_start + low,
            change.old_start + high,
            change.new_start + low,
            change.new_start + high,
        )
    if old_side:
        start = change.old_start
        return Change(change.kind, start + low, start + high, change.new_start, change.new_end)
    start = change.new_start
    return Change(change.kind, change.old_start, change.old_end, start + low, start + high)


def _touches(here: Sequence[Change], old_watched: list[tuple[int, int]], new_watched: list[tuple[int, int]]) -> bool:
    return any(
        change.kind != EQUAL
        and (
            _over(change.old_start, change.old_end, old_watched) or _over(change.new_start, change.new_end, new_watched)
        )
        for change in here
    )


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same stretches without overlaps, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _over(start: int, end: int, watched: list[tuple[int, int]]) -> bool:
    """Whether a change overlaps one of the watched ranges or, without characters of this side, stands inside of one."""
    at = bisect_right(watched, (start, -1))
    before = watched[at - 1] if at else (0, 0)
    if start == end:
        return before[0] < start < before[1]
    return before[1] > start or (at < len(watched) and watched[at][0] < end)


class _Painter:
    """Words of one text as HTML with the marks over them."""

    def __init__(self, text: str, marks: Iterable[Span]) -> None:
        self.text = text
        edges: dict[int, list[tuple[bool, tuple[int, ...]]]] = defaultdict(list)
        for start, end, slots in marks:
            if 0 <= start < end <= len(text):
                edges[start].append((True, slots))
                edges[end].append((False, slots))
        # For each stretch between two edges: how many marks lie over it, and the class that tells their tags.
        self.edges = sorted(edges)
        self.looks: list[tuple[int, str]] = []
        number, counts = 0, defaultdict(int)
        for at in self.edges:
            for begins, slots in edges[at]:
                number += 1 if begins else -1
                for slot in slots:
                    counts[slot] += 1 if begins else -1
            self.looks.append((number, mark_class([slot for slot in sorted(counts) if counts[slot]])))

    def paint(self, start: int, end: int) -> str:
        """``[start, end)`` as HTML."""
        pieces = []
        at = bisect_right(self.edges, start)
        while start < end:
            upto = min(end, self.edges[at]) if at < len(self.edges) else end
            words = escape(self.text[start:upto], quote=False)
            number, look = self.looks[at - 1] if at else (0, "")
            pieces.append(f'<mark class="{look}">{words}</mark>' if number else words)
            start, at = upto, at + 1
        return "".join(pieces)


def _side(document: Document, ordinal: int, here: Sequence[Change], painter: _Painter, *, old_side: bool) -> Side:
    html = []
    for change in here:
        start, end = (change.old_start, change.old_end) if old_side else (change.new_start, change.new_end)
        html.append(_wrapped(change.kind, painter.paint(start, end)))
    return Side(ordinal, document.blocks[ordinal].kind, "".join(html))


def _both(here: Sequence[Change], old_painter: _Painter, new_painter: _Painter) -> Iterable[str]:
    for change in here:
        if change.kind in (DELETE, MOVED_FROM):
            yield _wrapped(change.kind, old_painter.paint(change.old_start, change.old_end))
        else:
            yield _wrapped(change.kind, new_painter.paint(change.new_start, change.new_end))


# What is read aloud beside the element, which not every screen reader announces.
_SPOKEN = {
    DELETE: ("del", "", "removed: "),
    INSERT: ("ins", "", "added: "),
    MOVED_FROM: ("del", ' class="moved"', "moved away: "),
    MOVED_TO: ("ins", ' class="moved"', "moved here: "),
}


def _wrapped(kind: str, html: str) -> str:
    if kind == EQUAL or not html:
        return html
    name, attributes, spoken = _SPOKEN[kind]
    return (
        f'<{name}{attributes}><span class="visually-hidden">[{spoken}</span>{html}'
        f'<span class="visually-hidden">]</span></{name}>'
    )


def apart(old: str, new: str) -> tuple[str, str]:
    """Return two short texts as HTML, with what the other has not in ``del`` and ``ins``."""
    listed = changes(map_texts(old, new))
    gone, come = (DELETE, MOVED_FROM), (INSERT, MOVED_TO)
    return (
        "".join(
            _wrapped(c.kind, escape(old[c.old_start : c.old_end], quote=False)) for c in listed if c.kind not in come
        ),
        "".join(
            _wrapped(c.kind, escape(new[c.new_start : c.new_end], quote=False)) for c in listed if c.kind not in gone
        ),
    )
