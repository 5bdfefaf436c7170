"""Marking over HTTP: fragments for HTMX, pages and redirects without JavaScript, and the answers to bad input."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Anchor, Annotation, Tag
from opslens.articles.documents import document_of

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def fields(article):
    """`fields("words", nth=0, **more)`: what the selection bar posts."""

    def make(words: str, nth: int = 0, **more) -> dict:
        text = document_of(article.current_id).text
        start = -1
        for _ in range(nth + 1):
            start = text.index(words, start + 1)
        base = {"revision": article.current_id, "start": start, "end": start + len(words), "exact": words}
        return base | {"key": str(uuid.uuid4())} | more

    return make


def test_marking_answers_with_the_block_the_card_and_the_news(client_of, annotator, fields, tag):
    answer = client_of(annotator).post("/marks/", fields("families pay", tags=[tag("claim").pk]), **HTMX)
    made = Annotation.objects.get()
    html = answer.content.decode()
    assert answer.status_code == 200
    assert f'id="m{made.uid}"' in html
    assert f'id="card-{made.uid}"' in html
    assert 'hx-swap-oob="true"' in html
    news = json.loads(answer["HX-Trigger-After-Swap"])["marks-changed"]
    assert news == {"blocks": [Anchor.objects.get().first_block], "uid": made.uid, "verb": "created"}


OFFER = '<button class="button quiet">Add claim</button>'


def offered(answer) -> dict:
    """What the button of the proposal in this answer posts, by field."""
    html = answer.content.decode()
    form = html[html.index("<form", html.index('id="notices"')) : html.index(OFFER)]
    found: dict = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form):
        found.setdefault(name, []).append(value)
    return found | {"url": re.search(r'hx-post="([^"]+)"', form)[1]}


def test_a_new_mark_that_lacks_what_its_tag_belongs_with_is_offered_it_once(client_of, annotator, fields, tag):
    client = client_of(annotator)
    answer = client.post("/marks/", fields("families pay", tags=[tag("unsourced").pk], whose="mine"), **HTMX)
    made = Annotation.objects.get()
    assert [t.name for t in made.tags.all()] == ["unsourced"], "it is saved as it was asked for"
    assert "“unsourced” belongs with “claim”. This mark has no tag of “Type” yet." in answer.content.decode()
    posted = offered(answer)
    assert posted.pop("url") == f"/marks/{made.uid}/edit/"
    assert posted["whose"] == ["mine"]
    added = client.post(f"/marks/{made.uid}/edit/", posted, **HTMX)
    html = added.content.decode()
    assert html.lstrip().startswith(f'<li id="card-{made.uid}"')
    assert "The tag is added." in html
    assert [t.name for t in made.tags.all()] == ["claim", "unsourced"]
    again = client.post(f"/marks/{made.uid}/edit/", posted, **HTMX)
    assert again.status_code == 409
    assert '<div id="notices" hx-swap-oob="innerHTML">' in again.content.decode()
    assert OFFER not in again.content.decode()


def test_a_proposal_for_a_mark_that_was_changed_meanwhile_is_a_conflict_with_both(client_of, annotator, fields, tag):
    client = client_of(annotator)
    posted = offered(client.post("/marks/", fields("families pay", tags=[tag("unsourced").pk]), **HTMX))
    url = posted.pop("url")
    client.post(url, {"version": 1, "note": "from elsewhere"}, **HTMX)
    html = (answer := client.post(url, posted, **HTMX)).content.decode()
    assert answer.status_code == 409
    assert re.search(rf'value="{tag("claim").pk}" checked', html)
    assert 'name="version" value="2"' in html
    assert [t.name for t in Annotation.objects.get().tags.all()] == ["unsourced"]


@pytest.mark.parametrize(
    ("names", "is_on"),
    [
        (["claim"], True),
        (["unsourced", "claim"], True),
        (["unsourced", "opinion"], True),
        (["unsourced"], False),
        ([], True),
    ],
)
def test_nothing_is_proposed_without_need_or_that_is_not_offered(client_of, annotator, fields, tag, names, is_on):
    tags = [tag(name).pk for name in names]
    Tag.objects.filter(name="claim").update(is_on=is_on)
    answer = client_of(annotator).post("/marks/", fields("families pay", tags=tags), **HTMX)
    assert answer.status_code == 200
    assert OFFER not in answer.content.decode()


@pytest.mark.parametrize("is_on", [True, False])
def test_forms_and_the_bar_name_the_tag_that_is_proposed_if_it_is_offered(
    client_of, annotator, article, mark, tag, is_on
):
    Tag.objects.filter(name="claim").update(is_on=is_on)
    uid = mark(annotator, "families pay", "unsourced").annotation.uid
    client = client_of(annotator)
    for path in (article.get_absolute_url(), f"/marks/{uid}/edit/"):
        html = client.get(path).content.decode()
        assert html.count(f'data-proposes="{tag("claim").pk}"') == (3 if is_on else 0), path


def test_marking_without_htmx_goes_back_to_the_passage(client_of, annotator, article, fields):
    answer = client_of(annotator).post("/marks/", fields("families pay"))
    made = Annotation.objects.get()
    assert (answer.status_code, answer.url) == (302, f"{article.current.get_absolute_url()}#m{made.uid}")


def test_new_marks_are_private_unless_the_reader_chose_otherwise(client_of, annotator, fields):
    client = client_of(annotator)
    client.post("/marks/", fields("families pay"), **HTMX)
    annotator.marks_public = True
    annotator.save()
    client.post("/marks/", fields("closes the case"), **HTMX)
    assert list(Annotation.objects.order_by("pk").values_list("visibility", flat=True)) == ["private", "public"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"start": "x"}, 422),
        ({"start": ""}, 422),
        ({"start": "-1"}, 422),
        ({"end": "999999999"}, 422),
        ({"end": "9" * 40}, 422),
        ({"exact": "other words"}, 409),
        ({"revision": "0"}, 404),
        ({"revision": ""}, 422),
        ({"revision": "99999999"}, 404),
        ({"tags": "1;drop"}, 422),
        ({"tags": "99999999"}, 422),
        ({"tags": ["9"] * 200}, 422),
        ({"visibility": "world"}, 422),
        ({"key": "short"}, 422),
        ({"key": "x" * 80}, 422),
        ({"note": "n" * 10_001}, 422),
        ({"start": "0", "end": "0", "exact": ""}, 422),
        ({"note": "nul \x00 inside", "start": "\x00"}, 422),
    ],
)
@pytest.mark.parametrize("extra", [{}, HTMX])
def test_bad_input_is_a_clear_refusal_and_changes_nothing(client_of, annotator, fields, change, status, extra):
    answer = client_of(annotator).post("/marks/", fields("families pay") | change, **extra)
    assert answer.status_code == status
    assert not Annotation.objects.exists()


def test_visitors_are_sent_to_sign_in(article, fields):
    answer = Client().post("/marks/", fields("families pay"))
    assert answer.status_code == 302
    assert answer.url.startswith("/account/sign-in/")
    answer = Client().post("/marks/", fields("families pay"), **HTMX)
    assert answer["HX-Redirect"].startswith("/account/sign-in/")
    assert not Annotation.objects.exists()


def test_editing_in_place(client_of, annotator, mark, tag):
    uid = mark(annotator, "families pay", "claim").annotation.uid
    client = client_of(annotator)
    form = client.get(f"/marks/{uid}/edit/", **HTMX)
    assert b'name="version" value="1"' in form.content
    anchor = Anchor.objects.get()
    answer = client.post(
        f"/marks/{uid}/edit/",
        {"version": 1, "note": "says who?", "tags_shown": "yes", "tags": [tag("opinion").pk], "visibility": "private",
         "start": anchor.start, "end": anchor.end, "exact": "families pay"},
        **HTMX,
    )  # fmt: skip
    made = Annotation.objects.get()
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith(f'<li id="card-{uid}"')
    assert (made.note, made.visibility, made.version) == ("says who?", "private", 2)
    assert [t.name for t in made.tags.all()] == ["opinion"]


def test_a_lost_race_shows_both_texts_and_keeps_what_was_typed(client_of, annotator, mark):
    uid = mark(annotator, "families pay", "claim").annotation.uid
    client = client_of(annotator)
    client.post(f"/marks/{uid}/edit/", {"version": 1, "note": "theirs came first"}, **HTMX)
    answer = client.post(f"/marks/{uid}/edit/", {"version": 1, "note": "mine came second"}, **HTMX)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "theirs came first" in html
    assert html.count("mine came second") == 2
    assert 'name="version" value="2"' in html
    assert Annotation.objects.get().note == "theirs came first"
    saved = client.post(f"/marks/{uid}/edit/", {"version": 2, "note": "mine came second"}, **HTMX)
    assert saved.status_code == 200
    assert Annotation.objects.get().note == "mine came second"


def test_an_invalid_edit_comes_back_with_the_form_and_the_reason(client_of, annotator, mark, tag):
    uid = mark(annotator, "families pay", "claim").annotation.uid
    posted = {"version": 1, "note": "", "tags_shown": "yes", "tags": [tag("missing-context").pk]}
    for extra in ({}, HTMX):
        answer = client_of(annotator).post(f"/marks/{uid}/edit/", posted, **extra)
        assert answer.status_code == 422
        assert "needs a note" in answer.content.decode()
    assert Annotation.objects.get().version == 1


def test_delete_undo_and_trash(client_of, annotator, mark):
    uid = mark(annotator, "families pay", "claim").annotation.uid
    client = client_of(annotator)
    answer = client.post(f"/marks/{uid}/delete/", **HTMX)
    html = answer.content.decode()
    assert f'<li id="card-{uid}" hx-swap-oob="delete">' in html
    assert f"/marks/{uid}/restore/" in html
    assert "families pay" in client.get("/marks/trash/").content.decode()
    answer = client.post(f"/marks/{uid}/restore/", **HTMX)
    assert f'id="m{uid}"' in answer.content.decode()
    assert Annotation.objects.get().deleted_at is None
    assert "The trash is empty" in client.get("/marks/trash/").content.decode()


def test_undo_key(client_of, annotator, article, mark):
    mark(annotator, "families pay")
    client = client_of(annotator)
    answer = client.post("/marks/undo/", {"article": article.pk}, **HTMX)
    assert "in the trash" in answer.content.decode()
    assert Annotation.objects.get().deleted_at is not None
    assert client.post("/marks/undo/", {"article": article.pk}, **HTMX).status_code == 404
    for bad in ("", "x", "9" * 30, "²"):
        assert client.post("/marks/undo/", {"article": bad}, **HTMX).status_code == 404


@pytest.mark.parametrize("verb", ["", "card/", "edit/"])
def test_a_private_mark_is_404_for_others_like_one_that_does_not_exist(
    client_of, second_annotator, annotator, mark, verb
):
    uid = mark(annotator, "families pay", visibility="private").annotation.uid
    client = client_of(second_annotator)
    hidden, absent = client.get(f"/marks/{uid}/{verb}"), client.get(f"/marks/aaaaaaaaaa/{verb}")
    assert hidden.status_code == absent.status_code == 404
    csrf = b'"X-CSRFToken": "'
    assert hidden.content.split(csrf)[0] == absent.content.split(csrf)[0]


@pytest.mark.parametrize("verb", ["delete/", "restore/", "edit/"])
def test_writes_to_foreign_marks_are_refused(client_of, second_annotator, annotator, mark, verb):
    uid = mark(annotator, "families pay", visibility="private").annotation.uid
    assert client_of(second_annotator).post(f"/marks/{uid}/{verb}", {"version": 1}).status_code == 404
    assert Annotation.objects.get().version == 1


def test_the_page_without_javascript(client_of, annotator, article, tag):
    document = document_of(article.current_id)
    block = document.block_at(document.text.index("Nobody asked")).ordinal
    url = reverse("editing:block", args=[article.slug, 1, block])
    client = client_of(annotator)
    page = client.get(url)
    assert page.content.decode().count('name="sentences"') == 3
    key = page.context["key"]
    posted = {
        "key": key,
        "sentences": ["1", "2"],
        "tags": [tag("claim").pk],
        "note": "two of them",
        "visibility": "public",
    }
    answer = client.post(url, posted)
    made = Annotation.objects.get()
    assert answer.url == f"{article.current.get_absolute_url()}#m{made.uid}"
    assert made.quote == "The levy was never about boats. Nobody asked the fishermen."
    client.post(url, posted)  # sent twice
    assert Annotation.objects.count() == 1


@pytest.mark.parametrize(
    ("posted", "says"),
    [
        ({}, "Tick at least one sentence"),
        ({"sentences": ["0", "2"]}, "one stretch of text"),
        ({"sentences": ["77"]}, "Tick at least one sentence"),
        ({"exact": "not in there"}, "not in this paragraph"),
        ({"exact": "e"}, "more than once"),
    ],
)
def test_the_page_without_javascript_says_what_is_wrong(client_of, annotator, article, posted, says):
    url = reverse("editing:block", args=[article.slug, 1, 1])
    answer = client_of(annotator).post(url, posted | {"key": str(uuid.uuid4()), "note": "typed text stays"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert says in html
    assert "typed text stays" in html
    assert not Annotation.objects.exists()


def test_exact_words_can_be_quoted_without_javascript(client_of, annotator, article):
    url = reverse("editing:block", args=[article.slug, 1, 1])
    client_of(annotator).post(url, {"exact": "passed the levy", "key": str(uuid.uuid4())})
    assert Annotation.objects.get().quote == "passed the levy"


def test_the_reading_page_its_fragments_and_the_plain_list(client_of, annotator, article, mark):
    uid = mark(annotator, "families pay", "claim", note="see https://example.org/a").annotation.uid
    anchor = Anchor.objects.get()
    base = article.current.get_absolute_url()
    client = client_of(annotator)
    page = client.get(article.get_absolute_url()).content.decode()
    assert f'id="m{uid}"' in page
    assert 'rel="nofollow ugc noopener"' in page
    for path in (f"cards/?from=0&to={anchor.first_block}", f"at/{anchor.start}/", "marks/"):
        assert uid in client.get(base + path).content.decode()
    assert uid in client.get(f"{base}blocks/?from={anchor.first_block}&to={anchor.last_block}").content.decode()
    assert "claim" in client.get(f"{base}summary/").content.decode()
    assert client.get(f"/marks/{uid}/").url == f"{base}#m{uid}"


@pytest.mark.parametrize(
    "path",
    ["cards/", "cards/?from=x&to=1", "cards/?from=3&to=1", "cards/?from=-1&to=1", "at/999999/", "blocks/?from=1",
     "marks/?after=x", "marks/?after=1-x", "marks/?after=99999999999999999999-1", "marks/?after=²-1"],
)  # fmt: skip
def test_fragments_refuse_bad_ranges(client_of, annotator, article, path):
    assert client_of(annotator).get(article.current.get_absolute_url() + path).status_code == 422


def test_the_plain_list_pages_through_every_mark_once(client_of, annotator, article, mark, monkeypatch):
    from annotations.reading import views

    monkeypatch.setattr(views, "LIST_PAGE", 3)
    made = [mark(annotator, words).annotation.uid for words in ["families pay"] * 5 + ["Nobody asked"] * 3 + ["guess"]]
    client, url, seen = client_of(annotator), article.current.get_absolute_url() + "marks/", []
    while url:
        answer = client.get(url)
        seen += [card.uid for card in answer.context["cards"]]
        onward = answer.context["onward"]
        url = article.current.get_absolute_url() + f"marks/?after={onward}" if onward else ""
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("number", [1, 3])
def test_the_reading_page_asks_a_fixed_number_of_queries(
    client_of, annotator, article, mark, number, django_assert_num_queries
):
    for _ in range(number):
        mark(annotator, "families pay", "claim", "unsourced", note="why")
    client = client_of(annotator)
    client.get(article.get_absolute_url())
    mark(annotator, "guess")
    # Session, person, revision, position; state; tags' state and tags, for the marks and for the bar (inside a test's
    # transaction they are not kept); marks, cards, names of authors, marks to check.
    with django_assert_num_queries(13):
        client.get(article.get_absolute_url())
    with django_assert_num_queries(5):
        client.get(article.get_absolute_url())


def test_where_a_reader_left_is_remembered(client_of, annotator, article):
    client = client_of(annotator)
    url = article.current.get_absolute_url() + "position/"
    assert client.post(url, {"block": 2, "offset": 3}).status_code == 204
    assert client.post(url, {"block": 3}).status_code == 204
    assert 'data-block="3" data-offset="0"' in client.get(article.get_absolute_url()).content.decode()
    for bad in ({}, {"block": "x"}, {"block": 999}, {"block": 1, "offset": 10**6}, {"block": -1}):
        assert client.post(url, bad).status_code == 422


def test_an_article_that_is_not_public_is_404_for_visitors_on_every_address(article, annotator, mark):
    uid = mark(annotator, "families pay").annotation.uid
    article.is_public = False
    article.save()
    base = article.current.get_absolute_url()
    fragments = ("cards/?from=0&to=1", "at/3/", "blocks/?from=0&to=1", "summary/", "marks/")
    for path in (
        article.get_absolute_url(),
        base,
        *(base + f for f in fragments),
        f"/marks/{uid}/",
        f"/marks/{uid}/card/",
    ):
        assert Client().get(path).status_code == 404, path


def test_fragments_of_a_filtered_page_stay_filtered(client_of, annotator, second_annotator, article, mark):
    other = mark(second_annotator, "families pay", "claim").annotation.uid
    own = mark(annotator, "families", "claim").annotation.uid
    client = client_of(annotator)
    page = client.get(article.get_absolute_url(), {"whose": "mine"}).content.decode()
    assert f"""hx-vals='{{"whose": "mine", "shown": "{article.current_id}"}}'""" in page
    answer = client.post(f"/marks/{own}/edit/", {"version": 1, "note": "x", "whose": "mine"}, **HTMX).content.decode()
    assert f'id="m{own}"' in answer
    assert f'id="m{other}"' not in answer
