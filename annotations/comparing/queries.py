"""Two revisions of an article beside one another, with the marks of both that a viewer sees."""

from __future__ import annotations

from annotations.codebook.kept import Look, looks
from annotations.reading.queries import Mark, marks_for
from annotations.reading.scope import Scope
from opslens.articles.documents import document_of
from opslens.articles.maps import map_of_revisions
from opslens.models import Revision
from opslens.text.side_by_side import Compared, Span, compare


def compared(
    viewer, old: Revision, new: Revision, *, scope: Scope, with_marks: bool, touching: int | None
) -> tuple[Compared, list[Look]]:
    """The comparison, and the tags that the marks in either revision carry, in codebook order. With `touching`, the id
    of a tag, rows know whether a change in them touches a mark with it."""
    tags = looks()
    sides = [marks_for(viewer, revision.pk, scope, tags) for revision in (old, new)]
    shown = [_spans(marks) if with_marks else [] for marks in sides]
    watched = tuple(
        [(mark.start, mark.end) for mark in marks if any(look.pk == touching for look in mark.looks)] for marks in sides
    )
    found = compare(
        document_of(old.pk),
        document_of(new.pk),
        map_of_revisions(old.pk, new.pk),
        old_marks=shown[0],
        new_marks=shown[1],
        watched=watched,
    )
    carried = {look for marks in sides for mark in marks for look in mark.looks}
    return found, sorted(carried, key=lambda look: look.order)


def _spans(marks: list[Mark]) -> list[Span]:
    return [(mark.start, mark.end, tuple(look.slot for look in mark.looks)) for mark in marks]
