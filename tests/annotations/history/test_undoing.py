"""`z`: one’s own last action in this article is taken back, wherever and whenever one asks, and it says what it was."""

from __future__ import annotations

import pytest

from annotations.codebook.kept import forget_tags
from annotations.editing.actions import choose_passage, delete_mark, edit_mark, restore_mark
from annotations.editing.undoing import first_words, undo_last
from annotations.models import Anchor, Annotation, Tag
from annotations.reanchoring.actions import attach_mark, leave_mark
from opslens.articles.documents import document_of, forget_documents
from opslens.models import Event
from opslens.web.refusals import Conflict, Missing
from tests.annotations.history.conftest import CLAIM, GUESS
from tests.support.teams import mark_in, seat_of

HEAD = "“The council passed the levy on…”"


def test_it_says_what_was_undone(mark, annotator, tag, article):
    made = mark(annotator, CLAIM, "claim").annotation

    def undone(**change) -> str:
        edit_mark(annotator, made.uid, Annotation.objects.get(pk=made.pk).version, **change)
        return undo_last(annotator, article).said

    claim, loaded, attack = (tag(name).pk for name in ("claim", "loaded", "attack"))
    assert undone(tags=[claim, loaded]) == f"Undone: “loaded” is off {HEAD} again."
    assert undone(tags=[]) == f"Undone: “claim” is on {HEAD} again."
    assert (
        undone(tags=[loaded, attack])
        == f"Undone: “claim” is on {HEAD} again and “loaded” and “attack” are off it again."
    )
    assert undone(note="Says who?") == f"Undone: the note on {HEAD} is gone again."
    assert undone(visibility="private") == f"Undone: your mark on {HEAD} is public again."
    assert undone(tags=[], note="Hm.") == f"Undone: “claim” is on {HEAD} again and its note is gone again."
    text = document_of(article.current_id).text
    at = text.index(GUESS)
    assert undone(passage=choose_passage(article.current_id, at, at + len(GUESS), GUESS)) == (
        f"Undone: your mark stands on {HEAD} again."
    )
    edit_mark(annotator, made.uid, Annotation.objects.get(pk=made.pk).version, note="First.")
    assert undone(note="Second.") == f"Undone: the note on {HEAD} is as it was."
    assert undone(note="") == f"Undone: the note on {HEAD} is back."


def test_asking_again_goes_further_back_to_the_beginning(mark, annotator, article):
    made = mark(annotator, CLAIM, "claim").annotation
    edit_mark(annotator, made.uid, 1, note="Says who?")
    delete_mark(annotator, made.uid)
    restore_mark(annotator, made.uid)
    said = [undo_last(annotator, article).said for _ in range(4)]
    assert said == [
        f"Undone: your mark on {HEAD} is in the trash again.",
        f"Undone: your mark on {HEAD} is back.",
        f"Undone: the note on {HEAD} is gone again.",
        f"Undone: your mark on {HEAD} is in the trash.",
    ]
    with pytest.raises(Missing):
        undo_last(annotator, article)


def test_it_holds_on_another_device_and_after_the_server_was_started_anew(client_of, mark, annotator, article, tag):
    made = mark(annotator, CLAIM, "claim").annotation
    edit_mark(annotator, made.uid, 1, tags=[tag("claim").pk, tag("loaded").pk])
    client_of(annotator).get(article.get_absolute_url())
    # Nothing that a process keeps is left, and the next request comes with a session of its own.
    forget_tags()
    forget_documents()
    other = client_of(annotator)
    asked = {"article": article.pk, "shown": article.current_id}
    answer = other.post("/marks/undo/", asked, follow=True)
    assert f"Undone: “loaded” is off {HEAD} again." in answer.content.decode()
    assert [tag.name for tag in made.tags.all()] == ["claim"]
    answer = client_of(annotator).post("/marks/undo/", asked, HTTP_HX_REQUEST="true")
    assert "is in the trash." in answer.content.decode()


def test_one_undoes_ones_own_and_not_what_others_or_administrators_did(mark, annotator, second_annotator, article, tag):
    mark(annotator, CLAIM, "claim")
    theirs = mark(second_annotator, GUESS, "claim").annotation
    undo_last(annotator, article)
    assert Annotation.objects.get(pk=theirs.pk).deleted_at is None
    with pytest.raises(Missing):
        undo_last(annotator, article)


def test_a_mark_that_is_otherwise_since_stays_and_is_named(mark, annotator, article, tag):
    made = mark(annotator, CLAIM, "claim").annotation
    made.taggings.all().delete()
    with pytest.raises(Conflict, match="The mark on “The council passed the levy on…” was changed after that"):
        undo_last(annotator, article)


def test_a_merged_tag_comes_back_as_what_it_became(mark, annotator, article, tag):
    made = mark(annotator, CLAIM, "loaded").annotation
    edit_mark(annotator, made.uid, 1, tags=[])
    Tag.objects.filter(name="loaded").update(retired_at=made.created_at, merged_into=tag("attack"))
    forget_tags()
    assert undo_last(annotator, article).said == f"Undone: “attack” is on {HEAD} again."


def test_merging_a_tag_does_not_stand_in_the_way(mark, annotator, article, tag):
    made = mark(annotator, CLAIM).annotation
    edit_mark(annotator, made.uid, 1, tags=[tag("loaded").pk])
    made.taggings.update(tag=tag("attack"))
    Tag.objects.filter(name="loaded").update(retired_at=made.created_at, merged_into=tag("attack"))
    forget_tags()
    assert undo_last(annotator, article).said == f"Undone: “attack” is off {HEAD} again."
    assert not made.taggings.exists()


def test_what_was_said_about_marks_to_check_is_undone_too(mark, annotator, article, revise):
    made = mark(annotator, GUESS, "claim").annotation
    second = revise("That is a guess.", "Nothing of this kind.")
    article.refresh_from_db()
    leave_mark(annotator, made.uid, second.pk)
    anchor = Anchor.objects.get(annotation=made, revision=second)
    assert undo_last(annotator, article).said == "Undone: “That is a guess.” is among the marks to check again."
    anchor.refresh_from_db()
    assert anchor.looked_at is None
    text = document_of(second.pk).text
    at = text.index("Nobody asked")
    attach_mark(annotator, made.uid, made.version, choose_passage(second.pk, at, at + 12, "Nobody asked"))
    assert undo_last(annotator, article).said == "Undone: your mark stands on “That is a guess.” again."
    assert [event.verb for event in Event.objects.filter(subject=made.subject).order_by("pk")] == [
        *("mark-created", "passage-changed", "passage-left", "passage-reopened", "mark-attached", "mark-undone"),
    ]
    made.refresh_from_db()
    assert made.revision.number == 1
    assert undo_last(annotator, article).said == "Undone: your mark on “That is a guess.” is in the trash."


def test_in_a_session_it_goes_over_the_reveal(session, annotator, second_annotator, article, owner):
    from annotations.models import TeamSession
    from tests.support.teams import finish_all, move_on

    made = mark_in(session, annotator, article, CLAIM, "claim")
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, TeamSession.REVEALED)
    edit_mark(annotator, made.uid, made.version, note="Since.")
    seat = seat_of(annotator, session)
    assert undo_last(annotator, article, seat=seat).said == f"Undone: the note on {HEAD} is gone again."
    assert undo_last(annotator, article, seat=seat).said == f"Undone: your mark on {HEAD} is in the trash."
    with pytest.raises(Missing):
        undo_last(annotator, article, seat=seat)


def test_passages_are_quoted_by_their_first_words():
    assert first_words("One\n two three") == "One two three"
    assert first_words("One two three four five six, seven") == "One two three four five six…"
    assert first_words("x" * 100) == "x" * 47 + "…"
