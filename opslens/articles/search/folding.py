"""Which words search treats as equal.

Case, accents, Arabic vowel signs and the like do not matter. Scripts that write no spaces between words (Chinese,
Japanese, Thai …) and Hangul are taken sign by sign, so that a word is found as a sequence of signs. Folding happens
here and not in the database, so that SQLite and PostgreSQL, whatever their locale, find the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import regex

# A sign of a script without spaces with its marks; a pictograph; or a run of letters, marks and digits.
_NO_SPACES = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_WORD = regex.compile(
    rf"[{_NO_SPACES}]\p{{M}}*|\p{{So}}\p{{M}}*|[\p{{L}}\p{{N}}\p{{M}}--[{_NO_SPACES}]]+", regex.VERSION1
)
# Letters that writers of Arabic use for one another.
_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": None})
# A database's index has room for no longer word; beyond this, words with the same beginning are the same.
LONGEST_WORD = 100  # code points


def words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of `text` folded, with where it stands: half-open, in code points."""
    for match in _WORD.finditer(text):
        if folded := fold(match[0]):
            yield folded, match.start(), match.end()


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """One word in the form in which it is compared; "" when nothing of it is left, as of a lone accent."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    # Marks that are drawn on a letter go; vowel signs that are letters in their own right (class 0, Indic scripts) and
    # the virama and nukta (below 10) stay.
    plain = "".join(c for c in decomposed if unicodedata.combining(c) < 10).translate(_ARABIC)
    folded = unicodedata.normalize("NFC", plain).casefold()
    return "".join(c for c in folded if c.isalnum() or _is_part(c))[:LONGEST_WORD]


def _is_part(character: str) -> bool:
    """Vowel signs and pictographs; but not what only chooses between two pictures of one sign."""
    return unicodedata.category(character) in ("So", "Mn", "Mc") and not "\ufe00" <= character <= "\ufe0f"
