from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from tests.agreement.published import CASES, G1


@pytest.fixture
def agreement(monkeypatch):
    """Run the command on a table and return what it says."""

    def run(table: str, *arguments: str) -> dict:
        out = io.StringIO()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(table.encode())))
        call_command("agreement", "--stdin", *arguments, stdout=out)
        return json.loads(out.getvalue())

    return run


def csv(rows) -> str:
    return "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows)


def as_cell(tags) -> str | None:
    return None if tags is None else "|".join(sorted(tags)) or "-"


def test_a_table_with_missing_values(agreement):
    found = agreement(csv(CASES["coding"]["K2011"]["rows"]), "--metric", "ordinal")
    assert (found["metric"], found["readers"], found["units"], found["counted_units"]) == ("ordinal", 4, 12, 11)
    assert (found["values"], found["pairable"]) == (41, 40)
    expected = CASES["coding"]["K2011"]["alpha"]
    assert {name: found[f"alpha_{name}"] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert found["alpha"] == found["alpha_ordinal"]
    assert found["alpha"] == pytest.approx(1 - found["observed_disagreement"] / found["expected_disagreement"])
    assert found["interval"].keys() == {"low", "high", "draws", "undefined_draws", "seed"}
    assert found["interval"]["low"] < found["alpha"] < found["interval"]["high"]
    assert found["not_defined"] == {
        "cohen_kappa": "not-two-readers",
        "scott_pi": "not-two-readers",
        "bennett_s": "not-two-readers",
        "fleiss_kappa": "values-missing",
        "randolph_kappa": "values-missing",
    }
    assert all(found[name] is None for name in found["not_defined"])
    assert found["pairs"][1][3] == found["pairs"][3][1] == pytest.approx(0.876781, abs=1e-6)
    assert found["pairs"][0][0] is None


def test_two_readers_with_marks(agreement):
    found = agreement(csv(CASES["coding"]["two coders, binary"]["rows"]))
    expected = {
        "alpha": 0.095238,
        "observed_disagreement": 0.4,
        "percent_agreement": 0.6,
        "cohen_kappa": 0.090909,
        "scott_pi": 0.047619,
        "bennett_s": 0.2,
        "fleiss_kappa": 0.047619,
        "randolph_kappa": 0.2,
        "gwet_ac1": 0.310345,
        "prevalence": 0.3,
        "positive_agreement": 1 / 3,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert found["not_defined"] == {}


def test_words_have_no_other_metric(agreement):
    found = agreement(csv(CASES["coding"]["two coders, three values"]["rows"]))
    assert found["alpha"] == found["alpha_nominal"] == pytest.approx(0.734104, abs=1e-6)
    assert {name: found["not_defined"][f"alpha_{name}"] for name in ("ordinal", "interval", "ratio")} == {
        "ordinal": "not-numbers",
        "interval": "not-numbers",
        "ratio": "not-numbers",
    }
    assert "prevalence" not in found


def test_tag_sets(agreement):
    found = agreement(csv([map(as_cell, row) for row in G1]), "--metric", "jaccard", "--draws", "50")
    assert found["alpha"] == pytest.approx(0.634845, abs=1e-6)
    assert found["alpha_nominal"] == pytest.approx(0.551648, abs=1e-6)
    assert found["mean_pair_f1"] == pytest.approx(0.801581, abs=1e-6)
    assert {tag: values["alpha"] for tag, values in found["tags"].items()} == pytest.approx(
        {"claim": 0.777778, "unsourced": 0.527778, "opinion": 0.742424}, abs=1e-6
    )
    assert found["interval"]["draws"] == found["tags"]["claim"]["interval"]["draws"] == 50
    assert found["contested"][0] == {
        "unit": 8,
        "entropy": pytest.approx(1.836592, abs=1e-6),
        "votes": {"claim": [1, 3], "opinion": [2, 3]},
    }


def test_no_variation_is_null_with_a_reason(agreement):
    found = agreement("1,1,1\n1,1,1")
    for name in ("alpha", "interval", "cohen_kappa", "gwet_ac1", "fleiss_kappa", "alpha_interval", "pairs[0][1]"):
        assert found["not_defined"][name] == "no-variation"
    assert (found["alpha"], found["pairs"]) == (None, [[None, None], [None, None]])
    assert (found["percent_agreement"], found["prevalence"]) == (1, 1)
    tags = agreement("a,a\na,-", "--metric", "jaccard")
    assert tags["not_defined"] == {}
    tags = agreement("a,a|b\na,a|b", "--metric", "jaccard")
    assert tags["not_defined"]["tags.a.alpha"] == "no-variation"


def test_names_of_readers_and_units(agreement):
    found = agreement("who,s1,s2\nAda,1,0\nBo,1,0", "--header", "--names", "--draws", "0")
    assert (found["reader_names"], found["unit_names"], found["alpha"]) == (["Ada", "Bo"], ["s1", "s2"], 1)
    assert found["not_defined"] == {"interval": "no-draws"}


def test_the_seed_decides(agreement):
    table = csv(CASES["coding"]["K2011"]["rows"])
    assert agreement(table, "--seed", "1") == agreement(table, "--seed", "1")
    assert agreement(table, "--seed", "1")["interval"] != agreement(table, "--seed", "2")["interval"]


def test_large_tables_leave_out_what_would_take_too_long(agreement):
    many = agreement(csv([range(61), range(61)]), "--metric", "interval")
    assert (many["alpha"], many["not_defined"]["interval"], many["not_defined"]["pairs"]) == (
        1,
        "too-many-values",
        "too-many-values",
    )
    too_many = agreement(csv([range(1001), range(1001)]), "--metric", "ratio")
    assert too_many["not_defined"]["alpha"] == too_many["not_defined"]["alpha_interval"] == "too-many-values"
    readers = agreement(csv([[1, 2]] * 41), "--draws", "10")
    assert (readers["pairs"], readers["not_defined"]["pairs"]) == (None, "too-many-readers")


@pytest.mark.parametrize(
    ("table", "arguments", "said"),
    [
        ("", (), "nothing was read"),
        ("1,2\n1", (), "Row 2 has 1 cells"),
        ("1,x\n1,2", ("--metric", "interval"), "needs numbers"),
        ("1,-1\n1,2", ("--metric", "ratio"), "not negative"),
        ("a,|\na,b", ("--metric", "jaccard"), "is no set of tags"),
        ("1,2\n1,2", ("--metric", "cosine"), "invalid choice"),
        ("1,2\n1,2", ("--draws", "10001"), "between 0 and 10,000"),
        ("1,2\n1,2", ("--draws", "-1"), "between 0 and 10,000"),
        (csv([[f"t{n}" for n in range(101)]] * 2), ("--metric", "jaccard"), "101 different tags, more than 100"),
    ],
)
def test_bad_input_is_refused_with_a_sentence_and_nothing_else(monkeypatch, table, arguments, said):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(table.encode())))
    with pytest.raises(CommandError, match=said):
        call_command("agreement", "--stdin", *arguments, stdout=out)
    assert out.getvalue() == ""


def test_it_reads_only_when_told_to():
    with pytest.raises(CommandError, match="Give --stdin"):
        call_command("agreement")
