"""Pages of the admin that show rows of blind sessions: that staff looked at them is recorded."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse

from annotations.teams.looks import record_looks


class LooksRecorded(admin.ModelAdmin):
    """For rows that belong to sessions. `session_of` is the path from a row to its session's id."""

    session_of = ""
    show_facets = admin.ShowFacets.NEVER  # they would count rows that no look is recorded for

    def sessions_of(self, ids: list[int]) -> list[int | None]:
        """Session ids of the rows with these ids."""
        return list(self.model._default_manager.filter(pk__in=ids).order_by().values_list(self.session_of, flat=True))

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist is not None:
            self._look(request, [row.pk for row in changelist.result_list])
        return response

    def changeform_view(self, request: HttpRequest, object_id=None, form_url="", extra_context=None) -> HttpResponse:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        shown = self.get_object(request, unquote(object_id)) if object_id and response.status_code == 200 else None
        if shown is not None:
            self._look(request, [shown.pk])
        return response

    def history_view(self, request: HttpRequest, object_id, extra_context=None) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        shown = response.context_data.get("object") if response.status_code == 200 else None
        if shown is not None:
            self._look(request, [shown.pk])
        return response

    def _look(self, request: HttpRequest, ids: list[int]) -> None:
        record_looks(request, self.model._meta.model_name, self.sessions_of(ids))
