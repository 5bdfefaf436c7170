"""Changing marks in place, taking them back, and what happens when two do it at once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from annotations.models import Anchor, Annotation
from tests.browser.conftest import rows

SENTENCE = "Nobody on the island had asked for one."
PAINT = "(uid) => getComputedStyle(document.getElementById('m' + uid)).backgroundColor"


def edit(page, made):
    card = page.card(made.uid)
    card.hover()
    card.get_by_role("link", name="Edit this mark").click()
    expect(card.get_by_role("textbox", name="Note")).to_be_focused()
    return card


def test_note_and_tags_change_in_place(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim")
    page = reading(annotator)
    before = page.page.evaluate(PAINT, made.uid)
    card = edit(page, made)
    card.get_by_role("textbox", name="Note").fill("Who was asked?")
    card.get_by_role("checkbox", name="unsourced").check()
    card.get_by_role("checkbox", name="opinion").check()
    # At most one of a group: the other one goes, and people who listen are told.
    expect(card.get_by_role("checkbox", name="claim")).not_to_be_checked()
    page.expect_said("opinion replaces claim.")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("[role=comment]")).to_contain_text("Who was asked?")
    expect(card).to_be_focused()
    assert page.page.evaluate(PAINT, made.uid) != before
    assert rows() == [(SENTENCE, "Who was asked?", ["opinion", "unsourced"], "public")]
    expect(page.page.locator("#tally")).to_contain_text("opinion 1")


def test_a_tag_proposes_the_one_it_belongs_with_in_the_form(reading, annotator, mark):
    made = mark(annotator, SENTENCE, note="Says who?")
    page = reading(annotator)
    card = edit(page, made)
    card.get_by_role("checkbox", name="unsourced").check()
    page.expect_said("“unsourced” belongs with “claim”.")
    add = card.get_by_role("button", name="Add claim too")
    card.get_by_role("checkbox", name="opinion").check()
    expect(add).to_have_count(0)
    card.get_by_role("checkbox", name="opinion").uncheck()
    card.get_by_role("checkbox", name="unsourced").uncheck()
    card.get_by_role("checkbox", name="unsourced").check()
    add.click()
    expect(add).to_have_count(0)
    expect(card.get_by_role("checkbox", name="claim")).to_be_checked()
    expect(card.get_by_role("checkbox", name="claim")).to_be_focused()
    card.get_by_role("button", name="Save").click()
    expect(card.locator("[role=comment]")).to_contain_text("claim")
    assert rows() == [(SENTENCE, "Says who?", ["claim", "unsourced"], "public")]


def test_a_message_offers_a_new_mark_the_tag_it_lacks(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("u")
    page.expect_marked(SENTENCE)
    page.is_saved()
    assert rows() == [(SENTENCE, "", ["unsourced"], "private")]
    expect(page.notices).to_contain_text("“unsourced” belongs with “claim”. This mark has no tag of “Type” yet.")
    add = page.notices.get_by_role("button", name="Add claim")
    add.focus()
    page.press("Enter")
    expect(page.cards).to_contain_text("claim")
    expect(page.notices).to_contain_text("The tag is added.")
    expect(add).to_have_count(0)
    expect(page.cards).to_be_focused()
    assert rows() == [(SENTENCE, "", ["claim", "unsourced"], "private")]
    page.press("z")
    expect(page.cards).not_to_contain_text("claim")
    assert rows() == [(SENTENCE, "", ["unsourced"], "private")]


def test_what_is_typed_into_the_card_is_safe_from_the_message_about_it(reading, annotator):
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("u")
    add = page.notices.get_by_role("button", name="Add claim")
    expect(add).to_be_visible()
    page.is_saved()
    page.cards.hover()
    page.cards.get_by_role("link", name="Edit this mark").click()
    expect(page.cards.get_by_role("textbox", name="Note")).to_be_focused()
    expect(add).to_have_count(0)


def test_opened_cards_stay_below_the_column_s_start(reading, annotator, mark):
    for words in ("The council", "bought a ferry", "in spring", SENTENCE):
        mark(annotator, words, "claim", note="Several lines. " * 20)
    made = mark(annotator, "A ferry without passengers is a promise without a date.", "claim", nth=2)
    page = reading(annotator)
    page.click("A ferry without passengers", nth=2)
    expect(page.card(made.uid)).to_be_focused()
    tops = page.page.evaluate(
        """() => {
            const start = document.getElementById("cards").getBoundingClientRect().top;
            return Array.from(document.querySelectorAll("#cards > .group:not([hidden])"), (group) => {
                const { top, bottom } = group.getBoundingClientRect();
                return [top - start, bottom - start];
            });
        }"""
    )
    assert tops[0][0] >= 0
    assert all(after[0] >= before[1] for before, after in pairwise(tops)), tops


def test_ends_of_the_passage_move_by_words_and_sentences(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim")
    page = reading(annotator)
    card = edit(page, made)
    card.get_by_role("button", name="End a word earlier").click()
    card.get_by_role("button", name="End a word earlier").click()
    card.get_by_role("button", name="Begin a word later").click()
    assert page.painted("pending") == ["on the island had asked for"]
    expect(card.locator("[data-passage]")).to_have_text("on the island had asked for")
    card.get_by_role("button", name="Begin a sentence earlier").click()
    card.get_by_role("button", name="Begin a sentence earlier").click()
    moved = "The council bought a ferry in spring. Nobody on the island had asked for"
    assert page.painted("pending") == [moved]
    card.get_by_role("button", name="Save").click()
    page.expect_marked(moved)
    page.is_saved()
    assert rows() == [(moved, "", ["claim"], "public")]
    anchor = Anchor.objects.get()
    expect(card).to_have_attribute("data-start", str(anchor.start))
    expect(card).to_have_attribute("data-end", str(anchor.end))


def test_mark_moves_to_another_block_and_its_card_follows(reading, annotator, mark):
    made = mark(annotator, "So says the harbour master, who ought to know.", "claim")
    page = reading(annotator)
    card = edit(page, made)
    card.get_by_role("button", name="Begin a sentence earlier").click()
    card.get_by_role("button", name="Begin a sentence earlier").click()
    card.get_by_role("button", name="Save").click()
    expect(page.page.locator(f"#n1 #card-{made.uid}")).to_be_visible()
    expect(page.page.locator("#n2")).to_be_hidden()
    anchor = Anchor.objects.get()
    assert (anchor.first_block, anchor.last_block) == (1, 2)
    assert page.block(1).locator("mark").last.inner_text().endswith("and the mayor calls that a detail.")


def test_cancel_changes_nothing(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim", note="As it was.")
    page = reading(annotator)
    card = edit(page, made)
    card.get_by_role("textbox", name="Note").fill("Something else.")
    card.get_by_role("button", name="End a word earlier").click()
    page.press("Escape")
    expect(card.locator("[role=comment]")).to_contain_text("As it was.")
    assert page.painted("pending") == []
    assert rows() == [(SENTENCE, "As it was.", ["claim"], "public")]
    assert Annotation.objects.get().version == 1
    # And nothing is left that would come back.
    card = edit(page, made)
    expect(card.get_by_role("textbox", name="Note")).to_have_value("As it was.")


def test_delete_undo_and_the_trash(reading, annotator, mark, article):
    made = mark(annotator, SENTENCE, "claim")
    page = reading(annotator)
    page.card(made.uid).hover()
    page.card(made.uid).get_by_role("link", name="Delete this mark").click()
    expect(page.notices).to_contain_text("Mark deleted.")
    expect(page.card(made.uid)).to_have_count(0)
    assert page.marked() == ""
    assert rows() == []
    page.notices.get_by_role("button", name="Undo").click()
    page.expect_marked(SENTENCE)
    expect(page.card(made.uid)).to_be_visible()
    assert rows() == [(SENTENCE, "", ["claim"], "public")]

    page.card(made.uid).hover()
    page.card(made.uid).get_by_role("link", name="Delete this mark").click()
    expect(page.card(made.uid)).to_have_count(0)
    page.page.goto("/marks/trash/")
    page.page.get_by_role("button", name="Restore").click()
    expect(page.page.locator(f"#m{made.uid}")).to_have_text(SENTENCE)
    assert rows() == [(SENTENCE, "", ["claim"], "public")]


def test_keyboard_deletes_and_undoes(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim")
    page = reading(annotator)
    page.press("n")
    expect(page.card(made.uid)).to_be_focused()
    page.press("Tab", "Tab", "Enter")
    expect(page.notices.get_by_role("button", name="Undo")).to_be_focused()
    page.press("Enter")
    page.expect_marked(SENTENCE)
    assert rows() == [(SENTENCE, "", ["claim"], "public")]


def test_z_takes_back_ones_own_last_change(reading, annotator, second_annotator, mark):
    mark(second_annotator, "Only a fool would bet on it.", "opinion")
    page = reading(annotator)
    page.select(SENTENCE)
    page.press("c")
    page.expect_marked(f"{SENTENCE}|Only a fool would bet on it.")
    page.is_saved()
    page.press("z")
    page.expect_marked("Only a fool would bet on it.")
    expect(page.cards).to_have_count(1)
    assert rows() == [("Only a fool would bet on it.", "", ["opinion"], "public")]


@pytest.mark.expected_problems("status of 409")
def test_two_windows_of_one_reader_see_both_texts(reading, annotator, mark):
    made = mark(annotator, SENTENCE, "claim", note="First thought.")
    one, other = reading(annotator), reading(annotator)
    card, late = edit(one, made), edit(other, made)
    card.get_by_role("textbox", name="Note").fill("From the first window.")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("[role=comment]")).to_contain_text("From the first window.")
    late.get_by_role("textbox", name="Note").fill("From the second window.")
    late.get_by_role("button", name="Save").click()
    conflict = late.get_by_role("alert")
    expect(conflict).to_contain_text("From the first window.")
    expect(conflict).to_contain_text("From the second window.")
    expect(late.get_by_role("textbox", name="Note")).to_have_value("From the second window.")
    assert rows()[0][1] == "From the first window."
    late.get_by_role("button", name="Save").click()
    expect(late.locator("[role=comment]")).to_contain_text("From the second window.")
    assert rows() == [(SENTENCE, "From the second window.", ["claim"], "public")]


def test_two_readers_at_once(reading, annotator, second_annotator, codebook):
    one, other = reading(annotator), reading(second_annotator)
    for page in (one, other):
        page.bar.locator("[name=visibility]").evaluate("(field) => (field.value = 'public')")
    one.select(SENTENCE)
    other.select("asked for one. Critics")
    one.press("c")
    other.press("o")
    one.is_saved()
    other.is_saved()
    both = [(SENTENCE, "", ["claim"], "public"), ("asked for one. Critics", "", ["opinion"], "public")]
    assert sorted(rows()) == both
    # The later answer shows both; the earlier window sees both after its next load.
    one.page.reload()
    one.expect_marked("Nobody on the island had |asked for one.| Critics")
    expect(one.cards).to_have_count(2)
    # Nobody can change what is not theirs.
    theirs = one.page.locator(".card:not(.own)")
    expect(theirs).to_have_count(1)
    expect(theirs.get_by_role("link", name="Edit this mark")).to_have_count(0)


def test_private_marks_stay_private(reading, annotator, second_annotator, mark):
    mark(annotator, SENTENCE, "claim", note="Only for me.", public=False)
    page = reading(second_annotator)
    assert page.marked() == ""
    expect(page.cards).to_have_count(0)
    expect(page.page.locator("#tally")).to_contain_text("no marks")
