"""Words of every script, and the minutes they take."""

import pytest

from opslens.text.reading_time import minutes_to_read, word_count


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("— … !", 0),
        ("One two, three.", 3),
        ("It’s the well-known U.S. 3.5 per cent e.g. 1,000", 9),
        ("e\u0301te\u0301 naïve", 2),
        ("שלום עולם", 2),
        ("مرحبا بالعالم", 2),
        ("می‌خواهم بروم", 2),
        ("你好世界", 2),
        ("こんにちは。世界", 4),
        ("한국어 문장", 2),
        ("สวัสดีชาวโลก", 3),
        ("AI在中国", 3),
        ("😀 👩‍👩‍👧 ok", 1),
    ],
)
def test_word_count(text, words):
    assert word_count(text) == words


def test_word_count_is_linear_in_one_long_word():
    assert word_count("a" * 500_000) == 1
    assert word_count("a-" * 250_000) == 1


@pytest.mark.parametrize(
    ("words", "minutes"),
    [(0, (1, 1)), (1, (1, 1)), (175, (1, 1)), (176, (1, 2)), (900, (3, 6)), (1050, (4, 6)), (10_000, (33, 58))],
)
def test_minutes_are_a_range(words, minutes):
    assert minutes_to_read(words) == minutes


def test_minutes_never_run_backwards():
    for words in range(0, 3000, 7):
        low, high = minutes_to_read(words)
        assert 1 <= low <= high
