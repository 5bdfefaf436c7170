"""Sentences: the passages of a block that are ready to be marked."""

import re

import sentencex

FALLBACK_LANGUAGE = "en"
_SURROGATE = re.compile("[\ud800-\udfff]")


def split(text: str, language: str) -> list[tuple[int, int]]:
    """Return the sentences of one block's text as ``[start, end)`` in code points of that text.

    They are in order, do not overlap, begin and end with a character that is not white space, and
    cover every such character. A text without sentence punctuation is one sentence; a text of white
    space alone has none. ``language`` is a BCP 47 tag; one the splitter does not know counts as English.
    """
    try:
        pieces = sentencex.segment(_primary(language), text)
    except UnicodeEncodeError:
        # Lone surrogates; canonical text has none, other callers' may. One character for one keeps the offsets.
        return split(_SURROGATE.sub("\ufffd", text), language)
    if "".join(pieces) != text:
        # The splitter promises to lose nothing. Should it break that for some input, one long
        # sentence is right, if coarse, while shifted offsets would be wrong.
        pieces = [text]
    sentences: list[tuple[int, int]] = []
    position = 0
    for piece in pieces:
        body = piece.strip()
        if body:
            start = position + len(piece) - len(piece.lstrip())
            sentences.append((start, start + len(body)))
        position += len(piece)
    return sentences


def _primary(language: str) -> str:
    subtag = language.replace("_", "-").partition("-")[0].strip().lower()
    return subtag if subtag.isascii() and subtag.isalpha() and len(subtag) in (2, 3) else FALLBACK_LANGUAGE
