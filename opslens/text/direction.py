"""Which way a text runs."""

import re
import unicodedata
from functools import lru_cache

# Enough to tell the direction of an article; the rest would only cost time.
_ENOUGH_STRONG_CHARACTERS = 2000

_RTL_LANGUAGES = frozenset("ar arc ckb dv fa ha-arab he iw ji ks ku-arab lrc mzn nqo pnb ps sd syr ug ur yi".split())
_RTL_SCRIPTS = frozenset("adlm arab hebr mand nkoo rohg samr syrc thaa".split())
_LEFT = frozenset(("L",))
_RIGHT = frozenset(("R", "AL"))

# Any character that can be strong; digits, spaces and punctuation are skipped at the speed of the regex engine.
_LETTER = re.compile(r"[^\W\d_]|[\u200e\u200f\u061c]")
# All strong right-to-left characters lie in these ranges.
_MAYBE_RIGHT = re.compile(r"[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")


def direction(language: str, text: str) -> str:
    """Return ``"rtl"`` or ``"ltr"``: what most strong characters of the text say, else what the language says.

    ``language`` is a BCP 47 tag and may be empty. The text decides first because an import often carries
    the wrong language, seldom the wrong letters.
    """
    left = right = 0
    for match in _LETTER.finditer(text):
        kind = unicodedata.bidirectional(match[0])
        if kind in _RIGHT:
            right += 1
        elif kind in _LEFT:
            left += 1
        if left + right >= _ENOUGH_STRONG_CHARACTERS:
            break
    if left != right:
        return "rtl" if right > left else "ltr"
    return language_direction(language)


@lru_cache(maxsize=256)
def language_direction(language: str) -> str:
    """Return the direction in which a language is usually written; ``"ltr"`` for an unknown one."""
    subtags = language.replace("_", "-").lower().split("-")
    for subtag in subtags[1:]:
        if len(subtag) == 4 and subtag.isalpha():
            return "rtl" if subtag in _RTL_SCRIPTS else "ltr"
    return "rtl" if subtags[0] in _RTL_LANGUAGES else "ltr"


def first_strong(text: str) -> str:
    """Return ``"rtl"`` or ``"ltr"`` by the first strong character, or ``""`` when there is none."""
    for match in _LETTER.finditer(text):
        kind = unicodedata.bidirectional(match[0])
        if kind in _RIGHT:
            return "rtl"
        if kind in _LEFT:
            return "ltr"
    return ""


def has_right_to_left(text: str) -> bool:
    """Say whether the text may hold a right-to-left character. Quick, and never wrong when it says no."""
    return not text.isascii() and _MAYBE_RIGHT.search(text) is not None
