"""Reading codebooks. The order is the same everywhere: groups by position, tags by position in their group."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from annotations.codebook.words import LOOKS
from annotations.models import Annotation, AnnotationTag, Codebook, Tag, TagGroup
from opslens.web.refusals import Refused

ORDER = ("group__position", "group_id", "position", "pk")


class NoCodebook(Refused):
    status = 503
    title = "No codebook yet"


def current_codebook() -> Codebook:
    """The codebook of everything that is read outside a team session. Raises NoCodebook on a site without one."""
    codebook = Codebook.objects.filter(is_default=True).first()
    if codebook is None:
        raise NoCodebook(
            "There are no tags to mark with. Start the site with “make run”, or run “manage.py load_codebook”."
        )
    return codebook


def tags_in_order(codebook: Codebook) -> list[Tag]:
    """All tags, those that are off or retired too, each with its group; one query."""
    return list(Tag.objects.filter(codebook=codebook).select_related("group").order_by(*ORDER))


def offered_tags(codebook: Codebook) -> list[Tag]:
    """The tags that readers may put on a mark today, each with its group; one query."""
    offered = Tag.objects.filter(codebook=codebook, is_on=True, retired_at=None)
    return list(offered.select_related("group").order_by(*ORDER))


def tags_by_id(codebook: Codebook) -> dict[int, Tag]:
    """All tags by id, in codebook order, each with its group; one query."""
    return {tag.pk: tag for tag in tags_in_order(codebook)}


@dataclass(frozen=True)
class Use:
    """How many marks carry a tag, as far as the person who asks may know. `complete`: no others exist for certain."""

    count: int
    complete: bool

    def __str__(self) -> str:
        marks = f"{self.count:,} mark{'' if self.count == 1 else 's'}"
        return marks if self.complete else f"{marks} that you can see"


def uses(viewer, codebook: Codebook) -> dict[int, int]:
    """Marks per tag id that this viewer sees; tags without any are left out. One query."""
    visible = AnnotationTag.objects.filter(tag__codebook=codebook, annotation__in=Annotation.objects.visible_to(viewer))
    return dict(visible.order_by().values_list("tag_id").annotate(n=Count("pk")))


def touched_by_change(editor, tag: Tag) -> Use:
    """How many marks a change of this tag touches. Staff, who may see every mark, get the whole number; others the
    number of those they see, so that a preview tells nobody about marks that are hidden from them."""
    if editor.is_staff and tag.codebook.is_default:
        return Use(tag.taggings.filter(annotation__deleted_at=None).count(), complete=True)
    visible = tag.taggings.filter(annotation__in=Annotation.objects.visible_to(editor))
    return Use(visible.count(), complete=False)


@dataclass(frozen=True)
class Entry:
    """A tag on the codebook page."""

    tag: Tag
    uses: int
    may_edit: bool

    @property
    def state(self) -> str:
        if self.tag.retired_at is not None:
            return "retired"
        return "offered" if self.tag.is_on else "off"

    @property
    def looks(self) -> list[tuple[int, str]]:
        return list(LOOKS.items())


@dataclass(frozen=True)
class Section:
    """A group on the codebook page: its tags in use, and those that are retired."""

    group: TagGroup
    current: list[Entry]
    retired: list[Entry]
    may_edit: bool


def sections(viewer, codebook: Codebook, *, may_edit: bool, group_id: int | None = None) -> list[Section]:
    """The codebook as this viewer's page shows it, or one group of it. Three queries."""
    groups = codebook.groups.select_related("codebook").order_by("position", "pk")
    tags = Tag.objects.filter(codebook=codebook).select_related("group").order_by(*ORDER)
    if group_id is not None:
        groups, tags = groups.filter(pk=group_id), tags.filter(group_id=group_id)
    counts = uses(viewer, codebook)
    by_group: dict[int, list[Entry]] = {}
    for tag in tags:
        by_group.setdefault(tag.group_id, []).append(Entry(tag, counts.get(tag.pk, 0), may_edit))
    return [
        Section(
            group,
            [entry for entry in by_group.get(group.pk, ()) if entry.tag.retired_at is None],
            [entry for entry in by_group.get(group.pk, ()) if entry.tag.retired_at is not None],
            may_edit,
        )
        for group in groups
    ]


def entry_for(viewer, tag: Tag, *, may_edit: bool) -> Entry:
    """One tag as the codebook page shows it."""
    visible = tag.taggings.filter(annotation__in=Annotation.objects.visible_to(viewer))
    return Entry(tag, visible.count(), may_edit)
