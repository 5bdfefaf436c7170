"""What every loader returns, and how a document says that it cannot be loaded."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime


class Unreadable(ValueError):
    """The document cannot be loaded. `str(error)` says why, in a sentence for the person who brought it."""


@dataclass(frozen=True, slots=True)
class Details:
    """What is known about an article apart from its text. Empty means unknown."""

    title: str = ""
    publisher: str = ""
    byline: str = ""
    source_url: str = ""
    language: str = ""
    kind: str = ""
    published_on: date | None = None

    def preferring(self, other: Details) -> Details:
        """These details with everything that `other` knows put in their place."""
        names = self.__slots__
        return Details(**{name: getattr(other, name) or getattr(self, name) for name in names})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document as its loader understood it.

    `html` is not sanitised yet. With `has_standfirst` its first element is a blockquote that holds the standfirst.
    """

    html: str
    format: str
    details: Details = field(default_factory=Details)
    has_standfirst: bool = False


_SPACE = re.compile(r"\s+")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
# Letters, digits and hyphens in the order of BCP 47: language, script, region, variants, extensions, private use.
_LANGUAGE = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*"
    r"(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?",
    re.IGNORECASE | re.ASCII,
)
LONGEST_LANGUAGE = 35
# They turn the order of everything around them on the page; a title has no use for that.
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str, longest: int | None = None) -> str:
    """`text` on one line, without control characters, cut to `longest` code points with an ellipsis."""
    kept = "".join(
        " " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs")
    )
    kept = _SPACE.sub(" ", "".join(c for c in kept if c not in _OVERRIDES)).strip()
    if longest is not None and len(kept) > longest:
        kept = kept[: longest - 1].rstrip() + "…"
    return kept


def shorten(text: str, longest: int) -> str:
    """`text` on one line, cut at a word border where there is one in its second half."""
    line = one_line(text)
    if len(line) <= longest:
        return line
    head = line[: longest - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > longest // 2 else head).rstrip(" ,;:–—-") + "…"


def language_tag(value: str) -> str:
    """`value` as a BCP 47 tag in its usual case (`pt-BR`, `sr-Latn`), or "" when it has not the form of one."""
    value = value.strip().replace("_", "-")
    if len(value) > LONGEST_LANGUAGE or not _LANGUAGE.fullmatch(value):
        return ""
    first, *rest = value.lower().split("-")
    parts, plain = [first], True
    for part in rest:
        plain = plain and len(part) > 1
        if plain and len(part) == 4 and part.isalpha():
            part = part.title()
        elif plain and len(part) == 2:
            part = part.upper()
        parts.append(part)
    return "-".join(parts)


def date_of(value: str) -> date | None:
    """The date at the beginning of an ISO 8601 date or time, or None."""
    match = _DATE.match(value.strip())
    if not match:
        return None
    try:
        found = datetime(*map(int, match.groups())).date()
    except ValueError:
        return None
    return found if found.year >= 1000 else None
