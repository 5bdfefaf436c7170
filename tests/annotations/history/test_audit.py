"""The log of the whole site, and all of it as CSV."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc

import pytest
from django.db import transaction

from opslens.activity.record import Happened, record_many
from opslens.models import Event
from tests.annotations.history.conftest import CLAIM, OPINION, lines_in
from tests.support.teams import mark_in


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(body)))


def test_only_staff_read_it(client_of, client, annotator, staff):
    for path in ("/audit/", "/audit.csv"):
        assert client.get(path).status_code == 302
        assert client_of(annotator).get(path).status_code == 403
        assert client_of(staff).get(path).status_code == 200


def test_everything_is_found_by_filters(client_of, lines, staff, mark, annotator, second_annotator, article, owner):
    made = mark(annotator, CLAIM, "claim", visibility="private").annotation
    mark(second_annotator, OPINION, "opinion")
    day = Event.objects.latest("pk").at.date().isoformat()
    found = lambda query: len(lines(staff, f"/audit/?{query}"))  # noqa: E731
    assert found("verb=mark-created") == 2
    assert found(f"by={annotator.username}&verb=mark-created") == 1
    assert found("what=marks") == 2
    assert found("about=annotation") == 2
    assert found(f"about={made.subject}") == 1
    assert found(f"channel={article.channel}") == 3
    assert found(f"channel={article.channel}&since={day}&until={day}") == 3
    assert found(f"channel={article.channel}&until=2001-01-01") == 0
    assert found(f"channel={article.channel}&since=9999-12-31") == 0
    assert found(f"channel={article.channel}&until=9999-12-31&since=0001-01-01") == 3
    assert found("channel=article") >= 3
    assert found("by=nobody") == found("verb=nothing") == 0
    assert found(f"by={made.pk}%00") == 0


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-13-01", "channel=%27;--", "channel=a b"])
def test_a_filter_that_cannot_be_says_so(client_of, staff, article, query):
    answer = client_of(staff).get(f"/audit/?{query}")
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    assert client_of(staff).get(f"/audit.csv?{query}").status_code == 422


def test_looking_at_a_blind_session_is_recorded_once_for_each_page(client_of, staff, session, annotator, article):
    mark_in(session, annotator, article, CLAIM, "claim")
    looks = Event.objects.filter(verb="staff-looked")
    client = client_of(staff)
    client.get("/audit/?what=codebook")
    assert not looks.exists()
    client.get("/audit/?verb=mark-created")
    rows_of(client.get("/audit.csv?verb=mark-created"))
    client.get(f"/people/{annotator.username}/history/?what=marks")
    made = Event.objects.get(verb="mark-created").subject.partition(":")[2]
    client.get(f"/marks/{made}/history/")
    assert [(look.actor, look.after["page"], look.after["rows"]) for look in looks.order_by("pk")] == [
        (staff, "audit", 1),
        (staff, "audit.csv", 1),
        (staff, "history", 1),
        (staff, "history", 1),
    ]


def test_the_csv_has_all_that_match_and_no_formulas(client_of, staff, mark, annotator, article):
    mark(annotator, CLAIM, "claim", note="=HYPERLINK(1)")
    annotator.display_name = "=cmd|' /C calc'!A0"
    annotator.save()
    answer = client_of(staff).get("/audit.csv?verb=mark-created")
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    (row,) = rows_of(answer)
    assert row["who"] == "'=cmd|' /C calc'!A0"
    assert (row["username"], row["verb"], row["what"]) == (annotator.username, "mark-created", "marked a passage")
    assert (row["about"], row["channel"], row["before"]) == (CLAIM, article.channel, "")
    assert json.loads(row["after"])["note"] == "=HYPERLINK(1)"
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for cell in row.values())


def test_the_csv_is_complete_and_needs_little_memory(client_of, staff, mark, annotator, article):
    made = mark(annotator, CLAIM).annotation
    with transaction.atomic():
        happened = [Happened(made.subject, {"state": "exact"}, {"state": "lost", "note": "x" * 500})] * 1_200
        record_many(article.channel, "passage-changed", happened, actor=annotator)
    answer = client_of(staff).get("/audit.csv?verb=passage-changed")
    tracemalloc.start()
    lines = sum(chunk.count(b"\n") for chunk in answer.streaming_content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == 1_201
    assert peak < 8_000_000


def test_the_page_shows_what_nobody_has_given_words(client_of, staff, codebook):
    with transaction.atomic():
        record_many("site", "moon-landed", [Happened("moon:1", {"phase_of_it": 1}, {"phase_of_it": 2})], actor=None)
    line = lines_in(client_of(staff).get("/audit/?what=other"))[0]
    assert line == "OpsLens did “moon landed” moon 1 phase of it Before: 1 → After: 2"


def test_staff_without_the_permission_read_no_log(client_of, person, annotator):
    helpdesk = client_of(person("helpdesk", is_staff=True))
    for path in ("/audit/", "/audit.csv"):
        assert helpdesk.get(path).status_code == 403
    assert helpdesk.get(f"/people/{annotator.username}/history/").status_code == 404
    assert helpdesk.get("/people/helpdesk/history/").status_code == 200
