"""How the cost of something grows, told on machines that are busy with other things as well."""

from __future__ import annotations

from collections.abc import Callable

ATTEMPTS = 5


def grows_linearly(seconds: Callable[[int], float], small: int, times: int = 8) -> bool:
    """Whether `seconds(small * times)` stays well below what quadratic growth would make of `seconds(small)`.

    Quadratic cost would be `times` squared; half of that is allowed, and a busy machine gets more than one
    attempt: noise passes, growth stays.
    """
    for _ in range(ATTEMPTS):
        if seconds(small * times) < times * times / 2 * seconds(small) + 0.05:
            return True
    return False
