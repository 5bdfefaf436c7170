"""People, articles and the event log in the Django admin. Staff sign in where everybody does, so that trying
passwords is throttled in one place."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.db.models.functions import Length, Substr
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from opslens.accounts import actions as accounts
from opslens.accounts.forms import NewPersonForm, PersonForm
from opslens.accounts.onward import asked_next
from opslens.activity.recorded_admin import (
    ByVerbAdmin,
    KeptAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    RecordedAdmin,
    TrashFilter,
    do_each,
    link,
)
from opslens.articles import actions as articles
from opslens.articles.loaders.loaded import Details
from opslens.models import Article, Channel, Draft, Event, ReadingPosition, Revision, SearchPassage, User
from opslens.models.article import LARGE_COLUMNS
from opslens.web.policy import allow, everyone, staff
from opslens.web.refusals import Denied

EXCERPT = 2_000  # code points of a revision's text that the admin shows

admin.site.site_header = admin.site.site_title = "OpsLens administration"
admin.site.index_title = "Everything, for those who run this site"


@allow(everyone)
def sign_in(request: HttpRequest, extra_context=None) -> HttpResponse:
    """The admin's own sign-in page would not be throttled, so it leads to the one for everybody."""
    onward = asked_next(request) or reverse("admin:index")
    if request.user.is_authenticated and request.user.is_staff:
        return redirect(onward)
    return redirect_to_login(onward, reverse("accounts:sign-in"))


@allow(staff)
def change_password(request: HttpRequest, extra_context=None) -> HttpResponse:
    return redirect("accounts:password")


admin.site.login = sign_in
admin.site.password_change = change_password
admin.site.unregister(Group)


@admin.register(Group)
class RightsAdmin(RecordedAdmin, GroupAdmin):
    """Groups give rights, so changing one is an event as well."""


@admin.register(User)
class PersonAdmin(KeptAdmin, UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    list_display = ["username", "display_name", "is_active", "is_staff", "is_demo", "last_login", "date_joined"]
    list_filter = ["is_active", "is_staff", "is_superuser", "is_demo", ("groups", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["username", "display_name", "email"]
    date_hierarchy = "date_joined"
    ordering = ["username"]
    readonly_fields = ["is_demo", "reading", "last_login", "date_joined", "events"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["display_name", "about", "email", "marks_public", "reading", "is_demo"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined", "events"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"classes": ["wide"], "fields": ["username", "display_name", "usable_password", "password1", "password2"]},
        )
    ]
    actions = ["deactivate", "reactivate"]

    def subject_of(self, obj) -> str:
        return accounts.subject_of(obj)

    def get_readonly_fields(self, request, obj=None):
        # Staff who are not superusers could otherwise give themselves every right.
        rights = [] if request.user.is_superuser else ["is_staff", "is_superuser", "groups", "user_permissions"]
        return [*super().get_readonly_fields(request, obj), *rights]

    def has_change_permission(self, request, obj=None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def user_change_password(self, request, id, form_url=""):
        with transaction.atomic():
            person = self.get_object(request, id)
            response = super().user_change_password(request, id, form_url)
            if person is not None:
                now = User.objects.only("password").get(pk=person.pk)
                if now.password != person.password:
                    self._record(request, "password-set", person, None, None)
        return response

    @admin.action(description="Deactivate people", permissions=["change"])
    def deactivate(self, request, queryset) -> None:
        self._set_active(request, queryset, False)

    @admin.action(description="Reactivate people", permissions=["change"])
    def reactivate(self, request, queryset) -> None:
        self._set_active(request, queryset, True)

    def _set_active(self, request, queryset, active: bool) -> None:
        def set_active(person: User) -> None:
            if not self.has_change_permission(request, person):
                raise Denied("Only superusers can do this.")
            accounts.set_active(request.user, person, active)

        do_each(self, request, queryset, set_active, "reactivated" if active else "deactivated; what they wrote stays")

    @admin.display(description="events")
    def events(self, obj):
        return link(f"{reverse('admin:opslens_event_changelist')}?actor__id__exact={obj.pk}", "What they did")


class RevisionInline(ReadOnlyInline):
    model = Revision
    fields = ["number", "source_name", "source_format", "word_count", "created_at", "created_by"]
    readonly_fields = fields
    show_change_link = True
    ordering = ["number"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("created_by").defer(*LARGE_COLUMNS)


class ArticleForm(forms.ModelForm):
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    source_url = forms.URLField(required=False, max_length=1000, assume_scheme="https")

    class Meta:
        model = Article
        fields = [*Details.__slots__, "is_public"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = articles.details_digest(self.instance)


@admin.register(Article)
class ArticleAdmin(ByVerbAdmin):
    form = ArticleForm
    list_display = [
        *["title", "kind", "publisher", "language", "is_public", "words", "imported_by", "created_at", "place", "read"],
    ]
    list_filter = [TrashFilter, "is_public", "language", "kind"]
    search_fields = ["title", "publisher", "byline", "slug", "source_url"]
    date_hierarchy = "created_at"
    fields = [
        *["title", "slug", "read", "kind", "publisher", "byline", "source_url", "published_on", "is_public"],
        *["language", "direction", "imported_by", "created_at", "deleted_at", "seen"],
    ]
    readonly_fields = ["slug", "read", "direction", "imported_by", "created_at", "deleted_at"]
    inlines = [RevisionInline]
    actions = ["to_trash", "restore"]

    def get_queryset(self, request):
        heavy = [f"current__{name}" for name in LARGE_COLUMNS]
        return super().get_queryset(request).select_related("current", "imported_by").defer(*heavy)

    def has_add_permission(self, request) -> bool:
        return False  # articles come in by import, which checks and cleans them

    def save_model(self, request, obj, form, change) -> None:
        given = dict(form.cleaned_data)
        seen, is_public = given.pop("seen"), given.pop("is_public")
        articles.edit_details(request.user, obj, details=Details(**given), is_public=is_public, seen=seen)

    @admin.display(description="words", ordering="current__word_count")
    def words(self, obj):
        return obj.current.word_count if obj.current else None

    @admin.display(description="place", ordering="deleted_at")
    def place(self, obj) -> str:
        return "trash" if obj.deleted_at else "library"

    @admin.display(description="read")
    def read(self, obj):
        return link(obj.get_absolute_url(), "Read")

    @admin.action(description="Move to trash", permissions=["change"])
    def to_trash(self, request, queryset) -> None:
        do_each(self, request, queryset, lambda a: articles.trash_article(request.user, a), "in the trash")

    @admin.action(description="Restore from trash", permissions=["change"])
    def restore(self, request, queryset) -> None:
        do_each(self, request, queryset, lambda a: articles.restore_article(request.user, a), "back in the library")


@admin.register(SearchPassage)
class SearchPassageAdmin(ReadOnlyAdmin):
    list_display = ["article", "number", "start", "length"]
    list_select_related = ["article"]
    search_fields = ["article__title", "words"]
    ordering = ["-article", "number"]


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = [
        "article",
        "number",
        "note",
        "source_date",
        "source_name",
        "source_format",
        "word_count",
        "created_at",
        "created_by",
        "read",
    ]
    list_filter = ["source_format", "policy_version"]
    search_fields = ["article__title", "source_name", "digest", "note"]
    date_hierarchy = "created_at"
    fields = [
        *[
            "article",
            "number",
            "title",
            "read",
            "note",
            "source_date",
            "word_count",
            "lead_blocks",
            "source_name",
            "source_format",
        ],
        *["source_encoding", "source_size", "policy_version", "digest", "created_at", "created_by", "beginning"],
    ]
    readonly_fields = ["read", "source_size", "beginning"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("article", "created_by").defer(*LARGE_COLUMNS)

    @admin.display(description="read")
    def read(self, obj):
        return link(obj.get_absolute_url(), "Read")

    @admin.display(description="source, bytes")
    def source_size(self, obj) -> str:
        return f"{Revision.objects.filter(pk=obj.pk).values_list(Length('source'), flat=True).get():,}"

    @admin.display(description="text, the beginning")
    def beginning(self, obj):
        # Not in get_queryset: a list of revisions would read every text.
        first = Revision.objects.filter(pk=obj.pk).values_list(Substr("text", 1, EXCERPT), flat=True).get()
        return format_html("<pre>{}</pre>", first)


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin):
    """Revisions that are prepared and not published. What they say is their authors' business until then."""

    list_display = ["article", "author", "base_number", "updated_at"]
    search_fields = ["article__title", "author__username", "author__display_name"]
    date_hierarchy = "updated_at"
    fields = ["article", "author", "base_number", "updated_at"]
    readonly_fields = ["base_number"]

    def get_queryset(self, request):
        heavy = ["source", *(f"base__{name}" for name in LARGE_COLUMNS)]
        return super().get_queryset(request).select_related("article", "author", "base").defer(*heavy)

    @admin.display(description="begun from revision", ordering="base__number")
    def base_number(self, obj) -> int:
        return obj.base.number


@admin.register(ReadingPosition)
class ReadingPositionAdmin(RecordedAdmin):
    list_display = ["reader", "article", "number", "block", "updated_at"]
    search_fields = ["reader__username", "reader__display_name", "revision__article__title"]
    date_hierarchy = "updated_at"
    fields = readonly_fields = ["reader", "article", "number", "block", "offset", "updated_at"]

    def get_queryset(self, request):
        heavy = [f"revision__{name}" for name in LARGE_COLUMNS]
        return super().get_queryset(request).select_related("reader", "revision__article").defer(*heavy)

    def has_add_permission(self, request) -> bool:
        return False

    @admin.display(ordering="revision__article__title")
    def article(self, obj):
        return link(f"{obj.revision.get_absolute_url()}#b{obj.block}", obj.revision.article.title)

    @admin.display(description="revision", ordering="revision__number")
    def number(self, obj) -> int:
        return obj.revision.number


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    list_display = ["name", "last_number", "events"]
    search_fields = ["name"]
    ordering = ["name"]

    @admin.display(description="events")
    def events(self, obj):
        return link(f"{reverse('admin:opslens_event_changelist')}?channel__id__exact={obj.pk}", "Show")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["at", "channel", "number", "verb", "actor", "subject"]
    list_filter = ["verb"]
    list_select_related = ["channel", "actor"]
    search_fields = ["subject", "verb", "channel__name", "actor__username", "actor__display_name"]
    date_hierarchy = "at"
    ordering = ["-id"]
    fields = ["at", "channel", "number", "verb", "actor", "subject", "before", "after"]

    def lookup_allowed(self, lookup, value, request=None) -> bool:
        return lookup in ("actor__id__exact", "channel__id__exact") or super().lookup_allowed(lookup, value, request)
