"""HTML: the main part of a page without what stands around it, and the details that the page states."""

from __future__ import annotations

import html
from itertools import accumulate

from opslens.articles.loaders.loaded import Details, Loaded, one_line, shorten
from opslens.articles.loaders.markup import Piece, pairs_of, pieces_of, text_of
from opslens.articles.loaders.page import details_of

# Around the text, or not text at all.
_CHROME = frozenset(
    "head nav aside form footer script style noscript template iframe button select textarea svg".split()
)
_STANDFIRST = frozenset("standfirst lead lede dek deck subtitle subheadline subhead article-lead".split())
_MOST_OF_IT = 0.6
_MOST_HEADINGS = 20
LONGEST_STANDFIRST = 1200


def load(source: str) -> Loaded:
    """Read an HTML page or a fragment of one. Linear in its length; raises Unreadable for too many tags."""
    pieces = pieces_of(source)
    pairs = pairs_of(pieces)
    kept = _kept(pieces, pairs)
    first, last = _main_part(pieces, pairs, kept)
    details = details_of(pieces)
    headings = _headings(pieces, pairs, kept, first, last)
    title = one_line(text_of(pieces[headings[0] : pairs[headings[0]]])) if len(headings) == 1 else ""
    title = title or details.title
    for start in headings[:_MOST_HEADINGS]:
        if _same(text_of(pieces[start : pairs[start]]), title):
            kept[start : pairs[start] + 1] = [False] * (pairs[start] + 1 - start)
            break
    lead = _standfirst(pieces, pairs, kept, first, last)
    if not title:
        title = shorten(_first_words(pieces, kept, first, last), 80)
    body = _source(pieces, kept, first, last)
    if lead:
        start, end = lead
        before, inside, after = (
            _source(pieces, kept, *part) for part in ((first, start), (start + 1, end), (end + 1, last))
        )
        paragraph = inside if pieces[start].name == "blockquote" else f"<p>{inside}</p>"
        body = f"<blockquote>{paragraph}</blockquote>{before}{after}"
    details = details.preferring(Details(title=title))
    return Loaded(body, "html", details, has_standfirst=lead is not None)


def _headings(pieces: list[Piece], pairs: dict[int, int], kept: list[bool], first: int, last: int) -> list[int]:
    """Where the headings of the first level begin; one inside of another counts for part of it."""
    found: list[int] = []
    for place in range(first, last):
        if kept[place] and _starts(pieces[place], "h1") and place in pairs and (not found or place > pairs[found[-1]]):
            found.append(place)
    return found


def _starts(piece: Piece, *names: str) -> bool:
    return piece.name in names and not piece.closing


def _kept(pieces: list[Piece], pairs: dict[int, int]) -> list[bool]:
    """Which pieces are not chrome. What holds most of the page's text is never taken for chrome, whatever its name:
    some sites put the whole page into a form."""
    kept = [True] * len(pieces)
    lengths = _lengths(pieces, kept)
    most = lengths[-1] * _MOST_OF_IT
    inside_article = 0
    article_ends = set()
    dropped_until = -1
    for place, piece in enumerate(pieces):
        if place in article_ends:
            inside_article -= 1
        if _starts(piece, "article", "main") and place in pairs:
            inside_article += 1
            article_ends.add(pairs[place])
        if place <= dropped_until or piece.closing or place not in pairs:
            continue
        hidden = " hidden" in piece.attribute_source.lower() and "hidden" in piece.attributes
        if piece.name in _CHROME or hidden or (piece.name == "header" and not inside_article):
            end = pairs[place]
            if lengths[end] - lengths[place] <= most or piece.name in ("script", "style", "head"):
                kept[place : end + 1] = [False] * (end + 1 - place)
                dropped_until = end
    return kept


def _lengths(pieces: list[Piece], kept: list[bool]) -> list[int]:
    """How much kept text stands before each piece, and behind the last one; in code points, without white space."""
    texts = zip(pieces, kept, strict=True)
    return [0, *accumulate(len(piece.source.strip()) if keep and not piece.name else 0 for piece, keep in texts)]


def _main_part(pieces: list[Piece], pairs: dict[int, int], kept: list[bool]) -> tuple[int, int]:
    """The places between which the text stands: inside of the one substantial article, else of main, else of body."""
    lengths = _lengths(pieces, kept)

    def outermost(name: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for place, piece in enumerate(pieces):
            if _starts(piece, name) and place in pairs and kept[place] and (not found or place >= found[-1][1]):
                found.append((place + 1, pairs[place]))
        return found

    def size(part: tuple[int, int]) -> int:
        return lengths[part[1]] - lengths[part[0]]

    whole = max(outermost("main"), key=size, default=None) or max(outermost("body"), key=size, default=None)
    whole = whole or (0, len(pieces))
    articles = outermost("article")
    if articles:
        largest = max(articles, key=size)
        rivals = [part for part in articles if part != largest and size(part) * 2 > size(largest)]
        if not rivals and size(largest) and size(largest) * 5 >= size(whole):
            return largest
    return whole


def _standfirst(
    pieces: list[Piece], pairs: dict[int, int], kept: list[bool], first: int, last: int
) -> tuple[int, int] | None:
    """The blockquote or the paragraph with a class for it that stands before all other text."""
    open_tags: list[int] = []
    for place in range(first, last):
        piece = pieces[place]
        if not kept[place]:
            continue
        if not piece.name and piece.source.strip():
            break
        if piece.name and not piece.closing and place in pairs:
            open_tags.append(place)
    else:
        return None
    for start in open_tags:
        end = pairs[start]
        if place < end < last and _may_be_standfirst(pieces[start]):
            inside = text_of([p for p, keep in zip(pieces[start:end], kept[start:end], strict=True) if keep])
            rest = any(kept[i] and not pieces[i].name and pieces[i].source.strip() for i in range(end, last))
            return (start, end) if rest and len(inside) <= LONGEST_STANDFIRST else None
    return None


def _may_be_standfirst(tag: Piece) -> bool:
    if tag.name in ("p", "div"):
        return not _STANDFIRST.isdisjoint(tag.attributes.get("class", "").lower().split())
    return tag.name == "blockquote"


def _source(pieces: list[Piece], kept: list[bool], first: int, last: int) -> str:
    return "".join(pieces[i].source for i in range(first, last) if kept[i])


def _first_words(pieces: list[Piece], kept: list[bool], first: int, last: int) -> str:
    words = (pieces[i].source for i in range(first, last) if kept[i] and not pieces[i].name)
    return next((html.unescape(text) for text in words if text.strip()), "")


def _same(heading: str, title: str) -> bool:
    return bool(title) and one_line(heading).casefold() == title.casefold()
