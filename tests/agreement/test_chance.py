from __future__ import annotations

import pytest

from annotations.agreement.coefficients import (
    Undefined,
    alpha,
    bennett_s,
    binary_ac1,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    percent_agreement,
    positive_agreement,
    prevalence,
    randolph_kappa,
    scott_pi,
)
from tests.agreement.published import CASES, from_counts, from_matrix


def near(value: float, within: float = 1e-4):
    return pytest.approx(value, abs=within)


def test_cohen_1960():
    rows = from_matrix([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert cohen_kappa(*rows) == near(0.491525)
    assert gwet_ac1(rows) == near(0.575972)


def test_kappa_of_sas():
    assert cohen_kappa(*from_matrix([[0, 4, 1], [0, 8, 0], [0, 1, 5]])) == near(0.4842)


def test_coefficients_of_the_survey_of_nltk():
    # stat, ireq, chck
    rows = from_matrix([[46, 0, 0], [6, 32, 6], [0, 0, 10]])
    assert percent_agreement(rows) == near(0.88)
    assert scott_pi(*rows) == near(0.79953)
    assert bennett_s(*rows) == near(0.82)
    assert cohen_kappa(*rows) == near(0.8013)


def test_coefficients_of_characters():
    rows = [list("001111111100001111110000"), list("000011110000000110000000")]
    assert scott_pi(*rows) == near(0.314, 5e-4)
    assert cohen_kappa(*rows) == near(0.385, 5e-4)


def test_fleiss_1971():
    rows = [list(reader) for reader in zip(*CASES["fleiss"]["Fleiss 1971"]["units"], strict=True)]
    assert (len(rows), len(rows[0])) == (6, 30)
    assert fleiss_kappa(rows) == near(CASES["fleiss"]["Fleiss 1971"]["kappa"], 1e-6)
    assert percent_agreement(rows) == near(0.5556)


def test_fleiss_of_a_table_of_counts():
    assert fleiss_kappa(from_counts(CASES["fleiss"]["counts"]["table"])) == near(0.209931, 1e-6)


def test_fleiss_and_randolph_side_by_side():
    rows = from_counts([[7, 1], [3, 5]])
    assert fleiss_kappa(rows) == near(0.161905, 1e-6)
    assert randolph_kappa(rows) == near(0.214286, 1e-6)


def test_gwet_where_one_value_prevails():
    assert gwet_ac1(from_matrix([[80, 7], [8, 5]])) == near(0.808, 5e-4)
    rows = from_matrix([[8, 1], [0, 1]])
    assert gwet_ac1(rows) == near(0.865772, 1e-6)
    assert scott_pi(*rows) == near(0.6078)


def test_categories_that_nobody_chose_count_when_named():
    rows = from_matrix([[8, 1], [0, 1]])
    assert bennett_s(*rows, categories=3) > bennett_s(*rows)
    assert randolph_kappa(rows, categories=3) == near(bennett_s(*rows, categories=3), 1e-12)
    assert gwet_ac1(rows, categories=3) > gwet_ac1(rows)
    with pytest.raises(ValueError, match="2 different values, more than 1"):
        bennett_s(*rows, categories=1)


def test_no_variation_is_never_perfect():
    same = [["a", "a"], ["a", "a"]]
    for value in (cohen_kappa(*same), scott_pi(*same), bennett_s(*same), fleiss_kappa(same), randolph_kappa(same)):
        assert value == Undefined("no-variation")
    assert gwet_ac1(same) == Undefined("no-variation")
    for counts in ([(0, 2), (0, 3)], [(2, 2), (3, 3)]):
        assert binary_ac1(counts) == Undefined("no-variation")
        assert positive_agreement(counts) == Undefined("no-variation")


def test_missing_values_leave_units_out_or_are_refused():
    first, second = ["a", "b", None, "a"], ["a", "b", "b", None]
    assert cohen_kappa(first, second) == cohen_kappa(first[:2], second[:2]) == 1
    assert gwet_ac1([first, second]) == 1
    assert cohen_kappa([None, "a"], ["a", None]) == Undefined("nothing-shared")
    for coefficient in (fleiss_kappa, randolph_kappa):
        with pytest.raises(ValueError, match="of every reader for every unit"):
            coefficient([first, second])


def test_what_is_said_of_a_rare_tag():
    # Two readers, 20 sentences: both marked 1, one of them 2 more.
    rows = [[1, 1, 0, *[0] * 17], [1, 0, 1, *[0] * 17]]
    counts = [(sum(column), 2) for column in zip(*rows, strict=True)]
    assert prevalence(counts) == near(0.1)
    assert positive_agreement(counts) == near(0.5)
    assert binary_ac1(counts) == near(gwet_ac1(rows), 1e-12)
    assert binary_ac1(counts) > 0.85 > 0.5 > alpha(rows)


def test_positive_agreement_of_more_readers_is_pooled():
    # Three readers: 2 marked, 3 marked, 1 of 2 marked; a unit with one value does not count.
    assert positive_agreement([(2, 3), (3, 3), (1, 2), (1, 1)]) == near((2 + 6 + 0) / (4 + 6 + 1))
    assert prevalence([(2, 3), (3, 3), (1, 2), (1, 1)]) == near(6 / 8)


def test_nothing_shared_has_its_reason_everywhere():
    apart = [["a", None], [None, "a"]]
    for value in (scott_pi(*apart), bennett_s(*apart), gwet_ac1(apart), percent_agreement(apart)):
        assert value == Undefined("nothing-shared")
    for coefficient in (prevalence, positive_agreement, binary_ac1):
        assert coefficient([(1, 1)]) == Undefined("nothing-shared")
    assert fleiss_kappa([["a", "b"]]) == randolph_kappa([["a", "b"]]) == Undefined("too-few-readers")
