"""People, articles and the event log in the Django admin. Staff sign in where everybody does, so that trying
passwords is throttled in one place."""

from __future__ import annotations

import json

from axes import admin as axes_admin
from axes.models import AccessAttempt
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Length, Substr
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join

from opslens.accounts import actions as accounts
from opslens.accounts.closing import (
    is_closed_for_good,
    merged_into,
    neutral_name,
    what_goes,
    what_stays,
    without_names,
)
from opslens.accounts.forms import NewPersonForm, PersonForm
from opslens.accounts.onward import asked_next
from opslens.accounts.permissions import may_administer
from opslens.activity.recorded_admin import (
    ByVerbAdmin,
    KeptAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    RecordedAdmin,
    TrashFilter,
    do_each,
    link,
    link_to,
)
from opslens.articles import actions as articles
from opslens.articles.loaders.loaded import Details
from opslens.models import Article, Channel, Draft, Event, ReadingPosition, Revision, SearchPassage, User
from opslens.models.article import LARGE_COLUMNS
from opslens.web.policy import allow, everyone, staff
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

STATE = 20_000  # characters of what an event recorded that the admin shows
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
# Their module registers them when it is loaded, which the imports above have done. Two of its tables are never filled.
admin.site.unregister([AccessAttempt, axes_admin.AccessLog, axes_admin.AccessFailureLog])


@admin.register(Group)
class RightsAdmin(RecordedAdmin, GroupAdmin):
    """Groups give rights, so changing one is an event as well."""

    list_display = ["name", "people"]
    delete_confirmation_template = "admin/delete_group.html"

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(people_count=Count("user"))

    @admin.display(description="people", ordering="people_count")
    def people(self, obj):
        return link(f"{reverse('admin:opslens_user_changelist')}?groups__id__exact={obj.pk}", str(obj.people_count))

    def delete_view(self, request, object_id, extra_context=None):
        group = self.get_object(request, object_id)
        who = group.user_set.order_by("username")[: self.named_at_most] if group else []
        return super().delete_view(request, object_id, {"losing": who, **(extra_context or {})})

    named_at_most = 200

    def get_actions(self, request):
        # One at a time: the confirmation says who loses rights.
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}


@admin.register(AccessAttempt)
class TriesAdmin(RecordedAdmin):
    """Tries to sign in that failed and still count. Deleting one lets that name try again from there."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start"]
    list_filter = ["attempt_time"]
    search_fields = ["username", "ip_address"]
    date_hierarchy = "attempt_time"
    ordering = ["-attempt_time"]
    fields = readonly_fields = ["attempt_time", "username", "ip_address", "user_agent", "failures_since_start"]

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def _record(self, request, verb, obj, before, after) -> None:
        # Without what was typed and from where: the log keeps it for ever.
        super()._record(request, verb, obj, None, None)


class StandingFilter(admin.SimpleListFilter):
    """What has become of accounts."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request, model_admin):
        return [
            ("open", "Open"),
            ("closed", "Deactivated"),
            ("merged", "Merged into another one"),
            ("anonymous", "Anonymised"),
        ]

    def queryset(self, request, queryset):
        conditions = {
            "open": {"is_active": True},
            "closed": {"is_active": False, "merged_into": None, "anonymised_at": None},
            "merged": {"merged_into__isnull": False},
            "anonymous": {"anonymised_at__isnull": False},
        }
        return queryset.filter(**conditions.get(self.value() or "", {}))


@admin.register(User)
class PersonAdmin(KeptAdmin, UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    list_display = [
        *["username", "display_name", "standing", "is_staff", "last_login", "date_joined"],
    ]
    list_filter = [
        *[StandingFilter, "is_staff", "is_superuser", "is_demo", "last_login"],
        ("groups", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["merged_into"]
    search_fields = ["username", "display_name", "email"]
    date_hierarchy = "date_joined"
    ordering = ["username"]
    readonly_fields = ["is_demo", "reading", "last_login", "date_joined", "events", "standing", "doors"]
    fieldsets = [
        (None, {"fields": ["username", "password", "standing", "doors"]}),
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
    actions = ["deactivate", "reactivate", "anonymise"]

    def subject_of(self, obj) -> str:
        return accounts.subject_of(obj)

    def get_readonly_fields(self, request, obj=None):
        # Staff who are not superusers could otherwise give themselves every right.
        rights = [] if request.user.is_superuser else ["is_staff", "is_superuser", "groups", "user_permissions"]
        return [*super().get_readonly_fields(request, obj), *rights]

    def has_change_permission(self, request, obj=None) -> bool:
        if obj is not None and (is_closed_for_good(obj) or not may_administer(request.user, obj)):
            return False
        return super().has_change_permission(request, obj)

    def get_urls(self):
        view = self.admin_site.admin_view(self.anonymise_view)
        return [path("<path:object_id>/anonymise/", view, name="opslens_user_anonymise"), *super().get_urls()]

    def user_change_password(self, request, id, form_url=""):
        with transaction.atomic():
            person = self.get_object(request, id)
            response = super().user_change_password(request, id, form_url)
            if person is not None:
                now = User.objects.only("password").get(pk=person.pk)
                if now.password != person.password:
                    self._record(request, "password-set", person, None, None)
        return response

    def person_to_change(self, request, object_id: str) -> User:
        """For pages of their own. Raises Missing, and Denied for accounts that this viewer may not administer."""
        if not may_administer(request.user):
            raise Denied("You may not change accounts.")
        person = self.get_object(request, unquote(object_id))
        if person is None:
            raise Missing("There is no such account.")
        if not may_administer(request.user, person):
            raise Denied("Only superusers can change the account of a superuser.")
        return person

    def page(self, request, template: str, person: User, title: str, status: int = 200, **context) -> HttpResponse:
        request.current_app = self.admin_site.name
        context |= {"title": title, "person": person, "opts": self.opts, **self.admin_site.each_context(request)}
        return TemplateResponse(request, f"admin/people/{template}.html", context, status=status)

    make_nameless = staticmethod(accounts.anonymise)

    def anonymise_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        person = self.person_to_change(request, object_id)
        if person.pk == request.user.pk:
            raise Invalid("You cannot anonymise your own account.")
        if person.merged_into_id or person.anonymised_at:
            raise Conflict("This account was merged or anonymised already.", current=person)
        if request.method == "POST":
            self.make_nameless(request.user, person)
            self.message_user(request, f"This is {neutral_name(person)} now.", messages.SUCCESS)
            return redirect("admin:opslens_user_change", person.pk)
        with_it = merged_into(person)
        people = [person, *with_it]
        context = {"with_it": with_it, "neutral_name": neutral_name(person)}
        context |= {"stays": what_stays(people), "goes": what_goes(people)}
        return self.page(request, "anonymise", person, "Anonymise this person?", **context)

    @admin.action(description="Deactivate people", permissions=["change"])
    def deactivate(self, request, queryset) -> None:
        self._set_active(request, queryset, False)

    @admin.action(description="Reactivate people", permissions=["change"])
    def reactivate(self, request, queryset) -> None:
        self._set_active(request, queryset, True)

    @admin.action(description="Anonymise one person …", permissions=["change"])
    def anonymise(self, request, queryset) -> HttpResponse | None:
        people = list(queryset[:2])
        if len(people) == 1:
            return redirect("admin:opslens_user_anonymise", people[0].pk)
        self.message_user(request, "Choose one person: it cannot be undone.", messages.WARNING)
        return None

    def _set_active(self, request, queryset, active: bool) -> None:
        def set_active(person: User) -> None:
            if not may_administer(request.user, person):
                raise Denied("Only superusers can do this.")
            accounts.set_active(request.user, person, active)

        do_each(self, request, queryset, set_active, "reactivated" if active else "deactivated; what they wrote stays")

    @admin.display(description="account", ordering="is_active")
    def standing(self, obj) -> str:
        if obj.anonymised_at:
            return "anonymised"
        if obj.merged_into_id:
            return format_html("now {}", self.link_to_person(obj.merged_into))
        return "open" if obj.is_active else "deactivated"

    def link_to_person(self, person: User):
        return link(reverse("admin:opslens_user_change", args=[person.pk]), person.username)

    @admin.display(description="more")
    def doors(self, obj):
        """What can be done with this account on pages of their own."""
        return format_html_join(" · ", "{}", ([found] for found in self.doors_of(obj) if found)) or "–"

    def doors_of(self, obj) -> list:
        if obj.pk is None:
            return []
        history = link_to("history:person", [obj.username], "History")
        if is_closed_for_good(obj):
            return [history]
        return [history, link(reverse("admin:opslens_user_anonymise", args=[obj.pk]), "Anonymise …")]

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
        *["language", "direction", "imported_by", "created_at", "deleted_at", "history", "seen"],
    ]
    readonly_fields = ["slug", "read", "direction", "imported_by", "created_at", "deleted_at", "history"]
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

    @admin.display(description="history")
    def history(self, obj):
        return link_to("history:article", [obj.slug], "History")

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
    list_filter = ["updated_at"]
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
    list_filter = ["updated_at"]
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
    list_filter = ["at", "verb"]
    list_select_related = ["channel", "actor"]
    search_fields = ["subject", "verb", "channel__name", "actor__username", "actor__display_name"]
    date_hierarchy = "at"
    ordering = ["-id"]
    fields = readonly_fields = ["at", "channel", "number", "verb", "actor", "subject", "before_it", "after_it"]

    def lookup_allowed(self, lookup, value, request=None) -> bool:
        return lookup in ("actor__id__exact", "channel__id__exact") or super().lookup_allowed(lookup, value, request)

    @admin.display(description="before")
    def before_it(self, obj):
        return _state(obj, obj.before)

    @admin.display(description="after")
    def after_it(self, obj):
        return _state(obj, obj.after)


def _state(event: Event, state: dict | None):
    """What an event recorded, as JSON; of somebody who has been anonymised not who they were."""
    kind, _, key = event.subject.partition(":")
    about = User.objects.filter(pk=key) if kind == "user" and key.isdecimal() and len(key) < 19 else User.objects.none()
    shown = without_names(state, about.filter(anonymised_at__isnull=False).exists())
    if shown is None:
        return "–"
    words = json.dumps(shown, ensure_ascii=False, indent=1)
    return format_html("<pre>{}</pre>", words if len(words) <= STATE else f"{words[:STATE]} …")
