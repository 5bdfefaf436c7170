"""Marks put together into passages, and the votes on them. No database but where decisions are counted."""

from __future__ import annotations

from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from annotations.adjudication.passages import DeskMark, cluster, passages_of
from annotations.adjudication.ranges import Places, overlap, same_words

ranges = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 120)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=40
)


def marks_of(*rows: tuple) -> list[DeskMark]:
    """From (author, start, end, tags)."""
    return [
        DeskMark(pk, f"m{pk:03}", start, end, author, tuple(sorted(tags)), 1)
        for pk, (author, start, end, tags) in enumerate(rows, 1)
    ]


def as_sets(found: list, given_ranges: list) -> list:
    """Clusters by what is in them, whatever the order and the indices."""
    return sorted((core, sorted(given_ranges[at] for at in members)) for core, members in found)


@given(ranges)
def test_every_mark_is_in_exactly_one_passage_that_holds_the_core(given_ranges):
    found = cluster(given_ranges)
    assert sorted(at for _, members in found for at in members) == list(range(len(given_ranges)))
    for (start, end), members in found:
        assert start < end
        assert start == max(given_ranges[at][0] for at in members)
        assert end == min(given_ranges[at][1] for at in members)


@given(ranges, st.randoms(use_true_random=False))
def test_passages_do_not_depend_on_the_order_of_marks(given_ranges, random):
    shuffled = list(given_ranges)
    random.shuffle(shuffled)
    assert as_sets(cluster(shuffled), shuffled) == as_sets(cluster(given_ranges), given_ranges)


@given(ranges)
def test_the_marks_of_one_passage_put_together_again_are_that_passage(given_ranges):
    for core, members in cluster(given_ranges):
        own = [given_ranges[at] for at in members]
        assert as_sets(cluster(own), own) == [(core, sorted(own))]


@given(ranges, st.integers(0, 500), st.integers(1, 200))
def test_places_finds_what_shares_half_of_the_shorter(given_ranges, start, length):
    places = Places((low, high, at) for at, (low, high) in enumerate(given_ranges))
    wanted = [at for at, (low, high) in enumerate(given_ranges) if same_words(start, start + length, low, high)]
    assert sorted(places.with_words_of(start, start + length)) == wanted


def test_half_of_the_shorter_is_enough_and_less_is_not():
    assert [same_words(0, 10, 5, 40), same_words(0, 10, 6, 40), same_words(0, 10, 10, 20)] == [True, False, False]
    assert overlap(0, 10, 5, 40) == 5


def test_a_chain_of_overlapping_marks_falls_apart():
    chain = [(start, start + 100) for start in range(0, 1000, 50)]
    assert max(len(members) for _, members in cluster(chain)) == 2
    assert all(
        max(chain[at][1] for at in members) - min(chain[at][0] for at in members) <= 150
        for _, members in cluster(chain)
    )


def test_a_mark_over_a_paragraph_does_not_glue_its_sentences_together():
    sentences = [(0, 40), (41, 100), (101, 130)]
    assert as_sets(cluster([(0, 130), *sentences]), [(0, 130), *sentences]) == [
        ((0, 40), [(0, 40)]),
        ((41, 100), [(0, 130), (41, 100)]),
        ((101, 130), [(101, 130)]),
    ]


def test_a_mark_over_a_paragraph_votes_on_each_of_its_sentences():
    marks = marks_of((1, 0, 40, {7}), (1, 41, 100, {7}), (2, 0, 100, {8}))
    votes = {passage.core_start: passage.votes.by_tag for passage in passages_of(marks, [1, 2, 3])}
    assert votes == {0: {7: (1,), 8: (2,)}, 41: {7: (1,), 8: (2,)}}


def test_only_readers_who_have_finished_vote_and_all_are_candidates():
    (passage,) = passages_of(marks_of((1, 0, 40, {7}), (2, 0, 40, {8})), [1])
    assert (passage.votes.of, passage.votes.marked, passage.votes.by_tag) == ((1,), (1,), {7: (1,)})
    assert [one.tags for one in passage.candidates] == [(7,), (8,)]


def test_candidates_are_distinct_readings_most_readers_first():
    marks = marks_of((1, 0, 40, {7}), (2, 5, 40, {7}), (3, 5, 40, {7}), (4, 5, 40, {7, 8}), (4, 5, 40, {7, 8}))
    (passage,) = passages_of(marks, [1, 2, 3, 4])
    assert [(one.start, one.tags, len(one.marks)) for one in passage.candidates] == [
        (5, (7,), 2),
        (0, (7,), 1),
        (5, (7, 8), 2),
    ]
    assert (passage.start, passage.end, passage.core_start, passage.core_end) == (0, 40, 5, 40)


def test_a_passage_is_contested_unless_all_who_finished_gave_the_same_tags():
    def contested(*rows, readers=(1, 2)):
        return passages_of(marks_of(*rows), readers)[0].contested

    same, other, none = (2, 0, 40, {7}), (2, 0, 40, {8}), (2, 0, 40, ())
    mine = (1, 2, 40, {7})
    assert [contested(mine, same), contested(mine, other), contested(mine, none), contested(mine)] == [
        False,
        True,
        True,
        True,
    ]
    assert not contested((1, 0, 40, ()), none)
    # A mark by somebody who has not finished makes no passage contested.
    assert not contested(mine, other, readers=(1,))
    assert not contested(mine, other, readers=())


def test_the_most_divided_passages_come_first():
    marks = marks_of(
        *((reader, 0, 40, {7}) for reader in (1, 2, 3, 4)),  # agreed
        (1, 50, 90, {7}),  # one of four: 0.81 bits
        *((reader, 100, 140, {7}) for reader in (1, 2)),  # two of four: 1 bit
        *((reader, 150, 190, {7}) for reader in (1, 2, 3)),  # as divided as the second
    )
    found = passages_of(marks, [1, 2, 3, 4])
    assert [(passage.start, round(passage.entropy, 2)) for passage in found] == [
        (100, 1.0),
        (50, 0.81),
        (150, 0.81),
        (0, 0.0),
    ]


def test_putting_marks_together_takes_about_linear_time():
    def seconds(number: int) -> float:
        rows = [(reader, at * 60, at * 60 + 55, {7}) for at in range(number) for reader in range(10)]
        marks = marks_of(*rows, (11, 0, number * 60, {8}))
        begin = perf_counter()
        assert len(passages_of(marks, range(12))) == number
        return perf_counter() - begin

    # The best of three on both sides: what else the machine does is not measured.
    small, large = (min(seconds(number) for _ in range(3)) for number in (100, 1000))
    assert large < 40 * small
