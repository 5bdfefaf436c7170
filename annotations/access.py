"""The object for this viewer, or 404: something that is not for a viewer looks exactly like something that is not."""

from __future__ import annotations

from annotations.codebook.kept import Look, looks
from annotations.models import Annotation
from annotations.reading.queries import Mark, read_marks, visible_marks
from opslens.models import Revision
from opslens.web.refusals import Missing


def mark_for(viewer, uid: str) -> tuple[Annotation, Mark, dict[int, Look]]:
    """A visible mark with its place in the revision it was made in, and all tags. Raises Missing."""
    door = Annotation.objects.visible_to(viewer).filter(uid=uid)
    annotation = door.select_related("article", "author").first()
    if annotation is None:
        raise Missing("This mark is not there any more, or it is not yours to see.")
    tags = looks()
    annotation.revision = Revision.objects.light().get(pk=annotation.revision_id)
    (mark,) = read_marks(visible_marks(viewer, annotation.revision_id).filter(uid=uid), tags)
    return annotation, mark, tags
