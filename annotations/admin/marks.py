"""Marks in the Django admin. Staff see every mark here, and a look at those of a blind session is itself recorded; what
they change goes through the verbs, so that history and the rules about tags hold."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import BooleanField, Count, F, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from annotations.admin.filters import AuthorFilter, FlaggedFilter, TagFilter
from annotations.admin.looks import LooksRecorded
from annotations.admin.verdicts import Verdicts
from annotations.admin.words import passage_of, short
from annotations.editing import moderation
from annotations.models import Anchor, Annotation, AnnotationTag, Crossing, Flag, Tag
from annotations.permissions import may_moderate
from opslens.activity.recorded_admin import (
    ByVerbAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    TrashFilter,
    do_each,
    link,
    link_to,
)
from opslens.models.article import LARGE_COLUMNS
from opslens.web.refusals import Invalid


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
        session = self.instance.session
        book = Q(codebook=session.codebook_id) if session else Q(codebook__is_default=True)
        offered = book & Q(is_on=True, retired_at=None) | Q(pk__in=carried)
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
class AnnotationAdmin(LooksRecorded, Verdicts, ByVerbAdmin):
    form = MarkForm
    session_of = "session_id"
    list_display = [
        *["short_quote", "author", "tag_names", "review_state", "open_flags", "passage", "history", "visibility"],
        *["article", "session", "created_at"],
    ]
    view_on_site = False  # the link to the passage says where it leads, and is left out where it would lead nowhere
    list_filter = [
        TrashFilter,
        "review_state",
        FlaggedFilter,
        "visibility",
        AuthorFilter,
        ("session", admin.RelatedOnlyFieldListFilter),
        ("tags", TagFilter),
        "created_at",
    ]
    search_fields = ["quote", "note", "uid", "author__username", "author__display_name", "article__title"]
    date_hierarchy = "created_at"
    ordering = ["-id"]  # the newest first, without sorting all of them
    fields = [
        *["quote", "passage", "note", "carried", "visibility", "version", "author", "article", "session", "number"],
        *["uid", "review_state", "open_flags", "verdicts", "created_at", "updated_at", "deleted_at", "history"],
    ]
    readonly_fields = [
        *["quote", "passage", "author", "article", "session", "number", "uid", "created_at", "updated_at"],
        *["deleted_at", "history", "review_state", "open_flags", "verdicts"],
    ]
    inlines = [TaggingInline, AnchorInline]
    actions = ["accept", "reject", "return_to_author", "to_trash", "restore"]

    def get_queryset(self, request):
        marks = super().get_queryset(request).select_related("author", "article", "session").prefetch_related("tags")
        flags = Flag.objects.filter(annotation=OuterRef("pk"), outcome="").order_by().values("annotation")
        number = Subquery(flags.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
        may = Value(may_moderate(request.user), output_field=BooleanField())
        return marks.annotate(revision_number=F("revision__number"), flag_count=Coalesce(number, 0), in_words=may)

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
        return short(obj.quote)

    @admin.display(description="tags")
    def tag_names(self, obj) -> str:
        return ", ".join(tag.name for tag in obj.tags.all())

    @admin.display(description="revision")
    def number(self, obj) -> int:
        return obj.revision_number

    @admin.display(description="passage")
    def passage(self, obj):
        return passage_of(obj)

    @admin.display(description="open flags", ordering="flag_count")
    def open_flags(self, obj):
        if not obj.flag_count:
            return "–"
        return link(f"{reverse('admin:annotations_flag_changelist')}?q={obj.uid}", str(obj.flag_count))

    @admin.display(description="verdicts")
    def verdicts(self, obj):
        return link(f"{reverse('admin:annotations_review_changelist')}?q={obj.uid}", "Show")

    @admin.display(description="history")
    def history(self, obj):
        # The page with the history in words shows every mark to those only who may change it.
        if obj.in_words:
            return link_to("history:mark", [obj.uid], "History")
        return link(reverse("admin:annotations_annotation_history", args=[obj.pk]), "Events")

    def lookup_allowed(self, lookup, value, request=None) -> bool:
        return lookup == "article__id__exact" or super().lookup_allowed(lookup, value, request)

    def _set_deleted(self, request, queryset, gone: bool, said: str) -> None:
        do_each(self, request, queryset, lambda mark: moderation.set_deleted(request.user, mark.pk, gone=gone), said)

    @admin.action(description="Move to trash", permissions=["change"])
    def to_trash(self, request, queryset) -> None:
        self._set_deleted(request, queryset, True, "in the trash")

    @admin.action(description="Restore from trash", permissions=["change"])
    def restore(self, request, queryset) -> None:
        self._set_deleted(request, queryset, False, "restored")


@admin.register(Anchor)
class AnchorAdmin(LooksRecorded, ReadOnlyAdmin):
    session_of = "annotation__session_id"
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
        heavy = [f"revision__{name}" for name in LARGE_COLUMNS]
        return super().get_queryset(request).select_related("annotation__session", "revision__article").defer(*heavy)

    @admin.display(ordering="annotation__quote")
    def quote(self, obj) -> str:
        return short(obj.annotation.quote)

    @admin.display(ordering="revision__article__title")
    def article(self, obj) -> str:
        return obj.revision.article.title

    @admin.display(description="revision", ordering="revision__number")
    def number(self, obj) -> int:
        return obj.revision.number

    @admin.display(description="passage")
    def passage(self, obj):
        return passage_of(obj.annotation)


@admin.register(Crossing)
class CrossingAdmin(LooksRecorded, ReadOnlyAdmin):
    """Derived from anchors; shown so that nothing in the database is out of sight."""

    session_of = "anchor__annotation__session_id"
    list_display = ["anchor", "revision_id", "block"]
    search_fields = ["anchor__annotation__uid"]
    fields = readonly_fields = ["anchor", "revision_id", "block"]
    ordering = ["-id"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("anchor__annotation")
