"""Marks go along when an article has a new revision: rows and events."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from annotations.carrying import carry_article, counts_in, foresee
from annotations.editing.actions import (
    choose_passage,
    delete_mark,
    edit_mark,
    mark_passage,
    restore_mark,
)
from annotations.editing.undoing import undo_last
from annotations.models import Anchor, Annotation, Crossing
from annotations.reanchoring.actions import attach_mark
from annotations.reanchoring.queries import to_look_at
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.articles.revising.actions import revise_article
from opslens.models import Event, Revision
from opslens.web.refusals import Invalid
from tests.annotations.conftest import TEXT


def where(annotation: Annotation, number: int) -> tuple[str, str]:
    """(state, the words there) of a mark in a revision."""
    anchor = Anchor.objects.get(annotation=annotation, revision__number=number)
    if not anchor.is_placed:
        return anchor.state, ""
    return anchor.state, document_of(anchor.revision_id).text[anchor.start : anchor.end]


def passage_of(revision_id: int, words: str):
    at = document_of(revision_id).text.index(words)
    return choose_passage(revision_id, at, at + len(words), words)


def verbs(article) -> list[str]:
    events = Event.objects.filter(channel__name=article.channel).order_by("number")
    return list(events.values_list("verb", flat=True))


def test_marks_stay_move_change_and_go(article, annotator, mark, revise):
    stays = mark(annotator, "Nobody asked the fishermen.").annotation
    changes = mark(annotator, "The council passed the levy on Monday.").annotation
    moves = mark(annotator, "That is a guess.").annotation
    goes = mark(annotator, "The last paragraph closes the case.").annotation
    revision = revise(
        "on Monday", "on Tuesday",
        " That is a guess.", "",
        "The council", "That is a guess.\n\nThe council",
        "The last paragraph closes the case.\n", "",
    )  # fmt: skip
    assert where(stays, 2) == ("exact", "Nobody asked the fishermen.")
    assert where(changes, 2) == ("changed", "The council passed the levy on Tuesday.")
    assert where(moves, 2) == ("moved", "That is a guess.")
    assert where(goes, 2) == ("lost", "")
    assert {where(each, 1)[0] for each in (stays, changes, moves, goes)} == {"exact"}
    assert set(Anchor.objects.filter(revision=revision).values_list("method", flat=True)) == {"carried"}
    assert set(Anchor.objects.filter(revision__number=1).values_list("method", flat=True)) == {"chosen"}
    marks = Annotation.objects.get(pk=changes.pk)
    assert (marks.quote, marks.version) == ("The council passed the levy on Monday.", 1)


def test_a_revision_makes_one_event_and_one_for_each_mark_with_news(article, annotator, mark, revise):
    mark(annotator, "Nobody asked the fishermen.")
    changes = mark(annotator, "The council passed the levy on Monday.").annotation
    goes = mark(annotator, "The last paragraph closes the case.").annotation
    before = len(verbs(article))
    revision = revise("on Monday", "on Tuesday", "The last paragraph closes the case.\n", "A new one.\n")
    assert verbs(article)[before:] == ["revision-published", "marks-carried", "passage-changed", "passage-changed"]
    carried = Event.objects.get(verb="marks-carried")
    assert carried.after == {"number": 2, "marks": {"changed": 1, "exact": 1, "lost": 1}}
    told = Event.objects.filter(verb="passage-changed").order_by("number")
    assert [(event.subject, event.before, event.after["state"]) for event in told] == [
        (changes.subject, {"state": "exact"}, "changed"),
        (goes.subject, {"state": "exact"}, "lost"),
    ]
    numbers = list(Event.objects.filter(channel__name=article.channel).values_list("number", flat=True))
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    with transaction.atomic():
        assert carry_article(article) == {2: {"changed": 1, "exact": 1, "lost": 1}}
    assert len(verbs(article)) == before + 4, "doing it again changes nothing and records nothing"
    assert revision.number == 2


def test_a_text_that_is_put_back_gives_back_the_places(article, annotator, mark, revise):
    passages = ["families pay", "Nobody asked the fishermen.", "“Ships will stop coming,” one", "levy was"]
    made = [mark(annotator, words).annotation for words in passages]
    homes = {one.pk: (one.anchors.get().start, one.anchors.get().end) for one in made}
    revise("Nobody asked the fishermen.", "Somebody asked.", "families pay", "nobody pays")
    assert [where(one, 2)[0] for one in made] == ["changed", "changed", "exact", "exact"]
    revise(text=TEXT)
    for one in made:
        anchor = Anchor.objects.get(annotation=one, revision__number=3)
        assert (anchor.state, anchor.start, anchor.end) == ("exact", *homes[one.pk])


def test_a_mark_across_blocks_has_crossings_in_the_new_revision(article, annotator, mark, revise):
    both = mark(annotator, "cranes cost money.\nSecond point").annotation
    revision = revise("The council", "Before all that, the council")
    anchor = Anchor.objects.get(annotation=both, revision=revision)
    assert (anchor.first_block, anchor.last_block) == (2, 3)
    assert list(Crossing.objects.filter(anchor=anchor).values_list("block", "revision_id")) == [(3, revision.pk)]


def test_marks_made_on_an_old_revision_are_on_the_current_one(article, annotator, revise):
    old = article.current
    revise("on Monday", "on Tuesday", "That is a guess.", "That is guessed.")
    revise("Nobody asked", "Nobody ever asked")
    made = mark_passage(annotator, old, passage_of(old.pk, "That is a guess."), key=str(uuid.uuid4())).annotation
    assert where(made, 1) == ("exact", "That is a guess.")
    assert [where(made, number)[0] for number in (2, 3)] == ["changed", "changed"]


def test_a_mark_in_the_trash_comes_back_into_the_current_text(article, annotator, mark, revise):
    gone = mark(annotator, "families pay").annotation
    delete_mark(annotator, gone.uid)
    revise("on Monday", "on Tuesday")
    restore_mark(annotator, gone.uid)
    assert where(gone, 2) == ("exact", "families pay")


def test_new_ends_make_the_later_revision_the_home(article, annotator, mark, revise):
    made = mark(annotator, "The council passed the levy on Monday.").annotation
    second = revise("on Monday", "on Tuesday")
    edit_mark(annotator, made.uid, 1, passage=passage_of(second.pk, "passed the levy on Tuesday"), shown=second.pk)
    made.refresh_from_db()
    assert (made.revision_id, made.quote) == (second.pk, "passed the levy on Tuesday")
    assert where(made, 1) == ("exact", "The council passed the levy on Monday."), "the old place stands untouched"
    revise("on Tuesday", "on Wednesday")
    assert where(made, 3) == ("changed", "passed the levy on Wednesday")
    undo_last(annotator, article)
    made.refresh_from_db()
    assert (made.revision.number, made.quote) == (1, "The council passed the levy on Monday.")
    assert where(made, 2) == ("changed", "The council passed the levy on Tuesday.")
    assert where(made, 3) == ("changed", "The council passed the levy on Wednesday.")


def test_ends_are_not_changed_in_a_revision_older_than_the_home(article, annotator, mark, revise):
    made = mark(annotator, "families pay").annotation
    first = article.current_id
    second = revise("on Monday", "on Tuesday")
    edit_mark(annotator, made.uid, 1, passage=passage_of(second.pk, "families"), shown=second.pk)
    with pytest.raises(Invalid, match="chosen in revision 2"):
        edit_mark(annotator, made.uid, 2, passage=passage_of(first, "pay"), shown=first)
    assert where(made, 1) == ("exact", "families pay")


def test_where_home_leads_nowhere_an_earlier_choice_is_offered_to_be_checked(article, annotator, mark, revise):
    made = mark(annotator, "Nobody asked the fishermen.").annotation
    second = revise("Nobody asked the fishermen.", "The quay stayed empty all winter long.")
    attach_mark(annotator, made.uid, 1, passage_of(second.pk, "The quay stayed empty all winter long."))
    revise(text=TEXT)
    assert where(made, 3) == ("changed", "Nobody asked the fishermen.")
    assert Anchor.objects.get(annotation=made, revision__number=3).is_doubtful


@pytest.mark.parametrize(("first", "then", "gone"), [
    ("Nobody asked the fishermen.", "That is a guess.", " That is a guess."),
    ("The levy was never about boats. Nobody asked the fishermen.", "Nobody asked the fishermen.",
     " Nobody asked the fishermen."),
])  # fmt: skip
def test_a_mark_that_its_author_moved_never_goes_back_in_silence(article, annotator, mark, revise, first, then, gone):
    made = mark(annotator, first).annotation
    second = revise("on Monday", "on Tuesday")
    edit_mark(annotator, made.uid, 1, passage=passage_of(second.pk, then), shown=second.pk)
    third = revise(gone, "")
    anchor = Anchor.objects.get(annotation=made, revision=third)
    assert anchor.state == "lost" or (anchor.state == "changed" and anchor.is_doubtful)
    assert to_look_at(annotator).count() == 1


def test_where_home_leads_nowhere_the_revision_before_does(article, annotator, mark, revise):
    made = mark(annotator, "Nobody asked the fishermen.").annotation
    revise("Nobody asked the fishermen.", "Nobody asked the fishermen or the pilots of the harbour about it.")
    assert where(made, 2)[0] == "changed"
    revise("Nobody asked the fishermen or the pilots of the harbour about it.",
           "Somebody asked their wives or the pilots of the harbour about it.")  # fmt: skip
    state, words = where(made, 3)
    anchor = Anchor.objects.get(annotation=made, revision__number=3)
    if state == "changed":  # a person is asked to look, for little of what was marked is left
        assert anchor.is_doubtful
        assert "asked" in words
    else:
        assert state == "lost"


@pytest.mark.parametrize(
    ("what", "standfirst", "body"),
    [
        ("the body is edited", "exact", "changed"),
        ("the body is deleted", "exact", "lost"),
        ("the standfirst is edited", "changed", "exact"),
        ("the standfirst is deleted", "lost", "exact"),
    ],
)
def test_a_pull_quote_and_its_twin_are_never_taken_for_one_another(db, annotator, codebook, what, standfirst, body):
    source = Path(settings.BASE_DIR, "seeds/articles/two-underworlds-one-ledger.md").read_text("utf-8")
    article = import_article(None, name="commentary.md", data=source.encode()).article
    text = document_of(article.current_id).text
    words = "terrorist organisations were far along in building ties with South America’s drug traffickers"
    places = [text.index(words), text.rindex(words)]
    assert places[0] < places[1]
    marks = [
        mark_passage(
            annotator,
            article.current,
            choose_passage(article.current_id, at, at + len(words), words),
            key=f"key-{at:08}",
        ).annotation
        for at in places
    ]
    at = source.rindex(words) if "body" in what else source.index(words)
    if "edited" in what:
        new = source[:at] + words.replace("far along", "well advanced") + source[at + len(words) :]
    elif "body" in what:
        start, end = source.rindex("\n", 0, at) + 1, source.index("\n", at)
        new = source[:start] + source[end:]
    else:
        start, end = source.rindex("standfirst:", 0, at), source.index("\n", at) + 1
        new = source[:start] + source[end:]
    revise_article(None, article, name="commentary.md", data=new.encode())
    assert [where(one, 2)[0] for one in marks] == [standfirst, body]


def test_carrying_again_tells_what_has_become_different(article, annotator, mark, revise):
    made = mark(annotator, "families pay").annotation
    revision = revise("on Monday", "on Tuesday")
    Anchor.objects.filter(annotation=made, revision=revision).update(
        state="lost", start=None, end=None, first_block=None, last_block=None
    )
    with transaction.atomic():
        carry_article(article)
    assert where(made, 2) == ("exact", "families pay")
    event = Event.objects.get(verb="passage-changed")
    assert (event.before, event.after["state"]) == ({"state": "lost"}, "exact")


def test_a_passage_on_an_old_revision_is_foreseen_as_it_is_carried(article, annotator, revise):
    old = Revision.objects.select_related("article").get(pk=article.current_id)
    assert foresee(old, 0, 5) == {}
    revise("on Monday", "on Tuesday")
    old = Revision.objects.select_related("article").get(pk=old.pk)
    at = document_of(old.pk).text.index("on Monday")
    (place,) = foresee(old, at, at + len("on Monday")).values()
    assert (place.state, document_of(article.current_id).text[place.start : place.end]) == ("changed", "on Tuesday")


def test_counts_of_a_preview_are_those_of_publishing_for_what_the_viewer_sees(
    article, annotator, second_annotator, mark, revise
):
    mark(annotator, "Nobody asked the fishermen.", visibility="private")
    mark(second_annotator, "That is a guess.")
    mark(second_annotator, "families pay", visibility="private")
    text = (
        document_of(article.current_id).text.replace("That is a guess.", "That is known.").replace("families pay", "x")
    )
    assert counts_in(annotator, article, text) == {"exact": 1, "changed": 1}
    assert counts_in(second_annotator, article, text).total() == 2
    assert Anchor.objects.count() == 3, "a preview writes nothing"


def test_a_publication_that_fails_leaves_nothing(article, annotator, mark, revise, monkeypatch):
    made = mark(annotator, "families pay").annotation

    def fail(*args, **kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("annotations.carrying.record_many", fail)
    monkeypatch.setattr("annotations.carrying.record", fail)
    with pytest.raises(RuntimeError):
        revise("families pay", "nobody pays")
    article.refresh_from_db()
    assert (article.current.number, Revision.objects.count(), Anchor.objects.count()) == (1, 1, 1)
    monkeypatch.undo()
    revise("families pay", "nobody ever pays at all")
    assert document_of(article.current_id).text.count("nobody ever pays at all") == 1
    assert where(made, 2)[0] in ("changed", "lost")
