"""Notes are plain text. Shown, their line breaks and paragraphs stand and web addresses can be followed."""

from __future__ import annotations

import re

from bleach.linkifier import Linker
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe


def _attributes(attrs: dict, new: bool = False) -> dict | None:
    href = attrs.get((None, "href"), "")
    if not re.match(r"https?://", href, re.IGNORECASE):
        return None
    attrs[(None, "rel")] = "nofollow ugc noopener"
    return attrs


# Never parse_email: its pattern is quadratic.
_linker = Linker(callbacks=[_attributes], parse_email=False)


def note_html(note: str) -> SafeString:
    """A note as safe HTML: escaped, addresses linked, line breaks kept by the style of `.note`."""
    escaped = escape(note)
    if "." in escaped:  # nothing without a dot is an address, and linking is slow
        escaped = _linker.linkify(escaped)
    return mark_safe(escaped)
