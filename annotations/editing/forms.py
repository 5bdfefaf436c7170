"""What a request to make or change a mark may carry.

Plain functions instead of Django's forms: making a mark is the hottest request of all, and a form's machinery would
cost as much as everything else that it does.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import QueryDict

from opslens.web.refusals import Invalid

MOST_POSITION = 2**31 - 1


@dataclass(frozen=True, slots=True)
class NewMark:
    """A passage of a revision, [start, end) in code points with the exact words as a check, and what is said of it."""

    revision: int
    start: int
    end: int
    exact: str
    tags: list[int]
    note: str
    visibility: str
    key: str

    @classmethod
    def read(cls, data: QueryDict) -> NewMark:
        """Raises Invalid with a sentence per field."""
        return cls(
            revision=whole_number(data, "revision", most=2**62),
            start=whole_number(data, "start"),
            end=whole_number(data, "end"),
            exact=data.get("exact", ""),
            tags=tag_ids(data),
            note=data.get("note", ""),
            visibility=data.get("visibility", ""),
            key=data.get("key", "").replace("\x00", "") or str(uuid.uuid4()),
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit may carry; what is None stays as it is."""

    version: int
    tags: list[int] | None
    tags_seen: frozenset[int] | None  # what the mark carried when the form was drawn
    note: str | None
    visibility: str | None
    place: tuple[int, int, str] | None

    @classmethod
    def read(cls, data: QueryDict) -> Edit:
        """Raises Invalid with a sentence per field."""
        moved = data.get("start") and data.get("end")
        return cls(
            version=whole_number(data, "version"),
            # An unticked checkbox sends nothing, so forms say with `tags_shown` that their tags are the whole answer.
            tags=tag_ids(data) if "tags_shown" in data or "tags" in data else None,
            tags_seen=tags_seen(data.get("tags_shown", "")),
            note=data.get("note"),
            visibility=data.get("visibility") or None,
            place=(whole_number(data, "start"), whole_number(data, "end"), data.get("exact", "")) if moved else None,
        )


def tags_seen(shown: str) -> frozenset[int] | None:
    """The ids in a form's `tags_shown`, such as `3,7`; None for a form that does not tell."""
    ids = shown.split(",") if shown != "none" else []
    if len(ids) > 100 or not all(value.isascii() and value.isdigit() and len(value) < 18 for value in ids):
        return None
    return frozenset(map(int, ids))


def whole_number(data: QueryDict, name: str, most: int = MOST_POSITION) -> int:
    """A number from 0 to `most`. Raises Invalid."""
    value = data.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= most):
        message = f"“{name}” must be a whole number."
        raise Invalid(message, {name: message})
    return int(value)


def tag_ids(data: QueryDict) -> list[int]:
    """The ids of the chosen tags. Raises Invalid for anything but small whole numbers."""
    ids = data.getlist("tags")
    if len(ids) > 100 or not all(value.isascii() and value.isdigit() and len(value) < 18 for value in ids):
        raise Invalid("A tag is chosen by its number.", {"tags": "Choose tags of the codebook."})
    return [int(value) for value in ids]
