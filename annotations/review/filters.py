"""The filters of the queue: a fixed list, as they stand in an address. What nobody knows is left out."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from urllib.parse import urlencode

from django.core.exceptions import SuspiciousOperation
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import QueryDict
from django.utils import timezone

from annotations.codebook.kept import successor_of
from annotations.models import Anchor, Annotation, AnnotationTag, Flag, Review
from annotations.review.cases import whole

OPEN, ALL = "open", "all"
STATES = [
    (OPEN, "open"),
    (Annotation.ACCEPTED, "accepted"),
    (Annotation.REJECTED, "rejected"),
    (Annotation.RETURNED, "returned"),
    (ALL, "all"),
]
NEWEST, CONTESTED, DOCUMENT = "newest", "contested", "document"
ORDERS = [(NEWEST, "newest first"), (CONTESTED, "contested first"), (DOCUMENT, "as in the article")]
AGES = [("today", "today"), ("week", "the last 7 days"), ("month", "the last 30 days"), ("older", "older than 30 days")]
MADE = {
    "today": "made today",
    "week": "made in the last 7 days",
    "month": "made in the last 30 days",
    "older": "made more than 30 days ago",
}
NO_SESSION = "none"


@dataclass(frozen=True, slots=True)
class Filters:
    """`tag` and `group` are ids, `reader` a user name, `session` a name or NO_SESSION, `article` a slug. All of them
    must hold. A tag that was merged stays as it was asked for, so that it counts again when the merge is undone."""

    state: str = OPEN
    tag: int | None = None
    group: int | None = None
    reader: str = ""
    session: str = ""
    article: str = ""
    age: str = ""
    flagged: bool = False
    contested: bool = False
    note: bool = False
    changed: bool = False
    back: bool = False
    order: str = NEWEST

    @classmethod
    def read(cls, data: QueryDict) -> Filters:
        def one_of(name: str, known: list[tuple[str, str]], otherwise: str) -> str:
            value = data.get(name, "")
            return value if value in dict(known) else otherwise

        def name(field: str) -> str:
            return data.get(field, "").replace("\x00", "").strip()[:200]

        def ticked(field: str) -> bool:
            return data.get(field, "") not in ("", "0")

        return cls(
            state=one_of("state", STATES, OPEN),
            tag=whole(data.get("tag", "")),
            group=whole(data.get("group", "")),
            reader=name("reader"),
            session=name("session"),
            article=name("article"),
            age=one_of("age", AGES, ""),
            flagged=ticked("flagged"),
            contested=ticked("contested"),
            note=ticked("note"),
            changed=ticked("changed"),
            back=ticked("back"),
            order=one_of("order", ORDERS, NEWEST),
        )

    @classmethod
    def of(cls, query: str) -> Filters:
        """The filters in an address after its question mark."""
        try:
            return cls.read(QueryDict(query[:2000]))
        except SuspiciousOperation:  # more parameters than a form may have
            return cls()

    @property
    def query(self) -> str:
        """As it stands in an address; never empty, so that it is told from an address without filters."""
        names = [one.name for one in fields(self) if self.has(one.name) or one.name == "order"]
        found = {name: getattr(self, name) for name in names}
        return urlencode({name: "1" if value is True else value for name, value in found.items()})

    def has(self, name: str) -> bool:
        """Whether the filter of this name is set."""
        return getattr(self, name) != getattr(_NONE, name)

    def without(self, name: str) -> Filters:
        """All of them but the one of this name."""
        return replace(self, **{name: getattr(_NONE, name)})

    @property
    def tag_today(self) -> int | None:
        """The id of the tag that stands today for the one that was asked for. One small query."""
        return None if self.tag is None else successor_of(self.tag)

    @property
    def has_progress(self) -> bool:
        """Whether a verdict leaves a mark among those that these filters let through in any state. One settles flags
        and answers an author; contested marks are looked for among the newest alone."""
        return not (self.flagged or self.contested or self.back)

    @property
    def in_any_state(self) -> Filters:
        return replace(self, state=ALL)

    def marks(self, viewer) -> QuerySet[Annotation]:
        """The marks under review by this viewer for which all filters hold; for `contested` see the queue."""
        found = self.whole(viewer)
        if self.state != ALL:
            found = found.filter(review_state=Annotation.UNREVIEWED if self.state == OPEN else self.state)
        return found

    def whole(self, viewer) -> QuerySet[Annotation]:
        """The same, whatever their state: what progress is measured by."""
        found = Annotation.objects.under_review_by(viewer)
        taggings = AnnotationTag.objects.filter(annotation=OuterRef("pk"))
        if self.tag is not None:
            found = found.filter(Exists(taggings.filter(tag_id=self.tag_today)))
        if self.group is not None:
            found = found.filter(Exists(taggings.filter(tag__group_id=self.group)))
        if self.reader:
            found = found.filter(author__username=self.reader)
        if self.session == NO_SESSION:
            found = found.filter(session=None)
        elif self.session:
            found = found.filter(session__uid=self.session)
        if self.article:
            found = found.filter(article__slug=self.article)
        if self.age:
            found = found.filter(_made(self.age))
        if self.flagged:
            found = found.filter(Exists(Flag.objects.filter(annotation=OuterRef("pk"), outcome="")))
        if self.note:
            found = found.exclude(note="")
        if self.changed:
            found = found.filter(Exists(_astray()))
        if self.back:
            said = Review.objects.filter(annotation=OuterRef("pk"), withdrawn_at=None).order_by("-pk")
            found = found.annotate(_said=Subquery(said.values("verdict")[:1]))
            found = found.filter(_said=Review.RETURNED, review_state=Annotation.UNREVIEWED)
        return found


_NONE = Filters()


def _made(age: str) -> Q:
    now = timezone.localtime()
    if age == "today":
        return Q(created_at__gte=now.replace(hour=0, minute=0, second=0, microsecond=0))
    if age == "week":
        return Q(created_at__gte=now - timedelta(days=7))
    month = now - timedelta(days=30)
    return Q(created_at__gte=month) if age == "month" else Q(created_at__lt=month)


def _astray() -> QuerySet[Anchor]:
    """Places in the current revision at which other words stand, or none; sessions stay in their revision."""
    here = Anchor.objects.filter(
        annotation=OuterRef("pk"), annotation__session=None, revision_id=F("annotation__article__current_id")
    )
    return here.filter(~Q(state=Anchor.EXACT) | Q(is_doubtful=True))
