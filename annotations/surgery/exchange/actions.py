"""Importing a codebook into one that is there, and taking that back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations.codebook.actions import FIELDS, at_end, check_right, lock_codebook, state_of
from annotations.codebook.queries import clashing
from annotations.codebook.schema import TagData
from annotations.codebook.words import LOOKS, same
from annotations.models import AnnotationTag, Codebook, Surgery, Tag, TagGroup
from annotations.models.codebook import SLOTS
from annotations.surgery.exchange.reading import Incoming
from opslens.activity.record import record
from opslens.models import Event
from opslens.web.refusals import Invalid, Missing

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
    """What a tag of the file means here. `tag`: the one of this name that is there. `changes`: (what, now, then)."""

    state: str
    data: TagData
    tag: Tag | None = None
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)

    @property
    def shown(self) -> list[Shown]:
        return [
            Shown(SHOWN[name], LOOKS[old], LOOKS[new], (old, new))
            if name == "slot"
            else Shown(SHOWN[name], _shown(old), _shown(new))
            for name, old, new in self.changes
        ]


@dataclass
class Plan:
    """What an import would do. `only_here`: tags in use that the file does not have; they stay. `groups`: those that
    are made for new tags."""

    lines: list[Line]
    only_here: list[Tag]
    groups: list[str]
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
    Three queries; one more for each tag that would move into an exclusive group."""
    groups = list(TagGroup.objects.filter(codebook=codebook).order_by("position", "pk"))
    tags = list(Tag.objects.filter(codebook=codebook).select_related("group", "proposes").order_by("pk"))
    merged = set(
        Surgery.objects.filter(codebook=codebook, kind=Surgery.MERGE, undone_at=None).values_list("source", flat=True)
    )
    here = {same(tag.name): tag for tag in tags}
    holders = {tag.key: tag for tag in tags if tag.key and tag.retired_at is None}
    by_key = {group.key: group for group in groups}
    by_name = {same(group.name): group for group in groups}
    names = {group.key: group.name for group in incoming.codebook.groups}
    found = Plan([], [], [], list(incoming.notes))
    made: dict[str, str] = {}
    for data in incoming.codebook.tags:
        tag = here.get(same(data.name))
        group = _group_of(data, names, by_key, by_name)
        if tag is not None and tag.pk in merged:
            found.notes.append(f"“{tag.name}” was merged into another tag here: it is left out.")
            continue
        if tag is not None and "key" in incoming.silent.get(same(data.name), ()):
            data = replace(data, key=tag.key)
        holder = holders.get(data.key)
        if holder is not None and holder is not tag and "key" in incoming.fields:
            keeps = tag.key if tag is not None and tag.retired_at is None else ""
            found.notes.append(
                f"“{holder.name}” has the key {data.key} here: “{data.name}” "
                + (f"keeps its key {keeps}." if keeps else "gets none.")
            )
            data = replace(data, key=keeps)
        if tag is None or tag.retired_at is not None:
            if group is None and data.group not in made:
                made[data.group] = names[data.group]
            found.lines.append(Line(NEW if tag is None else BACK, data, tag))
            if data.key:
                holders[data.key] = tag or Tag(name=data.name, key=data.key)
            continue
        if group is None:
            found.notes.append(f"There is no group “{names[data.group]}” here: “{tag.name}” stays in its group.")
            data = replace(data, group=tag.group.key)
        elif group.pk != tag.group_id and clashing(tag, group).exists():
            found.notes.append(
                f"“{tag.name}” stays in “{tag.group.name}”: marks carry it together with another tag of "
                f"“{group.name}”, which allows one."
            )
            data = replace(data, group=tag.group.key)
        else:
            data = replace(data, group=group.key)
        line = Line(SAME, data, tag, _changes(tag, data, incoming))
        line.state = DIFFERS if line.changes else SAME
        found.lines.append(line)
    found.groups = list(made.values())
    known = {same(data.name) for data in incoming.codebook.tags}
    found.only_here = [tag for tag in tags if tag.retired_at is None and same(tag.name) not in known]
    return found


def _group_of(data: TagData, names: dict[str, str], by_key: dict, by_name: dict) -> TagGroup | None:
    return by_key.get(data.group) or by_name.get(same(names[data.group]))


def _changes(tag: Tag, data: TagData, incoming: Incoming) -> list[tuple[str, Any, Any]]:
    found = []
    silent = incoming.silent.get(same(data.name), frozenset())
    for name in incoming.fields:
        then = getattr(data, name)
        if name in silent:
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
    return found


def seen_of(plan: Plan) -> str:
    """Stands for what was previewed."""
    return repr([(line.state, line.data, line.changes) for line in plan.lines])


def was_done(codebook: Codebook, key: str) -> bool:
    """Whether the form with this key has been imported already."""
    events = Event.objects.filter(channel__name=codebook.channel, verb=IMPORTED)
    return bool(key) and events.filter(after__key=key.replace("\x00", "")).exists()


def import_codebook(actor, codebook: Codebook, incoming: Incoming, mode: str, *, key: str = "") -> tuple[Plan, bool]:
    """Add the tags of a file that are missing, and with `update` make the others what they are in it: (what it meant,
    whether anything changed). Nothing is taken away, groups that are there stay as they are, and so do the marks of
    every tag. The same `key` again does nothing. Raises Denied, Invalid."""
    if mode not in MODES:
        raise Invalid("Choose whether tags that are there are updated.")
    key = key.replace("\x00", "")
    with transaction.atomic():
        codebook = lock_codebook(codebook.pk)
        check_right(actor, codebook)
        found = plan(codebook, incoming)
        if was_done(codebook, key):
            return found, False
        if not found.changes_something(mode):
            return found, False
        made_groups = _make_groups(codebook, incoming, found)
        groups = {group.key: group for group in TagGroup.objects.filter(codebook=codebook)}
        before: list[dict[str, Any]] = []
        added: list[Tag] = []
        changed: list[tuple[Tag, Line]] = []
        for line in found.lines:
            if line.state in (NEW, BACK):
                if line.tag is not None:
                    before.append({"id": line.tag.pk, **state_of(line.tag)})
                added.append(_add(codebook, line, groups, made_groups, incoming))
            elif line.state == DIFFERS and mode == UPDATE:
                before.append({"id": line.tag.pk, **state_of(line.tag)})
                changed.append((_change(line, groups), line))
        by_name = {same(tag.name): tag for tag in Tag.objects.filter(codebook=codebook)}
        for tag, line in [*zip(added, found.new, strict=True), *changed]:
            if "proposes" in incoming.fields and "proposes" not in incoming.silent.get(same(line.data.name), ()):
                other = by_name.get(same(line.data.proposes)) if line.data.proposes else None
                fits = other is not None and other != tag and other.group_id != tag.group_id
                tag.proposes = other if fits else None
                tag.save(update_fields=["proposes"])
        after = {
            "mode": mode,
            "format": incoming.format,
            "key": key,
            "groups": [{"id": group.pk, "name": group.name} for group in made_groups.values()],
            "added": [{"id": tag.pk, **state_of(tag)} for tag in added],
            "changed": [{"id": tag.pk, **state_of(tag)} for tag, _ in changed],
        }
        subject = f"codebook:{codebook.pk}"
        record(codebook.channel, IMPORTED, actor=actor, subject=subject, before={"tags": before}, after=after)
    return found, True


def _make_groups(codebook: Codebook, incoming: Incoming, found: Plan) -> dict[str, TagGroup]:
    """New groups that new tags need, by their key in the file."""
    here = list(TagGroup.objects.filter(codebook=codebook))
    keys, names = {group.key for group in here}, {same(group.name) for group in here}
    wanted = {line.data.group for line in found.new}
    last = max((group.position for group in here), default=0)
    made: dict[str, TagGroup] = {}
    for group in incoming.codebook.groups:
        if group.key in wanted and group.key not in keys and same(group.name) not in names:
            last += 1
            made[group.key] = TagGroup.objects.create(
                codebook=codebook,
                key=group.key,
                name=group.name,
                hint=group.hint,
                exclusive=group.exclusive,
                position=last,
            )
    return made


def _home(line: Line, groups: dict[str, TagGroup], incoming: Incoming) -> TagGroup:
    if line.data.group in groups:
        return groups[line.data.group]
    name = next(group.name for group in incoming.codebook.groups if group.key == line.data.group)
    return next(group for group in groups.values() if same(group.name) == same(name))


def _add(codebook: Codebook, line: Line, groups, made, incoming: Incoming) -> Tag:
    """A new tag, or one that was retired and comes back as it is in the file."""
    data, tag = line.data, line.tag or Tag(codebook=codebook)
    group = _home(line, groups, incoming)
    if tag.pk and tag.group_id != group.pk and clashing(tag, group).exists():
        group = tag.group
    if tag.pk is None or tag.group_id != group.pk:
        tag.position = at_end(group.pk)
    if tag.pk and tag.group_id != group.pk:
        AnnotationTag.objects.filter(tag=tag).update(exclusive_group=group if group.exclusive else None)
    tag.group = group
    # One that comes back keeps what the file says nothing about.
    silent = incoming.silent.get(same(data.name), frozenset()) if tag.pk else frozenset()
    for name in incoming.fields:
        if name not in ("group", "proposes", "key") and name not in silent:
            setattr(tag, name, getattr(data, name))
    tag.key = data.key
    if tag.slot not in SLOTS:
        tag.slot = 1
    if tag.pk:
        tag.version += 1
    tag.retired_at = tag.merged_into = None
    tag.save()
    return tag


def _change(line: Line, groups: dict[str, TagGroup]) -> Tag:
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
