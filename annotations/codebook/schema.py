"""Codebooks as JSON: what `load_codebook` reads.

{"name", "description", "groups": [{"key", "name", "exclusive", "hint"}],
 "tags": [{"key", "name", "group", "slot", "definition", "example", "do", "dont", "note_required", "proposes",
           "enabled", "concept"}]}

Order is meaning: groups and tags stand in the order in which readers see them. `proposes` is the name of another tag.
`concept` says what the tag counts as in figures (`CONCEPTS`); without it, its name does when it is one of those.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from typing import Any

from annotations.codebook.words import KEY_RULE, is_key, plain, same
from annotations.models.codebook import CONCEPTS, SLOTS
from opslens.web.refusals import Invalid

_MISSING = object()
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,40}")


@dataclass(frozen=True)
class GroupData:
    key: str
    name: str
    hint: str
    exclusive: bool


@dataclass(frozen=True)
class TagData:
    key: str
    name: str
    group: str
    slot: int
    definition: str
    example: str
    do: str
    dont: str
    note_required: bool
    proposes: str  # the other tag's name as it stands in the file; "" for none
    is_on: bool
    concept: str


@dataclass(frozen=True)
class CodebookData:
    name: str
    description: str
    groups: tuple[GroupData, ...]
    tags: tuple[TagData, ...]


class _Reader:
    """Takes values out of one JSON object and notes what is wrong with them, by path."""

    def __init__(self, value: Any, path: str, errors: dict[str, str], known: set[str] | None = None) -> None:
        self.value, self.path, self.errors = value, path, errors
        if not isinstance(value, dict):
            self.say("", "must be an object")
            self.value = {}
        for name in sorted(self.value.keys() - known) if known else ():
            self.say(name, "is not known here")

    def say(self, name: str, message: str) -> None:
        path = f"{self.path}.{name}" if self.path and name else self.path or name
        self.errors.setdefault(path or "the file", message)

    def text(self, name: str, most: int, *, required: bool = False) -> str:
        value = self.value.get(name, "")
        if not isinstance(value, str):
            self.say(name, "must be text")
            return ""
        try:
            value = plain(value)
        except Invalid as invalid:
            self.say(name, str(invalid))
            return ""
        if required and not value:
            self.say(name, "is missing")
        if len(value) > most:
            self.say(name, f"is longer than {most} characters")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.value.get(name, default)
        if not isinstance(value, bool):
            self.say(name, "must be true or false")
            return default
        return value

    def number(self, name: str, allowed: range) -> int:
        value = self.value.get(name, _MISSING)
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            self.say(name, f"must be a whole number from {allowed[0]} to {allowed[-1]}")
            return allowed[0]
        return value

    def items(self, name: str) -> list:
        value = self.value.get(name, _MISSING)
        if not isinstance(value, list) or not value:
            self.say(name, "must be a list with at least one entry")
            return []
        return value


def _unique(items: list, what: Callable[[Any], str], path: str, name: str, errors: dict[str, str]) -> None:
    seen: dict[str, int] = {}
    for at, item in enumerate(items):
        value = what(item)
        if value and value in seen:
            errors.setdefault(f"{path}[{at}].{name}", f"is the same as in {path}[{seen[value]}]")
        seen.setdefault(value, at)


def _settle_proposals(tags: list[TagData], errors: dict[str, str]) -> list[TagData]:
    """`tags` with the names that they propose spelt as those tags spell them; notes what names no other tag."""
    by_name = {same(tag.name): tag for tag in tags}
    settled = []
    for at, tag in enumerate(tags):
        other = by_name.get(same(tag.proposes)) if tag.proposes else None
        if tag.proposes and other is None:
            errors.setdefault(f"tags[{at}].proposes", f"there is no tag “{tag.proposes}”")
        elif other is not None and other.group == tag.group:
            errors.setdefault(f"tags[{at}].proposes", "must be a tag of another group")
        settled.append(replace(tag, proposes=other.name if other else ""))
    return settled


def read_codebook(data: Any) -> CodebookData:
    """Check a parsed JSON document. Raises Invalid; its `errors` map paths such as `tags[3].slot` to what is wrong."""
    errors: dict[str, str] = {}
    top = _Reader(data, "", errors)
    groups: list[GroupData] = []
    for at, value in enumerate(top.items("groups")):
        one = _Reader(value, f"groups[{at}]", errors, {"key", "name", "exclusive", "hint"})
        key = one.text("key", 40, required=True)
        if key and not _SLUG.fullmatch(key):
            one.say("key", "may have letters, digits, - and _ only")
        groups.append(
            GroupData(key, one.text("name", 80, required=True), one.text("hint", 280), one.flag("exclusive", False))
        )
    group_keys = {group.key for group in groups}
    tags: list[TagData] = []
    fields = {field.name for field in dataclass_fields(TagData)} - {"is_on"} | {"enabled"}
    for at, value in enumerate(top.items("tags")):
        one = _Reader(value, f"tags[{at}]", errors, fields)
        key = one.text("key", 1)
        if key and not is_key(key):
            one.say("key", KEY_RULE)
        group = one.text("group", 40, required=True)
        if group and group not in group_keys:
            one.say("group", f"there is no group “{group}”")
        name = one.text("name", 40, required=True)
        concept = one.text("concept", 15) if "concept" in one.value else same(name) if same(name) in CONCEPTS else ""
        if concept and concept not in CONCEPTS:
            one.say("concept", f"must be one of {', '.join(CONCEPTS)}")
        tags.append(
            TagData(
                key=key.lower(),
                name=name,
                group=group,
                slot=one.number("slot", SLOTS),
                definition=one.text("definition", 400),
                example=one.text("example", 400),
                do=one.text("do", 400),
                dont=one.text("dont", 400),
                note_required=one.flag("note_required", False),
                proposes=one.text("proposes", 40),
                is_on=one.flag("enabled", True),
                concept=concept,
            )
        )
    _unique(groups, lambda group: group.key, "groups", "key", errors)
    _unique(tags, lambda tag: tag.key, "tags", "key", errors)
    _unique(tags, lambda tag: same(tag.name), "tags", "name", errors)
    found = CodebookData(
        top.text("name", 120, required=True),
        top.text("description", 2000),
        tuple(groups),
        tuple(_settle_proposals(tags, errors)),
    )
    if errors:
        raise Invalid("This is not a codebook: " + "; ".join(f"{at} {said}" for at, said in errors.items()), errors)
    return found
