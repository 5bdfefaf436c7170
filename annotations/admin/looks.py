"""Staff see everything in the admin, blind sessions included; that they looked is an event that they cannot avoid.

It goes to a channel of its own, which nothing else follows: no page of an annotator changes because somebody looked at
marks that are hidden from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from annotations.models import TeamSession
from opslens.activity.record import record


def record_looks(request: HttpRequest, page: str, session_ids: Iterable[int | None]) -> None:
    """Note which blind sessions' rows a page has shown, with how many."""
    shown = Counter(pk for pk in session_ids if pk is not None)
    if not shown:
        return
    with transaction.atomic():
        for session in TeamSession.objects.filter(pk__in=shown).order_by("pk"):
            if session.hides_marks:
                record(
                    f"{session.channel}:looks",
                    "staff-looked",
                    actor=request.user,
                    subject=session.subject,
                    after={"page": page, "rows": shown[session.pk]},
                )


class LooksRecorded(admin.ModelAdmin):
    """For rows that belong to sessions. `session_of` is the path from a row to its session's id."""

    session_of = ""

    def sessions_of(self, ids: list[int]) -> list[int | None]:
        """Session ids of the rows with these ids."""
        return list(self.model._default_manager.filter(pk__in=ids).order_by().values_list(self.session_of, flat=True))

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist is not None:
            self._record(request, [row.pk for row in changelist.result_list])
        return response

    def changeform_view(self, request: HttpRequest, object_id=None, form_url="", extra_context=None) -> HttpResponse:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        shown = self.get_object(request, unquote(object_id)) if object_id and response.status_code == 200 else None
        if shown is not None:
            self._record(request, [shown.pk])
        return response

    def _record(self, request: HttpRequest, ids: list[int]) -> None:
        record_looks(request, self.model._meta.model_name, self.sessions_of(ids))
