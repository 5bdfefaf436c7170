"""A codebook as a file. Retired tags are left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape, quoteattr

from annotations.codebook.actions import TEXTS
from annotations.codebook.queries import ORDER
from annotations.models import Codebook, Tag, TagGroup

NAMESPACE = "urn:QDA-XML:codebook:1.0"
# What the looks are in programs that know colours only: those of their lines.
COLOURS = {
    1: "#1F5FBF",
    2: "#9A5B00",
    3: "#55606B",
    4: "#0E7A52",
    5: "#B3263F",
    6: "#726800",
    7: "#0B7285",
    8: "#A5267F",
    9: "#7A3DB8",
    10: "#4C7A0B",
}
# The parts of a description, each a line that begins with its label; the definition comes first and has none.
LABELS = {"example": "Example", "do": "Do", "dont": "Don’t"}


def _rows(codebook: Codebook) -> tuple[list[TagGroup], list[Tag]]:
    """Two queries."""
    groups = list(codebook.groups.order_by("position", "pk"))
    tags = Tag.objects.filter(codebook=codebook, retired_at=None).select_related("group", "proposes")
    return groups, list(tags.order_by(*ORDER))


def as_data(codebook: Codebook) -> dict[str, Any]:
    """What `read_codebook` reads."""
    groups, tags = _rows(codebook)
    return {
        "name": codebook.name,
        "description": codebook.description,
        "groups": [
            {"key": group.key, "name": group.name, "exclusive": group.exclusive, "hint": group.hint} for group in groups
        ],
        "tags": [
            {
                "key": tag.key,
                "name": tag.name,
                "group": tag.group.key,
                "slot": tag.slot,
                **{name: getattr(tag, name) for name in TEXTS},
                "note_required": tag.note_required,
                "proposes": tag.proposes.name if tag.proposes_id and tag.proposes.retired_at is None else "",
                "enabled": tag.is_on,
                "concept": tag.concept,
            }
            for tag in tags
        ],
    }


def as_qdc(codebook: Codebook, address: Callable[[str], str]) -> str:
    """The same as a REFI-QDA codebook, without what that has no place for: keys, looks but for their colour, which tags
    exclude one another. A group is a code that cannot be given, with its tags in it.

    A code's guid is made from its address on this site (`address(path)`), so that it is the same in every export.
    """
    groups, tags = _rows(codebook)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<CodeBook xmlns="{NAMESPACE}" origin="OpsLens">',
        "  <Codes>",
    ]
    for group in groups:
        guid = _guid(address(f"/codebook/groups/{group.pk}/"))
        lines.append(f'    <Code guid="{guid}" name={_attribute(group.name)} isCodable="false">')
        lines += _description(group.hint, 6)
        for tag in (tag for tag in tags if tag.group_id == group.pk):
            guid = _guid(address(f"/codebook/tags/{tag.pk}/"))
            colour = COLOURS[tag.slot]
            lines.append(f'      <Code guid="{guid}" name={_attribute(tag.name)} isCodable="true" color="{colour}">')
            parts = [
                tag.definition,
                *(f"{label}: {getattr(tag, name)}" for name, label in LABELS.items() if getattr(tag, name)),
            ]
            lines += _description("\n".join(filter(None, parts)), 8)
            lines.append("      </Code>")
        lines.append("    </Code>")
    return "\n".join([*lines, "  </Codes>", "</CodeBook>", ""])


def _guid(address: str) -> str:
    return str(uuid5(NAMESPACE_URL, address)).upper()


def _attribute(text: str) -> str:
    return quoteattr(text)


def _description(text: str, indent: int) -> list[str]:
    return [f"{' ' * indent}<Description>{escape(text)}</Description>"] if text else []
