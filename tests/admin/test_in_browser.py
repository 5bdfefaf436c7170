from __future__ import annotations

import pytest

from annotations.models import Annotation, Tag
from opslens.models import Article, Event, User

PAGES = [
    *["", "opslens/user/", "opslens/user/add/", "opslens/article/", "opslens/event/", "annotations/annotation/"],
    *["annotations/tag/add/", "annotations/tag/?is_on__exact=1"],
    *[
        "opslens/user/{person}/merge/?into=root",
        "opslens/user/{person}/anonymise/",
        "annotations/annotation/?flagged=open",
    ],
]


@pytest.mark.parametrize("path", PAGES)
def test_the_admin_works_under_the_strict_content_security_policy(open_page, root, mark, annotator, path):
    mark(annotator, "claim")
    page = open_page(user=root, path=f"/admin/{path.format(person=annotator.pk)}")
    assert page.locator("#content").is_visible()


def test_a_tag_is_added_with_autocompletion(open_page, root, book):
    page = open_page(user=root, path="/admin/annotations/tag/add/")
    for field, words in (("codebook", "Critical reading"), ("group", "Free")):
        page.locator(f".field-{field} .select2-selection").click()
        page.locator(".select2-search__field").fill(words)
        page.locator(".select2-results__option", has_text=words).click()
    page.locator("#id_name").fill("irony")
    page.locator("#id_slot").fill("6")
    page.locator("input[name=_save]").click()
    page.locator(".messagelist .success").wait_for()
    assert Tag.objects.get(name="irony").group.key == "free"


def test_marks_are_trashed_from_the_list(open_page, root, mark, annotator):
    made = mark(annotator, "claim")
    page = open_page(user=root, path="/admin/annotations/annotation/")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("to_trash")
    page.locator("button[name=index]").click()
    page.locator(".messagelist .success").wait_for()
    assert Annotation.objects.get(pk=made.pk).deleted_at is not None
    assert Event.objects.filter(verb="staff-deleted-mark").count() == 1


def test_single_rows_open(open_page, root, mark, annotator, tag):
    made = mark(annotator, "claim")
    rows = {"annotations/annotation": made, "annotations/tag": tag("claim"), "opslens/user": annotator}
    rows |= {"opslens/article": Article.objects.get(), "opslens/revision": made.revision}
    page = open_page(user=root)
    for path, row in rows.items():
        page.goto(f"/admin/{path}/{row.pk}/change/")
        assert page.locator("#content h1").is_visible()
    assert User.objects.count() == 3


def test_two_accounts_become_one(open_page, root, mark, annotator, second_annotator):
    made = mark(second_annotator, "claim")
    page = open_page(user=root, path="/admin/opslens/user/", viewport=(390, 844))
    for person in (annotator, second_annotator):
        page.locator(f"input.action-select[value='{person.pk}']").check()
    page.locator("select[name=action]").select_option("merge")
    page.locator("button[name=index]").click()
    page.get_by_role("button", name="Merge second into annotator").click()
    page.locator(".messagelist .success").wait_for()
    made.refresh_from_db()
    assert made.author == annotator


def test_marks_are_rejected_with_a_reason(open_page, root, mark, annotator):
    mark(annotator, "claim")
    page = open_page(user=root, path="/admin/annotations/annotation/")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("reject")
    page.locator("button[name=index]").click()
    page.locator("#reason").fill("The source says otherwise.")
    page.get_by_role("button", name="Give this verdict").click()
    page.locator(".messagelist .success").wait_for()
    assert Annotation.objects.get().review_state == "rejected"
