"""The years, months and days above a list of the admin, without asking Python about each row.

SQLite knows no time zones, so Django has it call a Python function for every row: more than a second for a hundred
thousand. Times are stored in UTC as text; the hours in which anything happened are few, and are found by their letters.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from django.contrib.admin.views.main import ChangeList
from django.db import connection, models
from django.db.models.functions import Substr
from django.utils import timezone

_HOUR, _MINUTE = len("2026-11-29 02"), len("2026-11-29 02:41")
_LEFT_OUT = {"day": {}, "month": {"day": 1}, "year": {"day": 1, "month": 1}}


class DatedChangeList(ChangeList):
    def get_queryset(self, request, exclude_parameters=None):
        rows = super().get_queryset(request, exclude_parameters)
        if connection.vendor == "sqlite":
            # Asked of this very queryset, by the template tag `date_hierarchy`.
            rows.datetimes = partial(_moments, rows)
        return rows


def _moments(rows: models.QuerySet, name: str, kind: str) -> list[datetime]:
    """The days, months or years, by local time and in their order, in which `name` of some row lies."""
    zone = timezone.get_current_timezone()
    is_whole = datetime.now(zone).utcoffset().seconds % 3600 == 0  # India, for one, is half an hour off
    letters = Substr(name, 1, _HOUR if is_whole else _MINUTE, output_field=models.CharField())
    found = rows.filter(**{f"{name}__isnull": False}).order_by().annotate(_moment=letters).values_list("_moment")
    moments = (datetime.fromisoformat(text if not is_whole else f"{text}:00") for (text,) in found.distinct())
    local = {moment.replace(tzinfo=UTC).astimezone(zone) for moment in moments}
    return sorted({moment.replace(hour=0, minute=0, **_LEFT_OUT[kind]) for moment in local})
