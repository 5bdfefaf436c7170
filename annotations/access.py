"""The object for this viewer, or 404: something that is not for a viewer looks exactly like something that is not."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from annotations.codebook.kept import looks
from annotations.models import Anchor, Annotation
from annotations.reading.queries import Mark, read_marks
from opslens.models import Revision
from opslens.web.refusals import Missing


@dataclass(frozen=True, slots=True)
class Found:
    """A mark for its viewer, and a revision with its place there. The revision is without its large columns."""

    annotation: Annotation
    mark: Mark
    revision: Revision


def annotation_for(viewer, uid: str) -> Annotation:
    """A visible annotation with its article and author. Raises Missing."""
    door = Annotation.objects.visible_to(viewer).filter(uid=uid)
    annotation = door.select_related("article", "author", "session").first()
    if annotation is None:
        raise Missing("This mark is not there any more, or it is not yours to see.")
    return annotation


def own_annotation(viewer, uid: str) -> Annotation:
    """A visible annotation or one in the viewer's trash, with its article. Raises Missing."""
    doors = Annotation.objects.visible_to(viewer) | Annotation.objects.in_trash_of(viewer)
    annotation = doors.filter(uid=uid).select_related("article", "session").first()
    if annotation is None:
        raise Missing("This mark is not there any more, or it is not yours to see.")
    return annotation


def mark_for(viewer, uid: str, shown: int | None = None) -> Found:
    """A visible mark in the revision `shown`, an id, if it stands there; else in the current revision of its article;
    else in the one in which its passage was chosen. Raises Missing."""
    annotation = annotation_for(viewer, uid)
    wanted = [pk for pk in (shown, annotation.article.current_id, annotation.revision_id) if pk]
    placed = set(
        Anchor.objects.placed()
        .filter(annotation=annotation, revision_id__in=wanted)
        .values_list("revision_id", flat=True)
    )
    revision = Revision.objects.light().get(pk=next(pk for pk in wanted if pk in placed))
    here = Q(pk=annotation.pk, anchors__revision_id=revision.pk, anchors__start__isnull=False)
    (mark,) = read_marks(Annotation.objects.filter(here), looks())
    return Found(annotation, mark, revision)
