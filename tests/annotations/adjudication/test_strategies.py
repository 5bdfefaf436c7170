"""What strategies make of votes: pure."""

from __future__ import annotations

import pytest

from annotations.adjudication.passages import passages_of
from annotations.adjudication.strategies import (
    FIRST_IN_CODEBOOK,
    MAJORITY,
    THRESHOLD,
    UNANIMOUS,
    Order,
    Proposal,
    Strategy,
    merge,
    propose,
)
from tests.annotations.adjudication.test_passages import marks_of

# Opinion stands before claim in this codebook; both are of one exclusive group. Loaded is of none.
CLAIM, OPINION, LOADED = 1, 2, 3
ORDER = Order({OPINION: 0, CLAIM: 1, LOADED: 2}, {CLAIM: 10, OPINION: 10, LOADED: None})


def made(strategy: Strategy, *rows, readers=(1, 2, 3, 4)) -> Proposal | None:
    (passage,) = passages_of(marks_of(*rows), readers)
    return propose(passage, strategy, ORDER)


def votes(**by_tag: int) -> list[tuple]:
    """Rows of one passage: so many readers, from the first on, gave claim; so many others, opinion; and so on."""
    rows, reader = [], 0
    for tag, number in by_tag.items():
        for _ in range(number):
            reader += 1
            rows.append((reader, 0, 40, {{"claim": CLAIM, "opinion": OPINION, "loaded": LOADED}[tag]}))
    return rows


def test_full_agreement_needs_everybody_who_finished_and_the_same_tags():
    rule = Strategy(UNANIMOUS)
    assert made(rule, *votes(claim=4)) == Proposal(0, 40, (CLAIM,))
    assert made(rule, *votes(claim=3)) is None
    assert made(rule, *votes(claim=3, opinion=1)) is None
    # Somebody who has not finished is not asked.
    assert made(rule, *votes(claim=4), (5, 0, 40, {OPINION})) == Proposal(0, 40, (CLAIM,))


def test_full_agreement_takes_the_ends_of_most_and_the_shorter_of_equals():
    rule = Strategy(UNANIMOUS)
    rows = [(1, 0, 40, {CLAIM}), (2, 5, 40, {CLAIM}), (3, 5, 40, {CLAIM}), (4, 8, 40, {CLAIM})]
    assert made(rule, *rows) == Proposal(5, 40, (CLAIM,))
    assert made(rule, *rows[:2], readers=(1, 2)) == Proposal(5, 40, (CLAIM,))


def test_all_marking_without_a_tag_is_agreement():
    assert made(Strategy(UNANIMOUS), (1, 0, 40, ()), (2, 0, 40, ()), readers=(1, 2)) == Proposal(0, 40, ())


def test_majority_counts_those_who_marked_and_half_is_none():
    rule = Strategy(MAJORITY)
    assert made(rule, *votes(claim=2, opinion=1)) == Proposal(0, 40, (CLAIM,))
    assert made(rule, *votes(claim=2, opinion=2)) is None
    assert made(rule, *votes(claim=1)) == Proposal(0, 40, (CLAIM,))


def test_majority_keeps_every_tag_that_has_one():
    rows = [(1, 0, 40, {CLAIM, LOADED}), (2, 0, 40, {CLAIM, LOADED}), (3, 0, 40, {OPINION})]
    assert made(Strategy(MAJORITY), *rows) == Proposal(0, 40, (CLAIM, LOADED))


def test_two_tags_of_a_group_with_a_majority_each_leave_the_passage_open():
    # Each reader has two marks there, one with each tag.
    rows = [(reader, 0, 40, {tag}) for reader in (1, 2, 3) for tag in (CLAIM, OPINION)]
    assert made(Strategy(MAJORITY), *rows) is None
    assert made(Strategy(UNANIMOUS), *rows, readers=(1, 2, 3)) is None


def test_threshold_counts_all_who_finished():
    assert made(Strategy(THRESHOLD, 0.75), *votes(claim=3)) == Proposal(0, 40, (CLAIM,))
    assert made(Strategy(THRESHOLD, 0.75), *votes(claim=2)) is None
    assert made(Strategy(THRESHOLD, 1.0), *votes(claim=4)) == Proposal(0, 40, (CLAIM,))


@pytest.mark.parametrize(("share", "of"), [(0.6, 5), (1 / 3, 3), (2 / 3, 3), (0.7, 10)])
def test_threshold_is_reached_by_exactly_its_share(share, of):
    readers = tuple(range(1, of + 1))
    assert made(Strategy(THRESHOLD, share), *votes(claim=round(share * of)), readers=readers) is not None


def test_of_a_group_the_tag_with_more_votes_wins():
    readers = (1, 2, 3, 4, 5)
    rule = Strategy(THRESHOLD, 0.4)
    assert made(rule, *votes(opinion=2, claim=3), readers=readers) == Proposal(0, 40, (CLAIM,))


def test_a_tie_is_left_open_or_goes_to_the_first_in_the_codebook():
    tie = votes(claim=2, opinion=2)
    assert made(Strategy(THRESHOLD, 0.5), *tie) is None
    assert made(Strategy(THRESHOLD, 0.5, FIRST_IN_CODEBOOK), *tie) == Proposal(0, 40, (OPINION,))


def test_tags_without_a_group_do_not_tie():
    rows = [(1, 0, 40, {CLAIM}), (2, 0, 40, {CLAIM}), (3, 0, 40, {LOADED}), (4, 0, 40, {LOADED})]
    assert made(Strategy(THRESHOLD, 0.5), *rows) == Proposal(0, 40, (CLAIM, LOADED))


def test_the_ends_are_those_of_readers_who_gave_the_tag():
    rows = [(1, 0, 30, {OPINION}), (2, 0, 30, {LOADED}), (3, 0, 40, {CLAIM}), (4, 0, 40, {CLAIM}), (5, 2, 38, {CLAIM})]
    assert made(Strategy(MAJORITY), *rows, readers=(1, 2, 3, 4, 5)) == Proposal(0, 40, (CLAIM,))


@pytest.mark.parametrize("method", [UNANIMOUS, MAJORITY, THRESHOLD])
def test_nobody_finished_means_nothing_is_settled(method):
    assert made(Strategy(method), *votes(claim=2), readers=()) is None


def test_merging_takes_all_words_and_of_a_group_the_tag_of_more_readers():
    rows = [(1, 0, 30, {CLAIM, LOADED}), (2, 4, 40, {CLAIM}), (3, 5, 35, {OPINION})]
    (passage,) = passages_of(marks_of(*rows), (1, 2, 3))
    merged = merge(passage.candidates, ORDER)
    assert (merged.start, merged.end, merged.tags, merged.gave_way) == (0, 40, (CLAIM, LOADED), ((CLAIM, OPINION),))
    two = [one for one in passage.candidates if OPINION in one.tags or LOADED in one.tags]
    assert merge(two, ORDER).tags == (OPINION, LOADED)  # one reader each: the first in the codebook
