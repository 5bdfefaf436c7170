"""What stands where there is no number, and how a number is spoken of."""

from __future__ import annotations

from dataclasses import dataclass

NO_VARIATION, TOO_FEW_READERS = "no-variation", "too-few-readers"
TOO_FEW_UNITS, NOTHING_SHARED = "too-few-units", "nothing-shared"
REASONS = (NO_VARIATION, TOO_FEW_READERS, TOO_FEW_UNITS, NOTHING_SHARED)

FIRM, TENTATIVE, DISCUSS = "firm", "tentative", "discuss"


@dataclass(frozen=True, slots=True)
class Undefined:
    """There is no number, and why; false in conditions.

    So is a coefficient of exactly 0: ask ``isinstance(value, Undefined)`` to tell the two apart. ``reason`` is one of

    - ``no-variation``: all values are the same, so nothing says what chance would do;
    - ``too-few-readers``, ``too-few-units``: fewer than are asked for;
    - ``nothing-shared``: no unit has values of two readers.
    """

    reason: str

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"{self.reason!r} is no reason; there are {', '.join(REASONS)}.")

    def __bool__(self) -> bool:
        return False


def band(value: float | Undefined) -> str | None:
    """Return ``firm`` from 0.80 on, ``tentative`` from 0.667 on, else ``discuss``; None where there is no number.

    The limits are Krippendorff's (Content Analysis, 2004, p. 241), given there for conclusions that are costly when
    wrong. They are no verdict on readers.
    """
    if isinstance(value, Undefined):
        return None
    if value >= 0.8:
        return FIRM
    return TENTATIVE if value >= 0.667 else DISCUSS
