"""Who sees which marks of a session, by role and phase."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from annotations.models import Annotation, Member, TeamSession
from annotations.reading.scope import Scope
from annotations.teams.people.actions import add_member, remove_member
from tests.support.teams import mark_in, move_on, seat_of

CLAIM, OPINION = "The council passed the levy on Monday.", "Nobody asked the fishermen."


@pytest.fixture
def two_marks(session, article, annotator, second_annotator):
    mark_in(session, annotator, article, CLAIM, "claim")
    mark_in(session, second_annotator, article, OPINION, "opinion")


def seen(viewer) -> list[str]:
    return sorted(Annotation.objects.visible_to(viewer).values_list("quote", flat=True))


def test_hidden_marks_are_seen_by_their_author_and_by_those_who_oversee(
    two_marks, annotator, second_annotator, reviewer, owner, outsider
):
    assert seen(annotator) == [CLAIM]
    assert seen(second_annotator) == [OPINION]
    assert seen(reviewer) == seen(owner) == [OPINION, CLAIM]
    assert seen(outsider) == seen(AnonymousUser()) == []


@pytest.mark.parametrize("phase", [TeamSession.REVEALED, TeamSession.ADJUDICATING])
def test_revealed_marks_are_seen_by_all_members_and_nobody_else(
    two_marks, session, owner, annotator, second_annotator, outsider, phase
):
    move_on(owner, session, phase)
    assert seen(annotator) == seen(second_annotator) == [OPINION, CLAIM]
    assert seen(outsider) == seen(AnonymousUser()) == []


@pytest.mark.parametrize("phase", TeamSession.OUT)
def test_marks_of_a_published_session_are_seen_by_whoever_may_read_the_article(
    two_marks, session, article, owner, outsider, phase
):
    move_on(owner, session, phase)
    assert seen(outsider) == seen(AnonymousUser()) == [OPINION, CLAIM]
    article.is_public = False
    article.save()
    assert seen(outsider) == [OPINION, CLAIM]
    assert seen(AnonymousUser()) == []


def test_an_open_session_shows_marks_to_members_at_once(
    owner, annotator, second_annotator, article, codebook, outsider
):
    from tests.support.teams import start_session

    session = start_session(owner, article, annotators=[annotator, second_annotator], is_blind=False)
    mark_in(session, annotator, article, CLAIM, "claim")
    assert seen(second_annotator) == [CLAIM]
    assert seen(outsider) == []


def test_observers_see_nothing_before_the_reveal(two_marks, session, owner, person):
    observer = person("observer")
    add_member(owner, session.pk, username="observer", role=Member.OBSERVER)
    assert seen(observer) == []
    move_on(owner, session, TeamSession.REVEALED)
    assert seen(observer) == [OPINION, CLAIM]


def test_who_oversees_and_reads_along_sees_as_little_as_the_others(two_marks, session, reviewer):
    Member.objects.filter(session=session, user=reviewer).update(reads=True)
    assert seen(reviewer) == []


def test_marks_of_a_session_are_gone_for_who_was_removed_and_stay_for_the_others(two_marks, session, owner, annotator):
    remove_member(owner, session.pk, annotator.pk)
    assert seen(annotator) == []
    assert seen(owner) == [OPINION, CLAIM]


def test_a_session_in_the_trash_takes_its_marks_along(two_marks, session, owner, annotator):
    from annotations.teams.actions import restore_session, trash_session

    trash_session(owner, session.pk)
    assert seen(annotator) == seen(owner) == []
    restore_session(owner, session.pk)
    assert seen(annotator) == [CLAIM]


def test_personal_marks_and_those_of_the_session_never_mix(two_marks, session, article, mark, annotator):
    mark(annotator, "That is a guess.", "opinion")
    outside = Scope().annotations(annotator)
    inside = Scope(seat=seat_of(annotator, session)).annotations(annotator)
    assert [a.quote for a in outside] == ["That is a guess."]
    assert [a.quote for a in inside] == [CLAIM]


@pytest.mark.parametrize("phase", TeamSession.ORDER[1:])
def test_the_doors_of_one_scope_add_up_to_the_one_door(
    two_marks, session, mark, owner, annotator, second_annotator, reviewer, phase
):
    mark(annotator, "That is a guess.", "opinion")
    move_on(owner, session, phase)
    for viewer in (owner, annotator, second_annotator, reviewer):
        both = Scope().annotations(viewer) | Scope(seat=seat_of(viewer, session)).annotations(viewer)
        assert set(both) == set(Annotation.objects.visible_to(viewer))
