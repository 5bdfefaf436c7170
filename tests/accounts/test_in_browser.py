from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.axe import each_look
from tests.support.browser import DESKTOP


@pytest.fixture
def demo_reader(person):
    reader = person("ada", "Ada Moreno", is_demo=True, about="Reads for the argument.")
    reader.set_unusable_password()
    reader.save()
    return reader


def test_signing_in_with_the_keyboard_alone(open_page, annotator, password):
    page = open_page(path="/account/sign-in/?next=/account/profile/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("annotator")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/profile/")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Anna Annotator")


def test_one_click_makes_a_demo_reader(open_page, demo_reader, settings):
    settings.DEMO = True
    page = open_page(path="/account/sign-in/?next=/account/profile/")
    page.get_by_role("button", name="Be Ada Moreno").click()
    page.wait_for_url("**/account/profile/")
    page.goto("/account/password/")
    expect(page.locator("main")).to_contain_text("This account has no password")


@pytest.mark.expected_problems("status of 422")
def test_a_refused_sign_in_says_so_and_keeps_the_name(open_page, annotator):
    page = open_page(path="/account/sign-in/")
    page.get_by_label("Username").fill("annotator")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.get_by_label("Username")).to_have_value("annotator")
    expect(page.get_by_label("Password")).to_have_value("")


def test_preferences_without_javascript_change_the_page(open_page, annotator):
    page = open_page(user=annotator, javascript=False, path="/account/preferences/")
    page.locator("main").get_by_label("Theme").select_option("sepia")
    page.locator("main").get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "sepia")
    annotator.refresh_from_db()
    assert annotator.reading["theme"] == "sepia"


AT = [((320, 800), ["light"]), (DESKTOP, ["dark", "forced colours"])]


@pytest.mark.once
@pytest.mark.parametrize(("viewport", "looks"), AT, ids=["narrow", "wide"])
def test_the_pages_are_accessible(open_page, axe, annotator, demo_reader, settings, viewport, looks):
    settings.DEMO = settings.SIGN_UP_OPEN = True
    visitor, reader = open_page(viewport=viewport), open_page(user=annotator, viewport=viewport)
    pages = [(visitor, path) for path in ("sign-in/", "sign-up/", "preferences/")]
    for page, path in [*pages, *((reader, path) for path in ("profile/", "password/", "preferences/"))]:
        page.goto(f"/account/{path}")
        for look in each_look(page, looks):
            axe(page)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{path} scrolls sideways by {wider} px in {look}"
