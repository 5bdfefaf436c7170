"""A published edition as outsiders meet it, and what its readers see of it, in a browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from annotations.edition.calibration.actions import calibrate
from annotations.models import Decision, TeamSession
from opslens.models import Article
from tests.annotations.edition.settling import settle
from tests.support.teams import finish_all, mark_in, move_on, start_session

SENTENCE = "Nobody on the island had asked for one."
WAITS = "the ferry waits again"
FOOL = "Only a fool would bet on it."


@pytest.fixture
def edition(owner: Any, annotator: Any, second_annotator: Any, article: Article) -> TeamSession:
    """Two readers, two settled passages, of which one with dissent, and a rejected one."""
    readers = [annotator, second_annotator]
    session = start_session(owner, article, annotators=readers, name="Ferry reading")
    for reader, tag in zip(readers, ("claim", "opinion"), strict=True):
        mark_in(session, reader, article, SENTENCE, tag)
        mark_in(session, reader, article, WAITS, "claim")
    mark_in(session, annotator, article, FOOL, "opinion")
    finish_all(session, *readers)
    session = move_on(owner, session, TeamSession.ADJUDICATING)
    settle(owner, session, article, SENTENCE, "claim", reason="It can be looked up.")
    settle(owner, session, article, WAITS)
    settle(owner, session, article, FOOL, reject=True, reason="A turn of speech.")
    return move_on(owner, session, TeamSession.PUBLISHED)


def address(edition: TeamSession, article: Article) -> str:
    return f"/edition/{edition.uid}/{article.slug}/"


def test_an_edition_is_read_without_javascript(open_page, edition, article):
    page = open_page(javascript=False, path=f"/edition/{edition.uid}/")
    page.get_by_role("link", name=article.title).click()
    expect(page.locator("mark")).to_have_text([SENTENCE, WAITS])
    expect(page.locator("#cards .q")).to_have_text([SENTENCE, WAITS])
    expect(page.locator("#cards .shares")).to_contain_text(["1 of 2 readers", "2 of 2 readers"])
    expect(page.locator(".rejected")).to_contain_text("A turn of speech.")
    page.locator("#cards .q a").first.click()
    uid = Decision.objects.get(reason="It can be looked up.").uid
    expect(page.locator("i:target")).to_have_attribute("id", f"d{uid}")
    expect(page.locator("mark:has(> i:target)")).to_have_text(SENTENCE)
    page.locator(".filters").get_by_role("link", name="claim").click()
    expect(page.locator(".filters [aria-current]")).to_have_text("claim 2")
    page.get_by_role("link", name="Show all").click()
    expect(page).to_have_url(f"{page.url.split('/edition')[0]}{address(edition, article)}")


def test_marks_and_cards_lead_to_one_another(open_page, edition, article):
    uid = Decision.objects.get(reason="It can be looked up.").uid
    page = open_page(path=f"{address(edition, article)}#d{uid}")
    expect(page.locator(f"#card-{uid}")).to_have_class("card open")
    passage, card = (page.locator(name).bounding_box() for name in (f"#m{uid}", f"#card-{uid}"))
    assert abs(passage["y"] - card["y"]) < 3
    page.locator("mark", has_text=WAITS).click()
    expect(page.locator(".card.open .q")).to_have_text(WAITS)


@pytest.mark.once
def test_axe_finds_nothing(open_page, edition, article, owner, outsider, check, viewport):
    page = open_page(viewport=viewport)
    for path in ("", f"{article.slug}/", f"{article.slug}/?tag=claim", f"{article.slug}/?tag=evidence"):
        page.goto(f"/edition/{edition.uid}/{path}")
        check(page)
    page = open_page(user=owner, path=f"/team/{edition.uid}/recap/", viewport=viewport)
    page.locator(".feedback summary").first.click()
    check(page)
    own = calibrate(outsider, edition.articles.get())
    page = open_page(user=outsider, path=f"{address(edition, article)}calibrate/", viewport=viewport)
    check(page)
    page.goto(f"/team/{own.uid}/calibration/")
    check(page)
    mark_in(own, outsider, article, FOOL, "opinion")
    page.get_by_role("button", name="I am done, compare").click()
    expect(page.locator("h1")).to_have_text("You and the settled reading")
    check(page)
