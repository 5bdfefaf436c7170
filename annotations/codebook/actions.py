"""The verbs on codebooks. Each is one transaction that checks the right, writes the rows and records one event on the
codebook's channel, with the state before and after.

The codebook's row is locked first in every one of them, so that two changes of a codebook never interleave. A tag's
`version` counts changes of what its form holds; switching and reordering leave it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils import timezone

from annotations.codebook.examples import shown_to
from annotations.codebook.schema import read_codebook
from annotations.codebook.words import KEY_RULE, is_key, plain, same
from annotations.models import Annotation, AnnotationTag, Codebook, Example, Surgery, Tag, TagGroup
from annotations.models.codebook import CONCEPTS, SLOTS
from annotations.permissions import may_edit_codebook
from opslens.activity.record import record
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

TEXTS = ("definition", "example", "do", "dont")
COPIED = ("annotation_id", "kind", "words", "comment", "added_by_id")  # of an example
FIELDS = (
    "name",
    "key",
    "group_id",
    "slot",
    *TEXTS,
    "note_required",
    "proposes_id",
    "concept",
)  # what `edit_tag` may change


def state_of(tag: Tag) -> dict[str, Any]:
    """The whole state of a tag as plain JSON, as events keep it."""
    return {name: getattr(tag, name) for name in FIELDS} | {
        "position": tag.position,
        "is_on": tag.is_on,
        "retired": tag.retired_at.isoformat() if tag.retired_at else None,
    }


def check_right(actor, codebook: Codebook) -> None:
    """Raises Denied for somebody who does not look after this codebook."""
    if not may_edit_codebook(actor, codebook):
        raise Denied("Only those who look after the codebook can change it.")


def lock_codebook(codebook_id: int) -> Codebook:
    """The codebook, which nobody else changes until the caller's transaction ends."""
    return Codebook.objects.select_for_update(no_key=True).get(pk=codebook_id)


def _locked_tag(tag_id: int) -> Tag:
    """A tag for changing, with its group and its locked codebook. Raises Missing."""
    codebook_id = Tag.objects.filter(pk=tag_id).values_list("codebook_id", flat=True).first()
    if codebook_id is None:
        raise Missing("There is no such tag.")
    codebook = lock_codebook(codebook_id)
    tag = Tag.objects.select_related("group").select_for_update(of=("self",), no_key=True).get(pk=tag_id)
    tag.codebook = codebook
    return tag


def _record(actor, verb: str, tag: Tag, before: dict | None) -> None:
    record(tag.codebook.channel, verb, actor=actor, subject=f"tag:{tag.pk}", before=before, after=state_of(tag))


def key_holder(codebook: Codebook, key: str, but: int | None) -> Tag | None:
    """The tag in use that has this shortcut key, if it is another than the one of the id `but`."""
    return Tag.objects.filter(codebook=codebook, key=key, retired_at=None).exclude(pk=but).first() if key else None


def clean_values(codebook: Codebook, given: Mapping[str, Any], tag: Tag | None = None) -> dict[str, Any]:
    """The values of `given` (FIELDS) as they may be stored in `tag`, or in a new one. Raises Invalid with a sentence
    per field."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name in ("name", *TEXTS):
        if name in given:
            try:
                values[name] = plain(given[name])
            except Invalid as invalid:
                errors[name] = f"This {invalid}."
                continue
            most = Tag._meta.get_field(name).max_length
            if len(values[name]) > most:
                errors[name] = f"At most {most} characters; these are {len(values[name])}."
    if "name" in values:
        twin = [t for t in Tag.objects.filter(codebook=codebook) if same(t.name) == same(values["name"])]
        if not values["name"]:
            errors["name"] = "A tag needs a name."
        elif twin and (tag is None or twin[0].pk != tag.pk):
            is_retired = twin[0].retired_at is not None
            errors["name"] = f"There is a tag “{twin[0].name}” already" + (
                ", which is retired. Bring it back instead." if is_retired else "."
            )
    if "key" in given:
        values["key"] = key = given["key"].strip().lower()
        if key and not is_key(key):
            errors["key"] = f"A key {KEY_RULE}."
        elif (tag is None or tag.retired_at is None) and (holder := key_holder(codebook, key, tag and tag.pk)):
            errors["key"] = f"“{holder.name}” has this key."
    if "slot" in given:
        values["slot"] = given["slot"]
        if given["slot"] not in SLOTS:
            errors["slot"] = f"A look is a number from {SLOTS[0]} to {SLOTS[-1]}."
    if "group_id" in given:
        values["group_id"] = given["group_id"]
        if not TagGroup.objects.filter(codebook=codebook, pk=given["group_id"]).exists():
            errors["group"] = "Choose a group of this codebook."
    if "note_required" in given:
        values["note_required"] = bool(given["note_required"])
    if "concept" in given:
        values["concept"] = given["concept"]
        if given["concept"] not in ("", *CONCEPTS):
            errors["concept"] = "Choose what the tag counts as, or nothing."
    if "proposes_id" in given:
        values["proposes_id"] = given["proposes_id"]
        if given["proposes_id"] is not None:
            proposed = Tag.objects.filter(codebook=codebook, pk=given["proposes_id"]).first()
            if proposed is None:
                errors["proposes"] = "Choose a tag of this codebook."
            elif proposed == tag or proposed.group_id == values.get("group_id", tag and tag.group_id):
                errors["proposes"] = "Choose a tag of another group."
    if errors:
        raise Invalid(" ".join(errors.values()), errors)
    return values


def at_end(group_id: int) -> int:
    last = Tag.objects.filter(group_id=group_id).order_by("-position").values_list("position", flat=True).first()
    return (last or 0) + 1


def add_tag(actor, codebook: Codebook, given: Mapping[str, Any]) -> Tag:
    """A new tag at the end of its group, offered at once. `given` holds FIELDS; `name`, `group_id` and `slot` are
    needed. Raises Denied, Invalid."""
    with transaction.atomic():
        check_right(actor, codebook)
        codebook = lock_codebook(codebook.pk)
        values = clean_values(codebook, {"name": "", "group_id": None, "slot": None, **given})
        tag = Tag(codebook=codebook, position=at_end(values["group_id"]), **values)
        tag.save(force_insert=True)
        _record(actor, "tag-added", tag, None)
    return tag


def edit_tag(actor, tag_id: int, version: int, given: Mapping[str, Any], verb: str = "tag-edited") -> Tag:
    """Change those of FIELDS that are in `given`. Saving what is there already changes and records nothing.

    Raises Conflict, with the tag as it is now in `.current`, when `version` is not its version; Invalid;
    Denied; Missing.
    """
    with transaction.atomic():
        tag = _locked_tag(tag_id)
        check_right(actor, tag.codebook)
        try:
            values = clean_values(tag.codebook, given, tag)
        except Invalid:
            if tag.version != version:
                raise Conflict("This tag was changed in the meantime.", current=tag) from None
            raise
        changed = [name for name, value in values.items() if getattr(tag, name) != value]
        if not changed:
            return tag
        if tag.version != version:
            raise Conflict("This tag was changed in the meantime.", current=tag)
        before = state_of(tag)
        if "group_id" in changed:
            _regroup(actor, tag, TagGroup.objects.get(pk=values["group_id"]))
        for name in changed:
            setattr(tag, name, values[name])
        tag.version += 1
        tag.save(update_fields=[*changed, "position", "version"])
        _record(actor, verb, tag, before)
    return tag


def recolour_tag(actor, tag_id: int, version: int, slot: int) -> Tag:
    """Give a tag another look. Raises as `edit_tag` does."""
    return edit_tag(actor, tag_id, version, {"slot": slot}, "tag-recoloured")


def _regroup(actor, tag: Tag, group: TagGroup) -> None:
    """Prepare a tag's way to the end of another group, and keep what its marks say about exclusive groups right.
    Raises Invalid when a mark would then carry two tags of an exclusive group."""
    tag.position = at_end(group.pk)
    taggings = AnnotationTag.objects.filter(tag=tag)
    if group.exclusive:
        clashing = taggings.filter(annotation__taggings__exclusive_group=group)
        if clashing.exists():
            message = _clash(actor, clashing, f"“{tag.name}” and another tag of “{group.name}”")
            raise Invalid(message, {"group": message})
    _let_exclude(taggings, group if group.exclusive else None)
    tag.group = group


def _let_exclude(taggings, group: TagGroup | None) -> None:
    """Note on taggings beside which group's tags they stand alone. Raises Conflict where a reader was faster."""
    try:
        with transaction.atomic():
            taggings.update(exclusive_group=group)
    except IntegrityError:
        raise Conflict("Readers are tagging marks with these tags just now. Nothing was changed. Try again.") from None


def _clash(actor, clashing, both: str) -> str:
    # Only marks that this person sees are counted; that there are others must be said, or nobody could understand why.
    seen = Annotation.objects.visible_to(actor).filter(taggings__in=clashing).distinct().count()
    which = f"{seen:,} mark{'' if seen == 1 else 's'} that you can see" if seen else "Marks that their authors see"
    carry = "carries" if seen == 1 else "carry"
    return f"{which} {carry} {both}; a mark may carry only one of them. Change those marks first."


def move_tag(actor, tag_id: int, step: int) -> Tag:
    """Move a tag one place up (`step` -1) or down (1) among the tags of its group that are not retired. At the end of
    the list nothing happens. Raises Denied, Missing."""
    with transaction.atomic():
        tag = _locked_tag(tag_id)
        check_right(actor, tag.codebook)
        group = list(Tag.objects.filter(group_id=tag.group_id).order_by("position", "pk"))
        order = [t for t in group if t.retired_at is None]
        retired = [t for t in group if t.retired_at is not None]
        at = next((i for i, t in enumerate(order) if t.pk == tag.pk), None)
        if at is None or not 0 <= at + step < len(order):
            return tag
        before = [t.name for t in order]
        order.insert(at + step, order.pop(at))
        moved = []
        for position, t in enumerate([*order, *retired], 1):
            if t.position != position:
                t.position = position
                moved.append(t)
        Tag.objects.bulk_update(moved, ["position"])
        record(
            tag.codebook.channel,
            "tag-moved",
            actor=actor,
            subject=f"tag:{tag.pk}",
            before={"group_id": tag.group_id, "order": before},
            after={"group_id": tag.group_id, "order": [t.name for t in order]},
        )
    return order[at + step]


def switch_tag(actor, tag_id: int, on: bool) -> Tag:
    """Offer a tag to readers, or stop offering it; marks keep it. Raises Denied, Missing, Invalid for a retired tag."""
    with transaction.atomic():
        tag = _locked_tag(tag_id)
        check_right(actor, tag.codebook)
        if tag.retired_at is not None:
            raise Invalid(f"“{tag.name}” is retired. Bring it back first.")
        if tag.is_on != on:
            before = state_of(tag)
            tag.is_on = on
            tag.save(update_fields=["is_on"])
            _record(actor, "tag-switched-on" if on else "tag-switched-off", tag, before)
    return tag


def retire_tag(actor, tag_id: int) -> Tag:
    """Take a tag out of use for good: nobody is offered it, its key is free, and marks that carry it keep it.
    Retiring it again is not an error. Raises Denied, Missing."""
    with transaction.atomic():
        tag = _locked_tag(tag_id)
        check_right(actor, tag.codebook)
        if tag.retired_at is None:
            before = state_of(tag)
            tag.retired_at = timezone.now()
            tag.version += 1
            tag.save(update_fields=["retired_at", "version"])
            _record(actor, "tag-retired", tag, before)
    return tag


def bring_back_tag(actor, tag_id: int) -> tuple[Tag, Tag | None]:
    """Undo a tag's retirement: (tag, the tag that has its key now). In the latter case it comes back without a key.
    Raises Denied, Missing; Invalid for a tag that was merged into another one, as long as that is not undone."""
    with transaction.atomic():
        tag = _locked_tag(tag_id)
        check_right(actor, tag.codebook)
        if tag.retired_at is None:
            return tag, None
        if tag.merged_into_id and Surgery.objects.filter(source=tag, kind=Surgery.MERGE, undone_at=None).exists():
            raise Invalid(f"“{tag.name}” was merged into “{tag.merged_into.name}”. Undo the merge under “Changes”.")
        before, holder = state_of(tag), key_holder(tag.codebook, tag.key, tag.pk)
        tag.key = "" if holder else tag.key
        tag.retired_at = tag.merged_into = None
        tag.version += 1
        tag.save(update_fields=["key", "retired_at", "merged_into", "version"])
        _record(actor, "tag-brought-back", tag, before)
    return tag, holder


def edit_group(actor, group_id: int, *, name: str, hint: str, exclusive: bool) -> TagGroup:
    """Rename a group, or change whether its tags exclude one another. Raises Denied, Missing, and Invalid when marks
    carry several of its tags and it is to become exclusive."""
    with transaction.atomic():
        codebook_id = TagGroup.objects.filter(pk=group_id).values_list("codebook_id", flat=True).first()
        if codebook_id is None:
            raise Missing("There is no such group.")
        codebook = lock_codebook(codebook_id)
        check_right(actor, codebook)
        group = TagGroup.objects.select_for_update(no_key=True).get(pk=group_id)
        before = {"name": group.name, "hint": group.hint, "exclusive": group.exclusive}
        after = {"name": plain(name), "hint": plain(hint), "exclusive": exclusive}
        if not after["name"]:
            raise Invalid("A group needs a name.", {"name": "A group needs a name."})
        if after == before:
            return group
        taggings = AnnotationTag.objects.filter(tag__group=group)
        if exclusive and not group.exclusive:
            several = taggings.values("annotation").annotate(n=Count("pk")).filter(n__gt=1).values("annotation")
            if several.exists():
                clashing = taggings.filter(annotation__in=several)
                message = _clash(actor, clashing, f"several tags of “{group.name}”")
                raise Invalid(message, {"exclusive": message})
        if exclusive != group.exclusive:
            _let_exclude(taggings, group if exclusive else None)
        for field, value in after.items():
            setattr(group, field, value)
        group.save(update_fields=list(after))
        record(codebook.channel, "group-edited", actor=actor, subject=f"group:{group.pk}", before=before, after=after)
    return group


def copy_codebook(actor, source: Codebook, *, name: str) -> Codebook:
    """A codebook of its own with the same groups and tags, retired ones left out, and the examples that everybody
    may read. Part of the caller's transaction; it is for the caller to say who may."""
    copy = Codebook.objects.create(name=name, description=source.description)
    groups = {}
    for group in source.groups.order_by("position", "pk"):
        kept = {field: getattr(group, field) for field in ("key", "name", "hint", "exclusive", "position")}
        groups[group.pk] = TagGroup.objects.create(codebook=copy, **kept)
    tags = {}
    olds = list(Tag.objects.filter(codebook=source, retired_at=None).order_by("pk"))
    for old in olds:
        kept = {
            field: getattr(old, field)
            for field in ("name", "key", "slot", *TEXTS, "note_required", "concept", "position", "is_on")
        }
        tags[old.pk] = Tag.objects.create(codebook=copy, group=groups[old.group_id], **kept)
    for old in olds:
        if old.proposes_id in tags:
            tags[old.pk].proposes = tags[old.proposes_id]
            tags[old.pk].save(update_fields=["proposes"])
    open_to_all = shown_to(AnonymousUser(), source).filter(Q(annotation=None) | Q(annotation__session=None))
    Example.objects.bulk_create(
        Example(tag=tags[example.tag_id], **{field: getattr(example, field) for field in COPIED})
        for example in open_to_all.filter(tag__in=list(tags))
    )
    after = {"name": name, "from": source.pk, "tags": [{"id": tag.pk, **state_of(tag)} for tag in tags.values()]}
    record(copy.channel, "codebook-copied", actor=actor, subject=f"codebook:{copy.pk}", after=after)
    return copy


def load_codebook(data: Any, actor=None) -> tuple[Codebook, bool]:
    """Make the default codebook from parsed JSON (`annotations/codebook/schema.py`): (codebook, made just now).

    A site that has a default codebook keeps it as it is, so that this can be called at every start. Raises Invalid
    with what is wrong by path.
    """
    there = Codebook.objects.filter(is_default=True).first()
    if there is not None:
        return there, False
    wanted = read_codebook(data)
    try:
        with transaction.atomic():
            codebook = Codebook.objects.create(name=wanted.name, description=wanted.description, is_default=True)
            groups = {}
            for position, group in enumerate(wanted.groups, 1):
                groups[group.key] = TagGroup.objects.create(
                    codebook=codebook,
                    key=group.key,
                    name=group.name,
                    hint=group.hint,
                    exclusive=group.exclusive,
                    position=position,
                )
            tags = [
                Tag.objects.create(
                    codebook=codebook,
                    group=groups[tag.group],
                    position=position,
                    is_on=tag.is_on,
                    **{
                        name: getattr(tag, name) for name in ("name", "key", "slot", *TEXTS, "note_required", "concept")
                    },
                )
                for position, tag in enumerate(wanted.tags, 1)
            ]
            by_name = {tag.name: tag for tag in tags}
            for tag, asked in zip(tags, wanted.tags, strict=True):
                if asked.proposes:
                    tag.proposes = by_name[asked.proposes]
                    tag.save(update_fields=["proposes"])
            after = {
                "name": codebook.name,
                "description": codebook.description,
                "groups": [
                    {"id": g.pk, "key": g.key, "name": g.name, "exclusive": g.exclusive} for g in groups.values()
                ],
                "tags": [{"id": tag.pk, **state_of(tag)} for tag in tags],
            }
            subject = f"codebook:{codebook.pk}"
            record(codebook.channel, "codebook-loaded", actor=actor, subject=subject, after=after)
    except IntegrityError:
        # Two processes started at the same moment: the other one made it.
        there = Codebook.objects.filter(is_default=True).first()
        if there is None:
            raise
        return there, False
    return codebook, True
