"""Live changes in a browser: what others do comes onto the page, and the reader is left in peace."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from annotations.editing.actions import delete_mark, edit_mark
from annotations.live.hub import hub
from annotations.models import TeamSession
from tests.browser.reading import ReadingPage
from tests.support.teams import mark_in, move_on, start_session

SENTENCE = "Nobody on the island had asked for one."


@pytest.fixture
def following(reading):
    """`following(user)`: the page of a reader whose stream is open."""

    def open_page(user=None, **options) -> ReadingPage:
        before = hub._counts.total()
        page = reading(user, **options)
        page.page.wait_for_function("() => document.querySelector('#live')?.hidden === false")
        _until(page, lambda: hub._counts.total() > before)
        return page

    return open_page


def _until(page: ReadingPage, condition) -> None:
    for _ in range(500):
        if condition():
            return
        page.page.wait_for_timeout(10)
    raise AssertionError("did not come true")


def said(page: ReadingPage):
    return page.page.locator("#live [role=status]")


def test_a_mark_of_another_reader_comes_and_goes(following, annotator, second_annotator, mark):
    page = following(annotator)
    made = mark(second_annotator, SENTENCE, "claim", note="Who says so?")
    page.expect_marked(SENTENCE)
    expect(page.card(made.uid)).to_contain_text("Who says so?")
    assert page.painted("live") == [SENTENCE]
    expect(said(page)).to_have_text("1 new mark")
    expect(page.page.locator("#tally")).to_contain_text("1 mark")
    edit_mark(second_annotator, made.uid, 1, note="Nobody did.")
    expect(page.card(made.uid)).to_contain_text("Nobody did.")
    page.page.get_by_role("button", name="Show").click()
    expect(page.card(made.uid)).to_be_focused()
    expect(said(page)).to_be_empty()
    edit_mark(second_annotator, made.uid, 2, visibility="private")
    page.expect_marked("")
    expect(page.card(made.uid)).to_have_count(0)
    expect(page.page.locator("#tally")).to_contain_text("no marks")


def test_what_one_does_in_another_tab_comes_too_and_quietly(following, annotator):
    one, other = following(annotator), following(annotator)
    one.select(SENTENCE)
    one.press("c")
    one.expect_marked(SENTENCE)
    other.expect_marked(SENTENCE)
    expect(other.cards).to_have_count(1)
    expect(said(other)).to_be_empty()


def test_nothing_moves_and_nothing_typed_is_lost(following, annotator, second_annotator, mark):
    mine = mark(annotator, SENTENCE, "claim")
    page = following(annotator)
    page.card(mine.uid).locator(".act").first.dispatch_event("click")
    note = page.card(mine.uid).get_by_role("textbox", name="Note")
    note.fill("Half a thought")
    top = page.boxes("A ferry without passengers", nth=2)
    mark(second_annotator, "Nobody on the island", "opinion")
    edit_mark(annotator, mine.uid, 1, note="From the phone")
    page.expect_marked("Nobody on the island| had asked for one.")
    expect(note).to_have_value("Half a thought")
    expect(note).to_be_focused()
    assert page.boxes("A ferry without passengers", nth=2) == top


def test_a_block_with_a_selection_waits(following, annotator, second_annotator, mark):
    page = following(annotator)
    page.select("the ferry waits again")
    mark(second_annotator, "So says the harbour master", "claim")
    mark(second_annotator, SENTENCE, "claim")
    page.expect_marked(SENTENCE)
    assert page.selected == "the ferry waits again"
    page.press("Escape")
    page.expect_marked(f"{SENTENCE}|So says the harbour master")


def test_the_focus_stays_where_it_was(following, annotator, second_annotator, mark):
    page = following(annotator)
    pen = page.page.locator("#b1 .an")
    pen.focus()
    mark(second_annotator, SENTENCE, "claim")
    page.expect_marked(SENTENCE)
    expect(pen).to_be_focused()


def test_paused_changes_wait_until_they_are_asked_for(following, annotator, second_annotator, mark):
    page = following(annotator)
    page.page.get_by_role("button", name="Pause live changes").click()
    first = mark(second_annotator, SENTENCE, "claim")
    mark(second_annotator, "the ferry waits again", "opinion")
    expect(said(page)).to_have_text("2 new marks")
    page.expect_marked("")
    page.page.get_by_role("button", name="Show").click()
    page.expect_marked(f"{SENTENCE}|the ferry waits again")
    expect(page.card(first.uid)).to_be_focused()
    page.page.reload()
    paused = page.page.get_by_role("button", name="Live changes are paused")
    expect(paused).to_have_attribute("aria-pressed", "true")
    _until(page, lambda: hub._counts.total() == 1)
    mark(second_annotator, "Let us hope", "opinion")
    expect(said(page)).to_have_text("1 new mark")
    paused.click()
    page.expect_marked(f"{SENTENCE}|the ferry waits again|Let us hope")


def test_a_first_card_between_blocks_waits_for_the_reader(following, annotator, second_annotator, mark):
    page = following(annotator, viewport=(900, 800))
    below = page.boxes("A ferry without passengers", nth=2)
    made = mark(second_annotator, SENTENCE, "claim")
    page.expect_marked(SENTENCE)
    expect(said(page)).to_have_text("1 new mark")
    assert page.boxes("A ferry without passengers", nth=2) == below
    expect(page.card(made.uid)).to_have_count(0)
    page.page.get_by_role("button", name="Show").click()
    expect(page.card(made.uid)).to_be_focused()


def test_after_a_sleep_everything_is_there(following, annotator, second_annotator, mark):
    """The connection is lost, much happens, and some of it is undone."""
    old = mark(second_annotator, "the ferry waits again", "claim")
    page = following(annotator)
    page.page.context.set_offline(True)
    page.page.evaluate("dispatchEvent(new Event('pagehide'))")
    _until(page, lambda: hub._counts.total() == 0)
    delete_mark(second_annotator, old.uid)
    mark(second_annotator, SENTENCE, "claim")
    page.page.context.set_offline(False)
    page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.expect_marked(SENTENCE)
    expect(page.card(old.uid)).to_have_count(0)


@pytest.mark.expected_problems("status of 503")
def test_where_no_stream_gets_through_the_page_asks_when_it_is_looked_at(
    reading, annotator, second_annotator, mark, open_page, article
):
    page = open_page(user=annotator)
    page.route(re.compile(r"/live/\?(?!.*once)"), lambda route: route.fulfill(status=503, body=""))
    here = ReadingPage(page, article)
    page.wait_for_function("() => document.querySelector('#live')?.hidden === false")
    mark(second_annotator, SENTENCE, "claim")
    page.evaluate("dispatchEvent(new Event('focus'))")
    here.expect_marked(SENTENCE)


def test_a_reveal_is_told_and_shown_when_asked_for(open_page, owner, annotator, second_annotator, article):
    session = start_session(owner, article, annotators=[annotator, second_annotator])
    theirs = mark_in(session, second_annotator, article, SENTENCE, "claim")
    page = open_page(user=annotator, path=f"/team/{session.uid}/read/{article.slug}/")
    _wait_for_stream(page)
    mark_in(session, second_annotator, article, "the ferry waits again", "opinion")
    move_on(owner, session, TeamSession.REVEALED)
    expect(page.locator("#live [role=status]")).to_have_text("The marks are revealed.")
    expect(page.locator("#article mark")).to_have_count(0)
    page.get_by_role("button", name="Show").click()
    expect(page.locator(f"#card-{theirs.uid}")).to_be_visible()


def test_readers_see_how_many_read(following, annotator, second_annotator):
    page = following(annotator)
    following(second_annotator)
    expect(page.page.locator("#live .readers")).to_have_text("2 reading")


def test_without_scripts_nothing_of_it_shows(reading, annotator):
    page = reading(annotator, javascript=False)
    expect(page.page.locator("#live")).to_be_hidden()


@pytest.mark.once
@pytest.mark.parametrize("look", [{}, {"theme": "dark"}, {"forced_colors": True}, {"viewport": (320, 640)}])
def test_live_changes_in_all_looks(following, annotator, second_annotator, mark, axe, look):
    page = following(annotator, **look)
    following(second_annotator)
    mark(second_annotator, SENTENCE, "claim")
    expect(said(page)).to_have_text("1 new mark")
    expect(page.page.locator("#live .readers")).to_have_text("2 reading")
    axe(page.page)


def _wait_for_stream(page) -> None:
    for _ in range(500):
        if hub._counts.total():
            return
        page.wait_for_timeout(10)
    raise AssertionError("no stream was opened")
