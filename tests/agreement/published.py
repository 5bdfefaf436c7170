"""Published examples and our own fixtures, and how tables are written down here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

CASES = json.loads((Path(__file__).parent.parent / "cases" / "agreement.json").read_text(encoding="utf-8"))

TAGS = ("claim", "unsourced", "opinion")
_LETTERS = {"c": "claim", "u": "unsourced", "o": "opinion"}


def sets(row: str) -> list[frozenset[str] | None]:
    """Read ``c cu . -``: letters are tags, a point is finished without a mark, a dash is missing."""
    return [None if cell == "-" else frozenset(_LETTERS[c] for c in cell if c != ".") for cell in row.split()]


G1 = [
    sets("c cu o . cu o c . o cu . o"),
    sets("c c o . cu o cu . c cu o o"),
    sets("c cu o c c o c . o cu . -"),
]

G2 = (
    [(0, 40, "claim"), (20, 40, "unsourced"), (60, 90, "opinion")],
    [(0, 50, "claim"), (60, 75, "opinion"), (80, 90, "loaded")],
)


def as_spans(rows: Sequence[Sequence[Sequence]]) -> list[list[tuple[int, int, str]]]:
    return [[(start, end, tag) for start, end, tag in spans] for spans in rows]


def from_matrix(matrix: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return two readers' rows from how often the first said i and the second j."""
    pairs = [(i, j) for i, row in enumerate(matrix) for j, number in enumerate(row) for _ in range(number)]
    return [[i for i, _ in pairs], [j for _, j in pairs]]


def from_counts(table: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return rows of readers from how many gave each value, unit by unit; who it was makes no difference."""
    units = [[value for value, number in enumerate(row) for _ in range(number)] for row in table]
    return [list(reader) for reader in zip(*units, strict=True)]
