"""Marks and codebooks in the Django admin. Staff see every mark here; what they change goes through the verbs, so that
history and the rules about tags hold."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import Count, F, Q
from django.urls import reverse

from annotations.codebook import actions as codebook
from annotations.editing import moderation
from annotations.models import Anchor, Annotation, AnnotationTag, Codebook, Crossing, Tag, TagGroup
from opslens.activity.recorded_admin import (
    ByVerbAdmin,
    KeptAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    TrashFilter,
    do_each,
    link,
)
from opslens.web.refusals import Invalid

QUOTE_SHOWN = 80  # code points
_HEAVY = ("source", "html", "text", "block_table")


def _short(text: str) -> str:
    return text if len(text) <= QUOTE_SHOWN else text[: QUOTE_SHOWN - 1] + "…"


class TaggingInline(ReadOnlyInline):
    model = AnnotationTag
    verbose_name_plural = "tags as stored"
    fields = readonly_fields = ["tag", "exclusive_group"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("tag", "exclusive_group")


class AnchorInline(ReadOnlyInline):
    model = Anchor
    fields = readonly_fields = ["number", "start", "end", "state", "method", "score", "is_doubtful", "looked_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(revision_number=F("revision__number"))

    @admin.display(description="revision")
    def number(self, obj) -> int:
        return obj.revision_number


class MarkForm(forms.ModelForm):
    # Not called `tags`: the admin refuses the field of a relation that has a table of its own.
    carried = forms.ModelMultipleChoiceField(
        Tag.objects.none(), required=False, label="Tags", widget=forms.CheckboxSelectMultiple
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Annotation
        fields = ["note", "visibility"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        carried = [tag.pk for tag in self.instance.tags.all()] if self.instance.pk else []
        offered = Q(is_on=True, retired_at=None) | Q(pk__in=carried)
        choices = Tag.objects.filter(offered).order_by("codebook_id", "group__position", "position")
        self.fields["carried"].queryset = choices
        self.initial |= {"carried": carried, "version": self.instance.version}

    def clean(self):
        cleaned = super().clean()
        now = Annotation.objects.values_list("version", flat=True).get(pk=self.instance.pk)
        if cleaned.get("version") != now:
            raise forms.ValidationError("This mark was changed in the meantime. Load the page again.", code="conflict")
        if "carried" in cleaned:
            try:
                tags = moderation.settled_tags(self.instance, [tag.pk for tag in cleaned["carried"]])
            except Invalid as invalid:
                raise forms.ValidationError({"carried": str(invalid)}) from None
            if not cleaned.get("note", "").strip() and (needing := [tag.name for tag in tags if tag.note_required]):
                raise forms.ValidationError({"note": f"“{needing[0]}” needs a note."})
        return cleaned


@admin.register(Annotation)
class AnnotationAdmin(ByVerbAdmin):
    form = MarkForm
    list_display = [
        "short_quote",
        "author",
        "tag_names",
        "short_note",
        "visibility",
        "article",
        "created_at",
        "place",
        "passage",
    ]
    list_filter = [TrashFilter, "visibility", ("tags", admin.RelatedOnlyFieldListFilter), "created_at"]
    search_fields = ["quote", "note", "uid", "author__username", "author__display_name", "article__title"]
    date_hierarchy = "created_at"
    fields = [
        *["quote", "passage", "note", "carried", "visibility", "version", "author", "article", "number"],
        *["uid", "created_at", "updated_at", "deleted_at", "history"],
    ]
    readonly_fields = [
        *["quote", "passage", "author", "article", "number", "uid", "created_at", "updated_at"],
        *["deleted_at", "history"],
    ]
    inlines = [TaggingInline, AnchorInline]
    actions = ["to_trash", "restore"]

    def get_queryset(self, request):
        marks = super().get_queryset(request).select_related("author", "article").prefetch_related("tags")
        return marks.annotate(revision_number=F("revision__number"))

    def has_add_permission(self, request) -> bool:
        return False  # marks are made on the page, where the words stand

    def save_model(self, request, obj, form, change) -> None:
        given = form.cleaned_data
        moderation.moderate_mark(
            request.user,
            obj.pk,
            given["version"],
            note=given["note"],
            visibility=given["visibility"],
            tag_ids=[tag.pk for tag in given["carried"]],
        )

    @admin.display(description="quote", ordering="quote")
    def short_quote(self, obj) -> str:
        return _short(obj.quote)

    @admin.display(description="note", ordering="note")
    def short_note(self, obj) -> str:
        return _short(obj.note)

    @admin.display(description="tags")
    def tag_names(self, obj) -> str:
        return ", ".join(tag.name for tag in obj.tags.all())

    @admin.display(description="revision")
    def number(self, obj) -> int:
        return obj.revision_number

    @admin.display(description="place", ordering="deleted_at")
    def place(self, obj) -> str:
        return "trash" if obj.deleted_at else "on the page"

    @admin.display(description="passage")
    def passage(self, obj):
        return link(obj.get_absolute_url(), "Read at the passage")

    @admin.display(description="history")
    def history(self, obj):
        return link(f"{reverse('admin:opslens_event_changelist')}?q={obj.subject}", "Events")

    def _set_deleted(self, request, queryset, gone: bool, said: str) -> None:
        do_each(self, request, queryset, lambda mark: moderation.set_deleted(request.user, mark.pk, gone=gone), said)

    @admin.action(description="Move to trash", permissions=["change"])
    def to_trash(self, request, queryset) -> None:
        self._set_deleted(request, queryset, True, "in the trash")

    @admin.action(description="Restore from trash", permissions=["change"])
    def restore(self, request, queryset) -> None:
        self._set_deleted(request, queryset, False, "restored")


@admin.register(Anchor)
class AnchorAdmin(ReadOnlyAdmin):
    list_display = ["quote", "article", "number", "start", "end", "state", "method", "is_doubtful", "passage"]
    list_filter = ["state", "method", "is_doubtful"]
    search_fields = ["annotation__uid", "annotation__quote", "revision__article__title"]
    fields = [
        *["quote", "article", "number", "start", "end", "first_block", "last_block"],
        *["state", "method", "score", "is_doubtful", "looked_at", "passage"],
    ]
    readonly_fields = ["quote", "article", "number", "passage"]
    ordering = ["-id"]

    def get_queryset(self, request):
        heavy = [f"revision__{name}" for name in _HEAVY]
        return super().get_queryset(request).select_related("annotation", "revision__article").defer(*heavy)

    @admin.display(ordering="annotation__quote")
    def quote(self, obj) -> str:
        return _short(obj.annotation.quote)

    @admin.display(ordering="revision__article__title")
    def article(self, obj) -> str:
        return obj.revision.article.title

    @admin.display(description="revision", ordering="revision__number")
    def number(self, obj) -> int:
        return obj.revision.number

    @admin.display(description="passage")
    def passage(self, obj):
        return link(obj.annotation.get_absolute_url(), "Read at the passage")


@admin.register(Crossing)
class CrossingAdmin(ReadOnlyAdmin):
    """Derived from anchors; shown so that nothing in the database is out of sight."""

    list_display = ["anchor", "revision_id", "block"]
    search_fields = ["anchor__annotation__uid"]
    fields = readonly_fields = ["anchor", "revision_id", "block"]
    ordering = ["-id"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("anchor__annotation")


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
    form = GroupForm
    list_display = ["name", "codebook", "key", "exclusive", "position"]
    list_filter = ["exclusive"]
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
        fields = ["codebook", "group", "name", "key", "slot", *codebook.TEXTS, "note_required", "proposes", "version"]

    def given(self) -> dict:
        names = ("name", "key", "slot", *codebook.TEXTS, "note_required")
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
    form = TagForm
    list_display = ["name", "key", "slot", "group", "codebook", "is_on", "retired_at", "uses", "marks"]
    list_filter = ["is_on", ("retired_at", admin.EmptyFieldListFilter), ("group", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["group", "codebook"]
    search_fields = ["name", "definition", "example", "key"]
    autocomplete_fields = ["codebook", "group"]
    ordering = ["codebook", "group__position", "position", "id"]
    actions = ["switch_on", "switch_off", "retire", "bring_back"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(use_count=Count("taggings"))

    def get_fields(self, request, obj=None):
        fields = list(super().get_fields(request, obj))
        return [*fields, "is_on", "retired_at", "uses", "marks"] if obj else fields

    def get_readonly_fields(self, request, obj=None):
        return ["codebook", "is_on", "retired_at", "uses", "marks"] if obj else []

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
