"""No violation of WCAG 2.2 AA that axe can find, on any page, in any theme, at any width."""

from __future__ import annotations

from functools import reduce

import pytest
from playwright.sync_api import expect

from opslens.articles.revising.actions import revise_article
from opslens.models import Article
from tests.browser.conftest import TEXT
from tests.browser.reading import ReadingPage

pytestmark = pytest.mark.once

SENTENCE = "Nobody on the island had asked for one."


@pytest.fixture
def marked(mark, annotator, second_annotator):
    mark(second_annotator, SENTENCE, "opinion", note="Says who? https://example.org/")
    mark(second_annotator, "the ferry waits again", "claim", "unsourced")
    return mark(annotator, "had asked for one. Critics", "claim", "unsourced", note="Two tags.")


def test_reading_page(open_page, annotator, marked, article, check, viewport):
    page = ReadingPage(open_page(user=annotator, viewport=viewport), article)
    check(page.page)
    page.press("s", "ArrowRight", "Enter", "n")
    expect(page.bar.get_by_role("textbox", name="Note")).to_be_focused()
    check(page.page)
    page.press("Escape", "Escape")
    page.press("n", "n")
    page.card(marked.uid).locator(".act").first.dispatch_event("click")
    expect(page.card(marked.uid).get_by_role("button", name="Save")).to_be_visible()
    check(page.page)
    page.press("Escape")
    page.page.evaluate("document.activeElement.blur()")
    page.press("?")
    check(page.page, "#help")


def test_reading_page_of_a_visitor(open_page, marked, article, check, viewport):
    check(ReadingPage(open_page(viewport=viewport), article).page)


PAGES = {
    "library": "/",
    "search": "/?q=ferry",
    "nothing found": "/?q=zebra",
    "import": "/import/",
    "codebook": "/codebook/",
    "trash": "/marks/trash/",
    "marking without scripts": "/read/the-ferry-that-nobody-ordered/1/mark/1/",
    "all marks": "/read/the-ferry-that-nobody-ordered/1/marks/",
    "profile": "/account/profile/",
    "password": "/account/password/",
    "preferences": "/account/preferences/",
    "nothing here": "/nothing-here/",
}


@pytest.mark.expected_problems("status of 404")
def test_other_pages(open_page, annotator, marked, check, viewport):
    page = open_page(user=annotator, viewport=viewport)
    for path in [*PAGES.values(), f"/marks/{marked.uid}/edit/"]:
        page.goto(path)
        check(page)


def test_pages_of_a_visitor(open_page, article, check, viewport):
    page = open_page(viewport=viewport)
    for path in ("/", "/account/sign-in/"):
        page.goto(path)
        check(page)


BET = "Only a fool would bet on it."
QUOTATION = "> When the ramp is longer than the queue, I ask about the queue.\n\n"
# A bet goes to two places, a month becomes another, half a sentence goes and a quotation moves.
EDITS = [
    (f" {BET}", ""),
    ("The council bought", f"{BET} The council bought"),
    ("## What it", f"{BET}\n\n## What it"),
    ("sail in May.", "sail in June."),
    ("The ferry waits,\nthe pier waits, and the ferry waits again.", "The ferry waits."),
    (QUOTATION, ""),
    ("Every morning", f"{QUOTATION}Every morning"),
]
REVISED = reduce(lambda text, edit: text.replace(*edit, 1), EDITS, TEXT)


@pytest.fixture
def astray(mark, annotator, article):
    """The lost one of the annotator's marks, of which one also is ambiguous, one changed and one moved; the article is
    the annotator's, and its second revision is read."""
    mark(annotator, "When the ramp is longer than the queue, I ask about the queue.", "opinion")
    mark(annotator, BET, "opinion", note="Says who? https://example.org/")
    mark(annotator, "expect it to sail in May.", "claim", "unsourced")
    lost = mark(annotator, "the ferry waits again", "claim", note="Two words too many.")
    revise_article(
        None, article, name="ferry.md", data=REVISED.encode(), title="The Ferry That Waits", note="A later date."
    )
    Article.objects.filter(pk=article.pk).update(imported_by=annotator)
    article.refresh_from_db()
    return lost


READ = "/read/the-ferry-that-nobody-ordered"
REVISION_PAGES = {
    "list": f"{READ}/revisions/",
    "writing": f"{READ}/revise/",
    "compared in one column": f"{READ}/compare/1/2/",
    "compared side by side": f"{READ}/compare/1/2/?view=split",
    "compared without marks": f"{READ}/compare/1/2/?marks=off",
    "older text": f"{READ}/1/",
    "library": "/",
    "marks to check": "/marks/check/",
    "marks left": "/marks/check/?left=yes",
}


def test_pages_about_revisions(open_page, annotator, astray, check, viewport):
    page = open_page(user=annotator, viewport=viewport)
    for path in [*REVISION_PAGES.values(), f"/marks/{astray.uid}/attach/?block=2"]:
        page.goto(path)
        check(page)
    # What touches a tag, and what is folded.
    page.goto(f"{READ}/compare/1/2/?view=split")
    page.locator("details.unchanged summary").first.click()
    check(page)
    page.get_by_role("link", name="What was quietly changed").click()
    expect(page.locator(".row.touched").first).to_be_visible()
    check(page)


def test_preview_of_a_revision(open_page, annotator, astray, check, viewport):
    page = open_page(user=annotator, viewport=viewport)
    page.goto(f"{READ}/revise/")
    page.get_by_role("textbox", name="Text").fill(TEXT)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Preview of revision 3")
    check(page)
    page.get_by_role("link", name="Go on writing").click()
    expect(page.locator("main .panel")).to_contain_text("This is your draft of")
    check(page)


@pytest.mark.expected_problems("status of 409", "status of 422")
def test_refusals_about_revisions(open_page, annotator, article, astray, check, viewport):
    page = open_page(user=annotator, viewport=viewport)
    page.goto(f"{READ}/revise/")
    page.get_by_role("textbox", name="Text").fill("")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".errorlist")).to_be_visible()
    check(page)
    page.get_by_role("textbox", name="Text").fill(TEXT)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Preview of revision 3")
    revise_article(None, article, name="ferry.md", data=REVISED.replace("in June", "in July").encode())
    page.get_by_role("button", name="Publish revision 3").click()
    expect(page.get_by_role("alert")).to_contain_text("Revision 3 was published in the meantime.")
    check(page)
    page.goto(f"/marks/{astray.uid}/attach/?block=2")
    page.get_by_role("button", name="Attach here").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)


def test_marks_to_check_while_they_are_decided(open_page, annotator, article, astray, check, viewport):
    page = open_page(user=annotator, viewport=viewport)
    page.goto("/marks/check/")
    expect(page.locator(".case h2")).to_have_text(
        ["The passage is gone", "The passage changed", "The passage stands at several places"]
    )
    page.get_by_role("button", name="It still holds").click()
    expect(page.locator("#notices").get_by_role("button", name="Undo")).to_be_visible()
    check(page)
    page = ReadingPage(page, article, f"?attach={astray.uid}")
    check(page.page)
    page.press("s", "ArrowRight")
    expect(page.page.locator("#attaching").get_by_role("button", name="Attach here")).to_be_enabled()
    check(page.page)


def test_reading_page_with_marks_that_were_carried(open_page, annotator, article, astray, check, viewport):
    page = ReadingPage(open_page(user=annotator, viewport=viewport), article)
    expect(page.page.locator("main .waiting")).to_be_visible()
    page.press("n", "n")
    since = page.page.locator("details.since:visible")
    since.get_by_text("The passage changed since").click()
    expect(since.locator("dl")).to_be_visible()
    check(page.page)
