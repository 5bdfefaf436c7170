"""Whatever people do in a session, in whatever order: no mark is lost or altered, nobody sees more than they may, and
everybody always has a way on."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from annotations.editing.actions import delete_mark, edit_mark, restore_mark
from annotations.editing.undoing import undo_last
from annotations.membership import Seat
from annotations.models import Annotation, Assignment, Member, TeamSession
from annotations.permissions import may_lead
from annotations.teams import actions, queries
from annotations.teams.people.actions import add_member, leave, remove_member, set_role
from annotations.teams.phases import back, forward
from annotations.teams.progress.actions import finish, note, reopen, skip
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing
from tests.support.teams import mark_in, seat_of, start_session

WORDS = ("The council passed the levy on Monday.", "Nobody asked the fishermen.", "That is a guess.")
TAGS = ("claim", "opinion", "unsourced")


def content_of(annotation: Annotation) -> tuple:
    return (
        annotation.author_id,
        annotation.quote,
        annotation.note,
        tuple(sorted(annotation.tags.values_list("name", flat=True))),
        annotation.deleted_at is not None,
    )


@pytest.fixture
def world(owner, reviewer, annotator, second_annotator, person, article) -> dict[str, Any]:
    observer = person("observer")
    people = {
        "owner": owner,
        "reviewer": reviewer,
        "annotator": annotator,
        "second": second_annotator,
        "observer": observer,
    }
    return {"people": people, "article": article}


def test_sessions_hold_together(world):
    class Sessions(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.undone = transaction.atomic()
            self.undone.__enter__()
            self.people, self.article = world["people"], world["article"]
            self.owner = self.people["owner"]
            self.session = start_session(
                self.owner,
                self.article,
                annotators=[self.people["annotator"], self.people["second"]],
                reviewers=[self.people["reviewer"]],
                observers=[self.people["observer"]],
            )
            self.marks: dict[str, tuple] = {}

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

        # What people do. A refusal is an answer; anything else that is raised is a fault.

        def attempt(self, verb: Any, *arguments: Any, **more: Any) -> Any:
            try:
                with transaction.atomic():
                    return verb(*arguments, **more)
            except (Conflict, Denied, Invalid, Missing):
                return None

        def seat(self, name: str) -> Seat | None:
            return self.attempt(seat_of, self.people[name], self.session)

        @rule(step=st.sampled_from(["on", "back"]))
        def owner_moves_the_session(self, step: str) -> None:
            self.session.refresh_from_db()
            before, after = actions.neighbours(self.session.phase)
            to = after if step == "on" else before
            if to is not None:
                self.attempt(
                    actions.set_phase, self.owner, self.session.pk, to, seen=self.session.phase, reason="It is time."
                )

        @rule(
            name=st.sampled_from(["annotator", "second", "reviewer"]),
            words=st.sampled_from(WORDS),
            tag=st.sampled_from(TAGS),
        )
        def somebody_marks(self, name: str, words: str, tag: str) -> None:
            made = self.attempt(mark_in, self.session, self.people[name], self.article, words, tag)
            if made is not None:
                self.session.refresh_from_db()
                assert self.session.takes_marks
                self.marks[made.uid] = content_of(made)

        @precondition(lambda self: self.marks)
        @rule(
            data=st.data(),
            name=st.sampled_from(["annotator", "second", "owner"]),
            verb=st.sampled_from(["edit", "delete", "restore"]),
        )
        def somebody_changes_a_mark(self, data: Any, name: str, verb: str) -> None:
            uid = data.draw(st.sampled_from(sorted(self.marks)))
            mark, person = Annotation.objects.get(uid=uid), self.people[name]
            if verb == "edit":
                done = self.attempt(edit_mark, person, uid, mark.version, note=f"Seen by {name}.")
            else:
                done = self.attempt(delete_mark if verb == "delete" else restore_mark, person, uid)
            if done is not None:
                assert mark.author_id == person.pk
                self.marks[uid] = content_of(done.annotation)

        @rule(name=st.sampled_from(["annotator", "second"]))
        def somebody_undoes(self, name: str) -> None:
            seat = self.seat(name)
            done = seat and self.attempt(undo_last, self.people[name], self.article, seat=seat)
            if done:
                self.marks[done.annotation.uid] = content_of(done.annotation)

        @rule(name=st.sampled_from(["annotator", "second"]), verb=st.sampled_from([finish, reopen, skip, note]))
        def somebody_reads(self, name: str, verb: Any) -> None:
            seat = self.seat(name)
            if seat is not None:
                more = ("I wrote it." if verb is skip else "Thin.",) if verb in (skip, note) else ()
                self.attempt(verb, self.people[name], seat, self.session.articles.get(), *more)

        @rule(
            name=st.sampled_from(["annotator", "second", "reviewer"]),
            verb=st.sampled_from(["remove", "leave", "add", "role"]),
        )
        def people_come_and_go(self, name: str, verb: str) -> None:
            person = self.people[name]
            if verb == "remove":
                self.attempt(remove_member, self.owner, self.session.pk, person.pk)
            elif verb == "leave":
                self.attempt(leave, person, self.session.pk)
            elif verb == "add":
                role = Member.REVIEWER if name == "reviewer" else Member.ANNOTATOR
                self.attempt(add_member, self.owner, self.session.pk, username=person.username, role=role)
            else:
                self.attempt(set_role, self.owner, self.session.pk, person.pk, role=Member.OBSERVER)

        @rule()
        def the_session_goes_into_the_trash_and_comes_back(self) -> None:
            actions.trash_session(self.owner, self.session.pk)
            for person in self.people.values():
                assert not Annotation.objects.visible_to(person).filter(session=self.session).exists()
            actions.restore_session(self.owner, self.session.pk)

        # What must hold, always.

        @invariant()
        def no_mark_is_lost_or_altered(self) -> None:
            there = {mark.uid: content_of(mark) for mark in Annotation.objects.filter(session=self.session)}
            assert there == self.marks

        @invariant()
        def nobody_sees_more_than_they_may(self) -> None:
            session = TeamSession.objects.get(pk=self.session.pk)
            living = {uid: content for uid, content in self.marks.items() if not content[4]}
            for person in self.people.values():
                member = session.members.filter(user=person, left_at=None).first()
                if session.phase in TeamSession.OUT:
                    expected = set(living)
                elif member is None:
                    expected = set()
                elif session.phase in TeamSession.BEFORE_REVEAL and not (member.oversees and not member.reads):
                    expected = {uid for uid, content in living.items() if content[0] == person.pk}
                else:
                    expected = set(living)
                seen = Annotation.objects.visible_to(person).filter(session=self.session)
                assert set(seen.values_list("uid", flat=True)) == expected

        @invariant()
        def everybody_has_a_way_on(self) -> None:
            session = TeamSession.objects.get(pk=self.session.pk)
            for person in self.people.values():
                seat = self.attempt(seat_of, person, session)
                if seat is None:
                    continue
                work = queries.own_work(seat, queries.articles_of(session))
                step = queries.next_for(seat, work)
                assert step.words
                if session.phase == TeamSession.ANNOTATING and step.label in ("Go on reading", "Begin reading"):
                    # "Next" never leaves what is this reader's to read.
                    assert step.url in {one.url for one in work if one.assignment.state in Assignment.OPEN}
                if may_lead(seat.member):
                    assert (forward(session), back(session)) != (None, None)

        @invariant()
        def every_event_has_its_number(self) -> None:
            for name in {f"team:{self.session.pk}", f"team:{self.session.pk}:a{self.article.pk}"}:
                numbers = list(
                    Event.objects.filter(channel__name=name).order_by("number").values_list("number", flat=True)
                )
                assert numbers == list(range(1, len(numbers) + 1))

    run_state_machine_as_test(
        Sessions, settings=settings(max_examples=10, stateful_step_count=16, parent=settings.default)
    )


@pytest.mark.parametrize("phase", TeamSession.ORDER)
def test_what_is_next_is_a_page_that_opens(client_of, world, phase):
    people = world["people"]
    session = start_session(
        people["owner"],
        world["article"],
        annotators=[people["annotator"]],
        reviewers=[people["reviewer"]],
        observers=[people["observer"]],
        phase=phase,
    )
    for name in ("owner", "reviewer", "annotator", "observer"):
        client, seat = client_of(people[name]), seat_of(people[name], session)
        assert client.get(session.get_absolute_url()).status_code == 200
        step = queries.next_for(seat, queries.own_work(seat, queries.articles_of(session)))
        if step.url:
            assert client.get(step.url, follow=True).status_code == 200, (phase, name, step)


def test_two_owners_who_reveal_at_once_make_one_event(session, owner, reviewer):
    set_role(owner, session.pk, reviewer.pk, role=Member.OWNER)
    for person in (owner, reviewer):
        actions.set_phase(person, session.pk, TeamSession.REVEALED, seen=TeamSession.ANNOTATING)
    events = Event.objects.filter(channel__name=session.channel, verb="phase-changed", after__phase="revealed")
    assert events.count() == 1
