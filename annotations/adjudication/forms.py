"""What a request to the desk may carry."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from annotations.adjudication.actions import Seen
from annotations.adjudication.strategies import (
    FIRST_IN_CODEBOOK,
    LEAVE_OPEN,
    MAJORITY,
    THRESHOLD,
    UNANIMOUS,
    Strategy,
)
from annotations.editing.forms import MOST_POSITION, tag_ids, whole_number
from opslens.web.refusals import Invalid

CHOOSE, MERGE, EDIT, REJECT, STEP, STAY = "choose", "merge", "edit", "reject", "step", "stay"
ACTS = (CHOOSE, MERGE, EDIT, REJECT, STEP, STAY)
METHODS = [
    (UNANIMOUS, "Full agreement", "All who finished marked the passage, with the same tags."),
    (MAJORITY, "Majority of those who marked", "The tags that more than half of those who marked it gave."),
    (THRESHOLD, "Threshold", "The tags that at least this share of all who finished gave."),
]
SHARES = (25, 33, 40, 50, 60, 67, 75, 80, 100)  # in a hundred
# A third and two thirds are meant, not the rounded numbers that name them.
_EXACT = {33: 1 / 3, 67: 2 / 3}
TIES = [(LEAVE_OPEN, "leave the passage open"), (FIRST_IN_CODEBOOK, "take the one that stands first in the codebook")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form about a passage asks for: `act` is one of ACTS, `how` what belongs to it (a candidate, a step)."""

    act: str
    how: str
    seen: Seen
    reason: str
    merge: tuple[str, ...]
    start: int | None
    end: int | None
    exact: str
    quote: str
    tags: tuple[int, ...]

    @classmethod
    def read(cls, data: QueryDict) -> Asked:
        """Raises Invalid."""
        act, _, how = data.get("act", "").partition(":")
        if act not in ACTS:
            raise Invalid("Choose what is to happen with this passage.")
        has_place = bool(data.get("start") and data.get("end"))
        return cls(
            act=act,
            how=how[:200],
            seen=Seen(
                passage=_name(data, "passage"),
                marks=data.get("marks", "")[:40],
                decision=_name(data, "decision"),
                version=whole_number(data, "version", most=MOST_POSITION),
            ),
            reason=data.get("reason", ""),
            merge=tuple(value[:200] for value in data.getlist("merge")[:200]),
            start=whole_number(data, "start") if has_place else None,
            end=whole_number(data, "end") if has_place else None,
            exact=data.get("exact", ""),
            quote=data.get("quote", "").replace("\x00", ""),
            tags=tuple(tag_ids(data)),
        )


def _name(data: QueryDict, name: str) -> str:
    return data.get(name, "").replace("\x00", "")[:40]


def strategy_in(data: QueryDict) -> Strategy:
    """The strategy that a form names. Raises Invalid."""
    method = data.get("method", UNANIMOUS)
    if method not in {key for key, _, _ in METHODS}:
        raise Invalid("Choose a strategy.", {"method": "Choose a strategy."})
    if method != THRESHOLD:
        return Strategy(method)
    share, ties = data.get("share", "50"), data.get("ties", LEAVE_OPEN)
    if not (share.isascii() and share.isdigit() and len(share) < 4 and 1 <= int(share) <= 100):
        message = "Choose a share from 1 to 100 in a hundred."
        raise Invalid(message, {"share": message})
    if ties not in dict(TIES):
        raise Invalid("Say what a tie is to do.", {"ties": "Say what a tie is to do."})
    return Strategy(method, _EXACT.get(int(share), int(share) / 100), ties)
