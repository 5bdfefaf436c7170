"""Contrast of the colours in tokens.css, by the formula of WCAG 2.2, in each theme."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
THEMES = ("light", "dark", "sepia")
SLOTS = range(11)  # 0 is a mark without a tag
_TOKEN = re.compile(r"--([a-z0-9-]+):\s*(light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)|#[0-9a-f]{6});")


def colours(theme: str) -> dict[str, str]:
    """The value of every opaque colour token in a theme; sepia is light with some tokens replaced."""
    css = TOKENS.read_text()
    common, sepia = css.split('html[data-theme="sepia"]')
    found = {}
    for name, plain, light, dark in _TOKEN.findall(common):
        found[name] = (dark if theme == "dark" else light) or plain
    if theme == "sepia":
        found |= {name: plain for name, plain, _, _ in _TOKEN.findall(sepia)}
    return found


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("slot", SLOTS)
def test_slot_ink_on_tint_is_9_and_line_on_paper_is_5(theme, slot):
    token = colours(theme)
    assert contrast(token["ink"], token[f"t{slot}"]) >= 9
    assert contrast(token[f"l{slot}"], token["paper"]) >= 5
    assert contrast(token[f"l{slot}"], token[f"t{slot}"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_legible_on_every_surface(theme):
    token = colours(theme)
    for surface in ("paper", "wash", "raised"):
        assert contrast(token["ink"], token[surface]) >= 9
        for words in ("soft", "accent", "danger"):
            assert contrast(token[words], token[surface]) >= 4.5, (words, surface)
        assert contrast(token["edge"], token[surface]) >= 3
    assert contrast(token["on-accent"], token["accent"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("paint", ["pending", "focus", "search", "live"])
def test_what_passes_keeps_the_ink_legible(theme, paint):
    token = colours(theme)
    assert contrast(token["ink"], token[paint]) >= 7


@pytest.mark.parametrize("theme", THEMES)
def test_tints_and_lines_of_the_slots_all_differ(theme):
    token = colours(theme)
    for one, other in combinations(SLOTS, 2):
        assert token[f"t{one}"] != token[f"t{other}"]
        assert token[f"l{one}"] != token[f"l{other}"]
