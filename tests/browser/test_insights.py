"""Insights and the use of tags in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotations.models import Annotation, Tag
from tests.support.browser import PHONE


@pytest.fixture
def marked(article, mark, annotator, second_annotator, person):
    """Three readers, one of whom has a long name, and a tag with a name in Arabic."""
    Tag.objects.update(is_on=True)
    third = person("third", "Jean-Baptiste <b>de la</b> Fontaine-Montmorency de Saint-Exupéry-sur-Loire")
    for reader, kind in ((annotator, "claim"), (second_annotator, "opinion"), (third, "claim")):
        mark(reader, "The council bought a ferry in spring.", kind, *(["unsourced"] if kind == "claim" else []))
        mark(reader, "Nobody on the island had asked for one.", "claim", "unsourced", "loaded")
        mark(reader, "A crew of nine, trained and paid.", "prediction", "sourced")
    Tag.objects.filter(name="loaded").update(name="كلمات مشحونة بالعاطفة")
    return article


def overflow(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.once
def test_figures_of_an_article_work_in_every_look(open_page, annotator, marked, check, viewport):
    page = open_page(user=annotator, viewport=viewport, path=f"/read/{marked.slug}/insights/")
    check(page)
    assert overflow(page) == 0
    expect(page.get_by_role("img")).to_have_count(0)
    rows = page.get_by_role("region", name="Table of what claims stand on").get_by_role("row")
    expect(rows.filter(has_text="Unsourced")).to_contain_text("63 %")
    page.get_by_role("link", name="Passage 1 in the text").click()
    expect(page.locator("main h1")).to_have_text(marked.title)


@pytest.mark.once
def test_the_use_of_tags_works_in_every_look(open_page, annotator, marked, check, viewport):
    page = open_page(user=annotator, viewport=viewport, path="/codebook/usage/")
    check(page)
    assert overflow(page) == 0
    table = page.get_by_role("region", name="Table of tags by reader")
    expect(table.get_by_role("rowheader")).to_have_text(
        [
            "Anna Annotator",
            "Jean-Baptiste <b>de la</b> Fontaine-Montmorency de Saint-Exupéry-sur-Loire",
            "Sem Second",
        ]
    )


def test_tables_open_and_scroll_without_javascript_on_a_phone(open_page, person, marked):
    assert Annotation.objects.count() == 9
    staff = person("boss", "The Boss", is_staff=True)
    page = open_page(user=staff, viewport=PHONE, javascript=False, path="/insights/")
    page.get_by_text("As a table").click()
    region = page.get_by_role("region", name="Table of marks over time")
    expect(region).to_be_visible()
    claims = page.get_by_role("region", name="Table of what claims stand on")
    claims.focus()
    expect(claims).to_be_focused()
    expect(page.get_by_role("region", name="Table of the readers").get_by_role("row")).to_have_count(4)
    page.get_by_role("link", name=marked.title, exact=True).click()
    expect(page.locator("main h1")).to_have_text("How this article argues")
