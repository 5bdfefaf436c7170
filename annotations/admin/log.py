"""The event log, whose rows hold marks of blind sessions as well, and whose channels count what happens to them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.contrib import admin

from annotations.admin.looks import LooksRecorded
from opslens.admin import ChannelAdmin, EventAdmin
from opslens.models import Channel, Event

_SESSION = re.compile(r"team:(\d+):[ap]\d+")  # the channels of marks and of people; see TeamSession

admin.site.unregister([Channel, Event])


def _sessions_in(names: Iterable[str]) -> list[int]:
    return [int(found[1]) for name in names if (found := _SESSION.match(name))]


@admin.register(Event)
class EventOfSessionsAdmin(LooksRecorded, EventAdmin):
    def sessions_of(self, ids: list[int]) -> list[int | None]:
        names = Event.objects.filter(pk__in=ids).order_by().values_list("channel__name", flat=True)
        return _sessions_in(names)


@admin.register(Channel)
class ChannelOfSessionsAdmin(LooksRecorded, ChannelAdmin):
    def sessions_of(self, ids: list[int]) -> list[int | None]:
        return _sessions_in(Channel.objects.filter(pk__in=ids).values_list("name", flat=True))
