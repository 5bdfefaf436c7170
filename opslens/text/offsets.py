"""Positions: code points here, UTF-16 code units in the browser, and where a passage may begin and end."""

from bisect import bisect_left

import regex

_ASTRAL = regex.compile(r"[\U00010000-\U0010ffff]")
_GRAPHEME = regex.compile(r"\X")

# Between two characters of this set there is always a grapheme border (UAX 29), so a scan may begin there
# instead of at the start of the text.
_PLAIN_PAIR = regex.compile(
    r"(?r)[\x20-\x7e\xc0-\u024f\u0400-\u0481\u05d0-\u05ea\u0620-\u064a\u3001-\u3003\u3041-\u3096\u30a1-\u30fa"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]{2}|(?<=\n)"
)


def code_points_to_utf16(text: str, offset: int) -> int:
    """Return the position in UTF-16 code units of the code point position ``offset``, clamped to the text."""
    offset = min(max(offset, 0), len(text))
    return offset + len(_ASTRAL.findall(text, 0, offset))


def utf16_to_code_points(text: str, offset: int) -> int:
    """Return the code point position of the UTF-16 position ``offset``, clamped to the text.

    A position between the two halves of a surrogate pair counts as the start of that character.
    """
    if offset <= 0:
        return 0
    # Where each astral character starts, in UTF-16: its index plus one for each astral character before it.
    starts = [match.start() + index for index, match in enumerate(_ASTRAL.finditer(text))]
    before = bisect_left(starts, offset)
    if before and offset == starts[before - 1] + 1:
        return starts[before - 1] - (before - 1)
    return min(offset - before, len(text))


def snap(text: str, start: int, end: int) -> tuple[int, int]:
    """Return ``[start, end)`` moved outwards to grapheme borders and then freed of white space at its ends.

    Positions are code points and are clamped to the text. The result may be empty (``start == end``):
    then the passage holds nothing but white space. Snapping a snapped range changes nothing.
    """
    start = min(max(start, 0), len(text))
    end = min(max(end, 0), len(text))
    if start >= end:
        return start, start
    start = _borders_around(text, start)[0]
    end = _borders_around(text, end)[1]
    passage = text[start:end]
    body = passage.strip()
    if not body:
        return start, start
    first = start + len(passage) - len(passage.lstrip())
    last = first + len(body)
    # White space can be the base of a grapheme (a space with an accent on it) or end one (after a
    # prepended mark): such a space stays.
    return _borders_around(text, first)[0], _borders_around(text, last)[1]


def _borders_around(text: str, offset: int) -> tuple[int, int]:
    """Return the nearest grapheme borders at or before, and at or after ``offset``."""
    if offset <= 0 or offset >= len(text):
        return offset, offset
    anchor = _PLAIN_PAIR.search(text, 0, offset)
    position = 0 if anchor is None else anchor.end() - (1 if anchor.end() > anchor.start() else 0)
    for match in _GRAPHEME.finditer(text, position):
        if match.start() == offset:
            return offset, offset
        if match.end() >= offset:
            return (offset, offset) if match.end() == offset else (match.start(), match.end())
    return len(text), len(text)
