"""The block table: finding blocks, and surviving JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslens.text.blocks import Document
from opslens.text.canonical import read_html
from tests.text.strategies import documents

ROW = read_html("<p>One.</p><table><tbody><tr><td>a</td><td></td><td>b</td></tr></tbody></table><p>Two.</p>", "en")


@given(documents())
def test_the_table_survives_json_exactly(document):
    table = document.to_json()
    again = Document.from_json(table, text=document.text, language=document.language)
    assert again == document
    assert again.to_json() == table


@given(documents(), st.integers(-1, 90), st.integers(-1, 90))
def test_blocks_between_are_those_that_share_a_character(document, start, end):
    expected = [
        block.ordinal for block in document.blocks if any(start <= i < end for i in range(block.start, block.end))
    ]
    assert [block.ordinal for block in document.blocks_between(start, end)] == expected


@given(documents(), st.data())
def test_block_at_holds_the_offset_or_ends_right_before_it(document, data):
    offset = data.draw(st.integers(0, len(document.text)))
    block = document.block_at(offset)
    assert block.start <= offset <= block.end


def test_block_at_an_empty_cell_and_at_the_borders():
    assert [ROW.text_of(block) for block in ROW.blocks] == ["One.", "a", "", "b", "Two."]
    assert [ROW.block_at(offset).ordinal for offset in (0, 4, 5, 6, 7, 8, 10, len(ROW.text))] == [
        0,
        0,
        1,
        1,
        2,
        3,
        4,
        4,
    ]


@pytest.mark.parametrize("offset", [-1, 1000])
def test_block_at_raises_outside_of_the_text(offset):
    with pytest.raises(IndexError):
        ROW.block_at(offset)


def test_block_at_raises_without_blocks():
    with pytest.raises(IndexError):
        Document(text="", blocks=(), language="en").block_at(0)


def test_a_table_of_another_version_is_refused():
    table = json.loads(ROW.to_json()) | {"v": 99}
    with pytest.raises(ValueError, match="version"):
        Document.from_json(json.dumps(table), text=ROW.text, language="en")


def test_a_table_that_does_not_fit_the_text_is_refused():
    with pytest.raises(ValueError, match="outside"):
        Document.from_json(ROW.to_json(), text=ROW.text[:-1], language="en")
