from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Anchor, Annotation
from opslens.articles.actions import import_article
from opslens.articles.revising.actions import revise_article
from opslens.models import Event

BEFORE = b"The lamp\n\nThe lamp went out on Monday.\n\nNobody had a candle."
AFTER = b"The lamp\n\nThe lamp went out on Tuesday.\n\nNobody had a candle."


def run(*arguments: str, stdin: str | None = None, monkeypatch=None) -> str:
    out = io.StringIO()
    if stdin is not None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin.encode())))
    call_command("reanchor", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def article(db, annotator):
    import uuid

    from annotations.editing.actions import choose_passage, mark_passage

    article = import_article(annotator, name="", data=BEFORE).article
    for words in ("The lamp went out on Monday.", "Nobody had a candle."):
        start = article.current.text.index(words)
        passage = choose_passage(article.current_id, start, start + len(words), words)
        mark_passage(annotator, article.current, passage, key=str(uuid.uuid4()))
    revise_article(annotator, article, name="", data=AFTER)
    return article


def states() -> list[tuple[str, str]]:
    rows = Anchor.objects.filter(revision__number=2).order_by("start")
    return list(rows.values_list("annotation__quote", "state"))


def test_it_carries_the_marks_of_an_article_anew(article):
    right = [("The lamp went out on Monday.", "changed"), ("Nobody had a candle.", "exact")]
    assert states() == right
    before = Event.objects.count()
    assert run(article.slug) == f"{article.slug}, revision 2: 1 changed, 1 exact\n"
    assert (states(), Event.objects.count()) == (right, before), "nothing to do, nothing done"
    Anchor.objects.filter(revision__number=2).delete()
    assert run("--all") == f"{article.slug}, revision 2: 1 changed, 1 exact\n"
    assert states() == right
    Anchor.objects.filter(revision__number=2, state="exact").update(start=0, end=3, first_block=0, last_block=0)
    run(article.slug)
    assert states() == right
    assert Annotation.objects.count() == 2


def test_it_says_what_it_cannot_do(article, annotator):
    other = import_article(annotator, name="", data=b"One\n\nRevision only.").article
    assert run(other.slug) == f"{other.slug}: one revision, nothing to carry\n"
    with pytest.raises(CommandError, match="no article nowhere"):
        run(article.slug, "nowhere")
    with pytest.raises(CommandError, match="Name at least one"):
        run()


def test_it_answers_records_from_standard_input(monkeypatch):
    record = {
        "id": "r1",
        "old_text": "Ships wait. The lamp went out on Monday. Nobody had a candle.",
        "new_text": "The lamp went out on Tuesday. 😀 Ships wait.",
        "annotations": [{"id": "a", "start": 0, "end": 11}, {"id": "b", "start": 12, "end": 40},
                        {"id": "c", "start": 41, "end": 61}],
    }  # fmt: skip
    out = run("--stdin", stdin=json.dumps(record) + "\n\n" + json.dumps(record | {"id": "r2"}), monkeypatch=monkeypatch)
    first, second = [json.loads(line) for line in out.splitlines()]
    assert (first["id"], second["id"]) == ("r1", "r2")
    ships, lamp, candle = first["annotations"]
    assert record["new_text"][ships["start"] : ships["end"]] == "Ships wait."
    assert record["new_text"][lamp["start"] : lamp["end"]] == "The lamp went out on Tuesday."
    assert candle == {"id": "c", "state": "lost", "orphan": True}


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"id": 1}', '{"id":1,"old_text":"a","new_text":"a","annotations":[{"id":1,"start":0,"end":9}]}'],
)
def test_a_line_that_is_no_record_is_named(monkeypatch, line):
    with pytest.raises(CommandError, match="Line 1 is not a record"):
        run("--stdin", stdin=line, monkeypatch=monkeypatch)
