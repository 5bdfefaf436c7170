"""Words: the smallest pieces that two revisions of a text are compared by."""

import unicodedata
from typing import NamedTuple

import regex

_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
_IN_WORD = r"\p{M}\u00ad\u200b-\u200d\u2060\ufeff"
# In scripts that do not set words apart by spaces, and in Hangul, whose particles join and leave words freely, each
# grapheme is a word. Elsewhere a word is letters, digits and marks with apostrophes inside, and a number keeps its
# points and commas, so that 3.1 and 9.1 share nothing. Anything else is one grapheme, or a row of one and the same
# sign: a line that is drawn with hyphens says no more than one.
_WORD = regex.compile(
    rf"""(?x)
    \p{{Nd}}++ (?: [.,] \p{{Nd}}++ )*+ (?! [\p{{L}}_{_IN_WORD}] )
    | [[\p{{L}}\p{{N}}_]--{_UNSPACED}] [[\p{{L}}\p{{N}}_{_IN_WORD}]--{_UNSPACED}]*+
      (?: ['’ʼ] [\p{{L}}--{_UNSPACED}] [[\p{{L}}\p{{N}}_{_IN_WORD}]--{_UNSPACED}]*+ )*+
    | (?= \p{{Hangul}}) \X
    | {_UNSPACED} [{_IN_WORD}]*+
    | \.\.++ | --++ | ([!-/:-@\[-`{{-~]) \1\1++
    | (?=\S) \X
    """,
    regex.V1,
)

# What typesetting changes without changing a word. Superscripts and fractions stay: 10² is not 102.
_IGNORABLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys(_IGNORABLE, ""),
        **dict.fromkeys("‘’‚‛ʼ′´`", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―", "-"),
        **{chr(code): unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFB00, 0xFB07), 0x132, 0x133)},
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        "…": "...",
    }
)
_DASHES = regex.compile(r"--+")
_SPACE = regex.compile(r"\s+")

# These get the first identifiers, so that telling them from words is one comparison.
_ENDERS = (".", "!", "?", "...", "؟", "۔", "।", "։", "。")
_CLOSERS = ('"', "'", ")", "]", "}", "*", "_", "』", "」", "】", "》")
_CLOSE_WITHOUT_SPACE = "。！？」』"
_SIGNS = len(_ENDERS) + len(_CLOSERS)


def typographic(text: str) -> str:
    """Return ``text`` freed of what typesetting alone changes.

    That is the form of quotes, dashes and ellipses, ligatures, full-width forms, soft hyphens and other invisible
    characters, whether accents are composed, and how much white space of which kind stands between words. Letter
    case, digits and words stay.
    """
    plain = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHY)
    return _SPACE.sub(" ", _DASHES.sub("-", plain)).strip()


class _Block(NamedTuple):
    """The words of one block: code points from its start, and the indices of the words that begin a sentence."""

    starts: list[int]
    ends: list[int]
    numbers: list[int]
    sentences: list[int]


class Vocabulary:
    """Numbers for words: the same number for words that differ in typography or letter case only."""

    def __init__(self) -> None:
        self.is_word: list[bool] = []
        self.is_numeral: list[bool] = []
        self._numbers: dict[str, int] = {}
        self._of_raw: dict[str, int] = {}
        self._blocks: dict[str, _Block] = {}
        for sign in (*_ENDERS, *_CLOSERS):
            self._number(sign)

    def block(self, text: str) -> _Block:
        """Return a block cut into words; most blocks of a text stand in its next revision, too."""
        block = self._blocks.get(text)
        if block is None:
            block = self._blocks[text] = self._cut(text)
        return block

    def _cut(self, text: str) -> _Block:
        starts: list[int] = []
        ends: list[int] = []
        numbers: list[int] = []
        enders: list[int] = []
        known = self._of_raw
        for match in _WORD.finditer(text):
            raw = match[0]
            number = known.get(raw)
            if number is None:
                number = self._number(raw)
            if number >= 0:
                if number < len(_ENDERS):
                    enders.append(len(numbers))
                start, end = match.span()
                starts.append(start)
                ends.append(end)
                numbers.append(number)
        return _Block(starts, ends, numbers, _sentences(text, starts, ends, numbers, enders))

    def _number(self, raw: str) -> int:
        """Return the number of a word that is written in a new way; -1 when nothing of it can be seen."""
        folded = raw.lower() if raw.isascii() and raw.isalnum() else typographic(raw).casefold()
        number = self._numbers.get(folded, len(self._numbers)) if folded else -1
        if number == len(self._numbers):
            self._numbers[folded] = number
            self.is_word.append(any(map(str.isalnum, folded)))
            self.is_numeral.append(folded[0].isnumeric())
        self._of_raw[raw] = number
        return number


class Words:
    """A text cut into words: where each starts and ends (code points, half-open), and its number.

    ``sentences`` and ``blocks`` are the indices of the words that begin one, each list closed by the number of
    words. White space is no word; ``block_end`` ends a block. Sentences are cut at signs alone, the same way in all
    languages: they serve for comparing, not for reading.
    """

    __slots__ = ("blocks", "ends", "numbers", "sentences", "starts", "text")

    def __init__(self, text: str, vocabulary: Vocabulary, block_end: str = "\n") -> None:
        self.text = text
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.numbers: list[int] = []
        self.blocks: list[int] = []
        self.sentences: list[int] = []
        position = 0
        for part in text.split(block_end):
            block = vocabulary.block(part)
            if block.numbers:
                first = len(self.numbers)
                self.blocks.append(first)
                self.sentences += [first + index for index in block.sentences]
                self.starts += [position + start for start in block.starts]
                self.ends += [position + end for end in block.ends]
                self.numbers += block.numbers
            position += len(part) + len(block_end)
        self.blocks.append(len(self.numbers))
        self.sentences.append(len(self.numbers))

    def __len__(self) -> int:
        return len(self.numbers)

    def word(self, index: int) -> str:
        """Return a word as it is written."""
        return self.text[self.starts[index] : self.ends[index]]


def _sentences(text: str, starts: list[int], ends: list[int], numbers: list[int], enders: list[int]) -> list[int]:
    """Return the indices of the words that begin a sentence; ``enders`` are those of signs that may end one."""
    found = [0] if numbers else []
    last = len(numbers) - 1
    for index in enders:
        if index and text[ends[index] - 1] == "." and ends[index - 1] == starts[index]:
            before = text[starts[index - 1] : ends[index - 1]]
            if before[0].isupper() and (len(before) < 3 or before == "Mrs"):
                # An initial or a title, in most languages that have capitals.
                continue
        while index < last and ends[index] == starts[index + 1] and numbers[index + 1] < _SIGNS:
            index += 1
        has_space = index < last and ends[index] < starts[index + 1]
        if index < last and (has_space or text[ends[index] - 1] in _CLOSE_WITHOUT_SPACE) and found[-1] != index + 1:
            found.append(index + 1)
    return found
