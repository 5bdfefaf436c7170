"""What readers of an article in a session have marked, side by side. Every query starts from the viewer's seat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from annotations.codebook.kept import looks
from annotations.discussion.passages import Passage, passages_of, votes_on
from annotations.membership import Seat
from annotations.models import Annotation, Assignment, Reply, SessionArticle
from annotations.reading.notes import note_html
from annotations.reading.queries import Mark, read_marks
from annotations.reading.replies import reply_counts
from annotations.reading.scope import Scope
from opslens.articles.documents import document_of
from opslens.models import User
from opslens.text.blocks import Document


@dataclass(slots=True)
class Reader:
    """Somebody who reads the article in the session, or has marked it there. `state` is one of `Assignment.STATES`, ""
    for somebody to whom it is not assigned."""

    pk: int
    username: str
    name: str
    initials: str
    is_own: bool
    state: str = ""
    reason: str = ""
    note: str = ""
    has_left: bool = False
    marks: int = 0

    @property
    def has_finished(self) -> bool:
        return self.state == Assignment.DONE

    @property
    def how_far(self) -> str:
        """In words; nothing that could be taken for an empty answer."""
        if self.state == Assignment.DONE:
            return "finished"
        if self.state == Assignment.SKIPPED:
            return "skipped the article"
        return "not finished"

    @property
    def note_html(self) -> str:
        return note_html(self.note)


def readers_of(viewer, here: SessionArticle, marks: Iterable[Mark]) -> list[Reader]:
    """Everybody to whom the article is assigned, in the order in which they joined, then whoever else has marked it.
    Readers who have left stay: their marks do."""
    found: dict[int, Reader] = {}
    assigned = Assignment.objects.filter(session_article=here).select_related("member__user")
    for work in assigned.order_by("member__joined_at", "member_id"):
        reader = found[work.member.user_id] = _reader(viewer, work.member.user)
        reader.state, reader.reason, reader.note = work.state, work.reason, work.note
        reader.has_left = work.member.left_at is not None
    counts = Counter(mark.author_id for mark in marks)
    if others := counts.keys() - found.keys():
        for user in User.objects.filter(pk__in=others).order_by("username"):
            found[user.pk] = _reader(viewer, user)
            found[user.pk].has_left = True
    for pk, reader in found.items():
        reader.marks = counts[pk]
    return list(found.values())


def _reader(viewer, user: User) -> Reader:
    return Reader(user.pk, user.username, user.name, user.initials, user.pk == viewer.pk)


def marks_on(viewer, seat: Seat, revisions: Collection[int]) -> list[Mark]:
    """The marks of the session on these revisions that the viewer may read, each in document order. One query, and one
    for the tags when a codebook has changed."""
    place = {"anchors__revision_id__in": revisions, "anchors__start__isnull": False}
    return read_marks(Scope(seat=seat).annotations(viewer).filter(**place), looks())


def passages_in(seat: Seat, document: Document, marks: Iterable[Mark]) -> list[Passage]:
    """The passages that these marks make, by the rule of the session."""
    session = seat.session
    return passages_of(document, marks, share=session.coverage_share, characters=session.coverage_characters)


@dataclass(frozen=True, slots=True)
class Overview:
    """An article of the session: how many passages somebody marked, on how many of them readers differ, how many
    readers there are and have finished, and how many replies were written."""

    here: SessionArticle
    passages: int
    contested: int
    readers: int
    finished: int
    replies: int
    is_own: bool


def overviews(viewer, seat: Seat, articles: Sequence[SessionArticle]) -> list[Overview]:
    """For each of these articles of the session. Three queries, the marks' tags, and the texts that are not at hand."""
    marks: dict[int, list[Mark]] = {here.revision_id: [] for here in articles}
    for mark in marks_on(viewer, seat, list(marks)):
        marks[mark.revision_id].append(mark)
    states: dict[int, dict[int, str]] = {here.pk: {} for here in articles}
    assigned = Assignment.objects.filter(session_article__in=articles).order_by()
    for pk, user_id, state in assigned.values_list("session_article_id", "member__user_id", "state"):
        states[pk][user_id] = state
    replies: Counter[int] = Counter()
    said = Reply.objects.filter(
        annotation__in=Scope(seat=seat).annotations(viewer),
        annotation__article__in=[here.article_id for here in articles],
        deleted_at=None,
    )
    for article_id in said.order_by().values_list("annotation__article_id", flat=True):
        replies[article_id] += 1
    found = []
    for here in articles:
        finished = {pk for pk, state in states[here.pk].items() if state == Assignment.DONE}
        passages = passages_in(seat, document_of(here.revision_id), marks[here.revision_id])
        contested = sum(votes_on(passage, finished).is_contested for passage in passages)
        found.append(
            Overview(
                here,
                len(passages),
                contested,
                len(states[here.pk]),
                len(finished),
                replies[here.article_id],
                viewer.pk in states[here.pk],
            )
        )
    return found


def annotations_of(viewer, seat: Seat, marks: Iterable[Mark]) -> tuple[dict[int, Annotation], dict[int, int]]:
    """The rows of these marks by id, and how many replies stand under those that the viewer may talk about. Two
    queries."""
    rows = Scope(seat=seat).annotations(viewer).only("pk", "uid", "note", "session_id", "created_at", "updated_at")
    found = rows.in_bulk([mark.pk for mark in marks])
    for annotation in found.values():
        annotation.session = seat.session
    return found, reply_counts(viewer, found.values())
