"""Reading codebooks. The order is the same everywhere: groups by position, tags by position in their group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from annotations.codebook.examples import shown_to
from annotations.codebook.words import LOOKS
from annotations.models import Annotation, AnnotationTag, Codebook, Example, Tag, TagGroup
from annotations.models.codebook import SLOTS
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


def first_free_look(codebook: Codebook, otherwise: int) -> int:
    """The first look that no tag of the codebook has, whether in use or retired; `otherwise` when each is taken. One
    query."""
    taken = set(Tag.objects.filter(codebook=codebook).values_list("slot", flat=True))
    return next((slot for slot in SLOTS if slot not in taken), otherwise)


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


MOST_EXAMPLES = 4  # under a tag on the codebook page
MOST_SAMPLES = 5  # marks that a preview shows


def touched_by_change(editor, tag: Tag) -> Use:
    """How many marks a change of this tag touches. Staff, who may see every mark, get the whole number; others the
    number of those they see, so that a preview tells nobody about marks that are hidden from them."""
    return use_of(editor, tag.codebook, tag.taggings.all())


def use_of(editor, codebook: Codebook, taggings: QuerySet[AnnotationTag]) -> Use:
    """On how many marks these taggings are, by the rule of `touched_by_change`. At most one of them for each mark."""
    if editor.is_staff and codebook.is_default:
        return Use(taggings.filter(annotation__deleted_at=None).count(), complete=True)
    return Use(taggings.filter(annotation__in=Annotation.objects.visible_to(editor)).count(), complete=False)


def samples(editor, taggings: QuerySet[AnnotationTag]) -> list[Annotation]:
    """Some marks with these taggings that the editor sees, newest first, each with its author and article."""
    marks = Annotation.objects.visible_to(editor).filter(taggings__in=taggings)
    return list(marks.select_related("author", "article").order_by("-pk")[:MOST_SAMPLES])


def clashing(tag: Tag, group: TagGroup) -> QuerySet[AnnotationTag]:
    """The taggings of `tag` on marks that carry another tag of `group`, if that is exclusive: moved there, or merged
    into one of its tags, both could not stay."""
    taggings = AnnotationTag.objects.filter(tag=tag)
    if not group.exclusive or (tag.group_id == group.pk and tag.group.exclusive):
        return taggings.none()
    others = AnnotationTag.objects.filter(exclusive_group=group).exclude(tag=tag)
    return taggings.filter(annotation__in=others.values("annotation"))


@dataclass(frozen=True)
class Change:
    """What a change of a tag's form would do: the marks on which it shows, some of them, and what stands against it.

    `name` and `group` are None unless they change; `clashes` is None unless the tag moves into an exclusive group."""

    use: Use
    samples: Sequence[Annotation]
    name: str | None = None
    group: TagGroup | None = None
    clashes: Use | None = None


def change_of(editor, tag: Tag, *, name: str | None = None, group_id: int | None = None) -> Change:
    """What retiring a tag, renaming it, or moving it to another group would do."""
    group = TagGroup.objects.filter(pk=group_id, codebook=tag.codebook).first() if group_id != tag.group_id else None
    clashes = use_of(editor, tag.codebook, clashing(tag, group)) if group is not None and group.exclusive else None
    return Change(
        touched_by_change(editor, tag),
        samples(editor, tag.taggings.all()),
        name if name not in (None, tag.name) else None,
        group,
        clashes,
    )


@dataclass(frozen=True)
class Entry:
    """A tag on the codebook page."""

    tag: Tag
    uses: int
    may_edit: bool
    examples: Sequence[Example] = ()

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
    """The codebook as this viewer's page shows it, or one group of it. Four queries."""
    groups = codebook.groups.select_related("codebook").order_by("position", "pk")
    tags = Tag.objects.filter(codebook=codebook).select_related("group", "merged_into").order_by(*ORDER)
    if group_id is not None:
        groups, tags = groups.filter(pk=group_id), tags.filter(group_id=group_id)
    counts = uses(viewer, codebook)
    examples: dict[int, list[Example]] = {}
    for example in shown_to(viewer, codebook):
        examples.setdefault(example.tag_id, []).append(example)
    by_group: dict[int, list[Entry]] = {}
    for tag in tags:
        entry = Entry(tag, counts.get(tag.pk, 0), may_edit, _some(examples.get(tag.pk, [])))
        by_group.setdefault(tag.group_id, []).append(entry)
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
    return Entry(tag, visible.count(), may_edit, _some(list(shown_to(viewer, tag.codebook).filter(tag=tag))))


def _some(examples: list[Example]) -> list[Example]:
    """Those that stand under a tag on the codebook page: its newest ones, hard cases first."""
    newest = sorted(examples, key=lambda example: (example.kind != Example.HARD, -example.pk))
    return newest[:MOST_EXAMPLES]
