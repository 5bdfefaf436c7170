"""People in the Django admin, with what they have marked: merging two accounts, and taking them apart again."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from annotations.admin.words import shown
from annotations.models import Annotation
from annotations.people import queries
from annotations.people.actions import anonymise_person, merge_people, separate_people
from annotations.people.tables import MOVES, key_of
from annotations.teams.looks import record_looks
from opslens.accounts.closing import is_closed_for_good, words_for
from opslens.accounts.permissions import may_administer
from opslens.activity.recorded_admin import link
from opslens.admin import PersonAdmin
from opslens.models import User
from opslens.web.refusals import Denied, Missing

admin.site.unregister(User)


@admin.register(User)
class PersonWithMarksAdmin(PersonAdmin):
    list_display = [*PersonAdmin.list_display[:3], "marks", *PersonAdmin.list_display[3:]]
    readonly_fields = [*PersonAdmin.readonly_fields, "all_marks"]
    fieldsets = [
        *PersonAdmin.fieldsets[:-1],
        ("Dates", {"fields": ["last_login", "date_joined", "all_marks", "events"]}),
    ]
    actions = [*PersonAdmin.actions, "merge"]
    make_nameless = staticmethod(anonymise_person)

    def get_queryset(self, request):
        theirs = (
            Annotation.objects.filter(author=OuterRef("pk"), deleted_at=None)
            .filter(shown())
            .order_by()
            .values("author")
        )
        number = Subquery(theirs.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
        return super().get_queryset(request).annotate(mark_count=Coalesce(number, 0))

    @admin.display(description="marks", ordering="mark_count")
    def marks(self, obj):
        return _marks_of(obj, str(obj.mark_count))

    @admin.display(description="marks")
    def all_marks(self, obj):
        return _marks_of(obj, "Show")

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/merge/", wrap(self.merge_view), name="opslens_user_merge"),
            path("<path:object_id>/separate/", wrap(self.separate_view), name="opslens_user_separate"),
            *super().get_urls(),
        ]

    def page(self, request, template: str, person: User, title: str, status: int = 200, **context) -> HttpResponse:
        """They say how many rows somebody has, those in blind sessions among them: a look that is recorded."""
        people = [one.pk for one in (person, context.get("kept")) if one is not None]
        marks = Annotation.objects.filter(author__in=people).exclude(session=None).order_by()
        record_looks(request, template, marks.values_list("session", flat=True))
        return super().page(request, template, person, title, status, **context)

    def doors_of(self, obj) -> list:
        doors = super().doors_of(obj)
        if obj.pk is not None and obj.merged_into_id and not obj.anonymised_at:
            doors.append(link(reverse("admin:opslens_user_separate", args=[obj.pk]), "Separate again …"))
        elif obj.pk is not None and not is_closed_for_good(obj):
            doors.append(link(reverse("admin:opslens_user_merge", args=[obj.pk]), "Merge into another account …"))
        return doors

    @admin.action(description="Merge two accounts of one human …", permissions=["change"])
    def merge(self, request, queryset) -> HttpResponse | None:
        """The older account stays, unless one says otherwise on the page that follows."""
        people = list(queryset.order_by("date_joined", "pk")[:3])
        if len(people) != 2:
            self.message_user(request, "Choose two accounts: one stays, the other goes into it.", messages.WARNING)
            return None
        kept, merged = people
        query = {"into": kept.username}
        return redirect(reverse("admin:opslens_user_merge", args=[merged.pk], query=query))

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        person = self.person_to_change(request, object_id)
        into = request.GET.get("into", "").strip().replace("\x00", "")[:150]
        kept = User.objects.filter(username=into).first() if into else None
        if kept is not None and not may_administer(request.user, kept):
            raise Denied("Only superusers can change the account of a superuser.")
        if request.method == "POST":
            if kept is None:
                raise Missing("There is no such account.")
            merge_people(request.user, person, kept)
            self.message_user(request, f"{person.username} is {kept.username} now.", messages.SUCCESS)
            return redirect("admin:opslens_user_change", kept.pk)
        context = {"into": into, "kept": kept, "unknown": bool(into) and kept is None}
        if kept is not None:
            context["reasons"] = queries.obstacles_to_merging(person, kept)
            if not context["reasons"]:
                context["moves"] = queries.what_moves(person)
                context["aside"] = queries.set_aside(person, kept)
                context["verdicts"] = queries.own_verdicts(person, kept)
        return self.page(request, "merge", person, "Merge this account?", **context)

    def separate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        person = self.person_to_change(request, object_id)
        if request.method == "POST":
            separate_people(request.user, person)
            self.message_user(request, f"{person.username} is an account of its own again.", messages.SUCCESS)
            return redirect("admin:opslens_user_change", person.pk)
        merge = queries.merge_of(person)
        if merge is None:
            raise Missing("This account has not been merged.")
        moved = [(words_for(key_of(model, field)), len(merge.rows_of(model, field))) for model, field in MOVES]
        context = {
            "kept": merge.kept,
            "merged_at": merge.event.at,
            "was_active": merge.event.after["was_active"],
            "rows": [(words, number) for words, number in moved if number],
            "reasons": queries.obstacles_to_separating(merge),
        }
        return self.page(request, "separate", person, "Separate this account again?", **context)


def _marks_of(person: User, words: str):
    return link(f"{reverse('admin:annotations_annotation_changelist')}?author={person.pk}", words)
