"""Texts, documents, marks and tag soup for the text core's property tests."""

from hypothesis import strategies as st

from opslens.text.blocks import INLINE_KINDS, Block, Document, Inline
from opslens.text.sentences import split

# What has broken text tools before: astral planes, joined emoji, flags, combining marks, bidi controls and letters,
# line ends of all kinds, spaces that are not the space, and what HTML must escape.
AWKWARD = [
    *("😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇬🇧🇩", "e\u0301", "n\u0303\u0323", "\u1112\u1161\u11ab", "\u1100", "क्षि", "กำ"),
    *("\u200d", "\ufe0f", "\u200f", "\u202e", "\u2066", "\u2069", "שלום", "مرحبا", "漢字", "。"),
    *("\u00a0", "\u3000", "\u2028", "\u200b", "\u00ad", "\ufeff", "\u0300", "\U0010fffd"),
    *("&", "<", ">", '"', "'", "&amp;", "</p>", "<mark>", "]]>", "Dr. ", "? ", "! ", "… ", ". ", " ", "  "),
]

characters = st.characters(exclude_categories=["Cs", "Cc"])
pieces = st.one_of(st.sampled_from(AWKWARD), st.text("abcdefgh .", min_size=1, max_size=12), characters)
any_text = st.lists(st.one_of(pieces, st.sampled_from(["\r\n", "\n", "\r", "\t", "\x00", "\ud83d"])), max_size=30).map(
    "".join
)


def _canonical(text: str) -> str:
    return " ".join(part for part in text.replace("\n", " ").split(" ") if part)


line = st.lists(pieces, min_size=1, max_size=20).map("".join).map(_canonical)
lines = st.lists(line, min_size=1, max_size=3).map("\n".join).map(lambda text: text.strip(" \n"))
languages = st.sampled_from(["en", "de", "ar", "he", "fa", "zh", "ja", "th", "xx", "", "en-GB", "not a tag", "zh_Hant"])


@st.composite
def documents(draw: st.DrawFn, most_blocks: int = 5, empty_cells: bool = True) -> Document:
    """A document of plain blocks with inline formatting that may overlap in any way, even badly."""
    language = draw(languages)
    kinds = ("p", "h2", "li", "pre", "td") if empty_cells else ("p", "h2", "li", "pre")
    texts: list[str] = []
    blocks: list[Block] = []
    position = 0
    for ordinal in range(draw(st.integers(1, most_blocks))):
        kind = draw(st.sampled_from(kinds))
        text = draw(lines if kind != "td" else st.one_of(st.just(""), lines))
        if not text and kind != "td":
            text = "x"
        inlines = []
        for _ in range(draw(st.integers(0, 3))):
            if not text:
                break
            start = draw(st.integers(0, len(text) - 1))
            end = draw(st.integers(start + 1, len(text)))
            inline_kind = draw(st.sampled_from(INLINE_KINDS))
            href = (
                draw(st.sampled_from(['https://example.org/?a=1&b="2"', "mailto:a@b.example"]))
                if inline_kind == "a"
                else ""
            )
            inlines.append(Inline(position + start, position + end, inline_kind, href))
        inlines.sort(key=lambda inline: (inline.start, -inline.end))
        sentences = tuple((position + start, position + end) for start, end in split(text, language))
        blocks.append(Block(ordinal, kind, position, position + len(text), (), tuple(inlines), sentences))
        texts.append(text)
        position += len(text) + 1
    return Document(text="\n".join(texts), blocks=tuple(blocks), language=language)


@st.composite
def documents_with_marks(draw: st.DrawFn) -> tuple[Document, list[tuple[int, int, tuple[int, ...], str]]]:
    """A document and marks in any order: nested, overlapping, identical, across blocks, empty, and out of range."""
    document = draw(documents())
    size = len(document.text)
    marks = []
    for number in range(draw(st.integers(0, 12))):
        start = draw(st.integers(-2, size + 2))
        end = draw(st.integers(-2, size + 2))
        slots = tuple(draw(st.lists(st.integers(1, 11), unique=True, max_size=4)))
        marks.append((start, end, slots, f"u{number}"))
    return document, draw(st.permutations(marks))


NAMES = (
    "p div h1 h2 h5 ul ol li dl dt dd blockquote pre code em i strong b a q sub sup s del u table caption thead tbody "
    "tr td th figure figcaption br hr section nav span font form select option textarea title script style svg math "
    "mglyph mtext mi annotation-xml foreignObject desc template noscript iframe object button img input x-y center "
    "noembed xmp"
).split()
ATTRIBUTES = [
    *("", "", "", ' href="https://example.org/a?b=1&c=2"', ' href="java\nscript:alert(1)"', " href='//x.example'"),
    *(' id="b1" name=body', ' class="a1" style="color:red"', " onclick=alert(1)", ' title="</p><script>"', " a b c"),
    *(' hx-get="/x" data-hx-on:click="x()"', ' href="#x"', ' href="HTTPS://EXAMPLE.org/ü x"', " /", ' a="', " b='"),
    ' href="mailto:a@b.example"',
]
OTHER_MARKUP = ["<!--", "-->", "<![CDATA[", "]]>", "<!doctype html>", "<?php", "<", "&"]
REFERENCES = ["&#0;", "&#x80;", "&#13;", "&lt", "&nbsp;", "\n", "\n\n"]

soup_tokens = st.one_of(
    st.builds("<{}{}>".format, st.sampled_from(NAMES), st.sampled_from(ATTRIBUTES)),
    st.builds("</{}>".format, st.sampled_from(NAMES)),
    st.sampled_from(OTHER_MARKUP + REFERENCES),
    pieces,
)
tag_soup = st.lists(soup_tokens, max_size=25).map("".join)
