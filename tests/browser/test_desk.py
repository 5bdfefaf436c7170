"""The adjudication desk by keyboard alone, and in every look."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotations.adjudication.actions import choose, reject
from annotations.adjudication.queries import desk_of
from annotations.membership import article_in
from annotations.models import Decision, Reply, TeamSession
from tests.annotations.adjudication.conftest import seen
from tests.browser.conftest import at_rest
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

WORDS = [
    "The council bought a ferry in spring.",
    "Nobody on the island had asked for one.",
    "A ferry without passengers is a promise without a date.",
    "So says the harbour master, who ought to know.",
    "The ferry waits",
    "the ferry waits again",
    "families count the gulls",
    "Officials familiar with the plan expect it to sail in May.",
    "A crew of nine, trained and paid.",
    "Only a fool would bet on it.",
]


@pytest.fixture
def settling(owner, annotator, second_annotator, reviewer, article, codebook) -> TeamSession:
    """Ten passages. The readers agree on the first six of them."""
    session = start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])
    for at, words in enumerate(WORDS):
        mark = mark_in(session, annotator, article, words, "claim", note="Says who?" if at > 5 else "")
        mark_in(session, second_annotator, article, words, "claim" if at < 6 else "opinion")
    Reply.objects.create(annotation=mark, author=reviewer, text="The document is named above.", key="a-reply")
    finish_all(session, annotator, second_annotator)
    return move_on(owner, session, TeamSession.ADJUDICATING)


def heading(page: Page):
    return page.locator("#passage-head")


def test_ten_passages_are_decided_by_keyboard_alone(open_page, settling, article, reviewer):
    page = open_page(user=reviewer, path=f"/team/{settling.uid}/desk/{article.slug}/")
    press = page.keyboard.press
    expect(heading(page)).to_contain_text("Passage 1 of 10")

    press("?")
    expect(page.get_by_role("dialog", name="Keys of the desk")).to_be_visible()
    press("Escape")

    # Through the queue and back; the first is where it ends.
    press("j")
    expect(heading(page)).to_contain_text("Passage 2 of 10")
    expect(heading(page)).to_be_focused()
    press("n")
    expect(heading(page)).to_contain_text("Passage 3 of 10")
    press("k")
    expect(heading(page)).to_contain_text("Passage 2 of 10")
    press("p")
    expect(heading(page)).to_contain_text("Passage 1 of 10")
    press("p")
    expect(heading(page)).to_contain_text("Passage 1 of 10")

    press("2")
    expect(heading(page)).to_contain_text("Passage 2 of 10")
    # Rejecting asks why; letters are letters there, and what was typed stays when one looks elsewhere.
    press("x")
    expect(page.get_by_role("textbox", name="Reason")).to_be_focused()
    page.keyboard.type("jump, mere 1 figure")
    press("Escape")
    press("j")
    expect(heading(page)).to_contain_text("Passage 3 of 10")
    press("k")
    expect(page.get_by_role("textbox", name="Reason")).to_have_value("jump, mere 1 figure")
    press("x")
    press("Control+Enter")
    expect(heading(page)).to_contain_text("Passage 3 of 10")
    press("m")
    expect(heading(page)).to_contain_text("Passage 4 of 10")
    press("z")
    expect(heading(page)).to_contain_text("Passage 3 of 10")
    expect(page.locator("#progress-words")).to_contain_text("2 of 10 decided")
    press("m")
    expect(heading(page)).to_contain_text("Passage 4 of 10")

    # A reading of one's own: a word later, and another tag of an exclusive group.
    press("e")
    step = page.get_by_role("button", name="Begin a word later")
    expect(page.get_by_role("button", name="Begin a sentence earlier")).to_be_focused()
    press("Tab")
    press("Tab")
    expect(step).to_be_focused()
    press("Enter")
    expect(page.locator("#edit .q")).not_to_contain_text("A crew")
    expect(step).to_be_focused()
    at_rest(page)
    page.locator("#edit").get_by_label("opinion").focus()
    press("Space")
    expect(page.locator("#edit").get_by_label("claim")).not_to_be_checked()
    save = page.get_by_role("button", name="Decide this reading")
    save.focus()
    press("Enter")
    expect(heading(page)).to_contain_text("Passage 5 of 10")

    for number in range(5, 10):
        expect(heading(page)).to_contain_text(f"Passage {number} of 10")
        press("1")
    expect(heading(page)).to_contain_text("Passage 10 of 10")
    press("1")
    expect(heading(page)).to_have_text("Everything is decided. Publish?")
    assert page.url.endswith("?at=end")
    press("j")  # never out of the queue
    expect(heading(page)).to_have_text("Everything is decided. Publish?")
    press("k")
    expect(heading(page)).to_contain_text("Passage 10 of 10")

    decisions = Decision.objects.filter(deleted_at=None).prefetch_related("tags")
    assert decisions.count() == 10
    assert [d.reason for d in decisions if d.verdict == Decision.REJECTED] == ["jump, mere 1 figure"]
    assert sum([tag.name for tag in d.tags.all()] == ["opinion"] for d in decisions) == 2


def test_keys_that_are_switched_off_do_nothing(open_page, settling, article, reviewer):
    reviewer.reading = {**reviewer.reading, "keys": "off"}
    reviewer.save()
    page = open_page(user=reviewer, path=f"/team/{settling.uid}/desk/{article.slug}/")
    for key in ("1", "m", "j", "z"):
        page.keyboard.press(key)
    page.get_by_role("link", name="Next").click()
    expect(heading(page)).to_contain_text("Passage 2 of 10")
    assert Decision.objects.count() == 0


@pytest.mark.once
def test_the_pages_in_every_look(open_page, settling, article, owner, annotator, reviewer, check, viewport):
    seat = seat_of(reviewer, settling)
    first, second = desk_of(reviewer, seat, article_in(seat, article.slug)).items[:2]
    choose(reviewer, seat, article.slug, seen(first), first.passage.candidates[1].key, reason="It judges.")
    reject(reviewer, seat, article.slug, seen(second), reason="Nobody can know.")
    base = f"/team/{settling.uid}"
    page = open_page(user=owner, viewport=viewport)
    for path in ("desk/", "settle/strategy/?method=threshold", "decided/", f"desk/{article.slug}/?at=end"):
        page.goto(f"{base}/{path}")
        check(page)
    page.goto(f"{base}/desk/{article.slug}/?passage={first.passage.key}")
    page.keyboard.press("e")
    page.evaluate("scrollTo(0, 0)")  # what is half under the bar is no small target
    check(page)
    page.keyboard.press("?")
    check(page, "#desk-keys")
    page = open_page(user=annotator, path=f"{base}/decided/", viewport=viewport)
    page.locator("main summary").first.click()
    page.evaluate("scrollTo(0, 0)")
    check(page)
