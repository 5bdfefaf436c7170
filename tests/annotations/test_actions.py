"""The verbs on marks: what they write, what they refuse, and what stays as it was."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction

from annotations.editing.actions import (
    choose_passage,
    delete_mark,
    edit_mark,
    mark_passage,
    restore_mark,
)
from annotations.editing.undoing import undo_last
from annotations.models import Anchor, Annotation, AnnotationTag
from opslens.articles.documents import document_of
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing


def names(annotation: Annotation) -> set[str]:
    return set(annotation.tags.values_list("name", flat=True))


def events(article, *verbs: str) -> list[Event]:
    found = Event.objects.filter(channel__name=article.channel)
    return list(found.filter(verb__in=verbs) if verbs else found.filter(verb__startswith="mark-"))


def test_a_mark_stores_its_words_place_tags_and_one_event(article, annotator, mark, tag):
    made = mark(annotator, "Nobody asked the fishermen", "claim", "unsourced", note="Who is nobody?").annotation
    anchor = Anchor.objects.get(annotation=made)
    document = document_of(article.current_id)
    assert made.quote == "Nobody asked the fishermen" == document.text[anchor.start : anchor.end]
    assert anchor.first_block == anchor.last_block == document.block_at(anchor.start).ordinal
    assert names(made) == {"claim", "unsourced"}
    (event,) = events(article)
    assert (event.verb, event.actor, event.subject) == ("mark-created", annotator, f"annotation:{made.uid}")
    assert event.after["note"] == "Who is nobody?"
    assert event.after["tags"] == sorted([tag("claim").pk, tag("unsourced").pk])


def test_event_numbers_of_an_article_have_no_gaps(article, annotator, second_annotator, mark):
    for reader in (annotator, second_annotator, annotator):
        mark(reader, "cranes cost money", "claim")
    with pytest.raises(Invalid):
        mark(annotator, "cranes cost money", "missing-context")  # needs a note, so nothing is written
    mark(annotator, "families pay")
    numbers = list(Event.objects.filter(channel__name=article.channel).values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_ends_snap_to_whole_characters_and_lose_white_space(article, annotator):
    text = document_of(article.current_id).text
    family = text.index("👩‍👩‍👧")
    passage = choose_passage(article.current_id, family + 1, family + 4, text[family + 1 : family + 4])
    assert passage.quote == "👩‍👩‍👧"
    at = text.index(" families")
    assert choose_passage(article.current_id, at, at + 10, text[at : at + 10]).quote == "families"


@pytest.mark.parametrize(("start", "end"), [(-1, 4), (4, 3), (0, 10**9)])
def test_a_passage_outside_the_text_is_refused(article, start, end):
    with pytest.raises(Invalid):
        choose_passage(article.current_id, start, end, "x")


def test_a_passage_of_white_space_is_refused(article):
    text = document_of(article.current_id).text
    at = text.index(" ")
    with pytest.raises(Invalid, match="Nothing is selected"):
        choose_passage(article.current_id, at, at + 1, " ")


def test_other_words_at_the_place_are_a_conflict(article):
    with pytest.raises(Conflict, match="has changed"):
        choose_passage(article.current_id, 0, 4, "Nope")


def test_the_words_may_carry_the_line_breaks_of_a_form(article, annotator):
    text = document_of(article.current_id).text
    at = text.index("\n")
    exact = text[at - 5 : at + 6]
    passage = choose_passage(article.current_id, at - 5, at + 6, exact.replace("\n", "\r\n"))
    assert (passage.quote, passage.last_block - passage.first_block) == (exact, 1)


def test_the_same_key_makes_one_mark(article, annotator, second_annotator, mark):
    first = mark(annotator, "Nobody asked", key="same-key-1")
    again = mark(annotator, "Nobody asked", key="same-key-1")
    other = mark(second_annotator, "Nobody asked", key="same-key-1")
    assert again.annotation.pk == first.annotation.pk
    assert not again.changed
    assert other.annotation.pk != first.annotation.pk
    assert len(events(article)) == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_makes_one_mark(article, annotator, mark):
    made, failed = [], []
    gate = threading.Barrier(4)

    def send() -> None:
        try:
            gate.wait()
            made.append(mark(annotator, "Nobody asked", "claim", key="retried-request").annotation.pk)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(set(made)) == 1
    assert Annotation.objects.count() == 1
    assert len(events(article)) == 1


def test_of_an_exclusive_group_the_new_tag_replaces_the_old(annotator, mark, tag):
    made = mark(annotator, "Nobody asked", "claim", "unsourced").annotation
    done = edit_mark(annotator, made.uid, 1, tags=[tag("claim").pk, tag("unsourced").pk, tag("opinion").pk])
    assert names(made) == {"opinion", "unsourced"}
    assert [tag.name for tag in done.replaced] == ["claim"]


def test_of_two_new_tags_of_a_group_the_later_wins(annotator, mark):
    done = mark(annotator, "Nobody asked", "opinion", "claim")
    assert names(done.annotation) == {"claim"}
    assert [tag.name for tag in done.replaced] == ["opinion"]


def test_the_database_itself_refuses_two_tags_of_an_exclusive_group(annotator, mark, tag):
    made = mark(annotator, "Nobody asked", "claim").annotation
    opinion = tag("opinion")
    with pytest.raises(IntegrityError), transaction.atomic():
        AnnotationTag.objects.create(annotation=made, tag=opinion, exclusive_group_id=opinion.group_id)


def test_a_tag_that_needs_a_note_is_refused_without_one(annotator, mark, tag):
    with pytest.raises(Invalid) as refused:
        mark(annotator, "Nobody asked", "missing-context", note="  ")
    assert "note" in refused.value.errors
    made = mark(annotator, "Nobody asked", "missing-context", note="What about the co-op?").annotation
    with pytest.raises(Invalid):
        edit_mark(annotator, made.uid, 1, note="")
    assert Annotation.objects.get().note == "What about the co-op?"


@pytest.mark.parametrize("bad", ["unknown", "off", "retired"])
def test_a_tag_that_is_not_offered_is_refused(annotator, article, mark, tag, bad, codebook):
    from django.utils import timezone

    from annotations.codebook.kept import forget_tags

    pk = tag("loaded").pk
    if bad == "off":
        codebook.tags.filter(pk=pk).update(is_on=False)
    elif bad == "retired":
        codebook.tags.filter(pk=pk).update(retired_at=timezone.now())
    forget_tags()
    text = document_of(article.current_id).text
    passage = choose_passage(article.current_id, 1, 9, text[1:9])
    with pytest.raises(Invalid):
        mark_passage(
            annotator, article.current, passage, tags=[pk if bad != "unknown" else 10**9], key=str(uuid.uuid4())
        )
    assert not Annotation.objects.exists()


def test_a_mark_keeps_a_tag_that_was_retired_since(annotator, mark, tag, codebook):
    made = mark(annotator, "Nobody asked", "loaded").annotation
    codebook.tags.filter(name="loaded").update(is_on=False)
    edit_mark(annotator, made.uid, 1, tags=[tag("loaded").pk, tag("claim").pk], note="kept")
    assert names(made) == {"loaded", "claim"}


def test_an_edit_with_an_old_version_is_a_conflict_and_changes_nothing(annotator, mark):
    made = mark(annotator, "Nobody asked", note="first").annotation
    edit_mark(annotator, made.uid, 1, note="second")
    with pytest.raises(Conflict) as lost:
        edit_mark(annotator, made.uid, 1, note="third")
    assert lost.value.current.note == "second"
    assert Annotation.objects.get().note == "second"


def test_saving_what_is_there_already_records_nothing(article, annotator, mark, tag):
    made = mark(annotator, "Nobody asked", "claim", note="n").annotation
    done = edit_mark(annotator, made.uid, 1, note="n", tags=[tag("claim").pk], visibility="public")
    assert not done.changed
    assert Annotation.objects.get().version == 1
    assert len(events(article)) == 1


def test_moving_the_ends_changes_quote_and_blocks(article, annotator, mark):
    made = mark(annotator, "Nobody asked", "claim").annotation
    text = document_of(article.current_id).text
    start, end = text.index("cranes"), text.index("families pay") + len("families pay")
    done = edit_mark(annotator, made.uid, 1, passage=choose_passage(article.current_id, start, end, text[start:end]))
    anchor = Anchor.objects.get()
    assert Annotation.objects.get().quote == text[start:end]
    assert anchor.last_block == anchor.first_block + 1
    assert set(done.blocks) >= {anchor.first_block, anchor.last_block}


def test_nobody_else_changes_or_deletes_a_mark(annotator, second_annotator, mark):
    public = mark(annotator, "Nobody asked").annotation
    private = mark(annotator, "Nobody asked", visibility="private").annotation
    with pytest.raises(Denied):
        edit_mark(second_annotator, public.uid, 1, note="mine now")
    with pytest.raises(Denied):
        delete_mark(second_annotator, public.uid)
    for verb in (delete_mark, restore_mark):
        with pytest.raises(Missing):
            verb(second_annotator, private.uid)
    with pytest.raises(Missing):
        edit_mark(second_annotator, private.uid, 1, note="x")
    assert Annotation.objects.filter(deleted_at=None, note="").count() == 2


def test_visitors_cannot_mark(article, mark):
    with pytest.raises(Denied):
        mark(AnonymousUser(), "Nobody asked")
    assert not Annotation.objects.exists()


def test_deleting_and_restoring_bring_back_the_very_same_mark(article, annotator, mark):
    made = mark(annotator, "Nobody asked", "claim", note="n").annotation
    delete_mark(annotator, made.uid)
    assert not Annotation.objects.visible_to(annotator).exists()
    assert list(Annotation.objects.in_trash_of(annotator)) == [made]
    assert not delete_mark(annotator, made.uid).changed
    restore_mark(annotator, made.uid)
    assert not restore_mark(annotator, made.uid).changed
    back = Annotation.objects.visible_to(annotator).get()
    assert (back.uid, back.note, names(back)) == (made.uid, "n", {"claim"})
    assert [event.verb for event in events(article)] == ["mark-created", "mark-deleted", "mark-restored"]


def test_undo_takes_back_edit_delete_and_creation_one_after_another(article, annotator, mark, tag):
    made = mark(annotator, "Nobody asked", "claim", note="one").annotation
    text = document_of(article.current_id).text
    at = text.index("cranes cost")
    place = choose_passage(article.current_id, at, at + 11, "cranes cost")
    edit_mark(annotator, made.uid, 1, note="two", tags=[tag("opinion").pk], passage=place)
    delete_mark(annotator, made.uid)
    undo_last(annotator, article)
    assert Annotation.objects.visible_to(annotator).get().note == "two"
    undo_last(annotator, article)
    back = Annotation.objects.get()
    assert (back.note, back.quote, names(back)) == ("one", "Nobody asked", {"claim"})
    assert text[Anchor.objects.get().start :].startswith("Nobody asked")
    undo_last(annotator, article)
    assert Annotation.objects.get().deleted_at is not None
    with pytest.raises(Missing):
        undo_last(annotator, article)


def test_undo_touches_only_ones_own_actions(article, annotator, second_annotator, mark):
    mark(annotator, "Nobody asked")
    mark(second_annotator, "cranes cost money")
    undo_last(annotator, article)
    assert [a.author for a in Annotation.objects.filter(deleted_at=None)] == [second_annotator]


@pytest.mark.django_db(transaction=True)
def test_two_edits_of_one_version_at_once_one_wins_and_the_other_is_told(annotator, mark):
    made = mark(annotator, "Nobody asked", note="start").annotation
    gate, told, saved = threading.Barrier(6), [], []

    def save(n: int) -> None:
        try:
            gate.wait()
            edit_mark(annotator, made.uid, 1, note=f"note {n}")
            saved.append(n)
        except Conflict:
            told.append(n)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(saved), len(told)) == (1, 5)
    assert Annotation.objects.get().note == f"note {saved[0]}"
    assert Annotation.objects.get().version == 2


def test_the_same_key_for_another_mark_is_a_conflict_not_a_silent_loss(article, annotator, mark):
    mark(annotator, "Nobody asked", "claim", key="used-before")
    for words, tags in (("families pay", ["claim"]), ("Nobody asked", ["opinion"])):
        with pytest.raises(Conflict, match="already"):
            mark(annotator, words, *tags, key="used-before")
    assert Annotation.objects.count() == 1
