"""What is done to articles: import, details, trash. Each is one transaction with one event."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from opslens.activity.record import record
from opslens.articles.loaders import Details
from opslens.articles.permissions import may_change
from opslens.articles.preparing import Prepared, checked, prepare
from opslens.articles.search.index import index_article
from opslens.models import Article, Channel
from opslens.text.direction import direction
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

LIBRARY = "library"
LONGEST_SLUG = 80
_DASH = re.compile("[\u2010-\u2015/|]")


@dataclass(frozen=True, slots=True)
class Imported:
    """The article; `created` is False when it was here already. `encoding` is how the file was read."""

    article: Article
    created: bool
    encoding: str
    encoding_guessed: bool = False


def import_article(
    viewer,
    *,
    name: str,
    data: bytes,
    format: str | None = None,
    overrides: Details | None = None,
    is_public: bool = False,
) -> Imported:
    """Import a document as a new article with its first revision.

    `viewer` is the importer; None stands for the operator of the site at the command line. `name` is the file's name,
    shown and used to tell its format, never opened. Details in `overrides` win over what the document says.
    An article with the same canonical text that the viewer may read is returned instead of a second one.
    Raises Denied, Invalid (422) or TooLarge (413), and nothing is kept then.
    """
    if viewer is not None and not viewer.is_authenticated:
        raise Denied("Sign in to import an article.")
    stated = checked(overrides or Details())
    prepared = prepare(name, data, format, stated=stated)
    article, created = _keep(viewer, prepared, is_public)
    return Imported(article, created, prepared.encoding, prepared.encoding_guessed)


@transaction.atomic
def _keep(viewer, prepared: Prepared, is_public: bool) -> tuple[Article, bool]:
    """Write the article unless its text is here. Imports queue at the library's channel, so that two of the same text
    at once make one article, and two of the same title different addresses."""
    Channel.objects.get_or_create(name=LIBRARY)
    Channel.objects.select_for_update(no_key=True).get(name=LIBRARY)
    here = Article.objects.filter(deleted_at=None) if viewer is None else Article.objects.visible_to(viewer)
    same = here.filter(current__digest=prepared.digest).order_by("pk").first()
    if same is not None:
        return same, False
    details = prepared.details
    article = Article.objects.create(
        slug=_free_slug(details.title),
        **asdict(details),
        direction=direction(details.language, prepared.document.text),
        is_public=is_public,
        imported_by=viewer,
    )
    revision = prepared.revision(article=article, number=1, title=details.title, created_by=viewer)
    revision.save()
    article.current = revision
    article.save(update_fields=["current"])
    index_article(article, revision.text)
    after = _state(article) | {
        "revision": revision.pk,
        "number": 1,
        "digest": revision.digest,
        "source_name": revision.source_name,
        "source_format": revision.source_format,
        "source_encoding": revision.source_encoding,
    }
    record(article.channel, "article-imported", actor=viewer, subject=_subject(article), after=after)
    return article, True


def edit_details(viewer, article: Article, *, details: Details, is_public: bool, seen: str) -> Article:
    """Change what is known about an article; its text stays. `seen` is the `details_digest` that the person saw.

    Raises Missing, Denied, Invalid, or Conflict with the article as it is now when somebody else was faster.
    """
    details = checked(details)
    if not details.title:
        raise Invalid("An article needs a title.", {"title": "An article needs a title."})
    details = replace(details, language=details.language or article.language)

    def change(current: Article) -> None:
        if details_digest(current) != seen:
            raise Conflict("Somebody else has changed these details meanwhile.", current)
        for name, value in asdict(details).items():
            setattr(current, name, value)
        current.is_public = is_public
        current.direction = direction(current.language, current.current.text)
        current.save()
        index_article(current)

    return _change(viewer, article, "article-edited", change)


def trash_article(viewer, article: Article) -> Article:
    """Put an article into the trash, where nobody reads it until it is restored. Raises Missing or Denied."""

    def change(current: Article) -> None:
        current.deleted_at = timezone.now()
        current.save(update_fields=["deleted_at"])

    return _change(viewer, article, "article-trashed", change)


def restore_article(viewer, article: Article) -> Article:
    """Take an article out of the trash. Raises Missing or Denied."""

    def change(current: Article) -> None:
        current.deleted_at = None
        current.save(update_fields=["deleted_at"])

    return _change(viewer, article, "article-restored", change, in_trash=True)


@transaction.atomic
def _change(
    viewer, article: Article, verb: str, change: Callable[[Article], None], *, in_trash: bool = False
) -> Article:
    """Lock the article, check the right, make the change and record it; one that changes nothing leaves no event."""
    current = Article.objects.select_for_update(of=("self",), no_key=True).filter(pk=article.pk).first()
    if current is None or (current.deleted_at is not None) != in_trash:
        where = "in the trash" if in_trash else "here"
        raise Missing(f"This article is not {where} any more.")
    if not may_change(viewer, current):
        raise Denied("Only the person who imported this article, and staff, can do this.")
    before = _state(current)
    change(current)
    after = _state(current)
    if before != after:
        record(current.channel, verb, actor=viewer, subject=_subject(current), before=before, after=after)
    return current


def details_digest(article: Article) -> str:
    """Stands for everything that `edit_details` can change, as it is now."""
    return hashlib.sha256(json.dumps(_state(article), sort_keys=True).encode()).hexdigest()[:32]


def details_of(article: Article) -> Details:
    return Details(**{name: getattr(article, name) for name in Details.__slots__})


def _state(article: Article) -> dict:
    """The article's row as events keep it."""
    plain = asdict(details_of(article))
    published: date | None = plain["published_on"]
    return plain | {
        "published_on": published.isoformat() if published else None,
        "slug": article.slug,
        "is_public": article.is_public,
        "in_trash": article.deleted_at is not None,
    }


def _subject(article: Article) -> str:
    return f"article:{article.pk}"


def _free_slug(title: str) -> str:
    base = slugify(_DASH.sub("-", title), allow_unicode=True)
    if len(base) > LONGEST_SLUG:
        head, hyphen, _cut_word = base[: LONGEST_SLUG + 1].rpartition("-")
        base = head if hyphen else base[:LONGEST_SLUG]
    base = base.strip("-_") or "article"
    taken = set(Article.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
