"""Which way a text runs: its letters say so first, then its language."""

import pytest

from opslens.text.direction import direction, first_strong, has_right_to_left, language_direction


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "An English text", "ltr"),
        ("he", "שלום עולם", "rtl"),
        ("en", "مرحبا بالعالم", "rtl"),
        ("ar", "An English text with the wrong language", "ltr"),
        ("ar", "123 — 456", "rtl"),
        ("", "", "ltr"),
        ("he", "דבריו של John Smith בכנסת ישראל אתמול", "rtl"),
        ("en", "He said שלום and left the room", "ltr"),
        ("dv", "ދިވެހި", "rtl"),
        ("zh", "漢字", "ltr"),
        ("xx", "𞤀𞤣𞤤𞤢𞤥", "rtl"),
    ],
)
def test_direction(language, text, expected):
    assert direction(language, text) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        *[
            (tag, "rtl")
            for tag in ("ar", "ar-EG", "AR_eg", "he", "iw", "fa", "ur-PK", "ps", "yi", "ckb", "az-Arab", "uz-arab-AF")
        ],
        *[(tag, "ltr") for tag in ("en", "", "ku", "ur-Latn", "zh-Hant-TW", "not a tag", "yi-Latn")],
    ],
)
def test_language_direction(language, expected):
    assert language_direction(language) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("1. שלום a", "rtl"), ("“a שלום", "ltr"), ("12 !", ""), ("\u200fabc", "rtl")]
)
def test_first_strong(text, expected):
    assert first_strong(text) == expected


@pytest.mark.parametrize("text", ["שלום", "a\u200f", "ﬡ", "ﷺ", "𐤀", "𞤀", "ܐ", "ࠀ", "ߊ"])
def test_right_to_left_characters_are_noticed(text):
    assert has_right_to_left(text)


def test_plain_text_has_none():
    assert not has_right_to_left("abc äöü 漢字 😀")
