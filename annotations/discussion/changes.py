"""What became of a reader's marks since they were first shown to others: which stand as they were, which were changed,
deleted or added. Pure: marks are plain values, as `annotations.teams.snapshot` keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KEPT, CHANGED, DELETED, ADDED = "kept", "changed", "deleted", "added"
TAGS, EXTENT, NOTE = "tags", "extent", "note"


@dataclass(frozen=True, slots=True)
class State:
    """A mark at one time: [start, end) in code points, tag ids, note."""

    start: int
    end: int
    tags: frozenset[int]
    note: str

    @classmethod
    def of(cls, mark: Mapping[str, Any]) -> State:
        return cls(mark["start"], mark["end"], frozenset(mark["tags"]), mark["note"])


@dataclass(frozen=True, slots=True)
class Change:
    """A mark then and now; None where it was not or is not there. `parts` says what of a changed one."""

    uid: str
    then: State | None
    now: State | None

    @property
    def kind(self) -> str:
        if self.then is None:
            return ADDED
        if self.now is None:
            return DELETED
        return CHANGED if self.parts else KEPT

    @property
    def parts(self) -> tuple[str, ...]:
        then, now = self.then, self.now
        if then is None or now is None:
            return ()
        differ = {
            TAGS: then.tags != now.tags,
            EXTENT: (then.start, then.end) != (now.start, now.end),
            NOTE: then.note != now.note,
        }
        return tuple(part for part, is_other in differ.items() if is_other)

    @property
    def place(self) -> tuple[int, int, str]:
        state = self.now or self.then
        assert state is not None
        return state.start, -state.end, self.uid


def compare(then: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Every mark that was there then or is there now, in document order of where it stands or stood last."""
    before = {mark["uid"]: State.of(mark) for mark in then}
    after = {mark["uid"]: State.of(mark) for mark in now}
    found = [Change(uid, before.get(uid), after.get(uid)) for uid in dict.fromkeys([*before, *after])]
    return sorted(found, key=lambda change: change.place)
