"""Marking a passage: with the mouse, with keys alone, with fingers, without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotations.models import Anchor, Annotation, Tag
from opslens.articles.actions import import_article
from tests.browser.conftest import rows
from tests.browser.reading import ReadingPage

SENTENCE = "Nobody on the island had asked for one."


def test_mouse_selection_and_one_key_make_a_mark(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    expect(page.bar).to_be_visible()
    page.press("c")
    page.expect_marked(SENTENCE)
    page.expect_said("Marked: claim.")
    expect(page.bar).to_be_hidden()
    expect(page.cards).to_have_count(1)
    expect(page.cards).to_contain_text("claim")
    page.is_saved()
    assert page.selected == ""
    assert rows() == [(SENTENCE, "", ["claim"], "private")]


def test_mouse_selection_and_a_click_on_a_tag_make_a_mark(reading, annotator):
    page = reading(annotator)
    page.select("its price was never published")
    page.bar.get_by_role("button", name="unsourced").click()
    page.page.wait_for_selector("#article mark")
    page.is_saved()
    assert rows() == [("its price was never published", "", ["unsourced"], "private")]
    # The mark goes through a link without breaking it.
    assert page.marked().replace("|", "") == "its price was never published"
    expect(page.block(1).get_by_role("link", name="never published")).to_have_attribute(
        "href", "https://example.org/price"
    )


def test_bar_stands_beside_the_selection_and_never_on_it(reading, annotator):
    page = reading(annotator)
    for words in (SENTENCE, "A ferry without passengers is a promise without a date.", "Only a fool would bet on it."):
        page.select(words)
        expect(page.bar).to_be_visible()
        box = page.bar.bounding_box()
        x, y, to_x, to_y = box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]
        assert 0 <= x < to_x <= 1280
        assert 0 <= y < to_y <= 900
        for left, top, right, bottom in page.boxes(words):
            assert x >= right or to_x <= left or y >= bottom or to_y <= top, (words, box, (left, top, right, bottom))
        page.press("Escape")
        expect(page.bar).to_be_hidden()


def test_counts_and_strip_follow(reading, annotator):
    page = reading(annotator)
    expect(page.page.locator("#tally")).to_contain_text("no marks")
    page.select(SENTENCE)
    page.press("o")
    expect(page.page.locator("#tally")).to_contain_text("1 mark")
    expect(page.page.locator("#strip a")).not_to_have_count(0)
    expect(page.page.locator("aside.notes > .empty")).to_be_hidden()


def test_ends_snap_to_whole_characters_and_spaces_are_trimmed(reading, annotator):
    page = reading(annotator)
    # From the middle of a family of three to behind a space.
    page.page.evaluate(
        """() => {
            const walker = document.createTreeWalker(document.getElementById("article"), NodeFilter.SHOW_TEXT);
            let node = walker.nextNode();
            while (!node.data.includes("families count")) node = walker.nextNode();
            const at = node.data.indexOf("\\u{1F469}") + 5;
            getSelection().setBaseAndExtent(node, at, node, node.data.indexOf("count "));
        }"""
    )
    expect(page.bar).to_be_visible()
    page.press("c")
    page.expect_marked("👩‍👩‍👧 families")
    page.is_saved()
    assert rows() == [("👩‍👩‍👧 families", "", ["claim"], "private")]


def test_nothing_selected_makes_nothing(reading, annotator):
    page = reading(annotator)
    page.select(" ", nth=3)
    page.press("c")
    page.page.wait_for_timeout(200)
    expect(page.bar).to_be_hidden()
    assert rows() == []


def test_keyboard_alone_in_passage_mode(reading, annotator):
    page = reading(annotator)
    page.press("s")
    page.expect_said("A ferry without passengers is a promise without a date.")
    page.press("ArrowRight")
    page.expect_said("The council bought a ferry in spring.")
    page.press("ArrowRight", "Shift+ArrowRight")
    assert page.painted("pending")[0].startswith(SENTENCE + " Critics say aloud")
    page.press("Shift+ArrowLeft", "[", "[", "]")
    page.expect_said("Nobody on the island had asked for one")
    assert page.painted("pending") == ["Nobody on the island had asked for one"]
    page.press("Enter")
    expect(page.bar).to_be_visible()
    expect(page.bar.get_by_role("button", name="claim")).to_be_focused()
    page.press("ArrowRight")
    expect(page.bar.get_by_role("button", name="opinion")).to_be_focused()
    page.press("Enter")
    page.expect_marked("Nobody on the island had asked for one")
    page.is_saved()
    # The mode goes on from there.
    page.press("ArrowRight")
    page.expect_said("Critics say aloud that its price was never published, and the mayor calls that a detail.")
    page.press("Escape")
    assert page.painted("pending") == []
    assert rows() == [("Nobody on the island had asked for one", "", ["opinion"], "private")]


def test_annotate_link_starts_passage_mode_on_its_block(reading, annotator):
    page = reading(annotator)
    link = page.block(2).get_by_role("link", name="Annotate")
    link.focus()
    page.press("Enter")
    page.expect_said("A ferry without passengers is a promise without a date.")
    page.press("u")
    page.expect_marked("A ferry without passengers is a promise without a date.")
    page.is_saved()
    mark = Annotation.objects.get()
    # In the paragraph, not in the standfirst that says the same.
    assert mark.anchors.get().first_block == 2
    assert page.block(0).locator("mark").count() == 0


def test_steps_are_buttons_too(reading, annotator):
    page = reading(annotator)
    page.select("council")
    page.bar.get_by_role("button", name="Extend by a word").click()
    page.bar.get_by_role("button", name="Extend by a word").click()
    page.bar.get_by_role("button", name="Shrink by a word").click()
    assert page.painted("pending") == ["council bought"]
    page.bar.get_by_role("button", name="Next sentence").click()
    assert page.painted("pending") == [SENTENCE]
    page.press("c")
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "", ["claim"], "private")]


def test_keys_are_dead_while_typing_and_when_switched_off(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("n")
    page.page.keyboard.type("councils do")
    expect(page.bar.get_by_role("textbox", name="Note")).to_have_value("councils do")
    page.press("Escape", "Escape")
    page.page.evaluate("document.documentElement.dataset.keys = 'off'")
    page.select(SENTENCE)
    page.press("c")
    page.page.wait_for_timeout(200)
    assert rows() == []


@pytest.mark.parametrize("width", [390, 820])
def test_touch_selection_and_a_tap(reading, annotator, width):
    page = reading(annotator, touch=True, viewport=(width, 844))
    page.select_by_touch("Nobody on the island had asked")
    expect(page.bar).to_be_visible()
    box = page.bar.bounding_box()
    assert abs(box["y"] + box["height"] - 844) <= 1
    assert box["x"] == 0
    page.bar.get_by_role("button", name="claim").tap()
    page.page.wait_for_selector("#article mark")
    page.is_saved()
    expect(page.bar).to_be_hidden()
    [(quote, *_)] = rows()
    assert page.marked() == quote
    assert quote.startswith("Nobody on the island")


def test_touch_opens_cards_in_a_sheet_with_the_passage_above(reading, annotator, mark):
    made = mark(annotator, "Only a fool would bet on it.", "opinion", note="Unkind.")
    page = reading(annotator, touch=True, viewport=(390, 844))
    page.click("Only a fool")
    sheet = page.page.locator("#sheet")
    expect(sheet).to_be_visible()
    expect(sheet.locator(f"#card-{made.uid}")).to_contain_text("Unkind.")
    top = sheet.bounding_box()["y"]
    assert all(
        bottom <= top
        for bottom in page.page.locator(f"#m{made.uid}").evaluate(
            "(mark) => Array.from(mark.getClientRects(), (box) => box.bottom)"
        )
    )
    sheet.get_by_role("button", name="Close").tap()
    expect(sheet).to_be_hidden()
    expect(page.page.locator(f"#cards #card-{made.uid}")).to_have_count(1)


def test_without_javascript(reading, annotator, article):
    page = reading(annotator, javascript=False).page
    page.locator("#b1").get_by_role("link", name="Annotate").click()
    page.get_by_label(SENTENCE).check()
    page.get_by_label("unsourced").check()
    page.get_by_label("Note").fill("Who asked them?")
    page.get_by_role("button", name="Mark this passage").click()
    mark = Annotation.objects.get()
    assert page.url.endswith(f"#m{mark.uid}")
    assert page.locator(f"#m{mark.uid}").inner_text() == SENTENCE
    assert rows() == [(SENTENCE, "Who asked them?", ["unsourced"], "private")]
    page.locator(f"#card-{mark.uid}").get_by_role("link", name="Edit").click()
    page.get_by_label("Note").fill("Who asked whom?")
    page.get_by_role("button", name="Save").click()
    assert rows()[0][1] == "Who asked whom?"
    page.locator(f"#card-{mark.uid}").get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete this mark").click()
    assert rows() == []
    page.get_by_role("button", name="Restore").click()
    assert rows() == [(SENTENCE, "Who asked whom?", ["unsourced"], "private")]


def test_quoting_exactly_without_javascript(reading, annotator):
    page = reading(annotator, javascript=False).page
    page.locator("#b1").get_by_role("link", name="Annotate").click()
    page.get_by_label("Or quote exactly").fill("never published")
    page.get_by_label("claim").check()
    page.get_by_role("button", name="Mark this passage").click()
    assert rows() == [("never published", "", ["claim"], "private")]


def test_several_tags_are_collected_with_shift(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("Shift+C")
    expect(page.bar.get_by_role("button", name="claim")).to_have_attribute("aria-pressed", "true")
    assert page.painted("pending") == [SENTENCE]
    page.press("u")
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "", ["claim", "unsourced"], "private")]


def test_of_an_exclusive_group_the_last_tag_stays(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("Shift+C", "Shift+O")
    expect(page.bar.get_by_role("button", name="claim")).to_have_attribute("aria-pressed", "false")
    page.press("n")
    page.page.keyboard.type("Both at first.")
    page.press("Control+Enter")
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "Both at first.", ["opinion"], "private")]


def test_note_alone_and_a_public_mark(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.bar.get_by_role("button", name="Private").click()
    page.press("n")
    page.page.keyboard.type("Who says so? https://example.org/minutes")
    page.press("Control+Enter")
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "Who says so? https://example.org/minutes", [], "public")]
    link = page.cards.get_by_role("link", name="https://example.org/minutes")
    expect(link).to_have_attribute("rel", "nofollow ugc noopener")


def test_overlapping_and_identical_passages(reading, annotator, second_annotator, mark):
    mark(second_annotator, "the pier waits, and the ferry waits again", "claim")
    page = reading(annotator)
    page.select("The ferry waits,\nthe pier waits".replace("\n", " "))
    page.press("o")
    page.expect_marked("The ferry waits, |the pier waits|, and the ferry waits again")
    page.is_saved()
    page.select("the pier waits, and the ferry waits again")
    page.press("c")
    page.is_saved()
    expect(page.page.locator("#article mark[data-n='3']")).to_have_text("the pier waits")
    expect(page.page.locator("#article mark[data-n='2']")).to_have_text(", and the ferry waits again")
    expect(page.cards).to_have_count(3)
    assert sorted(quote for quote, *_ in rows()) == [
        "The ferry waits, the pier waits",
        "the pier waits, and the ferry waits again",
        "the pier waits, and the ferry waits again",
    ]


def test_selection_across_blocks(reading, annotator, text):
    page = reading(annotator)
    words = "and the mayor calls that a detail.\nA ferry without passengers"
    page.select(words)
    page.press("c")
    page.expect_marked("and the mayor calls that a detail.|A ferry without passengers")
    page.is_saved()
    anchor = Anchor.objects.get()
    assert text[anchor.start : anchor.end] == words
    assert (anchor.first_block, anchor.last_block) == (1, 2)
    expect(page.cards).to_have_count(1)


def test_selections_in_lists_quotations_and_tables(reading, annotator, text):
    page = reading(annotator)
    wanted = ["trained and paid.\nA timetable", "longer than the queue", "nine million\nPaint", "a secret"]
    for number, words in enumerate(wanted, start=1):
        page.select(words)
        page.press("c")
        expect(page.cards).to_have_count(number)
        page.is_saved()
    assert [quote for quote, *_ in rows()] == wanted
    assert page.marked().replace("|", "") == "".join(wanted).replace("\n", "")


def test_pull_quote_and_its_twin_are_two_places(reading, annotator):
    page = reading(annotator)
    words = "A ferry without passengers is a promise without a date."
    page.select(words, nth=1)
    page.press("c")
    page.expect_marked(words)
    page.is_saved()
    assert page.block(0).locator("mark").count() == 1
    assert page.block(2).locator("mark").count() == 0
    page.select(words, nth=2)
    page.press("u")
    page.expect_marked(f"{words}|{words}")
    page.is_saved()
    assert [anchor.first_block for anchor in Anchor.objects.order_by("pk")] == [0, 2]


def test_selection_that_leaves_the_article_is_clipped(reading, annotator, text):
    page = reading(annotator)
    page.page.evaluate(
        """() => {
            const last = Array.from(document.querySelectorAll("#article [data-start]")).at(-1).firstChild;
            getSelection().setBaseAndExtent(last, 49, document.querySelector(".notes"), 1);
        }"""
    )
    page.press("c")
    page.page.wait_for_selector("#article mark")
    page.is_saved()
    assert rows()[0][0] == text[-len(rows()[0][0]) :] == "Only a fool would bet on it."


def test_triple_click_takes_the_paragraph_alone(reading, annotator):
    page = reading(annotator)
    x, y = page.boxes("So says the harbour master")[0][:2]
    page.page.mouse.click(x + 20, y + 8, click_count=3)
    page.press("o")
    page.page.wait_for_selector("#article mark")
    page.is_saved()
    [(quote, *_)] = rows()
    assert quote.startswith("A ferry without")
    assert quote.endswith("the ferry waits again.")
    assert "\n" not in quote


def test_right_to_left_text_mirrors_the_arrows(open_page, codebook, annotator):
    data = "---\ntitle: عنوان\nlanguage: ar\n---\n\nالجملة الأولى هنا. الجملة الثانية هنا. الجملة الثالثة هنا.\n"
    article = import_article(None, name="arabic.md", data=data.encode(), is_public=True).article
    page = ReadingPage(open_page(user=annotator), article)
    page.press("s")
    page.expect_said("الجملة الأولى هنا.")
    page.press("ArrowLeft")
    page.expect_said("الجملة الثانية هنا.")
    page.press("c")
    page.expect_marked("الجملة الثانية هنا.")
    page.is_saved()
    assert rows() == [("الجملة الثانية هنا.", "", ["claim"], "private")]


def test_tag_that_needs_a_note_asks_for_it(reading, annotator, codebook):
    Tag.objects.filter(pk=codebook["missing-context"].pk).update(is_on=True)
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("Shift+C", "m")
    expect(page.bar).to_contain_text("“missing-context” needs a note.")
    expect(page.bar.get_by_role("textbox", name="Note")).to_be_focused()
    assert rows() == []
    page.page.keyboard.type("Nobody was asked.")
    page.press("Control+Enter")
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "Nobody was asked.", ["claim", "missing-context"], "private")]
