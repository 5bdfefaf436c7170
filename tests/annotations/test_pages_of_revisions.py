"""What a page of one revision gets when marks change that stand in several, and cards on each of them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from annotations.codebook.kept import looks
from annotations.editing.actions import choose_passage, edit_mark, mark_passage
from annotations.models import Annotation
from annotations.reading.cards import cards_of
from annotations.reading.pages import page_key
from annotations.reading.queries import marks_for
from annotations.reading.scope import OUTSIDE
from opslens.articles.actions import details_digest, details_of, edit_details, import_article
from opslens.articles.documents import document_of
from opslens.articles.revising.actions import revise_article
from opslens.articles.revisions import revision_for
from opslens.models import Revision

HTMX = {"headers": {"HX-Request": "true"}}
MONDAY, TUESDAY = "The council passed the levy on Monday.", "The council passed the levy on Tuesday."


@pytest.fixture
def carried(annotator, mark, revise) -> Annotation:
    """A mark of the first revision whose words the second changed."""
    made = mark(annotator, MONDAY, "claim").annotation
    revise("on Monday", "on Tuesday")
    return made


def test_undo_in_the_message_answers_with_the_text_of_the_page(client_of, annotator, article, carried):
    client = client_of(annotator)
    page = {"shown": article.current_id, "whose": "mine"}
    deleted = client.post(f"/marks/{carried.uid}/delete/", page, **HTMX).content.decode()
    assert "on Tuesday" in deleted
    form = deleted[deleted.index("<form") :]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields == {"shown": str(article.current_id), "whose": "mine"}
    back = client.post(f"/marks/{carried.uid}/restore/", fields, **HTMX).content.decode()
    assert f'id="m{carried.uid}"' in back
    assert "Tuesday" in back
    assert "Monday" not in re.sub(r"<details.*?</details>", "", back)
    old = {"shown": Revision.objects.get(article=article, number=1).pk}
    assert "Tuesday" not in client.post(f"/marks/{carried.uid}/delete/", old, **HTMX).content.decode()


def test_a_page_that_does_not_say_what_it_shows_gets_the_current_text(client_of, annotator, article, carried):
    client = client_of(annotator)
    deleted = client.post(f"/marks/{carried.uid}/delete/", **HTMX).content.decode()
    assert "Tuesday" in deleted
    assert "Monday" not in deleted
    undone = client.post("/marks/undo/", {"article": article.pk}, **HTMX).content.decode()
    assert "Tuesday" in undone


@pytest.mark.parametrize("shown", ["99999999", "other", "x"])
def test_a_revision_that_is_not_of_this_article_changes_nothing(client_of, annotator, article, carried, shown):
    other = import_article(annotator, name="", data=b"Other\n\nAnother text.").article
    client = client_of(annotator)
    answer = client.post(
        f"/marks/{carried.uid}/delete/", {"shown": other.current_id if shown == "other" else shown}, **HTMX
    )
    carried.refresh_from_db()
    if shown == "x":  # says nothing
        assert (answer.status_code, carried.deleted_at is None) == (200, False)
    else:
        assert (answer.status_code, carried.deleted_at) == (404, None)


def test_undo_of_new_ends_on_another_revision(client_of, annotator, article, carried):
    passage = choose_passage(article.current_id, 0, 3, document_of(article.current_id).text[:3])
    edit_mark(annotator, carried.uid, 1, passage=passage, shown=article.current_id)
    old = Revision.objects.get(article=article, number=1)
    answer = client_of(annotator).post("/marks/undo/", {"article": article.pk, "shown": old.pk}, **HTMX)
    assert answer.status_code == 200
    assert "Monday" in answer.content.decode()
    carried.refresh_from_db()
    assert (carried.revision_id, carried.quote) == (old.pk, MONDAY)


def test_a_request_that_is_sent_again_after_its_mark_moved_on(client_of, annotator, article, revise):
    client = client_of(annotator)
    first = article.current_id
    start = document_of(first).text.index(MONDAY)
    fields = {"revision": first, "start": start, "end": start + len(MONDAY), "exact": MONDAY, "key": "sent-twice"}
    assert client.post("/marks/", fields, **HTMX).status_code == 200
    made = Annotation.objects.get()
    second = revise("on Monday", "on Tuesday", "The last paragraph", "Much later.\n\nThe last paragraph")
    at = second.text.index("closes the case")
    edit_mark(annotator, made.uid, 1, passage=choose_passage(second.pk, at, at + 6, "closes"), shown=second.pk)
    again = client.post("/marks/", fields, **HTMX)
    assert again.status_code == 200
    assert "Monday" in again.content.decode()
    assert Annotation.objects.count() == 1


def card_on(viewer, annotation: Annotation, number: int):
    revision = Revision.objects.get(article_id=annotation.article_id, number=number)
    (card,) = cards_of(viewer, marks_for(viewer, revision.pk, OUTSIDE, looks()))
    return card


def test_cards_speak_of_what_came_after_the_choice_and_not_before(annotator, article, carried):
    assert "The passage changed since" in card_on(annotator, carried, 2).html
    assert "since" not in card_on(annotator, carried, 1).html
    at = document_of(article.current_id).text.index(TUESDAY)
    passage = choose_passage(article.current_id, at, at + len(TUESDAY), TUESDAY)
    edit_mark(annotator, carried.uid, 1, passage=passage, shown=article.current_id)
    # The same place, so nothing was chosen; a shorter one is a choice.
    shorter = choose_passage(article.current_id, at, at + 11, TUESDAY[:11])
    edit_mark(annotator, carried.uid, Annotation.objects.get().version, passage=shorter, shown=article.current_id)
    assert "since" not in card_on(annotator, carried, 2).html
    old = card_on(annotator, carried, 1)
    assert "since" not in old.html
    assert old.quote == MONDAY


def test_a_change_far_into_a_passage_is_shown(annotator, codebook):
    words = "and the gulls went on and on about it " * 12
    source = f"Gulls\n\nIt began {words}until Monday came."
    article = import_article(annotator, name="", data=source.encode()).article
    text = document_of(article.current_id).text
    passage = choose_passage(article.current_id, 0, len(text), text)
    made = mark_passage(annotator, article.current, passage, key="a-long-one").annotation
    revise_article(annotator, article, name="", data=source.replace("Monday", "Friday").encode())
    html = card_on(annotator, made, 2).html
    assert "Monday<span" in html
    assert "Friday<span" in html


def test_what_was_read_before_the_numbers_is_part_of_the_key(annotator, person, article, revise):
    """A write between the two reads must not leave an old title or an old text under the new numbers."""
    read_before = revision_for(annotator, article.slug)
    new = replace(details_of(article), title="Another title")
    chief = person("chief", is_staff=True)
    edit_details(chief, article, details=new, is_public=True, seen=details_digest(article))
    key = page_key(annotator, read_before)
    assert key != page_key(annotator, revision_for(annotator, article.slug))
    old = revision_for(annotator, article.slug, 1)
    revise("on Monday", "on Tuesday")
    assert page_key(annotator, old) != page_key(annotator, revision_for(annotator, article.slug, 1))
