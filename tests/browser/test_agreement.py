"""The agreement page in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotations.models import Tag, TeamSession
from tests.support.teams import finish_all, mark_in, move_on, start_session

SENTENCES = {
    "The council bought a ferry in spring.": ("claim",),
    "Nobody on the island had asked for one.": ("claim", "unsourced"),
    "A ferry without passengers is a promise without a date.": ("opinion",),
    "A crew of nine, trained and paid.": ("claim",),
}


@pytest.fixture
def session(owner, annotator, second_annotator, person, article) -> TeamSession:
    """Three readers who differ here and there, one of whom has a long name."""
    Tag.objects.update(is_on=True)
    third = person("third", "Jean-Baptiste <b>de la</b> Fontaine-Montmorency")
    people = [annotator, second_annotator, third]
    session = start_session(owner, article, annotators=people)
    for number, (words, tags) in enumerate(SENTENCES.items()):
        for at, reader in enumerate(people):
            if (number + at) % 3:
                mark_in(session, reader, article, words, *tags)
    finish_all(session, *people)
    return move_on(owner, session, TeamSession.REVEALED)


@pytest.mark.once
def test_the_page_works_in_every_look_and_is_read_from_its_tables(
    open_page, annotator, session, article, check, viewport
):
    page = open_page(user=annotator, viewport=viewport, path=f"{session.get_absolute_url()}agreement/")
    check(page)
    page.get_by_role("link", name="Extents").click()
    expect(page.get_by_role("heading", name="The same words")).to_be_visible()
    check(page)
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(width) == 0
    page.get_by_role("link", name="Sentences").click()
    expect(page.get_by_role("img")).to_have_count(0)
    rows = page.get_by_role("region", name="Table of the pairs").get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_contain_text("Anna Annotator and Sem Second")
    page.get_by_role("link", name="Passage 1 in the text").click()
    expect(page.locator("main h1")).to_have_text(article.title)
