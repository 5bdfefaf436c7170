"""The profile by hand-made examples, and what holds for every set of marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.insights.profile import (
    ENOUGH,
    ENOUGH_READERS,
    EVIDENCE,
    NOTHING,
    PARTS,
    RHETORIC,
    SEVERAL,
    Alike,
    Spread,
    profile,
)


def alike(reader: int, marks: int, *concepts: str) -> Alike:
    return Alike(reader, frozenset(concepts), marks)


def test_claims_are_parted_by_what_they_stand_on():
    marks = [
        alike(1, 3, "claim", "sourced"),
        alike(1, 2, "claim", "unsourced"),
        alike(1, 1, "prediction"),
        alike(2, 1, "claim", "vague-source"),
        alike(2, 2, "prediction", "unsourced"),
        alike(2, 1, "claim", "sourced", "unsourced"),
        alike(2, 4, "opinion", "unsourced"),  # support of an opinion is no support of a claim
        alike(3, 9, "loaded"),
    ]
    found = profile(marks, marks, {}).support
    assert (found.of, found.readers, found.is_enough) == (10, 2, True)
    assert {part.key: part.count for part in found.parts} == {
        "sourced": 3,
        "vague-source": 1,
        "unsourced": 4,
        SEVERAL: 1,
        NOTHING: 1,
    }
    assert [part.share for part in found.parts] == [0.3, 0.1, 0.4, 0.1, 0.1]
    # The first reader has six claims, the second four: one reader is no spread.
    assert {part.spread for part in found.parts} == {None}


def test_the_spread_is_of_readers_with_enough_of_their_own():
    marks = [
        alike(1, 4, "claim", "unsourced"),
        alike(1, 1, "claim"),
        alike(2, 1, "claim", "unsourced"),
        alike(2, 9, "claim"),
        alike(3, 4, "claim", "unsourced"),
    ]
    unsourced = profile(marks, marks, {}).support.part("unsourced")
    assert unsourced.share == 9 / 19
    assert unsourced.spread == Spread(0.1, 0.8, 2)


@pytest.mark.parametrize(
    ("marks", "is_enough"),
    [
        ([alike(1, 3, "claim"), alike(2, 2, "claim")], True),
        ([alike(1, 2, "claim"), alike(2, 2, "claim")], False),
        ([alike(1, 500, "claim"), alike(2, 9, "opinion")], False),
        ([], False),
    ],
)
def test_a_share_needs_five_marks_and_two_readers(marks, is_enough):
    found = profile(marks, marks, {}).support
    assert found.is_enough == is_enough
    assert {part.share is not None for part in found.parts} == {is_enough}


def test_opinion_is_a_share_of_what_has_a_type():
    marks = [
        alike(1, 2, "opinion"),
        alike(1, 1, "opinion", "claim"),
        alike(2, 4, "claim", "unsourced"),
        alike(2, 1, "prediction"),
        alike(2, 7, "loaded"),
        alike(3, 5),
    ]
    found = profile(marks, marks, {}).opinion
    assert (found.of, found.readers) == (8, 2)
    assert [(part.key, part.count, part.share) for part in found.parts] == [("opinion", 3, 3 / 8)]


def test_rhetoric_is_counted_per_thousand_words_and_reader():
    marks = [alike(1, 3, "loaded", "attack"), alike(1, 1, "evidence"), alike(2, 1, "loaded")]
    found = profile(marks, marks, {1: 1000, 2: 500, 3: 500}).rates
    assert (found.words, found.readers, found.is_enough) == (2000, 3, True)
    assert [(one.key, one.count, one.rate) for one in found.rhetoric] == [
        ("loaded", 4, 2.0),
        ("overreach", 0, 0.0),
        ("missing-context", 0, 0.0),
        ("fear-appeal", 0, 0.0),
        ("attack", 3, 1.5),
    ]
    # The third reader read to the end and marked nothing.
    assert found.rhetoric[0].spread == Spread(0.0, 3.0, 3)
    assert (found.evidence.key, found.evidence.count, found.evidence.rate) == (EVIDENCE, 1, 0.5)


def test_rates_are_made_of_marks_that_stand_in_the_text():
    marks = [alike(1, 3, "loaded"), alike(2, 1, "loaded")]
    found = profile(marks, marks[1:], {1: 500, 2: 500}).rates
    assert (found.rhetoric[0].count, found.rhetoric[0].rate) == (1, 1.0)


@pytest.mark.parametrize(
    ("words", "is_enough"), [({1: 250, 2: 250}, True), ({1: 249, 2: 250}, False), ({1: 9999}, False)]
)
def test_a_rate_needs_words_and_two_readers(words, is_enough):
    marks = [alike(1, 9, "loaded")]
    found = profile(marks, marks, words).rates
    assert found.is_enough == is_enough
    assert (found.rhetoric[0].rate is not None) == is_enough
    assert found.rhetoric[0].spread is None
    assert found.rhetoric[0].count == 9


CONCEPTS = ["claim", "opinion", "prediction", "sourced", "vague-source", "unsourced", *RHETORIC, EVIDENCE]
MARKS = st.lists(
    st.builds(Alike, st.integers(1, 4), st.frozensets(st.sampled_from(CONCEPTS), max_size=4), st.integers(1, 30)),
    max_size=30,
)


@given(MARKS, st.dictionaries(st.integers(1, 4), st.integers(0, 5000), max_size=4))
def test_shares_add_up_and_lie_between_those_of_readers(marks, words):
    found = profile(marks, marks, words)
    claims = sum(one.marks for one in marks if one.concepts & {"claim", "prediction"})
    assert found.support.of == sum(part.count for part in found.support.parts) == claims
    assert tuple(part.key for part in found.support.parts) == PARTS
    if found.support.is_enough:
        assert sum(part.share for part in found.support.parts) == pytest.approx(1)
    else:
        assert claims < ENOUGH or found.support.readers < ENOUGH_READERS
    for part in (*found.support.parts, *found.opinion.parts):
        if part.share is not None:
            assert 0 <= part.share <= 1
        if part.spread is not None:
            assert 0 <= part.spread.low <= part.spread.high <= 1
            assert part.spread.readers >= 2
    for one in (*found.rates.rhetoric, found.rates.evidence):
        assert one.count == sum(alike.marks for alike in marks if one.key in alike.concepts)


@given(MARKS)
def test_the_order_of_marks_and_how_they_are_bundled_do_not_matter(marks):
    single = [Alike(one.reader, one.concepts, 1) for one in reversed(marks) for _ in range(one.marks)]
    words = {1: 700, 2: 900}
    assert profile(single, single, words) == profile(marks, marks, words)
