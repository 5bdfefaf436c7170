"""Reading what happened and putting things back, by keyboard, without JavaScript, and in every look."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotations.editing.actions import edit_mark
from annotations.models import Annotation
from annotations.teams.actions import edit_session
from tests.support.teams import mark_in, start_session

FERRY = "The council bought a ferry in spring."


@pytest.fixture
def changed(mark, annotator, codebook) -> Annotation:
    """A mark that was given another tag and another note since it was made."""
    made = mark(annotator, FERRY, "claim", note="Says who? The council has bought nothing since.")
    note = "Says who? The council has bought much since."
    return edit_mark(annotator, made.uid, made.version, tags=[codebook["opinion"].pk], note=note).annotation


@pytest.mark.parametrize("javascript", [True, False])
def test_an_earlier_state_of_a_mark_is_put_back_by_keyboard(open_page, changed, annotator, javascript):
    page = open_page(user=annotator, path=f"/marks/{changed.uid}/history/", javascript=javascript)
    expect(page.locator(".history > li")).to_have_count(2)
    expect(page.locator(".history > li").first).to_contain_text("changed the tags and the note of a mark")
    page.get_by_role("link", name="Restore what was since").last.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What will change")).to_be_visible()
    expect(page.locator(".changes .came")).to_contain_text("claim")
    expect(page.locator(".changes .went")).to_contain_text("opinion")
    page.get_by_role("button", name="Restore it").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#notices")).to_contain_text("It is as it was then.")
    expect(page.locator(".history > li")).to_have_count(3)
    changed.refresh_from_db()
    assert changed.note == "Says who? The council has bought nothing since."
    assert [tag.name for tag in changed.tags.all()] == ["claim"]


@pytest.mark.once
@pytest.mark.expected_problems("status of 422")
def test_the_pages_in_every_look(open_page, changed, article, owner, annotator, check, viewport):
    owner.is_staff = owner.is_superuser = True
    owner.save()
    session = start_session(owner, article, annotators=[annotator])
    edit_session(owner, session.pk, type(session).objects.get(pk=session.pk).version, {"guidelines": "Read twice."})
    mark_in(session, annotator, article, FERRY, "claim")
    page = open_page(user=owner, viewport=viewport)
    for path in (
        f"/read/{article.slug}/history/?what=review",
        f"/team/{session.uid}/history/",
        "/audit/?since=yesterday",
        "/audit/",
    ):
        page.goto(path)
        check(page)
    page.goto(f"/marks/{changed.uid}/history/")
    page.get_by_role("link", name="Restore what was since").last.click()
    check(page)
