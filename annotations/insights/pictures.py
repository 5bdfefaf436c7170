"""Figures as SVG. They show what tables beside them say, and are hidden from those who listen to the page. Places are
shares of the width, so that lines and letters keep their size on every screen; looks are classes of
`static/css/pages/insights.css`. Patterns tell parts apart without colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotations.insights.profile import NOTHING, SEVERAL, Shares, Spread
from annotations.insights.spans import Piece

_CELL, _HEAD, _NAMES = 38, 30, 172  # pixels
_LETTERS = 20  # of a name beside a row
_STEPS = 5
_HEIGHT = 120  # of the columns
_NAMED = 0.09  # a part that is at least so wide has its figure over it
# What is drawn over the ground of a part. The ids are those of the patterns in templates/insights/_patterns.html.
_PATTERNS = {"vague-source": "lines", "unsourced": "dots", SEVERAL: "crosses"}


def _part(key: str, x: str, width: str, y: int, height: int) -> str:
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    over = f'<rect {place} fill="url(#{_PATTERNS[key]})"/>' if key in _PATTERNS else ""
    return f'<rect class="part {"bare" if key == NOTHING else key}" {place}/>{over}'


def swatch(key: str) -> SafeString:
    """A sample of a part’s look, for its row in the table."""
    inside = _part(key, "1", "18", 1, 12)
    return mark_safe(f'<svg class="swatch" width="20" height="14" aria-hidden="true" focusable="false">{inside}</svg>')


def parts(shares: Shares) -> SafeString:
    """The parts of a whole side by side, with the figure over each that has room for it."""
    out = ['<svg class="parts" width="100%" height="58" aria-hidden="true" focusable="false">']
    at = 0.0
    for part in shares.parts:
        share = part.count / shares.of if shares.of else 0
        if share:
            out.append(_part(part.key, _percent(at), _percent(share), 20, 36))
            if share >= _NAMED:
                words = percent(share)
                out.append(f'<text x="{_percent(at + share / 2)}" y="13" text-anchor="middle">{words}</text>')
        at += share
    return mark_safe("".join([*out, "</svg>"]))


def line(value: float | None, spread: Spread | None, top: float) -> SafeString:
    """A figure on an axis from 0 to `top`, with the spread between readers; nothing where there is no figure."""
    if value is None:
        return mark_safe("")
    top = top or 1.0

    def at(number: float) -> str:
        return f"{3 + 94 * min(number / top, 1):.2f}%"

    out = [
        '<svg class="line" width="100%" height="22" aria-hidden="true" focusable="false">',
        f'<line class="axis" x1="{at(0)}" y1="11" x2="{at(top)}" y2="11"/>',
        *(f'<line class="tick" x1="{x}" y1="7" x2="{x}" y2="15"/>' for x in (at(0), at(top))),
    ]
    if spread is not None:
        ends = at(spread.low), at(spread.high)
        out.append(f'<line class="spread" x1="{ends[0]}" y1="11" x2="{ends[1]}" y2="11"/>')
        out += [f'<line class="spread" x1="{x}" y1="6" x2="{x}" y2="16"/>' for x in ends]
    out += [f'<circle class="value" cx="{at(value)}" cy="11" r="5"/>', "</svg>"]
    return mark_safe("".join(out))


def columns(pieces: Sequence[Piece]) -> SafeString:
    """Marks over time, a column for each piece; the highest one has its figure, the first and last their names."""
    top = max((piece.count for piece in pieces), default=0)
    if not top:
        return mark_safe("")
    wide = 1 / len(pieces)
    figured = range(len(pieces)) if len(pieces) <= 8 else [max(range(len(pieces)), key=lambda at: pieces[at].count)]
    out = [f'<svg class="columns" width="100%" height="{_HEIGHT + 46}" aria-hidden="true" focusable="false">']
    for at, piece in enumerate(pieces):
        height = max(round(_HEIGHT * piece.count / top), 2) if piece.count else 0
        y = 20 + _HEIGHT - height
        gap = min(0.15 * wide, 0.01)
        if height:
            place = f'x="{_percent(at * wide + gap)}" y="{y}" width="{_percent(min(wide - 2 * gap, 0.12))}"'
            out.append(f'<rect class="column" {place} height="{height}"/>')
        if at in figured and piece.count:
            middle = at * wide + gap + min(wide - 2 * gap, 0.12) / 2
            anchor = "start" if middle < 0.02 else "end" if middle > 0.98 else "middle"
            out.append(f'<text x="{_percent(middle)}" y="{y - 6}" text-anchor="{anchor}">{piece.count}</text>')
    base = 20 + _HEIGHT
    out.append(f'<line class="axis" x1="0" y1="{base}" x2="100%" y2="{base}"/>')
    out.append(f'<text x="0" y="{base + 18}">{pieces[0].label}</text>')
    if len(pieces) > 1:
        out.append(f'<text x="100%" y="{base + 18}" text-anchor="end">{pieces[-1].label}</text>')
    return mark_safe("".join([*out, "</svg>"]))


def matrix(names: Sequence[str], counts: Mapping[tuple[int, int], int]) -> SafeString:
    """How often two things are found together; every cell has its figure, and a tint as well. `counts` by (row,
    column), the smaller one first."""
    width, height = _NAMES + _CELL * len(names) + 2, _HEAD + _CELL * len(names) + 2
    top = max(counts.values(), default=0)
    out = [f'<svg class="together" width="{width}" height="{height}" aria-hidden="true" focusable="false">']
    for at, name in enumerate(names):
        middle = _CELL * at + _CELL // 2
        short = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
        out.append(f'<text class="name" x="{_NAMES + middle}" y="{_HEAD - 10}" text-anchor="middle">{at + 1}</text>')
        out.append(f'<text class="name" x="22" y="{_HEAD + middle + 4}" text-anchor="end">{at + 1}</text>')
        out.append(f'<text x="30" y="{_HEAD + middle + 4}">\u2068{escape(short)}\u2069</text>')
    for i in range(len(names)):
        for j in range(len(names)):
            count = counts.get((min(i, j), max(i, j)), 0)
            x, y = _NAMES + _CELL * j, _HEAD + _CELL * i
            look = "same" if i == j else f"k{-(-count * _STEPS // top) if top else 0}"
            out.append(
                f'<rect class="{look}" x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{_CELL - 2}" rx="3"/>'
            )
            if i != j and count:
                out.append(f'<text x="{x + _CELL // 2}" y="{y + _CELL // 2 + 4}" text-anchor="middle">{count}</text>')
    return mark_safe("".join([*out, "</svg>"]))


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"


def percent(share: float) -> str:
    """Whole per cent, halves rounded up as people do."""
    return f"{floor(100 * share + 0.5)} %"
