"""Several people at the same moment: readers mark while a session changes phase, owners do the same thing twice, the
last use of an invitation is wanted by two."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

import pytest

from annotations.demo import ensure_codebook
from annotations.editing.actions import choose_passage, delete_mark, mark_passage, restore_mark
from annotations.models import Annotation, Invitation, Member, TeamSession
from annotations.teams import actions
from annotations.teams.people.actions import invite, join, set_role, token_of
from annotations.teams.progress.actions import finish, reopen
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.models import Event, Revision
from opslens.web.refusals import Conflict, Missing
from tests.support.at_once import together
from tests.support.teams import seat_of, start_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def article(db):
    ensure_codebook()
    return import_article(None, name="x.txt", data=b"A title\n\nOne sentence here. Another one there. A third.").article


def test_a_phase_never_changes_under_a_mark(article, person, owner):
    readers = [person(f"reader{number}") for number in range(3)]
    session = start_session(owner, article, annotators=readers)
    revision = Revision.objects.select_related("article").get(pk=article.current_id)
    made: list[str] = []

    def mark(reader: Any) -> None:
        seat = seat_of(reader, session)
        start = document_of(revision.pk).text.index("One sentence")
        passage = choose_passage(revision.pk, start, start + 12, "One sentence")
        for _ in range(15):
            with contextlib.suppress(Conflict):
                made.append(mark_passage(reader, revision, passage, key=str(uuid.uuid4()), seat=seat).annotation.uid)

    def read(reader: Any) -> None:
        seat, here = seat_of(reader, session), session.articles.get()
        for _ in range(6):
            with contextlib.suppress(Conflict):
                finish(reader, seat, here)
                reopen(reader, seat, here)

    def move() -> None:
        for to, seen in (
            ("revealed", "annotating"),
            ("adjudicating", "revealed"),
            ("revealed", "adjudicating"),
            ("annotating", "revealed"),
            ("revealed", "annotating"),
            ("adjudicating", "revealed"),
        ):
            actions.set_phase(owner, session.pk, to, seen=seen, reason="Because.")

    problems = together(*(lambda reader=reader: mark(reader) for reader in readers), lambda: read(readers[0]), move)
    assert problems == []
    assert sorted(Annotation.objects.filter(session=session).values_list("uid", flat=True)) == sorted(made)
    shared, own = f"team:{session.pk}:a{article.pk}", [f"team:{session.pk}:a{article.pk}:u{r.pk}" for r in readers]
    for name in (session.channel, shared, *own):
        numbers = list(Event.objects.filter(channel__name=name).order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
    told = Event.objects.filter(channel__name__in=[shared, *own], verb="mark-created").count()
    assert told == len(made)


def test_two_who_delete_one_mark_at_once_both_find_it_gone(article, annotator):
    revision = Revision.objects.select_related("article").get(pk=article.current_id)
    start = document_of(revision.pk).text.index("One sentence")
    passage = choose_passage(revision.pk, start, start + 12, "One sentence")
    uid = mark_passage(annotator, revision, passage, key=str(uuid.uuid4())).annotation.uid
    done: list[bool] = []
    assert together(*[lambda: done.append(delete_mark(annotator, uid).changed)] * 3) == []
    assert sorted(done) == [False, False, True]
    assert together(*[lambda: done.append(restore_mark(annotator, uid).changed)] * 3) == []
    assert sorted(done) == [False, False, False, False, True, True]


def test_two_owners_reveal_at_once_and_one_event_tells_of_it(article, owner, reviewer, annotator):
    session = start_session(owner, article, annotators=[annotator], reviewers=[reviewer])
    set_role(owner, session.pk, reviewer.pk, role=Member.OWNER)
    did: list[bool] = []

    def reveal(person: Any) -> None:
        did.append(actions.set_phase(person, session.pk, "revealed", seen="annotating")[1])

    assert together(lambda: reveal(owner), lambda: reveal(reviewer)) == []
    assert sorted(did) == [False, True]
    assert (
        Event.objects.filter(channel__name=session.channel, verb="phase-changed", after__phase="revealed").count() == 1
    )
    assert TeamSession.objects.get(pk=session.pk).phase == "revealed"


def test_the_last_use_of_an_invitation_lets_one_in(article, owner, person):
    session = start_session(owner, article)
    token = token_of(invite(owner, session.pk, role=Member.ANNOTATOR, uses=1, days=1))
    people = [person(f"guest{number}") for number in range(3)]
    problems = together(*(lambda guest=guest: join(guest, token) for guest in people))
    assert [type(problem) for problem in problems] == [Missing, Missing]
    assert session.members.filter(role=Member.ANNOTATOR).count() == 1
    assert Invitation.objects.get().uses == 1
