from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.agreement.coefficients import TooManyAlignments, Undefined, gamma, observed_disorder
from annotations.agreement.coefficients.alignment import Weights
from tests.agreement.published import CASES, as_spans

few = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from("ab")).map(lambda d: (d[0], d[0] + d[1], d[2])),
    max_size=4,
)


@pytest.mark.parametrize("case", CASES["gamma"], ids=range(len(CASES["gamma"])))
def test_observed_disorder_is_the_published_one(case):
    weights = {name: case[name] for name in ("alpha", "beta") if name in case}
    assert observed_disorder(as_spans(case["readers"]), **weights) == pytest.approx(case["disorder"], abs=1e-6)


@pytest.mark.parametrize("case", CASES["gamma"], ids=range(len(CASES["gamma"])))
def test_gamma_is_near_the_published_one(case):
    weights = {name: case[name] for name in ("alpha", "beta") if name in case}
    assert gamma(as_spans(case["readers"]), samples=200, **weights) == pytest.approx(case["gamma"], abs=0.2)


@pytest.mark.parametrize("case", CASES["made up"], ids=range(len(CASES["made up"])))
def test_disorder_of_made_up_readers_is_the_published_one(case):
    weights = {name: case[name] for name in ("alpha", "beta") if name in case}
    assert observed_disorder(as_spans(case["readers"]), **weights) == pytest.approx(case["disorder"], abs=1e-5)


def test_gamma_of_equal_readers_is_exactly_one():
    assert gamma([[(1, 5, "a"), (6, 10, "b")]] * 3) == 1.0


def test_gamma_is_the_same_for_a_seed():
    readers = as_spans(CASES["gamma"][2]["readers"])
    assert gamma(readers, seed=3) == gamma(readers, seed=3) != gamma(readers, seed=4)


def test_no_gamma_without_spans_or_readers():
    assert gamma([[], []]) == observed_disorder([[], []]) == Undefined("no-variation")
    assert gamma([[(0, 3, "a")], None]) == Undefined("too-few-readers")


def test_spans_without_partners_cost_one_each():
    assert observed_disorder([[(0, 2, "a")], []]) == pytest.approx(2)
    assert observed_disorder([[(0, 2, "a")], [(500, 502, "a")]]) == pytest.approx(2)


def test_spans_of_one_reader_may_overlap():
    readers = [[(0, 10, "a"), (4, 14, "a")], [(4, 14, "a"), (0, 10, "a")]]
    assert (observed_disorder(readers), gamma(readers)) == (0, 1)
    with pytest.raises(ValueError, match="no characters"):
        observed_disorder([[(4, 4, "a")], []])


def test_too_many_readers_are_refused():
    with pytest.raises(TooManyAlignments):
        observed_disorder([[(0, 9, "a"), (1, 9, "b"), (2, 9, "c")]] * 12)


def paired(a, b) -> float:
    """The disorder of two readers from trying every pairing."""
    weights = Weights()
    a, b = sorted((a, b), key=len)
    costs = []
    # A span of the shorter list may take any of the longer one, or None.
    for partners in permutations([*b, *[None] * len(a)], len(a)):
        pairs = sum(1.0 if other is None else weights.pair(one, other) for one, other in zip(a, partners, strict=True))
        costs.append(pairs + len(b) - sum(other is not None for other in partners))
    return 2 * min(costs) / (len(a) + len(b))


@settings(max_examples=50)
@given(few, few)
def test_no_other_pairing_has_less_disorder(a, b):
    if a or b:
        assert observed_disorder([a, b]) == pytest.approx(paired(a, b))
