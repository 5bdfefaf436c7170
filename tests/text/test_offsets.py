"""Positions: UTF-16 and back, and where a passage may begin and end."""

import json
from pathlib import Path
from time import thread_time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from opslens.text.offsets import code_points_to_utf16, snap, utf16_to_code_points
from tests.text.strategies import any_text

CASES = json.loads((Path(__file__).parent.parent / "cases" / "offsets.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["utf16"], ids=lambda case: case["name"])
def test_utf16_positions_of_the_shared_cases(case):
    text, positions = case["text"], case["positions"]
    assert [code_points_to_utf16(text, i) for i in range(len(text) + 1)] == positions
    assert [utf16_to_code_points(text, position) for position in positions] == list(range(len(text) + 1))


@pytest.mark.parametrize("case", CASES["inside_a_pair"], ids=lambda case: f"{case['text']}{case['utf16']}")
def test_a_position_inside_a_surrogate_pair_counts_as_its_start(case):
    assert utf16_to_code_points(case["text"], case["utf16"]) == case["code_points"]


@pytest.mark.parametrize(
    ("text", "case"),
    [pytest.param(c["text"], row, id=f"{c['name']} {row}") for c in CASES["snap"] for row in c["cases"]],
)
def test_snap_gives_the_shared_cases(text, case):
    start, end, *expected = case
    assert list(snap(text, start, end)) == expected


@given(any_text, st.integers(-3, 200))
def test_code_points_survive_the_way_through_utf16(text, offset):
    clamped = min(max(offset, 0), len(text))
    utf16 = code_points_to_utf16(text, offset)
    assert utf16 == len(text[:clamped].encode("utf-16-le", "surrogatepass")) // 2
    assert utf16_to_code_points(text, utf16) == clamped


@given(any_text, st.integers(-3, 300))
def test_utf16_positions_never_leave_the_text_and_grow_with_the_position(text, position):
    here = utf16_to_code_points(text, position)
    assert 0 <= here <= utf16_to_code_points(text, position + 1) <= len(text)


@given(any_text, st.integers(-3, 120), st.integers(-3, 120))
def test_snap_stays_in_the_text_and_changes_nothing_the_second_time(text, start, end):
    low, high = snap(text, start, end)
    assert 0 <= low <= high <= len(text)
    assert snap(text, low, high) == (low, high)


@given(any_text, st.integers(0, 120), st.integers(0, 120))
def test_snap_keeps_whole_graphemes_and_loses_only_white_space(text, start, end):
    borders = {match.start() for match in regex.finditer(r"\X", text)} | {len(text)}
    low, high = snap(text, start, end)
    if low < high:
        assert low in borders
        assert high in borders
        chosen = text[min(start, len(text)) : min(end, len(text))]
        assert chosen.strip() in text[low:high]
        graphemes = regex.findall(r"\X", text[low:high])
        assert not graphemes[0].isspace()
        assert not graphemes[-1].isspace()
    elif start < end:
        assert not text[min(start, len(text)) : min(end, len(text))].strip()


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("a \u0301b", (1, 4), (1, 4)),
        ("a  \u0301b", (1, 4), (2, 4)),
        ("\u0600 x", (0, 2), (0, 2)),
        ("a\r\nb", (0, 2), (0, 1)),
    ],
)
def test_white_space_that_is_part_of_a_grapheme_stays(text, given, expected):
    assert snap(text, *given) == expected


def test_snap_looks_at_the_neighbourhood_only():
    """A mark at the end of a long text must not cost a walk over the text."""

    def seconds(words: int) -> float:
        text = "word " * words + "cafe\u0301"
        before = thread_time()
        for _ in range(50):
            assert snap(text, len(text) - 5, len(text) - 1) == (len(text) - 5, len(text))
        return thread_time() - before

    assert any(seconds(200_000) < 10 * seconds(2_000) + 0.02 for _ in range(5))
