"""Reviews, flags and codebook surgery in the Django admin: to look at. Verdicts are given in the queue, or with the
actions in the list of marks."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.urls import reverse

from annotations.admin.filters import TagFilter
from annotations.admin.looks import LooksRecorded
from annotations.admin.words import passage_of, short
from annotations.models import Example, Flag, Retagging, Review, SavedQueue, Surgery, TeamSession
from annotations.models.team import hidden
from opslens.activity.recorded_admin import ReadOnlyAdmin, TrashFilter, link


class OnMark(LooksRecorded, ReadOnlyAdmin):
    """Rows about one mark."""

    session_of = "annotation__session_id"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("annotation__session", "annotation__author")

    @admin.display(description="mark", ordering="annotation__quote")
    def quote(self, obj) -> str:
        return short(obj.annotation.quote) if obj.annotation else "–"

    @admin.display(description="of", ordering="annotation__author")
    def of_reader(self, obj) -> str:
        return obj.annotation.author.name if obj.annotation else "–"

    @admin.display(description="passage")
    def passage(self, obj):
        return passage_of(obj.annotation) if obj.annotation else ""

    @admin.display(description="history")
    def history(self, obj):
        if obj.annotation is None:
            return ""
        return link(reverse("admin:annotations_annotation_history", args=[obj.annotation_id]), "Events of the mark")


@admin.register(Review)
class ReviewAdmin(OnMark):
    list_display = [
        "quote",
        "of_reader",
        "verdict",
        "short_reason",
        "reviewer",
        "created_at",
        "withdrawn_at",
        "passage",
    ]
    list_filter = [
        "verdict",
        ("answered_at", admin.EmptyFieldListFilter),
        ("withdrawn_at", admin.EmptyFieldListFilter),
        "created_at",
    ]
    list_select_related = ["reviewer"]
    search_fields = ["reason", "answer", "annotation__uid", "annotation__quote", "reviewer__username", "batch"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    fields = readonly_fields = [
        *["quote", "of_reader", "passage", "history", "verdict", "reason", "reviewer", "version", "batch"],
        *["created_at", "answer", "answered_at", "withdrawn_at"],
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("reviewer")

    @admin.display(description="reason", ordering="reason")
    def short_reason(self, obj) -> str:
        return short(obj.reason)


@admin.register(Flag)
class FlagAdmin(OnMark):
    list_display = ["quote", "of_reader", "short_reason", "reader", "created_at", "outcome", "settled_by", "passage"]
    list_filter = ["outcome", "created_at"]
    search_fields = ["reason", "answer", "annotation__uid", "annotation__quote", "reader__username"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    fields = readonly_fields = [
        *["quote", "of_reader", "passage", "history", "reason", "reader", "created_at"],
        *["outcome", "answer", "settled_by", "settled_at"],
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("reader", "settled_by")

    @admin.display(description="reason", ordering="reason")
    def short_reason(self, obj) -> str:
        return short(obj.reason)


@admin.register(SavedQueue)
class SavedQueueAdmin(ReadOnlyAdmin):
    """What reviewers look through. Theirs alone, and gone when they are anonymised."""

    list_display = ["__str__", "reviewer", "query", "updated_at"]
    list_filter = ["updated_at"]
    list_select_related = ["reviewer"]
    search_fields = ["name", "query", "reviewer__username", "reviewer__display_name"]
    date_hierarchy = "updated_at"
    ordering = ["-updated_at", "-id"]


@admin.register(Surgery)
class SurgeryAdmin(ReadOnlyAdmin):
    list_display = ["kind", "source", "target", "codebook", "how_many", "actor", "created_at", "undone_at", "touched"]
    list_filter = ["kind", ("undone_at", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["source", "target", "codebook", "actor"]
    search_fields = ["uid", "source__name", "target__name", "actor__username"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    # Not `was`: with many marks it is long, and it is there for the program to take the surgery back.
    fields = readonly_fields = [
        *["uid", "kind", "source", "target", "codebook", "how_many", "actor", "created_at", "undone_at", "touched"]
    ]

    def get_queryset(self, request):
        blind = TeamSession.objects.filter(hidden(), codebook=OuterRef("codebook"), deleted_at=None)
        return super().get_queryset(request).defer("was").annotate(is_hidden=Exists(blind))

    @admin.display(description="marks")
    def how_many(self, obj) -> str:
        """Not while there are readers who must not learn of one another's marks: the tags themselves say it, and a
        look at those is recorded."""
        return "–" if obj.is_hidden else str(obj.marks)

    @admin.display(description="tags it touched")
    def touched(self, obj):
        url = reverse("admin:annotations_retagging_changelist")
        return link(f"{url}?surgery__id__exact={obj.pk}", "Show")


@admin.register(Retagging)
class RetaggingAdmin(OnMark):
    """Tags on marks as they were before a surgery, so that it can be taken back."""

    list_display = ["quote", "of_reader", "tag", "became", "surgery_id", "passage"]
    list_filter = [("tag", TagFilter), ("became", admin.EmptyFieldListFilter)]
    search_fields = ["annotation__uid", "annotation__quote", "tag__name", "surgery__uid"]
    ordering = ["-id"]
    fields = readonly_fields = [
        *["quote", "of_reader", "passage", "history", "surgery_id", "tagging", "tag", "exclusive_group", "became"]
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("tag", "became", "exclusive_group")

    def lookup_allowed(self, lookup, value, request=None) -> bool:
        return lookup == "surgery__id__exact" or super().lookup_allowed(lookup, value, request)


@admin.register(Example)
class ExampleAdmin(OnMark):
    list_display = ["short_words", "kind", "tag", "comment", "added_by", "created_at", "passage"]
    list_filter = [TrashFilter, "kind", ("tag", TagFilter), "created_at"]
    search_fields = ["words", "comment", "tag__name", "annotation__uid"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    fields = readonly_fields = [
        *["words", "kind", "tag", "comment", "quote", "of_reader", "passage", "history"],
        *["added_by", "created_at", "deleted_at"],
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("tag", "added_by")

    @admin.display(description="words", ordering="words")
    def short_words(self, obj) -> str:
        return short(obj.words)
