"""The shape of a revision: its canonical text and the table of blocks that stand on it."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

BLOCK_KINDS = ("p", "h2", "h3", "h4", "li", "pre", "th", "td", "caption")
INLINE_KINDS = ("em", "strong", "code", "sub", "sup", "s", "u", "q", "small", "a")
CONTAINERS = ("blockquote", "ul", "ol", "li", "table", "tr", "th", "td", "caption", "figure")

# Grows when the block table's JSON changes shape, so that an old row is refused and not misread.
TABLE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Inline:
    """One run of inline formatting, in code points of the revision's text."""

    start: int
    end: int
    kind: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One unit of reading: a paragraph, heading, list item, cell, caption or preformatted text.

    ``start`` and ``end`` are code points of the revision's text; the newline that joins two blocks
    belongs to neither. ``path`` names the open containers from outside in as ``name:number``.
    A list item, cell or caption that holds a single paragraph *is* the block (kind ``li``, ``td``…);
    one that holds more is a container in the paths of its blocks. ``sentences`` lie in order inside
    the block and cover all of its characters except white space between them.
    """

    ordinal: int
    kind: str
    start: int
    end: int
    path: tuple[str, ...] = ()
    inlines: tuple[Inline, ...] = ()
    sentences: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The canonical text of one revision with its blocks. Immutable, so what is derived from it may be kept."""

    text: str
    blocks: tuple[Block, ...]
    language: str
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)
    # Filled by weaving: what each block's HTML needs that does not depend on marks.
    _frames: dict = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", tuple(block.start for block in self.blocks))
        object.__setattr__(self, "_frames", {})

    def block_at(self, offset: int) -> Block:
        """Return the block that holds the code point at ``offset``.

        The newline between two blocks counts to the block before it, and so does the end of the text.
        Raises IndexError outside ``0 <= offset <= len(text)`` and for a document without blocks.
        """
        if not self.blocks or not 0 <= offset <= len(self.text):
            raise IndexError(f"no block at offset {offset}")
        return self.blocks[max(bisect_right(self._starts, offset) - 1, 0)]

    def blocks_between(self, start: int, end: int) -> tuple[Block, ...]:
        """Return the blocks that share at least one code point with ``[start, end)``, in order."""
        if start >= end:
            return ()
        low = max(bisect_right(self._starts, start) - 1, 0)
        high = bisect_left(self._starts, end)
        return tuple(block for block in self.blocks[low:high] if block.end > start and block.end > block.start)

    def text_of(self, block: Block) -> str:
        """Return the canonical text of one block."""
        return self.text[block.start : block.end]

    def to_json(self) -> str:
        """Return the block table as compact JSON, without the text, which is stored beside it.

        One row a block: kind, start, length, path, inlines, sentences. Inlines and sentences count
        from the block's start, and sentences are one flat list of ends and gaps' ends.
        """
        rows = []
        for block in self.blocks:
            base = block.start
            rows.append(
                [
                    block.kind,
                    base,
                    block.end - base,
                    "/".join(block.path),
                    [[i.kind, i.start - base, i.end - base] + ([i.href] if i.href else []) for i in block.inlines],
                    [offset - base for sentence in block.sentences for offset in sentence],
                ]
            )
        return json.dumps({"v": TABLE_VERSION, "blocks": rows}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, table: str, *, text: str, language: str) -> "Document":
        """Rebuild a document from the table ``to_json`` returned and the text that is stored beside it.

        Raises ValueError when the table is of another version or does not fit the text.
        """
        data = json.loads(table)
        if not isinstance(data, dict) or data.get("v") != TABLE_VERSION:
            raise ValueError("This block table has an unknown version.")
        blocks = []
        for ordinal, (kind, base, length, path, inlines, sentences) in enumerate(data["blocks"]):
            if base < 0 or length < 0 or base + length > len(text):
                raise ValueError(f"Block {ordinal} of the table lies outside of the text.")
            blocks.append(
                Block(
                    ordinal=ordinal,
                    kind=kind,
                    start=base,
                    end=base + length,
                    path=tuple(path.split("/")) if path else (),
                    inlines=tuple(Inline(base + row[1], base + row[2], row[0], *row[3:]) for row in inlines),
                    sentences=_pairs([base + offset for offset in sentences]),
                )
            )
        return cls(text=text, blocks=tuple(blocks), language=language)


def _pairs(offsets: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(offsets[::2], offsets[1::2], strict=True))
