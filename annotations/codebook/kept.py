"""The tags of all codebooks, kept per process until a codebook has a new event."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from annotations.codebook.examples import with_hard_cases
from annotations.codebook.queries import ORDER
from annotations.models import Tag
from opslens.activity.numbers import last_numbers


@dataclass(frozen=True, slots=True)
class Look:
    """What the text and the cards need to know of a tag."""

    pk: int
    order: int
    slot: int
    name: str
    exclusive_group: int | None


_kept: tuple[tuple, dict[int, Tag], dict[int, Look]] | None = None


def all_tags() -> dict[int, Tag]:
    """All tags by id, off and retired ones included, in codebook order, each with its group and the tag it
    proposes, and whether it has a hard case (`has_hard_case`). One small query when nothing changed.
    Shared: whoever wants to change a tag loads it anew."""
    return _all()[0]


def successor_of(pk: int) -> int:
    """The id of the tag that stands for this one today: itself, or the one it was merged into, over any number of
    merges."""
    tags, seen = all_tags(), set()
    while pk in tags and tags[pk].merged_into_id and pk not in seen:
        seen.add(pk)
        pk = tags[pk].merged_into_id
    return pk


def looks() -> dict[int, Look]:
    """The same as looks; shared."""
    return _all()[1]


def _all() -> tuple[dict[int, Tag], dict[int, Look]]:
    global _kept
    state = last_numbers(kinds=("codebook",))
    kept = _kept
    if kept is not None and kept[0] == state:
        return kept[1:]
    tags = {
        tag.pk: tag
        for tag in with_hard_cases(Tag.objects)
        .select_related("group", "codebook", "proposes__group")
        .order_by("codebook_id", *ORDER)
    }
    found = {
        tag.pk: Look(tag.pk, order, tag.slot, tag.name, tag.group_id if tag.group.exclusive else None)
        for order, tag in enumerate(tags.values())
    }
    if not connection.in_atomic_block:
        # Inside a transaction the numbers may yet be rolled back and used again for something else.
        _kept = (state, tags, found)
    return tags, found


def tags_to_mark_with(codebook_id: int | None = None) -> list[Tag]:
    """The tags of this codebook, of the default one without it, that readers are offered, in codebook order."""
    tags = all_tags().values()
    if codebook_id is None:
        return [tag for tag in tags if tag.offered and tag.codebook.is_default]
    return [tag for tag in tags if tag.offered and tag.codebook_id == codebook_id]


def forget_tags() -> None:
    """For tests, where a new database hands out the same numbers again."""
    global _kept
    _kept = None
