"""Tables of values as CSV: one line a reader, one column a unit, nothing in a cell where the value is missing."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from annotations.agreement.coefficients.units import Value

MOST_BYTES, MOST_READERS, MOST_CELLS = 8_000_000, 200, 200_000
# Squares of larger numbers overflow.
_LARGEST = 1e100
# A set that a reader left empty on purpose; an empty cell is a missing value.
EMPTY_SETS = ("-", "{}")


class Unreadable(ValueError):
    """No table of values, with a sentence for people that says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` are readers x units, None where a value is missing; names where the table had some."""

    rows: list[list[Value | None]]
    readers: list[str] | None
    units: list[str] | None


def read_table(data: bytes, *, header: bool = False, names: bool = False) -> Table:
    """Read UTF-8 CSV; cells are text without the white space around it. Lines without any character are left out.

    ``header``: the first line names the units. ``names``: the first column names the readers. Raises Unreadable for
    what is no table or too large a one.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(f"The table has more than {MOST_BYTES:,} bytes.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"The table is not UTF-8 text: byte {error.start} fits no character.") from None
    try:
        lines = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text), strict=True) if line]
    except csv.Error as error:
        raise Unreadable(f"The table is not CSV: {error}.") from None
    if not lines:
        raise Unreadable("There is no table: nothing was read.")
    for number, line in enumerate(lines, 1):
        if len(line) != len(lines[0]):
            raise Unreadable(f"Row {number} has {len(line)} cells, the first one {len(lines[0])}.")
    units = lines.pop(0) if header else None
    readers = [line.pop(0) for line in lines] if names else None
    if names and units:
        units = units[1:]
    if len(lines) < 2:
        raise Unreadable("Agreement needs the rows of at least two readers.")
    if not lines[0]:
        raise Unreadable("The table has no units: there are no columns of values.")
    if len(lines) > MOST_READERS:
        raise Unreadable(f"The table has {len(lines):,} readers, more than {MOST_READERS:,}.")
    if len(lines) * len(lines[0]) > MOST_CELLS:
        raise Unreadable(f"The table has {len(lines) * len(lines[0]):,} cells, more than {MOST_CELLS:,}.")
    return Table([[cell or None for cell in line] for line in lines], readers, units)


def as_numbers(rows: list[list[Value | None]]) -> list[list[float | None]] | None:
    """Return the table with numbers for its text, or None when a value is no number, or one beyond ±10¹⁰⁰."""
    try:
        found = [[None if cell is None else float(str(cell)) for cell in row] for row in rows]
    except ValueError:
        return None
    return found if all(value is None or abs(value) <= _LARGEST for row in found for value in row) else None


def as_sets(rows: list[list[Value | None]]) -> list[list[frozenset[str] | None]]:
    """Return the table with sets of tags for its text: tags with ``|``, ``+`` or white space between, or an empty set.

    Raises Unreadable for a cell that is neither.
    """
    return [[None if cell is None else _set_of(str(cell)) for cell in row] for row in rows]


def _set_of(cell: str) -> frozenset[str]:
    if cell in EMPTY_SETS:
        return frozenset()
    tags = frozenset(cell.replace("|", " ").replace("+", " ").split())
    if not tags or not tags.isdisjoint(EMPTY_SETS):
        raise Unreadable(f"{cell!r} is no set of tags: write c|u, c+u or c u, and - for a set without tags.")
    return tags
