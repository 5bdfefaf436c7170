"""A team session as people work it: invited by link, marking blind, saying done by keyboard, and without JavaScript."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotations.models import Assignment, Member, TeamSession
from annotations.teams.people.actions import invite, token_of
from annotations.teams.progress.actions import ask
from tests.browser.reading import ReadingPage
from tests.support.teams import mark_in, seat_of, start_session

SENTENCE = "Nobody on the island had asked for one."


@pytest.fixture
def session(owner, annotator, second_annotator, article, codebook) -> TeamSession:
    return start_session(
        owner, article, annotators=[annotator, second_annotator], guidelines="# How we read\n\n- Claims **first**."
    )


@pytest.fixture
def reading_in(open_page, article, session):
    """`reading_in(user)`: the article in the session, as that user sees it."""

    def open_article(user, **options) -> ReadingPage:
        here = SimpleNamespace(get_absolute_url=lambda: reverse("teams:read", args=[session.uid, article.slug]))
        return ReadingPage(open_page(user=user, **options), here)

    return open_article


def state_of(person) -> str:
    return Assignment.objects.get(member__user=person).state


def test_two_readers_mark_blind_and_see_nothing_of_one_another(reading_in, session, annotator, second_annotator):
    one, other = reading_in(annotator), reading_in(second_annotator)
    one.select(SENTENCE)
    one.press("c")
    expect(one.page.locator("article mark").first).to_have_text(SENTENCE)
    expect(one.page.locator(".card")).to_have_count(1)
    assert session.marks.get().visibility == "team"
    other.page.reload()
    expect(other.page.locator("article mark")).to_have_count(0)
    expect(other.page.locator("#tally")).to_have_text("no marks")
    one.press("z")
    expect(one.page.locator("article mark")).to_have_count(0)


def test_a_reader_goes_from_invitation_to_done_by_keyboard(open_page, session, article, owner, outsider):
    link = reverse("teams:join", args=[token_of(invite(owner, session.pk, role=Member.ANNOTATOR, uses=1, days=1))])
    page = open_page(user=outsider, path=link)
    page.get_by_role("button", name="Join as").press("Enter")
    page.get_by_role("link", name="Begin reading").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(article.title)
    expect(page.locator("#cards")).to_have_attribute("data-mode", "margin")  # now keys are heard
    for key in ("s", "ArrowRight", "o"):
        page.keyboard.press(key)
    expect(page.locator(".card")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.get_by_text("You are done with your articles.")).to_be_visible()
    assert state_of(outsider) == "done"


@pytest.mark.expected_problems("status of 409")
def test_words_typed_while_the_phase_changes_are_kept(reading_in, session, owner, annotator):
    from annotations.teams.actions import set_phase

    page = reading_in(annotator)
    page.select(SENTENCE)
    page.press("n")
    page.page.keyboard.type("Who says so?")
    for to, seen in (("revealed", "annotating"), ("adjudicating", "revealed")):
        set_phase(owner, session.pk, to, seen=seen)
    page.page.keyboard.press("Control+Enter")
    expect(
        page.page.get_by_text("Your mark is kept here").or_(page.page.get_by_text("kept in this browser")).first
    ).to_be_visible()
    assert not session.marks.exists()
    expect(page.bar.get_by_role("textbox", name="Note")).to_have_value("Who says so?")


def test_marking_and_finishing_without_javascript(open_page, session, article, annotator):
    path = reverse("teams:block", args=[session.uid, article.slug, 1, 1])
    page = open_page(user=annotator, javascript=False, path=path)
    page.get_by_label(SENTENCE).check()
    page.get_by_label("claim", exact=True).check()
    page.get_by_role("button", name="Mark this passage").click()
    expect(page.locator("article mark").first).to_have_text(SENTENCE)
    assert page.url.split("#")[0].endswith(reverse("teams:revision", args=[session.uid, article.slug, 1]))
    page.get_by_text("Skip", exact=True).click()
    page.get_by_label("Why do you skip this article?").fill("I wrote it.")
    page.get_by_role("button", name="Skip it").click()
    assert state_of(annotator) == "skipped"
    page.get_by_role("button", name="again").click()
    page.get_by_role("button", name="Done").click()
    assert state_of(annotator) == "done"


@pytest.mark.once
def test_pages_of_a_session_pass_axe(open_page, session, article, owner, annotator, check, viewport):
    mark_in(session, annotator, article, SENTENCE, "claim", note="Says who?")
    ask(annotator, seat_of(annotator, session), "Is a headline a claim?")
    invite(owner, session.pk, role=Member.ANNOTATOR, uses=3, days=1)
    base = session.get_absolute_url()
    page = open_page(user=owner, viewport=viewport)
    for path in ("/team/", "/team/new/", base, f"{base}people/", f"{base}settings/", f"{base}phase/?to=revealed"):
        page.goto(path)
        check(page)
    reader = open_page(user=annotator, path=f"{base}read/{article.slug}/", viewport=viewport)
    reader.get_by_text("Guidelines", exact=True).click()
    check(reader)
    reader.goto(base)
    check(reader)
