"""Marks compared by their very words, without sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from annotations.agreement.coefficients import Undefined, character_f1, exact_f1
from annotations.agreement.coefficients.undefined import NOTHING_SHARED
from annotations.agreement.keeping import keep, kept, name_for
from annotations.agreement.queries import require_sight
from annotations.agreement.readings import Reading, readings_of
from annotations.agreement.report import SessionReport
from annotations.codebook.kept import all_tags
from annotations.membership import Seat
from opslens.articles.documents import document_of

# Start, end and the name of the tag; positions in the text of its article.
Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class PairExtents:
    """Two readers, as indices of rows: F1 of the characters and of the exact marks of the articles both finished."""

    first: int
    second: int
    characters: float | Undefined
    exact: float | Undefined


@dataclass(frozen=True, slots=True)
class Extents:
    """Marks as they are, without sentences. `spans[i][pk]`: those of the reader of row i in the session article `pk`
    that they finished, a tag each. `pairs`: of each two readers, in the order of rows."""

    spans: tuple[dict[int, tuple[Span, ...]], ...]
    pairs: tuple[PairExtents, ...]


def extents_of(seat: Seat, report: SessionReport) -> Extents:
    """How far the readers of a report marked the very same words. Raises Denied. Kept like the report."""
    require_sight(seat)
    name = name_for(seat.session, report.articles, "extents", report.state)
    found: Extents | None = kept(name)
    if found is None:
        found = _extents(seat, report, readings_of(seat, report.articles, report.state))
        keep(name, found)
    return found


def _extents(seat: Seat, report: SessionReport, readings: Sequence[Reading]) -> Extents:
    names = {pk: tag.name for pk, tag in all_tags().items() if tag.codebook_id == seat.session.codebook_id}
    place = {reader.user_id: at for at, reader in enumerate(report.readers)}
    spans: list[dict[int, tuple[Span, ...]]] = [{} for _ in report.readers]
    for reading in readings:
        if reading.marks is not None and reading.user in place:
            spans[place[reading.user]][reading.session_article] = tuple(
                (start, end, names[tag]) for start, end, tags in reading.marks for tag in tags if tag in names
            )
    # Pooled, the texts of all articles are one after the other.
    first, at = {}, 0
    for here in report.articles:
        first[here.pk] = at
        at += len(document_of(here.revision_id).text) + 1
    moved = [
        {pk: [(start + first[pk], end + first[pk], tag) for start, end, tag in there] for pk, there in own.items()}
        for own in spans
    ]
    pairs = []
    for i, j in combinations(range(len(moved)), 2):
        shared = moved[i].keys() & moved[j].keys()
        if not shared:
            pairs.append(PairExtents(i, j, Undefined(NOTHING_SHARED), Undefined(NOTHING_SHARED)))
            continue
        a, b = ([span for pk in sorted(shared) for span in moved[k][pk]] for k in (i, j))
        pairs.append(PairExtents(i, j, character_f1(a, b), exact_f1(a, b)))
    return Extents(tuple(spans), tuple(pairs))
