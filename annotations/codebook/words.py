"""The words of a codebook: one visible line each, and shortcut keys that the reading page leaves free."""

from __future__ import annotations

import unicodedata

from opslens.web.refusals import Invalid

TAKEN_KEYS = frozenset("n")  # opens the note while a passage is selected
KEY_RULE = "must be one letter or digit, and not n, which opens the note"
LOOKS = {  # what the slots look like, in words
    1: "blue, solid",
    2: "amber, dashed",
    3: "grey, dotted",
    4: "green, double",
    5: "red, wavy",
    6: "yellow, thick",
    7: "teal, thick dashes",
    8: "pink, thick dots",
    9: "violet, thick double",
    10: "lime, thick waves",
}
_JOINERS = frozenset("\u200c\u200d")  # legitimate inside words of several scripts, and in emoji


def plain(text: str) -> str:
    """`text` on one line, white space collapsed. Raises Invalid for characters that cannot be seen."""
    text = " ".join(text.split())
    if any(unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs"} and char not in _JOINERS for char in text):
        raise Invalid("contains characters that cannot be seen")
    return text


def is_key(text: str) -> bool:
    """Whether `text` can be a tag's shortcut key."""
    return len(text) == 1 and len(text.lower()) == 1 and text.isalnum() and text.lower() not in TAKEN_KEYS


def same(name: str) -> str:
    """The form in which two names are compared: without regard to case."""
    return unicodedata.normalize("NFC", name).casefold()
