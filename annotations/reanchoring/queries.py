"""Marks that a person should look at, because their passage has changed or gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, F, Q, QuerySet

from annotations.codebook.kept import Look, looks
from annotations.models import Anchor, Annotation
from annotations.permissions import may_moderate
from annotations.reading.notes import note_html
from opslens.articles.documents import document_of
from opslens.articles.maps import map_of_revisions
from opslens.models import Article
from opslens.text.anchoring import AMBIGUOUS, carry, suggest
from opslens.text.blocks import Document
from opslens.text.side_by_side import apart

CONTEXT = 140  # code points shown on either side of a passage
SUGGESTIONS = 3
MOST_PLACES = 8  # of an ambiguous mark


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage, code points of one revision, with what stands around it in its block or blocks."""

    start: int
    end: int
    before: str
    words: str
    after: str
    block: int
    score: float = 1.0  # 0 to 1

    @property
    def percent(self) -> int:
        return round(self.score * 100)


@dataclass(slots=True)
class Case:
    """A mark to look at: the passage as it was chosen, and where it could stand now, the best place first."""

    annotation: Annotation
    anchor: Anchor
    was: Excerpt
    places: list[Excerpt] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    @property
    def then_html(self) -> str:
        """The words of a changed passage as they were, with what went marked."""
        return apart(self.was.words, self.places[0].words)[0]

    @property
    def now_html(self) -> str:
        """The words of a changed passage as they are, with what came marked."""
        return apart(self.was.words, self.places[0].words)[1]

    @property
    def note(self) -> str:
        return note_html(self.annotation.note)


def _in_charge(viewer) -> Q:
    """Whose marks a viewer looks after: one's own, and administrators after all that they may read."""
    return Q() if may_moderate(viewer) else Q(author_id=viewer.pk)


def to_look_at(viewer, *, left: bool = False) -> QuerySet[Annotation]:
    """The marks in this viewer's charge that stand nowhere, or doubtfully, in the current revision of their article;
    with `left` those of them about which somebody has said that they may stay like this."""
    here = Q(anchors__revision_id=F("article__current_id"), anchors__looked_at__isnull=not left)
    astray = Q(anchors__start=None) | Q(anchors__is_doubtful=True)
    # In a session everybody reads one and the same revision; its marks have nowhere else to stand.
    return Annotation.objects.outside_sessions(viewer).filter(_in_charge(viewer)).filter(here & astray)


def counts_to_look_at(viewer, articles: Iterable[Article]) -> dict[int, int]:
    """By article id, how many marks wait for a look; one query."""
    if not viewer.is_authenticated:
        return {}
    marks = to_look_at(viewer).filter(article__in=list(articles))
    return dict(marks.order_by().values_list("article_id").annotate(n=Count("pk")))


def cases_of(annotations: list[Annotation]) -> list[Case]:
    """These annotations, which have their articles and authors, as cases. Two queries whatever their number."""
    current = {annotation.pk: annotation.article.current_id for annotation in annotations}
    wanted = Q(revision_id__in=set(current.values())) | Q(revision_id__in={a.revision_id for a in annotations})
    anchors = {
        (anchor.annotation_id, anchor.revision_id): anchor
        for anchor in Anchor.objects.filter(wanted, annotation__in=list(current))
    }
    tags = looks()
    carried: dict[int, list[Look]] = {}
    for annotation_id, tag in Annotation.objects.filter(pk__in=list(current)).values_list("pk", "taggings__tag_id"):
        if tag is not None:
            carried.setdefault(annotation_id, []).append(tags[tag])
    return [
        _case(
            annotation,
            anchors[annotation.pk, annotation.revision_id],
            anchors[annotation.pk, current[annotation.pk]],
            sorted(carried.get(annotation.pk, []), key=lambda look: look.order),
        )
        for annotation in annotations
    ]


def _case(annotation: Annotation, home: Anchor, anchor: Anchor, carried: list[Look]) -> Case:
    now = document_of(anchor.revision_id)
    case = Case(annotation, anchor, excerpt(document_of(home.revision_id), home.start, home.end), looks=carried)
    if anchor.is_placed:
        case.places = [excerpt(now, anchor.start, anchor.end, anchor.score)]
        return case
    text_map = map_of_revisions(home.revision_id, anchor.revision_id)
    if anchor.state == AMBIGUOUS:
        found = carry(text_map, home.start, home.end).candidates[:MOST_PLACES]
        case.places = [excerpt(now, start, end) for start, end in found]
    else:
        found = suggest(text_map, home.start, home.end, SUGGESTIONS)
        case.places = [excerpt(now, one.start, one.end, one.score) for one in found]
    return case


def excerpt(document: Document, start: int, end: int, score: float = 1.0) -> Excerpt:
    """A passage of a document with what stands around it."""
    blocks = document.blocks_between(start, end)
    text = document.text
    before = text[max(blocks[0].start, start - CONTEXT) : start]
    after = text[end : min(blocks[-1].end, end + CONTEXT)]
    if start - CONTEXT > blocks[0].start:
        before = "…" + (before.partition(" ")[2] or before)
    if end + CONTEXT < blocks[-1].end:
        after = (after.rpartition(" ")[0] or after) + "…"
    return Excerpt(start, end, before, text[start:end], after, blocks[0].ordinal, score)
