"""Team sessions for tests: a session in a phase, with people and marks, in a few words."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any

from annotations.codebook.queries import current_codebook
from annotations.editing.actions import choose_passage, mark_passage
from annotations.membership import Seat, article_in, session_for
from annotations.models import Annotation, Member, TeamSession
from annotations.teams import actions
from annotations.teams.people.actions import add_member
from annotations.teams.progress.actions import finish
from opslens.articles.documents import document_of
from opslens.models import Article


def start_session(
    owner: Any,
    articles: Article | Iterable[Article],
    *,
    annotators: Iterable[Any] = (),
    reviewers: Iterable[Any] = (),
    observers: Iterable[Any] = (),
    phase: str = TeamSession.ANNOTATING,
    name: str = "Harbour reading",
    **given: Any,
) -> TeamSession:
    """A session of these people on these articles, moved on to `phase`; blind unless `is_blind=False`."""
    articles = [articles] if isinstance(articles, Article) else list(articles)
    session = actions.create_session(owner, articles=articles, codebook=current_codebook(), name=name, **given)
    for role, people in ((Member.ANNOTATOR, annotators), (Member.REVIEWER, reviewers), (Member.OBSERVER, observers)):
        for person in people:
            add_member(owner, session.pk, username=person.username, role=role)
    return move_on(owner, session, phase)


def move_on(owner: Any, session: TeamSession, phase: str) -> TeamSession:
    """The session in a later phase, reached step by step."""
    session.refresh_from_db()
    while session.phase != phase:
        _, onward = actions.neighbours(session.phase)
        assert onward is not None, f"{phase} is not later than {session.phase}"
        session, _ = actions.set_phase(owner, session.pk, onward, seen=session.phase)
    return session


def seat_of(person: Any, session: TeamSession) -> Seat:
    return session_for(person, session.uid)


def mark_in(
    session: TeamSession, person: Any, article: Article, words: str, *tags: str, nth: int = 0, note: str = ""
) -> Annotation:
    """A mark of this person in the session, on the nth occurrence of these words, with tags of the session's codebook
    by name."""
    seat = seat_of(person, session)
    revision = article_in(seat, article.slug).revision
    text = document_of(revision.pk).text
    at = -1
    for _ in range(nth + 1):
        at = text.index(words, at + 1)
    return mark_passage(
        person,
        revision,
        choose_passage(revision.pk, at, at + len(words), words),
        tags=[session.codebook.tags.get(name=name).pk for name in tags],
        note=note,
        key=str(uuid.uuid4()),
        seat=seat,
    ).annotation


def finish_all(session: TeamSession, *people: Any) -> None:
    """These people are done with every article of the session."""
    for person in people:
        seat = seat_of(person, session)
        for here in session.articles.all():
            finish(person, seat, here)


_MADE_ANEW = re.compile(
    rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+|(?<="X-CSRFToken": ")[^"]+'
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    # Where a page outside of sessions begins to follow changes; in a session this must be the same, too.
    rb'|(?<=data-live=")[\w-]{32}(?=")|(?<=^id: )[\w-]{32}$',
    re.MULTILINE,
)


def settled(content: bytes) -> bytes:
    """An answer without what is drawn by lot for each: tokens against forged requests, keys of new marks,
    sealed cursors."""
    return _MADE_ANEW.sub(b"", content)
