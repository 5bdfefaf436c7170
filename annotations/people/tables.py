"""Which rows name a person, and what becomes of them when two accounts of one human become one."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import ForeignKey, Model

from annotations.models import (
    Annotation,
    Answer,
    Decision,
    Example,
    Flag,
    Invitation,
    Member,
    Question,
    Reply,
    Review,
    SavedQueue,
    Surgery,
    TeamSession,
)
from opslens.models import Article, Draft, ReadingPosition, Revision, User

# Every key to a person is here, or among those that stay: a test compares this with the database.
MOVES: tuple[tuple[type[Model], str], ...] = (
    (Annotation, "author"),
    (Reply, "author"),
    (Member, "user"),
    (TeamSession, "created_by"),
    (Invitation, "created_by"),
    (Question, "asker"),
    (Question, "answered_by"),
    (Decision, "decided_by"),
    (Answer, "reader"),
    (Review, "reviewer"),
    (Flag, "reader"),
    (Flag, "settled_by"),
    (Surgery, "actor"),
    (Example, "added_by"),
    (Article, "imported_by"),
    (Revision, "created_by"),
    (Draft, "author"),
    (ReadingPosition, "reader"),
    (SavedQueue, "reviewer"),
)
STAYS = frozenset(
    {
        "opslens.event.actor",  # the log cannot change
        "opslens.user.merged_into",
        "admin.logentry.user",
        "annotations.presence.person",  # passing: it ends with the sessions
    }
)

# Where a row belongs to a team session: the path to its id. What somebody has written there since two accounts were
# merged cannot be told apart any more from what the session knew of them before.
IN_SESSIONS: dict[tuple[type[Model], str], str] = {
    (Annotation, "author"): "session",
    (Reply, "author"): "annotation__session",
    (Question, "asker"): "session",
    (Question, "answered_by"): "session",
    (Decision, "decided_by"): "session_article__session",
    (Answer, "reader"): "decision__session_article__session",
    (Review, "reviewer"): "annotation__session",
    (Flag, "reader"): "annotation__session",
    (Invitation, "created_by"): "session",
}


def key_of(model: type[Model], field: str) -> ForeignKey:
    return model._meta.get_field(field)


def name_of(model: type[Model], field: str) -> str:
    """`annotations.annotation.author`: what the rows are called in the event of a merge."""
    return f"{model._meta.label_lower}.{field}"


def owned(model: type[Model], field: str, person: User | int):
    """All rows that name this person there, in the trash or not."""
    return model._base_manager.filter(**{field: person})


def in_pieces(ids: Iterable[int], size: int = 500) -> Iterable[list[int]]:
    ids = list(ids)
    return (ids[at : at + size] for at in range(0, len(ids), size))
