"""HTML as a flat list of tags and texts: what is needed to find the main part of a page, and no tree.

Not a parser: what is cut out of a page with its help goes through the sanitiser like everything else. It takes
one pass, so that tangled markup costs no more than plain text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from opslens.articles.loaders.loaded import Unreadable

MOST_PIECES = 400_000
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_RAW = frozenset("script style xmp iframe noembed noframes textarea title".split())
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}
# Quotation marks mean something only after an equals sign. Possessive throughout: when this fails, the tag has no end.
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)((?:[^>\"'=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"']))|[\"'])*+)>")
_ATTRIBUTE = re.compile(r"([^\s/>=\"']++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>]++)))?+")
_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class Piece:
    """A tag, or the text between two tags (`name` is ""), or the inside of an element of raw text (`name` "#raw")."""

    name: str
    source: str
    closing: bool = False
    attribute_source: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        """Names in lower case; of two attributes of one name the first counts."""
        found: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(self.attribute_source):
            found.setdefault(name.lower(), html.unescape(double or single or bare))
        return found


def pieces_of(source: str) -> list[Piece]:
    """Cut HTML into pieces; comments and declarations are left out. Raises Unreadable for too many of them."""
    pieces: list[Piece] = []
    for piece in _cut(source):
        pieces.append(piece)
        if len(pieces) > MOST_PIECES:
            raise Unreadable(f"It has more than {MOST_PIECES // 2} tags.")
    return pieces


def _cut(source: str) -> Iterator[Piece]:
    position = text_from = 0
    while (position := source.find("<", position)) != -1:
        tag = _TAG.match(source, position)
        if tag is None:
            following = source[position + 1 : position + 2]
            if following not in ("!", "?") and not (following == "/" or following.isalpha()):
                position += 1  # a lone less-than sign is text
                continue
            yield from _text(source[text_from:position])
            position = text_from = _end_of_odd(source, position, following)
            continue
        yield from _text(source[text_from:position])
        name = tag[2].lower()
        yield Piece(name, tag[0], bool(tag[1]), tag[3])
        position = text_from = tag.end()
        if name in _RAW and not tag[1]:
            end = _RAW_END[name].search(source, position)
            position = text_from = end.start() if end else len(source)
            yield Piece("#raw", source[tag.end() : position])
    yield from _text(source[text_from:])


def _end_of_odd(source: str, position: int, following: str) -> int:
    """Where a comment, a declaration or a tag without an end is over; an unfinished one takes all the rest."""
    if source.startswith("<!--", position):
        if source.startswith(("<!-->", "<!--->"), position):
            return source.index(">", position) + 1
        end = source.find("-->", position + 4)
        return len(source) if end == -1 else end + 3
    if following.isalpha() or (following == "/" and source[position + 2 : position + 3].isalpha()):
        return len(source)
    end = source.find(">", position)
    return len(source) if end == -1 else end + 1


def _text(source: str) -> Iterator[Piece]:
    if source:
        yield Piece("", source)


def pairs_of(pieces: list[Piece]) -> dict[int, int]:
    """For each start tag that has an end tag of its name the place of that end tag; both are places in `pieces`."""
    pairs: dict[int, int] = {}
    open_tags: dict[str, list[int]] = {}
    for place, piece in enumerate(pieces):
        if not piece.name or piece.name in VOID or piece.name == "#raw":
            continue
        if not piece.closing:
            open_tags.setdefault(piece.name, []).append(place)
        elif starts := open_tags.get(piece.name):
            pairs[starts.pop()] = place
    return pairs


def text_of(pieces: list[Piece]) -> str:
    """The text of some pieces on one line."""
    joined = " ".join(piece.source for piece in pieces if not piece.name or piece.name == "#raw")
    return _SPACE.sub(" ", html.unescape(joined)).strip()
