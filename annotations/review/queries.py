"""The queue as a reviewer finds it, one mark of it with what stands around it, and what authors hear."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from django.core.cache import cache
from django.db.models import Case as Choose
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Left

from annotations.codebook.kept import all_tags, successor_of
from annotations.membership import session_by_id
from annotations.models import Anchor, Annotation, AnnotationTag, Flag, Member, Review, SavedQueue, Tag, TeamSession
from annotations.permissions import may_review_outside
from annotations.reading.notes import note_html
from annotations.reading.queries import Mark, contested_ranges
from annotations.reading.scope import OUTSIDE, Scope
from annotations.review.cases import Case, cases_under_review, shortened, with_details
from annotations.review.filters import ALL, CONTESTED, MADE, NEWEST, NO_SESSION, Filters
from opslens.articles.documents import document_of
from opslens.models import Article, User
from opslens.text.blocks import Document

WINDOW = 500  # marks of the queue that are at hand at once
MOST_COMPARED = 5_000  # the newest of them, among which contested ones are looked for
KEPT_SECONDS = 300
COUNTED = 10_000
BESIDE = 30  # marks of the queue that the list beside the mark shows
MOST_NEIGHBOURS = 12
MOST_TRAIL = 30
CONTEXT = 400  # code points before and after a passage
SNIPPET = 72


def may_open_queue(viewer) -> bool:
    """Whether there is anything at all that this viewer could review, today or another day."""
    if may_review_outside(viewer):
        return True
    mine = Member.objects.filter(user_id=viewer.pk, left_at=None, role__in=Member.OVERSEERS)
    return mine.filter(session__deleted_at=None, session__calibrates=None).exists()


Row = tuple[int, str]  # id and name of a mark


def window(viewer, filters: Filters, *, anew: bool = False) -> list[Row]:
    """The first marks of the queue in its order. An order that is costly to find is kept for some minutes: what has
    left the queue since is not in it, what has come since only when it is made `anew`."""
    if filters.order == NEWEST and not filters.contested:
        return list(filters.marks(viewer).order_by("-pk").values_list("pk", "uid")[:WINDOW])
    name = blake2b(filters.query.encode(), digest_size=12).hexdigest()
    key = f"review:order:{viewer.pk}:{name}"
    ids = None if anew else cache.get(key)
    if ids is None:
        anew, ids = True, _ordered(viewer, filters)
        cache.set(key, ids, KEPT_SECONDS)
    there = dict(filters.marks(viewer).filter(pk__in=ids).values_list("pk", "uid"))
    found = [(pk, there[pk]) for pk in ids if pk in there]
    is_worked_off = bool(ids) and not found and not anew
    return window(viewer, filters, anew=True) if is_worked_off else found


def _ordered(viewer, filters: Filters) -> list[int]:
    marks = filters.marks(viewer)
    if filters.contested or filters.order == CONTESTED:
        newest = list(marks.order_by("-pk").values_list("pk", flat=True)[:MOST_COMPARED])
        hot = contested_among(viewer, newest)
        if filters.contested:
            newest = [pk for pk in newest if pk in hot]
        if filters.order == CONTESTED:
            newest.sort(key=lambda pk: pk not in hot)
        if filters.order in (CONTESTED, NEWEST):
            return newest[:WINDOW]
        marks = Annotation.objects.filter(pk__in=newest)
    # Of the first articles alone, so that little more is sorted than is shown.
    articles, number = [], 0
    for article, here in marks.order_by("article_id").values_list("article_id").annotate(Count("pk")):
        articles.append(article)
        number += here
        if number >= WINDOW:
            break
    placed = marks.filter(article_id__in=articles, anchors__revision_id=F("revision_id"))
    placed = placed.order_by("article_id", "anchors__start", "-anchors__end", "pk")
    return list(placed.values_list("pk", flat=True)[:WINDOW])


def contested_among(viewer, ids: Sequence[int]) -> set[int]:
    """Those of these marks on whose words two readers chose different tags of one exclusive group, as far as the
    viewer sees their marks."""
    if not ids:
        return set()
    revision = Choose(When(session=None, then=F("article__current_id")), default=F("revision_id"))
    places = set(Annotation.objects.filter(pk__in=ids).annotate(_at=revision).values_list("_at", "session"))
    rows = AnnotationTag.objects.filter(
        exclusive_group__isnull=False,
        annotation__in=Annotation.objects.visible_to(viewer),
        annotation__anchors__revision_id__in={at for at, _ in places},
        annotation__anchors__start__isnull=False,
    ).values_list(
        "annotation_id",
        "annotation__author_id",
        "annotation__session_id",
        "annotation__anchors__revision_id",
        "annotation__anchors__start",
        "annotation__anchors__end",
        "exclusive_group_id",
        "tag_id",
    )
    piles: dict[tuple, list[Mark]] = {}
    for pk, author, session, at, start, end, group, tag in rows.order_by():
        if (at, session) in places:
            look = _Choice(tag, group)
            piles.setdefault((at, session, group), []).append(
                Mark(pk, "", start, end, 0, 0, author, at, "", looks=[look])
            )
    wanted, hot = set(ids), set()
    for marks in piles.values():
        ranges = contested_ranges(marks)
        starts = [start for start, _ in ranges]
        for mark in marks:
            at = bisect_right(starts, mark.end - 1) - 1
            if mark.pk in wanted and at >= 0 and ranges[at][1] > mark.start:
                hot.add(mark.pk)
    return hot


@dataclass(frozen=True, slots=True)
class _Choice:
    """A tag of an exclusive group, for `contested_ranges`."""

    pk: int
    exclusive_group: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the queue is, whatever the filter on states; `is_more`: there are more than are counted."""

    total: int
    reviewed: int
    is_more: bool = False

    @property
    def open(self) -> int:
        return self.total - self.reviewed


def progress_of(viewer, filters: Filters) -> Progress | None:
    """None where there is none to measure: marks leave the queue for good with a verdict."""
    if not filters.has_progress:
        return None
    newest = filters.whole(viewer).order_by("-pk").values("pk", "review_state")[: COUNTED + 1]
    found = newest.aggregate(all=Count("pk"), open=Count("pk", filter=Q(review_state=Annotation.UNREVIEWED)))
    total = min(found["all"], COUNTED)
    return Progress(total, max(0, total - found["open"]), found["all"] > COUNTED)


@dataclass(frozen=True, slots=True)
class Beside:
    """A mark in the list beside the one that is looked at."""

    uid: str
    words: str
    state: str
    is_here: bool


def beside(rows: Sequence[Row], here: int) -> list[Beside]:
    """The marks of the queue around the one at this place in it. One query."""
    low = max(0, min(here - BESIDE // 3, len(rows) - BESIDE))
    shown = rows[low : low + BESIDE]
    marks = Annotation.objects.filter(pk__in=[pk for pk, _ in shown]).order_by()
    found = {pk: rest for pk, *rest in marks.values_list("pk", Left("quote", SNIPPET + 1), "review_state")}
    return [
        Beside(uid, shortened(found[pk][0], SNIPPET), found[pk][1], number == here)
        for number, (pk, uid) in enumerate(shown, low)
        if pk in found
    ]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another mark on some of the same words."""

    annotation: Annotation
    words: str
    tags: list[Tag]
    note: str
    is_own: bool
    differs: bool


@dataclass(slots=True)
class Item:
    """A mark under review with what stands around it."""

    case: Case
    tags: list[Tag]
    note: str
    before: str
    words: str
    after: str
    state: str
    neighbours: list[Neighbour]
    more_neighbours: bool
    trail: list[Review]
    flags: list[Flag]
    groups: list[dict] = field(default_factory=list)

    @property
    def annotation(self) -> Annotation:
        return self.case.annotation

    @property
    def tags_shown(self) -> str:
        """Its tags as a form says which ones were seen."""
        return self.case.seen.tags_shown

    @property
    def contested(self) -> bool:
        return any(one.differs for one in self.neighbours)

    @property
    def came_back(self) -> bool:
        last = self.case.last
        is_open = self.annotation.review_state == Annotation.UNREVIEWED
        return is_open and last is not None and last.verdict == Review.RETURNED


def item_of(viewer, uid: str, ticked: Iterable[int] | None = None) -> Item | None:
    """The mark of this name with what stands around it, if the viewer may give a verdict on it. `ticked` are the tags
    that the form has ticked, those of the mark if None."""
    found = cases_under_review(viewer, uid=uid)
    if not found:
        return None
    case, annotation = found[0], found[0].annotation
    chosen = set(case.tag_ids if ticked is None else map(successor_of, ticked))
    anchor = _place_of(case)
    document, known = document_of(anchor.revision_id), all_tags()
    low, high = around(document, anchor.start, anchor.end)
    neighbours, more = _neighbours(viewer, case, anchor, document, known)
    trail = Review.objects.filter(annotation=annotation).select_related("reviewer").order_by("-pk")
    flags = Flag.objects.filter(annotation=annotation).exclude(outcome=Flag.WITHDRAWN)
    return Item(
        case=case,
        tags=in_order(case.tag_ids, known),
        note=note_html(annotation.note),
        before=document.text[low : anchor.start],
        words=document.text[anchor.start : anchor.end],
        after=document.text[anchor.end : high],
        state=anchor.state if anchor.revision_id != annotation.revision_id else Anchor.EXACT,
        neighbours=neighbours,
        more_neighbours=more,
        trail=list(trail[:MOST_TRAIL]),
        flags=list(flags.select_related("reader", "settled_by").order_by("-pk")[:MOST_TRAIL]),
        groups=_groups(case, known, chosen) if case.may_change else [],
    )


def _place_of(case: Case) -> Anchor:
    """Where it stands now, else where its passage was chosen."""
    annotation = case.annotation
    current = annotation.article.current_id
    if annotation.session_id is not None or current == case.home.revision_id:
        return case.home
    return Anchor.objects.placed().filter(annotation=annotation, revision_id=current).first() or case.home


def around(document: Document, start: int, end: int) -> tuple[int, int]:
    """Where the sentence before the passage begins, and the one after it ends; at most CONTEXT code points away."""
    first, last = document.block_at(start).ordinal, document.block_at(end - 1).ordinal
    near = [one for block in document.blocks[max(0, first - 1) : last + 2] for one in block.sentences]
    low = max((opens for opens, closes in near if closes <= start), default=start)
    low = min([low, *(opens for opens, closes in near if opens < start < closes)])
    high = min((closes for opens, closes in near if opens >= end), default=end)
    high = max([high, *(closes for opens, closes in near if opens < end < closes)])
    return max(low, start - CONTEXT), min(high, end + CONTEXT)


def in_order(ids: Iterable[int], known: dict[int, Tag]) -> list[Tag]:
    """Tags of these ids in codebook order, which is that of `known`."""
    wanted = set(ids)
    return [tag for pk, tag in known.items() if pk in wanted]


def _neighbours(
    viewer, case: Case, anchor: Anchor, document: Document, known: dict[int, Tag]
) -> tuple[list[Neighbour], bool]:
    annotation = case.annotation
    scope = OUTSIDE
    if annotation.session_id is not None:
        scope = Scope(seat=session_by_id(viewer, annotation.session_id))
    near = (
        Anchor.objects.filter(
            revision_id=anchor.revision_id,
            first_block__lte=anchor.last_block,
            start__lt=anchor.end,
            end__gt=anchor.start,
            annotation__in=scope.annotations(viewer).order_by(),
        )
        .exclude(annotation=annotation)
        .select_related("annotation__author")
    )
    # In the order of the index, so that no more are read than are shown.
    found = list(near.order_by("first_block", "start", "pk")[: MOST_NEIGHBOURS + 1])
    shown = found[:MOST_NEIGHBOURS]
    tags: dict[int, list[int]] = {}
    if shown:
        taggings = AnnotationTag.objects.filter(annotation__in=[one.annotation_id for one in shown])
        for pk, tag in taggings.values_list("annotation_id", "tag_id"):
            tags.setdefault(pk, []).append(tag)
    own = {known[pk].group_id: pk for pk in case.tag_ids if pk in known and known[pk].group.exclusive}
    neighbours = [
        Neighbour(
            one.annotation,
            shortened(document.text[one.start : one.end], 160),
            chosen := in_order(tags.get(one.annotation_id, ()), known),
            note_html(one.annotation.note),
            one.annotation.author_id == viewer.pk,
            one.annotation.author_id != annotation.author_id
            and any(own.get(tag.group_id, tag.pk) != tag.pk for tag in chosen),
        )
        for one in shown
    ]
    return neighbours, len(found) > len(shown)


def _groups(case: Case, known: dict[int, Tag], ticked: set[int]) -> list[dict]:
    """The tags that the mark may carry, by group: what is offered and what it carries."""
    book = case.annotation.session.codebook_id if case.annotation.session_id else None
    groups: dict[int, dict] = {}
    for tag in known.values():
        is_here = tag.codebook.is_default if book is None else tag.codebook_id == book
        if tag.pk in case.tag_ids or (is_here and tag.offered):
            group = groups.setdefault(tag.group_id, {"group": tag.group, "tags": []})
            group["tags"].append({"tag": tag, "chosen": tag.pk in ticked})
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters can be set to."""

    sessions: list[TeamSession]
    books: list[tuple[str, list[Tag]]]
    groups: list[tuple[int, str]]
    articles: list[tuple[str, str]]
    readers: list[tuple[str, str]]  # (user name, what others read)
    outside: bool


MOST_CHOICES = 200
NO_GROUP = "with a tag of a group that is not there any more"


def choices_of(viewer) -> Choices:
    sessions = list(TeamSession.objects.under_review_by(viewer).order_by("name", "pk")[:MOST_CHOICES])
    outside = may_review_outside(viewer)
    here = Annotation.objects.under_review_by(viewer).filter(article=OuterRef("pk"))
    articles = Article.objects.visible_to(viewer).filter(Exists(here)).order_by("title", "pk")
    theirs = Annotation.objects.under_review_by(viewer).filter(author=OuterRef("pk"))
    people = User.objects.filter(Exists(theirs)).order_by("display_name", "username")[:MOST_CHOICES]
    wanted = {session.codebook_id: session.name for session in sessions}
    books: dict[int, tuple[str, list[Tag]]] = {}
    groups: dict[int, str] = {}
    for tag in all_tags().values():
        if tag.merged_into_id:
            continue  # no mark carries it any more
        if tag.codebook_id in wanted or (outside and tag.codebook.is_default):
            name = "" if tag.codebook.is_default else wanted[tag.codebook_id]
            books.setdefault(tag.codebook_id, (name or tag.codebook.name, []))[1].append(tag)
            groups.setdefault(tag.group_id, f"{tag.group.name} ({name})" if name else tag.group.name)
    return Choices(
        sessions,
        list(books.values()),
        list(groups.items()),
        list(articles.values_list("slug", "title")[:MOST_CHOICES]),
        _names([(person.username, person.name) for person in people]),
        outside,
    )


def _names(people: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """People by name; the user name is added where two have the same."""
    often = Counter(name for _, name in people)
    told = [(key, f"{name} ({key})" if often[name] > 1 else name) for key, name in people]
    return sorted(told, key=lambda one: one[1].casefold())


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter that is set: what it lets through, in words and the name that follows them or ""; how the address goes
    on without it."""

    words: str
    name: str
    without: str


def chosen_in(filters: Filters, choices: Choices) -> list[Chosen]:
    """The filters that are set. An order is none."""
    tags = {tag.pk: tag.name for _, offered in choices.books for tag in offered}
    groups, articles, readers = dict(choices.groups), dict(choices.articles), dict(choices.readers)
    sessions = {session.uid: session.name for session in choices.sessions}
    outside, tag, group = filters.session == NO_SESSION, filters.tag_today, filters.group
    known = {
        "state": ("of any state" if filters.state == ALL else filters.state, ""),
        "tag": ("tagged", tags[tag]) if tag in tags else ("with a tag that is not there any more", ""),
        "group": ("tagged from", groups[group]) if group in groups else (NO_GROUP, ""),
        "reader": ("by", readers.get(filters.reader, filters.reader)),
        "session": (
            "outside of sessions" if outside else "in the session",
            "" if outside else sessions.get(filters.session, filters.session),
        ),
        "article": ("in", articles.get(filters.article, filters.article)),
        "age": (MADE.get(filters.age, ""), ""),
        "flagged": ("flagged", ""),
        "contested": ("contested", ""),
        "note": ("with a note", ""),
        "changed": ("on a changed passage", ""),
        "back": ("back from their author", ""),
    }
    return [Chosen(*known[name], filters.without(name).query) for name in known if filters.has(name)]


def saved_queues(viewer) -> list[SavedQueue]:
    return list(SavedQueue.objects.filter(reviewer_id=viewer.pk).exclude(name="").order_by("name"))


def cases_of(viewer, rows: Sequence[Row]) -> list[Case]:
    """These marks of the queue as cases, in their order. Five queries."""
    found = {case.annotation.pk: case for case in cases_under_review(viewer, pk__in=[pk for pk, _ in rows])}
    return [found[pk] for pk, _ in rows if pk in found]


MOST_MINE = 50


@dataclass(frozen=True, slots=True)
class Mine:
    """A mark of the viewer with its verdict."""

    case: Case
    tags: list[Tag]
    words: str
    may_edit: bool

    @property
    def annotation(self) -> Annotation:
        return self.case.annotation


@dataclass(frozen=True, slots=True)
class ForYou:
    """What a reader hears of reviewers: what was returned, other verdicts, one's own flags; the newest of each."""

    returned: list[Mine]
    verdicts: list[Mine]
    flags: list[Flag]
    more: bool


def for_you(viewer) -> ForYou:
    """Ten queries at most, whatever there is."""
    own = Annotation.objects.visible_to(viewer).filter(author_id=viewer.pk).exclude(review_state=Annotation.UNREVIEWED)
    # By the verdict, which may be much newer than the mark.
    said = Review.objects.filter(annotation=OuterRef("pk"), withdrawn_at=None).order_by("-pk")
    own = own.select_related("article", "session", "author").annotate(_said=Subquery(said.values("pk")[:1]))
    own = own.order_by(F("_said").desc(nulls_last=True), "-pk")
    returned = list(own.filter(review_state=Annotation.RETURNED)[: MOST_MINE + 1])
    others = list(own.exclude(review_state=Annotation.RETURNED)[: MOST_MINE + 1])
    more = len(returned) > MOST_MINE or len(others) > MOST_MINE
    known = all_tags()
    cases = with_details([*returned[:MOST_MINE], *others[:MOST_MINE]])
    mine = [
        Mine(case, in_order(case.tag_ids, known), shortened(case.annotation.quote, 240), case.may_change)
        for case in cases
    ]
    flags = Flag.objects.filter(reader_id=viewer.pk, annotation__in=Annotation.objects.visible_to(viewer).order_by())
    flags = flags.select_related("annotation__article", "annotation__author", "annotation__session", "settled_by")
    found = list(flags.order_by("-pk")[: MOST_MINE + 1])
    return ForYou(
        [one for one in mine if one.annotation.review_state == Annotation.RETURNED],
        [one for one in mine if one.annotation.review_state != Annotation.RETURNED],
        found[:MOST_MINE],
        more or len(found) > MOST_MINE,
    )
