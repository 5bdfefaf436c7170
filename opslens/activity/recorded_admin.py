"""What the pages of the Django admin have in common: what is changed there is an event, too, and nothing that others
wrote is deleted there for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from opslens.activity.record import record
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


class RecordedAdmin(admin.ModelAdmin):
    """Adding, editing and deleting here are recorded as `admin-added`, `admin-edited` and `admin-deleted`."""

    show_full_result_count = False

    def channel_of(self, obj) -> str:
        """The channel on which changes of this row are told."""
        return "site"

    def subject_of(self, obj) -> str:
        return f"{obj._meta.model_name}:{obj.pk}"

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


class ReadOnlyAdmin(admin.ModelAdmin):
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
