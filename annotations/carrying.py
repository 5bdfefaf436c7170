"""Where marks stand in the revisions that came after the one in which their passage was chosen.

A mark is carried from its home, the newest revision in which a person chose its passage, straight to each later
revision, never from step to step: so a text that is put back gives back the place. Only where the way from home ends
in nothing is the one from the revision before taken, and then that from an earlier choice of a person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from django.db.models import F

from annotations.models import Anchor, Annotation, Crossing
from opslens.activity.record import Happened, record, record_many
from opslens.articles.documents import document_of
from opslens.articles.maps import map_between, map_of_revisions
from opslens.models import Article, Revision
from opslens.models.prepared import prepare
from opslens.text.anchoring import AMBIGUOUS, CHANGED, EXACT, LOST, MOVED, Place, carry, carry_all
from opslens.text.blocks import Document

ADRIFT = frozenset({AMBIGUOUS, LOST})
_GEOMETRY = ("start", "end", "first_block", "last_block", "state", "score", "is_doubtful")
_NO_PLACE = dict.fromkeys(("start", "end", "first_block", "last_block"))
BATCH = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a mark stands in one revision, by its author's hand or carried there. Code points."""

    annotation_id: int
    revision_id: int
    start: int
    end: int


def _standings(anchors) -> list[Standing]:
    return [Standing(*row) for row in anchors.values_list("annotation_id", "revision_id", "start", "end")]


def homes_of(annotations) -> list[Standing]:
    """The chosen places of these annotations. `annotations` is a queryset."""
    return _standings(
        Anchor.objects.filter(annotation__in=annotations, revision_id=F("annotation__revision_id")).order_by("pk")
    )


def places_in(text: str, number: int, homes: Iterable[Standing]) -> dict[int, Place]:
    """By annotation id, the place of each of these marks in a text that is, or would be, revision `number`."""
    homes = list(homes)
    home_of = {home.annotation_id: home for home in homes}
    places = _carried(text, homes)
    adrift = {annotation_id for annotation_id, place in places.items() if place.state in ADRIFT}
    if not adrift:
        return places
    for older in _older_standings(adrift, number, home_of):
        again = [standing for standing in older if standing.annotation_id in adrift]
        for annotation_id, place in _carried(text, again).items():
            if place.state in ADRIFT:
                continue
            places[annotation_id] = _compared_with(home_of[annotation_id], place, text)
            adrift.discard(annotation_id)
    return places


def _compared_with(home: Standing, place: Place, text: str) -> Place:
    """A place that was not reached from home: unless the words are the ones that were chosen last, a person looks."""
    if text[place.start : place.end] == document_of(home.revision_id).text[home.start : home.end]:
        return replace(place, state=MOVED)
    return replace(place, state=CHANGED, check=True)


def _carried(text: str, standings: list[Standing]) -> dict[int, Place]:
    by_revision: dict[int, list[Standing]] = defaultdict(list)
    for standing in standings:
        by_revision[standing.revision_id].append(standing)
    places: dict[int, Place] = {}
    for revision_id, group in by_revision.items():
        text_map = map_between(document_of(revision_id).text, text)
        spans = ((standing.start, standing.end) for standing in group)
        places |= zip((standing.annotation_id for standing in group), carry_all(text_map, spans), strict=True)
    return places


def _older_standings(adrift: set[int], number: int, home_of: dict[int, Standing]) -> list[list[Standing]]:
    """Other places to start from, in rounds: where the marks stand in the revision before `number`, then where a
    person had put them before, the newest first."""
    anchors = Anchor.objects.placed().filter(annotation_id__in=adrift, revision__number__lt=number)
    before = _standings(anchors.filter(revision__number=number - 1))
    rounds: list[list[Standing]] = [[s for s in before if s.revision_id != home_of[s.annotation_id].revision_id]]
    seen: Counter[int] = Counter()
    for standing in _standings(anchors.filter(method=Anchor.CHOSEN).order_by("-revision__number")):
        if standing.revision_id == home_of[standing.annotation_id].revision_id:
            continue
        seen[standing.annotation_id] += 1
        turn = seen[standing.annotation_id]
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(standing)
    return rounds


def geometry_of(document: Document, place: Place) -> dict:
    """The columns of an anchor that stands at this place."""
    common = {"state": place.state, "score": round(place.score, 4), "is_doubtful": place.check}
    if place.state in ADRIFT:
        return _NO_PLACE | common
    blocks = document.blocks_between(place.start, place.end)
    return common | {
        "start": place.start,
        "end": place.end,
        "first_block": blocks[0].ordinal,
        "last_block": blocks[-1].ordinal,
    }


def carry_into(revision: Revision, document: Document, *, actor=None) -> Counter[str]:
    """Bring every mark of the article that was chosen before this revision into it, or bring up to date where it
    stands there. Returns how many marks stand there in each state.

    Part of the caller's transaction. Records one event for the revision, with these numbers, and one for each mark
    that has lost or found its passage, or whose words have changed; marks that merely stay or move along make none.
    An outcome that is there already is left alone, with what a person has said about it.
    """
    marks = Annotation.objects.filter(article_id=revision.article_id, revision__number__lt=revision.number)
    places = places_in(document.text, revision.number, homes_of(marks))
    there = {anchor.annotation_id: anchor for anchor in Anchor.objects.filter(revision=revision)}
    before = {pk: anchor.state for pk, anchor in there.items()} or _states_before(revision)
    new, other = [], []
    for annotation_id, place in places.items():
        geometry = geometry_of(document, place)
        anchor = there.get(annotation_id)
        if anchor is None:
            new.append(Anchor(annotation_id=annotation_id, revision=revision, method=Anchor.CARRIED, **geometry))
        elif any(getattr(anchor, name) != value for name, value in geometry.items()):
            for name, value in geometry.items():
                setattr(anchor, name, value)
            anchor.looked_at, anchor.method = None, Anchor.CARRIED
            other.append(anchor)
    if new or other:
        Anchor.objects.bulk_create(new, batch_size=BATCH)
        Anchor.objects.bulk_update(other, [*_GEOMETRY, "looked_at", "method"], batch_size=BATCH)
        Crossing.objects.filter(anchor__in=[anchor.pk for anchor in other]).delete()
        Crossing.objects.bulk_create(
            [crossing for anchor in (*new, *other) for crossing in anchor.crossings()], batch_size=BATCH
        )
        _record(revision, places, before, actor)
    return Counter(place.state for place in places.values())


def _states_before(revision: Revision) -> dict[int, str]:
    """By annotation id, the state of each mark in the revision before."""
    before = Anchor.objects.filter(revision__article_id=revision.article_id, revision__number=revision.number - 1)
    return dict(before.values_list("annotation_id", "state"))


def _record(revision: Revision, places: dict[int, Place], before: dict[int, str], actor) -> None:
    channel = revision.article.channel
    # Marks of sessions are told of on channels of their own, and stand in the revision that the session reads.
    inside = set(
        Annotation.objects.filter(article_id=revision.article_id, session__isnull=False).values_list("pk", flat=True)
    )
    places = {pk: place for pk, place in places.items() if pk not in inside}
    counts = Counter(place.state for place in places.values())
    record(
        channel,
        "marks-carried",
        actor=actor,
        subject=f"revision:{revision.pk}",
        after={"number": revision.number, "marks": dict(sorted(counts.items()))},
    )
    turned = [pk for pk, place in places.items() if _told(place.state) != _told(before.get(pk, EXACT))]
    uids = dict(Annotation.objects.filter(pk__in=turned).values_list("pk", "uid"))
    record_many(
        channel,
        "passage-changed",
        [
            Happened(
                f"annotation:{uids[pk]}",
                before={"state": before.get(pk, EXACT)},
                after={"state": places[pk].state, "revision": revision.pk, "number": revision.number},
            )
            for pk in turned
        ],
        actor=actor,
    )


def _told(state: str) -> str:
    """What is news to an author: a passage that has moved is as good as one that stays."""
    return EXACT if state == MOVED else state


_later = prepare(
    lambda article, number: (
        Revision.objects.filter(article_id=article, number__gt=number).order_by("number").values_list("pk", "number")
    ),
    2_000_000_051,
    2_000_000_053,
)


def foresee(revision: Revision, start: int, end: int) -> dict[int, Place]:
    """Where a passage of this revision stands in each later one, by its id: for `carry_on`, worked out before anybody
    has to wait for the transaction. The revision has its article."""
    if revision.article.current_id == revision.pk:
        return {}
    maps = ((pk, map_of_revisions(revision.pk, pk)) for pk, _ in _later(revision.article_id, revision.number))
    return {pk: carry(text_map, start, end) for pk, text_map in maps}


def carry_on(
    annotation: Annotation, home: Anchor, number: int, foreseen: Mapping[int, Place] = MappingProxyType({})
) -> None:
    """Work out anew where one mark stands in the revisions after its home, which is revision `number`.

    Part of the caller's transaction, after its event: whoever publishes at the same moment waits for that event or
    has come before it, so that neither misses the other.
    """
    later = _later(annotation.article_id, number)
    if not later:
        return
    Anchor.objects.filter(annotation=annotation, revision_id__in=[pk for pk, _ in later]).delete()
    standing = Standing(annotation.pk, home.revision_id, home.start, home.end)
    for pk, later_number in later:
        document = document_of(pk)
        place = foreseen.get(pk)
        if place is None or place.state in ADRIFT:
            place = places_in(document.text, later_number, [standing])[annotation.pk]
        anchor = Anchor.objects.create(
            annotation=annotation, revision_id=pk, method=Anchor.CARRIED, **geometry_of(document, place)
        )
        Crossing.objects.bulk_create(anchor.crossings())


def carry_article(article: Article, *, actor=None) -> dict[int, Counter[str]]:
    """Carry every mark of an article anew into each of its revisions, oldest first; by revision number, how many marks
    stand there in each state. Part of the caller's transaction."""
    # In the order in which edits take them: the marks, then, with the first event, the channel.
    list(article.annotations.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    later = article.revisions.light().filter(number__gt=1).order_by("number")
    return {revision.number: carry_into(revision, document_of(revision.pk), actor=actor) for revision in later}


def counts_in(viewer, article: Article, text: str) -> Counter[str]:
    """How many of the marks that this viewer sees would stand in each state if `text` were published now."""
    number = article.current.number + 1
    marks = Annotation.objects.visible_to(viewer).filter(article=article)
    return Counter(place.state for place in places_in(text, number, homes_of(marks)).values())


def on_revision_published(sender, *, revision: Revision, document: Document, **kwargs) -> None:
    carry_into(revision, document, actor=revision.created_by)
