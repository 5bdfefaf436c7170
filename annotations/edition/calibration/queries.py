"""A calibration as its reader finds it: what is next, and, once they are done, where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from annotations.agreement.units import covered, sentences_of, values_of
from annotations.codebook.kept import Look, looks
from annotations.edition.access import published
from annotations.edition.calibration.comparing import Overlap, overlap_by_tag
from annotations.edition.settled import Settled, settled_in
from annotations.membership import Seat
from annotations.models import Assignment, SessionArticle
from annotations.reading.queries import marks_for
from annotations.reading.scope import Scope
from opslens.articles.documents import document_of


@dataclass(frozen=True, slots=True)
class Trying:
    """`here`: the article in the reader's own session; `work`: how far they are with it; `settled`: the article in its
    edition, None while that is not open to them."""

    here: SessionArticle
    work: Assignment
    settled: SessionArticle | None

    @property
    def is_done(self) -> bool:
        return self.work.state == Assignment.DONE


def trying(viewer, seat: Seat) -> Trying | None:
    """What a calibrating session is about; None when its article is not there any more. Three queries."""
    here = seat.session.articles.filter(article__deleted_at=None).select_related("article").first()
    work = here and Assignment.objects.filter(session_article=here, member=seat.member).first()
    if work is None:
        return None
    return Trying(here, work, published(viewer).filter(pk=seat.session.calibrates_id).first())


@dataclass(frozen=True, slots=True)
class TagRow:
    look: Look
    overlap: Overlap

    @property
    def f1(self) -> str:
        f1 = self.overlap.f1
        return "" if f1 is None else f"{f1:.2f}"

    @property
    def words(self) -> str:
        """What the figures say, for people."""
        one = self.overlap
        own, theirs = one.both + one.only_reader, one.both + one.only_settled
        if not own:
            return f"You marked none; the settled reading has {theirs}."
        if not theirs:
            return f"You marked {own}; the settled reading has none."
        if not one.only_reader and not one.only_settled:
            return f"The same {_sentences(own)} in both."
        return f"Of the {theirs} in the settled reading you found {one.both}; of your {own}, {one.both} stand there."


def _sentences(number: int) -> str:
    return "sentence" if number == 1 else f"{number} sentences"


@dataclass(frozen=True, slots=True)
class Difference:
    """A sentence that both read differently. `mine` leads to a mark of the reader's in their text, `theirs` are the
    decisions about it."""

    words: str
    block: int
    own: list[Look]
    settled: list[Look]
    mine: str
    theirs: list[Settled]


@dataclass(frozen=True, slots=True)
class Result:
    sentences: int
    same: int  # sentences on which both put the same tags, or neither any
    marked: int  # sentences on which one of both put a tag
    same_marked: int  # and of these, those with the same tags
    tags: list[TagRow]
    differences: list[Difference]


def result_of(viewer, seat: Seat, one: Trying) -> Result:
    """Where the reader's marks and the settled ones differ. To be asked only when the reader is done."""
    settled_article = one.settled
    if not one.is_done or settled_article is None:
        raise ValueError("There is nothing to compare yet.")
    rules = settled_article.session
    rule = {"share": rules.coverage_share, "characters": rules.coverage_characters}
    document = document_of(settled_article.revision_id)
    sentences = sentences_of(document)
    starts = [sentence.start for sentence in sentences]
    known = looks()
    marks = marks_for(viewer, settled_article.revision_id, Scope(seat=seat), known)
    decisions = settled_in([settled_article], known)[settled_article.pk]
    standing = [decision for decision in decisions if decision.accepted]

    own, _ = values_of(sentences, [(each.start, each.end, _ids(each.looks)) for each in marks], **rule)
    settled, _ = values_of(sentences, [(each.start, each.end, _ids(each.looks)) for each in standing], **rule)
    mine: dict[int, str] = {}
    for mark in marks:
        for at in covered(sentences, starts, mark.start, mark.end, **rule):
            mine.setdefault(at, mark.uid)
    theirs: dict[int, list[Settled]] = {}
    for decision in decisions:
        for at in covered(sentences, starts, decision.start, decision.end, **rule):
            theirs.setdefault(at, []).append(decision)

    def listed(tags: AbstractSet[int]) -> list[Look]:
        return sorted((known[pk] for pk in tags), key=lambda look: look.order)

    differences = [
        Difference(
            words=document.text[sentence.start : sentence.end],
            block=sentence.block,
            own=listed(own[at]),
            settled=listed(settled[at]),
            mine=mine.get(at, ""),
            theirs=theirs.get(at, []),
        )
        for at, sentence in enumerate(sentences)
        if own[at] != settled[at]
    ]
    found = overlap_by_tag(own, settled)
    return Result(
        sentences=len(sentences),
        same=len(sentences) - len(differences),
        marked=_count(own, settled, same=False),
        same_marked=_count(own, settled, same=True),
        tags=[TagRow(known[pk], found[pk]) for pk in sorted(found, key=lambda pk: known[pk].order)],
        differences=differences,
    )


def _ids(tags: Sequence[Look]) -> list[int]:
    return [look.pk for look in tags]


def _count(own: Sequence[AbstractSet[int]], settled: Sequence[AbstractSet[int]], *, same: bool) -> int:
    return sum((a == b or not same) and bool(a | b) for a, b in zip(own, settled, strict=True))
