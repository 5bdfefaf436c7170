"""Loaders: from a file's bytes to unsanitised HTML and what the document says about itself."""

from __future__ import annotations

import re

from opslens.articles.loaders import html, markdown, plain_text
from opslens.articles.loaders.encoding import Decoded, decode
from opslens.articles.loaders.loaded import Details, Loaded, Unreadable

FORMATS = {"text": plain_text.load, "markdown": markdown.load, "html": html.load}
_ENDINGS = {
    **dict.fromkeys(("txt", "text"), "text"),
    **dict.fromkeys(("md", "markdown", "mdown", "mkd"), "markdown"),
    **dict.fromkeys(("html", "htm", "xhtml"), "html"),
}
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)?"
    r"<(?:!doctype\s+html|html|head|body|article|main|section|div|p|h[1-6]|ul|ol|table|blockquote|meta|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_MARKDOWN = re.compile(
    r"^(?:#{1,4} \S|\[[^\]\n]+\]: |```|(?:[-*+]|\d+\.) {1,3}\[)|\]\(https?://|^\|? ?:?-{3,}:? ?\|", re.MULTILINE
)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n[A-Za-z_][\w-]*[ \t]*:")
_SNIFFED = 20_000  # code points


def format_of(name: str, text: str) -> str:
    """The format of a document by its file name's ending, else by how it begins."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    beginning = text[:_SNIFFED]
    if _HTML.match(beginning):
        return "html"
    if _FRONT_MATTER.match(beginning) or _MARKDOWN.search(beginning):
        return "markdown"
    return "text"


def load(name: str, data: bytes, format: str = "") -> tuple[Loaded, Decoded]:
    """Decode and load a document; `format` is one of FORMATS, or "" to find out. Raises Unreadable."""
    decoded = decode(data)
    return FORMATS[format or format_of(name, decoded.text)](decoded.text), decoded


__all__ = ["FORMATS", "Decoded", "Details", "Loaded", "Unreadable", "decode", "format_of", "load"]
