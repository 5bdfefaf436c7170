"""What site administrators may do with marks of others. Events name the administrator, and verbs of their own
(`staff-…`), so that no author finds such a change among what they can undo."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from annotations.editing import actions
from annotations.models import Anchor, Annotation, Tag
from annotations.permissions import may_moderate
from opslens.activity.record import record
from opslens.web.refusals import Conflict, Denied, Invalid, Missing


def settled_tags(annotation: Annotation, tag_ids: Iterable[int]) -> list[Tag]:
    """The chosen tags. Raises Invalid when they exclude one another or are not offered."""
    carried = list(annotation.taggings.values_list("tag_id", flat=True))
    book = annotation.session.codebook_id if annotation.session_id else None
    chosen, replaced = actions.resolve_tags(actions._tags(tag_ids, book, already=carried), before=carried)
    if replaced:
        names = ", ".join(f"“{tag.name}”" for tag in replaced)
        raise Invalid(f"A mark carries one tag of an exclusive group: leave out {names}.")
    return chosen


def any_mark(staff, pk: int) -> tuple[Annotation, Anchor, list[int]]:
    """A mark of anybody, in the trash or not, locked for changing. Raises Denied, Missing."""
    if not may_moderate(staff):
        raise Denied("Only administrators can change marks of others.")
    marks = Annotation.objects.select_related("article", "session").select_for_update(of=("self",), no_key=True)
    annotation = marks.filter(pk=pk).first()
    if annotation is None:
        raise Missing("This mark is not there any more.")
    anchor = annotation.anchors.get(revision_id=annotation.revision_id)
    return annotation, anchor, list(annotation.taggings.values_list("tag_id", flat=True))


def moderate_mark(staff, pk: int, version: int, *, note: str, visibility: str, tag_ids: Iterable[int]) -> Annotation:
    """Change the words around a mark, not its passage. Raises Conflict, Invalid, Denied, Missing."""
    with transaction.atomic():
        annotation, anchor, carried = any_mark(staff, pk)
        if annotation.version != version:
            raise Conflict("This mark was changed in the meantime. Load the page again.", current=annotation)
        before = actions.state_of(annotation, anchor, carried)
        chosen = settled_tags(annotation, tag_ids)
        annotation.note = actions._clean_note(note, chosen)
        annotation.visibility = actions._clean_visibility(visibility, annotation.session_id)
        after = actions.state_of(annotation, anchor, [tag.pk for tag in chosen])
        if after == before:
            return annotation
        actions.store(annotation, anchor, chosen, carried)
        channel, subject = annotation.channel, annotation.subject
        record(channel, "staff-edited-mark", actor=staff, subject=subject, before=before, after=after)
    return annotation


def set_deleted(staff, pk: int, *, gone: bool) -> Annotation:
    """Move a mark to its author's trash, or bring it back. Doing it again is not an error. Raises Denied, Missing."""
    with transaction.atomic():
        annotation, anchor, carried = any_mark(staff, pk)
        if (annotation.deleted_at is not None) == gone:
            return annotation
        verb = "staff-deleted-mark" if gone else "staff-restored-mark"
        actions.set_deleted(staff, annotation, anchor, carried, verb, gone=gone)
    return annotation
