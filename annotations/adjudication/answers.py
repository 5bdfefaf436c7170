"""Readers whose marks were decided otherwise: which decisions these are, and the one answer they may give to each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from annotations.adjudication.passages import DeskMark
from annotations.adjudication.queries import Settled, articles_of, decisions_on, marks_on
from annotations.adjudication.ranges import Places
from annotations.membership import Seat
from annotations.models import Answer, Assignment, Decision, Member, SessionArticle, TeamSession
from annotations.models.team import hold
from annotations.teams.actions import clean_text
from opslens.activity.record import record
from opslens.web.refusals import Conflict, Denied, Missing

MOST_ANSWER = 2_000  # characters
ANSWERED = "decision-answered"
# Readers may come back after the session was published: what they say changes no decision.
TAKES_ANSWERS = (TeamSession.ADJUDICATING, TeamSession.PUBLISHED)

REJECTED, TAGS, ENDS, UNMARKED = "rejected", "tags", "ends", "unmarked"


@dataclass(frozen=True, slots=True)
class Overruled:
    """A decision that differs from what this reader marked. `kind`: the passage was rejected; it got other tags; the
    same tags with other ends; or it was accepted and the reader, who finished the article, had left it unmarked."""

    here: SessionArticle
    settled: Settled
    own: tuple[DeskMark, ...]
    kind: str
    answer: Answer | None


def kind_of(settled: Settled, own: Iterable[DeskMark], *, finished: bool) -> str:
    """How a decision differs from these marks of one reader on its passage; empty when it does not."""
    own = list(own)
    if settled.rejected:
        return REJECTED if own else ""
    if not own:
        return UNMARKED if finished else ""
    wanted = set(settled.tags)
    if not any(set(mark.tags) == wanted for mark in own) and set().union(*(mark.tags for mark in own)) != wanted:
        return TAGS
    ends = (settled.decision.start, settled.decision.end)
    return "" if any((mark.start, mark.end) == ends for mark in own) else ENDS


def own_marks(settled: Settled, places: Places, marks: dict[int, DeskMark]) -> tuple[DeskMark, ...]:
    """Which of one reader's marks, by id, speak of the words of a decision."""
    decision = settled.decision
    found = {pk for pk in settled.considered if pk in marks}.union(places.with_words_of(decision.start, decision.end))
    return tuple(sorted((marks[pk] for pk in found), key=lambda mark: (mark.start, -mark.end, mark.uid)))


def overruled(viewer, seat: Seat) -> list[Overruled]:
    """The decisions of the session that differ from this member's marks, in the order of articles and text. Seven
    queries at most."""
    articles = articles_of(seat)
    done = set(
        Assignment.objects.filter(
            session_article__session=seat.session, member=seat.member, state=Assignment.DONE
        ).values_list("session_article_id", flat=True)
    )
    decisions = decisions_on(articles)
    answers = {
        answer.decision_id: answer
        for answer in Answer.objects.filter(reader_id=viewer.pk, decision__session_article__session=seat.session)
    }
    found = []
    marks = marks_on(viewer, seat, articles)
    for here in articles:
        own = {mark.pk: mark for mark in marks[here.pk] if mark.author == viewer.pk}
        places = Places((mark.start, mark.end, mark.pk) for mark in own.values())
        for settled in decisions[here.pk]:
            speaking = own_marks(settled, places, own)
            kind = kind_of(settled, speaking, finished=here.pk in done)
            if kind:
                found.append(Overruled(here, settled, speaking, kind, answers.get(settled.decision.pk)))
    return found


def answers_in(seat: Seat) -> list[Answer]:
    """All answers of the session, in the order of articles and text, those to decisions that were taken back since
    included; with decision, tags, article and reader. Two queries."""
    found = Answer.objects.filter(decision__session_article__session=seat.session)
    found = found.select_related("reader", "decision__session_article__article").prefetch_related("decision__tags")
    place = ("decision__session_article__position", "decision__session_article", "decision__start")
    return list(found.order_by(*place, "created_at", "pk"))


@transaction.atomic
def answer(viewer, seat: Seat, uid: str, text: str) -> Answer:
    """Say something to a decision that differs from one's own marks. Once: saying the same again is not an error.

    Raises Conflict, with the first answer in `.current`, for a second one, and when the session takes no answers;
    Denied for who was not overruled; Invalid, Missing.
    """
    text = clean_text(text, MOST_ANSWER, name="text", needed="Write your answer.")
    session = hold(seat.session.pk)
    member = Member.objects.filter(session_id=seat.session.pk, user_id=viewer.pk, left_at=None).first()
    if session is None or member is None:
        raise Missing("There is no such session, or you are not in it.")
    if session.phase not in TAKES_ANSWERS:
        raise Conflict(f"The session is {session.get_phase_display()}: it takes no answers now.", current=session)
    here = {"session_article__session": session, "session_article__article__deleted_at": None, "deleted_at": None}
    decision = Decision.objects.select_for_update(of=("self",), no_key=True).filter(uid=uid, **here).first()
    if decision is None:
        raise Missing("There is no such decision, or it was taken back.")
    given = Answer.objects.filter(decision=decision, reader_id=viewer.pk).first()
    if given is not None:
        if given.text == text:
            return given
        raise Conflict("You have answered this decision already; there is one answer to each.", current=given)
    if all(one.settled.decision.pk != decision.pk for one in overruled(viewer, Seat(session, member))):
        raise Denied("This decision does not differ from your marks.")
    made = Answer.objects.create(decision=decision, reader=viewer, text=text)
    after = {"reader": viewer.pk, "text": text}
    record(session.channel, ANSWERED, actor=viewer, subject=decision.subject, after=after)
    return made
