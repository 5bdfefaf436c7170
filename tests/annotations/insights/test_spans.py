from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.insights.spans import pieces


@pytest.mark.parametrize(
    ("first", "last", "unit", "number", "labels"),
    [
        (date(2026, 3, 1), date(2026, 3, 1), "day", 1, ("1 March 2026", "1 March 2026")),
        (date(2026, 3, 1), date(2026, 3, 31), "day", 31, ("1 March 2026", "31 March 2026")),
        (date(2026, 3, 1), date(2026, 4, 1), "week", 6, ("week of 23 February 2026", "week of 30 March 2026")),
        (date(2025, 12, 31), date(2026, 8, 1), "month", 9, ("December 2025", "August 2026")),
        (date(2020, 2, 29), date(2026, 1, 1), "year", 7, ("2020", "2026")),
        (date.min, date.min, "day", 1, ("1 January 1", "1 January 1")),
        (date(9999, 12, 1), date.max, "day", 31, ("1 December 9999", "31 December 9999")),
    ],
)
def test_the_span_chooses_the_unit(first, last, unit, number, labels):
    found_unit, found = pieces({first: 1, last: 2} if first != last else {first: 3})
    assert (found_unit, len(found), sum(piece.count for piece in found)) == (unit, number, 3)
    assert (found[0].label, found[-1].label) == labels


def test_nothing_has_no_pieces():
    assert pieces({}) == ("day", [])


@given(st.dictionaries(st.dates(), st.integers(1, 9), min_size=1, max_size=6))
def test_every_day_is_in_exactly_one_piece(counts):
    unit, found = pieces(counts)
    assert sum(piece.count for piece in found) == sum(counts.values())
    assert [piece.first for piece in found] == sorted({piece.first for piece in found})
    if unit != "year":
        assert len(found) <= 36
