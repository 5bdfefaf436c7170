"""A codebook to operate on, and marks in it."""
# ruff: noqa: F811  (fixtures)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from annotations.models import Annotation, AnnotationTag, Codebook, Decision, Tag
from opslens.models import Article
from tests.annotations.conftest import article, codebook, mark, tag  # noqa: F401


@pytest.fixture
def editor(person) -> Any:
    """A reader who was given the codebook to look after."""
    editor = person("editor", "Edda Editor")
    editor.user_permissions.add(
        Permission.objects.get(codename="change_codebook", content_type__app_label="annotations")
    )
    return editor


@pytest.fixture
def staff(person) -> Any:
    return person("staff", "Stan Staff", is_staff=True)


def marks_with(
    author: Any, article: Article, tags_of: list[list[Tag]], *, deleted: frozenset[int] = frozenset(), session=None
) -> list[Annotation]:
    """A mark for each of these lists of tags, quickly; without a place in the text."""
    now = timezone.now()
    marks = Annotation.objects.bulk_create(
        Annotation(
            article=article,
            revision_id=article.current_id,
            session=session,
            author=author,
            quote=f"words {number}",
            visibility="team" if session else "public",
            idempotency_key=f"made-at-once-{Annotation.objects.count()}-{number}",
            created_at=now,
            updated_at=now,
            deleted_at=now if number in deleted else None,
        )
        for number in range(len(tags_of))
    )
    AnnotationTag.objects.bulk_create(
        AnnotationTag(annotation=mark, tag=tag, exclusive_group=tag.group if tag.group.exclusive else None)
        for mark, tags in zip(marks, tags_of, strict=True)
        for tag in tags
    )
    return marks


def tag_rows(codebook: Codebook) -> list[tuple]:
    """Everything that a surgery may touch and an undo must bring back, ids included."""
    fields = [field.attname for field in Tag._meta.concrete_fields if field.name != "version"]
    return [
        *AnnotationTag.objects.filter(tag__codebook=codebook)
        .order_by("pk")
        .values_list("pk", "annotation_id", "tag_id", "exclusive_group_id"),
        *Decision.tags.through.objects.order_by("pk").values_list("pk", "decision_id", "tag_id"),
        *Tag.objects.filter(codebook=codebook).order_by("pk").values_list(*fields),
    ]


def tags_on(marks: list[Annotation]) -> list[set[str]]:
    names: dict[int, set[str]] = {mark.pk: set() for mark in marks}
    for pk, name in AnnotationTag.objects.filter(annotation__in=marks).values_list("annotation_id", "tag__name"):
        names[pk].add(name)
    return list(names.values())


@pytest.fixture
def make(article, codebook) -> Callable[..., list[Annotation]]:
    """`make(author, "claim loaded", "opinion", …)`: a mark for each, with these tags."""

    def make(author: Any, *names: str, **more: Any) -> list[Annotation]:
        book = more["session"].codebook if more.get("session") else codebook
        known = {tag.name: tag for tag in Tag.objects.filter(codebook=book).select_related("group")}
        return marks_with(author, article, [[known[name] for name in each.split()] for each in names], **more)

    return make


@pytest.fixture
def settle_queries(make, editor, annotator, tag):
    """How many queries it takes to merge a tag on so many marks, and to undo that."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from annotations.codebook.kept import forget_tags
    from annotations.surgery.actions import WIN, merge, undo

    def count(number: int) -> int:
        make(annotator, *["prediction sourced", "loaded prediction", "prediction"] * number)
        forget_tags()
        with CaptureQueriesContext(connection) as queries:
            undo(editor, merge(editor, tag("prediction").pk, tag("opinion").pk, clash=WIN).uid)
        return len(queries)

    return count
