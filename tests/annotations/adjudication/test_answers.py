"""Readers whose marks were decided otherwise, and what they answer."""

from __future__ import annotations

import pytest

from annotations.adjudication.actions import choose, merge_readings, reject, withdraw
from annotations.adjudication.answers import ENDS, REJECTED, TAGS, UNMARKED, answer, answers_in, overruled
from annotations.models import Answer, TeamSession
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing
from tests.annotations.adjudication.conftest import ASKED, CLAIM, LAST, on, seen
from tests.support.teams import move_on, seat_of

GUESS = "That is a guess."


@pytest.fixture
def here(settling, reviewer, look):
    return lambda words: on(look(reviewer, settling), words)


@pytest.fixture
def decide(settling, reviewer, article, here):
    """`decide("words", person, reason="")`: that person's reading is chosen; without one the passage is rejected."""

    def make(words: str, whose=None, reason: str = ""):
        seat, item = seat_of(reviewer, settling), here(words)
        if whose is None:
            return reject(reviewer, seat, article.slug, seen(item), reason=reason or "No.").decision
        (key,) = [one.key for one in item.passage.candidates if any(mark.author == whose.pk for mark in one.marks)]
        return choose(reviewer, seat, article.slug, seen(item), key, reason=reason).decision

    return make


def kinds(person, session) -> list[str]:
    return [one.kind for one in overruled(person, seat_of(person, session))]


def test_who_was_overruled_sees_how(settling, decide, annotator, second_annotator):
    decide(CLAIM, annotator)
    assert kinds(annotator, settling) == kinds(second_annotator, settling) == []
    decide(ASKED, annotator)  # the first annotator's, whose mark came first
    assert kinds(annotator, settling) == []
    assert kinds(second_annotator, settling) == [TAGS]
    decide(GUESS, annotator)
    assert kinds(second_annotator, settling) == [TAGS, UNMARKED]
    decide(LAST, annotator)
    assert kinds(second_annotator, settling) == [TAGS, UNMARKED, ENDS]
    decide(GUESS)
    assert kinds(annotator, settling) == [REJECTED]
    assert kinds(second_annotator, settling) == [TAGS, ENDS]


def test_both_readings_are_there(settling, decide, second_annotator, annotator):
    decision = decide(ASKED, annotator, reason="It judges.")
    (one,) = overruled(second_annotator, seat_of(second_annotator, settling))
    assert one.settled.decision == decision
    names = {tag.pk: tag.name for tag in settling.codebook.tags.all()}
    assert sorted(names[pk] for pk in one.settled.tags) == ["loaded", "opinion"]
    assert [sorted(names[pk] for pk in mark.tags) for mark in one.own] == [["claim", "unsourced"]]


def test_members_who_did_not_read_are_not_overruled(settling, decide, owner, reviewer):
    decide(ASKED)
    assert kinds(owner, settling) == kinds(reviewer, settling) == []


def test_a_merged_reading_overrules_those_who_had_less(settling, here, reviewer, article, annotator, second_annotator):
    merge_readings(reviewer, seat_of(reviewer, settling), article.slug, seen(here(ASKED)))
    assert kinds(annotator, settling) == kinds(second_annotator, settling) == [TAGS]


def test_an_overruled_reader_answers_exactly_once(settling, decide, second_annotator, owner, annotator):
    decision = decide(ASKED, annotator)
    seat = seat_of(second_annotator, settling)
    given = answer(second_annotator, seat, decision.uid, " I still read\r\na claim. ")
    assert given.text == "I still read\na claim."
    assert answer(second_annotator, seat, decision.uid, "I still read\na claim.") == given
    with pytest.raises(Conflict) as again:
        answer(second_annotator, seat, decision.uid, "And another thing.")
    assert again.value.current == given
    assert list(Answer.objects.all()) == [given]
    (event,) = Event.objects.filter(verb="decision-answered")
    assert (event.channel.name, event.subject, event.actor) == (settling.channel, decision.subject, second_annotator)
    assert event.after == {"reader": second_annotator.pk, "text": "I still read\na claim."}
    assert answers_in(seat_of(owner, settling)) == [given]


def test_an_answer_stays_when_its_decision_is_taken_back(
    settling, decide, second_annotator, reviewer, owner, article, annotator
):
    decision = decide(ASKED, annotator)
    answer(second_annotator, seat_of(second_annotator, settling), decision.uid, "A claim.")
    withdraw(reviewer, seat_of(reviewer, settling), article.slug, decision.uid, 1)
    (given,) = answers_in(seat_of(owner, settling))
    assert given.decision.deleted_at is not None
    with pytest.raises(Missing):
        answer(second_annotator, seat_of(second_annotator, settling), decision.uid, "Another.")


def test_who_was_not_overruled_has_nothing_to_answer(settling, decide, annotator, reviewer, outsider):
    decision = decide(ASKED, annotator)
    for person in (annotator, reviewer):
        with pytest.raises(Denied):
            answer(person, seat_of(person, settling), decision.uid, "Well done.")
    with pytest.raises(Missing):
        answer(outsider, seat_of(annotator, settling), decision.uid, "Hello.")


@pytest.mark.parametrize("text", ["", " \x00 ", "x" * 2001])
def test_an_answer_has_words_and_a_limit(settling, decide, second_annotator, text, annotator):
    decision = decide(ASKED, annotator)
    with pytest.raises(Invalid):
        answer(second_annotator, seat_of(second_annotator, settling), decision.uid, text)


def test_answers_are_taken_while_settling_and_after_publishing(settling, decide, second_annotator, owner, annotator):
    decision = decide(ASKED, annotator)
    for phase in (TeamSession.DRAFT, TeamSession.ANNOTATING, TeamSession.REVEALED, TeamSession.ARCHIVED):
        TeamSession.objects.filter(pk=settling.pk).update(phase=phase)
        with pytest.raises(Conflict):
            answer(second_annotator, seat_of(second_annotator, settling), decision.uid, "A claim.")
    TeamSession.objects.filter(pk=settling.pk).update(phase=TeamSession.ADJUDICATING)
    move_on(owner, settling, TeamSession.PUBLISHED)
    answer(second_annotator, seat_of(second_annotator, settling), decision.uid, "A claim.")


def test_decisions_of_another_session_cannot_be_answered(settling, decide, second_annotator, owner, article, annotator):
    from tests.support.teams import start_session

    decision = decide(ASKED, annotator)
    other = start_session(owner, article, annotators=[second_annotator], phase=TeamSession.ADJUDICATING, name="Other")
    with pytest.raises(Missing):
        answer(second_annotator, seat_of(second_annotator, other), decision.uid, "A claim.")


@pytest.mark.parametrize("number", [1, 4])
def test_what_overrules_one_takes_the_same_queries_whatever_the_number(
    settling, decide, second_annotator, number, django_assert_num_queries
):
    for words in (ASKED, GUESS, LAST, CLAIM)[:number]:
        decide(words)
    seat = seat_of(second_annotator, settling)
    with django_assert_num_queries(7):
        overruled(second_annotator, seat)
