"""What is done to articles: import, details, trash. Each is one transaction with one event."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from opslens.activity.record import record
from opslens.articles.loaders import FORMATS, Details, Unreadable, load
from opslens.articles.loaders.language import language_by_script
from opslens.articles.loaders.loaded import language_tag, one_line
from opslens.articles.permissions import may_change
from opslens.articles.search.index import index_article
from opslens.models import Article, Channel, Revision
from opslens.text.blocks import Document
from opslens.text.canonical import digest, read_html
from opslens.text.direction import direction
from opslens.text.reading_time import word_count
from opslens.text.sanitize import POLICY_VERSION, sanitize
from opslens.text.sanitize import Refused as NotClean
from opslens.web.refusals import Conflict, Denied, Invalid, Missing, Refused, TooLarge

LIBRARY = "library"
LONGEST_SLUG = 80
# A standfirst longer than this, in code points, is an article that is one long quotation.
LONGEST_STANDFIRST = 1500
MOST_LEAD_BLOCKS = 6
_URL = URLValidator(schemes=["http", "https"])
_DASH = re.compile("[\u2010-\u2015/|]")
_PATH_SEPARATOR = re.compile(r"[/\\]")


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
    check_size(len(data))
    if format and format not in FORMATS:
        sentence = f"“{format[:20]}” is not a format that can be imported."
        raise Invalid(sentence, {"format": sentence})
    name = file_name(name)
    stated = _checked(overrides or Details())
    try:
        loaded, decoded = load(name, data, format or "")
        clean = sanitize(loaded.html, most_bytes=2 * settings.MAX_HTML_BYTES)
    except Unreadable as error:
        raise Invalid(str(error)) from None
    except NotClean as error:
        raise _refusal(error) from None
    details = _tidied(loaded.details).preferring(stated)
    document = read_html(clean, details.language or "en")
    if not details.language:
        details = replace(details, language=language_by_script(document.text))
        if details.language != "en":
            document = read_html(clean, details.language)
    if not document.text.strip():
        raise Invalid("There is no text in it.")
    details = replace(details, title=details.title or one_line(document.text, 80))
    revision = Revision(
        number=1,
        source=data,
        source_name=name,
        source_format=loaded.format,
        source_encoding=decoded.encoding,
        html=clean,
        text=document.text,
        block_table=document.to_json(),
        digest=digest(document.text),
        policy_version=POLICY_VERSION,
        word_count=word_count(document.text),
        lead_blocks=_lead_blocks(document) if loaded.has_standfirst else 0,
        created_by=viewer,
    )
    article, created = _keep(viewer, revision, details, is_public)
    return Imported(article, created, decoded.encoding, decoded.guessed)


def check_size(size: int) -> None:
    """Raises TooLarge for a document of more bytes than this site takes."""
    if size > settings.MAX_HTML_BYTES:
        raise TooLarge(f"It is {_megabytes(size)} MB large; the limit is {_megabytes(settings.MAX_HTML_BYTES)} MB.")


def file_name(name: str) -> str:
    """The last part of a file's name as a browser or a shell gave it: for people to read, never to open a file by."""
    return one_line(_PATH_SEPARATOR.split(name)[-1], 255)


@transaction.atomic
def _keep(viewer, revision: Revision, details: Details, is_public: bool) -> tuple[Article, bool]:
    """Write the article unless its text is here. Imports queue at the library's channel, so that two of the same text
    at once make one article, and two of the same title different addresses."""
    Channel.objects.get_or_create(name=LIBRARY)
    Channel.objects.select_for_update().get(name=LIBRARY)
    here = Article.objects.filter(deleted_at=None) if viewer is None else Article.objects.visible_to(viewer)
    same = here.filter(current__digest=revision.digest).order_by("pk").first()
    if same is not None:
        return same, False
    article = Article.objects.create(
        slug=_free_slug(details.title),
        **asdict(details),
        direction=direction(details.language, revision.text),
        is_public=is_public,
        imported_by=viewer,
    )
    revision.article = article
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
    details = _checked(details)
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
    current = Article.objects.select_for_update(of=("self",)).select_related("current").filter(pk=article.pk).first()
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


def _lead_blocks(document: Document) -> int:
    """How many blocks the blockquote at the beginning has; 0 when it is too long for a standfirst, or is everything."""
    first = document.blocks[0]
    if not first.path or not first.path[0].startswith("blockquote:"):
        return 0
    count = next((b.ordinal for b in document.blocks if b.path[:1] != first.path[:1]), len(document.blocks))
    fits = count <= MOST_LEAD_BLOCKS and document.blocks[count - 1].end <= LONGEST_STANDFIRST
    return count if fits and count < len(document.blocks) else 0


def _longest(name: str) -> int | None:
    return Article._meta.get_field(name).max_length


def _checked(details: Details) -> Details:
    """Details that a person entered, on one line each. Raises Invalid with a sentence for each field that is wrong."""
    errors: dict[str, str] = {}
    values = {}
    for name in ("title", "publisher", "byline", "source_url", "kind", "language"):
        values[name] = value = one_line(getattr(details, name))
        longest = _longest(name)
        if longest is not None and len(value) > longest:
            errors[name] = f"At most {longest} characters, please; these are {len(value)}."
    if values["source_url"] and "source_url" not in errors and not _is_address(values["source_url"]):
        errors["source_url"] = "This is not a web address that begins with http:// or https://."
    if values["language"] and "language" not in errors:
        tag = language_tag(values["language"])
        if not tag:
            errors["language"] = "This is not a language code such as en, ar-EG or zh-Hant."
        values["language"] = tag
    if errors:
        raise Invalid(next(iter(errors.values())), errors)
    return Details(**values, published_on=details.published_on)


def _tidied(details: Details) -> Details:
    """Details that a document states, cut to what fits; what is not of its form is dropped."""
    url = one_line(details.source_url)
    return Details(
        title=one_line(details.title, _longest("title")),
        publisher=one_line(details.publisher, _longest("publisher")),
        byline=one_line(details.byline, _longest("byline")),
        source_url=url if len(url) <= _longest("source_url") and _is_address(url) else "",
        language=language_tag(details.language),
        kind=one_line(details.kind, _longest("kind")),
        published_on=details.published_on,
    )


def _is_address(url: str) -> bool:
    try:
        _URL(url)
    except ValidationError:
        return False
    return True


def _refusal(error: NotClean) -> Refused:
    return TooLarge(error.message) if error.code == "too-large" else Invalid(error.message)


def _megabytes(size: int) -> str:
    return f"{size / (1024 * 1024):.2f}".rstrip("0").rstrip(".")
