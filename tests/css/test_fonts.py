"""The typefaces are the files that README.md names, and the style sheet uses each of them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
FONTS = STATIC / "fonts"


def test_every_font_has_the_hash_that_the_readme_gives():
    named = dict(re.findall(r"\| `([^`]+\.woff2)` \| \d+ \| `([0-9a-f]{64})` \|", (FONTS / "README.md").read_text()))
    assert named == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FONTS.glob("*.woff2")}


def test_every_font_stands_beside_its_licence():
    licences = {file.name.removeprefix("LICENSE-").removesuffix(".txt") for file in FONTS.glob("LICENSE-*.txt")}
    assert {family for file in FONTS.glob("*.woff2") for family in licences if file.name.startswith(family)} == licences
    assert all(any(file.name.startswith(family) for family in licences) for file in FONTS.glob("*.woff2"))


def test_style_sheets_refer_to_files_that_are_there():
    used = set()
    for sheet in STATIC.glob("css/**/*.css"):
        for url in re.findall(r'url\("([^")]+)"\)', sheet.read_text()):
            file = (sheet.parent / url).resolve()
            assert file.is_file(), f"{sheet.name}: {url}"
            used.add(file)
    assert set(FONTS.glob("*.woff2")) <= used


def test_fonts_are_small_enough():
    size = {file.name: file.stat().st_size for file in FONTS.glob("*.woff2")}
    assert sum(size.values()) < 600 * 1024
    english = (
        "source-serif-4-latin-wght-normal",
        "source-serif-4-latin-wght-italic",
        "source-sans-3-latin-wght-normal",
    )
    assert sum(size[f"{name}.woff2"] for name in english) < 150 * 1024
