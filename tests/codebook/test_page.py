from __future__ import annotations

import re

import pytest
from django.utils import timezone

from annotations.codebook import actions
from annotations.models import Annotation, Tag
from opslens.models import Event

HTMX = {"HTTP_HX_REQUEST": "true"}


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode().split("<main")[-1]).split())


def test_everybody_reads_the_codebook(client, book):
    page = text_of(client.get("/codebook/"))
    for words in (
        "Critical reading",
        "Type",
        "What kind of statement?",
        "claim c offered 0 marks",
        "States something.",
    ):
        assert words in page
    assert "It rained." in page
    assert "Do Mark it. Don’t Judge it." in page
    assert "loaded l off: not offered" in page
    assert "attack a offered 0 marks · needs a note" in page
    assert "Edit" not in page
    assert "Sign in to mark passages" in page


def test_a_reader_is_told_who_looks_after_the_codebook(client, book, annotator, editor, admin_person):
    client.force_login(annotator)
    page = text_of(client.get("/codebook/"))
    assert "looked after by Edda Editor, Stan Staff." in page
    assert "Switch" not in page


def test_a_reader_is_told_that_nobody_does(client, book, annotator):
    client.force_login(annotator)
    assert "Nobody looks after the codebook yet." in text_of(client.get("/codebook/"))


def test_uses_are_counted_as_the_viewer_sees_them(client, book, annotator, second_annotator, mark):
    mark(annotator, "claim", "loaded")
    mark(annotator, "claim", visibility="private")
    gone = mark(annotator, "claim")
    Annotation.objects.filter(pk=gone.pk).update(deleted_at=gone.created_at)
    counts = {}
    for viewer in (None, annotator, second_annotator):
        client.logout()
        if viewer:
            client.force_login(viewer)
        page = text_of(client.get("/codebook/"))
        counts[viewer and viewer.username] = [
            re.search(rf"{name} \w [^0-9]*(\d+) mark", page)[1] for name in ("claim", "loaded", "opinion")
        ]
    assert counts == {None: ["1", "1", "0"], "annotator": ["2", "1", "0"], "second": ["1", "1", "0"]}


@pytest.mark.parametrize("marks", [1, 3])
def test_the_page_costs_the_same_for_few_and_many(client, book, annotator, mark, django_assert_num_queries, marks):
    for number in range(marks):
        mark(annotator, "claim", "loaded")
        Tag.objects.create(codebook=book, group=book.groups.first(), name=f"more {number}", slot=1)
    with django_assert_num_queries(5):  # the codebook, its groups, its tags, the counts, the examples
        client.get("/codebook/")


FORMS = [
    ("add/", {"name": "x", "slot": 1}),
    ("order/", None),
    ("tags/{pk}/edit/", {"name": "x"}),
    ("tags/{pk}/look/", {"slot": 2, "version": 1}),
    ("tags/{pk}/switch/", {"on": "no"}),
    ("tags/{pk}/move/", {"direction": "down"}),
    ("tags/{pk}/retire/", {}),
    ("tags/{pk}/bring-back/", {}),
    ("groups/{group}/add/", None),
]


@pytest.mark.parametrize(("path", "sent"), FORMS, ids=[path for path, _ in FORMS])
def test_only_editors_get_at_the_forms(client, book, tag, annotator, editor, admin_person, path, sent):
    url = "/codebook/" + path.format(pk=tag("claim").pk, group=tag("claim").group_id)
    ask = (lambda: client.get(url)) if sent is None else (lambda: client.post(url, sent))
    refused = ask()
    assert (refused.status_code, refused.url.split("?")[0]) == (302, "/account/sign-in/")
    client.force_login(annotator)
    assert ask().status_code == 403
    assert Event.objects.count() == 1
    for person in (editor, admin_person):
        client.force_login(person)
        assert ask().status_code in (200, 302, 422)


@pytest.mark.parametrize("path", ["tags/{}/edit/", "tags/{}/retire/", "tags/{}/"])
@pytest.mark.parametrize("pk", [999_999, 10**30])
def test_a_tag_that_is_not_there_is_a_404(client, book, editor, path, pk):
    client.force_login(editor)
    assert client.get("/codebook/" + path.format(pk)).status_code == 404


def test_editing_in_place(client, book, tag, editor, annotator, mark, fields):
    mark(annotator, "claim")
    client.force_login(editor)
    url = f"/codebook/tags/{tag('claim').pk}/edit/"
    form = client.get(url, **HTMX)
    assert form.content.decode().lstrip().startswith(f'<li id="tag-{tag("claim").pk}"')
    assert "This touches 1 mark that you can see" in text_of(form)
    response = client.post(url, fields("claim", name="assertion", example="<b>bold</b>"), **HTMX)
    assert response.status_code == 200
    assert "assertion" in text_of(response)
    assert b"&lt;b&gt;bold" in response.content
    assert tag("assertion").example == "<b>bold</b>"
    assert Event.objects.order_by("-id").first().verb == "tag-edited"


def test_staff_see_the_whole_number_of_marks_that_a_change_touches(client, book, tag, admin_person, annotator, mark):
    mark(annotator, "claim", visibility="private")
    mark(annotator, "claim")
    client.force_login(admin_person)
    for path in ("edit", "retire"):
        assert "This touches 2 marks:" in text_of(client.get(f"/codebook/tags/{tag('claim').pk}/{path}/", **HTMX))


def test_editing_without_javascript(client, book, tag, editor, fields):
    client.force_login(editor)
    pk = tag("claim").pk
    page = client.get(f"/codebook/tags/{pk}/edit/").content.decode()
    assert "<html" in page
    assert "hx-post" not in page.split("<main")[1]
    response = client.post(f"/codebook/tags/{pk}/edit/", fields("claim", definition="Simpler."), follow=True)
    assert response.redirect_chain == [(f"/codebook/#tag-{pk}", 302)]
    assert "“claim” is saved." in response.content.decode()
    assert tag("claim").definition == "Simpler."


@pytest.mark.parametrize("how", [HTMX, {}])
def test_invalid_input_keeps_what_was_typed(client, book, tag, editor, fields, how):
    client.force_login(editor)
    data = fields("claim", name="Opinion", definition="Typed for an hour.", slot=6)
    response = client.post(f"/codebook/tags/{tag('claim').pk}/edit/", data, **how)
    page = response.content.decode()
    assert response.status_code == 422
    assert "There is a tag “opinion” already." in page
    assert "Typed for an hour." in page
    assert re.search(r'value="6"[^>]*checked', page)
    assert tag("claim").definition == "States something."


@pytest.mark.parametrize("how", [HTMX, {}])
def test_two_editors_of_one_tag_lose_nothing(client, book, tag, editor, admin_person, fields, how):
    first, second = fields("claim", definition="Theirs."), fields("claim", definition="Mine.", key="w")
    actions.edit_tag(admin_person, tag("claim").pk, first["version"], {"definition": "Theirs."})
    client.force_login(editor)
    url = f"/codebook/tags/{tag('claim').pk}/edit/"
    response = client.post(url, second, **how)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Theirs." in page
    assert "Mine." in page
    assert 'name="version" value="2"' in page
    assert (tag("claim").definition, tag("claim").key) == ("Theirs.", "c")
    again = client.post(url, second | {"version": 2}, **how)
    assert again.status_code in (200, 302)
    assert (tag("claim").definition, tag("claim").key, tag("claim").version) == ("Mine.", "w", 3)
    verbs = list(Event.objects.order_by("id").values_list("verb", "actor__username"))
    assert verbs[1:] == [("tag-edited", "staff"), ("tag-edited", "editor")]


def test_a_move_to_another_group_is_placed_there(client, book, tag, editor, fields):
    client.force_login(editor)
    to = tag("attack").group_id
    response = client.post(f"/codebook/tags/{tag('opinion').pk}/edit/", fields("opinion", group=to), **HTMX)
    assert response.content.decode().startswith(f'<ul hx-swap-oob="beforebegin:#add-{to}"><li id="tag-')
    assert tag("opinion").group.key == "free"


def test_a_refused_move_is_told_at_the_field(client, book, tag, editor, annotator, mark, fields):
    mark(annotator, "claim", "attack")
    client.force_login(editor)
    data = fields("attack", group=tag("claim").group_id)
    response = client.post(f"/codebook/tags/{tag('attack').pk}/edit/", data, **HTMX)
    assert response.status_code == 422
    assert "1 mark that you can see carries “attack” and another tag of “Type”" in text_of(response)


def test_the_form_says_and_changes_what_a_tag_proposes(client, book, tag, editor, fields):
    client.force_login(editor)
    url = f"/codebook/tags/{tag('unsourced').pk}/edit/"
    claim = tag("claim").pk
    assert client.post(url, fields("unsourced", proposes=claim), **HTMX).status_code == 200
    assert tag("unsourced").proposes_id == claim
    actions.retire_tag(editor, claim)
    form = client.get(url, **HTMX).content.decode()
    assert f'<option value="{claim}" selected>claim</option>' in form
    assert ">unsourced</option>" not in form.split('name="proposes"')[1].split("</select>")[0]
    refused = client.post(url, fields("unsourced", proposes=tag("unsourced").pk), **HTMX)
    assert refused.status_code == 422
    assert client.post(url, fields("unsourced", proposes=""), **HTMX).status_code == 200
    assert tag("unsourced").proposes is None


def test_adding_in_place_and_without_javascript(client, book, tag, editor):
    client.force_login(editor)
    group = tag("attack").group_id
    form = client.get(f"/codebook/add/?group={group}", **HTMX)
    assert f'<option value="{group}" selected>' in form.content.decode()
    looks = r'name="slot" value="(\d+)"[^>]* checked'
    assert re.findall(looks, form.content.decode()) == ["5"]
    Tag.objects.filter(name="attack").update(slot=5)
    Tag.objects.bulk_create(
        Tag(codebook=book, group_id=group, name=f"look {slot}", slot=slot, retired_at=timezone.now())
        for slot in range(1, 11)
    )
    form = client.get(f"/codebook/add/?group={group}", **HTMX)
    assert re.findall(looks, form.content.decode()) == ["1"]
    data = {"name": "irony", "key": "i", "group": group, "slot": 6}
    response = client.post(f"/codebook/add/?group={group}", data, **HTMX)
    assert "irony i offered 0 marks" in text_of(response)
    assert f'<li id="add-{group}">' in response.content.decode()
    elsewhere = client.post(
        f"/codebook/add/?group={group}", data | {"name": "guess", "key": "", "group": tag("claim").group_id}, **HTMX
    )
    assert f'hx-swap-oob="beforebegin:#add-{tag("claim").group_id}"' in elsewhere.content.decode()
    refused = client.post("/codebook/add/", data, **HTMX)
    assert refused.status_code == 422
    response = client.post("/codebook/add/", data | {"name": "sarcasm", "key": ""})
    assert (response.status_code, response.url) == (302, f"/codebook/#tag-{tag('sarcasm').pk}")
    assert "<html" in client.get("/codebook/add/").content.decode()


def test_switching_recolouring_and_retiring_in_place(client, book, tag, editor, annotator, mark):
    mark(annotator, "claim")
    client.force_login(editor)
    pk = tag("claim").pk
    assert "off: not offered" in text_of(client.post(f"/codebook/tags/{pk}/switch/", {"on": "no"}, **HTMX))
    assert "offered" in text_of(client.post(f"/codebook/tags/{pk}/switch/", {"on": "yes"}, **HTMX))
    assert b'class="tag s9"' in client.post(f"/codebook/tags/{pk}/look/", {"slot": 9, "version": 1}, **HTMX).content
    stale = client.post(f"/codebook/tags/{pk}/look/", {"slot": 8, "version": 1}, **HTMX)
    assert (stale.status_code, stale["HX-Retarget"], tag("claim").slot) == (409, "#notices", 9)
    asked = client.get(f"/codebook/tags/{pk}/retire/", **HTMX)
    assert "Retire claim ?" in text_of(asked)
    assert tag("claim").retired_at is None
    assert "retired on" in text_of(client.post(f"/codebook/tags/{pk}/retire/", **HTMX))
    assert "1 mark" in text_of(client.get(f"/codebook/tags/{pk}/", **HTMX))
    actions.edit_tag(editor, tag("opinion").pk, 1, {"key": "c"})
    assert "It has no shortcut key: “opinion” has it now." in text_of(
        client.post(f"/codebook/tags/{pk}/bring-back/", **HTMX)
    )


def test_the_same_without_javascript(client, book, tag, editor):
    client.force_login(editor)
    pk = tag("claim").pk
    for path, data in (
        ("switch", {"on": "no"}),
        ("look", {"slot": 9, "version": 1}),
        ("retire", {}),
        ("bring-back", {}),
    ):
        response = client.post(f"/codebook/tags/{pk}/{path}/", data)
        assert (response.status_code, response.url) == (302, f"/codebook/#tag-{pk}")
    assert "<html" in client.get(f"/codebook/tags/{pk}/retire/").content.decode()
    response = client.post(f"/codebook/tags/{pk}/move/", {"direction": "down"})
    assert (response.status_code, response.url) == (302, f"/codebook/order/#order-{tag('claim').group_id}")
    assert tag("claim").position > tag("opinion").position


def test_reordering_in_place(client, book, tag, editor):
    client.force_login(editor)
    assert "claim Up Down opinion Up Down" in text_of(client.get("/codebook/order/"))
    response = client.post(f"/codebook/tags/{tag('opinion').pk}/move/", {"direction": "up"}, **HTMX)
    assert "opinion Up Down 1 of 2 claim Up Down" in text_of(response)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("switch", {"on": "maybe"}),
        ("move", {"direction": "sideways"}),
        ("look", {"slot": "x", "version": "1"}),
        ("look", {"slot": "99", "version": "1"}),
        ("look", {"slot": "1", "version": "9" * 30}),
        ("edit", {"version": "9" * 30}),
        ("edit", {"slot": "²", "group": "-1"}),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(client, book, tag, editor, path, sent):
    client.force_login(editor)
    assert client.post(f"/codebook/tags/{tag('claim').pk}/{path}/", sent).status_code == 422
    assert Event.objects.count() == 1
