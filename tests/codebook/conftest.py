"""A codebook of five tags, people who may edit it, and marks that carry its tags."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from annotations.codebook.actions import load_codebook
from annotations.models import Anchor, Annotation, AnnotationTag, Codebook, Tag
from opslens.models import Article, Revision


def tag_data(name: str, group: str, slot: int, key: str = "", **more) -> dict:
    return {"name": name, "group": group, "slot": slot, "key": key, **more}


@pytest.fixture
def data() -> dict:
    return {
        "name": "Critical reading",
        "description": "What a passage is.",
        "groups": [
            {"key": "type", "name": "Type", "exclusive": True, "hint": "What kind of statement?"},
            {"key": "support", "name": "Support", "exclusive": True, "hint": ""},
            {"key": "free", "name": "Free", "exclusive": False, "hint": "As many as fit."},
        ],
        "tags": [
            tag_data(
                "claim",
                "type",
                1,
                "c",
                definition="States something.",
                example="It rained.",
                do="Mark it.",
                dont="Judge it.",
            ),
            tag_data("opinion", "type", 3, "o"),
            tag_data("unsourced", "support", 2, "u"),
            tag_data("loaded", "free", 8, "l", enabled=False),
            tag_data("attack", "free", 4, "a", note_required=True),
        ],
    }


@pytest.fixture
def book(db, data) -> Codebook:
    return load_codebook(data)[0]


@pytest.fixture
def tag(book):
    """`tag("claim")`: the tag of that name as it is stored now."""
    return lambda name: Tag.objects.select_related("group").get(codebook=book, name=name)


@pytest.fixture
def editor(person):
    """A reader who was given the codebook to look after."""
    editor = person("editor", "Edda Editor")
    permission = Permission.objects.get(codename="change_codebook", content_type__app_label="annotations")
    editor.user_permissions.add(permission)
    return editor


@pytest.fixture
def admin_person(person):
    return person("staff", "Stan Staff", is_staff=True)


@pytest.fixture
def revision(owner) -> Revision:
    text = "It rained all day, they say."
    article = Article.objects.create(slug="rain", title="Rain", direction="ltr", imported_by=owner, is_public=True)
    revision = Revision.objects.create(
        article=article,
        number=1,
        source=text.encode(),
        source_format="text",
        source_encoding="utf-8",
        html=f"<p>{text}</p>",
        text=text,
        block_table="[]",
        digest="0" * 64,
        policy_version=1,
        word_count=6,
    )
    article.current = revision
    article.save()
    return revision


@pytest.fixture
def mark(book, revision):
    """`mark(author, "claim", "loaded", visibility="public")`: a stored mark with these tags."""

    def make(author, *names: str, **fields) -> Annotation:
        now = timezone.now()
        number = Annotation.objects.count()
        values = {"visibility": "public", "note": "", **fields}
        annotation = Annotation.objects.create(
            article=revision.article,
            revision=revision,
            author=author,
            quote="It rained",
            idempotency_key=f"key-{number}-long-enough",
            created_at=now,
            updated_at=now,
            **values,
        )
        Anchor.objects.create(annotation=annotation, revision=revision, start=0, end=9, first_block=0, last_block=0)
        for name in names:
            tag = Tag.objects.select_related("group").get(codebook=book, name=name)
            AnnotationTag.objects.create(
                annotation=annotation, tag=tag, exclusive_group=tag.group if tag.group.exclusive else None
            )
        return annotation

    return make


@pytest.fixture
def fields(tag):
    """`fields("claim", name="statement")`: what the form of a tag posts, with changes."""

    def make(name: str, /, **changes) -> dict:
        now = tag(name)
        values = {
            n: getattr(now, n)
            for n in ("name", "key", "slot", "definition", "example", "do", "dont", "concept", "version")
        }
        values |= {"group": now.group_id} | ({"note_required": "on"} if now.note_required else {})
        return values | changes

    return make
