"""Importing a codebook into one that is there, and taking that back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.codebook.actions import FIELDS, at_end, check_right, lock_codebook, state_of
from annotations.codebook.queries import clashing
from annotations.codebook.schema import TagData
from annotations.codebook.words import LOOKS, same
from annotations.models import AnnotationTag, Codebook, Surgery, Tag, TagGroup
from annotations.surgery.exchange.reading import Incoming
from opslens.activity.record import record
from opslens.models import Event
from opslens.web.refusals import Conflict, Invalid, Missing

ADD, UPDATE = "add", "update"
MODES = {ADD: "Add what is missing", UPDATE: "Add and update"}
IMPORTED, TAKEN_BACK = "codebook-imported", "codebook-import-undone"
SHOWN = {
    "name": "name",
    "key": "key",
    "group": "group",
    "slot": "look",
    "definition": "definition",
    "example": "example",
    "do": "do",
    "dont": "don’t",
    "note_required": "needs a note",
    "proposes": "proposes",
    "is_on": "offered",
    "concept": "counts as",
}
NEW, BACK, DIFFERS, SAME = "new", "back", "differs", "same"


@dataclass(frozen=True, slots=True)
class Shown:
    """A difference in words. `looks`: the numbers of both, where it is about looks."""

    what: str
    now: str
    then: str
    looks: tuple[int, int] | None = None


@dataclass
class Line:
    """What a tag of the file means here. `tag`: the one of this name that is there. `changes`: (what, now, then).
    `groups`: names of groups by their keys."""

    state: str
    data: TagData
    tag: Tag | None = None
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> list[Shown]:
        return [
            Shown(SHOWN[name], LOOKS[old], LOOKS[new], (old, new))
            if name == "slot"
            else Shown(SHOWN[name], self._said(name, old), self._said(name, new))
            for name, old, new in self.changes
        ]

    def _said(self, name: str, value: Any) -> str:
        if name == "group":
            return self.groups.get(value, value)
        if name == "concept":
            return value or "nothing in particular"
        return _shown(value)


@dataclass
class Plan:
    """What an import would do. `only_here`: tags in use that the file does not have; they stay. `groups`: those that
    are made for new tags, not saved yet."""

    lines: list[Line]
    only_here: list[Tag]
    groups: list[TagGroup]
    notes: list[str]

    def of(self, state: str) -> list[Line]:
        return [line for line in self.lines if line.state == state]

    @property
    def new(self) -> list[Line]:
        return [line for line in self.lines if line.state in (NEW, BACK)]

    @property
    def differing(self) -> list[Line]:
        return self.of(DIFFERS)

    @property
    def same(self) -> list[Line]:
        return self.of(SAME)

    def changes_something(self, mode: str) -> bool:
        return bool(self.new or (mode == UPDATE and self.differing))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in ("", None) else "(empty)"


def plan(codebook: Codebook, incoming: Incoming) -> Plan:
    """Compare a file with the codebook. Tags are the same when their names are, groups when their keys or names are.
    Three queries; at most two more for each tag that would move into an exclusive group.

    New tags come first, then those that are there: what becomes of the former does not depend on whether the latter
    are updated."""
    here_groups = list(TagGroup.objects.filter(codebook=codebook).order_by("position", "pk"))
    tags = list(Tag.objects.filter(codebook=codebook).select_related("group", "proposes").order_by("pk"))
    merged = set(
        Surgery.objects.filter(codebook=codebook, kind=Surgery.MERGE, undone_at=None).values_list("source", flat=True)
    )
    here = {same(tag.name): tag for tag in tags}
    in_use = {name for name, tag in here.items() if tag.retired_at is None}
    homes = _homes(codebook, incoming, here_groups)
    holders = {tag.key: tag for tag in tags if tag.key and tag.retired_at is None}
    names = {group.key: group.name for group in [*here_groups, *homes.values()]}
    found = Plan([], [], [], list(incoming.notes))
    made: dict[str, TagGroup] = {}
    coming: dict[str, set[int]] = {}
    for data in sorted(incoming.codebook.tags, key=lambda data: same(data.name) in in_use):
        tag = here.get(same(data.name))
        if tag is not None and tag.pk in merged:
            found.notes.append(f"“{tag.name}” was merged into another tag here: it is left out.")
            continue
        group = homes[data.group]
        data = replace(data, group=group.key, key=_key(tag, data, incoming, holders, found.notes))
        if same(data.name) not in in_use:
            if group.pk is None:
                made[group.key] = group
        elif group.pk is None and group.key not in made:
            found.notes.append(f"There is no group “{group.name}” here: “{tag.name}” stays in its group.")
            data = replace(data, group=tag.group.key)
        if tag is not None and data.group != tag.group.key:
            if _would_clash(tag, group, coming.setdefault(group.key, set())):
                found.notes.append(
                    f"“{tag.name}” stays in “{tag.group.name}”: marks carry it together with another tag of "
                    f"“{group.name}”, which allows one."
                )
                data = replace(data, group=tag.group.key)
            else:
                coming[group.key].add(tag.pk)
        line = Line(NEW, data, tag, [] if tag is None else _changes(tag, data, incoming), names)
        if tag is not None:
            line.state = BACK if tag.retired_at is not None else DIFFERS if line.changes else SAME
        found.lines.append(line)
    found.groups = list(made.values())
    known = {same(data.name) for data in incoming.codebook.tags}
    found.only_here = [tag for tag in tags if tag.retired_at is None and same(tag.name) not in known]
    return found


def _homes(codebook: Codebook, incoming: Incoming, here: list[TagGroup]) -> dict[str, TagGroup]:
    """The group here of each group of the file, by the key in the file; one that is not saved where there is none. Keys
    that were made up mean nothing, names do."""
    by_key = {group.key: group for group in here}
    by_name = {same(group.name): group for group in here}
    taken = set(by_key)
    homes: dict[str, TagGroup] = {}
    for group in incoming.codebook.groups:
        home = None if incoming.makes_keys else by_key.get(group.key)
        home = home or by_name.get(same(group.name))
        if home is None:
            key, number = group.key, 1
            while key in taken:
                number += 1
                key = f"{group.key[:34]}-{number}"
            home = TagGroup(codebook=codebook, key=key, name=group.name, hint=group.hint, exclusive=group.exclusive)
            taken.add(key)
            by_name[same(group.name)] = home
        homes[group.key] = home
    return homes


def _key(
    tag: Tag | None, data: TagData, incoming: Incoming, holders: dict[str, Tag | TagData], notes: list[str]
) -> str:
    """The shortcut key that a tag of the file gets here, which is noted in `holders`: those of the keys so far."""
    says_nothing = "key" not in incoming.fields or "key" in incoming.silent.get(same(data.name), ())
    key = tag.key if tag is not None and says_nothing else data.key
    holder = holders.get(key)
    if holder is not None and holder is not tag:
        keeps = tag.key if tag is not None and tag.retired_at is None else ""
        had = isinstance(holder, Tag) and holder.retired_at is None and holder.key == key
        has = f"has the key {key} here" if had else f"gets the key {key}"
        notes.append(f"“{holder.name}” {has}: “{data.name}” " + (f"keeps its key {keeps}." if keeps else "gets none."))
        key = keeps
    if key:
        holders[key] = tag or data
    return key


def _would_clash(tag: Tag, group: TagGroup, coming: set[int]) -> bool:
    """Whether a mark with this tag carries another one of an exclusive group, or one of those that come into it with
    this import."""
    if not group.exclusive:
        return False
    if group.pk is not None and clashing(tag, group).exists():
        return True
    others = AnnotationTag.objects.filter(tag__in=coming)
    return bool(coming) and tag.taggings.filter(annotation__in=others.values("annotation")).exists()


def _changes(tag: Tag, data: TagData, incoming: Incoming) -> list[tuple[str, Any, Any]]:
    found = []
    silent = incoming.silent.get(same(data.name), frozenset())
    for name in incoming.fields:
        then = getattr(data, name)
        if name in silent or name == "key":
            continue
        if name == "group":
            now = tag.group.key
        elif name == "proposes":
            now = tag.proposes.name if tag.proposes_id and tag.proposes.retired_at is None else ""
            if same(now) == same(then):
                continue
        else:
            now = getattr(tag, name)
        if now != then:
            found.append((name, now, then))
    if tag.key != data.key:  # even where the file says nothing: another tag may have the key by now
        found.append(("key", tag.key, data.key))
    return found


def seen_of(plan: Plan) -> str:
    """Stands for what was previewed."""
    seen = repr(([(line.state, line.data, line.changes) for line in plan.lines], [one.key for one in plan.groups]))
    return sha256(seen.encode("utf-8", "replace")).hexdigest()[:20]


def was_done(codebook: Codebook, key: str) -> bool:
    """Whether the form with this key has been imported already."""
    events = Event.objects.filter(channel__name=codebook.channel, verb=IMPORTED)
    return bool(key) and events.filter(after__key=key.replace("\x00", "")).exists()


def import_codebook(
    actor, codebook: Codebook, incoming: Incoming, mode: str, *, key: str = "", seen: str | None = None
) -> tuple[Plan, bool]:
    """Add the tags of a file that are missing, and with `update` make the others what they are in it: (what it meant,
    whether anything changed). Nothing is taken away, groups that are there stay as they are, and so do the marks of
    every tag. The same `key` again does nothing. `seen` is what was previewed, `seen_of(plan)`.

    Raises Denied, Invalid; Conflict, with the plan as it is now in `.current`, when `seen` is something else, or when
    readers were faster."""
    if mode not in MODES:
        raise Invalid("Choose whether tags that are there are updated.")
    key = key.replace("\x00", "")
    try:
        with transaction.atomic():
            codebook = lock_codebook(codebook.pk)
            check_right(actor, codebook)
            found = plan(codebook, incoming)
            if was_done(codebook, key):
                return found, False
            if seen is not None and seen != seen_of(found):
                raise Conflict("The codebook has changed since this preview. Look at it once more.", current=found)
            if not found.changes_something(mode):
                return found, False
            _carry_out(actor, codebook, incoming, found, mode, key)
    except IntegrityError:  # marks are not locked: one may have got a second tag of an exclusive group meanwhile
        message = "Readers were changing marks with these tags just now. Nothing was imported. Try again."
        raise Conflict(message, current=plan(codebook, incoming)) from None
    return found, True


def _carry_out(actor, codebook: Codebook, incoming: Incoming, found: Plan, mode: str, key: str) -> None:
    last = TagGroup.objects.filter(codebook=codebook).order_by("-position").values_list("position", flat=True).first()
    for position, group in enumerate(found.groups, (last or 0) + 1):
        group.position = position
        group.save(force_insert=True)
    groups = {group.key: group for group in TagGroup.objects.filter(codebook=codebook)}
    before: list[dict[str, Any]] = []
    done: list[tuple[Tag, Line]] = []
    for line in found.lines:
        if line.state == SAME or (line.state == DIFFERS and mode != UPDATE):
            continue
        if line.tag is None:
            done.append((_add(codebook, line.data, groups, incoming), line))
        else:
            before.append({"id": line.tag.pk, **state_of(line.tag)})
            done.append((_change(line, groups), line))
    by_name = {same(tag.name): tag for tag in Tag.objects.filter(codebook=codebook)}
    for tag, line in done:
        if "proposes" in incoming.fields and "proposes" not in incoming.silent.get(same(line.data.name), ()):
            other = by_name.get(same(line.data.proposes)) if line.data.proposes else None
            fits = other is not None and other != tag and other.group_id != tag.group_id
            tag.proposes = other if fits else None
            tag.save(update_fields=["proposes"])
    after = {
        "mode": mode,
        "format": incoming.format,
        "key": key,
        "groups": [{"id": group.pk, "name": group.name} for group in found.groups],
        "added": [{"id": tag.pk, **state_of(tag)} for tag, line in done if line.state != DIFFERS],
        "changed": [{"id": tag.pk, **state_of(tag)} for tag, line in done if line.state == DIFFERS],
    }
    subject = f"codebook:{codebook.pk}"
    record(codebook.channel, IMPORTED, actor=actor, subject=subject, before={"tags": before}, after=after)


def _add(codebook: Codebook, data: TagData, groups: Mapping[str, TagGroup], incoming: Incoming) -> Tag:
    group = groups[data.group]
    said = {name: getattr(data, name) for name in incoming.fields if name not in ("group", "proposes", "key")}
    tag = Tag(codebook=codebook, group=group, position=at_end(group.pk), key=data.key, **said)
    tag.save(force_insert=True)
    return tag


def _change(line: Line, groups: Mapping[str, TagGroup]) -> Tag:
    """A tag that is there as it is in the file, back in use if it was retired."""
    tag: Tag = line.tag
    for name, _, then in line.changes:
        if name == "group":
            group = groups[then]
            tag.position = at_end(group.pk)
            AnnotationTag.objects.filter(tag=tag).update(exclusive_group=group if group.exclusive else None)
            tag.group = group
        elif name != "proposes":
            setattr(tag, name, then)
    tag.version += 1
    tag.retired_at = tag.merged_into = None
    tag.save()
    return tag


def undo_import(actor, codebook: Codebook, number: int) -> tuple[list[str], bool]:
    """Take an import back: (what there is to say, whether anything changed). Tags it changed are as before, those it
    added are retired, so that whatever names them still finds them; what was changed since stays. Raises Missing,
    Denied."""
    with transaction.atomic():
        codebook = lock_codebook(codebook.pk)
        check_right(actor, codebook)
        events = Event.objects.filter(channel__name=codebook.channel)
        event = events.filter(number=number, verb=IMPORTED).first() if number < 2**62 else None
        if event is None:
            raise Missing("There is no such import.")
        if events.filter(verb=TAKEN_BACK, after__undoes=number).exists():
            return [], False
        before = {state["id"]: state for state in event.before["tags"]}
        then = {state["id"]: state for state in [*event.after["added"], *event.after["changed"]]}
        tags = {tag.pk: tag for tag in Tag.objects.filter(pk__in=list(then)).select_related("group")}
        kept, undone = [], []
        keys = Counter(
            Tag.objects.filter(codebook=codebook, retired_at=None).exclude(key="").values_list("key", flat=True)
        )
        for pk, tag in tags.items():
            if {"id": pk, **state_of(tag)} | {"position": 0} != then[pk] | {"position": 0}:
                kept.append(tag.name)
                continue
            if tag.key:
                keys[tag.key] -= 1
            undone.append(_back(tag, before.get(pk), keys, kept))
        record(
            codebook.channel,
            TAKEN_BACK,
            actor=actor,
            subject=f"codebook:{codebook.pk}",
            before={"tags": [then[tag.pk] for tag in undone]},
            after={"undoes": number, "tags": [{"id": tag.pk, **state_of(tag)} for tag in undone]},
        )
    said = [f"Changed since then, and left as it is: {', '.join(f'“{name}”' for name in kept)}."] if kept else []
    return said, True


def _back(tag: Tag, state: dict[str, Any] | None, keys: Counter, kept: list[str]) -> Tag:
    tag.version += 1
    if state is None:
        tag.retired_at = timezone.now()
    else:
        group = TagGroup.objects.filter(pk=state["group_id"]).first()
        moves = group is not None and group.pk != tag.group_id
        if moves and not clashing(tag, group).exists():
            AnnotationTag.objects.filter(tag=tag).update(exclusive_group=group if group.exclusive else None)
            tag.group, tag.position = group, state["position"]
        for name in FIELDS:
            if name not in ("group_id", "proposes_id", "key"):
                setattr(tag, name, state[name])
        others = Tag.objects.filter(pk=state["proposes_id"]).exclude(group=tag.group)
        tag.proposes = others.first() if state["proposes_id"] else None
        tag.key = "" if state["retired"] is None and state["key"] and keys[state["key"]] > 0 else state["key"]
        tag.is_on = state["is_on"]
        tag.retired_at = timezone.datetime.fromisoformat(state["retired"]) if state["retired"] else None
        if tag.retired_at is None and tag.key:
            keys[tag.key] += 1
    tag.save()
    return tag
