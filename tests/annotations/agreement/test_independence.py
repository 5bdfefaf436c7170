"""What is said about who could see whose marks."""

from __future__ import annotations

import pytest
from django.db import transaction

from annotations.agreement.queries import report_of
from annotations.agreement.readings import NOW
from annotations.models import Member, TeamSession
from annotations.teams.actions import edit_session, set_phase
from annotations.teams.assigning import distribute
from annotations.teams.people.actions import add_member, remove_member, set_role
from opslens.activity.record import record
from tests.annotations.agreement.conftest import SENTENCES
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

ALONE = "Each reader marked without seeing the marks of others."
NOT = "These readings are not independent."


def back(owner, session) -> None:
    """A revealed session goes back to marking."""
    set_phase(owner, session.pk, TeamSession.ANNOTATING, seen=TeamSession.REVEALED, reason="Once more.")
    session.refresh_from_db()


def report(owner, session, state="independent"):
    return report_of(seat_of(owner, session), state=state)


def test_blind_readings_are_independent(g1, owner):
    found = report(owner, g1)
    assert found.is_independent
    assert found.notes[-1] == ALONE


def test_interim_figures_say_so_and_are_independent_while_all_is_blind(blind, owner):
    found = report(owner, blind)
    assert found.is_independent
    assert found.notes == ("Interim figures: readers are still marking. Only what they have finished counts.", ALONE)


def test_marks_as_they_are_now_are_not_independent_after_the_reveal(g1, owner):
    found = report(owner, g1, NOW)
    assert not found.is_independent
    assert found.notes[1] == NOT
    assert found.notes[2].startswith("Readers have been able to see one another’s marks since ")


def test_a_return_to_marking_is_said_and_leaves_the_first_reading_independent(g1, owner):
    back(owner, g1)
    first, now = report(owner, g1), report(owner, g1, NOW)
    assert first.is_independent
    assert "The session went back to marking on " in first.notes[1]
    assert not now.is_independent
    assert now.doubts[-1].startswith("The session went back to marking on ")
    move_on(owner, g1, TeamSession.REVEALED)
    assert report(owner, g1).notes == first.notes


def test_an_open_session_is_not_independent(owner, readers, texts):
    session = start_session(owner, texts, annotators=readers, is_blind=False)
    mark_in(session, readers[0], texts[0], SENTENCES[0], "claim")
    finish_all(session, *readers)
    expected = ("The session was open: readers could see one another’s marks while they marked.",)
    assert report(owner, session).doubts == expected
    move_on(owner, session, TeamSession.REVEALED)
    assert report(owner, session).doubts == expected


def test_a_session_that_was_opened_on_the_way_is_not_independent(blind, owner):
    # Refused once readers have begun; a session may be older than that rule.
    with transaction.atomic():
        TeamSession.objects.filter(pk=blind.pk).update(is_blind=False)
        after = {"is_blind": False}
        record(
            blind.channel, "session-edited", actor=owner, subject=blind.subject, before={"is_blind": True}, after=after
        )
    move_on(owner, blind, TeamSession.REVEALED)
    assert not report(owner, blind).is_independent


def test_opening_a_session_after_the_reveal_does_not_touch_what_was_read_alone(g1, owner):
    edit_session(owner, g1.pk, g1.version, {"is_blind": False})
    back(owner, g1)
    assert report(owner, g1).is_independent


def test_a_reader_who_had_overseen_the_marks_of_others_is_named(owner, readers, texts, person):
    session = start_session(owner, texts, annotators=readers)
    helper = person("helper", "Hanna Helper")
    add_member(owner, session.pk, username="helper", role=Member.REVIEWER)
    mark_in(session, readers[0], texts[0], SENTENCES[0], "claim")
    # The verbs refuse to let a reviewer come back as a reader; a session may be older than that rule.
    remove_member(owner, session.pk, helper.pk)
    with transaction.atomic():
        Member.objects.filter(session=session, user=helper).update(role=Member.ANNOTATOR, reads=True, left_at=None)
        distribute(session)
        after = {"role": Member.ANNOTATOR, "by": "name"}
        record(session.channel, "member-joined", actor=owner, subject=f"user:{helper.pk}", after=after)
    finish_all(session, *readers, helper)
    move_on(owner, session, TeamSession.REVEALED)
    found = report(owner, session)
    assert found.doubts == ("Hanna Helper could see marks of others before their own were shown.",)
    assert [reader.saw for reader in found.readers] == [False, False, False, True]


def test_a_reviewer_who_becomes_a_reader_before_anybody_marked_saw_nothing(owner, reviewer, readers, texts):
    session = start_session(owner, texts, annotators=readers, reviewers=[reviewer])
    set_role(owner, session.pk, reviewer.pk, role=Member.REVIEWER, reads=True)
    mark_in(session, readers[0], texts[0], SENTENCES[0], "claim")
    finish_all(session, *readers, reviewer)
    move_on(owner, session, TeamSession.REVEALED)
    assert report(owner, session).is_independent


def test_an_observer_who_saw_the_reveal_and_reads_after_it_is_named(g1, owner, person):
    late = person("late", "Lara Late")
    add_member(owner, g1.pk, username="late", role=Member.OBSERVER)
    set_phase(owner, g1.pk, TeamSession.ANNOTATING, seen=TeamSession.REVEALED, reason="One more.")
    set_phase(owner, g1.pk, TeamSession.REVEALED, seen=TeamSession.ANNOTATING)
    back(owner, g1)
    set_role(owner, g1.pk, late.pk, role=Member.ANNOTATOR)
    finish_all(g1, late)
    set_phase(owner, g1.pk, TeamSession.REVEALED, seen=TeamSession.ANNOTATING)
    assert [reader.saw for reader in report(owner, g1).readers] == [False, False, False, True]


def test_who_joins_after_the_reveal_is_named(g1, owner, person):
    late = person("late", "Lara Late")
    add_member(owner, g1.pk, username="late", role=Member.ANNOTATOR)
    back(owner, g1)
    finish_all(g1, late)
    move_on(owner, g1, TeamSession.REVEALED)
    found = report(owner, g1)
    assert [reader.name for reader in found.readers if reader.saw] == ["Lara Late"]
    assert found.doubts == ("Lara Late could see marks of others before their own were shown.",)


@pytest.mark.parametrize("reads", [True, False])
def test_an_owner_who_reads_along_from_the_start_is_a_reader_like_others(owner, readers, texts, reads):
    session = start_session(owner, texts, annotators=readers, reads=reads)
    mark_in(session, readers[0], texts[0], SENTENCES[0], "claim")
    finish_all(session, *readers, *([owner] if reads else []))
    move_on(owner, session, TeamSession.REVEALED)
    found = report(owner, session)
    assert found.is_independent
    assert len(found.readers) == 3 + reads
