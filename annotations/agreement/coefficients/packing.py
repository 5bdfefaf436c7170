"""Many small whole numbers in one large one, so that adding two rows is one addition.

A field has ``width`` bytes, the first one is the lowest. Fields must not overflow: ``width_for`` says what they need.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_LETTERS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def width_for(most: int) -> int:
    """Return how many bytes a field needs that gets up to ``most``; 1, 2, 4, 8 or more than 8."""
    needed = max(1, (most.bit_length() + 7) // 8)
    return next((width for width in _LETTERS if width >= needed), needed)


def pack(fields: Iterable[int], width: int) -> int:
    """Return one number of all fields."""
    return int.from_bytes(b"".join(field.to_bytes(width, "little") for field in fields), "little")


def unpack(packed: int, fields: int, width: int) -> tuple[int, ...]:
    """Return the fields, of which there are ``fields``."""
    stored = packed.to_bytes(fields * width, "little")
    if letter := _LETTERS.get(width):
        return struct.unpack(f"<{fields}{letter}", stored)
    return tuple(int.from_bytes(stored[at : at + width], "little") for at in range(0, fields * width, width))
