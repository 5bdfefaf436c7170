"""Which sentences are units, and which of them a mark covers."""

from __future__ import annotations

import pytest

from annotations.agreement.units import Sentence, covered, says_something, sentences_of, values_of
from opslens.text.blocks import Block, Document


def cover(length: int, start: int, end: int, share: float = 0.5, characters: int = 15) -> bool:
    """Whether [start, end) covers a sentence of this length."""
    return bool(covered([Sentence(0, 0, length)], [0], start, end, share=share, characters=characters))


def test_half_of_a_sentence_covers_it_and_one_code_point_less_does_not():
    assert cover(20, 0, 10)
    assert not cover(20, 0, 9)
    assert cover(20, 10, 20)
    assert not cover(21, 0, 10)


def test_fifteen_code_points_cover_a_sentence_however_long_and_one_less_do_not():
    assert cover(1000, 500, 515)
    assert not cover(1000, 500, 514)


def test_a_share_counts_as_it_was_typed():
    # 0.55 * 100 is a little above 55, 0.07 * 100 a little above 7.
    assert cover(100, 0, 55, share=0.55, characters=1000)
    assert not cover(100, 0, 54, share=0.55, characters=1000)
    assert cover(100, 0, 7, share=0.07, characters=1000)
    assert cover(10, 0, 10, share=1, characters=1000)
    assert not cover(10, 0, 9, share=1, characters=1000)


def test_a_mark_beside_a_sentence_does_not_touch_it():
    assert not cover(3, 3, 10)
    assert not cover(3, 3, 10, share=1e-9, characters=1)


def test_a_mark_over_several_sentences_covers_those_of_which_it_holds_enough():
    sentences = [Sentence(0, 0, 10), Sentence(0, 11, 21), Sentence(1, 22, 42), Sentence(1, 43, 200)]
    starts = [one.start for one in sentences]
    assert covered(sentences, starts, 6, 50, share=0.5, characters=15) == [1, 2]
    assert covered(sentences, starts, 5, 58, share=0.5, characters=15) == [0, 1, 2, 3]
    assert covered([], [], 5, 58, share=0.5, characters=15) == []


def test_two_marks_of_one_tag_do_not_cover_a_sentence_together():
    marks = [(0, 4, [7]), (4, 8, [7])]
    assert values_of([Sentence(0, 0, 10)], marks, share=0.5, characters=15) == ([frozenset()], 2)


def test_tags_of_several_marks_on_a_sentence_come_together():
    marks = [(0, 10, [7]), (2, 10, [8, 7]), (0, 10, [])]
    assert values_of([Sentence(0, 0, 10), Sentence(0, 11, 20)], marks, share=0.5, characters=15) == (
        [frozenset({7, 8}), frozenset()],
        0,
    )


def test_emoji_count_by_code_points():
    sentence = "👩‍👩‍👧 pay. "  # five code points for one family
    text = sentence.rstrip()
    assert len(text) == 10
    assert cover(len(text), 0, len("👩‍👩‍👧"))
    assert not cover(len(text), 0, len("👩‍👩‍"))


@pytest.mark.parametrize("text", ["A.", "9", "😀", "€ 5", "ا", "…and"])
def test_letters_digits_and_symbols_say_something(text):
    assert says_something(text)


@pytest.mark.parametrize("text", ["", " ", "***", "—", "\u00a0…\u200b", "“”", "- - -"])
def test_white_space_and_punctuation_say_nothing(text):
    assert not says_something(text)


def test_sentences_that_say_nothing_are_no_units():
    text = "One. *** Two.\n* * *\nThree."
    blocks = (
        Block(0, "p", 0, 13, sentences=((0, 4), (5, 8), (9, 13))),
        Block(1, "p", 14, 19, sentences=((14, 19),)),
        Block(2, "p", 20, 26, sentences=((20, 26),)),
    )
    found = sentences_of(Document(text, blocks, "en"))
    assert found == [Sentence(0, 0, 4), Sentence(0, 9, 13), Sentence(2, 20, 26)]
