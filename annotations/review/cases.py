"""Marks that somebody is about to give a verdict on: locked, with all that verdicts, undo and their events need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Max, QuerySet

from annotations.codebook.kept import successor_of
from annotations.editing.actions import state_of
from annotations.editing.forms import tags_seen
from annotations.models import Anchor, Annotation, AnnotationTag, Flag, Member, Review, TeamSession
from annotations.models.team import hold
from opslens.web.refusals import Conflict, Denied, Missing, Refused

NOT_THERE = "This mark is not there any more, or it is not yours to see."
OWN = "Your own marks are reviewed by somebody else."
NOT_YOURS = "Verdicts on this mark are for others to give."
HIDDEN = "Readers of this session mark blind. There are no verdicts before their marks are shown to all."
NOT_NOW = {
    TeamSession.DRAFT: "This session has not begun yet.",
    TeamSession.PUBLISHED: "This session is published, so its marks stand as they are.",
    TeamSession.ARCHIVED: "This session is in the archive, so its marks stand as they are.",
}
NOBODY = "Its author is not here any more, so nobody could change it. Accept, reject or retag it."
TAGS_CHANGED = "The tags of this mark have been changed since you opened it."
SETTLED = "This session is being settled, so its marks cannot be changed any more. Accept or reject it."


def whole(text: str) -> int | None:
    """A number as forms and addresses name a row; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def shortened(words: str, most: int) -> str:
    """Words on one line, of at most so many code points; cut between words, but for very long ones."""
    words = words.replace("\n", " ")
    if len(words) <= most:
        return words
    end = words.rfind(" ", most * 2 // 3, most)
    return words[: end if end > 0 else most - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reviewer had before them: a mark by name, its version, the id of its last verdict, 0 for none, and its
    tags, None if that is not told: merging and splitting tags leaves versions alone."""

    uid: str
    version: int
    review: int = 0
    tags: frozenset[int] | None = None

    def __str__(self) -> str:
        shown = f"{self.uid}:{self.version}:{self.review}"
        return shown if self.tags is None else f"{shown}:{self.tags_shown}"

    @property
    def tags_shown(self) -> str:
        """The tags as forms tell of them, the reverse of `tags_seen`; "" if they are not told."""
        return "" if self.tags is None else ",".join(map(str, sorted(self.tags))) or "none"

    @classmethod
    def read(cls, text: str) -> Seen | None:
        """The reverse of `str(seen)`; None for anything else."""
        uid, *parts = text.split(":")
        numbers = [number for part in parts[:2] if (number := whole(part)) is not None]
        tags = tags_seen(parts[2]) if len(parts) > 2 else None
        if len(numbers) != 2 or len(parts) > 3 or (len(parts) == 3 and tags is None):
            return None
        return cls(uid.replace("\x00", "")[:40], *numbers, tags)


@dataclass(slots=True)
class Case:
    """A mark with the anchor at its home, its tags, its last verdict that was not withdrawn and its open flags."""

    annotation: Annotation
    home: Anchor
    tag_ids: list[int] = field(default_factory=list)
    last: Review | None = None
    flags: list[Flag] = field(default_factory=list)

    @property
    def seen(self) -> Seen:
        last = self.last.pk if self.last else 0
        return Seen(self.annotation.uid, self.annotation.version, last, frozenset(self.tag_ids))

    @property
    def in_force(self) -> Review | None:
        """Its verdict, if it has one: a mark that was changed since is open again."""
        return self.last if self.annotation.review_state != Annotation.UNREVIEWED else None

    def state(self) -> dict[str, Any]:
        """The whole state of the mark and its verdict as plain JSON, as events keep it."""
        return state_of(self.annotation, self.home, self.tag_ids) | {"review": self.verdict()}

    def verdict(self) -> dict[str, Any]:
        said = self.in_force
        return {
            "state": self.annotation.review_state,
            "reason": said.reason if said else "",
            "id": said.pk if said else 0,
        }

    @property
    def may_change(self) -> bool:
        """Whether its author could change it now, as far as its session goes."""
        return self.annotation.session_id is None or self.annotation.session.takes_marks


def with_details(annotations: Sequence[Annotation], *, lock: bool = False) -> list[Case]:
    """Marks as cases, in their order. Four queries, whatever their number."""
    ids = [annotation.pk for annotation in annotations]
    homes = Anchor.objects.filter(annotation__in=ids, revision_id=F("annotation__revision_id"))
    by_mark = {anchor.annotation_id: anchor for anchor in homes}
    cases = {one.pk: Case(one, by_mark[one.pk]) for one in annotations}
    for pk, tag in AnnotationTag.objects.filter(annotation__in=ids).order_by("pk").values_list("annotation", "tag"):
        cases[pk].tag_ids.append(tag)
    for review in standing(ids):
        cases[review.annotation_id].last = review
    flags = Flag.objects.filter(annotation__in=ids, outcome="").order_by("pk")
    for flag in flags.select_for_update(of=("self",), no_key=True) if lock else flags:
        cases[flag.annotation_id].flags.append(flag)
    return list(cases.values())


def standing(ids: Iterable[int]) -> QuerySet[Review]:
    """Of each of these marks the last verdict that was not taken back."""
    last = Review.objects.filter(annotation__in=ids, withdrawn_at=None).order_by().values("annotation")
    return Review.objects.filter(pk__in=last.annotate(_last=Max("pk")).values("_last")).select_related("reviewer")


def cases_under_review(viewer, **which: Any) -> list[Case]:
    """Those of these marks that the viewer may give a verdict on, in the order of ids. Five queries."""
    marks = Annotation.objects.under_review_by(viewer).filter(**which).order_by("pk")
    return with_details(list(marks.select_related("article", "session", "author")))


def hold_cases(viewer, uids: Iterable[str]) -> dict[str, Case]:
    """Those of these marks that the viewer may give a verdict on now, locked until the transaction ends, their
    sessions held in their phase. Marks first, then sessions: the order in which authors take them."""
    marks = Annotation.objects.under_review_by(viewer).filter(uid__in=list(uids)).order_by("pk")
    marks = marks.select_related("article", "session", "author").select_for_update(of=("self",), no_key=True)
    found = list(marks)
    held = {pk: hold(pk) for pk in sorted({one.session_id for one in found if one.session_id is not None})}
    kept = []
    for annotation in found:
        if annotation.session_id is not None:
            session = held[annotation.session_id]
            if session is None or why_not_in(session) is not None:
                continue
            annotation.session = session
        kept.append(annotation)
    return {case.annotation.uid: case for case in with_details(kept, lock=True)}


def without_author(cases: Iterable[Case]) -> set[int]:
    """Ids of those marks whose author has left the session, or has no open account: nobody could answer a request to
    change them. One query, and none where no mark is of a session."""
    cases = list(cases)
    inside = [case.annotation for case in cases if case.annotation.session_id is not None]
    there: set[tuple[int, int]] = set()
    if inside:
        members = Member.objects.filter(
            session__in={one.session_id for one in inside}, user__in={one.author_id for one in inside}, left_at=None
        )
        there = set(members.values_list("session_id", "user_id"))
    return {
        one.pk
        for one in (case.annotation for case in cases)
        if not one.author.is_active or (one.session_id is not None and (one.session_id, one.author_id) not in there)
    }


def why_not_in(session: TeamSession) -> str | None:
    """Why no verdicts are given in a session now, if so."""
    if session.hides_marks:
        return HIDDEN
    return NOT_NOW.get(session.phase)


def why_not(viewer, uid: str) -> Refused:
    """Why a mark is not among those that `hold_cases` returned."""
    annotation = Annotation.objects.visible_to(viewer).filter(uid=uid).select_related("session").first()
    if annotation is None:
        return Missing(NOT_THERE)
    if annotation.author_id == viewer.pk:
        return Denied(OWN)
    session = annotation.session
    if session is not None:
        oversees = Member.objects.filter(session=session, user_id=viewer.pk, left_at=None, role__in=Member.OVERSEERS)
        reason = why_not_in(session)
        if reason is not None and session.calibrates_id is None and oversees.exists():
            return Conflict(reason, current=session)
    return Denied(NOT_YOURS)


def hold_case(viewer, seen: Seen) -> Case:
    """The mark, locked, as the reviewer saw it. Raises Missing, Denied; Conflict, with the case as it is now in
    `.current`, when its author changed it, somebody gave a verdict, or its tags were split since then."""
    case = hold_cases(viewer, [seen.uid]).get(seen.uid)
    if case is None:
        raise why_not(viewer, seen.uid)
    if why := changed_since(case, seen):
        raise Conflict(why, current=case)
    return case


def changed_since(case: Case, seen: Seen, today: Callable[[int], int] = successor_of) -> str:
    """What happened since a reviewer saw it like this; "" for nothing. A tag that was merged counts as the one that it
    has become, which `today` tells."""
    now = case.seen
    if now.version != seen.version:
        return "This mark has been changed since you opened it."
    if now.review < seen.review:
        return "A verdict on this mark has been taken back in the meantime."
    if now.review != seen.review:
        return "Somebody else has given a verdict on this mark in the meantime."
    is_so = seen.tags is None or seen.tags == now.tags or frozenset(map(today, seen.tags)) == now.tags
    return "" if is_so else TAGS_CHANGED
