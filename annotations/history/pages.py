"""Pages of events: filters, and pages that begin behind the last event of the page before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from annotations.history.sealed import opened, sealed
from annotations.history.words import GROUPS, OTHER, VERBS, verbs_of
from opslens.models import Event
from opslens.web.refusals import Missing

SIZE = 50
LONGEST_ASKED = 150  # code points of a value in an address


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for: a group of verbs, somebody's doings by user name, and behind which event."""

    group: str = ""
    by: str = ""
    after: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Asked:
        group = query.get("what", "")
        by = query.get("by", "")[:LONGEST_ASKED].replace("\x00", "").strip()
        return cls(group if group in GROUPS else "", by, query.get("after", ""))

    @property
    def is_filtered(self) -> bool:
        return bool(self.group or self.by)

    def filtered(self, events: QuerySet[Event]) -> QuerySet[Event]:
        if self.group:
            events = events.filter(of_group(self.group))
        return events.filter(actor__username=self.by) if self.by else events

    def onward(self, after: str) -> str:
        """The address of the next page; "" without one."""
        asked = {"what": self.group, "by": self.by, "after": after}
        return "?" + urlencode({name: value for name, value in asked.items() if value}) if after else ""


def of_group(group: str) -> Q:
    """Verbs of a group; those without words are among the others."""
    if group == OTHER:
        return ~Q(verb__in=[verb for verb, words in VERBS.items() if words.group != OTHER])
    return Q(verb__in=verbs_of(group))


def page_of(events: QuerySet[Event], after: str, *, one_channel: bool = False) -> tuple[list[Event], str]:
    """(at most SIZE events, newest first; what stands for the last of them if more come after it). Within one channel
    they are found by their number in it. Raises Missing for a word that this never made."""
    key = "number" if one_channel else "pk"
    if after:
        try:
            last = Event.objects.filter(pk=opened(after)).values_list(key, flat=True).first()
        except ValueError:
            last = None
        if last is None:
            raise Missing("This list does not go on here. Start again at its beginning.")
        events = events.filter(**{f"{key}__lt": last})
    rows = list(events.order_by(f"-{key}")[: SIZE + 1])
    return rows[:SIZE], sealed(rows[SIZE - 1].pk) if len(rows) > SIZE else ""
