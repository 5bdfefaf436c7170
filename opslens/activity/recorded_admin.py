"""What the pages of the Django admin have in common: what is changed there is an event, too, and nothing that others
wrote is deleted there for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote_plus

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from opslens.activity.admin_dates import DatedChangeList
from opslens.activity.record import record
from opslens.models import Event
from opslens.web.refusals import Refused

SECRET = frozenset({"password", "password1", "password2", "usable_password", "set_usable_password"})


def plain(value: Any) -> Any:
    """A field's value as JSON holds it: related rows by their key, times in ISO 8601."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str | dict):
        return value
    if isinstance(value, Iterable):
        return sorted((plain(item) for item in value), key=str)
    return str(value)


def snapshot(obj: models.Model) -> dict[str, Any]:
    """The stored fields of a row as plain JSON, without secrets and raw bytes."""
    return {
        field.name: plain(field.value_from_object(obj))
        for field in obj._meta.concrete_fields
        if field.name not in SECRET and not isinstance(field, models.BinaryField)
    }


def link(url: str, words: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, words)


def link_to(name: str, args: Iterable[Any], words: str) -> SafeString:
    """A link to a page of the site by the name of its address."""
    return link(reverse(name, args=list(args)), words)


def do_each(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    rows: Iterable[models.Model],
    verb: Callable[[Any], object],
    done: str,
) -> None:
    """Call a verb for each row of an admin action; tell how many it worked for, and why it did not for others."""
    count = 0
    for row in rows:
        try:
            verb(row)
        except Refused as refused:
            model_admin.message_user(request, f"{row}: {refused}", messages.WARNING)
        else:
            count += 1
    if count:
        model_admin.message_user(request, f"{count} {done}.", messages.SUCCESS)


class EventsAsHistory(admin.ModelAdmin):
    """The history of a row is its events. Django's own log would say the same a second time, in a table that can be
    changed, and keep the names of people who have been anonymised."""

    shown_events = 200

    def get_changelist(self, request: HttpRequest, **kwargs):
        return DatedChangeList

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        # PostgreSQL knows no text with this character, and fails.
        if "\x00" in unquote_plus(request.META.get("QUERY_STRING", "")):
            return redirect(request.path)
        return super().changelist_view(request, extra_context)

    def response_action(self, request: HttpRequest, queryset):
        # Django would look for such rows, and fail.
        if all(pk.isascii() and pk.isdigit() and len(pk) < 19 for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return super().response_action(request, queryset)
        self.message_user(request, "Choose rows of the list.", messages.WARNING)
        return None

    def log_addition(self, request, obj, message) -> None:
        return None

    def log_change(self, request, obj, message) -> None:
        return None

    def log_deletions(self, request, queryset) -> None:
        return None

    def subject_of(self, obj) -> str:
        """The name of a row in events."""
        subject = getattr(obj, "subject", None)
        return subject if isinstance(subject, str) else f"{obj._meta.model_name}:{obj.pk}"

    def history_view(self, request: HttpRequest, object_id: str, extra_context=None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        subject = self.subject_of(obj)
        events = Event.objects.filter(subject=subject).select_related("actor", "channel").order_by("-pk")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Events of {self.opts.verbose_name}",
            "subtitle": str(obj),
            "object": obj,
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            "events": events[: self.shown_events],
            "may_see_events": request.user.has_perm("opslens.view_event"),
            "subject": subject,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/events_of_object.html", context)


class RecordedAdmin(EventsAsHistory):
    """Adding, editing and deleting here are recorded as `admin-added`, `admin-edited` and `admin-deleted`."""

    show_full_result_count = False

    def channel_of(self, obj) -> str:
        """The channel on which changes of this row are told."""
        return "site"

    def _record(self, request: HttpRequest, verb: str, obj, before: dict | None, after: dict | None) -> None:
        record(self.channel_of(obj), verb, actor=request.user, subject=self.subject_of(obj), before=before, after=after)

    def save_related(self, request, form, formsets, change) -> None:
        # The last step of saving: related rows are stored, and the change view's transaction is still open.
        super().save_related(request, form, formsets, change)
        names = [name for name in (form.changed_data if change else form.cleaned_data) if name not in SECRET]
        if names or not change:
            before = {name: plain(form.initial.get(name)) for name in names} if change else None
            after = {name: plain(form.cleaned_data.get(name)) for name in names}
            self._record(request, "admin-edited" if change else "admin-added", form.instance, before, after)

    def delete_model(self, request, obj) -> None:
        with transaction.atomic():
            self._record(request, "admin-deleted", obj, snapshot(obj), None)
            super().delete_model(request, obj)

    def delete_queryset(self, request, queryset) -> None:
        with transaction.atomic():
            for obj in queryset:
                self._record(request, "admin-deleted", obj, snapshot(obj), None)
            super().delete_queryset(request, queryset)


class KeptAdmin(RecordedAdmin):
    """Rows that are never deleted for good."""

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class ByVerbAdmin(KeptAdmin):
    """Rows that `save_model` changes by the program's own verbs, which record the events."""

    def save_related(self, request, form, formsets, change) -> None:
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)


class ReadOnlyAdmin(EventsAsHistory):
    """Rows that are written by the program alone."""

    show_full_result_count = False

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    max_num = 0
    can_delete = False

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False


class TrashFilter(admin.SimpleListFilter):
    """Rows with `deleted_at` are in the trash; without a choice those that are not are shown."""

    title = "place"
    parameter_name = "place"

    def lookups(self, request, model_admin):
        return [("all", "Everything"), ("trash", "In the trash")]

    def choices(self, changelist):
        (first, *rest) = super().choices(changelist)
        yield {**first, "display": "Not in the trash"}
        yield from rest

    def queryset(self, request, queryset):
        if self.value() == "all":
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() != "trash")
