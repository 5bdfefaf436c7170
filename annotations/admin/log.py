"""The event log, whose rows hold marks of blind sessions as well."""

from __future__ import annotations

import re

from django.contrib import admin

from annotations.admin.looks import LooksRecorded
from opslens.admin import EventAdmin
from opslens.models import Event

_SESSION = re.compile(r"team:(\d+):[ap]\d+")  # the channels of marks and of people; see TeamSession

admin.site.unregister(Event)


@admin.register(Event)
class EventOfSessionsAdmin(LooksRecorded, EventAdmin):
    def sessions_of(self, ids: list[int]) -> list[int | None]:
        names = Event.objects.filter(pk__in=ids).order_by().values_list("channel__name", flat=True)
        return [int(found[1]) for name in names if (found := _SESSION.match(name))]
