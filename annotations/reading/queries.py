"""What a viewer sees on a revision: marks as spans, cards, counts, heat. Every query goes through `visible_to`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from django.db.models import Count, Q, QuerySet

from annotations.codebook.kept import Look
from annotations.membership import Seat
from annotations.models import Anchor, Annotation, Crossing, Member, TeamSession
from annotations.reading.scope import EVERYBODY, MINE, OUTSIDE, Scope
from opslens.models import Article
from opslens.models.prepared import prepare


@dataclass(slots=True)
class Mark:
    """A visible mark and its place in a revision. `state` is one of `Anchor.STATES`, `looks` are in codebook order."""

    pk: int
    uid: str
    start: int
    end: int
    first_block: int
    last_block: int
    author_id: int
    revision_id: int
    state: str
    looks: list[Look] = field(default_factory=list)
    number: int = 0  # its place among the marks the viewer sees, from 1; 0 where that was not asked for


def visible_marks(
    viewer,
    revision_id: int,
    scope: Scope = OUTSIDE,
    *,
    blocks: range | None = None,
    over: int | None = None,
    before: int | None = None,
    since: int | None = None,
) -> QuerySet[Annotation]:
    """Annotations that this viewer sees on this revision, narrowed by the scope, to those that touch a
    range of `blocks`, to those that lie over the position `over` (code points), to those that begin in a block
    `before` this one, or to those that start at a position `since` or after it.

    All conditions on the anchor stand in one filter, so that they speak of one and the same anchor.
    """
    if blocks is None:
        place = Q(anchors__revision_id=revision_id, anchors__start__isnull=False)
    else:
        # Whatever reaches into these blocks from before also crosses into the first of them. Each side names the
        # revision, so that each can use its index.
        starting = Q(anchors__first_block__gte=blocks.start, anchors__first_block__lt=blocks.stop)
        crossing = Crossing.objects.filter(revision_id=revision_id, block=blocks.start).values("anchor_id")
        place = Q(anchors__revision_id=revision_id) & starting | Q(anchors__in=crossing)
    if over is not None:
        place &= Q(anchors__start__lte=over, anchors__end__gt=over)
    if before is not None:
        place &= Q(anchors__first_block__lt=before)
    if since is not None:
        place &= Q(anchors__start__gte=since)
    marks = scope.annotations(viewer).filter(place)
    if scope.whose == MINE:
        return marks.filter(author_id=viewer.pk) if viewer.is_authenticated else marks.none()
    return marks if scope.whose == EVERYBODY else marks.filter(author__username=scope.whose)


def _rows(marks: QuerySet[Annotation]) -> QuerySet:
    """Plain rows in document order (start, longer first, then by uid), one for each tag of a mark: building a model
    for each of ten thousand marks would cost more than weaving them."""
    return marks.order_by("anchors__start", "-anchors__end", "uid").values_list(
        "pk",
        "uid",
        "anchors__start",
        "anchors__end",
        "anchors__first_block",
        "anchors__last_block",
        "author_id",
        "anchors__revision_id",
        "anchors__state",
        "taggings__tag_id",
    )


_READER = SimpleNamespace(is_authenticated=True, pk=2_000_000_031)
_VISITOR = SimpleNamespace(is_authenticated=False)
_REVISION, _FIRST, _STOP = 2_000_000_033, 2_000_000_035, 2_000_000_037
_SESSION = 2_000_000_039


def _everybodys(viewer, scope: Scope, *stand_ins: int) -> tuple:
    def whole(*values: int) -> QuerySet:
        return _rows(visible_marks(viewer, _REVISION, scope))

    def blocks(*values: int) -> QuerySet:
        return _rows(visible_marks(viewer, _REVISION, scope, blocks=range(_FIRST, _STOP)))

    return prepare(whole, *stand_ins, _REVISION), prepare(blocks, *stand_ins, _REVISION, _FIRST, _STOP)


def _inside(is_blind: bool) -> Scope:
    session = TeamSession(pk=_SESSION, phase=TeamSession.ANNOTATING, is_blind=is_blind)
    return Scope(seat=Seat(session, Member(role=Member.ANNOTATOR, reads=True)))


_outside_readers = _everybodys(_READER, OUTSIDE, _READER.pk)
_outside_visitors = _everybodys(_VISITOR, OUTSIDE)
_inside_all = _everybodys(_READER, _inside(is_blind=False), _SESSION)
_inside_own = _everybodys(_READER, _inside(is_blind=True), _SESSION, _READER.pk)


def _prepared(viewer, scope: Scope) -> tuple[tuple, list[int]]:
    """The queries for everybody's marks of a scope, and the values that come before the revision."""
    if scope.seat is None:
        return (_outside_readers, [viewer.pk]) if viewer.is_authenticated else (_outside_visitors, [])
    if scope.seat.sees_all_marks:
        return _inside_all, [scope.session_id]
    return _inside_own, [scope.session_id, viewer.pk]


def marks_for(
    viewer, revision_id: int, scope: Scope, tags: dict[int, Look], *, blocks: range | None = None
) -> list[Mark]:
    """The marks that this viewer sees in this scope, on the whole revision or touching a range of blocks:
    `read_marks(visible_marks(viewer, revision_id, scope, blocks=blocks), tags)`, from a query that is compiled once
    where everybody's are asked for."""
    if scope.whose != EVERYBODY:
        return read_marks(visible_marks(viewer, revision_id, scope, blocks=blocks), tags)
    (whole, in_blocks), values = _prepared(viewer, scope)
    if blocks is None:
        return _assemble(whole(*values, revision_id), tags)
    return _assemble(in_blocks(*values, revision_id, blocks.start, blocks.stop), tags)


def read_marks(marks: QuerySet[Annotation], tags: dict[int, Look]) -> list[Mark]:
    """Load marks with their place and tags in one query, in document order (start, longer first, then by uid)."""
    return _assemble(_rows(marks), tags)


def _assemble(rows: Iterable[tuple], tags: dict[int, Look]) -> list[Mark]:
    found: list[Mark] = []
    last_pk, mark = None, None
    for pk, uid, start, end, first, last, author, revision, state, tag in rows:
        if pk != last_pk:
            mark = Mark(pk, uid, start, end, first, last, author, revision, state)
            found.append(mark)
            last_pk = pk
        if tag is not None:
            mark.looks.append(tags[tag])
    for mark in found:
        if len(mark.looks) > 1:
            mark.looks.sort(key=lambda look: look.order)
    return found


def mark_of(annotation: Annotation, anchor: Anchor, tag_ids: Iterable[int], tags: dict[int, Look]) -> Mark:
    """The same for one annotation that is in hand already."""
    found = sorted((tags[pk] for pk in tag_ids), key=lambda look: look.order)
    place = (anchor.start, anchor.end, anchor.first_block, anchor.last_block)
    return Mark(annotation.pk, annotation.uid, *place, annotation.author_id, anchor.revision_id, anchor.state, found)


def as_spans(marks: Iterable[Mark]) -> list[tuple[int, int, tuple[int, ...], str]]:
    """Marks in the form that `opslens.text.weaving.weave` takes."""
    return [(mark.start, mark.end, tuple([look.slot for look in mark.looks]), mark.uid) for mark in marks]


def slot_order(tags: dict[int, Look]) -> list[int]:
    """The slots in the order of the codebook: of several tags on a passage the first gives the tint."""
    return list(dict.fromkeys(look.slot for look in sorted(tags.values(), key=lambda look: look.order)))


def tally(marks: Iterable[Mark]) -> list[tuple[Look, int]]:
    """How many marks carry each tag, in codebook order."""
    counts = Counter(look for mark in marks for look in mark.looks)
    return sorted(counts.items(), key=lambda item: item[0].order)


def contested_ranges(marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """Starts and ends of overlaps in which two readers chose different tags of one exclusive group.

    One sweep over the ends of marks; its cost does not depend on how many marks lie over one another.
    """
    edges: list[tuple[int, int, int, int, int]] = []
    for mark in marks:
        for look in mark.looks:
            if look.exclusive_group is not None:
                edges.append((mark.start, 1, look.exclusive_group, look.pk, mark.author_id))
                edges.append((mark.end, -1, look.exclusive_group, look.pk, mark.author_id))
    edges.sort()
    # group -> tag -> author -> number of marks open at this point
    open_now: dict[int, dict[int, dict[int, int]]] = {edge[2]: {} for edge in edges}
    clashing: set[int] = set()
    ranges: list[tuple[int, int]] = []
    since = 0
    for at, step, group, tag, author in edges:
        tags = open_now[group]
        authors = tags.get(tag)
        if authors is None:
            authors = tags[tag] = {}
        left = authors.get(author, 0) + step
        if left:
            authors[author] = left
        else:
            del authors[author]
            if not authors:
                del tags[tag]
        clash = len(tags) > 1 and _two_readers(tags.values())
        if clash == (group in clashing):
            continue
        if clash:
            if not clashing:
                since = at
            clashing.add(group)
        else:
            clashing.discard(group)
            if not clashing and at > since:
                ranges.append((since, at))
    return ranges


def _two_readers(held: Iterable[dict[int, int]]) -> bool:
    first = None
    for authors in held:
        if len(authors) > 1:
            return True
        (author,) = authors
        if first is None:
            first = author
        elif author != first:
            return True
    return False


@dataclass(frozen=True, slots=True)
class HeatBin:
    """A slice of the strip: y and height in thousandths of the text, the first marked block in it, number of marks."""

    y: int
    height: int
    block: int
    count: int
    level: int
    contested: bool


def heat(marks: Sequence[Mark], length: int, bins: int = 100) -> list[HeatBin]:
    """Density of marks over a text of `length` code points in at most `bins` slices, empty ones left out."""
    if not marks or not length:
        return []
    counts, first_block, hot = [0] * bins, [0] * bins, [False] * bins
    for mark in marks:
        low, high = mark.start * bins // length, (mark.end - 1) * bins // length
        for at in range(low, min(high, bins - 1) + 1):
            if not counts[at]:
                first_block[at] = mark.first_block
            counts[at] += 1
    for start, end in contested_ranges(marks):
        for at in range(start * bins // length, min((end - 1) * bins // length, bins - 1) + 1):
            hot[at] = True
    top = max(counts)
    edges = [1000 * at // bins for at in range(bins + 1)]
    return [
        HeatBin(edges[at], edges[at + 1] - edges[at], first_block[at], counts[at], -(-counts[at] * 4 // top), hot[at])
        for at in range(bins)
        if counts[at]
    ]


def counts_of_articles(viewer, articles: Iterable[Article]) -> dict[int, list[tuple[str, int, int]]]:
    """Per article id: (tag name, slot, number of visible marks on its current revision that belong to no session), in
    codebook order."""
    current = {article.current_id: article.pk for article in articles}
    rows = (
        Annotation.objects.outside_sessions(viewer)
        .filter(anchors__revision_id__in=list(current), anchors__start__isnull=False, taggings__isnull=False)
        .values_list("article_id", "taggings__tag__name", "taggings__tag__slot")
        .annotate(n=Count("pk"))
        .order_by("taggings__tag__group__position", "taggings__tag__position")
    )
    counts: dict[int, list[tuple[str, int, int]]] = {}
    for article_id, name, slot, n in rows:
        counts.setdefault(article_id, []).append((name, slot, n))
    return counts
