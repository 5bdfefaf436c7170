"""Moving the ends of a passage by sentences and words. Pure: positions are code points of the revision's text."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from opslens.text.blocks import Document
from opslens.web.refusals import Invalid

_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
# In scripts that do not set words apart by spaces each character with its marks is a step.
_WORD = regex.compile(rf"{_UNSPACED}\p{{M}}*+|[[\p{{L}}\p{{N}}_]--{_UNSPACED}][\p{{L}}\p{{N}}\p{{M}}_’'-]*+", regex.V1)
SIDES, UNITS, WAYS = ("start", "end"), ("sentence", "word"), ("back", "on")


def step(document: Document, start: int, end: int, how: str) -> tuple[int, int] | None:
    """[start, end) with one end moved, as `how` says: `start-word-back`, `end-sentence-on` and so on. None when there
    is nowhere to go, or nothing would be left. Raises Invalid for another `how`."""
    side, _, rest = how.partition("-")
    unit, _, way = rest.partition("-")
    if side not in SIDES or unit not in UNITS or way not in WAYS:
        raise Invalid("A passage is changed by words and sentences, at its beginning or its end.")
    at = start if side == "start" else end
    for border in _borders(document, at, side, unit, onward=way == "on"):
        if border > at if way == "on" else border < at:
            moved = (border, end) if side == "start" else (start, border)
            return moved if moved[0] < moved[1] else None
    return None


def _borders(document: Document, at: int, side: str, unit: str, *, onward: bool) -> Iterator[int]:
    """Starts or ends of sentences or words, from the block at a position in one direction, in the order met."""
    which = SIDES.index(side)
    ordinal = document.block_at(at).ordinal
    for block in document.blocks[ordinal:] if onward else reversed(document.blocks[: ordinal + 1]):
        if unit == "sentence":
            found = [sentence[which] for sentence in block.sentences]
        else:
            words = _WORD.finditer(document.text, block.start, block.end)
            found = [word.span()[which] for word in words]
        yield from found if onward else reversed(found)


def quoted(document: Document, quote: str, start: int, end: int) -> tuple[int, int]:
    """Where these words stand in the blocks of [start, end) or in those beside them. Raises Invalid when they do not,
    or more than once."""
    quote = quote.replace("\r\n", "\n").strip()
    blocks = document.blocks_between(start, end) or (document.block_at(start),)
    first = document.blocks[max(0, blocks[0].ordinal - 1)]
    last = document.blocks[min(len(document.blocks) - 1, blocks[-1].ordinal + 1)]
    at = document.text.find(quote, first.start, last.end) if quote else -1
    if at < 0:
        message = "These words are not in this paragraph. Copy them exactly, marks of punctuation included."
        raise Invalid(message, {"quote": message})
    if document.text.find(quote, at + 1, last.end) >= 0:
        message = "These words occur more than once here. Quote a few more so that the place is clear."
        raise Invalid(message, {"quote": message})
    return at, at + len(quote)
