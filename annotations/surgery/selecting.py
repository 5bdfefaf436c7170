"""Which marks of a tag a split is about: those that fit a filter, or those picked by hand. Always marks that the person
sees; the others keep the tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from annotations.models import Annotation, AnnotationTag, Tag

MOST_PICKED = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything that is given must hold. `picked`: names of marks; None when none are picked by hand. `words` stand in
    the passage or in the note. `first` and `last` are days on which the mark was made, both included."""

    reader: int | None = None
    session: int | None = None
    article: int | None = None
    has_note: bool | None = None
    words: str = ""
    together: int | None = None
    first: date | None = None
    last: date | None = None
    picked: Sequence[str] | None = None

    @property
    def is_everything(self) -> bool:
        return self == Selection()

    def marks(self, viewer, tag: Tag) -> QuerySet[Annotation]:
        """The marks with this tag that the viewer sees and that fit."""
        marks = Annotation.objects.visible_to(viewer)
        marks = marks.filter(pk__in=AnnotationTag.objects.filter(tag=tag).values("annotation"))
        plain = {"author": self.reader, "session": self.session, "article": self.article}
        marks = marks.filter(**{name: value for name, value in plain.items() if value is not None})
        if self.has_note is not None:
            marks = marks.exclude(note="") if self.has_note else marks.filter(note="")
        if self.words:
            marks = marks.filter(Q(quote__icontains=self.words) | Q(note__icontains=self.words))
        if self.together is not None:
            marks = marks.filter(pk__in=AnnotationTag.objects.filter(tag=self.together).values("annotation"))
        if self.first is not None:
            marks = marks.filter(created_at__gte=_midnight(self.first))
        if self.last is not None and self.last < date.max:
            marks = marks.filter(created_at__lt=_midnight(self.last + timedelta(days=1)))
        if self.picked is not None:
            marks = marks.filter(uid__in=list(self.picked)[:MOST_PICKED])
        return marks

    def taggings(self, viewer, tag: Tag) -> QuerySet[AnnotationTag]:
        """The taggings of this tag on them."""
        return AnnotationTag.objects.filter(tag=tag, annotation__in=self.marks(viewer, tag).order_by().values("pk"))


def _midnight(day: date) -> datetime:
    day = max(day, date(1, 1, 2))  # the first of all has no beginning in some time zones
    return timezone.make_aware(datetime.combine(day, time()))
