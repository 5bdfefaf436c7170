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
from opslens.web.refusals import Conflict, Denied, Invalid
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


def test_who_has_overseen_stays_who_has_overseen_whatever_they_were_in_between(session, owner, reviewer, annotator):
    mark_in(session, annotator, session.articles.get().article, CLAIM, "claim")
    set_role(owner, session.pk, reviewer.pk, role=Member.OBSERVER)
    with pytest.raises(Conflict, match="cannot read along"):
        set_role(owner, session.pk, reviewer.pk, role=Member.ANNOTATOR)


def test_who_does_not_read_any_more_marks_nothing_and_holds_nobody_up(
    owner, annotator, second_annotator, article, codebook
):
    session = start_session(owner, article, annotators=[annotator, second_annotator], reveal_when_done=True)
    here = session.articles.get()
    finish(annotator, seat_of(annotator, session), here)
    set_role(owner, session.pk, second_annotator.pk, role=Member.OBSERVER)
    assert phase_of(session) == "revealed"
    with pytest.raises(Denied):
        mark_in(session, second_annotator, article, OPINION, "opinion")
    with pytest.raises(Denied):
        finish(second_annotator, seat_of(second_annotator, session), here)


def test_a_blind_session_in_which_somebody_has_begun_is_revealed_and_not_opened(session, owner, annotator, article):
    mark_in(session, annotator, article, CLAIM, "claim")
    with pytest.raises(Invalid, match="Reveal the marks instead"):
        edit_session(owner, session.pk, TeamSession.objects.get(pk=session.pk).version, {"is_blind": False})


def test_marking_does_not_begin_again_after_a_deadline_that_would_end_it_at_once(owner, annotator, article):
    soon = timezone.now() + timedelta(hours=1)
    session = start_session(owner, article, annotators=[annotator], deadline=soon, reveal_at_deadline=True)
    TeamSession.objects.filter(pk=session.pk).update(deadline=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Conflict, match="deadline"):
        finish(annotator, seat_of(annotator, session), session.articles.get())
    assert reveal_if_due(session.pk) is True
    with pytest.raises(Invalid, match="Set a later one"):
        set_phase(owner, session.pk, "annotating", seen="revealed", reason="One more.")


def test_in_the_archive_nothing_changes(session, owner, annotator, outsider):
    move_on(owner, session, TeamSession.ARCHIVED)
    version = TeamSession.objects.get(pk=session.pk).version
    with pytest.raises(Conflict, match="archive"):
        edit_session(owner, session.pk, version, {"coverage_share": 1.0})
    with pytest.raises(Conflict, match="archive"):
        add_member(owner, session.pk, username=outsider.username, role=Member.ANNOTATOR)
    set_phase(owner, session.pk, "published", seen="archived", reason="A slip.")


def test_a_note_on_the_article_is_not_overwritten_in_silence(client_of, session, article, annotator):
    client, url = client_of(annotator), f"{session.get_absolute_url()}read/{article.slug}/note/"
    seen = Assignment.objects.get(member__user=annotator).note_digest
    assert client.post(url, {"note": "From one window.", "seen": seen}).status_code == 302
    late = client.post(url, {"note": "From another.", "seen": seen})
    assert late.status_code == 409
    assert "From one window." in late.content.decode()
    assert "From another." in late.content.decode()
    assert Assignment.objects.get(member__user=annotator).note == "From one window."


def test_marking_without_opening_the_page_is_told_as_opening(session, article, annotator):
    mark_in(session, annotator, article, CLAIM, "claim")
    told = Event.objects.filter(channel__name=session.person_channel(annotator.pk), verb="article-opened")
    assert [event.after for event in told] == [{"state": "reading"}]


def test_numbers_that_no_person_has_are_nobody(client_of, session, owner):
    base = f"{session.get_absolute_url()}people/{2**63}/"
    for verb in ("role", "remove"):
        assert client_of(owner).post(f"{base}{verb}/", {"role": "observer"}).status_code == 404


def test_the_address_of_a_published_mark_leads_others_to_the_edition(
    client_of, session, article, owner, annotator, outsider
):
    mark = mark_in(session, annotator, article, CLAIM, "claim")
    move_on(owner, session, TeamSession.PUBLISHED)
    answer = client_of(outsider).get(f"/marks/{mark.uid}/")
    assert answer["Location"] == f"/edition/{session.uid}/{article.slug}/"
    assert client_of(outsider).get(answer["Location"]).status_code == 200
    assert "/team/" in client_of(annotator).get(f"/marks/{mark.uid}/")["Location"]
