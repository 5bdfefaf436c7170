"""Pictures of coefficients as SVG. They show what tables beside them say, and are hidden from those who listen to the
page. Places are shares of the width, so that lines and letters keep their size on every screen; looks are classes of
`static/css/pages/agreement.css`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from django.utils.safestring import SafeString, mark_safe

from annotations.agreement.coefficients import Interval, Undefined
from annotations.agreement.numbers import figure

LIMITS = (0.667, 0.8)  # from here tentative, from here firm
LITERATURE = (0.1, 0.35)  # what opinion articles reach
# Lower ends of the steps of a heat matrix; below the first one is step 0.
STEPS = (0.0, 0.2, 0.4, 0.667, 0.8)
_CELL, _HEAD = 36, 34  # pixels


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to 1; `low` is -0.2, or lower where a value is."""

    low: float = -0.2

    @classmethod
    def around(cls, values: Sequence[float]) -> Axis:
        return cls(max(-1.0, min([-0.2, *(floor(value * 5) / 5 for value in values)])))

    def at(self, value: float) -> str:
        """Where a value stands, as a share of the width."""
        share = (min(max(value, self.low), 1.0) - self.low) / (1 - self.low)
        return f"{2 + 96 * share:.2f}%"

    def width(self, low: float, high: float) -> str:
        low, high = (min(max(value, self.low), 1.0) for value in (low, high))
        return f"{96 * (high - low) / (1 - self.low):.2f}%"


def scale(value: float, interval: Interval | Undefined, axis: Axis) -> SafeString:
    """The headline on its axis, with the limits of the bands and what the literature reports."""
    ticks = [tick / 10 for tick in range(round(axis.low * 10), 11, 2) if tick not in (6, 8)]
    parts = [
        '<svg class="scale" width="100%" height="86" aria-hidden="true" focusable="false">',
        f'<rect class="literature" x="{axis.at(LITERATURE[0])}" y="8" width="{axis.width(*LITERATURE)}" height="42"/>',
        f'<line class="axis" x1="{axis.at(axis.low)}" y1="50" x2="{axis.at(1)}" y2="50"/>',
    ]
    for tick in (*ticks, *LIMITS):
        limit = tick in LIMITS
        x = axis.at(tick)
        parts.append(
            f'<line class="{"limit" if limit else "tick"}" x1="{x}" y1="{8 if limit else 46}" x2="{x}" y2="54"/>'
        )
        parts.append(f'<text x="{x}" y="70" text-anchor="middle">{figure(tick, 2 if limit else 1)}</text>')
    parts += [_interval(value, interval, axis, 29, 7), "</svg>"]
    return mark_safe("".join(parts))


def line(value: float | Undefined, interval: Interval | Undefined, axis: Axis) -> SafeString:
    """The same of one tag, small, for the row of a table."""
    if isinstance(value, Undefined):
        return mark_safe("")
    zero, *limits = (axis.at(at) for at in (0.0, *LIMITS))
    parts = [
        '<svg class="line" width="100%" height="22" aria-hidden="true" focusable="false">',
        f'<line class="axis" x1="{zero}" y1="2" x2="{zero}" y2="20"/>',
        *(f'<line class="limit" x1="{x}" y1="2" x2="{x}" y2="20"/>' for x in limits),
        _interval(value, interval, axis, 11, 5),
        "</svg>",
    ]
    return mark_safe("".join(parts))


def _interval(value: float, interval: Interval | Undefined, axis: Axis, y: int, radius: int) -> str:
    found = ""
    if not isinstance(interval, Undefined):
        low, high = axis.at(interval.low), axis.at(interval.high)
        found = f'<line class="interval" x1="{low}" y1="{y}" x2="{high}" y2="{y}"/>' + "".join(
            f'<line class="interval" x1="{x}" y1="{y - radius}" x2="{x}" y2="{y + radius}"/>' for x in (low, high)
        )
    return f'{found}<circle class="value" cx="{axis.at(value)}" cy="{y}" r="{radius}"/>'


def matrix(labels: Sequence[str], values: dict[tuple[int, int], float | Undefined]) -> SafeString:
    """Readers × readers; every cell has its value in figures, and a tint as well. `values` by (row, column) of the
    earlier reader and the later one. Labels are neutral ones and need no escaping."""
    side = _HEAD + _CELL * len(labels)
    parts = [f'<svg class="heat" width="{side}" height="{side}" aria-hidden="true" focusable="false">']
    for at, label in enumerate(labels):
        middle = _HEAD + _CELL * at + _CELL // 2
        parts.append(f'<text class="name" x="{middle}" y="{_HEAD - 10}" text-anchor="middle">{label}</text>')
        parts.append(f'<text class="name" x="{_HEAD - 8}" y="{middle + 4}" text-anchor="end">{label}</text>')
    for i in range(len(labels)):
        for j in range(len(labels)):
            x, y = _HEAD + _CELL * j, _HEAD + _CELL * i
            value = values.get((min(i, j), max(i, j)))
            look, words = ("none", "") if i == j else ("none", "–") if isinstance(value, Undefined) else _look(value)
            parts.append(
                f'<rect class="{look}" x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{_CELL - 2}" rx="3"/>'
            )
            if words:
                middle = f'x="{x + _CELL // 2}" y="{y + _CELL // 2 + 4}"'
                parts.append(f'<text {middle} text-anchor="middle">{words}</text>')
    parts.append("</svg>")
    return mark_safe("".join(parts))


def _look(value: float) -> tuple[str, str]:
    return f"h{sum(value >= step for step in STEPS)}", figure(value)


def legend() -> list[tuple[str, str]]:
    """(look, words) of the steps of a matrix."""
    ends = [figure(step, 3 if step == LIMITS[0] else 1) for step in STEPS]
    between = [(f"h{at}", f"{low} to {high}") for at, (low, high) in enumerate(pairwise(ends), 1)]
    return [("h0", f"below {ends[0]}"), *between, (f"h{len(STEPS)}", f"{ends[-1]} and above")]
