from __future__ import annotations

import pytest

from annotations.agreement.coefficients import Interval, Undefined, alpha, alpha_interval
from annotations.agreement.coefficients.interval import percentile_interval, resamples
from tests.agreement.published import CASES, G1


def test_draws_are_the_same_on_every_platform():
    assert list(resamples(12, 2, 20)) == [
        [10, 8, 9, 10, 3, 7, 10, 10, 6, 2, 4, 11],
        [1, 3, 11, 5, 2, 3, 10, 4, 5, 7, 9, 5],
    ]


def test_an_interval_leaves_out_what_is_not_defined():
    values = [Undefined("no-variation"), *[number / 100 for number in range(101)], Undefined("no-variation")]
    assert percentile_interval(values) == Interval(pytest.approx(0.025), pytest.approx(0.975), 103, 2)
    assert percentile_interval([Undefined("no-variation")]) == Undefined("no-variation")
    assert percentile_interval([0.5]) == Interval(0.5, 0.5, 1, 0)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_the_interval_is_that_of_alpha_of_the_draws(metric):
    rows = CASES["coding"]["K2011"]["rows"]
    kept = [row[:11] for row in rows]
    expected = percentile_interval(
        alpha([[row[unit] for unit in sample] for row in kept], metric) for sample in resamples(11, 60, 7)
    )
    found = alpha_interval(rows, metric, draws=60, seed=7)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert (found.draws, found.undefined_draws) == (60, 0)


def test_the_interval_of_tag_sets_is_that_of_the_draws():
    expected = percentile_interval(
        alpha([[row[unit] for unit in sample] for row in G1], "jaccard") for sample in resamples(12, 50, 20)
    )
    found = alpha_interval(G1, "jaccard", draws=50)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_no_interval_where_there_is_no_alpha():
    assert alpha_interval([[1, 1], [1, 1]]) == Undefined("no-variation")
    assert alpha_interval([[1], [None]]) == Undefined("nothing-shared")
    assert alpha_interval([[1, 2], [1, 2]], draws=0) == Undefined("no-variation")
