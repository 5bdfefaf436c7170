from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.agreement.coefficients import (
    Undefined,
    Votes,
    alpha,
    band,
    binary_ac1,
    entropy,
    positive_agreement,
    tag_report,
)
from annotations.agreement.coefficients.interval import percentile_interval, resamples
from annotations.agreement.coefficients.packing import pack, unpack, width_for
from annotations.agreement.coefficients.tagsets import TagSets
from tests.agreement.published import G1, TAGS

ALPHABET = "abcde"
cells = st.none() | st.frozensets(st.sampled_from(ALPHABET))


@st.composite
def tables(draw) -> list[list]:
    readers, units = draw(st.integers(2, 5)), draw(st.integers(1, 12))
    return [draw(st.lists(cells, min_size=units, max_size=units)) for _ in range(readers)]


def same(found, expected) -> bool:
    return found == (expected if isinstance(expected, Undefined) else pytest.approx(expected, abs=1e-12))


def of_tag(rows, tag):
    return [[None if cell is None else int(tag in cell) for cell in row] for row in rows]


def pair_f1(first, second) -> float | Undefined:
    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    marks = sum(len(a) + len(b) for a, b in both)
    return 2 * sum(len(a & b) for a, b in both) / marks if marks else Undefined("no-variation")


def test_our_own_fixture():
    report = tag_report(G1, TAGS)
    assert (report.readers, report.units, report.pairable) == (3, 12, 35)
    assert report.headline.alpha == pytest.approx(0.634845, abs=1e-6)
    assert {tag.tag: tag.alpha for tag in report.tags} == pytest.approx(
        {"claim": 0.777778, "unsourced": 0.527778, "opinion": 0.742424}, abs=1e-6
    )
    f1 = {(pair.first, pair.second): pair.f1 for row in report.pairs for pair in row if pair}
    assert f1 == pytest.approx({(0, 1): 0.8, (0, 2): 0.909091, (1, 2): 0.695652}, abs=1e-6)
    assert report.mean_f1 == pytest.approx(0.801581, abs=1e-6)
    assert [report.pairs[i][j].units for i, j in ((0, 1), (0, 2), (1, 2))] == [12, 11, 11]
    assert report.pairs[2][0] is report.pairs[0][2]
    assert [report.pairs[i][i] for i in range(3)] == [None] * 3
    opinion = report.tags[2]
    assert (opinion.marked_units, opinion.pairable) == (5, 35)
    assert opinion.prevalence == pytest.approx(11 / 35)


def test_missing_is_never_empty():
    treated_as_empty = [[*row[:11], row[11] if row[11] is not None else frozenset()] for row in G1]
    assert tag_report(treated_as_empty, TAGS).tags[2].alpha == pytest.approx(0.618182, abs=1e-6)
    assert tag_report(G1, TAGS).tags[2].alpha == pytest.approx(0.742424, abs=1e-6)


def test_the_most_divided_passages_come_first():
    contested = tag_report(G1, TAGS).contested
    assert [passage.unit for passage in contested] == [8, 1, 3, 4, 6, 10]
    assert contested[0].votes == (Votes("claim", 1, 3), Votes("opinion", 2, 3))
    assert contested[0].entropy == pytest.approx(2 * entropy(1, 3))
    # Everybody marked a claim there; that is told too, after what is contested.
    assert contested[1].votes == (Votes("unsourced", 2, 3), Votes("claim", 3, 3))


def test_entropy_is_in_bits():
    assert (entropy(0, 4), entropy(4, 4), entropy(2, 4)) == (0, 0, 1)
    assert entropy(1, 3) == pytest.approx(0.918296, abs=1e-6)
    for vote in ((1, 0), (0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="no more marks than readers"):
            entropy(*vote)


def test_bands():
    assert [band(value) for value in (1, 0.8, 0.7999, 0.667, 0.6669, -1)] == [
        "firm",
        "firm",
        "tentative",
        "tentative",
        "discuss",
        "discuss",
    ]
    assert band(Undefined("no-variation")) is None


def test_undefined_is_false_and_has_a_known_reason():
    assert not Undefined("too-few-units")
    with pytest.raises(ValueError, match="is no reason"):
        Undefined("bad-weather")


def test_a_tag_or_a_pair_without_variation_has_no_alpha():
    rows = [[frozenset("a"), frozenset("a")] * 5, [frozenset("a"), frozenset("a")] * 5, [frozenset()] * 10]
    report = tag_report(rows, "ab")
    assert report.tags[1].alpha == report.tags[1].interval == report.tags[1].ac1 == Undefined("no-variation")
    assert (report.tags[1].prevalence, report.tags[1].marked_units) == (0, 0)
    assert report.pairs[0][1].alpha == Undefined("no-variation")
    assert report.pairs[0][1].f1 == 1
    unmarked = tag_report([[frozenset()] * 10] * 2, "a")
    assert unmarked.headline.alpha == unmarked.headline.interval == unmarked.mean_f1 == Undefined("no-variation")
    everywhere = tag_report([[frozenset("a")] * 10] * 2, "a")
    assert everywhere.headline.alpha == everywhere.tags[0].alpha == Undefined("no-variation")


def test_few_readers_and_few_units_have_votes_but_no_numbers():
    nine = tag_report([row[:9] for row in G1], TAGS)
    assert nine.headline.alpha == nine.headline.interval == nine.tags[0].alpha == Undefined("too-few-units")
    assert nine.pairs[0][1].units == 9
    assert nine.pairs[0][1].alpha == nine.mean_f1 == Undefined("too-few-units")
    assert [passage.unit for passage in nine.contested] == [8, 1, 3, 4, 6]
    assert tag_report([row[:9] for row in G1], TAGS, minimum_units=9).headline.alpha == alpha(
        [row[:9] for row in G1], "jaccard"
    )
    unread = [None] * 12
    alone = tag_report([G1[0], unread], TAGS)
    assert (alone.readers, alone.units, alone.headline.alpha) == (1, 0, Undefined("too-few-readers"))
    assert tag_report(G1, TAGS, minimum_readers=4).headline.alpha == Undefined("too-few-readers")
    apart = tag_report([[*G1[0][:6], *unread[:6]], [*unread[:6], *G1[1][6:]]], TAGS)
    assert apart.headline.alpha == Undefined("nothing-shared")
    nobody = tag_report([], TAGS)
    assert (nobody.readers, nobody.pairs, nobody.mean_f1) == (0, (), Undefined("too-few-readers"))


def test_a_pair_needs_units_of_its_own():
    rows = [[*G1[0], None, *G1[0]], [*G1[1], None, *G1[1]], [*[None] * 12, frozenset("x"), *G1[2][:5], *[None] * 7]]
    report = tag_report(rows, TAGS)
    assert report.pairs[0][2].units == 5
    assert report.pairs[0][2].alpha == report.pairs[0][2].f1 == Undefined("too-few-units")
    assert report.mean_f1 == report.pairs[0][1].f1


def test_a_pair_that_shares_nothing():
    rows = [[*G1[0], *[None] * 12], [*[None] * 12, *G1[1]], [*G1[2], *G1[2]]]
    pair = tag_report(rows, TAGS, minimum_units=0).pairs[0][1]
    assert (pair.units, pair.alpha, pair.f1) == (0, Undefined("nothing-shared"), Undefined("nothing-shared"))


def test_no_tags_and_very_many():
    assert tag_report(G1, [], draws=5).headline.alpha == Undefined("no-variation")
    many = [f"t{number}" for number in range(300)]
    rows = [[frozenset(many), frozenset(many[:200])] * 5, [frozenset(many), frozenset()] * 5]
    assert same(tag_report(rows, many, draws=5).headline.alpha, alpha(rows, "jaccard"))


def test_tags_that_are_not_asked_for_are_left_out():
    report = tag_report(G1, ["opinion"], draws=20)
    assert report.headline.alpha == report.tags[0].alpha == pytest.approx(0.742424, abs=1e-6)
    assert report.headline.interval == report.tags[0].interval
    with pytest.raises(ValueError, match="named twice"):
        tag_report(G1, ["opinion", "opinion"])
    with pytest.raises(ValueError, match="for every unit"):
        tag_report([G1[0], G1[1][:5]], TAGS)


def test_intervals_are_those_of_the_same_draws_for_every_tag():
    report = tag_report(G1, TAGS, draws=80, seed=5)
    drawn = [[[row[unit] for unit in sample] for row in G1] for sample in resamples(12, 80, 5)]
    headline = percentile_interval(alpha(rows, "jaccard") for rows in drawn)
    assert (report.headline.interval.low, report.headline.interval.high) == (
        pytest.approx(headline.low),
        pytest.approx(headline.high),
    )
    for tag in report.tags:
        expected = percentile_interval(alpha(of_tag(rows, tag.tag)) for rows in drawn)
        assert (tag.interval.low, tag.interval.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
        assert (tag.interval.draws, tag.interval.undefined_draws) == (80, expected.undefined_draws)


def test_a_report_is_the_same_every_time():
    assert tag_report(G1, TAGS) == tag_report(G1, TAGS)
    interval = tag_report(G1, TAGS).headline.interval
    assert interval != tag_report(G1, TAGS, seed=21).headline.interval
    assert (interval.draws, interval.undefined_draws) == (1000, 0)
    assert tag_report(G1, TAGS, draws=0).headline.interval == Undefined("no-variation")


@settings(max_examples=60)
@given(tables())
def test_a_report_is_what_the_plain_formulas_give(rows):
    report = tag_report(rows, ALPHABET, draws=3, minimum_units=1)
    if report.units == 0:
        assert isinstance(report.headline.alpha, Undefined)
        return
    assert same(report.headline.alpha, alpha(rows, "jaccard"))
    for tag in report.tags:
        plain = of_tag(rows, tag.tag)
        counts = [(column.count(1), len(column) - column.count(None)) for column in zip(*plain, strict=True)]
        assert same(tag.alpha, alpha(plain))
        assert tag.positive_agreement == positive_agreement(counts)
        assert tag.ac1 == binary_ac1(counts)
    for i, row in enumerate(report.pairs):
        for j, pair in enumerate(row):
            if pair and pair.units:
                assert same(pair.alpha, alpha([rows[i], rows[j]], "jaccard"))
                assert same(pair.f1, pair_f1(rows[i], rows[j]))
            elif pair:
                assert pair.alpha == pair.f1 == Undefined("nothing-shared")


@given(tables(), st.randoms(use_true_random=False))
def test_order_of_readers_and_units_changes_no_alpha(rows, chance):
    columns = list(zip(*chance.sample(rows, len(rows)), strict=True))
    shuffled = list(zip(*chance.sample(columns, len(columns)), strict=True))
    one, other = (tag_report(table, ALPHABET, draws=0, minimum_units=1) for table in (rows, shuffled))
    assert (one.headline.alpha, one.units) == (other.headline.alpha, other.units)
    assert [tag.alpha for tag in one.tags] == [tag.alpha for tag in other.tags]


@pytest.mark.parametrize(
    ("readers", "units", "tags", "share", "missing"),
    [
        pytest.param(6, 40, 12, 0.3, 0.2, id="more sets than units"),
        pytest.param(4, 60, 3, 0.3, 0.1, id="fewer sets than units"),
        pytest.param(3, 12, 30, 0.7, 0.1, id="more than 15 tags on a unit"),
    ],
)
def test_both_ways_to_draw_tag_sets_are_exact(readers, units, tags, share, missing):
    chance = random.Random(1)
    names = [f"t{number}" for number in range(tags)]
    rows = [
        [
            None if chance.random() < missing else frozenset(name for name in names if chance.random() < share)
            for _ in range(units)
        ]
        for _ in range(readers)
    ]
    report = tag_report(rows, names, draws=0, minimum_units=1)
    assert same(report.headline.alpha, alpha(rows, "jaccard"))
    masks = [[None if c is None else sum(1 << names.index(n) for n in c) for c in row] for row in rows]
    kept = [unit for unit in range(units) if sum(row[unit] is not None for row in rows) > 1]
    table = TagSets([[row[unit] for unit in kept] for row in masks])
    by_set, by_unit = table._expected_by_set(), table._expected_by_unit()
    for sample in resamples(len(kept), 10, 3):
        drawn = [[row[kept[index]] for index in sample] for row in rows]
        assert same(table.drawn()(sample), alpha(drawn, "jaccard"))
        assert by_set(sample) == by_unit(sample)


@given(st.lists(st.integers(0, 2**90), min_size=1), st.integers(0, 40))
def test_packed_fields_come_back(fields, more):
    width = width_for(max(fields) << more)
    assert unpack(pack(fields, width), len(fields), width) == tuple(fields)


def test_the_coefficients_need_nothing_but_python():
    code = "import sys, annotations.agreement.coefficients as c; print('django' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
