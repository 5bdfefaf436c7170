"""The log of the whole site, for staff: filters, and all that match as CSV."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from annotations.agreement.exports import harmless
from annotations.history import visible
from annotations.history.names import names_for
from annotations.history.pages import LONGEST_ASKED, of_group
from annotations.history.telling import Teller
from annotations.history.words import GROUPS, VERBS, label_of
from opslens.accounts.closing import without_names
from opslens.models import Channel, Event
from opslens.web.refusals import Invalid

KINDS = {
    "annotation": "marks",
    "article": "articles",
    "revision": "revisions",
    "session": "sessions",
    "decision": "decisions",
    "assignment": "readings in sessions",
    "question": "questions",
    "invitation": "invitations",
    "tag": "tags",
    "group": "groups",
    "codebook": "codebooks",
    "surgery": "tags merged or split",
    "user": "people",
}
COLUMNS = ("at", "who", "username", "verb", "what", "about", "subject", "channel", "number", "before", "after")
CHUNK = 500
_CHANNEL = re.compile(r"[\w:.-]{1,80}")
_HIDING = re.compile(r"team:(\d{1,17}):[ap]\d+")  # channels of marks and of people; see TeamSession


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page asks for. `since` and `until` are days by the server's clock, both included."""

    by: str = ""
    what: str = ""
    verb: str = ""
    about: str = ""
    channel: str = ""
    since: date | None = None
    until: date | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Asked:
        """Raises Invalid for a day that is none, or a channel that cannot be."""
        asked: dict[str, Any] = {
            name: query.get(name, "")[:LONGEST_ASKED].replace("\x00", "").strip()
            for name in (f.name for f in fields(cls))
        }
        errors = {}
        for name in ("since", "until"):
            try:
                asked[name] = date.fromisoformat(asked[name]) if asked[name] else None
            except ValueError:
                errors[name] = "Enter a day as year, month and day, such as 2026-03-01."
        if asked["channel"] and not _CHANNEL.fullmatch(asked["channel"]):
            errors["channel"] = "A channel has a name such as article:12, team:3 or site."
        if errors:
            raise Invalid(" ".join(errors.values()), errors)
        if asked["what"] not in GROUPS:
            asked["what"] = ""
        return cls(**asked)

    @property
    def query(self) -> str:
        asked = {name: getattr(self, name) for name in (f.name for f in fields(self))}
        return urlencode({name: str(value) for name, value in asked.items() if value})

    def events(self) -> QuerySet[Event]:
        found = visible.events()
        if self.by:
            found = found.filter(actor__username=self.by)
        if self.what:
            found = found.filter(of_group(self.what))
        if self.verb:
            found = found.filter(verb=self.verb)
        if self.about:
            # One thing by its name in events, or all of a kind.
            found = found.filter(
                Q(subject=self.about) if ":" in self.about else Q(subject__startswith=f"{self.about}:")
            )
        if self.channel:
            it = Q(name=self.channel) | Q(name__startswith=f"{self.channel}:")
            found = found.filter(channel__in=Channel.objects.filter(it).values("pk"))
        if self.since:
            found = found.filter(at__gte=_midnight(self.since))
        if self.until:
            found = found.filter(at__lt=_midnight(self.until) + timedelta(days=1)) if self.until < date.max else found
        return found


def _midnight(day: date) -> datetime:
    day = max(day, date(1, 1, 2))  # the first of all has no beginning in some time zones
    return timezone.make_aware(datetime.combine(day, time.min))


def verbs(asked: str = "") -> list[tuple[str, str]]:
    """The verbs to choose from, with what they are called; the one that was asked for among them."""
    return sorted((verb, label_of(verb)) for verb in {*VERBS, asked} - {""})


def sessions_in(events: Iterable[Event]) -> list[int]:
    """Of each event about marks or people of a session, the session's id."""
    return [int(found[1]) for event in events if (found := _HIDING.match(event.channel.name))]


def sessions_of_all(events: QuerySet[Event]) -> list[int]:
    """The same for all events of a query, without reading them."""
    counted = (
        events.filter(channel__name__startswith="team:").order_by().values_list("channel__name").annotate(n=Count("pk"))
    )
    return [int(found[1]) for name, n in counted if (found := _HIDING.match(name)) for _ in range(n)]


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def as_csv(viewer, events: QuerySet[Event]) -> Iterator[str]:
    """A line for each event, newest first, read in chunks; cells that a spreadsheet would take for a formula begin with
    an apostrophe. What events say about somebody who is anonymous now is left out."""
    writer = csv.writer(_Line(), lineterminator="\n")
    yield writer.writerow(COLUMNS)
    last = None
    while True:
        chunk = list((events if last is None else events.filter(pk__lt=last)).order_by("-pk")[:CHUNK])
        if not chunk:
            return
        last = chunk[-1].pk
        names = names_for(viewer, chunk, everything=True)
        teller = Teller(viewer, names, everything=True, counts=True, linked=False)
        yield "".join(writer.writerow([harmless(cell) for cell in _cells(event, teller)]) for event in chunk)


def _cells(event: Event, teller: Teller) -> list[str]:
    line = teller.line(event)
    person = teller.names.people.get(event.actor_id)
    removed = teller.is_removed(event.subject)
    return [
        event.at.isoformat(timespec="seconds"),
        line.who,
        person.username if person else "",
        event.verb,
        line.says,
        line.about.words if line.about else "",
        event.subject,
        event.channel.name,
        str(event.number),
        _json(without_names(event.before, removed)),
        _json(without_names(event.after, removed)),
    ]


def _json(state: Any) -> str:
    return "" if state is None else json.dumps(state, ensure_ascii=False, sort_keys=True)
