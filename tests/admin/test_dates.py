"""The dates above a list, compared with what the database itself says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.db.models import QuerySet
from django.utils import timezone

from annotations.models import Annotation
from tests.admin.test_admin import page_of

MOMENTS = ["2024-12-31 23:40", "2025-01-01 00:10", "2025-03-30 18:20", "2025-03-30 18:50", "2026-11-28 12:00"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "Asia/Kolkata", "Asia/Kathmandu", "America/Los_Angeles"])
@pytest.mark.parametrize("kind", ["year", "month", "day"])
def test_dates_are_those_of_the_database(root, rf, annotator, mark, settings, zone, kind):
    for text in MOMENTS:
        pk = mark(annotator, "claim").pk
        Annotation.objects.filter(pk=pk).update(created_at=datetime.fromisoformat(text).replace(tzinfo=UTC))
    request = rf.get(page_of(Annotation))
    request.user = root
    with timezone.override(zone):
        rows = admin.site._registry[Annotation].get_changelist_instance(request).queryset
        assert list(rows.datetimes("created_at", kind)) == list(QuerySet.datetimes(rows.all(), "created_at", kind))


def test_a_list_is_narrowed_by_its_dates(client, root, annotator, mark):
    old, new = mark(annotator, "claim"), mark(annotator, "claim")
    Annotation.objects.filter(pk=old.pk).update(created_at=datetime(2025, 3, 4, 5, tzinfo=UTC))
    client.force_login(root)
    page = client.get(page_of(Annotation))
    assert "?created_at__year=2025" in page.content.decode()
    found = client.get(page_of(Annotation), {"created_at__year": 2025, "created_at__month": 3})
    assert list(found.context["cl"].queryset) == [old]
    assert "4 March" in found.content.decode()
    assert new in client.get(page_of(Annotation)).context["cl"].queryset
