"""Phases that move by themselves, who reads what, and what is kept at the reveal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.editing.actions import delete_mark, edit_mark
from annotations.models import Assignment, Member, TeamSession
from annotations.teams.actions import edit_session, move, reveal_if_due, set_phase
from annotations.teams.people.actions import add_member, leave, remove_member, set_role
from annotations.teams.progress.actions import finish, reopen, skip
from opslens.articles.actions import import_article
from opslens.models import Event
from opslens.web.refusals import Conflict, Invalid
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

CLAIM, OPINION = "The council passed the levy on Monday.", "Nobody asked the fishermen."


def phase_of(session: TeamSession) -> str:
    return TeamSession.objects.values_list("phase", flat=True).get(pk=session.pk)


def test_a_deadline_reveals_by_the_servers_clock_and_takes_no_more_marks(
    client_of, owner, annotator, second_annotator, article
):
    soon = timezone.now() + timedelta(hours=1)
    session = start_session(
        owner, article, annotators=[annotator, second_annotator], deadline=soon, reveal_at_deadline=True
    )
    assert reveal_if_due(session.pk) is False
    mark_in(session, annotator, article, CLAIM, "claim")
    TeamSession.objects.filter(pk=session.pk).update(deadline=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Conflict, match="deadline"):
        mark_in(session, second_annotator, article, OPINION, "opinion")
    assert phase_of(session) == "annotating"
    page = client_of(second_annotator).get(f"{session.get_absolute_url()}read/{article.slug}/").content.decode()
    assert CLAIM in page
    assert phase_of(session) == "revealed"
    told = Event.objects.get(channel__name=session.channel, verb="phase-changed", after__phase="revealed")
    assert (told.actor, told.after["reason"]) == (None, "The deadline has passed.")
    assert reveal_if_due(session.pk) is False


def test_a_deadline_alone_reveals_nothing(owner, annotator, article):
    past = timezone.now() - timedelta(days=1)
    session = start_session(owner, article, annotators=[annotator], deadline=past)
    assert reveal_if_due(session.pk) is False
    mark_in(session, annotator, article, CLAIM, "claim")


def test_the_last_reader_who_is_done_reveals(owner, annotator, second_annotator, article):
    session = start_session(owner, article, annotators=[annotator, second_annotator], reveal_when_done=True)
    here = session.articles.get()
    finish(annotator, seat_of(annotator, session), here)
    assert phase_of(session) == "annotating"
    skip(second_annotator, seat_of(second_annotator, session), here, "I wrote it.")
    assert phase_of(session) == "revealed"


def test_when_the_last_unfinished_reader_leaves_the_others_are_done(owner, annotator, second_annotator, article):
    session = start_session(owner, article, annotators=[annotator, second_annotator], reveal_when_done=True)
    finish(annotator, seat_of(annotator, session), session.articles.get())
    leave(second_annotator, session.pk)
    assert phase_of(session) == "revealed"


def shares(session: TeamSession) -> dict[str, list[str]]:
    work = Assignment.objects.filter(session_article__session=session, member__left_at=None)
    found: dict[str, list[str]] = {}
    for slug, name in work.order_by("session_article__position", "member__user__username").values_list(
        "session_article__article__slug", "member__user__username"
    ):
        found.setdefault(slug, []).append(name)
    return found


def test_each_article_gets_so_many_readers_and_each_reader_as_many_articles(owner, person, codebook):
    articles = [import_article(owner, name=f"{n}.txt", data=f"Text {n}.\n\nWords.".encode()).article for n in range(4)]
    readers = [person(f"reader{n}") for n in range(4)]
    session = start_session(owner, articles, annotators=readers, readers_each=2)
    given = shares(session)
    assert [len(names) for names in given.values()] == [2, 2, 2, 2]
    assert [sum(name in names for names in given.values()) for name in sorted(r.username for r in readers)] == [2] * 4
    remove_member(owner, session.pk, readers[0].pk)
    assert [len(names) for names in shares(session).values()] == [2, 2, 2, 2]
    edit_session(owner, session.pk, TeamSession.objects.get(pk=session.pk).version, {"readers_each": None})
    assert [len(names) for names in shares(session).values()] == [3, 3, 3, 3]


def test_who_joins_later_gets_everything_to_read(owner, annotator, second_annotator, article):
    session = start_session(owner, article, annotators=[annotator])
    add_member(owner, session.pk, username=second_annotator.username, role=Member.ANNOTATOR)
    assert shares(session) == {article.slug: ["annotator", "second"]}


def test_what_was_marked_before_the_reveal_is_kept_once(session, article, owner, annotator, second_annotator):
    kept = mark_in(session, annotator, article, CLAIM, "claim", note="Before.")
    gone = mark_in(session, annotator, article, OPINION, "opinion")
    finish_all(session, annotator)
    move_on(owner, session, TeamSession.REVEALED)
    edit_mark(annotator, kept.uid, kept.version, note="After.")
    delete_mark(annotator, gone.uid)

    def at_reveal(person) -> dict:
        return Assignment.objects.get(member__user=person).at_reveal

    first = at_reveal(annotator)
    assert first["state"] == "done"
    assert [(mark["uid"], mark["note"]) for mark in first["marks"]] == [(kept.uid, "Before."), (gone.uid, "")]
    assert at_reveal(second_annotator) == {"state": "new", "marks": []}
    set_phase(owner, session.pk, "annotating", seen="revealed", reason="One more.")
    set_phase(owner, session.pk, "revealed", seen="annotating")
    assert at_reveal(annotator) == first


def test_an_article_that_was_opened_again_can_be_finished_after_the_reveal(session, owner, annotator):
    finish_all(session, annotator)
    move_on(owner, session, TeamSession.REVEALED)
    seat, here = seat_of(annotator, session), session.articles.get()
    reopen(annotator, seat, here)
    assert finish(annotator, seat, here).state == Assignment.DONE
    move_on(owner, session, TeamSession.ADJUDICATING)
    with pytest.raises(Conflict):
        reopen(annotator, seat_of(annotator, session), here)


def test_who_has_overseen_cannot_become_a_blind_reader(session, owner, reviewer, annotator):
    from annotations.teams.progress.actions import open_article

    open_article(annotator, seat_of(annotator, session), session.articles.get())
    with pytest.raises(Conflict, match="cannot read along"):
        set_role(owner, session.pk, reviewer.pk, role=Member.ANNOTATOR)
    remove_member(owner, session.pk, reviewer.pk)
    with pytest.raises(Conflict, match="cannot read along"):
        add_member(owner, session.pk, username=reviewer.username, role=Member.ANNOTATOR)


def test_a_session_without_articles_does_not_begin(owner, codebook):
    session = start_session(owner, [], phase=TeamSession.DRAFT)
    with pytest.raises(Invalid, match="nothing to read"):
        set_phase(owner, session.pk, "annotating", seen="draft")


def test_phases_are_moved_inside_of_a_transaction_alone(session, owner, transactional_db):
    from django.db.transaction import TransactionManagementError

    with pytest.raises(TransactionManagementError):
        move(TeamSession.objects.get(pk=session.pk), TeamSession.DRAFT, actor=owner)
