"""Guidelines as their owner writes them, in Markdown, and as readers see them."""

from __future__ import annotations

from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from opslens.text.sanitize import Refused, sanitize

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@lru_cache(maxsize=200)
def guidelines_html(text: str) -> SafeString:
    """Markdown as safe HTML; what the gate refuses is shown as it was written."""
    if not text.strip():
        return mark_safe("")
    try:
        return mark_safe(sanitize(_markdown.render(text)))
    except Refused:
        return format_html("<pre>{}</pre>", text)
