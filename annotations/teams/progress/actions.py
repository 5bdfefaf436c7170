"""The verbs of those who read in a session: how far they are with an article, what they note about it, what they ask.

Events of one person's progress are on a channel of that person, so that nobody else's pages change with it.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotations.membership import Seat
from annotations.models import Assignment, Member, Question, SessionArticle, TeamSession
from annotations.models.team import hold
from annotations.permissions import may_answer
from annotations.teams.actions import clean_text, reveal_if_all_done
from opslens.activity.record import record
from opslens.web.refusals import Conflict, Denied, Missing

MOST_REASON = 400
MOST_QUESTION = 4_000


def _locked(viewer, seat: Seat, session_article: SessionArticle) -> tuple[TeamSession, Assignment]:
    """The viewer's own work on an article, for changing, with the session locked first. Raises Missing, Denied."""
    session = TeamSession.objects.select_for_update(no_key=True).filter(pk=seat.session.pk, deleted_at=None).first()
    work = (
        Assignment.objects.select_for_update(of=("self",), no_key=True)
        .filter(session_article=session_article, member__user_id=viewer.pk, member__left_at=None, member__reads=True)
        .first()
    )
    if session is None:
        raise Missing("There is no such session, or you are not in it.")
    if work is None:
        raise Denied("This article is not assigned to you in this session.")
    return session, work


def _record(session: TeamSession, viewer, verb: str, work: Assignment, before: dict, after: dict) -> None:
    channel, subject = session.person_channel(viewer.pk), f"assignment:{work.pk}"
    record(channel, verb, actor=viewer, subject=subject, before=before, after=after)


def open_article(viewer, seat: Seat, session_article: SessionArticle) -> None:
    """Note that a reader has opened an article for the first time while marks are made."""
    if seat.session.phase != TeamSession.ANNOTATING:
        return
    mine = Assignment.objects.filter(
        session_article=session_article,
        member__user_id=viewer.pk,
        member__left_at=None,
        member__reads=True,
        state=Assignment.NEW,
    )
    if not mine.exists():
        return
    with transaction.atomic():
        session, work = _locked(viewer, seat, session_article)
        if session.phase != TeamSession.ANNOTATING or work.state != Assignment.NEW:
            return
        work.state, work.opened_at = Assignment.READING, timezone.now()
        work.save(update_fields=["state", "opened_at"])
        _record(session, viewer, "article-opened", work, {"state": Assignment.NEW}, {"state": work.state})


def _close(viewer, seat: Seat, session_article: SessionArticle, verb: str, state: str, reason: str) -> Assignment:
    with transaction.atomic():
        session, work = _locked(viewer, seat, session_article)
        if not session.takes_marks:
            raise Conflict(f"The session is {session.get_phase_display()}: nobody needs to finish anything now.", work)
        if session.is_due:
            raise Conflict("The deadline of this session has passed, so readings stand as they are.", work)
        if (work.state, work.reason) == (state, reason):
            return work
        before = {"state": work.state, "reason": work.reason}
        now = timezone.now()
        work.state, work.reason, work.closed_at = state, reason, now
        work.opened_at = work.opened_at or now
        work.save(update_fields=["state", "reason", "closed_at", "opened_at"])
        _record(session, viewer, verb, work, before, {"state": state, "reason": reason})
        reveal_if_all_done(session)
    return work


def finish(viewer, seat: Seat, session_article: SessionArticle) -> Assignment:
    """Say that one is done with an article: what is not marked in it then counts as looked at and left. Doing it again
    is not an error. Raises Conflict when the session takes no marks now; Missing, Denied."""
    return _close(viewer, seat, session_article, "article-done", Assignment.DONE, "")


def skip(viewer, seat: Seat, session_article: SessionArticle, reason: str) -> Assignment:
    """Leave an article out, and say why. Raises Invalid, Conflict, Missing, Denied."""
    reason = clean_text(reason, MOST_REASON, name="reason", needed="Say why you skip this article.")
    return _close(viewer, seat, session_article, "article-skipped", Assignment.SKIPPED, reason)


def reopen(viewer, seat: Seat, session_article: SessionArticle) -> Assignment:
    """Go back to reading an article that one was done with, until the session is being settled. Raises Conflict,
    Missing, Denied."""
    with transaction.atomic():
        session, work = _locked(viewer, seat, session_article)
        if not session.takes_marks:
            raise Conflict(f"The session is {session.get_phase_display()}, so the article stays closed.", work)
        if work.is_open:
            return work
        before = {"state": work.state, "reason": work.reason}
        work.state, work.reason, work.closed_at = Assignment.READING, "", None
        work.save(update_fields=["state", "reason", "closed_at"])
        _record(session, viewer, "article-reopened", work, before, {"state": work.state})
    return work


def note(viewer, seat: Seat, session_article: SessionArticle, text: str, *, seen: str | None = None) -> Assignment:
    """Keep what one notes about an article as a whole; others read it once marks are revealed. `seen` is the
    `note_digest` of the note that the person had before them. Raises Conflict, with the reading as it is now, when
    that is another by now or the session takes no notes; Invalid, Missing, Denied."""
    text = clean_text(text, name="note")
    with transaction.atomic():
        session, work = _locked(viewer, seat, session_article)
        if not session.takes_marks:
            raise Conflict(f"The session is {session.get_phase_display()}, so notes stay as they are.", work)
        if text != work.note:
            if seen is not None and seen != work.note_digest:
                raise Conflict("This note was changed in another window.", work)
            before, work.note = {"note": work.note}, text
            work.save(update_fields=["note"])
            _record(session, viewer, "article-noted", work, before, {"note": text})
    return work


def _held(viewer, seat: Seat) -> tuple[TeamSession, Member]:
    """The session, held in its phase until the transaction ends, and the viewer's membership as it is now. Raises
    Missing."""
    session = hold(seat.session.pk)
    member = Member.objects.filter(session_id=seat.session.pk, user_id=viewer.pk, left_at=None).first()
    if session is None or member is None:
        raise Missing("There is no such session, or you are not in it.")
    return session, member


def ask(viewer, seat: Seat, text: str, session_article: SessionArticle | None = None) -> Question:
    """Ask those who review. Raises Invalid, Conflict in a session that is over."""
    text = clean_text(text, MOST_QUESTION, name="text", needed="Write your question.")
    with transaction.atomic():
        session, _ = _held(viewer, seat)
        if session.phase in TeamSession.OUT:
            raise Conflict("This session is over; nobody would see the question.", current=session)
        question = Question.objects.create(session=session, session_article=session_article, asker=viewer, text=text)
        subject = f"question:{question.pk}"
        record(session.person_channel(viewer.pk), "question-asked", actor=viewer, subject=subject, after={"text": text})
    return question


def answer(viewer, seat: Seat, question_id: int, version: int, text: str) -> Question:
    """Answer a question, or change the answer. Raises Conflict, with the question as it is now, when somebody else was
    faster; Invalid, Missing, Denied."""
    text = clean_text(text, MOST_QUESTION, name="answer", needed="Write an answer.") if may_answer(seat.member) else ""
    with transaction.atomic():
        session, member = _held(viewer, seat)
        if not may_answer(member):
            raise Denied("Owners and reviewers answer questions.")
        if session.phase == TeamSession.ARCHIVED:
            raise Conflict("This session is in the archive, so its questions stand as they are.", current=session)
        questions = Question.objects.select_for_update(of=("self",), no_key=True).select_related("asker")
        question = questions.filter(pk=question_id, session=seat.session).first()
        if question is None:
            raise Missing("There is no such question.")
        if question.answer == text:
            return question
        if question.version != version:
            raise Conflict("Somebody else has answered meanwhile.", current=question)
        before = {"answer": question.answer}
        question.answer, question.answered_by, question.answered_at = text, viewer, timezone.now()
        question.version += 1
        question.save(update_fields=["answer", "answered_by", "answered_at", "version"])
        record(
            seat.session.person_channel(question.asker_id),
            "question-answered",
            actor=viewer,
            subject=f"question:{question.pk}",
            before=before,
            after={"answer": text},
        )
    return question


def own_work(viewer, session_article: SessionArticle) -> Assignment | None:
    """What the viewer has to do with an article, if anything."""
    mine = Assignment.objects.filter(
        session_article=session_article, member__user_id=viewer.pk, member__left_at=None, member__reads=True
    )
    return mine.select_related("member").first()
