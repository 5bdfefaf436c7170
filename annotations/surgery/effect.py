"""What a surgery would do to the agreement of readers: alpha over tag sets as it is, and with changed tags.

Nothing is written for it. It is about marks as they are now, for those who may see the agreement of the session.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from annotations.agreement.coefficients import Undefined, tag_report
from annotations.agreement.queries import MINIMUM_READERS, MINIMUM_UNITS, articles_of
from annotations.agreement.readings import NOW, Retag, readings_of
from annotations.agreement.units import sentences_of, values_of
from annotations.codebook.kept import all_tags
from annotations.membership import Seat, session_by_id
from annotations.models import Codebook, SessionArticle, Tag, TeamSession
from annotations.permissions import may_oversee
from annotations.surgery.actions import WIN
from annotations.surgery.selecting import Selection
from opslens.articles.documents import document_of
from opslens.web.refusals import Missing

NEW = 0  # stands for the id of a tag that is not made yet
WORDS = {
    "no-variation": "there is none: all readers gave the same everywhere",
    "too-few-readers": "there is none: fewer than two readers have finished",
    "too-few-units": "there is none: fewer than ten sentences have been read",
    "nothing-shared": "there is none: no sentence was read by two",
}


@dataclass(frozen=True, slots=True)
class Effect:
    """One session: alpha `now` and `after`, in words; or why nothing is said."""

    session: TeamSession
    now: str = ""
    after: str = ""
    reason: str = ""

    @property
    def is_same(self) -> bool:
        return self.now == self.after


def effects_of(viewer, codebook: Codebook, retag_in) -> list[Effect]:
    """For each session with this codebook that the viewer leads or reviews. `retag_in(session)` gives its `Retag`."""
    found = []
    sessions = TeamSession.objects.filter(codebook=codebook, calibrates=None, deleted_at=None).order_by("pk")
    for pk in sessions.values_list("pk", flat=True):
        try:
            seat = session_by_id(viewer, pk)
        except Missing:
            continue
        if not may_oversee(seat.member):
            continue
        if not (seat.sees_all_marks and seat.session.shows_marks):
            found.append(Effect(seat.session, reason="Its marks are not shown to all yet."))
            continue
        articles = articles_of(seat.session)
        now, after = _alpha(seat, articles, None), _alpha(seat, articles, retag_in(seat.session))
        found.append(Effect(seat.session, _in_words(now), _in_words(after)))
    return found


def _in_words(value: float | Undefined) -> str:
    return WORDS[value.reason] if isinstance(value, Undefined) else f"{value:.3f}"


def _alpha(seat: Seat, articles: list[SessionArticle], retag: Retag | None) -> float | Undefined:
    session = seat.session
    sentences = {here.pk: sentences_of(document_of(here.revision_id)) for here in articles}
    values: dict[int, dict[int, list[frozenset[str]]]] = {}
    for reading in readings_of(seat, articles, NOW, retag=retag):
        if reading.marks is None:
            continue
        units, _ = values_of(
            sentences[reading.session_article],
            reading.marks,
            share=session.coverage_share,
            characters=session.coverage_characters,
        )
        named = [frozenset(map(str, ids)) for ids in units]
        values.setdefault(reading.user, {})[reading.session_article] = named
    rows = [
        [value for pk, here in sentences.items() for value in by_article.get(pk) or [None] * len(here)]
        for by_article in values.values()
    ]
    tags = sorted({tag for row in rows for value in row if value for tag in value})
    report = tag_report(rows, tags, draws=0, minimum_readers=MINIMUM_READERS, minimum_units=MINIMUM_UNITS)
    return report.headline.alpha


def retagging(source: Tag, target: int, group_id: int | None, clash: str, marks: Collection[int] | None) -> Retag:
    """`Retag` of a surgery: `marks` are the ids of those it is about (None: all); `group_id` is the target's group if
    that is exclusive. Where nothing is chosen, a mark with another tag of that group is shown as keeping it."""
    rivals = {pk for pk, tag in all_tags().items() if group_id is not None and tag.group_id == group_id}
    rivals -= {source.pk, target}

    def retag(mark: int, tags: list[int]) -> list[int]:
        if source.pk not in tags or (marks is not None and mark not in marks):
            return tags
        others = [tag for tag in tags if tag != source.pk]
        if target in others:
            return others
        if rivals.intersection(others):
            return [*(tag for tag in others if tag not in rivals), target] if clash == WIN else others
        return [*others, target]

    return retag


def of_merge(viewer, source: Tag, target: Tag, clash: str) -> list[Effect]:
    group_id = target.group_id if target.group.exclusive else None
    return effects_of(viewer, source.codebook, lambda session: retagging(source, target.pk, group_id, clash, None))


def of_split(viewer, source: Tag, target: int, group_id: int | None, clash: str, selection: Selection) -> list[Effect]:
    def retag_in(session: TeamSession) -> Retag:
        marks = selection.marks(viewer, source).filter(session=session)
        return retagging(source, target, group_id, clash, set(marks.order_by().values_list("pk", flat=True)))

    return effects_of(viewer, source.codebook, retag_in)
