"""What the things are called that events speak of by number. Looked up for a whole page of events at once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import BooleanField, ExpressionWrapper, F, Q
from django.db.models.functions import Substr

from annotations.codebook.kept import Look, looks
from annotations.models import (
    Annotation,
    Assignment,
    Codebook,
    Decision,
    Question,
    Reply,
    SessionArticle,
    Surgery,
    TagGroup,
    TeamSession,
)
from opslens.articles.documents import document_of
from opslens.models import Article, Event, Revision

QUOTED = 160  # code points of a passage that a line of the history shows
_USER_FIELDS = ("actor", "decided_by", "reader", "user", "person", "into", "source", "target", "from", "to")
_NOW = ("merged_into__username", "merged_into__display_name")
_ARTICLE_FIELDS = ("article", "articles")
_OF_SESSION = re.compile(r"team:(\d{1,17})(?::|$)")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    username: str
    removed: bool  # whether nobody is to read who they were


@dataclass(frozen=True, slots=True)
class Passage:
    """A mark or a decision: its words, its article, and for a mark its author."""

    words: str
    article_id: int
    author_id: int | None = None
    session_id: int | None = None


@dataclass(slots=True)
class Names:
    """By key, what a page of events speaks of. Articles and sessions only as far as the viewer may know them."""

    people: dict[int, Person] = field(default_factory=dict)
    tags: dict[int, Look] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    codebooks: dict[int, tuple[str, str]] = field(default_factory=dict)  # name, address of its history
    articles: dict[int, tuple[str, str]] = field(default_factory=dict)  # title, name in addresses
    revisions: dict[int, tuple[int, int]] = field(default_factory=dict)  # number, article
    sessions: dict[int, tuple[str, str]] = field(default_factory=dict)  # name, name in addresses
    session_articles: dict[int, tuple[int, int]] = field(default_factory=dict)  # article, the revision it is read in
    marks: dict[str, Passage] = field(default_factory=dict)
    decisions: dict[str, Passage] = field(default_factory=dict)
    surgeries: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # kind, source, target
    assignments: dict[int, int] = field(default_factory=dict)  # article
    questions: dict[int, str] = field(default_factory=dict)
    hushed: set[int] = field(default_factory=set)  # replies that were deleted, by others than the viewer

    def person(self, pk: Any) -> str:
        found = self.people.get(pk) if isinstance(pk, int) else None
        return found.name if found else "somebody"

    def title(self, pk: Any) -> str:
        found = self.articles.get(pk) if isinstance(pk, int) else None
        return found[0] if found else "an article that is not open to you"

    def words(self, session_article: Any, start: int, end: int) -> str:
        """The words at [start, end) of the text in which a session reads an article."""
        known = all(isinstance(value, int) for value in (session_article, start, end))
        _, revision = self.session_articles.get(session_article, (0, 0)) if known else (0, 0)
        return cut(document_of(revision).text[start:end]) if revision else ""

    def tag(self, pk: Any) -> str:
        found = self.tags.get(pk) if isinstance(pk, int) else None
        return found.name if found else "a tag that is gone"


def names_for(viewer, events: Iterable[Event], *, everything: bool = False) -> Names:
    """What these events speak of; with `everything`, as staff may know it. At most fourteen queries, whatever the
    number of events."""
    wanted = _wanted(events)
    names = Names(tags=looks())
    names.groups = dict(TagGroup.objects.filter(pk__in=wanted["group"]).values_list("pk", "name"))
    names.marks = _marks(wanted["annotation"])
    names.decisions = _decisions(wanted["decision"])
    names.surgeries = {
        uid: (kind, source, target)
        for uid, kind, source, target in _in(Surgery, "uid", wanted["surgery"], "uid", "kind", "source", "target")
    }
    names.session_articles = {
        pk: (article, revision)
        for pk, article, revision in _in(SessionArticle, "pk", wanted["session_article"], "pk", "article", "revision")
    }
    names.assignments = dict(_in(Assignment, "pk", wanted["assignment"], "pk", "session_article__article"))
    names.questions = dict(_in(Question, "pk", wanted["question"], "pk", "text"))
    names.revisions = {
        pk: (number, article)
        for pk, number, article in _in(Revision, "pk", wanted["revision"], "pk", "number", "article")
    }
    names.codebooks = {book.pk: (book.name, book.get_absolute_url()) for book in _books(wanted["codebook"])}
    if wanted["reply"] and not everything:
        gone = Reply.objects.filter(pk__in=wanted["reply"], deleted_at__isnull=False).exclude(author_id=viewer.pk)
        names.hushed = set(gone.values_list("pk", flat=True))
    if wanted["session"] or wanted["in_session"]:
        door = TeamSession.objects.all() if everything else TeamSession.objects.of(viewer)
        here = door.filter(Q(uid__in=wanted["session"]) | Q(pk__in=wanted["in_session"])).order_by()
        names.sessions = {pk: (name, uid) for pk, name, uid in here.values_list("pk", "name", "uid")}
    articles = wanted["article"] | {article for _, article in names.revisions.values()}
    articles |= {article for article, _ in names.session_articles.values()} | set(names.assignments.values())
    articles |= {passage.article_id for passage in (*names.marks.values(), *names.decisions.values())}
    if articles:
        door = Article.objects.all() if everything else Article.objects.visible_to(viewer)
        rows = door.filter(pk__in=articles).order_by().values_list("pk", "title", "slug")
        names.articles = {pk: (title, slug) for pk, title, slug in rows}
    names.people = _people(wanted["user"] | {passage.author_id for passage in names.marks.values()})
    return names


def _in(model: Any, key: str, values: set, *fields: str) -> list[tuple]:
    if not values:
        return []
    return list(model.objects.filter(**{f"{key}__in": values}).order_by().values_list(*fields))


def _books(pks: set[int]) -> list[Codebook]:
    return list(Codebook.objects.filter(pk__in=pks)) if pks else []


def _people(pks: set[int | None]) -> dict[int, Person]:
    """People by id. Whose account was merged into one that is anonymous is as anonymous as that one."""
    pks = pks - {None}
    if not pks:
        return {}
    gone = Q(anonymised_at__isnull=False) | Q(merged_into__anonymised_at__isnull=False)
    people = (
        get_user_model().objects.filter(pk__in=pks).order_by().annotate(gone=ExpressionWrapper(gone, BooleanField()))
    )
    people = people.select_related("merged_into").only("username", "display_name", *_NOW)
    return {person.pk: Person(_name(person), person.username, person.gone) for person in people}


def _name(person) -> str:
    """What somebody is called; of an account that was merged, also as whom they are here today."""
    into = person.merged_into
    return f"{person.name} (now {into.name})" if into is not None and into.name != person.name else person.name


def _marks(uids: set[str]) -> dict[str, Passage]:
    rows = _in(Annotation, "uid", uids, "uid", "quote", "article", "author", "session")
    return {uid: Passage(cut(quote), article, author, session) for uid, quote, article, author, session in rows}


def _decisions(uids: set[str]) -> dict[str, Passage]:
    if not uids:
        return {}
    words = Substr("session_article__revision__text", F("start") + 1, F("end") - F("start"))
    rows = Decision.objects.filter(uid__in=uids).order_by().annotate(words=words)
    return {
        uid: Passage(cut(words), article)
        for uid, words, article in rows.values_list("uid", "words", "session_article__article")
    }


def cut(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= QUOTED else words[: QUOTED - 1].rstrip() + "…"


def session_in(channel: str) -> int | None:
    """The id of the session that a channel belongs to."""
    found = _OF_SESSION.match(channel)
    return int(found[1]) if found else None


def _wanted(events: Iterable[Event]) -> dict[str, set]:
    """By kind, the keys of what these events speak of."""
    wanted: dict[str, set] = defaultdict(set)
    for event in events:
        wanted["user"].add(event.actor_id)
        if session := session_in(event.channel.name):
            wanted["in_session"].add(session)
        kind, _, key = event.subject.partition(":")
        if kind in ("annotation", "decision", "session", "surgery"):
            wanted[kind].add(key)
        elif key.isascii() and key.isdigit() and len(key) < 18:
            wanted[kind].add(int(key))
        for state in (event.before, event.after):
            if isinstance(state, dict):
                _read(state, wanted)
    return wanted


def _read(state: dict[str, Any], wanted: dict[str, set]) -> None:
    def number(name: str, kind: str) -> None:
        values = state.get(name)
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**62:
                wanted[kind].add(value)

    number("group_id", "group")
    number("revision", "revision")
    number("reply", "reply")
    number("codebook", "codebook")
    number("calibration_id", "session_article")
    # What is settled names the article of its session; other events name the article itself.
    in_session = "verdict" in state or "decisions" in state
    for name in _ARTICLE_FIELDS:
        number(name, "session_article" if in_session else "article")
    for name in _USER_FIELDS:
        number(name, "user")
