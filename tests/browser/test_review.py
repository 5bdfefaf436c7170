"""The review queue by keyboard alone, many marks at once, and every look."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from playwright.sync_api import Page, expect

from annotations.models import Annotation, Review
from annotations.review.actions import accept, reject, return_mark
from annotations.review.cases import Seen
from annotations.review.flagging import raise_flag
from tests.browser.conftest import at_rest

WORDS = [
    "The council bought a ferry in spring.",
    "Nobody on the island had asked for one.",
    "So says the harbour master, who ought to know.",
    "The ferry waits",
    "the ferry waits again",
    "the pier waits",
    "families count the gulls",
    "Officials familiar with the plan expect it to sail in May.",
    "A crew of nine, trained and paid.",
    "A timetable that somebody has read.",
    "Let us hope that the ferry sails before it rusts.",
    "Only a fool would bet on it.",
]


@pytest.fixture
def reviewer(reviewer) -> Any:
    """May review public marks."""
    reviewer.user_permissions.add(Permission.objects.get(codename="review_annotation"))
    return type(reviewer).objects.get(pk=reviewer.pk)


@pytest.fixture
def dozen(mark, annotator, second_annotator, reviewer) -> list[Annotation]:
    """Twelve marks to review; the first in the queue is the last one made."""
    made = [mark(annotator, words, "claim", note="Says who?") for words in WORDS]
    mark(reviewer, WORDS[-1], "opinion", note="I see it otherwise.")
    return made


def heading(page: Page):
    return page.locator("#mark-head")


def states() -> list[str]:
    return list(
        Annotation.objects.filter(author__username="annotator").order_by("-pk").values_list("review_state", flat=True)
    )


@pytest.mark.expected_problems("status of 422")
def test_a_dozen_marks_are_reviewed_by_keyboard_alone(open_page, dozen, reviewer):
    page = open_page(user=reviewer, path="/review/")
    press = page.keyboard.press
    words = page.locator(".context mark")
    expect(heading(page)).to_contain_text("Mark 1 of 12")
    expect(page.locator(".neighbours")).to_contain_text("sees it differently")

    press("?")
    expect(page.get_by_role("dialog", name="Keys of the review")).to_be_visible()
    press("Escape")
    # Until the page is drawn again a key goes to the button of the list, which is closed.
    page.locator("#review-keys button").dispatch_event("keydown", {"key": "j"})
    expect(heading(page)).to_contain_text("Mark 2 of 12")
    expect(heading(page)).to_be_focused()
    press("k")
    expect(heading(page)).to_contain_text("Mark 1 of 12")

    press("a")
    expect(heading(page)).to_contain_text("Mark 1 of 11")
    expect(heading(page)).to_be_focused()
    expect(words).to_have_text(WORDS[10])
    expect(page.locator("#progress-words")).to_contain_text("1 of 12 reviewed")

    # Rejecting asks why; letters are letters there, and what was typed stays when one looks elsewhere.
    press("x")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("a jar of zest")
    press("Escape")
    press("j")
    expect(words).to_have_text(WORDS[9])
    press("k")
    expect(page.locator("#reason")).to_have_value("a jar of zest")
    press("x")
    press("Control+Enter")
    expect(words).to_have_text(WORDS[9])
    # Without a reason nothing happens but the question for one.
    press("r")
    press("Control+Enter")
    expect(page.locator("#reason-error")).to_contain_text("Say what is to be changed")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("Say by whom.")
    press("Control+Enter")
    expect(words).to_have_text(WORDS[8])

    # Other tags; of a group the one ticked last stays, and verdict keys are dead among them.
    press("t")
    page.locator("#retag").get_by_label("opinion").focus()
    press("Space")
    expect(page.locator("#retag").get_by_label("claim")).not_to_be_checked()
    press("a")
    expect(words).to_have_text(WORDS[8])
    press("Control+Enter")
    expect(words).to_have_text(WORDS[7])

    press("a")
    expect(words).to_have_text(WORDS[6])
    press("z")
    expect(words).to_have_text(WORDS[7])
    expect(page.locator("#notices")).to_contain_text("is open again")
    for at in range(7, 0, -1):
        expect(words).to_have_text(WORDS[at])
        press("a")
    expect(words).to_have_text(WORDS[0])
    press("a")
    expect(heading(page)).to_have_text("Everything is reviewed")
    expect(heading(page)).to_be_focused()
    at_rest(page)
    assert states() == ["accepted", "rejected", "returned", *["accepted"] * 9]
    assert list(Review.objects.exclude(reason="").order_by("pk").values_list("reason", flat=True)) == [
        "a jar of zest",
        "Say by whom.",
    ]
    # A reload, another day: undo still knows. What was sent is not kept in the browser.
    page.goto("/review/")
    press("z")
    expect(words).to_have_text(WORDS[0])
    page.goto(f"/review/?state=all&mark={dozen[10].uid}")
    expect(page.locator("#reason")).to_have_value("")


@pytest.mark.expected_problems("status of 409")
def test_who_comes_second_sees_both_verdicts_and_chooses(open_page, dozen, reviewer, owner):
    owner.user_permissions.add(Permission.objects.get(codename="review_annotation"))
    last = dozen[-1]
    page = open_page(user=reviewer, path="/review/")
    accept(type(owner).objects.get(pk=owner.pk), Seen(last.uid, 1), "It is a claim.")
    page.keyboard.press("x")
    page.keyboard.type("No claim at all.")
    page.keyboard.press("Control+Enter")
    conflict = page.locator("#conflict")
    expect(conflict).to_be_focused()
    expect(conflict).to_contain_text("It is a claim.")
    expect(conflict).to_contain_text("No claim at all.")
    expect(page.get_by_role("link", name="Keep theirs")).to_be_visible()
    page.get_by_role("button", name="Replace with mine").click()
    expect(page.locator(".context mark")).to_have_text(WORDS[10])
    assert list(Review.objects.values_list("verdict", flat=True)) == ["accepted", "rejected"]


def test_keys_that_are_switched_off_do_nothing(open_page, dozen, reviewer):
    reviewer.reading = {**reviewer.reading, "keys": "off"}
    reviewer.save()
    page = open_page(user=reviewer, path="/review/")
    for key in ("a", "j", "t", "z"):
        page.keyboard.press(key)
    page.get_by_role("link", name="Next").click()
    expect(heading(page)).to_contain_text("Mark 2 of 12")
    assert Review.objects.count() == 0


@pytest.mark.expected_problems("status of 422")
def test_many_marks_without_javascript(open_page, dozen, reviewer, annotator, second_annotator):
    page = open_page(user=reviewer, javascript=False, path="/review/list/")
    for box in page.locator("[name=mark]").all()[:3]:
        box.check()
    page.get_by_label("Verdict", exact=True).select_option("return")
    page.get_by_role("button", name="Look at what will change").click()
    expect(page.get_by_role("alert")).to_contain_text("Say what is to be changed")
    page.get_by_label("Reason, or what to change").fill("Say by whom.")
    page.get_by_role("button", name="Look at what will change").click()
    expect(page.locator("main")).to_contain_text("3 marks")
    page.get_by_role("button", name="Do it: 3 marks").click()
    expect(page.locator("#notices")).to_contain_text("Returned 3 marks.")
    assert states()[:4] == ["returned"] * 3 + ["unreviewed"]
    page.get_by_role("button", name="Undo my last verdict").click()
    expect(page.locator("#notices")).to_contain_text("3 marks are as before")
    assert set(states()) == {"unreviewed"}
    # One by one: a form that posts and goes on.
    page.goto("/review/?order=newest")
    page.get_by_label("Reason, or what to change").fill("Say by whom.")
    page.get_by_role("button", name="Return").click()
    expect(page.locator(".context mark")).to_have_text(WORDS[10])
    author = open_page(user=annotator, javascript=False, path="/review/mine/")
    author.get_by_role("link", name="Send back as it is").click()
    author.get_by_label("Your answer").fill("By the mayor.")
    author.get_by_role("button", name="Send back").click()
    expect(author.locator("#notices")).to_contain_text("Sent back")
    reader = open_page(user=second_annotator, javascript=False, path=f"/marks/{dozen[0].uid}/flag/")
    reader.get_by_label("What should a reviewer look at?").fill("Not in the text.")
    reader.get_by_role("button", name="Flag it").click()
    expect(reader.locator("#notices")).to_contain_text("Flagged.")
    reader.goto("/review/mine/")
    expect(reader.locator("main")).to_contain_text("waits for a reviewer")


@pytest.mark.once
def test_the_pages_in_every_look(open_page, dozen, reviewer, annotator, second_annotator, check, viewport):
    first, second, third = (one.uid for one in dozen[:3])
    return_mark(reviewer, Seen(first, 1), "Say by whom.")
    reject(reviewer, Seen(second, 1), "Nobody can check it.")
    raise_flag(second_annotator, third, "Not in the text.")
    page = open_page(user=reviewer, viewport=viewport)
    for path in ("/review/list/?state=all&order=newest", "/review/?tag=999999"):
        page.goto(path)
        check(page)
    page.goto(f"/review/?state=all&mark={third}")
    page.keyboard.press("t")
    page.locator("#filters > summary").click()
    page.evaluate("scrollTo(0, 0)")  # what is half under the bar is no small target
    check(page)
    page.locator("#show-keys").click()
    check(page, "#review-keys")
    page = open_page(user=annotator, path="/review/mine/", viewport=viewport)
    check(page)
    page.goto(f"/review/{first}/back/")
    check(page)
    page = open_page(user=second_annotator, path=f"/marks/{third}/flag/", viewport=viewport)
    check(page)
