"""A coarse guess at a text's language by its script, for documents that do not name it."""

from __future__ import annotations

import regex

_ENOUGH = 4000  # code points at the beginning
# The language that is most likely in each script; nothing finer is claimed.
_SCRIPTS = {
    "ar": regex.compile(r"\p{Arabic}"),
    "he": regex.compile(r"\p{Hebrew}"),
    "ru": regex.compile(r"\p{Cyrillic}"),
    "el": regex.compile(r"\p{Greek}"),
    "ko": regex.compile(r"\p{Hangul}"),
    "ja": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "zh": regex.compile(r"\p{Han}"),
    "hi": regex.compile(r"\p{Devanagari}"),
    "th": regex.compile(r"\p{Thai}"),
}
_LETTER = regex.compile(r"\p{L}")


def language_by_script(text: str) -> str:
    """A language tag: that of the script in which most letters are written, and "en" for all others.

    Japanese mixes three scripts, so a text of ideographs with some kana in it counts as Japanese.
    """
    sample = text[:_ENOUGH]
    letters = len(_LETTER.findall(sample))
    counts = {language: len(script.findall(sample)) for language, script in _SCRIPTS.items()}
    if counts["ja"] * 20 > counts["zh"] + counts["ja"]:
        counts["ja"] += counts["zh"]
        counts["zh"] = 0
    language = max(counts, key=counts.__getitem__)
    return language if counts[language] * 2 > letters else "en"
