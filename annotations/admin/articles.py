"""Articles in the Django admin, with what has been marked in them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from annotations.admin.words import shown
from annotations.models import Annotation
from opslens.activity.recorded_admin import link
from opslens.admin import ArticleAdmin
from opslens.models import Article

admin.site.unregister(Article)


@admin.register(Article)
class ArticleWithMarksAdmin(ArticleAdmin):
    list_display = [*ArticleAdmin.list_display[:-1], "marks", ArticleAdmin.list_display[-1]]

    def get_queryset(self, request):
        there = (
            Annotation.objects.filter(article=OuterRef("pk"), deleted_at=None)
            .filter(shown())
            .order_by()
            .values("article")
        )
        number = Subquery(there.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
        return super().get_queryset(request).annotate(mark_count=Coalesce(number, 0))

    @admin.display(description="marks", ordering="mark_count")
    def marks(self, obj):
        address = reverse("admin:annotations_annotation_changelist", query={"article__id__exact": obj.pk})
        return link(address, str(obj.mark_count))
