"""What a request of a reviewer may carry."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from annotations.editing.forms import tag_ids, tags_seen, whole_number
from annotations.review.actions import ACCEPT, IN_BULK, MOST_AT_ONCE, REJECT, RETAG, RETURN, too_many
from annotations.review.cases import Seen, whole
from annotations.review.filters import Filters
from opslens.web.refusals import Invalid

VERDICTS = (ACCEPT, REJECT, RETURN, RETAG)
MOST_ID = 2**62
STAY = "stay"  # what Enter in a field means
TICKED, ALL_THAT_MATCH = "ticked", "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """A verdict on one mark, and where the reviewer goes from there."""

    act: str
    seen: Seen
    reason: str
    tags: tuple[int, ...] | None
    filters: Filters
    next: str

    @classmethod
    def read(cls, uid: str, data: QueryDict) -> Asked:
        """Raises Invalid."""
        act = data.get("act", "")
        if act not in (*VERDICTS, STAY):
            raise Invalid("Choose a verdict on this mark.")
        version, review = whole_number(data, "version"), whole_number(data, "review", most=MOST_ID)
        return cls(
            act=act,
            seen=Seen(uid, version, review, tags_seen(data.get("tags_shown", ""))),
            reason=data.get("reason", ""),
            tags=tuple(tag_ids(data)) if "tags_shown" in data or "tags" in data else None,
            filters=Filters.of(data.get("queue", "")),
            next=data.get("next", "").replace("\x00", "")[:40],
        )


@dataclass(frozen=True, slots=True)
class AskedForMany:
    """One verdict on many marks: those that were ticked, or all of a queue."""

    act: str
    which: str
    seen: tuple[Seen, ...]
    reason: str
    tag: int | None
    filters: Filters
    is_confirmed: bool

    @classmethod
    def read(cls, data: QueryDict) -> AskedForMany:
        """Raises Invalid."""
        names = [*data.getlist("mark"), *data.get("seen", "").split()]
        if len(names) > MOST_AT_ONCE:
            raise too_many()
        found = [Seen.read(name) for name in names]
        act = data.get("act", "")
        return cls(
            act=act if act in IN_BULK else "",
            which=ALL_THAT_MATCH if data.get("which") == ALL_THAT_MATCH else TICKED,
            seen=tuple({one.uid: one for one in found if one is not None}.values()),
            reason=data.get("reason", ""),
            tag=whole(data.get("tag", "")),
            filters=Filters.of(data.get("queue", "")),
            is_confirmed=bool(data.get("confirmed")),
        )
