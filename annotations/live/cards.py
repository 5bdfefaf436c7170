"""The cards of a few marks, for many readers at the same moment.

`cards_of` asks `visible_to` again, whose query takes longer to write than all else that answers a page which follows
changes. Here the marks were found through the same scope a moment ago; what may have changed about each since is
looked at in its row.
"""

from __future__ import annotations

from collections.abc import Sequence

from annotations.models import Annotation
from annotations.reading.cards import Card, card_of, cards_of, own_verdicts
from annotations.reading.queries import Mark
from annotations.reading.replies import reply_counts
from annotations.reading.scope import Scope
from opslens.models import User
from opslens.models.prepared import prepare

_FEW = 8
_OF_MARK = [field.attname for field in Annotation._meta.concrete_fields]
_OF_AUTHOR = [field.attname for field in User._meta.concrete_fields]
_row = prepare(
    lambda pk: Annotation.objects.filter(pk=pk).values_list(*_OF_MARK, *(f"author__{name}" for name in _OF_AUTHOR)),
    2_000_000_071,
)


def cards_found(viewer, scope: Scope, marks: Sequence[Mark]) -> list[Card]:
    """Cards of marks that were found in this scope, in their order."""
    if len(marks) > _FEW:
        return cards_of(viewer, marks)
    found = [
        (annotation, mark) for mark in marks for annotation in _rows(mark.pk) if _is_open(viewer, scope, annotation)
    ]
    for annotation, _ in found:
        annotation.session = scope.seat.session if scope.seat else None
    annotations = [annotation for annotation, _ in found]
    replies = reply_counts(viewer, annotations) if scope.seat else {}
    verdicts = own_verdicts(viewer, annotations)
    return [card_of(viewer, annotation, mark, replies, verdicts) for annotation, mark in found]


def _rows(pk: int) -> list[Annotation]:
    annotations = []
    for row in _row(pk):
        annotation = Annotation.from_db("default", _OF_MARK, row[: len(_OF_MARK)])
        annotation.author = User.from_db("default", _OF_AUTHOR, row[len(_OF_MARK) :])
        annotations.append(annotation)
    return annotations


def _is_open(viewer, scope: Scope, annotation: Annotation) -> bool:
    if annotation.deleted_at is not None:
        return False
    if scope.seat is not None:
        return annotation.session_id == scope.session_id
    is_own = viewer.is_authenticated and annotation.author_id == viewer.pk
    return annotation.session_id is None and (is_own or annotation.visibility == Annotation.PUBLIC)
