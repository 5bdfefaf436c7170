"""The tray of marks to check, and what is done about each: rows, events, answers, and whom it shows what."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotations.editing.undoing import undo_last
from annotations.models import Anchor, Annotation
from annotations.reanchoring.queries import to_look_at
from opslens.articles.documents import document_of
from opslens.models import Event

HTMX = {"headers": {"HX-Request": "true"}}
GONE = "The last paragraph closes the case."
OPENS = "the next paragraph opens the case:"
TRAY = "/marks/check/"


@pytest.fixture
def lost(annotator, mark, revise) -> Annotation:
    """A mark whose passage the second revision took away, leaving a sentence that resembles it."""
    made = mark(annotator, GONE, "opinion", note="Does it?").annotation
    revise(f"\n{GONE}\n", "", "cranes cost money.", f"cranes cost money, and {OPENS} all is well.")
    assert Anchor.objects.get(annotation=made, revision__number=2).state == "lost"
    return made


def at(article, words: str) -> dict:
    article.refresh_from_db()
    start = document_of(article.current_id).text.index(words)
    return {"revision": article.current_id, "start": start, "end": start + len(words), "exact": words}


def test_the_tray_shows_the_mark_its_place_and_its_way_out(client_of, annotator, article, lost):
    page = client_of(annotator).get(TRAY)
    (case,) = page.context["cases"]
    assert (case.annotation.uid, case.anchor.state, case.was.words) == (lost.uid, "lost", GONE)
    assert [place.words for place in case.places][:1] == [OPENS]
    html = page.content.decode()
    assert "The passage is gone" in html
    assert "Does it?" in html
    assert f'href="/marks/{lost.uid}/then/"' in html
    assert f'href="{article.get_absolute_url()}?attach={lost.uid}' in html
    then = client_of(annotator).get(f"/marks/{lost.uid}/then/")
    assert then.url == f"/read/{article.slug}/1/#m{lost.uid}"
    assert f'id="m{lost.uid}"' in client_of(annotator).get(then.url).content.decode()
    assert client_of(annotator).get(f"/marks/{lost.uid}/").url == then.url, "nowhere else does it stand"


def test_a_mark_that_lost_its_passage_is_not_in_the_current_text(client_of, annotator, article, lost):
    page = client_of(annotator).get(article.get_absolute_url()).content.decode()
    assert f"m{lost.uid}" not in page
    assert "1 mark to check" in page
    assert "no marks" in page
    library = client_of(annotator).get("/").content.decode()
    assert "1 mark to check" in library
    base = article.current.get_absolute_url()
    for path in ("cards/?from=0&to=99", "blocks/?from=0&to=99", "summary/", "marks/"):
        assert lost.uid not in client_of(annotator).get(base + path).content.decode()


def test_attach_here_makes_the_current_revision_its_home_and_can_be_taken_back(client_of, annotator, article, lost):
    client = client_of(annotator)
    answer = client.post(f"/marks/{lost.uid}/attach/", {"version": 1} | at(article, OPENS), **HTMX)
    assert answer.status_code == 200
    assert "The mark is attached." in answer.content.decode()
    assert f'hx-post="/marks/{lost.uid}/detach/"' in answer.content.decode()
    lost.refresh_from_db()
    anchor = Anchor.objects.get(annotation=lost, revision=article.current_id)
    assert (lost.revision_id, lost.quote, lost.version) == (article.current_id, OPENS, 2)
    assert (anchor.state, anchor.method, anchor.is_doubtful) == ("exact", "chosen", False)
    assert [tag.name for tag in lost.tags.all()] == ["opinion"]
    event = Event.objects.latest("id")
    assert (event.verb, event.before["quote"], event.after["quote"]) == (
        "mark-attached", GONE, OPENS,
    )  # fmt: skip
    assert client.get(TRAY).context["cases"] == []
    back = client.post(f"/marks/{lost.uid}/detach/", **HTMX)
    assert (back.status_code, back["HX-Refresh"]) == (204, "true")
    lost.refresh_from_db()
    assert (lost.revision.number, lost.quote) == (1, GONE)
    assert Anchor.objects.get(annotation=lost, revision=article.current_id).state == "lost"
    assert len(client.get(TRAY).context["cases"]) == 1


def test_undo_takes_an_attachment_back_as_well(annotator, article, lost, client_of):
    client_of(annotator).post(f"/marks/{lost.uid}/attach/", {"version": 1} | at(article, "all is well"))
    undo_last(annotator, article)
    lost.refresh_from_db()
    assert lost.quote == GONE


def test_attaching_by_sentences_works_without_javascript(client_of, annotator, article, lost):
    client = client_of(annotator)
    block = next(b.ordinal for b in document_of(article.current_id).blocks if b.kind == "li")
    sentence = f"First point: cranes cost money, and {OPENS} all is well."
    page = client.get(f"/marks/{lost.uid}/attach/", {"block": block})
    here = {"revision": article.current_id}
    assert f'name="revision" value="{article.current_id}"' in page.content.decode()
    assert [row["text"] for row in page.context["sentences"]] == [sentence]
    answer = client.post(f"/marks/{lost.uid}/attach/", {"version": 1, "block": block, "sentences": "0"} | here)
    assert (answer.status_code, answer.url) == (302, f"/marks/{lost.uid}/")
    lost.refresh_from_db()
    assert lost.quote == sentence
    again = client.post(f"/marks/{lost.uid}/attach/", {"version": 2, "block": block, "exact": "all is well"} | here)
    assert again.status_code == 302
    lost.refresh_from_db()
    assert lost.quote == "all is well"


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"version": 9}, 409, "changed in the meantime"),
        ({"start": 5, "end": 5, "exact": ""}, 422, "Nothing is selected"),
        ({"exact": "other words"}, 409, "the article has changed"),
        ({"start": 10**6, "end": 10**6 + 3}, 422, "not in the article"),
        ({"start": "x"}, 422, "whole number"),
        ({"revision": 10**9}, 409, "newer revision"),
    ],
)
def test_what_cannot_be_attached_is_refused_and_changes_nothing(
    client_of, annotator, article, lost, fields, status, said
):
    before = Event.objects.count()
    answer = client_of(annotator).post(
        f"/marks/{lost.uid}/attach/", {"version": 1} | at(article, "all is well") | fields
    )
    assert answer.status_code == status
    assert said in answer.content.decode()
    lost.refresh_from_db()
    assert (lost.quote, Event.objects.count()) == (GONE, before)


def test_leaving_a_mark_and_looking_again(client_of, annotator, article, lost):
    client = client_of(annotator)
    here = {"revision": article.current_id}
    answer = client.post(f"/marks/{lost.uid}/leave/", here, **HTMX)
    assert "Left as it is." in answer.content.decode()
    assert Anchor.objects.get(annotation=lost, revision=article.current_id).looked_at is not None
    assert client.get(TRAY).context["cases"] == []
    assert len(client.get(TRAY, {"left": "yes"}).context["cases"]) == 1
    assert "to check" not in client.get(article.get_absolute_url()).content.decode().replace("Marks to check", "")
    client.post(f"/marks/{lost.uid}/leave/", here)
    client.post(f"/marks/{lost.uid}/again/")
    assert len(client.get(TRAY).context["cases"]) == 1
    seen = Event.objects.filter(subject=lost.subject, actor=annotator).order_by("number")
    assert list(seen.values_list("verb", flat=True)) == ["mark-created", "passage-left", "passage-reopened"]


def test_a_mark_on_its_passage_is_no_case(client_of, annotator, article, mark, lost):
    fine = mark(annotator, "families pay").annotation
    answer = client_of(annotator).post(f"/marks/{fine.uid}/leave/", {"revision": article.current_id})
    assert answer.status_code == 409
    assert to_look_at(annotator).count() == 1


def test_what_was_decided_about_an_older_text_is_not_done_to_a_newer_one(client_of, annotator, article, lost, revise):
    """The page was opened, then somebody published: sentences have other numbers, words are others."""
    seen = {"revision": article.current_id, "version": 1}
    revise("The council passed", "Good morning. The council passed")
    client = client_of(annotator)
    attached = client.post(f"/marks/{lost.uid}/attach/", seen | {"block": 1, "sentences": "0"})
    assert attached.status_code == 409
    assert client.post(f"/marks/{lost.uid}/leave/", seen, **HTMX).status_code == 409
    lost.refresh_from_db()
    assert lost.quote == GONE
    assert to_look_at(annotator).count() == 1


def test_attaching_where_it_stands_already_offers_no_undo(client_of, annotator, article, lost):
    client = client_of(annotator)
    client.post(f"/marks/{lost.uid}/attach/", {"version": 1} | at(article, OPENS))
    answer = client.post(f"/marks/{lost.uid}/attach/", {"version": 2} | at(article, OPENS), **HTMX).content.decode()
    assert "stands there already" in answer
    assert "Undo" not in answer


def test_an_ambiguous_mark_offers_its_places(client_of, annotator, article, mark, revise):
    sentence = "Nobody asked the fishermen."
    made = mark(annotator, sentence).annotation
    revise(
        f" {sentence}", "",
        "The last paragraph", f"A new head stands here for once. {sentence} Wind came up.\n\n"
        f"Some other talk began at the table. {sentence} Rain came down.\n\nThe last paragraph",
    )  # fmt: skip
    anchor = Anchor.objects.get(annotation=made, revision=article.current_id)
    assert anchor.state == "ambiguous"
    (case,) = client_of(annotator).get(TRAY).context["cases"]
    assert [place.words for place in case.places] == [sentence, sentence]
    starts = [place.start for place in case.places]
    text = document_of(article.current_id).text
    assert starts == [text.index(sentence), text.rindex(sentence)]


def test_a_doubtful_change_waits_for_a_look(client_of, annotator, article, mark, revise):
    made = mark(annotator, "The council passed the levy on Monday.").annotation
    revise("The council passed the levy on Monday.", "The council never passed the levy on Monday.")
    anchor = Anchor.objects.get(annotation=made, revision=article.current_id)
    assert (anchor.state, anchor.is_doubtful) == ("changed", True)
    client = client_of(annotator)
    html = client.get(TRAY).content.decode()
    assert "The passage changed" in html
    assert "It still holds" in html
    card = client.get(f"/marks/{made.uid}/card/").content.decode()
    assert "The passage changed since" in card
    assert "[added: </span>never" in card


@pytest.mark.parametrize("name", ["attach", "detach", "leave", "again"])
def test_a_mark_of_somebody_else(client_of, annotator, second_annotator, article, mark, revise, name):
    public = mark(annotator, GONE).annotation
    private = mark(annotator, GONE, visibility="private").annotation
    revise(GONE, "Another end.")
    client = client_of(second_annotator)
    data = {"version": 1} | at(article, "Another end.")
    assert client.post(f"/marks/{public.uid}/{name}/", data).status_code == 403
    assert client.post(f"/marks/{private.uid}/{name}/", data).status_code == 404
    assert client.get(TRAY).context["cases"] == []
    assert "to check" not in client.get("/").content.decode().replace("Marks to check", "")
    assert Client().post(f"/marks/{public.uid}/{name}/", data).status_code == 302
    assert client.get(article.get_absolute_url(), {"attach": public.uid}).content.count(b"attaching") == 0
    assert client.get(TRAY, {"article": "nowhere"}).status_code == 404


def test_administrators_look_after_public_marks(client_of, annotator, person, article, mark, revise):
    public = mark(annotator, GONE).annotation
    mark(annotator, GONE, visibility="private")
    revise(GONE, "Another end.")
    root = person("root", is_staff=True, is_superuser=True)
    client = client_of(root)
    assert [case.annotation.uid for case in client.get(TRAY).context["cases"]] == [public.uid]
    client.post(f"/marks/{public.uid}/attach/", {"version": 1} | at(article, "Another end."))
    answer = client.post(f"/marks/{public.uid}/leave/", {"revision": article.current_id})
    assert answer.status_code == 403, "that is for its author to say"
    public.refresh_from_db()
    assert (public.quote, public.author) == ("Another end.", annotator)
    assert Event.objects.latest("id").verb == "staff-attached-mark"
    client.post(f"/marks/{public.uid}/detach/")
    public.refresh_from_db()
    assert public.quote == GONE
    assert Event.objects.filter(verb="staff-undid").count() == 1


@pytest.mark.parametrize("number", [1, 3])
def test_the_tray_asks_a_fixed_number_of_queries(
    client_of, annotator, article, mark, revise, number, django_assert_num_queries
):
    for _ in range(number):
        mark(annotator, GONE, "opinion")
    revise(GONE, "Another end.")
    client = client_of(annotator)
    client.get(TRAY)
    with django_assert_num_queries(8):
        assert len(client.get(TRAY).context["cases"]) == number


def test_the_tray_pages(client_of, annotator, article, mark, revise, monkeypatch):
    monkeypatch.setattr("annotations.reanchoring.views.PAGE", 2)
    made = {mark(annotator, GONE).annotation.uid for _ in range(3)}
    revise(GONE, "Another end.")
    client = client_of(annotator)
    first = client.get(TRAY).context
    second = client.get(TRAY, {"after": first["next"], "article": article.slug}).context
    assert {case.annotation.uid for case in [*first["cases"], *second["cases"]]} == made
    assert reverse("reanchoring:tray") == TRAY
