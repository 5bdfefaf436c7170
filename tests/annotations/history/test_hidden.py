"""What a history must not tell: private marks, deleted ones, and everything that others do in a blind phase."""

from __future__ import annotations

import pytest
from django.db import transaction

from annotations.discussion.actions import add_reply
from annotations.editing.actions import delete_mark, edit_mark
from annotations.history.sealed import sealed
from annotations.models import Annotation, Member, TeamSession
from annotations.reanchoring.actions import leave_mark
from annotations.surgery.actions import KEEP, merge
from annotations.surgery.examples.actions import add_example
from annotations.teams.people.actions import add_member
from annotations.teams.progress.actions import ask, finish, note
from opslens.activity.record import Happened, record, record_many
from opslens.models import Event
from tests.annotations.history.conftest import CLAIM, GUESS, OPINION, last_event, lines_in
from tests.annotations.teams.test_blind import ask_for
from tests.support.teams import finish_all, mark_in, move_on, seat_of


def paths_of(session, article, reader, *own) -> list[str]:
    """Every page of the history that this reader can ask for, with filters, and what of it can be restored."""
    pages = [
        f"/team/{session.uid}/history/",
        f"/read/{article.slug}/history/",
        f"/codebook/{session.codebook_id}/history/",
        f"/codebook/tags/{session.codebook.tags.get(name='claim').pk}/history/",
        f"/people/{reader.username}/history/",
        "/people/second/history/",
        "/audit/",
        "/audit.csv",
        *(f"/marks/{mark.uid}/history/" for mark in own),
    ]
    tokens = [sealed(last_event(mark.subject).pk) for mark in own]
    filters = [f"{pages[0]}?what=marks", f"{pages[0]}?by=second", f"{pages[0]}?what=review", f"{pages[0]}?after=0"]
    return [*pages, *filters, *(f"/history/{token}/restore/" for token in tokens)]


def works(session, article, other) -> None:
    here = session.articles.get()
    first = mark_in(session, other, article, OPINION, "opinion", note="Says who?")
    mark_in(session, other, article, CLAIM, "claim", "unsourced")
    edit_mark(other, first.uid, first.version, note="Changed.")
    delete_mark(other, mark_in(session, other, article, GUESS, "claim").uid)
    note(other, seat_of(other, session), here, "Weak on sources.")
    ask(other, seat_of(other, session), "What is a claim?")
    finish(other, seat_of(other, session), here)


@pytest.mark.parametrize("role", [Member.ANNOTATOR, Member.OBSERVER])
def test_nothing_changes_for_an_annotator_or_observer_with_what_others_do_blind(
    client_of, session, article, annotator, second_annotator, person, owner, role
):
    reader, own = annotator, [mark_in(session, annotator, article, CLAIM, "claim")]
    if role == Member.OBSERVER:
        reader, own = person("watching"), []
        add_member(owner, session.pk, username="watching", role=role)
    client, paths = client_of(reader), paths_of(session, article, reader, *own)
    for path in paths:
        ask_for(client.get, path)
    before = {path: ask_for(client.get, path) for path in paths}
    works(session, article, second_annotator)
    assert [path for path in paths if ask_for(client.get, path) != before[path]] == []
    assert [path for path in paths if before[path].status == 500] == []


def test_an_owner_who_reads_along_learns_nothing_of_marks_and_notes(
    client_of, session, article, owner, second_annotator
):
    Member.objects.filter(session=session, user=owner).update(reads=True)
    mark_in(session, second_annotator, article, GUESS, "claim")  # that they have begun, owners see
    client, paths = client_of(owner), paths_of(session, article, owner)
    before = {path: ask_for(client.get, path) for path in paths}
    first = mark_in(session, second_annotator, article, OPINION, "opinion", note="Says who?")
    edit_mark(second_annotator, first.uid, first.version, note="Changed.")
    note(second_annotator, seat_of(second_annotator, session), session.articles.get(), "Weak on sources.")
    assert [path for path in paths if ask_for(client.get, path) != before[path]] == []


def test_an_event_of_a_hidden_mark_answers_as_one_that_is_not_there(
    client_of, session, article, annotator, second_annotator, reviewer
):
    hidden = mark_in(session, second_annotator, article, OPINION, "opinion")
    known, unknown = (f"/history/{sealed(pk)}/restore/" for pk in (last_event(hidden.subject).pk, 10**9))
    client = client_of(annotator)
    for method in (client.get, client.post):
        one, other = ask_for(method, known), ask_for(method, unknown)
        assert (one.status, one.body.replace(known.encode(), unknown.encode())) == (404, other.body)
    assert client_of(reviewer).get(known).status_code == 403
    assert client.get(f"/marks/{hidden.uid}/history/").status_code == 404


def test_marks_are_told_after_the_reveal_and_hidden_again_when_the_session_goes_back(
    lines, session, article, owner, annotator, second_annotator
):
    mark_in(session, second_annotator, article, OPINION, "opinion")
    path = f"/team/{session.uid}/history/?what=marks"
    assert lines(annotator, path) == []
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, TeamSession.REVEALED)
    assert [line.partition(" marked")[0] for line in lines(annotator, path)] == [second_annotator.name]
    TeamSession.objects.filter(pk=session.pk).update(phase=TeamSession.ANNOTATING)
    assert lines(annotator, path) == []


def test_what_was_said_about_ones_marks_is_hidden_when_the_session_goes_back_to_blind(
    lines, session, article, owner, annotator, second_annotator, reviewer
):
    mine = mark_in(session, annotator, article, CLAIM, "claim")
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, TeamSession.REVEALED)
    add_reply(second_annotator, session.pk, mine.uid, "Says who?", key="a" * 8)
    add_reply(annotator, session.pk, mine.uid, "The mayor.", key="b" * 8)
    paths = [f"/marks/{mine.uid}/history/", f"/team/{session.uid}/history/?what=talk", "/people/annotator/history/"]
    assert ["Says who?" in " ".join(lines(annotator, path)) for path in paths] == [True, True, False]
    TeamSession.objects.filter(pk=session.pk).update(phase=TeamSession.ANNOTATING)
    for path in paths:
        told = " ".join(lines(annotator, path))
        assert ("Says who?" in told, "The mayor." in told) == (False, True)
    assert "Says who?" in " ".join(lines(reviewer, paths[0]))


def test_examples_whose_words_are_hidden_again_are_not_told_to_who_chose_them(
    lines, session, article, owner, annotator, second_annotator
):
    theirs = mark_in(session, second_annotator, article, OPINION, "opinion")
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, TeamSession.REVEALED)
    claim, theirs = session.codebook.tags.get(name="claim"), Annotation.objects.get(pk=theirs.pk)
    Member.objects.filter(session=session, user=annotator).update(role=Member.OWNER)
    add_example(annotator, claim, kind="clear", words=OPINION, annotation=theirs)
    paths = ["/people/annotator/history/", f"/codebook/{session.codebook_id}/history/"]
    assert [OPINION in " ".join(lines(annotator, path)) for path in paths] == [True, True]
    TeamSession.objects.filter(pk=session.pk).update(phase=TeamSession.ANNOTATING)
    assert [OPINION in " ".join(lines(annotator, path)) for path in paths] == [False, False]


def test_an_edition_shows_marks_and_not_what_happened_in_the_session(
    client_of, session, article, owner, annotator, second_annotator, outsider
):
    made = mark_in(session, annotator, article, CLAIM, "claim", note="First.")
    edit_mark(annotator, made.uid, made.version, note="Second.")
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, TeamSession.PUBLISHED)
    assert client_of(outsider).get(f"/marks/{made.uid}/card/").status_code == 200
    path, token = f"/marks/{made.uid}/history/", sealed(last_event(made.subject).pk)
    assert client_of(outsider).get(path).status_code == 404
    assert client_of(outsider).get(f"/history/{token}/restore/").status_code == 404
    assert len(lines_in(client_of(second_annotator).get(path))) == 2


def test_what_was_private_stays_its_authors_also_when_it_is_public_again(
    lines, mark, annotator, second_annotator, article, tag
):
    made = mark(annotator, GUESS, "claim").annotation
    edit_mark(annotator, made.uid, 1, visibility="private")
    edit_mark(annotator, made.uid, 2, note="A secret.", tags=[tag("opinion").pk])
    path, whole = f"/marks/{made.uid}/history/", f"/read/{article.slug}/history/?what=marks"
    assert lines(second_annotator, whole) == []
    edit_mark(annotator, made.uid, 3, note="", visibility="public")
    edit_mark(annotator, made.uid, 4, note="Public again.")
    assert [line.partition(" a ")[0] for line in lines(second_annotator, path)] == [
        "Anna Annotator changed the note of",
        "Anna Annotator marked",
    ]
    assert not any("secret" in line for line in lines(second_annotator, whole))
    assert len(lines(annotator, path)) == 5


def test_what_an_event_does_not_say_the_one_before_it_does(lines, mark, annotator, second_annotator, article, revise):
    """That a passage was lost, or left, is told of a mark that was private then to nobody else."""
    made = mark(annotator, GUESS, "claim", visibility="private").annotation
    revise("That is a guess.", "Nothing of this kind.")
    article.refresh_from_db()
    assert Event.objects.filter(verb="passage-changed", subject=made.subject).exists()
    leave_mark(annotator, made.uid, article.current_id)
    made.refresh_from_db()
    edit_mark(annotator, made.uid, made.version, visibility="public")
    path = f"/read/{article.slug}/history/?what=marks"
    assert lines(second_annotator, path) == []
    assert len(lines(annotator, path)) == 4


def test_tags_of_a_private_time_are_told_to_nobody_else_by_what_became_of_them(
    lines, mark, annotator, second_annotator, staff, tag
):
    made = mark(annotator, GUESS, "claim", visibility="private").annotation
    merge(staff, tag("claim").pk, tag("opinion").pk, clash=KEEP)
    edit_mark(annotator, made.uid, 1, visibility="public", tags=[])
    path = f"/marks/{made.uid}/history/"
    assert len([line for line in lines(annotator, path) if "merged a tag" in line]) == 1
    assert lines(second_annotator, path) == []


def test_deleted_marks_are_told_of_to_their_author_alone(lines, mark, annotator, second_annotator, article):
    made = mark(annotator, CLAIM, "claim").annotation
    path = f"/read/{article.slug}/history/?what=marks"
    assert len(lines(second_annotator, path)) == 1
    delete_mark(annotator, made.uid)
    assert lines(second_annotator, path) == []
    assert len(lines(annotator, path)) == 2


def test_hidden_events_leave_no_gap_in_pages_and_no_shorter_page(client_of, mark, annotator, second_annotator, article):
    """Fifty lines are fifty lines, however many lie between them that are not for this reader."""
    mine = mark(second_annotator, CLAIM, "claim").annotation
    theirs = mark(annotator, OPINION, note="Secret", visibility="private").annotation
    with transaction.atomic():
        both = [Happened(one.subject, {"state": "exact"}, {"state": "lost"}) for one in (mine, theirs)] * 60
        record_many(article.channel, "passage-changed", both, actor=None)
    answer = client_of(second_annotator).get(f"/read/{article.slug}/history/")
    assert len(lines_in(answer)) == 50
    assert "Secret" not in answer.content.decode()


def test_looks_are_told_to_staff_alone(client_of, lines, session, annotator, article, owner, staff):
    admin = staff
    made = mark_in(session, annotator, article, CLAIM, "claim")
    client_of(admin).get("/audit/")
    # The words of the mark are in the head of its history, whatever is asked for below.
    for number, query in enumerate(("", "?by=nobody"), 2):
        assert CLAIM in client_of(admin).get(f"/marks/{made.uid}/history/{query}").content.decode()
        assert Event.objects.filter(verb="staff-looked", actor=admin).count() == number
    path = f"/team/{session.uid}/history/"
    assert not any("looked" in line for line in lines(owner, path))
    add_member(owner, session.pk, username="admin", role=Member.OBSERVER)
    assert any("looked at rows of a blind session" in line for line in lines(admin, path))


def test_verdicts_are_told_to_author_and_reviewers_and_requests_to_who_asked(
    lines, mark, annotator, second_annotator, outsider, person
):
    from django.contrib.auth.models import Permission

    made = mark(annotator, CLAIM, "claim").annotation
    judge = person("judge", "Jo Judge")
    judge.user_permissions.add(Permission.objects.get(codename="review_annotation"))
    state = {"review": {"state": "returned", "reason": "Which levy?"}}
    flag = {"flag": {"id": 1, "reason": "No claim.", "outcome": "", "answer": ""}}
    with transaction.atomic():
        record(made.article.channel, "review-returned", actor=judge, subject=made.subject, before={}, after=state)
        record(made.article.channel, "flag-raised", actor=second_annotator, subject=made.subject, after=flag)
    path = f"/marks/{made.uid}/history/"
    told = "Jo Judge returned a mark to its author verdict returned to its author reason Which levy?"
    assert lines(annotator, path)[0].startswith(told)
    assert lines(judge, path)[0] == "Sem Second asked the reviewers to look at a mark asked No claim."
    assert len(lines(judge, path)) == 3
    assert [line.split(" ")[2] for line in lines(second_annotator, path)] == ["you", "marked"]
    assert len(lines(outsider, path)) == 1
