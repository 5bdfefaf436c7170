"""What was done to the tags of a codebook that can be undone: merges, splits and imports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from annotations.codebook.queries import Use
from annotations.models import Codebook, Surgery
from annotations.surgery.actions import use_told
from annotations.surgery.exchange.actions import IMPORTED, TAKEN_BACK
from opslens.models import Event
from opslens.web.paging import page

IMPORTS_SHOWN, PER_PAGE = 20, 30


@dataclass(frozen=True, slots=True)
class Done:
    """`use`: on how many marks it was, if this viewer may know."""

    surgery: Surgery
    use: Use | None

    @property
    def is_merge(self) -> bool:
        return self.surgery.kind == Surgery.MERGE


@dataclass(frozen=True, slots=True)
class Imported:
    number: int
    at: datetime
    who: str
    added: list[str]
    changed: list[str]
    is_undone: bool


def surgeries(viewer, codebook: Codebook, after: str = "") -> tuple[list[Done], str]:
    """Newest first, and the cursor of the next page. One query. Raises Missing for a cursor that is none."""
    rows = codebook.surgeries.select_related("source", "target", "actor")
    found = page(rows, {"pk": int}, after=after, size=PER_PAGE)
    for surgery in found.rows:
        surgery.codebook = codebook
    return [Done(surgery, use_told(surgery, viewer)) for surgery in found.rows], found.next


def imports(codebook: Codebook) -> list[Imported]:
    """The latest ones, newest first. Two queries."""
    events = Event.objects.filter(channel__name=codebook.channel)
    undone = set(events.filter(verb=TAKEN_BACK).values_list("after__undoes", flat=True))
    rows = events.filter(verb=IMPORTED).select_related("actor").order_by("-number")[:IMPORTS_SHOWN]
    return [
        Imported(
            event.number,
            event.at,
            event.actor.name if event.actor else "",
            [tag["name"] for tag in event.after["added"]],
            [tag["name"] for tag in event.after["changed"]],
            event.number in undone,
        )
        for event in rows
    ]
