"""What a merge or a split would do, before it is done. Marks are counted by the rule of `touched_by_change`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from annotations.codebook.queries import Use, samples, touched_by_change, use_of
from annotations.models import Annotation, AnnotationTag, Decision, Tag, TagGroup
from annotations.surgery.actions import hides_marks, may_clash, must_choose, require_open
from annotations.surgery.effect import NEW, Effect, of_merge, of_split
from annotations.surgery.selecting import Selection
from opslens.web.refusals import Conflict


@dataclass(frozen=True)
class Preview:
    """`both`: marks that carry the target, too, and only lose the source. `clashes`: marks with another tag of the
    target's exclusive group; None when there can be none. `must_choose`: what becomes of these must be said whether
    there are any or not. `settled` readings; None when there can be none. `refused`: why it will not be done."""

    use: Use
    samples: Sequence[Annotation]
    both: Use
    clashes: Use | None
    unnoted: Use | None
    settled: int | None
    effects: Sequence[Effect]
    refused: str = ""
    is_session: bool = False
    must_choose: bool = False

    @property
    def is_empty(self) -> bool:
        return self.use.count == 0


def _clashing(taggings: QuerySet[AnnotationTag], source: Tag, target: int, group: TagGroup):
    """Those on marks with another tag of this exclusive group than these two."""
    if not may_clash(source, group):
        return None
    there = AnnotationTag.objects.filter(exclusive_group=group).exclude(tag__in=[source.pk, target])
    return taggings.filter(annotation__in=there.values("annotation"))


def _refused(source: Tag) -> str:
    try:
        require_open(source.codebook)
    except Conflict as conflict:
        return str(conflict)
    return ""


def _both(taggings: QuerySet[AnnotationTag], target: int) -> QuerySet[AnnotationTag]:
    return taggings.filter(annotation__in=AnnotationTag.objects.filter(tag=target).values("annotation"))


def of_merging(viewer, source: Tag, target: Tag, clash: str) -> Preview:
    taggings, book = source.taggings.all(), source.codebook
    clashing = _clashing(taggings, source, target.pk, target.group)
    bare = taggings.filter(annotation__note="") if target.note_required else None
    return Preview(
        use=touched_by_change(viewer, source),
        samples=samples(viewer, taggings),
        both=use_of(viewer, book, _both(taggings, target.pk)),
        clashes=None if clashing is None else use_of(viewer, book, clashing),
        unnoted=None if bare is None else use_of(viewer, book, bare),
        settled=None if book.is_default or hides_marks(book) else Decision.objects.filter(tags=source).count(),
        effects=of_merge(viewer, source, target, clash),
        refused=_refused(source),
        is_session=not book.is_default,
        must_choose=must_choose(viewer, source, target),
    )


def of_splitting(
    viewer, source: Tag, target: Tag | None, group: TagGroup, clash: str, selection: Selection, *, needs_note: bool
) -> Preview:
    """`target` is None for a new tag in this group."""
    taggings = selection.taggings(viewer, source)
    pk = target.pk if target else NEW
    clashing = _clashing(taggings, source, pk, group)
    group_id = group.pk if group.exclusive else None
    return Preview(
        use=Use(taggings.count(), complete=False),
        samples=samples(viewer, taggings),
        both=Use(_both(taggings, pk).count(), complete=False),
        clashes=None if clashing is None else Use(clashing.count(), complete=False),
        unnoted=Use(taggings.filter(annotation__note="").count(), complete=False) if needs_note else None,
        settled=None,
        effects=of_split(viewer, source, pk, group_id, clash, selection),
        refused=_refused(source),
        is_session=not source.codebook.is_default,
    )
