"""Finding one's way: cards and their passages, deep links, keys, settings, narrow windows, older browsers."""

from __future__ import annotations

import itertools
import uuid

import pytest
from playwright.sync_api import expect

from annotations.editing.actions import choose_passage, mark_passage
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.models import ReadingPosition
from tests.browser.conftest import rows
from tests.browser.reading import ReadingPage

SENTENCE = "Nobody on the island had asked for one."

CANONICAL = """() => Array.from(document.querySelectorAll("#article [data-start]:not(.card)"), (block) => {
    const copy = block.cloneNode(true);
    copy.querySelectorAll(".an").forEach((link) => link.remove());
    return [Number(block.dataset.start), block.textContent, block.innerText, copy.textContent];
})"""


@pytest.fixture
def long_article(codebook):
    """Three hundred paragraphs."""
    words = " ".join(f"word{n}" for n in range(40))
    body = "\n\n".join(f"Paragraph {n} begins here. {words}. It ends with number {n}." for n in range(1, 301))
    data = f"---\ntitle: Long\nlanguage: en\n---\n\n{body}\n".encode()
    return import_article(None, name="long.md", data=data, is_public=True).article


@pytest.fixture
def mark_long(long_article, annotator):
    """`mark_long("words")`: a public mark of the annotator, with a note, on the long article."""

    def make(words):
        start = document_of(long_article.current_id).text.index(words)
        passage = choose_passage(long_article.current_id, start, start + len(words), words)
        return mark_passage(
            annotator,
            long_article.current,
            passage,
            tags=[],
            note=f"On {words}",
            visibility="public",
            key=str(uuid.uuid4()),
        ).annotation

    return make


def tops_and_bottoms(page):
    """Of every group of cards in the margin, in the order of the page."""
    return page.page.locator("#cards > .group:not([hidden])").evaluate_all(
        "(groups) => groups.map((group) => group.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom])"
    )


def overlap(boxes):
    return [(above, below) for above, below in itertools.pairwise(boxes) if above[1] > below[0]]


def test_rendered_text_is_the_canonical_text(reading, annotator, mark, article):
    for words in ("👩‍👩‍👧 families count", "gulls 🌊 in", "longer than", "nine million\nPaint", "say aloud that its"):
        mark(annotator, words, "claim")
    mark(annotator, "families count the gulls 🌊", "opinion")
    document = document_of(article.current_id)
    wanted = [document.text[block.start : block.end] for block in document.blocks]
    for user in (None, annotator):
        page = reading(user)
        shown = page.page.evaluate(CANONICAL)
        assert [start for start, *_ in shown] == [block.start for block in document.blocks]
        assert [text for _, text, _, _ in shown] == wanted  # textContent: nothing but the text is in a block
        assert [text for _, _, text, _ in shown] == wanted  # innerText: and it looks like that


def test_click_on_a_mark_opens_its_card(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim", note="Really?")
    mark(annotator, "Only a fool would bet on it.", "opinion")
    page = reading(annotator)
    page.click("on the island")
    expect(page.card(made.uid)).to_be_focused()
    assert page.painted("focus") == [SENTENCE]
    page.press("Escape")
    assert page.painted("focus") == []
    page.card(made.uid).hover()
    assert page.painted("focus") == [SENTENCE]


def test_several_marks_under_a_click_are_listed_shortest_first(reading, annotator, second_annotator, mark):
    long = mark(annotator, SENTENCE, "claim")
    short = mark(second_annotator, "the island", "opinion")
    page = reading(annotator)
    page.click("the island")
    choice = page.page.get_by_role("dialog", name="Marks on this passage, shortest first")
    expect(choice.get_by_role("button")).to_have_count(2)
    expect(choice.get_by_role("button").first).to_contain_text("Sem Second")
    expect(choice.get_by_role("button").first).to_be_focused()
    assert page.painted("focus") == ["the island"]
    page.press("ArrowDown")
    assert page.painted("focus") == [SENTENCE]
    page.press("Enter")
    expect(page.card(long.uid)).to_be_focused()
    page.click("the island")
    choice.get_by_role("button").first.click()
    expect(page.card(short.uid)).to_be_focused()


def test_selecting_over_a_mark_does_not_open_it(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim")
    page = reading(annotator)
    page.select("the island had")
    expect(page.bar).to_be_visible()
    expect(page.card(made.uid)).not_to_have_class("open")
    assert page.painted("focus") == []


def test_quote_of_a_card_leads_to_its_passage(annotator, long_article, mark_long, open_page):
    made = mark_long("It ends with number 250.")
    page = ReadingPage(open_page(user=annotator), long_article)
    expect(page.card(made.uid)).to_have_count(1)
    page.card(made.uid).get_by_role("link", name="It ends with number 250.").press("Enter")
    expect(page.page.locator(f"#m{made.uid}")).to_be_in_viewport()
    expect(page.card(made.uid)).to_be_in_viewport()


def test_deep_link_shows_passage_and_card(reading, annotator, mark):
    mark(annotator, SENTENCE, "claim")
    made = mark(annotator, "Only a fool would bet on it.", "opinion", note="Strong words.")
    page = reading(None, query=f"#m{made.uid}")
    expect(page.page.locator(f"#m{made.uid}")).to_be_in_viewport()
    expect(page.card(made.uid)).to_have_class("card open")
    expect(page.card(made.uid)).to_be_in_viewport()
    assert page.painted("focus") == ["Only a fool would bet on it."]


def test_deep_link_far_down_and_without_javascript(open_page, annotator, long_article, mark_long):
    for number in range(1, 290):
        made = mark_long(f"It ends with number {number}.")
    page = ReadingPage(open_page(user=annotator), long_article, f"#m{made.uid}")
    expect(page.page.locator(f"#m{made.uid}")).to_be_in_viewport()
    expect(page.card(made.uid)).to_be_in_viewport()
    expect(page.card(made.uid)).to_contain_text("On It ends with number 289.")
    # Not all of the cards between are here, and those that are do not overlap.
    assert page.cards.count() < 289
    page.page.wait_for_function(
        """() => Array.from(document.querySelectorAll(".card")).filter((card) => {
            const { top, bottom } = card.getBoundingClientRect();
            return bottom > -500 && top < 1500;
        }).length > 3"""
    )
    near = [box for box in tops_and_bottoms(page) if box[1] > -500 and box[0] < 1500]
    assert len(near) > 3
    assert not overlap(near)
    plain = open_page(user=annotator, javascript=False, path=f"{long_article.get_absolute_url()}#m{made.uid}")
    expect(plain.locator(f"#m{made.uid}")).to_be_in_viewport()


def test_keys_go_from_mark_to_mark_and_block_to_block(reading, annotator, mark):
    first = mark(annotator, SENTENCE, "claim")
    second = mark(annotator, "Only a fool would bet on it.", "opinion")
    page = reading(annotator)
    page.press("n")
    expect(page.card(first.uid)).to_be_focused()
    page.press("n")
    expect(page.card(second.uid)).to_be_focused()
    page.press("n")
    page.expect_said("No further marks.")
    page.press("p")
    expect(page.card(first.uid)).to_be_focused()
    page.press("?")
    help_ = page.page.get_by_role("dialog", name="Keys")
    expect(help_).to_be_visible()
    expect(help_).to_contain_text("Mark the passage as claim")
    page.press("Escape")
    expect(help_).to_be_hidden()
    page.press("/")
    page.page.wait_for_url("**/?q=")
    expect(page.page.get_by_role("searchbox")).to_be_focused()


def test_j_and_k_go_from_block_to_block(open_page, annotator, long_article):
    page = ReadingPage(open_page(user=annotator, reduced_motion=True), long_article)
    tops = "(ids) => ids.map((id) => Math.round(document.getElementById(id).getBoundingClientRect().top))"
    page.press("j", "j", "j")
    third = page.page.evaluate(tops, ["b2"])[0]
    assert 40 <= third <= 90
    page.press("j")
    assert page.page.evaluate(tops, ["b3"])[0] == pytest.approx(third, abs=2)
    page.press("k")
    assert page.page.evaluate(tops, ["b2"])[0] == pytest.approx(third, abs=2)


def test_cards_do_not_overlap_and_the_open_one_stands_at_its_passage(reading, annotator, mark):
    # Two long cards before it have to give way, and have the room above to do so.
    for words in ("The council bought a ferry", "The ferry waits"):
        mark(annotator, words, "claim", note="A note of some length. " * 8)
    last = mark(annotator, "the pier waits", "opinion", note="The one to open.")
    page = reading(annotator)
    page.click("the pier waits")
    expect(page.card(last.uid)).to_be_focused()
    assert not overlap(tops_and_bottoms(page))
    top = page.page.locator(f"#m{last.uid}").bounding_box()["y"]
    assert page.card(last.uid).bounding_box()["y"] == pytest.approx(top, abs=3)


def test_cards_follow_their_block_where_there_is_no_margin(reading, annotator, mark, text):
    made = mark(annotator, SENTENCE, "claim", note="Inline.")
    mark(annotator, "a secret", "opinion")
    mark(annotator, "nine million", "claim")
    page = reading(annotator, viewport=(900, 900))
    notes = page.page.locator("details.inline-notes")
    expect(notes).to_have_count(3)
    expect(page.page.locator("#b1 + details")).to_contain_text("1 mark")
    expect(page.card(made.uid)).to_be_hidden()
    page.click("on the island")
    expect(page.card(made.uid)).to_be_focused()
    # What is folded in counts nothing.
    page.select("Let us hope")
    page.press("c")
    page.page.wait_for_selector("#b14 mark")
    page.is_saved()
    assert rows()[-1][0] == "Let us hope"
    page.page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.page.locator("#cards[data-mode=margin] .card")).to_have_count(4)
    expect(notes).to_have_count(0)


def test_settings_apply_at_once_and_are_kept(reading, annotator):
    page = reading(annotator)
    html = page.page.locator("html")
    page.page.locator("#reader-settings summary").click()
    page.page.get_by_label("Dark").check(force=True)
    expect(html).to_have_attribute("data-theme", "dark")
    page.page.get_by_label("Largest").check(force=True)
    page.page.get_by_label("Plain reading").check(force=True)
    expect(html).to_have_attribute("data-marks", "off")
    page.page.wait_for_load_state("networkidle")
    page.page.reload()
    expect(html).to_have_attribute("data-theme", "dark")
    expect(html).to_have_attribute("data-size", "5")
    expect(html).to_have_attribute("data-marks", "off")
    annotator.refresh_from_db()
    assert annotator.reading["theme"] == "dark"


def test_continue_where_you_left(open_page, annotator, long_article):
    page = ReadingPage(open_page(user=annotator), long_article).page
    with page.expect_response(lambda answer: "/position/" in answer.url):
        page.locator("#b200").scroll_into_view_if_needed()
    kept = ReadingPosition.objects.get()
    assert 180 <= kept.block <= 203
    page.goto(long_article.get_absolute_url())
    assert page.evaluate("scrollY") == 0
    page.get_by_role("button", name="Continue where you left").click()
    expect(page.locator(f"#b{kept.block}")).to_be_in_viewport()


def test_visitors_continue_too(open_page, long_article):
    page = ReadingPage(open_page(), long_article).page
    page.locator("#b200").scroll_into_view_if_needed()
    page.wait_for_function("() => Object.keys(localStorage).some((key) => key.includes('position'))")
    page.goto(long_article.get_absolute_url())
    page.get_by_role("button", name="Continue where you left").click()
    expect(page.locator("#b200")).to_be_in_viewport()
    assert not ReadingPosition.objects.exists()


def test_strip_shows_the_window_and_leads_to_blocks(reading, annotator, mark):
    mark(annotator, "Only a fool would bet on it.", "opinion")
    page = reading(annotator, viewport=(1280, 400))
    view = page.page.locator("#strip rect.view")
    expect(view).to_have_attribute("y", "0")
    assert 0 < int(view.get_attribute("height")) < 1000
    page.page.locator("#strip a").last.focus()
    page.press("Enter")
    expect(page.block(14)).to_be_in_viewport()
    page.page.wait_for_function("() => Number(document.querySelector('#strip rect.view').getAttribute('y')) > 0")


def test_copied_quote_carries_source_and_link(reading, annotator, article, live_server):
    page = reading(annotator, permissions=["clipboard-read", "clipboard-write"])
    page.select(SENTENCE)
    page.bar.get_by_role("button", name="Copy quote").click()
    expect(page.notices).to_contain_text("Quote copied")
    address = f"{live_server.url}/read/{article.slug}/1/#b1"
    assert page.page.evaluate("navigator.clipboard.readText()") == (
        f"“{SENTENCE}” — The Ferry That Nobody Ordered, Commentary · The Pier Gazette, {address}"
    )
    assert page.selected == SENTENCE


OLDER = {
    "no highlights": "delete globalThis.Highlight; delete CSS.highlights;",
    "no observers": "delete globalThis.IntersectionObserver; delete globalThis.ResizeObserver;",
    "no idle time": "delete globalThis.requestIdleCallback;",
    "no segmenter": "delete Intl.Segmenter;",
    "no storage": "Object.defineProperty(window, 'localStorage', { get() { throw new Error('switched off'); } });",
}


@pytest.mark.parametrize("lacking", OLDER.values(), ids=OLDER.keys())
def test_older_browsers_mark_and_open_cards(reading, annotator, mark, lacking, open_page, article):
    made = mark(annotator, "Only a fool would bet on it.", "opinion")
    blank = open_page(user=annotator)
    blank.add_init_script(lacking)
    page = ReadingPage(blank, article)
    page.select(SENTENCE)
    expect(page.bar).to_be_visible()
    page.press("c")
    page.expect_marked(f"{SENTENCE}|Only a fool would bet on it.")
    expect(page.bar).to_be_hidden()
    assert rows()[-1] == (SENTENCE, "", ["claim"], "private")
    page.click("a fool")
    expect(page.card(made.uid)).to_be_focused()


def test_visitor_reads_and_opens_cards_but_cannot_mark(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim")
    page = reading(None)
    page.click("on the island")
    expect(page.card(made.uid)).to_be_focused()
    page.select("Only a fool")
    page.press("c", "s", "z")
    expect(page.page.locator("#selection")).to_have_count(0)
    assert len(rows()) == 1
    assert page.painted("pending") == []


def test_scrolling_does_not_measure_marks(open_page, annotator, long_article, mark_long):
    for number in range(1, 121):
        mark_long(f"It ends with number {number}.")
    page = ReadingPage(open_page(user=annotator), long_article).page
    page.wait_for_function("() => document.querySelectorAll('.card').length > 20")
    reads = page.evaluate(
        """async () => {
            let reads = 0;
            for (const { prototype } of [Element, Range]) {
                for (const name of ["getBoundingClientRect", "getClientRects"]) {
                    const own = prototype[name];
                    prototype[name] = function () { reads += 1; return own.call(this); };
                }
            }
            const frames = [];
            for (let frame = 0; frame < 60; frame += 1) {
                reads = 0;
                scrollBy({ top: 10, behavior: "instant" });
                await new Promise((done) => requestAnimationFrame(done));
                frames.push(reads);
            }
            return frames;
        }"""
    )
    # One a frame, for the strip. The margin measures its cards in a frame in which new ones come near or the text
    # grows, which is rare; it must not do so because the window moves.
    assert sum(1 for read in reads if read) >= 30
    assert sum(1 for read in reads if read > 1) <= 3
