"""Sentences lie in order inside their text, trimmed, and cover everything but white space."""

import socket

import pytest
from hypothesis import given

from opslens.text.sentences import split
from tests.text.strategies import any_text, languages


def sentences(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in split(text, language)]


@given(any_text, languages)
def test_sentences_are_ordered_trimmed_and_cover_all_but_white_space(text, language):
    found = split(text, language)
    position = 0
    for start, end in found:
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["Dr. Smith cut patrols in the U.S. by a third.", "He said “No!” and left.", "Was it 3.5 percent?"]),
        ("de", ["Das gilt z. B. für Berlin.", "Dr. Kern sieht das anders.", "Warum?"]),
        ("ar", ["مرحبا بالعالم.", "كيف حالك؟", "أنا بخير!"]),
        ("fa", ["سلام دنیا.", "چطوری؟", "خوبم."]),
        ("he", ["שלום עולם.", "מה שלומך?", "טוב."]),
        ("ru", ["Он ушёл.", "Когда?", "Вчера."]),
    ],
)
def test_sentences_of_spaced_languages(language, expected):
    assert sentences(" ".join(expected), language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [("zh", ["你好。", "世界！", "再见？"]), ("ja", ["こんにちは。", "「はい。」", "そう。"])],
)
def test_sentences_of_languages_without_spaces(language, expected):
    assert sentences("".join(expected), language) == expected


def test_emoji_do_not_shift_offsets():
    text = "👨‍👩‍👧‍👦 The family left. 🇬🇧 A flag stayed!"
    assert sentences(text) == ["👨‍👩‍👧‍👦 The family left.", "🇬🇧 A flag stayed!"]


def test_a_text_without_punctuation_is_one_sentence():
    assert sentences("A headline without a stop") == ["A headline without a stop"]
    assert sentences("two\nlines") == ["two\nlines"]


def test_a_text_of_white_space_has_no_sentence():
    assert split("", "en") == []
    assert split(" \n\u00a0\u3000", "en") == []


@pytest.mark.parametrize("language", ["xx", "", "not a tag", "en-GB", "EN", "en_US", "zz-Latn-ZZ", "123", "é"])
def test_an_unknown_language_counts_as_english(language):
    text = "Mr. Brown left. Nobody knows why."
    assert sentences(text, language) == ["Mr. Brown left.", "Nobody knows why."]


def test_splitting_never_opens_a_connection(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert len(sentences("One. Two. Three.", "sv")) == 3
