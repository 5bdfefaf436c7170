"""What somebody typed or chose is never lost: reloads, failures, conflicts."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Route, expect

from annotations.models import Annotation
from tests.browser.conftest import rows

SENTENCE = "Nobody on the island had asked for one."


def test_note_survives_a_reload(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("n")
    page.page.keyboard.type("Half a thou")
    page.press("Escape", "Shift+U")
    page.page.reload()
    expect(page.bar).to_be_visible()
    expect(page.bar).to_contain_text("Unsaved note restored.")
    expect(page.bar.get_by_role("textbox", name="Note")).to_have_value("Half a thou")
    expect(page.bar.get_by_role("button", name="unsourced")).to_have_attribute("aria-pressed", "true")
    assert page.painted("pending") == [SENTENCE]
    page.bar.get_by_role("textbox", name="Note").press_sequentially("ght")
    page.press("End")
    page.bar.get_by_role("textbox", name="Note").fill("Half a thought")
    page.press("Control+Enter")
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "Half a thought", ["unsourced"], "private")]
    # The server has it, so nothing comes back.
    page.page.reload()
    page.expect_marked(SENTENCE)
    page.page.wait_for_timeout(300)
    expect(page.bar).to_be_hidden()


def test_draft_can_be_discarded(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("n")
    page.page.keyboard.type("Never mind")
    page.page.reload()
    page.bar.get_by_role("button", name="Discard").click()
    expect(page.bar).to_be_hidden()
    page.page.reload()
    page.page.wait_for_timeout(300)
    expect(page.bar).to_be_hidden()
    assert rows() == []


def test_closing_the_bar_by_mistake_is_undone(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("n")
    page.page.keyboard.type("Too quick")
    page.bar.get_by_role("button", name="Close").click()
    expect(page.bar).to_be_hidden()
    page.notices.get_by_role("button", name="Bring it back").click()
    expect(page.bar.get_by_role("textbox", name="Note")).to_have_value("Too quick")
    assert page.painted("pending") == [SENTENCE]


def test_other_selections_do_not_sweep_a_note_away(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("n")
    page.page.keyboard.type("See the last paragraph")
    page.select("Only a fool")
    page.page.wait_for_timeout(300)
    expect(page.bar.get_by_role("textbox", name="Note")).to_have_value("See the last paragraph")
    assert page.painted("pending") == [SENTENCE]


@pytest.mark.expected_problems("net::ERR_", "htmx:(afterRequest|sendError)")
@pytest.mark.parametrize("arrives", [False, True], ids=["lost on the way there", "lost on the way back"])
def test_failed_save_keeps_the_passage_and_retries_into_one_mark(reading, annotator, arrives):
    page = reading(annotator)

    def fail(route: Route) -> None:
        if arrives:
            route.fetch()
        route.abort()

    page.page.route("**/marks/", fail)
    page.select(SENTENCE)
    page.press("c")
    expect(page.bar).to_contain_text("No answer from the server. Your mark is kept here.")
    assert page.painted("pending") == [SENTENCE]
    assert len(rows()) == int(arrives)
    page.page.unroute("**/marks/")
    page.bar.get_by_role("button", name="Try again").click()
    page.expect_marked(SENTENCE)
    page.is_saved()
    expect(page.cards).to_have_count(1)
    assert rows() == [(SENTENCE, "", ["claim"], "private")]


@pytest.mark.expected_problems("status of 500", "Status Error Code 500")
def test_broken_server_keeps_note_and_tags_even_over_a_reload(reading, annotator):
    page = reading(annotator)
    page.page.route("**/marks/", lambda route: route.fulfill(status=500, body="Something went wrong on the server."))
    page.select(SENTENCE)
    page.press("Shift+U", "n")
    page.page.keyboard.type("Keep this")
    page.press("Control+Enter")
    expect(page.bar).to_contain_text("The server could not save it.")
    page.page.unroute("**/marks/")
    page.page.reload()
    expect(page.bar.get_by_role("textbox", name="Note")).to_have_value("Keep this")
    page.bar.get_by_role("button", name="Try again").click()
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "Keep this", ["unsourced"], "private")]


@pytest.mark.expected_problems("net::ERR_", "htmx:(afterRequest|sendError)")
def test_reader_goes_on_while_a_save_fails(reading, annotator):
    page = reading(annotator)
    held: list[Route] = []
    page.page.route("**/marks/", lambda route: held.append(route))
    page.select(SENTENCE)
    page.press("c")
    page.page.wait_for_function("() => CSS.highlights.has('pending')")
    page.select("Only a fool would bet on it.")
    expect(page.bar).to_be_visible()
    held[0].abort()
    expect(page.notices).to_contain_text("A mark was not saved. It is kept.")
    page.page.unroute("**/marks/")
    page.press("o")
    page.expect_marked("Only a fool would bet on it.")
    page.notices.get_by_role("button", name="Show it").click()
    page.bar.get_by_role("button", name="Try again").click()
    page.expect_marked(f"{SENTENCE}|Only a fool would bet on it.")
    page.is_saved()
    assert sorted(quote for quote, *_ in rows()) == [SENTENCE, "Only a fool would bet on it."]


@pytest.mark.expected_problems("status of 409")
def test_changed_article_is_said_and_nothing_is_made(reading, annotator):
    page = reading(annotator)

    def lie(route: Route) -> None:
        route.continue_(post_data=route.request.post_data.replace("Nobody", "Anybody"))

    page.page.route("**/marks/", lie)
    page.select(SENTENCE)
    page.press("c")
    expect(page.notices).to_contain_text("changed")
    expect(page.bar).to_be_visible()
    assert page.painted("pending") == [SENTENCE]
    assert rows() == []


def test_unsaved_changes_of_a_mark_come_back(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim", note="As it was.")
    page = reading(annotator)

    def edit() -> object:
        card = page.card(made.uid)
        card.hover()
        card.get_by_role("link", name="Edit this mark").click()
        return card

    card = edit()
    card.get_by_role("textbox", name="Note").fill("Better wo")
    card.get_by_role("button", name="End a word earlier").click()
    page.page.reload()
    card = edit()
    expect(card).to_contain_text("Unsaved changes restored.")
    expect(card.get_by_role("textbox", name="Note")).to_have_value("Better wo")
    assert page.painted("pending") == ["Nobody on the island had asked for one"]
    card.get_by_role("button", name="Save").click()
    expect(card.locator("[role=comment]")).to_contain_text("Better wo")
    assert rows() == [("Nobody on the island had asked for one", "Better wo", ["claim"], "public")]
    edit()
    expect(card).not_to_contain_text("Unsaved changes restored.")


@pytest.mark.expected_problems("net::ERR_", "htmx:(afterRequest|sendError)")
def test_failed_edit_keeps_the_form(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim")
    page = reading(annotator)
    card = page.card(made.uid)
    card.hover()
    card.get_by_role("link", name="Edit this mark").click()
    card.get_by_role("textbox", name="Note").fill("Typed with care")
    page.page.route("**/edit/", lambda route: route.abort())
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_role("alert")).to_contain_text("No answer from the server. What you wrote is kept")
    expect(card.get_by_role("textbox", name="Note")).to_have_value("Typed with care")
    page.page.unroute("**/edit/")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("[role=comment]")).to_contain_text("Typed with care")
    assert Annotation.objects.get().version == 2


def test_text_under_a_selection_is_not_swapped(reading, annotator):
    page = reading(annotator)
    held: list[Route] = []
    page.page.route("**/marks/", lambda route: held.append(route))
    page.select(SENTENCE)
    page.press("c")
    page.page.wait_for_function("() => CSS.highlights.has('pending')")
    page.page.evaluate("document.getElementById('b1').dataset.seen = 'yes'")
    page.select("Critics say aloud")
    held[0].continue_()
    expect(page.cards).to_have_count(1)
    # The answer is here, the selected block is still the same element, and the passage stays painted.
    expect(page.block(1)).to_have_attribute("data-seen", "yes")
    assert "Critics say aloud" in page.selected
    assert SENTENCE in page.painted("pending")
    page.press("Escape")
    page.expect_marked(SENTENCE)
    expect(page.block(1)).not_to_have_attribute("data-seen", "yes")
    page.is_saved()


def test_signed_out_in_between_loses_nothing(reading, annotator, password):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("n")
    page.page.keyboard.type("Written before lunch")
    page.page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.press("Control+Enter")
    page.page.wait_for_url("**/account/sign-in/**")
    page.page.get_by_label("Name").fill(annotator.username)
    page.page.get_by_label("Password").fill(password)
    page.page.get_by_role("button", name="Sign in").click()
    expect(page.bar.get_by_role("textbox", name="Note")).to_have_value("Written before lunch")
    page.bar.get_by_role("button", name="Try again").click()
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "Written before lunch", [], "private")]


def test_drafts_are_not_shown_to_the_next_reader_of_a_shared_browser(reading, annotator, second_annotator, sign_in):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("n")
    page.page.keyboard.type("Not for everybody")
    sign_in(page.page, second_annotator)
    page.page.reload()
    page.page.wait_for_timeout(300)
    expect(page.bar).to_be_hidden()
    sign_in(page.page, annotator)
    page.page.reload()
    expect(page.bar.get_by_role("textbox", name="Note")).to_have_value("Not for everybody")
