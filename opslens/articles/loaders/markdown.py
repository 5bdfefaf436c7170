"""Markdown (CommonMark with tables and strikethrough), with front matter in YAML."""

from __future__ import annotations

import html
import re
from datetime import date, datetime

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from opslens.articles.loaders.loaded import Details, Loaded, Unreadable, date_of, language_tag, one_line, shorten

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"^[A-Za-z_][\w-]*[ \t]*:", re.MULTILINE)
_TEXTS = ("title", "publisher", "byline", "source_url", "language", "standfirst", "kind")
LONGEST_FRONT_MATTER = 20_000  # code points
# The parser takes linear time, but its cost is a matter of lines and of signs such as brackets and asterisks.
MOST_LINES = 150_000
MOST_SIGNS = 120_000
_SIGN = re.compile(r"[\[\]*_~`|<!]")
_CALLED = (
    (bool, "yes or no"),
    (int | float, "a number"),
    (list, "a list"),
    (dict, "a group of keys"),
    (date, "a date"),
)

# HTML in Markdown is shown as what it is: text.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def load(text: str) -> Loaded:
    """Read Markdown. Raises Unreadable when the front matter is not what it should be."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    details, standfirst, text = _front_matter(text)
    if len(_SIGN.findall(text)) > MOST_SIGNS or text.count("\n") > MOST_LINES:
        raise Unreadable(f"It has more than {MOST_LINES} lines, or more than {MOST_SIGNS} signs that Markdown reads.")
    try:
        tokens = _PARSER.parse(text)
    except RecursionError:
        raise Unreadable("Its Markdown is nested too deeply.") from None
    tokens = _take_heading(tokens, details)
    if not details.title:
        details = details.preferring(Details(title=_heading(tokens) or _first_words(tokens)))
        tokens = _take_heading(tokens, details)
    body = _PARSER.renderer.render(tokens, _PARSER.options, {})
    if standfirst:
        lead = "".join(f"<p>{html.escape(part.strip(), quote=False)}</p>" for part in standfirst.split("\n\n"))
        body = f"<blockquote>{lead}</blockquote>\n{body}"
    return Loaded(body, "markdown", details, has_standfirst=bool(standfirst))


def _front_matter(text: str) -> tuple[Details, str, str]:
    """Details and standfirst from the front matter, and the text below it."""
    match = _FRONT.match(text)
    if not match or not (_KEY.search(match[1]) or not match[1].strip()):
        return Details(), "", text
    if len(match[1]) > LONGEST_FRONT_MATTER:
        raise Unreadable(f"Its front matter is longer than {LONGEST_FRONT_MATTER} characters.")
    try:
        values = yaml.safe_load(match[1]) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 2}" if mark else ""
        raise Unreadable(f"Its front matter is not valid YAML{line}. Values with a colon or # need quotes.") from None
    except (RecursionError, ValueError):
        # ValueError: a date such as 2024-02-31.
        raise Unreadable("Its front matter cannot be read as YAML.") from None
    if not isinstance(values, dict):
        raise Unreadable("Its front matter must be lines of the form “key: value”.")
    known = {name: _text(values, name) for name in _TEXTS}
    standfirst = known.pop("standfirst").strip()
    if known["language"] and not language_tag(known["language"]):
        raise Unreadable(
            f"“language” in its front matter must be a code such as en or ar-EG, not “{known['language'][:40]}”."
        )
    return Details(**known, published_on=_date(values)), standfirst, text[match.end() :]


def _text(values: dict, name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"“{name}” in its front matter must be text, but is {_called(value)}. Put it in quotes.")
    return value if name == "standfirst" else one_line(value)


def _date(values: dict) -> date | None:
    value = values.get("published")
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    found = date_of(value) if isinstance(value, str) else None
    if found is None and value != "":
        raise Unreadable("“published” in its front matter must be a date of the form 2025-03-21.")
    return found


def _called(value: object) -> str:
    return next((name for kind, name in _CALLED if isinstance(value, kind)), "something else")


def _heading(tokens: list[Token]) -> str:
    """The text of the first heading when it is the only one of the first level or stands first."""
    ones = [i for i, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h1"]
    return _plain(tokens[ones[0] + 1]) if ones and (len(ones) == 1 or ones[0] == 0) else ""


def _first_words(tokens: list[Token]) -> str:
    return next((shorten(words, 80) for token in tokens if token.type == "inline" and (words := _plain(token))), "")


def _take_heading(tokens: list[Token], details: Details) -> list[Token]:
    """The tokens without the heading that repeats the title."""
    for i, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            same = details.title and _plain(tokens[i + 1]).casefold() == details.title.casefold()
            return tokens[:i] + tokens[i + 3 :] if same else tokens
    return tokens


def _plain(token: Token) -> str:
    """The text of an inline token without its formatting."""
    return one_line("".join(" " if child.type.endswith("break") else child.content for child in token.children or []))
