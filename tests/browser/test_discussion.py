"""Talking about marks in a browser: replies in place, by keyboard, and marks side by side."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotations.discussion.actions import add_reply
from annotations.editing.actions import edit_mark
from annotations.models import Reply, TeamSession
from annotations.teams.progress.actions import note
from tests.browser.conftest import at_rest
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

ASKED = "Nobody on the island had asked for one."
WAITS = "The ferry waits"


@pytest.fixture
def marked(article, owner, annotator, second_annotator, codebook):
    """The second annotator's mark on the first paragraph of a revealed session of two, with other marks and a note."""
    session = start_session(owner, article, annotators=[annotator, second_annotator])
    mark = mark_in(session, second_annotator, article, ASKED, "opinion", note="Says who? https://example.org/")
    own = mark_in(session, annotator, article, "had asked for one.", "claim", note="Mine.")
    mark_in(session, second_annotator, article, WAITS, "claim")
    note(annotator, seat_of(annotator, session), session.articles.get(), "All about a boat.")
    finish_all(session, annotator)
    session = move_on(owner, session, TeamSession.REVEALED)
    edit_mark(annotator, own.uid, own.version, note="Still mine.")
    mark.session = session
    return mark


def test_replying_in_place_by_keyboard(open_page, annotator, marked, article):
    page = open_page(user=annotator, path=f"/team/{marked.session.uid}/read/{article.slug}/")
    card = page.locator(f"#card-{marked.uid}")
    card.get_by_role("link", name="Reply to this mark").focus()
    page.keyboard.press("Enter")
    box = card.get_by_role("textbox", name="Reply to this mark")
    expect(box).to_be_focused()
    page.keyboard.type("nobody can check, can they?")  # n, c and ? do nothing else while somebody types
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    reply = card.locator(".reply")
    expect(reply).to_contain_text("nobody can check, can they?")
    expect(page.locator("#notices")).to_contain_text("Reply sent.")
    expect(card.get_by_role("textbox", name="Your reply")).to_be_focused()
    at_rest(page)
    assert Reply.objects.get().text == "nobody can check, can they?"

    reply.get_by_role("link", name="Edit this reply").focus()
    page.keyboard.press("Enter")
    expect(card.get_by_role("form", name="Edit this reply").get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" No.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(reply).to_be_focused()
    expect(reply).to_contain_text("can they? No.")
    at_rest(page)

    reply.get_by_role("button", name="Delete this reply").focus()
    page.keyboard.press("Enter")
    expect(reply).to_contain_text("You deleted a reply.")
    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(reply).to_contain_text("can they? No.")
    at_rest(page)
    card.get_by_role("link", name="Close").focus()
    page.keyboard.press("Enter")
    expect(card.get_by_role("link", name="1 reply")).to_be_focused()
    assert Reply.objects.get().version == 4


def test_choosing_readers_and_going_on_without_scripts(open_page, annotator, marked, article):
    path = f"/team/{marked.session.uid}/talk/{article.slug}/"
    page = open_page(user=annotator, path=path, javascript=False)
    expect(page.locator(".row .here")).to_have_text(
        [ASKED, "The ferry waits, the pier waits, and the ferry waits again."]
    )
    page.get_by_text("Choose readers and tags").click()
    page.get_by_role("checkbox", name="Anna Annotator").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.locator(".row .here")).to_have_text([ASKED])
    expect(page.locator(".cell")).to_have_count(1)
    page.get_by_role("link", name="Reply to this mark").click()
    page.get_by_role("textbox", name="Reply to this mark").fill("To myself.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".reply")).to_contain_text("To myself.")
    page.get_by_role("link", name="Edit this reply").click()
    page.get_by_role("textbox", name="Your reply").fill("To me.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".reply .note")).to_have_text("To me.")


@pytest.mark.once
def test_pages_are_accessible(open_page, annotator, owner, marked, article, check, viewport):
    session = marked.session
    for person, words in ((annotator, "Why?"), (owner, "See https://example.org/.")):
        add_reply(person, session.pk, marked.uid, words, key=f"key-of-{person.username}")
    base = f"/team/{session.uid}"
    page = open_page(user=annotator, viewport=viewport)
    for path in ("talk/", f"talk/{article.slug}/mine/?kept=yes", f"marks/{marked.uid}/replies/"):
        page.goto(f"{base}/{path}")
        check(page)
    page.goto(f"{base}/talk/{article.slug}/?paragraph=2&reader=second&reader=annotator")
    page.locator(f"#replies-{marked.uid} a").click()
    expect(page.locator(".thread .reply")).to_have_count(2)
    page.get_by_role("link", name="Edit this reply").click()
    expect(page.locator(".reply.editing textarea")).to_be_focused()
    page.evaluate("scrollTo(0, 0)")  # what the bar at the top covers half is no target at that moment
    check(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
