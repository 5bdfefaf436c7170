"""Texts of `seeds/` with three readers who have already marked them."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db.models import Q
from django.utils import timezone

from annotations.codebook.actions import load_codebook
from annotations.codebook.queries import current_codebook
from annotations.editing.actions import Passage, choose_passage, mark_passage
from annotations.models import Annotation, Codebook, Tag
from opslens.activity.record import record
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.articles.revising.actions import revise_article
from opslens.models import Article, User

SEEDS = Path(settings.BASE_DIR) / "seeds"
_NAMESPACE = uuid.UUID("5f0a4f0e-6f3c-4a44-9f5e-0d6a6a0b7c11")


def ensure_codebook() -> Codebook:
    """The default codebook, loaded from `seeds/codebook.json` when the site has none yet."""
    if not Codebook.objects.filter(is_default=True).exists():
        load_codebook(json.loads((SEEDS / "codebook.json").read_text("utf-8")))
    return current_codebook()


def load_content() -> tuple[Codebook, dict[str, User], dict[str, Article], list[dict]]:
    """Load texts, readers and their marks as far as they are not there yet: the codebook, the readers by name, the
    articles by file, and the marks as `seeds/annotations.json` has them. Part of the caller's transaction."""
    codebook = ensure_codebook()
    data = json.loads((SEEDS / "annotations.json").read_text("utf-8"))
    readers = {row["username"]: _reader(row) for row in data["readers"]}
    keeper = readers[data["readers"][0]["username"]]
    # One of them looks after the codebook, the articles and the marks, so that this can be tried as well.
    keeper.user_permissions.add(
        *Permission.objects.filter(
            content_type__app_label="annotations", codename__in=["change_codebook", "review_annotation"]
        )
    )
    articles = {path.stem: _article(path, keeper) for path in sorted((SEEDS / "articles").iterdir())}
    tags = {tag.name: tag for tag in Tag.objects.filter(codebook=codebook)}
    for row in data["marks"]:
        _mark(row, articles[row["article"]], readers[row["reader"]], tags)
    for row in data["revisions"]:
        _revise(articles[row["article"]], keeper, row["note"])
    return codebook, readers, articles, data["marks"]


def _reader(row: dict) -> User:
    """The demo reader of this row. A person who happens to have that name is somebody else."""
    name = row["username"]
    while (known := User.objects.filter(username=name).first()) and not known.is_demo:
        name += "-demo"
    if known:
        return known
    reader = User(username=name, display_name=row["name"], about=row["about"], is_demo=True, marks_public=True)
    reader.set_unusable_password()
    reader.save()
    record("site", "person-added", actor=None, subject=f"user:{reader.pk}", after={"name": reader.name})
    return reader


def _article(path: Path, keeper: User) -> Article:
    ours = Q(imported_by=None) | Q(imported_by__is_demo=True)
    known = Article.objects.filter(ours, revisions__number=1, revisions__source_name=path.name).first()
    return known or import_article(keeper, name=path.name, data=path.read_bytes(), is_public=True).article


def _revise(article: Article, keeper: User, note: str) -> None:
    """The publisher's changes to a text that has been marked: what they say, and what they do not."""
    if article.revisions.count() == 1 and article.deleted_at is None:
        (path,) = (SEEDS / "revisions").glob(f"{Path(article.current.source_name).stem}.*")
        publisher = keeper if article.imported_by_id == keeper.pk else None  # an earlier demo was nobody's
        revise_article(publisher, article, name=path.name, data=path.read_bytes(), note=note)


def _mark(row: dict, article: Article, reader: User, tags: dict[str, Tag]) -> None:
    # The first one, in which all demo marks were made.
    revision = article.revisions.select_related("article").get(number=1)
    mark_passage(
        reader,
        revision,
        passage_of(row, revision.pk),
        # A site that has a codebook of its own shows the demo's marks with the tags that both have.
        tags=[tags[name].pk for name in row["tags"] if name in tags and tags[name].offered],
        note=row.get("note", ""),
        visibility=Annotation.PUBLIC,
        key=key_of(row),
        at=timezone.now() - timedelta(days=row["days_ago"]),
    )


def passage_of(row: dict, revision_id: int) -> Passage:
    """The passage that a row names by its words and which occurrence of them it means."""
    text = document_of(revision_id).text
    at = -1
    for _ in range(row.get("occurrence", 1)):
        at = text.find(row["quote"], at + 1)
        if at < 0:
            raise ValueError(f"Demo passage not found: {row['quote'][:60]!r}")
    return choose_passage(revision_id, at, at + len(row["quote"]), row["quote"])


def key_of(row: dict) -> str:
    """The same key for the same row, so that a second load makes no second mark."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps(row, sort_keys=True)))
