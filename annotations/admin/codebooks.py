"""Codebooks in the Django admin. What staff change goes through the verbs, so that history and the rules about tags
hold."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from annotations.admin.words import shown
from annotations.codebook import actions as codebook
from annotations.models import AnnotationTag, Codebook, Tag, TagGroup
from opslens.activity.recorded_admin import ByVerbAdmin, KeptAdmin, ReadOnlyInline, do_each, link
from opslens.web.refusals import Invalid


class GroupInline(ReadOnlyInline):
    model = TagGroup
    fields = readonly_fields = ["name", "key", "exclusive", "position"]
    show_change_link = True


@admin.register(Codebook)
class CodebookAdmin(KeptAdmin):
    list_display = ["name", "is_default", "number_of_tags", "page"]
    list_filter = ["is_default"]
    search_fields = ["name", "description"]
    fields = ["name", "description", "is_default"]
    readonly_fields = ["is_default"]
    inlines = [GroupInline]
    ordering = ["name"]

    def channel_of(self, obj) -> str:
        return obj.channel

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(tag_count=Count("tags"))

    @admin.display(description="tags", ordering="tag_count")
    def number_of_tags(self, obj) -> int:
        return obj.tag_count

    @admin.display(description="page")
    def page(self, obj):
        return link(reverse("codebook:codebook"), "Open") if obj.is_default else ""


class GroupForm(forms.ModelForm):
    class Meta:
        model = TagGroup
        fields = ["codebook", "key", "name", "hint", "exclusive", "position"]


@admin.register(TagGroup)
class TagGroupAdmin(KeptAdmin):
    def subject_of(self, obj) -> str:
        return f"group:{obj.pk}"

    form = GroupForm
    list_display = ["name", "codebook", "key", "exclusive", "position"]
    list_filter = ["exclusive", ("codebook", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["codebook"]
    search_fields = ["name", "key", "hint"]
    autocomplete_fields = ["codebook"]
    ordering = ["codebook", "position", "id"]

    def channel_of(self, obj) -> str:
        return obj.codebook.channel

    def get_readonly_fields(self, request, obj=None):
        return ["codebook", "key", "position"] if obj else []

    def save_model(self, request, obj, form, change) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        given = form.cleaned_data
        codebook.edit_group(request.user, obj.pk, name=given["name"], hint=given["hint"], exclusive=given["exclusive"])

    def save_related(self, request, form, formsets, change) -> None:
        if not change:  # a change was recorded by its verb
            super().save_related(request, form, formsets, change)


class TagForm(forms.ModelForm):
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Tag
        fields = [
            "codebook",
            "group",
            "name",
            "key",
            "slot",
            *codebook.TEXTS,
            "note_required",
            "proposes",
            "concept",
            "version",
        ]

    def given(self) -> dict:
        names = ("name", "key", "slot", *codebook.TEXTS, "note_required", "concept")
        group, proposed = self.cleaned_data["group"], self.cleaned_data["proposes"]
        keys = {"group_id": group.pk, "proposes_id": proposed and proposed.pk}
        return {name: self.cleaned_data[name] for name in names} | keys

    def clean(self):
        cleaned = super().clean()
        book = self.instance.codebook if self.instance.pk else cleaned.get("codebook")
        if self.errors or book is None:
            return cleaned
        stored = Tag.objects.get(pk=self.instance.pk) if self.instance.pk else None
        if stored and cleaned["version"] != stored.version:
            raise forms.ValidationError("This tag was changed in the meantime. Load the page again.", code="conflict")
        try:
            codebook.clean_values(book, self.given(), stored)
        except Invalid as invalid:
            raise forms.ValidationError(invalid.errors) from None
        return cleaned


@admin.register(Tag)
class TagAdmin(ByVerbAdmin):
    def subject_of(self, obj) -> str:
        return f"tag:{obj.pk}"

    form = TagForm
    list_display = ["name", "key", "slot", "group", "codebook", "is_on", "retired_at", "uses", "marks"]
    list_filter = [
        *["is_on", ("retired_at", admin.EmptyFieldListFilter), ("merged_into", admin.EmptyFieldListFilter), "concept"],
        ("codebook", admin.RelatedOnlyFieldListFilter),
        ("group", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["group", "codebook"]
    search_fields = ["name", "definition", "example", "key"]
    autocomplete_fields = ["codebook", "group"]
    ordering = ["codebook", "group__position", "position", "id"]
    actions = ["switch_on", "switch_off", "retire", "bring_back"]

    def get_queryset(self, request):
        theirs = AnnotationTag.objects.filter(shown("annotation__"), tag=OuterRef("pk"), annotation__deleted_at=None)
        number = theirs.order_by().values("tag").annotate(number=Count("pk")).values("number")
        counted = Coalesce(Subquery(number, output_field=IntegerField()), 0)
        return super().get_queryset(request).annotate(use_count=counted)

    def get_fields(self, request, obj=None):
        fields = list(super().get_fields(request, obj))
        return [*fields, "is_on", "retired_at", "uses", "marks", "history"] if obj else fields

    def get_readonly_fields(self, request, obj=None):
        return ["codebook", "is_on", "retired_at", "uses", "marks", "history"] if obj else []

    def save_model(self, request, obj, form, change) -> None:
        given = form.given()
        if change:
            codebook.edit_tag(request.user, obj.pk, form.cleaned_data["version"], given)
        else:
            made = codebook.add_tag(request.user, form.cleaned_data["codebook"], given)
            obj.pk, obj._state.adding = made.pk, False

    @admin.display(description="marks with it", ordering="use_count")
    def uses(self, obj) -> int:
        return obj.use_count

    @admin.display(description="marks")
    def marks(self, obj):
        return link(f"{reverse('admin:annotations_annotation_changelist')}?tags__id__exact={obj.pk}", "Show")

    @admin.display(description="history")
    def history(self, obj):
        return link(reverse("admin:annotations_tag_history", args=[obj.pk]), "Events")

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request, queryset) -> None:
        do_each(self, request, queryset, lambda tag: codebook.switch_tag(request.user, tag.pk, True), "switched on")

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request, queryset) -> None:
        do_each(self, request, queryset, lambda tag: codebook.switch_tag(request.user, tag.pk, False), "switched off")

    @admin.action(description="Retire", permissions=["change"])
    def retire(self, request, queryset) -> None:
        do_each(
            self, request, queryset, lambda tag: codebook.retire_tag(request.user, tag.pk), "retired; marks keep them"
        )

    @admin.action(description="Bring back", permissions=["change"])
    def bring_back(self, request, queryset) -> None:
        do_each(self, request, queryset, lambda tag: codebook.bring_back_tag(request.user, tag.pk), "brought back")
