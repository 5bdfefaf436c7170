from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotations.codebook import actions
from tests.support.axe import each_look
from tests.support.browser import DESKTOP


def test_a_tag_is_edited_in_place(open_page, book, editor, tag):
    page = open_page(user=editor, path="/codebook/")
    pk = tag("claim").pk
    card = page.locator(f"#tag-{pk}")
    card.get_by_role("link", name="Edit claim").click()
    expect(card.get_by_label("Name")).to_be_focused()
    card.get_by_label("Name").fill("assertion")
    card.get_by_label("Definition").fill("Says that something is so.")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("h3")).to_contain_text("assertion")
    assert (tag("assertion").definition, tag("assertion").version) == ("Says that something is so.", 2)
    assert page.url.endswith("/codebook/")


@pytest.mark.expected_problems("status of 409", "status of 422")
def test_a_lost_race_and_a_refusal_keep_what_was_typed(open_page, book, editor, admin_person, tag):
    page = open_page(user=editor, path="/codebook/")
    card = page.locator(f"#tag-{tag('claim').pk}")
    card.get_by_role("link", name="Edit claim").click()
    card.get_by_label("Definition").fill("Mine.")
    actions.edit_tag(admin_person, tag("claim").pk, 1, {"definition": "Theirs."})
    card.get_by_role("button", name="Save").click()
    expect(card.locator(".conflict")).to_contain_text("Theirs.")
    expect(card.get_by_label("Definition")).to_have_value("Mine.")
    card.get_by_label("Name").fill("opinion")
    card.get_by_role("button", name="Save mine").click()
    expect(card.locator(".field-error, .errorlist").first).to_contain_text("There is a tag “opinion” already.")
    expect(card.get_by_label("Definition")).to_have_value("Mine.")
    card.get_by_label("Name").fill("claim")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("h3")).to_contain_text("claim")
    assert tag("claim").definition == "Mine."


def test_a_tag_moves_to_its_new_group_and_another_open_form_stays(open_page, book, editor, tag):
    page = open_page(user=editor, path="/codebook/")
    other = page.locator(f"#tag-{tag('claim').pk}")
    other.get_by_role("link", name="Edit claim").click()
    other.get_by_label("Definition").fill("Half typed")
    page.locator(f"#tag-{tag('opinion').pk}").get_by_role("link", name="Edit opinion").click()
    card = page.locator(f"#tag-{tag('opinion').pk}")
    card.get_by_label("Group").select_option(str(tag("attack").group_id))
    card.get_by_role("button", name="Save").click()
    moved = page.locator(f"#tags-{tag('attack').group_id} > #tag-{tag('opinion').pk}")
    expect(moved.locator("h3")).to_contain_text("opinion")
    expect(page.locator(f"#tag-{tag('opinion').pk}")).to_have_count(1)
    expect(other.get_by_label("Definition")).to_have_value("Half typed")


def test_tags_are_added_switched_recoloured_and_retired_in_place(open_page, book, editor, tag):
    page = open_page(user=editor, path="/codebook/")
    group = tag("attack").group_id
    page.locator(f"#add-{group} a").click()
    form = page.locator(f"#add-{group}")
    form.get_by_label("Name").fill("irony")
    form.get_by_label("Shortcut key").fill("i")
    form.get_by_label("6: yellow, thick").check()
    form.get_by_role("button", name="Add").click()
    card = page.locator(f"#tags-{group} > li", has=page.locator("h3", has_text="irony"))
    expect(card).to_be_visible()
    expect(page.locator(f"#add-{group} a")).to_be_visible()
    card.get_by_role("button", name="Switch irony off").click()
    expect(card.get_by_role("button", name="Switch irony on")).to_be_focused()
    card.get_by_label("Look of irony").click()
    card.get_by_role("button", name="Look 9: violet, thick double").click()
    expect(card.locator("h3 .s9")).to_be_visible()
    card.get_by_role("link", name="Retire irony").click()
    page.get_by_role("button", name="Retire", exact=True).click()
    expect(card.locator(".state")).to_contain_text("retired on")
    card.get_by_role("button", name="Bring irony back").click()
    expect(card.locator(".state")).to_contain_text("off")
    assert (tag("irony").slot, tag("irony").is_on, tag("irony").retired_at) == (9, False, None)


def test_tags_are_reordered_from_the_keyboard(open_page, book, editor, tag):
    page = open_page(user=editor, path="/codebook/order/")
    button = page.get_by_role("button", name="Move opinion up")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#order-{tag('claim').group_id} li").first).to_contain_text("opinion")
    expect(page.get_by_role("button", name="Move opinion up")).to_be_focused()
    assert tag("opinion").position < tag("claim").position


def test_without_javascript_tags_are_edited_too(open_page, book, editor, tag):
    page = open_page(user=editor, javascript=False, path="/codebook/")
    page.get_by_role("link", name="Edit claim").click()
    page.get_by_label("Definition").fill("Plain.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(f"#tag-{tag('claim').pk}")).to_contain_text("Plain.")
    page.get_by_role("button", name="Switch claim off").click()
    expect(page.locator(f"#tag-{tag('claim').pk} .state")).to_contain_text("off")


AT = [((320, 800), ["light"]), (DESKTOP, ["dark", "forced colours"])]


@pytest.mark.once
@pytest.mark.parametrize(("viewport", "looks"), AT, ids=["narrow", "wide"])
def test_the_pages_are_accessible(open_page, axe, book, editor, tag, viewport, looks):
    page = open_page(user=editor, viewport=viewport)
    actions.retire_tag(editor, tag("opinion").pk)
    for path in ("/codebook/", "/codebook/order/", "/codebook/add/", f"/codebook/tags/{tag('claim').pk}/retire/"):
        page.goto(path)
        for look in each_look(page, looks):
            axe(page)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{path} scrolls sideways by {wider} px in {look}"
    page.goto("/codebook/")
    page.get_by_role("link", name="Edit claim").click()
    page.locator(f"#tag-{tag('claim').pk}").get_by_role("button", name="Save").wait_for()
    for _ in each_look(page, looks):
        axe(page)
