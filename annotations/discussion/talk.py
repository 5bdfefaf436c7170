"""The page on which everybody's marks stand side by side: which passages it shows, in which order, and what each reader
did with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe

from annotations.codebook.kept import Look
from annotations.discussion.passages import Passage, Votes, by_contest, votes_on
from annotations.discussion.queries import Reader, annotations_of, marks_on, passages_in, readers_of
from annotations.membership import Seat
from annotations.models import SessionArticle
from annotations.reading.notes import note_html
from annotations.reading.queries import Mark
from annotations.reading.replies import link_html
from opslens.articles.documents import document_of
from opslens.text.blocks import Document
from opslens.text.weaving import mark_class

CONTESTED, TEXT = "contested", "text"
PASSAGES_SHOWN = 15  # on one page
PLACES_SHOWN = 40  # paragraphs with contested passages that are listed
WORDS_SHOWN, BEYOND_SHOWN, AROUND_SHOWN = 320, 60, 120  # code points of a passage, of what reaches beyond, of context
_STRONGLY, _CLEARLY = 1.5, 0.9  # bits


@dataclass(frozen=True, slots=True)
class Filters:
    """What an address asks for: readers by user name, tags by id, a paragraph by number from 0, an order, and the place
    behind which the page begins: (thousandths of a bit, start)."""

    readers: tuple[str, ...] = ()
    tags: tuple[int, ...] = ()
    paragraph: int | None = None
    order: str = CONTESTED
    after: tuple[int, int] | None = None

    @classmethod
    def read(cls, data: QueryDict) -> Filters:
        """What cannot be understood is left out."""
        paragraph = _number(data.get("paragraph", ""))
        tags = (_number(value) for value in data.getlist("tag")[:100])
        return cls(
            readers=tuple(dict.fromkeys(value for value in data.getlist("reader")[:200] if value)),
            tags=tuple(dict.fromkeys(pk for pk in tags if pk is not None)),
            paragraph=paragraph - 1 if paragraph else None,
            order=TEXT if data.get("order") == TEXT else CONTESTED,
            after=_place(data.get("after", "")),
        )

    def query(self, **other: object) -> str:
        """The part of the address that asks for the same, except for `other`; "" when it asks for nothing."""
        asked = {"reader": self.readers, "tag": self.tags, "paragraph": None, "order": "", "after": None}
        if self.paragraph is not None:
            asked["paragraph"] = self.paragraph + 1
        if self.order == TEXT:
            asked["order"] = TEXT
        asked |= other
        return "?" + urlencode({name: value for name, value in asked.items() if value}, doseq=True)


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _place(value: str) -> tuple[int, int] | None:
    bits, _, start = value.partition("-")
    at, thousandths = _number(start), _number(bits)
    return None if at is None or thousandths is None else (thousandths, at)


@dataclass(frozen=True, slots=True)
class Part:
    """One mark of one reader as far as it is about a passage. `x` and `width` are thousandths of the passage."""

    uid: str
    looks: list[Look]
    words: SafeString
    is_whole: bool
    is_brief: bool
    x: int
    width: int
    note: SafeString
    is_edited: bool
    link: SafeString  # to what is said under it; opens in place where the mark is first met on the page

    @property
    def slot(self) -> int:
        return self.looks[0].slot if self.looks else 0


@dataclass(slots=True)
class Cell:
    """What one reader did with one passage."""

    reader: Reader
    parts: list[Part] = field(default_factory=list)

    @property
    def nothing(self) -> str:
        """Why there is nothing: looked at and left, or not looked at to the end."""
        if self.parts:
            return ""
        return "nothing marked" if self.reader.has_finished else self.reader.how_far


@dataclass(frozen=True, slots=True)
class Row:
    passage: Passage
    votes: Votes
    cells: list[Cell]
    before: str
    words: str
    after: str
    uid: str  # of its first mark, by which the reading page shows it

    @property
    def paragraphs(self) -> str:
        first, last = self.passage.first_block + 1, self.passage.last_block + 1
        return f"Paragraph {first}" if first == last else f"Paragraphs {first} to {last}"

    @property
    def verdict(self) -> str:
        """How far readers agree, in a few words."""
        votes = self.votes
        if votes.present < 2:
            return "not compared yet: fewer than two readers have finished"
        if votes.is_contested:
            return how_divided(votes.bits)
        if votes.by_tag:
            return "all agree"
        return "marked without a tag" if votes.marked else "only marks that do not count for the whole sentence"


def how_divided(bits: float) -> str:
    """Entropy summed over tags, in words."""
    if bits >= _STRONGLY:
        return "strongly divided"
    return "divided" if bits >= _CLEARLY else "slightly divided"


@dataclass(frozen=True, slots=True)
class Place:
    """A paragraph with contested passages."""

    paragraph: int  # from 1
    contested: int
    bits: float  # of the most divided passage in it
    address: str  # the part of the address that asks for it

    @property
    def heat(self) -> str:
        return how_divided(self.bits)


@dataclass(frozen=True, slots=True)
class Talk:
    """The page. `readers` are all, each with whether they are shown; `tags` those in use, likewise."""

    filters: Filters
    readers: list[tuple[Reader, bool]]
    tags: list[tuple[Look, bool]]
    rows: list[Row]
    found: int
    contested: int
    places: list[Place]
    onward: str
    is_narrowed: bool

    @property
    def address(self) -> dict[str, str]:
        """Parts of addresses that ask for the same in another order, or for more of it."""
        query = self.filters.query
        return {
            "contested": query(order=""),
            "text": query(order=TEXT),
            "whole": query(paragraph=None),
            "first": query(),
            "everything": query(reader=(), tag=(), paragraph=None),
        }

    @property
    def finished(self) -> int:
        return sum(reader.has_finished for reader, _ in self.readers)

    @property
    def notes(self) -> list[Reader]:
        """Who noted something about the article as a whole."""
        return [reader for reader, is_shown in self.readers if reader.note and is_shown]


def talk_of(viewer, seat: Seat, here: SessionArticle, asked: Filters) -> Talk:
    """Five queries at most beside the tags' own, whatever the number of passages."""
    document = document_of(here.revision_id)
    marks = marks_on(viewer, seat, [here.revision_id])
    everybody = readers_of(viewer, here, marks)
    chosen = [reader for reader in everybody if reader.username in asked.readers]
    shown = chosen or everybody
    used = sorted({look for mark in marks for look in mark.looks}, key=lambda look: look.order)
    tags = {look.pk for look in used} & set(asked.tags)
    ids = {reader.pk for reader in shown}
    finished = {reader.pk for reader in shown if reader.has_finished}
    passages = passages_in(seat, document, [mark for mark in marks if mark.author_id in ids])
    if tags:
        passages = [passage for passage in passages if _carries(passage, tags)]
    voted = [(passage, votes_on(passage, finished, tags)) for passage in passages]
    places = _places(voted, asked)
    if asked.paragraph is not None:
        voted = [pair for pair in voted if pair[0].first_block <= asked.paragraph <= pair[0].last_block]
    if asked.order == CONTESTED:
        voted = by_contest(voted)
    page, onward = _page(voted, asked)
    return Talk(
        filters=asked,
        readers=[(reader, reader.pk in ids) for reader in everybody],
        tags=[(look, look.pk in tags) for look in used],
        rows=_rows(viewer, seat, document, page, shown),
        found=len(voted),
        contested=sum(votes.is_contested for _, votes in voted),
        places=places,
        onward=onward,
        is_narrowed=bool(chosen or tags or asked.paragraph is not None),
    )


def _carries(passage: Passage, tags: set[int]) -> bool:
    return any(look.pk in tags for mark in (*passage.marks, *passage.brief) for look in mark.looks)


def _places(voted: Iterable[tuple[Passage, Votes]], asked: Filters) -> list[Place]:
    """Paragraphs in which contested passages begin, the most divided ones if there are many, in document order."""
    found: dict[int, Place] = {}
    for passage, votes in voted:
        if votes.is_contested:
            number = passage.first_block + 1
            there = found.get(number) or Place(number, 0, 0.0, asked.query(paragraph=number))
            found[number] = replace(there, contested=there.contested + 1, bits=max(there.bits, votes.bits))
    most = sorted(found.values(), key=lambda place: (-place.bits, place.paragraph))[:PLACES_SHOWN]
    return sorted(most, key=lambda place: place.paragraph)


def _key(passage: Passage, votes: Votes, order: str) -> tuple[int, int]:
    """What a page ends with: how divided, in thousandths of a bit, and where."""
    return (round(votes.bits * 1000) if order == CONTESTED else 0), passage.start


def _page(voted: Sequence[tuple[Passage, Votes]], asked: Filters) -> tuple[list[tuple[Passage, Votes]], str]:
    """The passages behind `asked.after`, and what leads to those behind them. A place, not a number of passages: while
    marks come and go no passage shows twice or never because of others before it."""
    rest = list(voted)
    if asked.after is not None:
        bits, start = asked.after
        keys = ((pair, _key(*pair, asked.order)) for pair in voted)
        rest = [pair for pair, key in keys if (-key[0], key[1]) > (-bits, start)]
    page = rest[:PASSAGES_SHOWN]
    if len(rest) <= PASSAGES_SHOWN:
        return page, ""
    last = _key(*page[-1], asked.order)
    return page, asked.query(after=f"{last[0]}-{last[1]}")


def _rows(
    viewer, seat: Seat, document: Document, voted: Sequence[tuple[Passage, Votes]], shown: Sequence[Reader]
) -> list[Row]:
    on_page = {mark.pk: mark for passage, _ in voted for mark in (*passage.marks, *passage.brief)}
    annotations, replies = annotations_of(viewer, seat, on_page.values())
    met: set[int] = set()
    rows = []
    for passage, votes in voted:
        cells = {reader.pk: Cell(reader) for reader in shown}
        brief = {mark.pk for mark in passage.brief}
        here = sorted((*passage.marks, *passage.brief), key=lambda mark: (mark.start, -mark.end, mark.uid))
        for mark in here:
            annotation = annotations.get(mark.pk)
            if annotation is None:  # deleted between two queries
                continue
            words, is_whole = _words(document.text, passage, mark)
            link = mark_safe("")
            if mark.pk in replies:
                link = link_html(seat.session.uid, mark.uid, replies[mark.pk], in_place=mark.pk not in met)
            start, end = max(mark.start, passage.start), min(mark.end, passage.end)
            length = passage.end - passage.start
            x = (start - passage.start) * 1000 // length
            cells[mark.author_id].parts.append(
                Part(
                    uid=mark.uid,
                    looks=mark.looks,
                    words=words,
                    is_whole=is_whole,
                    is_brief=mark.pk in brief,
                    x=x,
                    width=max((end - start) * 1000 // length, 8),
                    note=note_html(annotation.note),
                    is_edited=annotation.updated_at > annotation.created_at,
                    link=link,
                )
            )
            met.add(mark.pk)
        before, after = _around(document, passage)
        words = _cut(document.text[passage.start : passage.end], 2 * WORDS_SHOWN)
        rows.append(Row(passage, votes, list(cells.values()), before, words, after, here[0].uid))
    return rows


def _around(document: Document, passage: Passage) -> tuple[str, str]:
    """What stands before and after a passage in its paragraph, cut at words."""
    low, high = document.blocks[passage.first_block].start, document.blocks[passage.last_block].end
    before = document.text[max(low, passage.start - AROUND_SHOWN) : passage.start]
    after = document.text[passage.end : min(high, passage.end + AROUND_SHOWN)]
    if passage.start - AROUND_SHOWN > low:
        before = "… " + before.partition(" ")[2]
    if passage.end + AROUND_SHOWN < high:
        after = after.rpartition(" ")[0] + " …"
    return before.lstrip(), after.rstrip()


def _cut(words: str, most: int) -> str:
    """Long words without their middle."""
    return words if len(words) <= most else f"{words[: most * 2 // 3].rstrip()} … {words[-(most // 3) :].lstrip()}"


def _words(text: str, passage: Passage, mark: Mark) -> tuple[SafeString, bool]:
    """The exact words of a mark as HTML, with what of them lies outside of the passage set apart; and whether it holds
    the whole passage and no more."""
    start, end = max(mark.start, passage.start), min(mark.end, passage.end)
    before, after = text[mark.start : start], text[end : mark.end]
    inside = escape(_cut(text[start:end], WORDS_SHOWN))
    html = f'<mark class="{mark_class([look.slot for look in mark.looks])}">{inside}</mark>'
    if before:
        cut = before if len(before) <= BEYOND_SHOWN else "… " + before[-BEYOND_SHOWN:].lstrip()
        html = f'<span class="beyond">{escape(cut)}</span>{html}'
    if after:
        cut = after if len(after) <= BEYOND_SHOWN else after[:BEYOND_SHOWN].rstrip() + " …"
        html += f'<span class="beyond">{escape(cut)}</span>'
    is_whole = (mark.start, mark.end) == (passage.start, passage.end)
    return mark_safe(html.replace("\n", " ")), is_whole
