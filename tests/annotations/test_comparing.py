"""The page on which two revisions are compared, with the marks of both that a viewer sees."""

from __future__ import annotations

import pytest
from django.test import Client

from opslens.articles.revising.actions import revise_article
from opslens.models import Article
from tests.annotations.conftest import TEXT


@pytest.fixture
def pages(article, mark, annotator, second_annotator) -> str:
    """The address of a comparison of two revisions between which a claim, an opinion and unmarked words changed."""
    mark(annotator, "The council passed the levy on Monday.", "claim")
    mark(second_annotator, "That is a guess.", "opinion", visibility="private")
    new = (
        TEXT.replace("on Monday", "on Tuesday").replace("a guess", "a wild guess").replace("cranes cost", "cranes eat")
    )
    revise_article(None, article, name="levy.md", data=new.encode(), note="Corrects the day.")
    return f"/read/{article.slug}/compare/1/2/"


def rows(answer) -> list[tuple[str, bool]]:
    return [(row.kind, row.touched) for part in answer.context["parts"] for row in part.rows]


def test_what_changed_and_who_published_it(client_of, annotator, pages):
    answer = client_of(annotator).get(pages)
    html = answer.content.decode()
    assert [row.kind for row in answer.context["comparison"].rows].count("changed") == 3
    assert "3 words added" in html
    assert "2 words removed" in html
    assert "Corrects the day." in html
    assert '<del><span class="visually-hidden">[removed: </span><mark class="a1">Monday</mark>' in html
    assert "That is a" in html


def test_marks_are_those_that_the_viewer_sees(client_of, annotator, second_annotator, pages):
    assert client_of(annotator).get(pages).content.count(b'class="a3"') == 0
    assert client_of(second_annotator).get(pages).content.count(b'class="a3"') > 0
    assert b"<mark" not in client_of(second_annotator).get(pages, {"marks": "off"}).content
    tags = [look.name for look in client_of(annotator).get(pages).context["tags"]]
    assert tags == ["claim"], "no list of tags tells of marks that are not shown"


def test_only_changes_in_marked_passages(client_of, annotator, second_annotator, tag, pages):
    claims = client_of(annotator).get(pages, {"touching": tag("claim").pk})
    assert rows(claims) == [("changed", True)]
    assert "on " in claims.content.decode()
    assert rows(client_of(second_annotator).get(pages, {"touching": tag("opinion").pk})) == [("changed", True)]
    nothing = client_of(annotator).get(pages, {"touching": tag("opinion").pk})
    assert rows(nothing) == []
    assert "No change touches a passage" in nothing.content.decode()
    assert client_of(annotator).get(pages, {"touching": "x"}).status_code == 200


def test_side_by_side_shows_each_side_alone(client_of, annotator, pages):
    html = client_of(annotator).get(pages, {"view": "split", "marks": "off"}).content.decode()
    assert html.count(">Monday<") == 1
    assert html.count(">Tuesday<") == 1
    assert html.index(">Monday<") < html.index(">Tuesday<")


def test_addresses(client_of, annotator, pages, article):
    client = client_of(annotator)
    base = f"/read/{article.slug}/compare/"
    assert client.get(base).url == pages
    assert client.get(base, {"old": 2, "new": 1, "view": "split"}).url == pages + "?view=split"
    assert client.get(base, {"old": 2, "new": 2}).url == pages
    assert client.get(base + "2/1/").url == base
    for path in ("1/9/", "0/1/", "1/99999999999999999999/"):
        assert client.get(base + path).status_code == 404
    Article.objects.update(is_public=False)
    assert Client().get(pages).status_code == 404
    Article.objects.update(deleted_at="2025-01-01T00:00Z")
    assert client.get(pages).status_code == 404


def test_an_article_of_one_revision_has_nothing_to_compare(client_of, annotator, article):
    assert client_of(annotator).get(f"/read/{article.slug}/compare/").status_code == 404


def test_visitors_compare_public_articles(pages):
    answer = Client().get(pages)
    assert answer.status_code == 200
    assert b'class="a1"' in answer.content


@pytest.mark.parametrize("number", [1, 3])
def test_it_asks_a_fixed_number_of_queries(client_of, annotator, mark, pages, number, django_assert_num_queries):
    for _ in range(number):
        mark(annotator, "families pay", "claim", "unsourced")
    client = client_of(annotator)
    client.get(pages)
    with django_assert_num_queries(9):
        client.get(pages)
