"""From clean HTML to canonical text: blocks, inline formatting and sentences as spans."""

import hashlib
import html
import re
from dataclasses import dataclass, replace

from opslens.text.blocks import Block, Document, Inline
from opslens.text.sanitize import safe_href, shows_nothing
from opslens.text.sentences import split

# The heading levels of an import, as the page shows them: its own h1 is the article's title.
HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}

INLINES = {
    **dict.fromkeys(("em", "i", "cite", "dfn", "var"), "em"),
    **dict.fromkeys(("strong", "b"), "strong"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "code"),
    **dict.fromkeys(("s", "strike", "del"), "s"),
    **dict.fromkeys(("u", "ins"), "u"),
    **{name: name for name in ("sub", "sup", "q", "small", "a")},
}

CONTAINER_TAGS = frozenset(("blockquote", "ul", "ol", "table", "tr", "figure", "li", "th", "td", "caption"))

# They end the line they stand in and mean nothing else here.
SEPARATORS = frozenset(
    (
        *("p", "div", "section", "article", "header", "footer", "main", "aside", "nav", "address", "figcaption"),
        *("dl", "dt", "dd", "thead", "tbody", "tfoot", "hr", "details", "summary", "fieldset", "hgroup"),
    )
)

# A container of one of these kinds that holds one paragraph and nothing else is itself the block.
_LEAF_CONTAINERS = frozenset(("li", "th", "td", "caption"))
_CELLS = frozenset(("th", "td"))
_LISTS = frozenset(("ul", "ol"))

_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[a-z]+="[^"]*")*)\s*/?>')
_HREF = re.compile(r'\shref="([^"]*)"')
_COLLAPSIBLE = re.compile(r"[ \t\n\r\f]+")
_LINE_BREAK = re.compile(r"\r\n?")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)+")


def read_html(clean_html: str, language: str) -> Document:
    """Read HTML that has passed ``sanitize`` into a document. The same input gives the same document.

    Each block becomes a stretch of the canonical text, and these are joined by one newline. Everything that
    a browser would show is in some block; white space is collapsed the way a browser collapses it; a ``br``
    is a newline; preformatted text keeps its own. Raises nothing: HTML that is not clean is read as far as
    its tags are known, and any other tag is passed over.
    """
    reader = _Reader()
    position = 0
    for token in _TOKEN.finditer(clean_html):
        if token.start() > position:
            reader.text(html.unescape(clean_html[position : token.start()]))
        closing, name, attributes = token.groups()
        if closing:
            reader.end(name)
        else:
            reader.start(name, attributes)
        position = token.end()
    if position < len(clean_html):
        reader.text(html.unescape(clean_html[position:]))
    reader.flush()
    return _assemble(reader.drafts, language)


def digest(text: str) -> str:
    """Return the SHA-256 of the text's UTF-8 form as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class _Draft:
    """A block before its place in the text is known. Inline positions count from the block's start."""

    kind: str
    text: str
    path: list["_Container"]
    inlines: list[Inline]


@dataclass(slots=True, eq=False)
class _Container:
    """One open element that may hold blocks. Two of them are the same only when they are one object."""

    name: str
    drafts: int = 0


@dataclass(slots=True)
class _OpenInline:
    kind: str
    href: str
    start: int = 0
    slot: int = -1


class _Reader:
    """Walks the tags of one fragment and collects drafts of blocks."""

    def __init__(self) -> None:
        self.drafts: list[_Draft] = []
        self.open: list[str] = []
        # Containers in use, outermost first, with the depth of ``open`` at which each began.
        self.containers: list[tuple[int, _Container]] = []
        self.leaves: list[tuple[int, str]] = []
        self.inlines: list[tuple[int, _OpenInline]] = []
        self._fresh()

    def _fresh(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.last = ""
        self.spans: list[Inline | None] = []
        # Spans that ended at the very end of what has been read so far.
        self.edge: list[int] = []
        for _, inline in self.inlines:
            self._begin(inline)

    def _begin(self, inline: _OpenInline) -> None:
        inline.start = self.length
        inline.slot = len(self.spans)
        self.spans.append(None)

    def _finish(self, inline: _OpenInline) -> None:
        if inline.start < self.length:
            self.spans[inline.slot] = Inline(inline.start, self.length, inline.kind, inline.href)
            self.edge.append(inline.slot)

    @property
    def preformatted(self) -> bool:
        return bool(self.leaves) and self.leaves[-1][1] == "pre"

    def start(self, name: str, attributes: str) -> None:
        """Take a start tag. ``attributes`` is its source text."""
        if name == "br":
            self._break()
            return
        if name == "hr":
            self.flush()
            return
        depth = len(self.open)
        if name in INLINES:
            self.open.append(name)
            self._open_inline(depth, name, attributes)
            return
        if name in CONTAINER_TAGS:
            self.flush()
            self.open.append(name)
            self._open_container(depth, name)
        elif name in HEADINGS or name == "pre":
            self.flush()
            self.open.append(name)
            self.leaves.append((depth, HEADINGS.get(name, "pre")))
        elif name in SEPARATORS:
            self.flush()
            self.open.append(name)
        # Any other tag is not for us: its text counts, the tag does not.

    def end(self, name: str) -> None:
        """Take an end tag. One that closes nothing is passed over; what was left open inside is closed too."""
        if name not in self.open:
            return
        depth = len(self.open) - 1 - self.open[::-1].index(name)
        if name not in INLINES or any(tag not in INLINES for tag in self.open[depth:]):
            self.flush()
        del self.open[depth:]
        while self.inlines and self.inlines[-1][0] >= depth:
            self._finish(self.inlines.pop()[1])
        while self.leaves and self.leaves[-1][0] >= depth:
            self.leaves.pop()
        while self.containers and self.containers[-1][0] >= depth:
            self._close_container()

    def text(self, text: str) -> None:
        """Take a run of text, with its character references already resolved."""
        if self.preformatted:
            text = _LINE_BREAK.sub("\n", text)
        else:
            text = _COLLAPSIBLE.sub(" ", text)
            if text[:1] == " " and self.last in ("", " ", "\n"):
                text = text[1:]
        if text:
            self.pieces.append(text)
            self.length += len(text)
            self.last = text[-1]
            self.edge.clear()

    def flush(self) -> None:
        """End the block that is being read, and keep it when it has anything to show."""
        if not self.pieces:
            if self.spans and not self.inlines:
                self.spans = []
            return
        for _, inline in self.inlines:
            self._finish(inline)
        text = "".join(self.pieces)
        kind = self.leaves[-1][1] if self.leaves else "p"
        if kind == "pre":
            blank = _BLANK_LINES.match(text)
            begin = blank.end() if blank else 0
            end = len(text.rstrip(" \t\n"))
        else:
            begin = len(text) - len(text.lstrip(" \n"))
            end = len(text.rstrip(" \n"))
        if begin < end and not shows_nothing(text[begin:end]):
            spans = [
                Inline(max(span.start, begin) - begin, min(span.end, end) - begin, span.kind, span.href)
                for span in self.spans
                if span is not None and max(span.start, begin) < min(span.end, end)
            ]
            path = self._path()
            self.drafts.append(_Draft(kind=kind, text=text[begin:end], path=path, inlines=spans))
            for container in path:
                container.drafts += 1
        self._fresh()

    def _break(self) -> None:
        if self.last == " " and not self.preformatted:
            # A browser shows no space before a line's end; what ended after that space ends before it now.
            self.pieces[-1] = self.pieces[-1][:-1]
            self.length -= 1
            for slot in self.edge:
                span = self.spans[slot]
                self.spans[slot] = replace(span, end=self.length) if span.start < self.length else None
            for _, inline in self.inlines:
                inline.start = min(inline.start, self.length)
        self.pieces.append("\n")
        self.length += 1
        self.last = "\n"
        self.edge.clear()

    def _open_inline(self, depth: int, name: str, attributes: str) -> None:
        kind = INLINES[name]
        href = ""
        if kind == "a":
            found = _HREF.search(attributes)
            href = html.unescape(found[1]) if found else ""
            if not safe_href(href):
                return
        if any(inline.kind == kind for _, inline in self.inlines):
            return
        inline = _OpenInline(kind, href)
        self.inlines.append((depth, inline))
        self._begin(inline)

    def _open_container(self, depth: int, name: str) -> None:
        outer = self.containers[-1][1].name if self.containers else ""
        if name == "li" and outer not in _LISTS:
            return
        if (name in ("tr", "caption") and outer != "table") or (name in ("th", "td") and outer != "tr"):
            return
        if outer in _LISTS and name != "li":
            self.containers.append((depth, _Container("li")))
        self.containers.append((depth, _Container(name)))

    def _close_container(self) -> None:
        container = self.containers[-1][1]
        if container.name in _CELLS and not container.drafts:
            # An empty cell keeps its place, or the row's other cells would stand in the wrong columns.
            container.drafts = 1
            self.drafts.append(_Draft(kind="p", text="", path=self._path(), inlines=[]))
        self.containers.pop()

    def _path(self) -> list[_Container]:
        path = [container for _, container in self.containers]
        while path and path[-1].name in ("table", "tr"):
            path.pop()
        if path and path[-1].name in _LISTS:
            path.append(_Container("li"))
        return path


def _assemble(drafts: list[_Draft], language: str) -> Document:
    """Lay the drafts out in one text, number their containers and split them into sentences."""
    # A row of empty cells only says nothing: it goes.
    drafts = [draft for draft in drafts if draft.text or draft.path[-2].drafts]
    numbers: dict[int, str] = {}
    blocks: list[Block] = []
    position = 0
    for ordinal, draft in enumerate(drafts):
        kind, path = draft.kind, draft.path
        if kind == "p" and path and path[-1].name in _LEAF_CONTAINERS and path[-1].drafts == 1:
            kind, path = path[-1].name, path[:-1]
        for container in path:
            if id(container) not in numbers:
                numbers[id(container)] = f"{container.name}:{len(numbers) + 1}"
        end = position + len(draft.text)
        blocks.append(
            Block(
                ordinal=ordinal,
                kind=kind,
                start=position,
                end=end,
                path=tuple(numbers[id(container)] for container in path),
                inlines=tuple(replace(i, start=i.start + position, end=i.end + position) for i in draft.inlines),
                sentences=tuple((position + start, position + stop) for start, stop in split(draft.text, language)),
            )
        )
        position = end + 1
    return Document(text="\n".join(draft.text for draft in drafts), blocks=tuple(blocks), language=language)
