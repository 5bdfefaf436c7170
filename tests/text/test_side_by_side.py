"""Two revisions beside one another: nothing is lost or shown twice, and what is said of each block is so."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from opslens.text.anchoring.diffing import map_texts
from opslens.text.canonical import read_html
from opslens.text.side_by_side import apart, compare, folded

_SPOKEN = re.compile(r'<span class="visually-hidden">.*?</span>')
_TAG = re.compile(r"<[^>]+>")


def document(*paragraphs: str):
    return read_html("".join(f"<p>{html.escape(text)}</p>" for text in paragraphs), "en")


def compared(old, new, **more):
    return compare(old, new, map_texts(old.text, new.text), **more)


def plain(markup: str) -> str:
    return html.unescape(_TAG.sub("", _SPOKEN.sub("", markup)))


def kinds(result) -> list[tuple[str, int | None, int | None]]:
    sides = ((row.kind, row.old, row.new) for row in result.rows)
    return [(kind, old and old.ordinal, new and new.ordinal) for kind, old, new in sides]


def test_what_becomes_of_each_block():
    old = document("The lamp went out on Monday.", "It rained all day.", "Nobody had a candle left.", "So we slept.")
    new = document("So we slept.", "The lamp went out on Tuesday.", "It rained all day.", "Then came the cat.")
    assert kinds(compared(old, new)) == [
        ("moved-here", None, 0), ("changed", 0, 1), ("same", 1, 2), ("removed", 2, None), ("moved-away", 3, None),
        ("added", None, 3),
    ]  # fmt: skip
    moved = [row.counterpart for row in compared(old, new).rows if row.kind.startswith("moved")]
    assert moved == [3, 0]
    assert compared(old, new).summary.blocks_moved == 1


def test_words_that_came_and_went_are_told_apart_and_aloud():
    old, new = document("The lamp went out on Monday."), document("The lamp went out on Tuesday.")
    (row,) = compared(old, new).rows
    assert row.old.html == (
        "The lamp went out on "
        '<del><span class="visually-hidden">[removed: </span>Monday<span class="visually-hidden">]</span></del>.'
    )
    assert row.new.html.count("<ins>") == 1
    assert "<del>" not in row.new.html
    assert row.inline.index("<del>") < row.inline.index("<ins>")
    assert apart("a <b> c", "a d c")[0].count("&lt;b&gt;") == 1


def test_marks_of_both_sides_lie_over_their_words():
    old, new = document("The lamp went out on Monday."), document("The lamp went out on Tuesday.")
    (row,) = compared(old, new, old_marks=[(4, 8, (1,)), (4, 8, (3,))], new_marks=[(21, 28, (2,))]).rows
    assert '<mark class="a1 b3">lamp</mark>' in row.old.html
    assert '<mark class="a2">Tuesday</mark>' in row.new.html
    assert "<mark" not in row.inline.split("<del>")[0], "what is equal wears the marks of the new text"


def test_what_touches_a_watched_passage():
    old, new = document("One two three four five."), document("One two brand new three four six.")

    def touched(old_ranges=(), new_ranges=()):
        return compared(old, new, watched=(old_ranges, new_ranges)).rows[0].touched

    assert touched(old_ranges=[(4, 13)]), "words came into it"
    assert not touched(old_ranges=[(0, 7)]), "words came behind it"
    assert touched(old_ranges=[(19, 23)]), "its word went"
    assert touched(new_ranges=[(8, 13)])
    assert not touched(new_ranges=[(0, 7)])
    assert not touched()


def test_unchanged_blocks_away_from_changes_are_folded():
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven"]
    paragraphs = [f"Paragraph {word} stands here, quite alone." for word in words]
    old, new = (
        document(*paragraphs),
        document(*paragraphs[:4], "Paragraph four fell over, quite alone.", *paragraphs[5:]),
    )
    parts = folded(compared(old, new).rows)
    assert [(part.is_folded, len(part.rows)) for part in parts] == [(True, 3), (False, 3), (True, 2)]
    assert [(part.is_folded, len(part.rows)) for part in folded(compared(old, old).rows)] == [(True, 8)]
    assert folded([]) == []


_WORDS = st.sampled_from("lamp went out the it rained 5 not Ada <b> & 😀👩‍👩‍👧 e\u0301te مرحبا 今天".split())
_TEXTS = st.lists(st.lists(_WORDS, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=6)


@given(_TEXTS, _TEXTS)
def test_both_texts_are_there_once(before, after):
    old, new = document(*before), document(*after)
    result = compared(old, new, old_marks=[(0, 3, (1,))], new_marks=[(1, 2, ())])
    olds = [row.old for row in result.rows if row.old]
    news = [row.new for row in result.rows if row.new]
    assert [side.ordinal for side in olds] == list(range(len(old.blocks)))
    assert [side.ordinal for side in news] == list(range(len(new.blocks)))
    assert "\n".join(plain(side.html) for side in olds) == old.text
    assert "\n".join(plain(side.html) for side in news) == new.text
    for row in result.rows:
        if row.kind == "same":
            assert plain(row.old.html) == plain(row.new.html)


@given(_TEXTS)
def test_a_text_does_not_differ_from_itself(paragraphs):
    one = document(*paragraphs)
    result = compared(one, one)
    assert {row.kind for row in result.rows} == {"same"}
    assert (result.summary.words_added, result.summary.words_removed, result.summary.blocks_moved) == (0, 0, 0)
