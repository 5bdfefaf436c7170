"""Coefficients in words and figures, as people read them."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from annotations.agreement.coefficients import Interval, Undefined, band

# Why there is no number: for a cell, and as a sentence.
SHORT = {
    "no-variation": "no variation",
    "too-few-readers": "fewer than two readers",
    "too-few-units": "fewer than ten sentences",
    "nothing-shared": "no sentence in common",
}
LONG = {
    "no-variation": "All values are the same: nobody marked anything, or everybody marked the same everywhere. Then "
    "nothing says what chance would do. This is not perfect agreement.",
    "too-few-readers": "Fewer than two readers have finished. An article that is not finished counts as missing, never "
    "as empty.",
    "too-few-units": "Fewer than ten sentences have been finished by two readers. A number from so few would say "
    "little.",
    "nothing-shared": "No sentence has been finished by two readers.",
}


def figure(value: float, digits: int = 2) -> str:
    """As printed: with a real minus, and no minus before zero."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", "−")


def number_html(value: float | Undefined, reasons: dict[str, str] = SHORT) -> SafeString:
    """Two digits, with six for programs; or why there is none."""
    if isinstance(value, Undefined):
        reason = reasons[value.reason]
        return format_html('<span class="no-number">not defined<span>: {}</span></span>', reason)
    return format_html('<data value="{}">{}</data>', f"{value:.6f}", figure(value))


def percent_html(value: float | Undefined) -> SafeString:
    if isinstance(value, Undefined):
        return number_html(value)
    return format_html('<data value="{}">{} %</data>', f"{value:.6f}", figure(value * 100, 0 if value >= 0.1 else 1))


def interval_html(value: Interval | Undefined) -> SafeString:
    if isinstance(value, Undefined):
        return mark_safe('<span class="no-number">–</span>')
    return format_html(
        '<data value="{},{}">{} to {}</data>',
        f"{value.low:.6f}",
        f"{value.high:.6f}",
        figure(value.low),
        figure(value.high),
    )


def band_word(value: float | Undefined) -> str:
    """firm, tentative or discuss; "" where there is no number."""
    return band(value) or ""
