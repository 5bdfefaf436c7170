"""Filters of marks that Django does not have."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef

from annotations.admin.words import shown
from annotations.models import Annotation, Flag, Tag
from opslens.models import User

MOST = 20  # authors that are offered; others are reached from the page of a person


class AuthorFilter(admin.SimpleListFilter):
    """Those with the most marks, and whoever is chosen: a list of all people would be longer than the page."""

    title = "author"
    parameter_name = "author"

    def lookups(self, request, model_admin):
        most = (
            Annotation.objects.filter(shown())
            .order_by()
            .values("author")
            .annotate(number=Count("pk"))
            .order_by("-number", "author")
        )
        ids = [row["author"] for row in most[:MOST]]
        chosen = request.GET.get(self.parameter_name, "")
        if chosen.isdecimal() and len(chosen) < 19:
            ids.append(int(chosen))
        names = {person.pk: person.name for person in User.objects.filter(pk__in=ids)}
        return sorted(((str(pk), name) for pk, name in names.items()), key=lambda pair: pair[1].casefold())

    def queryset(self, request, queryset):
        chosen = self.value() or ""
        if not chosen:
            return queryset
        return queryset.filter(author=int(chosen)) if chosen.isdecimal() and len(chosen) < 19 else queryset.none()


class FlaggedFilter(admin.SimpleListFilter):
    title = "flags"
    parameter_name = "flagged"

    def lookups(self, request, model_admin):
        return [("open", "Waiting for an answer"), ("any", "Flagged at any time"), ("never", "Never flagged")]

    def queryset(self, request, queryset):
        flags = Flag.objects.filter(annotation=OuterRef("pk")).order_by()
        conditions = {"open": Exists(flags.filter(outcome="")), "any": Exists(flags), "never": ~Exists(flags)}
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


class TagFilter(admin.RelatedOnlyFieldListFilter):
    """Tags that occur here. Each session has a codebook of its own, so many of them have one and the same name."""

    def field_choices(self, field, request, model_admin):
        used = model_admin.get_queryset(request).order_by().values_list(self.field_path)
        tags = Tag.objects.select_related("codebook").filter(pk__in=used)
        return [
            (tag.pk, tag.name if tag.codebook.is_default else f"{tag.name} ({tag.codebook.name})")
            for tag in tags.order_by("-codebook__is_default", "codebook__name", "group__position", "position", "pk")
        ]
