from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.agreement.coefficients import (
    Undefined,
    alpha,
    binary_alpha,
    disagreement,
    masi,
    masi_product,
    subset_distance,
)
from tests.agreement.published import CASES, G1

VALUES = (0, 1, 2, 5)
any_value, marked_or_not = st.sampled_from(VALUES), st.sampled_from((0, 1))


@st.composite
def tables(draw, values=any_value) -> list[list]:
    readers, units = draw(st.integers(2, 5)), draw(st.integers(1, 8))
    cell = st.none() | values
    return [draw(st.lists(cell, min_size=units, max_size=units)) for _ in range(readers)]


def plain_alpha(rows, distance) -> Fraction | None:
    """Alpha from its definition: all ordered pairs of values, in fractions."""
    units = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    if not values:
        return None
    n = len(values)
    observed = sum(sum(Fraction(distance(a, b)) for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    expected = sum(Fraction(distance(a, b)) for a, b in permutations(values, 2)) / (n - 1)
    return 1 - observed / expected if expected else None


@pytest.mark.parametrize(
    ("name", "metric"), [(name, metric) for name, case in CASES["coding"].items() for metric in case["alpha"]]
)
def test_alpha_is_the_published_one(name, metric):
    case = CASES["coding"][name]
    assert alpha(case["rows"], metric) == pytest.approx(case["alpha"][metric], abs=1e-4)


def test_both_parts_of_alpha_are_the_published_ones():
    parts = disagreement(CASES["coding"]["K2011"]["rows"])
    assert (parts.observed, parts.expected, parts.pairable) == (
        pytest.approx(0.2),
        pytest.approx(0.779487, abs=1e-6),
        40,
    )


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_a_unit_with_one_value_changes_nothing(metric):
    rows = CASES["coding"]["K2011"]["rows"]
    assert [row[11] for row in rows] == [None, 3, None, None]
    assert alpha([row[:11] for row in rows], metric) == alpha(rows, metric)


def test_characters_as_units():
    rows = [[int(c) for c in "001111111100001111110000"], [int(c) for c in "000011110000000110000000"]]
    assert alpha(rows) == pytest.approx(0.328571, abs=1e-6)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (subset_distance, CASES["sets"]["subset_distance"]),
        (masi_product, CASES["sets"]["masi_product"]),
        ("jaccard", CASES["sets"]["jaccard"]),
        (masi, CASES["sets"]["masi"]),
    ],
)
def test_alpha_of_tag_sets_is_the_published_one(metric, expected):
    rows = [[frozenset(cell) for cell in row] for row in CASES["sets"]["rows"]]
    assert alpha(rows, metric) == pytest.approx(expected, abs=1e-4)


def test_set_distances_of_both_kinds_of_masi():
    one, two, other = frozenset("a"), frozenset("ab"), frozenset("bc")
    assert masi_product(one, two) == pytest.approx(1 / 6)
    assert masi_product(two, other) == pytest.approx(4 / 9)
    assert (masi(one, two), masi(two, other)) == (pytest.approx(2 / 3), pytest.approx(8 / 9))
    for distance in (masi, masi_product, subset_distance):
        assert (distance(two, two), distance(one, other), distance(frozenset(), frozenset())) == (0, 1, 0)


def test_tag_sets_of_our_own_fixture():
    assert alpha(G1, "jaccard") == pytest.approx(0.634845, abs=1e-6)
    assert alpha(G1) == pytest.approx(0.551648, abs=1e-6)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_no_variation_is_not_perfect(metric):
    assert alpha([[1, 1, 1], [1, 1, 1]], metric) == Undefined("no-variation")
    # Values vary, but not where two readers have one.
    assert alpha([[1, 1, 2], [1, 1, None]], metric) == Undefined("no-variation")


def test_why_there_is_no_alpha():
    assert alpha([[1, 2, 3]]) == Undefined("too-few-readers")
    assert alpha([[], []]) == Undefined("too-few-units")
    assert alpha([[1, None], [None, 2]]) == Undefined("nothing-shared")


def test_what_is_no_table_is_refused():
    with pytest.raises(ValueError, match="for every unit"):
        alpha([[1, 2], [1]])
    with pytest.raises(ValueError, match="no metric 'cosine'"):
        alpha([[1, 2], [1, 2]], "cosine")
    with pytest.raises(ValueError, match="not negative"):
        alpha([[-1, 2], [1, 2]], "ratio")


@given(tables())
def test_alpha_is_its_definition(rows):
    for metric, distance in (("nominal", lambda a, b: a != b), ("interval", lambda a, b: (a - b) ** 2)):
        expected = plain_alpha(rows, distance)
        found = alpha(rows, metric)
        assert isinstance(found, Undefined) if expected is None else found == pytest.approx(float(expected))


@given(tables(), st.randoms(use_true_random=False))
def test_order_of_readers_and_units_changes_nothing(rows, chance):
    readers = chance.sample(rows, len(rows))
    columns = list(zip(*readers, strict=True))
    shuffled = list(zip(*chance.sample(columns, len(columns)), strict=True))
    for metric in ("nominal", "ordinal", "interval", "ratio"):
        assert alpha(shuffled, metric) == alpha(rows, metric)


@given(tables())
def test_names_of_nominal_values_change_nothing(rows):
    renamed = [[None if value is None else f"value {9 - value}" for value in row] for row in rows]
    assert alpha(renamed) == alpha(rows)


@given(tables())
def test_alpha_is_at_most_one(rows):
    for metric in ("nominal", "ordinal", "interval", "ratio"):
        found = alpha(rows, metric)
        assert isinstance(found, Undefined) or found <= 1


@given(st.lists(st.sampled_from(VALUES), min_size=1), st.integers(2, 5))
def test_equal_readers_agree_perfectly_or_not_at_all(row, readers):
    perfect = 1.0 if len(set(row)) > 1 else Undefined("no-variation")
    for metric in ("nominal", "ordinal", "interval", "ratio"):
        assert alpha([row] * readers, metric) == perfect


@given(tables(marked_or_not))
def test_binary_alpha_from_counts_is_alpha(rows):
    columns = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    found, whole = binary_alpha((sum(column), len(column)) for column in columns), alpha(rows)
    if isinstance(whole, Undefined):
        assert found == whole
    else:
        assert found == pytest.approx(whole, abs=1e-12)


def test_binary_alpha_refuses_more_marks_than_readers():
    with pytest.raises(ValueError, match="more marks than readers"):
        binary_alpha([(1, 2), (3, 2)])
