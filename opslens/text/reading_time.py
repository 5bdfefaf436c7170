"""How long a text is for a reader: its words, and the minutes they take."""

import regex

SLOW_WORDS_A_MINUTE = 175
FAST_WORDS_A_MINUTE = 300

# Scripts that put no spaces between words: two Chinese characters or kana, or five letters of the
# South-East Asian scripts, take about as long to read as one word of a spaced script.
_WORDS = regex.compile(
    r"(?P<ideograph>[\p{Han}\p{Hiragana}\p{Katakana}])"
    r"|(?P<letters>[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+)"
    r"|[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}\u200c\u200d--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
    r"|[’'.,\-‑/_](?=[\p{L}\p{N}]))*",
    flags=regex.VERSION1,
)


def word_count(text: str) -> int:
    """Return the number of words in a text of any script, in words of a script that writes spaces."""
    words = ideographs = letters = 0
    for match in _WORDS.finditer(text):
        if match.lastgroup is None:
            words += 1
        elif match.lastgroup == "ideograph":
            ideographs += 1
        else:
            letters += match.end() - match.start()
    return words + (ideographs + 1) // 2 + (letters + 4) // 5


def minutes_to_read(words: int) -> tuple[int, int]:
    """Return the reading time of so many words as ``(low, high)`` whole minutes, each at least 1."""
    low = max(round(words / FAST_WORDS_A_MINUTE), 1)
    return low, max(-(-words // SLOW_WORDS_A_MINUTE), low)
