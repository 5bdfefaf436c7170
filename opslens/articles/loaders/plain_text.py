"""Plain text: paragraphs between blank lines, below a head of publisher, title, byline and pull quote."""

from __future__ import annotations

import html
import re

from opslens.articles.loaders.loaded import Details, Loaded, one_line, shorten

_NEWLINE = re.compile(r"\r\n|[\r\u0085\u2028\u2029\f\v]")
_LINE_END = re.compile(r"[ \t]*\n[ \t]*")
_BLANK = re.compile(r"\n[ \t\u00a0]*(?:\n[ \t\u00a0]*)+")
_SENTENCE_END = re.compile(r"[.!?…;:,。！？؟।]['\"’”»)\]]*\Z")
_TITLE_END = re.compile(r"(?<!\.)[.;:,。][’”»)\]]*\Z")
_BYLINE = re.compile(r"(?:By|Von|Par|Por|Di|Door) (?=\w)[^\n]{2,120}\Z")
_QUOTES = (("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("»", "«"), ("‘", "’"), ('"', '"'), ("「", "」"))

LONGEST_PUBLISHER = 60
LONGEST_TITLE = 200
LONGEST_STANDFIRST = 1200


def load(text: str) -> Loaded:
    """Read plain text. The words of the body, its quotation marks and its dashes stay as they are."""
    paragraphs = _paragraphs(text)
    details, body = _head(paragraphs)
    standfirst = ""
    if len(body) > 1 and _is_pull_quote(body[0], body[1:]):
        standfirst, *body = body
    parts = [f"<blockquote><p>{html.escape(standfirst, quote=False)}</p></blockquote>"] if standfirst else []
    parts += [f"<p>{html.escape(paragraph, quote=False)}</p>" for paragraph in body]
    return Loaded("\n".join(parts), "text", details, has_standfirst=bool(standfirst))


def _paragraphs(text: str) -> list[str]:
    """Blank lines part paragraphs, and lines inside of one are joined; without blank lines each line is one."""
    text = _NEWLINE.sub("\n", text).strip()
    pieces = _BLANK.split(text)
    if len(pieces) == 1:
        pieces = text.split("\n")
    return [joined for piece in pieces if (joined := _LINE_END.sub(" ", piece).strip())]


def _head(paragraphs: list[str]) -> tuple[Details, list[str]]:
    """The details that stand above the text, and the text. A head is only seen above at least one paragraph."""
    publisher = title = byline = ""
    body = paragraphs
    if len(body) > 2 and _is_publisher(body[0]) and _is_title(body[1]):
        publisher, title, *body = body
    elif len(body) > 1 and _is_title(body[0]):
        title, *body = body
    if title and len(body) > 1 and _BYLINE.fullmatch(body[0]) and not _SENTENCE_END.search(body[0]):
        byline, *body = body
        byline = byline.split(" ", 1)[1]
    if not title and body:
        title = shorten(body[0], 80)
    return Details(title=one_line(title), publisher=one_line(publisher), byline=one_line(byline)), body


def _is_publisher(line: str) -> bool:
    return len(line) <= LONGEST_PUBLISHER and len(line.split()) <= 6 and not _SENTENCE_END.search(line)


def _is_title(line: str) -> bool:
    return len(line) <= LONGEST_TITLE and not _TITLE_END.search(line) and _quoted(line) is None


def _quoted(paragraph: str) -> str | None:
    """What stands between the quotation marks around the whole paragraph, or None."""
    for opening, closing in _QUOTES:
        if len(paragraph) > 2 and paragraph.startswith(opening) and paragraph.endswith(closing):
            return paragraph[1:-1].strip()
    return None


def _is_pull_quote(paragraph: str, body: list[str]) -> bool:
    """A paragraph in quotation marks whose words stand in the text below, word for word."""
    words = _quoted(paragraph)
    if not words or len(words) > LONGEST_STANDFIRST:
        return False
    words = words.rstrip(".…")
    return len(words.split()) > 2 and any(words in other for other in body)
