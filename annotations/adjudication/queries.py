"""The desk as it stands: the passages of an article, what was decided about each, and what is left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.contrib.auth import get_user_model

from annotations.adjudication.passages import DeskMark, Passage, passages_of
from annotations.adjudication.ranges import Places
from annotations.adjudication.votes import readers_of
from annotations.membership import Seat
from annotations.models import Annotation, Assignment, Considered, Decision, Reply, SessionArticle

NO_PASSAGE = "This passage is not on the desk any more, or never was."


@dataclass(slots=True)
class Settled:
    """A decision in force, with the ids of its tags and the marks it was made on: mark id -> version then."""

    decision: Decision
    tags: tuple[int, ...]
    considered: dict[int, int]

    @property
    def by_person(self) -> bool:
        return self.decision.method == Decision.PERSON

    @property
    def rejected(self) -> bool:
        return self.decision.verdict == Decision.REJECTED


@dataclass(slots=True)
class Item:
    """A passage on the desk. `number` counts from 1 in the order of the queue."""

    number: int
    passage: Passage
    settled: Settled | None = None

    @property
    def is_open(self) -> bool:
        return self.settled is None

    @property
    def has_changed(self) -> bool:
        """Whether its marks are others, or in other versions, than those it was decided on."""
        now = {mark.pk: mark.version for mark in self.passage.marks}
        return self.settled is not None and self.settled.considered != now


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an article is; `contested` counts what is contested and open."""

    passages: int
    decided: int
    by_people: int
    contested: int
    changed: int
    left_over: int

    @property
    def open(self) -> int:
        return self.passages - self.decided

    @property
    def is_done(self) -> bool:
        return not self.open and not self.changed and not self.left_over

    @property
    def percent(self) -> int:
        return 100 * self.decided // self.passages if self.passages else 100


@dataclass(slots=True)
class Desk:
    """An article on the desk. `left_over`: decisions in force whose passage is not there any more, or that another
    decision about the same passage stands before."""

    here: SessionArticle
    readers: tuple[int, ...]
    items: list[Item]
    left_over: list[Settled] = field(default_factory=list)

    def at(self, uid: str) -> Item | None:
        """The item that holds the mark of this name."""
        return next((item for item in self.items if any(mark.uid == uid for mark in item.passage.marks)), None)

    def of_decision(self, decision_id: int) -> Item | None:
        """The item that is settled by this decision."""
        return next((item for item in self.items if item.settled and item.settled.decision.pk == decision_id), None)

    def next_open(self, after: Item | None = None) -> Item | None:
        """The first open or changed one behind this one; then, from the beginning; None when there is none."""
        behind = self.items[after.number :] if after else []
        for item in [*behind, *self.items]:
            if (item.is_open or item.has_changed) and item is not after:
                return item
        return None

    @property
    def progress(self) -> Progress:
        return Progress(
            passages=len(self.items),
            decided=sum(not item.is_open for item in self.items),
            by_people=sum(item.settled is not None and item.settled.by_person for item in self.items),
            contested=sum(item.is_open and item.passage.contested for item in self.items),
            changed=sum(item.has_changed for item in self.items),
            left_over=len(self.left_over),
        )


def marks_on(
    viewer, seat: Seat, articles: Sequence[SessionArticle], *, notes: bool = True
) -> dict[int, list[DeskMark]]:
    """By session article, everybody's marks on it in the revision of the session, as far as this viewer may see them.
    One query; without notes where they are not needed."""
    found: dict[int, list[DeskMark]] = {here.pk: [] for here in articles}
    if not articles:
        return found
    by_article = {here.article_id: here for here in articles}
    marks = Annotation.objects.in_session(seat.session, seat.member, viewer).filter(
        article__in=by_article,
        anchors__revision_id__in={here.revision_id for here in articles},
        anchors__start__isnull=False,
    )
    rows = marks.order_by("anchors__start", "pk").values_list(
        *("pk", "uid", "article_id", "anchors__revision_id", "anchors__start", "anchors__end", "author_id", "version"),
        "taggings__tag_id",
    )
    last, tags = None, []
    for pk, uid, article_id, revision_id, start, end, author, version, tag in rows:
        here = by_article[article_id]
        if revision_id != here.revision_id:
            continue
        if pk != last:
            last, tags = pk, []
            found[here.pk].append((pk, uid, start, end, author, tags, version))
        if tag is not None:
            tags.append(tag)
    return {pk: [DeskMark(*row[:5], tuple(sorted(row[5])), row[6]) for row in listed] for pk, listed in found.items()}


def decisions_on(articles: Iterable[SessionArticle]) -> dict[int, list[Settled]]:
    """By session article, its decisions in force, in document order. Three queries."""
    articles = list(articles)
    found: dict[int, list[Settled]] = {here.pk: [] for here in articles}
    live = Decision.objects.filter(session_article__in=found, deleted_at=None)
    by_id: dict[int, Settled] = {}
    for decision in live.select_related("decided_by"):
        by_id[decision.pk] = settled = Settled(decision, (), {})
        found[decision.session_article_id].append(settled)
    if not by_id:
        return found
    tags: dict[int, list[int]] = {}
    through = Decision.tags.through.objects.filter(
        decision__session_article__in=found, decision__deleted_at=None
    ).order_by("tag_id")
    for decision_id, tag_id in through.values_list("decision_id", "tag_id"):
        tags.setdefault(decision_id, []).append(tag_id)
    for decision_id, listed in tags.items():
        by_id[decision_id].tags = tuple(listed)
    rows = Considered.objects.filter(decision__session_article__in=found, decision__deleted_at=None)
    for decision_id, mark_id, version in rows.values_list("decision_id", "annotation_id", "version"):
        by_id[decision_id].considered[mark_id] = version
    return found


def _laid_out(here: SessionArticle, readers: tuple[int, ...], marks: list[DeskMark], decisions: list[Settled]) -> Desk:
    """Which decision is about which passage: the one that has most of the marks it was made on, or, when those are
    gone, one whose words it shares."""
    items = [Item(number, passage) for number, passage in enumerate(passages_of(marks, readers), 1)]
    desk = Desk(here, readers, items)
    holder = {mark.pk: item for item in items for mark in item.passage.marks}
    cores = Places((item.passage.core_start, item.passage.core_end, item.number) for item in items)
    claims: dict[int, list[tuple[tuple, Settled]]] = {}
    for settled in decisions:
        decision = settled.decision
        holding = Counter(holder[pk].number for pk in settled.considered if pk in holder)
        number, most = max(holding.items(), key=lambda found: (found[1], -found[0]), default=(0, 0))
        if not number:
            number = min(cores.with_words_of(decision.start, decision.end), default=0)
        if not number:
            desk.left_over.append(settled)
            continue
        rank = (most > 0, settled.by_person, most, decision.updated_at, decision.pk)
        claims.setdefault(number, []).append((rank, settled))
    for number, listed in claims.items():
        listed.sort(key=lambda claim: claim[0], reverse=True)
        items[number - 1].settled = listed[0][1]
        desk.left_over.extend(settled for _, settled in listed[1:])
    desk.left_over.sort(key=lambda settled: (settled.decision.start, settled.decision.pk))
    return desk


def desk_of(viewer, seat: Seat, here: SessionArticle) -> Desk:
    """One article on the desk. At most five queries."""
    marks = marks_on(viewer, seat, [here])[here.pk]
    return _laid_out(here, readers_of(here), marks, decisions_on([here])[here.pk])


def desks_of(viewer, seat: Seat, articles: Sequence[SessionArticle]) -> list[Desk]:
    """All of these articles on the desk. At most five queries, whatever their number."""
    marks, decisions = marks_on(viewer, seat, articles), decisions_on(articles)
    readers: dict[int, list[int]] = {here.pk: [] for here in articles}
    done = Assignment.objects.filter(session_article__in=readers, state=Assignment.DONE).order_by("member__user_id")
    for pk, user_id in done.values_list("session_article_id", "member__user_id"):
        readers[pk].append(user_id)
    return [_laid_out(here, tuple(readers[here.pk]), marks[here.pk], decisions[here.pk]) for here in articles]


def articles_of(seat: Seat) -> list[SessionArticle]:
    """The articles of the session in its order, without those in the trash."""
    found = list(seat.session.articles.filter(article__deleted_at=None).select_related("article"))
    for here in found:
        here.session = seat.session
    return found


def people(ids: Iterable[int]) -> dict[int, object]:
    """Users by id; one query."""
    return get_user_model().objects.in_bulk(set(ids))


def notes_of(marks: Iterable[DeskMark]) -> dict[int, str]:
    """The notes of these marks by id; one query."""
    return dict(Annotation.objects.filter(pk__in=[mark.pk for mark in marks]).order_by().values_list("pk", "note"))


def replies_under(marks: Iterable[DeskMark]) -> dict[int, list[Reply]]:
    """By mark id, what was said under it; one query."""
    found: dict[int, list[Reply]] = {}
    said = Reply.objects.filter(annotation__in=[mark.pk for mark in marks], deleted_at=None)
    for reply in said.select_related("author"):
        found.setdefault(reply.annotation_id, []).append(reply)
    return found
