"""Reading clean HTML: what becomes text, in which block, with which formatting."""

import hashlib
import html
import re
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslens.text.blocks import BLOCK_KINDS, CONTAINERS, INLINE_KINDS
from opslens.text.canonical import digest, read_html
from opslens.text.sanitize import Refused, sanitize, shows_nothing
from opslens.text.weaving import weave, wrap
from tests.support.growth import grows_linearly
from tests.text.strategies import tag_soup


def blocks(source: str) -> list[tuple[str, str]]:
    document = read_html(sanitize(source), "en")
    return [(block.kind, document.text_of(block)) for block in document.blocks]


def paths(source: str) -> list[tuple[str, str]]:
    document = read_html(sanitize(source), "en")
    return [(block.kind, "/".join(block.path)) for block in document.blocks]


def inlines(source: str) -> list[tuple[str, str]]:
    document = read_html(sanitize(source), "en")
    return [(i.kind, document.text[i.start : i.end]) for block in document.blocks for i in block.inlines]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>one</p><p>two</p>", [("p", "one"), ("p", "two")]),
        ("loose <b>text</b><p>a</p> tail", [("p", "loose text"), ("p", "a"), ("p", "tail")]),
        ("<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4><h5>e</h5><h6>f</h6>",
         [("h2", "a"), ("h2", "b"), ("h3", "c"), ("h4", "d"), ("h4", "e"), ("h4", "f")]),
        ("<div>a<div>b</div>c</div>", [("p", "a"), ("p", "b"), ("p", "c")]),
        ("<div><section>a</section>b<article><header>c</header>d</article></div>",
         [("p", "a"), ("p", "b"), ("p", "c"), ("p", "d")]),
        ("a<hr>b", [("p", "a"), ("p", "b")]),
        ("<p></p><p> </p><p>&nbsp;</p><p>\u200b</p><p>a</p>", [("p", "a")]),
        ("<dl><dt>a</dt><dd>b</dd></dl>", [("p", "a"), ("p", "b")]),
        ("<figure><img src=x alt=y><figcaption>a</figcaption></figure>", [("p", "a")]),
        ("<p>a<script>x()</script>b<style>p{}</style></p>", [("p", "ab")]),
        ("<p>1 &lt; 2 &amp;amp; “q” &copy;</p>", [("p", "1 < 2 &amp; “q” ©")]),
        ("<h2>a<br>b</h2>", [("h2", "a\nb")]),
        ("<li>a</li>", [("p", "a")]),
        ("<b>a<p>b</p></b>", [("p", "a"), ("p", "b")]),
        ("<ul>a<li>b</li></ul>", [("li", "a"), ("li", "b")]),
        ("<details><summary>a</summary>b</details>", [("p", "a"), ("p", "b")]),
    ],
)  # fmt: skip
def test_what_becomes_a_block(source, expected):
    assert blocks(source) == expected


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>  a \n\t b  </p>", "a b"),
        ("<p>a\r\nb\rc\fd</p>", "a b c d"),
        ("<p>a <em> b</em> <b> </b>c</p>", "a b c"),
        ("<p>\u00a0a\u00a0\u00a0b\u3000</p>", "\u00a0a\u00a0\u00a0b\u3000"),
        ("<p>a <br> b</p>", "a\nb"),
        ("<p><br> <br>a<br><br>b<br><br> </p>", "a\n\nb"),
        ("<p><em>a </em><br>b</p>", "a\nb"),
        ("<pre>\n\n  a\n\tb  c \n\n</pre>", "  a\n\tb  c"),
        ("<pre>a\r\nb\rc</pre>", "a\nb\nc"),
        ("<p>a\x00b\x01c\x7fd\x85e&#1;f&#0;</p>", "abcdef\ufffd"),
        ("<p>a\ud83db</p>", "a\ufffdb"),
        ("<p>e\u0301 \u00e9 \u200f\u202e</p>", "e\u0301 \u00e9 \u200f\u202e"),
        ("<p>a&#13;b</p>", "a b"),
    ],
)
def test_white_space_and_control_characters(source, text):
    assert read_html(sanitize(source), "en").text == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<blockquote>a<p>b</p></blockquote>c", [("p", "blockquote:1"), ("p", "blockquote:1"), ("p", "")]),
        ("<ul><li>a</li></ul><ul><li>b</li></ul>", [("li", "ul:1"), ("li", "ul:2")]),
        ("<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>",
         [("p", "ul:1/li:2"), ("li", "ul:1/li:2/ol:3"), ("li", "ul:1")]),
        ("<ul><li><p>a</p></li></ul>", [("li", "ul:1")]),
        ("<ul><li><p>a</p><p>b</p></li></ul>", [("p", "ul:1/li:2"), ("p", "ul:1/li:2")]),
        ("<ul><ul><li>a</li></ul></ul>", [("li", "ul:1/li:2/ul:3")]),
        ("<ul><li><h3>a</h3></li></ul>", [("h3", "ul:1/li:2")]),
        ("<ul></ul><ol><li></li></ol><ul><li>a</li></ul>", [("li", "ul:1")]),
        ("<table><caption>t</caption><thead><tr><th>a</th></tr></thead><tr><td>b</td></tr></table>",
         [("caption", "table:1"), ("th", "table:1/tr:2"), ("td", "table:1/tr:3")]),
        ("<table><tr><td>a</td><td></td><td>&nbsp;</td></tr><tr><td></td></tr></table>",
         [("td", "table:1/tr:2"), ("td", "table:1/tr:2"), ("td", "table:1/tr:2")]),
        ("<table><tr><td>a<ul><li>b</li></ul></td></tr></table>",
         [("p", "table:1/tr:2/td:3"), ("li", "table:1/tr:2/td:3/ul:4")]),
        ("<figure><blockquote>a</blockquote><figcaption>b</figcaption></figure>",
         [("p", "figure:1/blockquote:2"), ("p", "figure:1")]),
        ("<blockquote><pre>a</pre></blockquote>", [("pre", "blockquote:1")]),
    ],
)  # fmt: skip
def test_containers(source, expected):
    assert paths(source) == expected


def test_an_empty_cell_keeps_its_place():
    assert blocks("<table><tr><td></td><td>b</td></tr></table>") == [("td", ""), ("td", "b")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>a <i>b</i> <b>c <em>d</em></b></p>", [("em", "b"), ("strong", "c d"), ("em", "d")]),
        ("<p><em>a<em>b</em></em></p>", [("em", "ab")]),
        ("<p><em> a </em>b</p>", [("em", "a ")]),
        ("<p><em></em><em> </em>a</p>", []),
        ("<em>a<p>b</p>c</em>", [("em", "a"), ("em", "b"), ("em", "c")]),
        ("<p>H<sub>2</sub>O <kbd>x</kbd> <del>y</del> <ins>z</ins> <q>w</q> <small>v</small></p>",
         [("sub", "2"), ("code", "x"), ("s", "y"), ("u", "z"), ("q", "w"), ("small", "v")]),
        ("<p><mark>a</mark> <span>b</span></p>", []),
        ("<p><em>a </em><br><em> b</em></p>", [("em", "a"), ("em", "b")]),
        ("<p><a>a</a> <a href='/x'>b</a></p>", []),
    ],
)  # fmt: skip
def test_inline_formatting(source, expected):
    assert inlines(source) == expected


def test_a_link_keeps_its_address():
    document = read_html(sanitize('<p>see <a href="https://example.org/?a=1&amp;b=é">this</a></p>'), "en")
    (link,) = document.blocks[0].inlines
    assert (link.kind, link.href) == ("a", "https://example.org/?a=1&b=é")


def test_sentences_count_from_the_start_of_the_text():
    document = read_html("<p>One. Two.</p><p>Three.</p>", "en")
    assert [[document.text[s:e] for s, e in block.sentences] for block in document.blocks] == [
        ["One.", "Two."],
        ["Three."],
    ]


def test_html_that_was_never_cleaned_is_read_without_an_error():
    document = read_html("<p onclick=x>a<td>b</em></p><li><nonsense>&bogus; <", "en")
    assert "a" in document.text


def as_sanitised(source: str):
    try:
        return sanitize(source)
    except Refused:
        return None


@given(tag_soup, st.sampled_from(["en", "ar", "zh"]))
def test_a_document_read_from_soup_is_sound(source, language):
    clean = as_sanitised(source)
    if clean is None:
        return
    document = read_html(clean, language)
    assert document == read_html(clean, language)
    assert document.text == "\n".join(document.text_of(block) for block in document.blocks)
    position = 0
    for ordinal, block in enumerate(document.blocks):
        text = document.text_of(block)
        assert (block.ordinal, block.start) == (ordinal, position)
        assert block.kind in BLOCK_KINDS
        assert text or block.kind in ("td", "th")
        assert text == (text.strip(" \n") if block.kind != "pre" else text.strip("\n").rstrip(" \n\t"))
        if block.kind != "pre":
            assert not re.search(r"[\t\r\f]|  | \n|\n ", text)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)
        assert all(name.partition(":")[0] in CONTAINERS for name in block.path)
        for inline in block.inlines:
            assert block.start <= inline.start < inline.end <= block.end
            assert inline.kind in INLINE_KINDS
        covered = [offset for start, end in block.sentences for offset in range(start, end)]
        assert covered == sorted(set(covered))
        assert {o for o in range(block.start, block.end) if not document.text[o].isspace()} <= set(covered)
        position = block.end + 1


@given(tag_soup)
def test_no_visible_character_of_clean_html_is_lost(source):
    clean = as_sanitised(source)
    if clean is None:
        return
    shown = html.unescape(re.sub("<[^>]*>", "", re.sub("<(br|hr)>", " ", clean)))
    seen = [character for character in read_html(clean, "en").text if not shows_nothing(character)]
    assert seen == [character for character in shown if not shows_nothing(character)]


@given(tag_soup)
def test_a_rendered_document_reads_back_as_itself(source):
    clean = as_sanitised(source)
    if clean is None:
        return
    document = read_html(clean, "en")
    assert document.blocks
    # On the page a line break inside of a block is a newline with white-space: pre-line; in HTML it is a br.
    woven = [
        piece.replace("\n", "<br>") if block.kind != "pre" else piece
        for block, piece in zip(document.blocks, weave(document, []), strict=True)
    ]
    again = read_html(sanitize(wrap(document, woven)), "en")
    assert again.text == document.text
    assert again.blocks == document.blocks


def test_digest_is_that_of_the_utf8_bytes():
    assert digest("é\n") == hashlib.sha256(b"\xc3\xa9\n").hexdigest()
    assert digest("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert digest("a") != digest("a\n")


@pytest.mark.parametrize(
    "unit",
    [
        "<em>x </em><br>",
        "<p>x",
        "<ul><li>x</ul>",
        "<table><tr><td>x</table>",
        "<em>x</em> <a href='http://x.y/'>z</a> ",
        "<em></em>x",
        "x<br>",
    ],
)
def test_reading_is_linear(unit):
    documents = {count: sanitize(unit * count) for count in (500, 4_000)}

    def seconds(count: int) -> float:
        before = thread_time()
        read_html(documents[count], "en")
        return thread_time() - before

    assert grows_linearly(seconds, 500)
