from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from opslens.articles import queries
from opslens.models import Article, ReadingPosition

LIBRARY = "/"


def test_visitors_see_public_articles_readers_see_all(client, as_reader, bring, titles):
    bring("Shown", is_public=True)
    bring("Kept", is_public=False)
    assert titles(Client()) == ["Shown"]
    assert titles(as_reader) == ["Kept", "Shown"]
    assert titles(Client(), q="all that") == ["Shown"]
    assert titles(as_reader, q="all that") == ["Kept", "Shown"]


def test_a_row_tells_what_there_is_to_know(as_reader, annotator, bring):
    article = bring("The Lamp", "word " * 2000 + "\n\nOne more.")
    Article.objects.filter(pk=article.pk).update(
        publisher="Gull Point Review", kind="report", published_on="2024-03-09", language="en-GB"
    )
    ReadingPosition.objects.create(reader=annotator, revision=article.current, block=1)
    page = as_reader.get(LIBRARY).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "Gull Point Review · 9 March 2024 · report · 7–12 min · 2002 words · en-GB" in text
    assert "Continue at paragraph 2" in text
    assert f'href="{article.get_absolute_url()}#b1"' in page
    assert "No marks yet" in text


def test_another_readers_position_is_not_shown(as_reader, second_annotator, bring):
    article = bring("The Lamp")
    ReadingPosition.objects.create(reader=second_annotator, revision=article.current, block=1)
    assert "Continue at" not in as_reader.get(LIBRARY).content.decode()


def test_empty_states_say_what_to_do(client, as_reader, bring):
    assert "Import the first article" in as_reader.get(LIBRARY).content.decode()
    assert "nothing to read here for visitors" in Client().get(LIBRARY).content.decode()
    bring("The Lamp")
    nothing = as_reader.get(LIBRARY, {"q": "zebra<b>"}).content.decode()
    assert "zebra&lt;b&gt;" in nothing
    assert "zebra<b>" not in nothing
    assert "search for words or numbers" in as_reader.get(LIBRARY, {"q": "?!"}).content.decode()


@pytest.mark.parametrize(("query", "number"), [({}, 7), ({"q": "say"}, 9)], ids=["list", "search"])
def test_the_number_of_queries_does_not_depend_on_the_rows(
    as_reader, annotator, bring, django_assert_num_queries, query, number
):
    call_command("load_codebook", verbosity=0)

    def one_more(name):
        article = bring(name, by=annotator)
        ReadingPosition.objects.create(reader=annotator, revision=article.current, block=1)

    one_more("First")
    for rows in (1, 3):
        if rows == 3:
            one_more("Second")
            one_more("Third")
        with django_assert_num_queries(number):
            answer = as_reader.get(LIBRARY, query)
        assert len(answer.context["library"].rows) == rows


def test_pages_follow_one_another_without_gap_or_repeat(as_reader, bring, titles, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 2)
    names = ["One", "Two", "Three", "Four", "Five"]
    for name in names:
        bring(name, f"{name} is a number.")
    # Two of the same moment: then the id decides.
    Article.objects.filter(title__in=["Two", "Three"]).update(created_at=Article.objects.get(title="Two").created_at)
    for query in ({}, {"q": "number"}):
        seen, after = [], ""
        for _ in range(3):
            page = as_reader.get(LIBRARY, query | {"after": after}).context["library"]
            seen += [row.article.title for row in page.rows]
            after = page.next
            if len(seen) == 2:
                bring(f"Late {query}", f"This number {query} came while somebody was reading on.")
        assert seen == [*reversed(names)] if not query else seen[-4:] == ["Four", "Three", "Two", "One"]
        assert after == ""


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "WyJhIiwxXQ", "%00", "é", "WzFdWzFd", "bnVsbA", "W10" * 200])
def test_a_cursor_that_was_never_given_is_a_page_that_is_not_there(as_reader, bring, cursor):
    bring("The Lamp")
    for query in ({}, {"q": "lamp"}):
        assert as_reader.get(LIBRARY, query | {"after": cursor}).status_code == 404


def test_only_the_importer_and_staff_see_what_changes_an_article(as_reader, annotator, reviewer, bring):
    bring("Mine", by=annotator)
    bring("Theirs", by=reviewer)
    page = as_reader.get(LIBRARY).content.decode()
    assert page.count("Move to trash") == 1
    annotator.is_staff = True
    annotator.save()
    assert as_reader.get(LIBRARY).content.decode().count("Move to trash") == 2


def test_the_library_takes_no_other_method(as_reader):
    assert as_reader.post(LIBRARY).status_code == 405
    assert as_reader.head(reverse("articles:library")).status_code == 200
