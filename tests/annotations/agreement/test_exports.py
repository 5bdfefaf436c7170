"""The table of units as CSV and JSON: the command finds in it what the page says."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest
from django.core.management import call_command

from annotations.agreement.exports import harmless, tag_names
from annotations.agreement.queries import report_of
from annotations.codebook.actions import edit_tag
from tests.agreement.published import TAGS
from tests.annotations.agreement.conftest import SENTENCES
from tests.support.teams import mark_in, seat_of


@pytest.fixture
def get(client_of, reviewer, address):
    """`get(session, "units.csv", tag="claim")`: what the reviewer gets, whole."""

    def ask(session, path, **query) -> bytes:
        response = client_of(reviewer).get(address(session, path, **query))
        assert response.status_code == 200
        assert response.streaming
        return response.getvalue()

    return ask


@pytest.fixture
def command(monkeypatch):
    """`command(table, …)`: what `manage.py agreement --stdin` says of it."""

    def run(table: bytes, *options: str) -> dict:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table)))
        out = io.StringIO()
        call_command("agreement", "--stdin", *options, stdout=out)
        return json.loads(out.getvalue())

    return run


def plain(interval) -> dict:
    return {"low": interval.low, "high": interval.high, "draws": 1000, "undefined_draws": interval.undefined_draws}


@pytest.mark.parametrize("tag", TAGS)
def test_the_csv_of_a_tag_gives_the_numbers_of_the_page(g1, reviewer, get, command, tag):
    found = command(get(g1, "units.csv", tag=tag))
    shown = {one.tag: one for one in report_of(seat_of(reviewer, g1)).report.tags}[tag]
    assert found["alpha"] == pytest.approx(shown.alpha, abs=1e-12)
    assert found["gwet_ac1"] == pytest.approx(shown.ac1, abs=1e-12)
    assert found["prevalence"] == pytest.approx(shown.prevalence)
    assert found["positive_agreement"] == pytest.approx(shown.positive_agreement)
    assert found["interval"] == pytest.approx(plain(shown.interval) | {"seed": 20})
    assert (found["readers"], found["units"], found["values"]) == (3, 12, 35)


def test_the_csv_of_tag_sets_gives_the_numbers_of_the_page(g1, reviewer, get, command):
    report = report_of(seat_of(reviewer, g1)).report
    for table, options in ((get(g1, "units.csv"), ()), (get(g1, "units.csv", labels="yes"), ("--header", "--names"))):
        found = command(table, "--metric", "jaccard", *options)
        assert found["alpha"] == pytest.approx(report.headline.alpha, abs=1e-12) == pytest.approx(0.634845, abs=1e-6)
        assert found["interval"] == pytest.approx(plain(report.headline.interval) | {"seed": 20})
        assert found["mean_pair_f1"] == pytest.approx(report.mean_f1)
        assert [(one["unit"], one["entropy"]) for one in found["contested"]] == [
            (one.unit, pytest.approx(one.entropy)) for one in report.contested
        ]
        assert {name: tag["alpha"] for name, tag in found["tags"].items()} == {
            tag.tag: pytest.approx(tag.alpha) for tag in report.tags if tag.marked_units
        }


def test_missing_is_an_empty_cell_and_nothing_marked_is_a_dash(g1, get):
    rows = get(g1, "units.csv").decode().splitlines()
    assert rows[2] == "claim,claim|unsourced,opinion,claim,claim,opinion,claim,-,opinion,claim|unsourced,-,"
    assert get(g1, "units.csv", tag="opinion").decode().splitlines()[2] == "0,0,1,0,0,1,0,0,1,0,0,"


def test_labels_name_readers_and_units(g1, get, texts):
    rows = list(csv.reader(io.StringIO(get(g1, "units.csv", labels="yes", tag="claim").decode())))
    assert rows[0][:3] == ["reader", f"{texts[0].slug}:0-{len(SENTENCES[0])}", f"{texts[0].slug}:34-67"]
    assert [row[0] for row in rows[1:]] == ["R1 Reader 1", "R2 Reader 2", "R3 Reader 3"]


def test_one_article_and_one_state_can_be_asked_for(g1, get, texts, readers):
    assert get(g1, "units.csv", article=texts[1].slug) == b"opinion\nopinion\n"
    mark_in(g1, readers[0], texts[1], SENTENCES[11], "loaded")
    assert get(g1, "units.csv", article=texts[1].slug) == b"opinion\nopinion\n"
    assert get(g1, "units.csv", article=texts[1].slug, state="now") == b"loaded|opinion\nopinion\n"


def test_the_json_holds_everything_the_numbers_come_from(g1, reviewer, readers, texts, get):
    found = json.loads(get(g1, "units.json"))
    report = report_of(seat_of(reviewer, g1))
    assert found["session"] == {"id": g1.uid, "name": g1.name, "phase": "revealed"}
    assert (found["state"], found["is_independent"]) == ("independent", True)
    assert found["settings"] == {
        "unit": "sentence",
        "coverage_share": 0.5,
        "coverage_characters": 15,
        "draws": 1000,
        "seed": 20,
        "minimum_readers": 2,
        "minimum_units": 10,
    }
    assert [(one["id"], one["revision"]) for one in found["articles"]] == [(text.slug, 1) for text in texts]
    assert [(one["label"], one["name"]) for one in found["readers"]] == [
        (f"R{n}", reader.name) for n, reader in enumerate(readers, 1)
    ]
    assert [unit["text"] for unit in found["units"]] == SENTENCES
    values = [[None if value is None else frozenset(value) for value in row] for row in found["values"]]
    assert values == [list(row) for row in report.rows]
    assert found["spans"][2][texts[0].slug][0] == [0, len(SENTENCES[0]), "claim"]
    coefficients = found["coefficients"]
    assert coefficients["alpha"] == report.report.headline.alpha
    assert coefficients["tags"]["claim"]["interval"]["low"] == report.report.tags[0].interval.low
    assert coefficients["tags"]["prediction"]["alpha"] is None
    assert coefficients["not_defined"]["tags.prediction.alpha"] == "no-variation"
    assert [pair["f1"] for pair in coefficients["pairs"]] == pytest.approx([0.8, 0.909091, 0.695652], abs=1e-6)
    assert list(coefficients["by_article"]) == [text.slug for text in texts]


def test_headers_make_it_a_file_that_nobody_else_keeps(g1, client_of, reviewer, address, texts):
    client = client_of(reviewer)
    for path, kind in (("units.csv", "text/csv; charset=utf-8"), ("units.json", "application/json")):
        response = client.get(address(g1, path, article=texts[0].slug))
        ending = path.partition(".")[2]
        what = "-tag-sets" if ending == "csv" else ""
        name = f'attachment; filename="agreement-{g1.uid.lower()}-{texts[0].slug}-independent{what}.{ending}"'
        assert response["Content-Type"] == kind
        assert response["Content-Disposition"] == name
        assert response["Cache-Control"] == "private, no-store"


def test_no_cell_is_a_formula(g1, get, person, readers, owner):
    readers[0].display_name = '=HYPERLINK("http://evil.example")'
    readers[0].save()
    readers[1].display_name = "@SUM(A1)"
    readers[1].save()
    tag = g1.codebook.tags.get(name="claim")
    edit_tag(owner, tag.pk, tag.version, {"name": "=1|2, +3"})
    rows = list(csv.reader(io.StringIO(get(g1, "units.csv", labels="yes").decode())))
    cells = [cell for row in rows for cell in row]
    assert [row[0] for row in rows[1:3]] == ['R1 =HYPERLINK("http://evil.example")', "R2 @SUM(A1)"]
    assert {cell[0] for cell in cells if cell and cell != "-"} == {"r", "R", "t", "'", "o"}
    assert rows[1][1] == "'=1_2_3"


def test_harmless_text_stays_as_it_is():
    assert [harmless(text) for text in ("Anna", "", "R1 =x", "=x", "-x", "\t=x", "＝x")] == [
        *("Anna", "", "R1 =x", "'=x", "'-x", "'\t=x", "'＝x")
    ]


def test_names_of_tags_in_sets_hold_no_separator_and_differ():
    names = ["fear appeal", "fear|appeal", "fear+appeal", "-", "{}", "claim"]
    assert list(tag_names(names).values()) == [
        *("fear_appeal", "fear_appeal_2", "fear_appeal_3", "'-", "tag", "claim"),
    ]


def test_tags_with_separators_come_back_from_the_command(g1, owner, reviewer, get, command):
    tag = g1.codebook.tags.get(name="claim")
    edit_tag(owner, tag.pk, tag.version, {"name": "fear + appeal, loud"})
    found = command(get(g1, "units.csv"), "--metric", "jaccard")
    assert found["alpha"] == pytest.approx(0.634845, abs=1e-6)
    assert sorted(found["tags"]) == ["fear_appeal_loud", "opinion", "unsourced"]
    assert command(get(g1, "units.csv", tag="fear + appeal, loud"))["alpha"] == pytest.approx(0.777778, abs=1e-6)


@pytest.mark.parametrize("tag", ["nothing", "claim\x00", "\x00", "9" * 5000])
def test_an_unknown_tag_is_not_found(g1, client_of, reviewer, address, tag):
    assert client_of(reviewer).get(address(g1, "units.csv", tag=tag)).status_code == 404


def test_a_table_without_readers_is_empty(client_of, owner, address, texts):
    from tests.support.teams import start_session

    session = start_session(owner, texts)
    client = client_of(owner)
    assert client.get(address(session, "units.csv")).getvalue() == b""
    found = json.loads(client.get(address(session, "units.json")).getvalue())
    assert (found["readers"], found["values"], found["spans"]) == ([], [], [])
