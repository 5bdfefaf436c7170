"""The sealed word that says how far a stream has come."""

from __future__ import annotations

import pytest

from annotations.live.cursor import pack, seal, unpack, unseal

NAMES, KIND = ("team:1", "team:1:a3"), "team:1:a3"
POSITIONS = {"team:1": 7, "team:1:a3": 300_000, "team:1:a3:u12": 128, "team:1:a3:u7": 1}


def test_positions_are_what_they_were():
    assert unpack(pack(POSITIONS, NAMES), NAMES, KIND) == POSITIONS
    assert unpack(pack({}, NAMES), NAMES, KIND) == {"team:1": 0, "team:1:a3": 0}


def test_only_its_own_place_opens_a_cursor():
    word = seal(b"numbers", "reader 1", always_new=True)
    assert unseal(word, "reader 1") == b"numbers"
    with pytest.raises(ValueError):
        unseal(word, "reader 2")


@pytest.mark.parametrize("always_new", [True, False])
def test_a_cursor_with_one_letter_changed_is_none(always_new):
    word = seal(b"numbers", "here", always_new=always_new)
    for at in range(len(word) - 1):  # the last letter holds bits that mean nothing
        other = "B" if word[at] == "A" else "A"
        with pytest.raises(ValueError):
            unseal(word[:at] + other + word[at + 1 :], "here")


@pytest.mark.parametrize("word", ["", "x", "é" * 40, "\x00" * 40, "A" * 9_000, "....", "A" * 24])
def test_no_other_word_is_a_cursor(word):
    with pytest.raises(ValueError):
        unseal(word, "here")


def test_cursors_outside_of_sessions_tell_nothing():
    few, many = (pack({"article:1": number}, ("article:1",)) for number in (3, 2**40))
    assert len(seal(few, "here", always_new=True)) == len(seal(many, "here", always_new=True)) == 32
    assert seal(few, "here", always_new=True) != seal(few, "here", always_new=True)


def test_equal_positions_in_a_session_make_equal_cursors():
    assert seal(b"numbers", "here", always_new=False) == seal(b"numbers", "here", always_new=False)
    assert seal(b"numbers", "here", always_new=False) != seal(b"numberz", "here", always_new=False)
