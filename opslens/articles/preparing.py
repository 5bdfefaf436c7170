"""From a document's bytes to everything that is stored of a revision. Nothing is written here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from opslens.articles.loaders import FORMATS, Details, Unreadable, load
from opslens.articles.loaders.language import language_by_script
from opslens.articles.loaders.loaded import language_tag, one_line
from opslens.models import Article, Revision
from opslens.text.blocks import Document
from opslens.text.canonical import digest, read_html
from opslens.text.reading_time import word_count
from opslens.text.sanitize import POLICY_VERSION, sanitize
from opslens.text.sanitize import Refused as NotClean
from opslens.web.refusals import Invalid, Refused, TooLarge

# A standfirst longer than this, in code points, is an article that is one long quotation.
LONGEST_STANDFIRST = 1500
MOST_LEAD_BLOCKS = 6
_URL = URLValidator(schemes=["http", "https"])
_PATH_SEPARATOR = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document, read and clean: its text with blocks, and what it says about itself."""

    document: Document
    details: Details
    html: str
    source: bytes
    source_name: str
    format: str
    encoding: str
    encoding_guessed: bool
    lead_blocks: int

    @property
    def digest(self) -> str:
        return digest(self.document.text)

    @property
    def has_title(self) -> bool:
        """Whether the document has a title of its own, and not one that was made of its first words."""
        return not self.document.text.startswith(self.details.title.removesuffix("…"))

    def revision(self, **more) -> Revision:
        """A revision of it, not saved; `more` are its other columns."""
        return Revision(
            source=self.source,
            source_name=self.source_name,
            source_format=self.format,
            source_encoding=self.encoding,
            html=self.html,
            text=self.document.text,
            block_table=self.document.to_json(),
            digest=self.digest,
            policy_version=POLICY_VERSION,
            word_count=word_count(self.document.text),
            lead_blocks=self.lead_blocks,
            **more,
        )


def prepare(name: str, data: bytes, format: str | None = None, *, stated: Details) -> Prepared:
    """Load, sanitise and read a document. `name` is its file's name, used to tell its format and never opened; details
    in `stated` win over what the document says.

    Raises Invalid (422) or TooLarge (413) with a sentence for the person who brought it.
    """
    check_size(len(data))
    if format and format not in FORMATS:
        sentence = f"“{format[:20]}” is not a format that can be imported."
        raise Invalid(sentence, {"format": sentence})
    name = file_name(name)
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
    return Prepared(
        document=document,
        details=replace(details, title=details.title or one_line(document.text, 80)),
        html=clean,
        source=data,
        source_name=name,
        format=loaded.format,
        encoding=decoded.encoding,
        encoding_guessed=decoded.guessed,
        lead_blocks=_lead_blocks(document) if loaded.has_standfirst else 0,
    )


def stated_by(name: str, data: bytes, format: str) -> Details:
    """What a document says about itself, in the form in which it is stored. Raises Unreadable."""
    return _tidied(load(name, data, format)[0].details)


def check_size(size: int) -> None:
    """Raises TooLarge for a document of more bytes than this site takes."""
    if size > settings.MAX_HTML_BYTES:
        raise TooLarge(f"It is {_megabytes(size)} MB large; the limit is {_megabytes(settings.MAX_HTML_BYTES)} MB.")


def file_name(name: str) -> str:
    """The last part of a file's name as a browser or a shell gave it: for people to read, never to open a file by."""
    return one_line(_PATH_SEPARATOR.split(name)[-1], 255)


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


def checked(details: Details) -> Details:
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
