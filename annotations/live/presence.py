"""Counting who reads where, across processes and hosts: each process keeps rows of its own in one small table."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from annotations.models import Presence
from opslens.models import User

REFRESH_SECONDS = 30
COUNTS_SECONDS = 100  # a row that was not refreshed for so long counts no more
KEPT_SECONDS = 900  # and goes away some time later
GRACE_SECONDS = 6  # whoever loads the page anew has not left in between

Here = tuple[str, int]  # a place, and the id of a person


class Attendance:
    """What one process has written. To be used by one thread."""

    def __init__(self) -> None:
        self.process = secrets.token_hex(8)
        self.written: set[Here] = set()
        self._left: dict[Here, float] = {}  # since when they are gone
        self._refreshed = 0.0

    def write(self, here: Iterable[Here], now: float, *, grace: float = GRACE_SECONDS) -> None:
        """Bring the table up to date with who is here. `now` in seconds, by a clock that only goes forward."""
        here = set(here)
        for one in self.written - here:
            self._left.setdefault(one, now)
        for one in here & self._left.keys():
            del self._left[one]
        new = here - self.written
        gone = {one for one, since in self._left.items() if now - since >= grace}
        is_due = bool(self.written) and now - self._refreshed >= REFRESH_SECONDS
        if not (new or gone or is_due):
            return
        with transaction.atomic():
            at = timezone.now()
            if gone:
                self._delete(gone)
            if is_due:
                Presence.objects.filter(process=self.process).update(seen_at=at)
                Presence.objects.filter(seen_at__lt=at - timedelta(seconds=KEPT_SECONDS)).delete()
            if new:
                # An account may have been deleted meanwhile, and one row must not keep the others out.
                people = set(User.objects.filter(pk__in={pk for _, pk in new}).values_list("pk", flat=True))
                rows = [
                    Presence(place=p, person_id=pk, process=self.process, seen_at=at) for p, pk in new if pk in people
                ]
                Presence.objects.bulk_create(rows, batch_size=200, ignore_conflicts=True)
        if is_due or not self.written:
            self._refreshed = now
        self.written = (self.written | new) - gone
        for one in gone:
            del self._left[one]

    def _delete(self, gone: Collection[Here]) -> None:
        by_place: dict[str, list[int]] = {}
        for place, pk in gone:
            by_place.setdefault(place, []).append(pk)
        for place, people in by_place.items():
            Presence.objects.filter(process=self.process, place=place, person_id__in=people).delete()

    def forget(self) -> None:
        """After an error: nobody knows what has been written. What stands in the table runs out by itself."""
        self.process = secrets.token_hex(8)
        self.written.clear()
        self._left.clear()


def readers_at(places: Collection[str]) -> dict[str, int]:
    """How many people read at each of these places; those where nobody does are left out. One query."""
    since = timezone.now() - timedelta(seconds=COUNTS_SECONDS)
    counts = Presence.objects.filter(place__in=places, seen_at__gte=since).order_by().values_list("place")
    return dict(counts.annotate(n=Count("person_id", distinct=True)))
