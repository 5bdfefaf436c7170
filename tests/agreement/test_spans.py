from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.agreement.coefficients import (
    Undefined,
    alpha,
    character_alpha,
    character_f1,
    exact_f1,
    merged,
    partial_f1,
    partial_precision,
    unitizing_alpha,
)
from annotations.agreement.coefficients.unitizing import Section, section_distance, unitizing_disagreement
from tests.agreement.published import CASES, G2, as_spans

LENGTH = 30
spans = st.lists(
    st.tuples(st.integers(0, LENGTH - 1), st.integers(1, 12), st.sampled_from("ab")).map(
        lambda drawn: (drawn[0], min(LENGTH, drawn[0] + drawn[1]), drawn[2])
    ),
    max_size=8,
)


def characters(marks, tag: str) -> list[int]:
    return [int(any(s <= at < e and t == tag for s, e, t in marks)) for at in range(LENGTH)]


def test_our_own_fixture():
    a, b = G2
    assert exact_f1(a, b) == 0
    assert character_f1(a, b) == pytest.approx(110 / 165)
    assert (partial_precision(a, b), partial_precision(b, a)) == (pytest.approx(0.5), pytest.approx(0.6))
    assert partial_f1(a, b) == pytest.approx(0.545455, abs=1e-6)
    expected = {"claim": 0.798990, "opinion": 0.572043, "unsourced": -0.105556}
    assert {tag: character_alpha(G2, 100, tag) for tag in expected} == pytest.approx(expected, abs=1e-6)


def test_exact_f1_of_named_entities():
    a, b = as_spans(CASES["exact_f1"]["readers"])
    assert (len(a), len(b), len(set(a) & set(b))) == (16, 17, 13)
    assert exact_f1(a, b) == pytest.approx(CASES["exact_f1"]["f1"], abs=1e-6)


def test_partial_f1_of_the_propaganda_task():
    gold = [(0, 20, "a"), (30, 40, "a"), (50, 60, "b"), (70, 75, "a"), (100, 113, "b")]
    found = [*gold[:4], (102, 112, "b")]
    assert partial_precision(found, gold) == 1
    assert partial_precision(gold, found) * 5 == pytest.approx(4.769231, abs=1e-6)
    assert partial_f1(found, gold) == pytest.approx(0.976378, abs=1e-6)


def test_partial_f1_merges_what_one_reader_marked_twice():
    # Without merging, the longer span would be covered by 120 of 100 characters.
    assert partial_precision([(0, 100, "a")], [(0, 60, "a"), (40, 100, "a")]) == 1
    assert partial_f1([(0, 100, "a")], [(0, 60, "a"), (40, 100, "a")]) == 1


def test_merging_leaves_what_touches_and_other_tags_apart():
    marks = [(5, 9, "a"), (0, 5, "a"), (3, 6, "b"), (8, 12, "a"), (9, 10, "a")]
    assert merged(marks) == [(0, 5, "a"), (5, 12, "a"), (3, 6, "b")]
    with pytest.raises(ValueError, match="no characters"):
        merged([(4, 4, "a")])


def test_nobody_marked_anything_or_one_did():
    some = [(0, 5, "a")]
    for f1 in (exact_f1, character_f1, partial_f1):
        assert f1([], []) == Undefined("no-variation")
        assert (f1(some, []), f1([], some), f1(some, some), f1(some, [(0, 5, "b")])) == (0, 0, 1, 0)


@given(spans, spans)
def test_f1_is_symmetric_and_between_0_and_1(a, b):
    for f1 in (exact_f1, character_f1, partial_f1):
        value = f1(a, b)
        assert value == f1(b, a)
        assert isinstance(value, Undefined) or 0 <= value <= 1 + 1e-12


@given(spans, spans)
def test_character_f1_counts_characters(a, b):
    first = {(at, tag) for tag in "ab" for at, marked in enumerate(characters(a, tag)) if marked}
    second = {(at, tag) for tag in "ab" for at, marked in enumerate(characters(b, tag)) if marked}
    value = character_f1(a, b)
    if first or second:
        assert value == 2 * len(first & second) / (len(first) + len(second))
    else:
        assert value == Undefined("no-variation")


@given(st.lists(spans, min_size=2, max_size=4))
def test_character_alpha_is_alpha_of_characters(readers):
    expected = alpha([characters(marks, "a") for marks in readers])
    found = character_alpha([*readers, None], LENGTH, "a")
    assert found == (expected if isinstance(expected, Undefined) else pytest.approx(expected, abs=1e-9))


def test_character_alpha_refuses_what_it_cannot_count():
    assert character_alpha([[(0, 1, "a")], None], 5, "a") == Undefined("too-few-readers")
    assert character_alpha([[], []], 0, "a") == Undefined("too-few-units")
    assert character_alpha([[(0, 5, "a")], [(0, 5, "a")]], 5, "a") == Undefined("no-variation")
    with pytest.raises(ValueError, match="outside the text of 5"):
        character_alpha([[(0, 6, "a")], []], 5, "a")


def units(*marks: tuple[int, int, str]) -> list[tuple[int, int, str]]:
    """Read (start, length, tag)."""
    return [(start, start + length, tag) for start, length, tag in marks]


K2004 = [
    units((225, 70, "c"), (370, 30, "c"), (180, 60, "k"), (300, 50, "k")),
    units((220, 80, "c"), (355, 20, "c"), (400, 20, "c"), (180, 60, "k"), (300, 50, "k")),
]


def test_unitizing_alpha_is_the_published_one():
    assert unitizing_disagreement(K2004, 300, "c", start=150) == (
        pytest.approx(0.0144, abs=1e-4),
        pytest.approx(0.0532, abs=1e-4),
    )
    assert unitizing_disagreement(K2004, 300, "k", start=150) == (0, pytest.approx(0.0490, abs=1e-4))
    assert unitizing_alpha(K2004, 300, "c", start=150) == pytest.approx(0.7286, abs=1e-4)
    assert unitizing_alpha(K2004, 300, "k", start=150) == 1
    assert unitizing_alpha(K2004, 300, start=150) == pytest.approx(0.8591, abs=5e-4)


def test_unitizing_alpha_of_one_long_unit_against_three_short_ones():
    readers = [units((1, 8, "a")), units((2, 1, "a"), (4, 1, "a"), (6, 1, "a"))]
    assert unitizing_disagreement(readers, 10) == (pytest.approx(0.91), pytest.approx(0.5351, abs=1e-4))
    assert unitizing_alpha(readers, 10) == pytest.approx(-0.7003, abs=1e-4)


@pytest.mark.parametrize(
    ("start", "length", "distance"), [(4, 2, 26), (5, 2, 16), (6, 2, 10), (7, 2, 8), (6, 4, 2), (5, 6, 0)]
)
def test_distance_of_units_is_the_published_one(start, length, distance):
    one, other = Section(5, 11, True), Section(start, start + length, True)
    assert section_distance(one, other) == section_distance(other, one) == distance


def test_distance_of_a_unit_and_a_gap():
    assert section_distance(Section(4, 11, False), Section(5, 11, True)) == 36
    assert section_distance(Section(6, 11, False), Section(5, 11, True)) == 0
    assert section_distance(Section(0, 11, False), Section(5, 11, False)) == 0


def test_unitizing_alpha_without_variation():
    everything = [(0, 20, "a")]
    assert unitizing_alpha([[], [], []], 20) == Undefined("no-variation")
    assert unitizing_alpha([everything, everything], 20) == Undefined("no-variation")
    assert unitizing_alpha([everything, []], 20) < 0
    assert unitizing_alpha([everything, None], 20) == Undefined("too-few-readers")
    assert unitizing_alpha([[(0, 1, "a")], [], []], 20) == pytest.approx(0)
    with pytest.raises(ValueError, match="outside the text from 150"):
        unitizing_alpha([[(100, 160, "a")], []], 300, start=150)


@given(spans, st.integers(2, 4))
def test_equal_readers_divide_a_text_equally(marks, readers):
    value = unitizing_alpha([marks] * readers, LENGTH)
    assert value in (1.0, Undefined("no-variation"))


@given(st.lists(spans, min_size=2, max_size=4))
def test_order_of_readers_changes_no_unitizing(readers):
    assert unitizing_alpha(readers[::-1], LENGTH) == unitizing_alpha(readers, LENGTH)
