"""Merging, splitting and undoing by keyboard, in every look, and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from annotations.models import AnnotationTag, Surgery, Tag
from annotations.surgery.actions import merge
from annotations.surgery.examples.actions import add_example
from tests.browser.conftest import at_rest
from tests.support.browser import DESKTOP


@pytest.fixture(params=[DESKTOP, (390, 844)], ids=["1280 px", "390 px"])
def viewport(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param


@pytest.fixture
def codebook(codebook: dict[str, Tag]) -> dict[str, Tag]:
    """All twelve tags are on."""
    Tag.objects.update(is_on=True)
    return {tag.name: tag for tag in Tag.objects.all()}


@pytest.fixture
def staff(person: Any) -> Any:
    return person("staff", "Stan Staff", is_staff=True)


def carried(name: str) -> int:
    return AnnotationTag.objects.filter(tag__name=name).count()


def to(page: Page, role: str, name: str) -> None:
    """Go there with the Tab key alone."""
    for _ in range(60):
        page.keyboard.press("Tab")
        wanted = page.get_by_role(role, name=name, exact=True)
        if wanted.count() and wanted.first.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"The Tab key does not lead to {name}.")


def test_a_merge_and_its_undo_by_keyboard(open_page, mark, annotator, staff, codebook, viewport, check, axe):
    mark(annotator, "Nobody on the island had asked for one.", "loaded")
    mark(annotator, "A crew of nine", "loaded", "claim")
    add_example(staff, codebook["loaded"], kind="hard", words="a fool’s ferry", comment="It names nobody.")
    page = open_page(user=staff, viewport=viewport, path="/codebook/")
    check(page)
    page.get_by_role("link", name="Merge loaded").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/merge/")
    to(page, "combobox", "Merge into")
    page.keyboard.type("opinion")
    to(page, "button", "Preview")
    page.keyboard.press("Enter")
    at_rest(page)
    expect(page.get_by_role("heading", name="What it would do")).to_be_focused()
    expect(page.locator("#surgery")).to_contain_text("This touches 2 marks.")
    expect(page.locator("#surgery")).to_contain_text("1 mark carries another one")
    check(page)
    to(page, "radio", "Stop: change nothing")
    page.keyboard.press("ArrowDown")
    to(page, "button", "Merge into “opinion”")
    sent: list[str] = []

    def slowly(route: Route) -> None:
        sent.append(route.request.method)
        page.wait_for_timeout(300)
        expect(page.get_by_role("status").get_by_text("Merging 2 marks …")).to_be_visible()
        expect(page.get_by_role("button", name="Merge into “opinion”")).to_be_disabled()
        page.keyboard.press("Enter")
        route.continue_()

    page.route("**/merge/", slowly)
    page.keyboard.press("Enter")
    at_rest(page)
    expect(page.get_by_role("heading", name="Done")).to_be_focused()
    assert sent == ["POST"]
    assert (carried("loaded"), carried("opinion"), carried("claim")) == (0, 1, 1)
    axe(page)
    page.locator("#notices").get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Changes")).to_be_visible()
    expect(page.locator("#notices")).to_contain_text("are as they were before")
    assert (carried("loaded"), carried("opinion"), carried("claim")) == (2, 0, 1)


def test_without_scripts(open_page, mark, annotator, staff, codebook):
    mark(annotator, "Nobody on the island had asked for one.", "loaded")
    mark(annotator, "A crew of nine", "loaded")
    page = open_page(user=staff, javascript=False, path="/codebook/")
    page.get_by_role("link", name="Split loaded").click()
    page.get_by_label("Hand: those that I tick in a list").check()
    page.get_by_role("button", name="Show the list to tick").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Name of the new tag").fill("sneer")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#surgery")).to_contain_text("On 1 mark that you can see")
    page.get_by_role("button", name="Split", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("“loaded” was split into “sneer”")
    assert (carried("loaded"), carried("sneer")) == (1, 1)
    page.get_by_role("button", name="Undo: loaded and sneer").click()
    assert (carried("loaded"), carried("sneer")) == (2, 0)
    page.goto("/codebook/")
    page.get_by_role("link", name="Merge loaded").click()
    page.get_by_label("Merge into").select_option(label="evidence (Free)")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Merge into “evidence”").click()
    expect(page.locator("#notices")).to_contain_text("“loaded” was merged into “evidence”")
    assert Surgery.objects.count() == 2


@pytest.mark.once
def test_split_import_and_examples_in_every_look(open_page, mark, annotator, staff, codebook, viewport, check):
    mark(annotator, "Nobody on the island had asked for one.", "loaded", note="Says who?")
    add_example(staff, codebook["loaded"], kind="hard", words="a fool’s ferry", comment="It names nobody.")
    merge(staff, codebook["attack"].pk, codebook["evidence"].pk)
    page = open_page(user=staff, viewport=viewport, path=f"/codebook/tags/{codebook['loaded'].pk}/split/")
    page.get_by_label("Hand: those that I tick in a list").check()
    page.get_by_role("button", name="Show the list to tick").click()
    at_rest(page)
    page.get_by_label("Name of the new tag").fill("sneer")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Preview").click()
    at_rest(page)
    expect(page.get_by_role("heading", name="What it would do")).to_be_focused()
    page.evaluate("scrollTo(0, 0)")  # what happens to lie half under the bar there is no small target
    check(page)
    for path in ("changes/", "import/", f"tags/{codebook['loaded'].pk}/examples/"):
        page.goto(f"/codebook/{path}")
        check(page)
    page.goto("/codebook/import/")
    page.get_by_label("Or its contents").fill(
        '{"name": "x", "groups": [{"key": "free", "name": "Free"}], "tags": ['
        '{"name": "irony", "group": "free", "slot": 3}, {"name": "loaded", "group": "free", "slot": 3}]}'
    )
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="What the file means here")).to_be_focused()
    expect(page.get_by_role("cell", name="loaded grey, dotted").locator(".tag.s3")).to_be_visible()
    check(page)
