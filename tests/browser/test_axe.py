"""No violation of WCAG 2.2 AA that axe can find, on any page, in any theme, at any width."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.reading import ReadingPage

LOOKS = {
    "light": {},
    "dark": {"theme": "dark"},
    "forced colours": {"forced_colors": True},
    "320 px": {"viewport": (320, 640)},
}
SENTENCE = "Nobody on the island had asked for one."


@pytest.fixture
def marked(mark, annotator, second_annotator):
    mark(second_annotator, SENTENCE, "opinion", note="Says who? https://example.org/")
    mark(second_annotator, "the ferry waits again", "claim", "unsourced")
    return mark(annotator, "had asked for one. Critics", "claim", "unsourced", note="Two tags.")


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_reading_page(open_page, annotator, marked, article, axe, look):
    page = ReadingPage(open_page(user=annotator, **look), article)
    axe(page.page)
    page.press("s", "ArrowRight", "Enter", "n")
    expect(page.bar.get_by_role("textbox", name="Note")).to_be_focused()
    axe(page.page)
    page.press("Escape", "Escape")
    page.press("n", "n")
    page.card(marked.uid).locator(".act").first.dispatch_event("click")
    expect(page.card(marked.uid).get_by_role("button", name="Save")).to_be_visible()
    axe(page.page)
    page.press("Escape")
    page.page.evaluate("document.activeElement.blur()")
    page.press("?")
    axe(page.page, "#help")


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_reading_page_of_a_visitor(open_page, marked, article, axe, look):
    axe(ReadingPage(open_page(**look), article).page)


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
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_other_pages(open_page, annotator, marked, axe, look):
    page = open_page(user=annotator, **look)
    for path in [*PAGES.values(), f"/marks/{marked.uid}/edit/"]:
        page.goto(path)
        axe(page)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_pages_of_a_visitor(open_page, article, axe, look):
    page = open_page(**look)
    for path in ("/", "/account/sign-in/"):
        page.goto(path)
        axe(page)
