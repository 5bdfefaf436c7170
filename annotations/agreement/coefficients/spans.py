"""Agreement on which characters were marked, without units: spans are (start, end, tag), half-open code points.

Exact F1 compares whole spans, character F1 the characters under them, partial F1 spans by the share they overlap
(Da San Martino et al., Fine-Grained Analysis of Propaganda in News Articles, EMNLP 2019). F1 says how much two
readers share and knows no chance; alpha over characters does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from annotations.agreement.coefficients.undefined import NO_VARIATION, TOO_FEW_READERS, TOO_FEW_UNITS, Undefined

# Start and end, half-open, in code points; the tag's key.
Span = tuple[int, int, str]
# Of one reader who finished; None instead of these is a reader who did not.
Spans = Iterable[Span]


def in_order(spans: Spans) -> list[Span]:
    """Return the spans by position. Raises ValueError for one without characters."""
    found = sorted(spans)
    for start, end, _ in found:
        if start >= end:
            raise ValueError(f"The span from {start} to {end} has no characters.")
    return found


def merged(spans: Spans) -> list[Span]:
    """Return the spans by tag and position, with overlapping ones of one tag made one.

    Spans that only touch stay apart: a reader who marked two sentences side by side made two statements. Raises
    ValueError for a span without characters.
    """
    found: list[Span] = []
    for start, end, tag in sorted(in_order(spans), key=lambda span: span[2]):
        if found and found[-1][2] == tag and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]), tag)
        else:
            found.append((start, end, tag))
    return found


def exact_f1(a: Spans, b: Spans) -> float | Undefined:
    """Return 2 · shared / all spans: spans are shared when start, end and tag are the same. Doubles count once.

    Not defined when neither reader marked anything.
    """
    first, second = set(a), set(b)
    return _f1(len(first & second), len(first), len(second))


def character_f1(a: Spans, b: Spans) -> float | Undefined:
    """Return 2 · shared / all marked characters, each counted once for each tag on it.

    Overlaps of one tag are merged first. Not defined when neither reader marked anything.
    """
    first, second = merged(a), merged(b)
    shared = sum(overlap for _, overlap in _overlaps(first, second))
    return _f1(shared, _characters(first), _characters(second))


def partial_precision(a: Spans, b: Spans) -> float | Undefined:
    """Return the mean share of a span of ``a`` that ``b`` covers with the same tag; not defined without spans in a.

    Recall is ``partial_precision(b, a)``. Overlaps of one tag of one reader are merged first: a span covered twice
    would count twice, and the value could exceed 1.
    """
    first = merged(a)
    if not first:
        return Undefined(NO_VARIATION)
    covered = [0] * len(first)
    for index, overlap in _overlaps(first, merged(b)):
        covered[index] += overlap
    return sum(part / (end - start) for part, (start, end, _) in zip(covered, first, strict=True)) / len(first)


def partial_f1(a: Spans, b: Spans) -> float | Undefined:
    """Return the harmonic mean of ``partial_precision`` both ways; the same for (a, b) and (b, a), at most 1.

    0 when only one reader marked anything, not defined when neither did.
    """
    first, second = list(a), list(b)
    precision, recall = partial_precision(first, second), partial_precision(second, first)
    if isinstance(precision, Undefined) or isinstance(recall, Undefined):
        return 0.0 if first or second else Undefined(NO_VARIATION)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def character_alpha(spans_by_reader: Sequence[Spans | None], length: int, tag: str) -> float | Undefined:
    """Return nominal alpha with characters as units and one yes-or-no value each: is it marked with ``tag``?

    ``length``: of the text, in code points. A reader who is None did not finish and has no values. Not defined when
    everything or nothing is marked. Raises ValueError for spans outside the text.
    """
    readers = [[span for span in merged(spans) if span[2] == tag] for spans in spans_by_reader if spans is not None]
    if len(readers) < 2:
        return Undefined(TOO_FEW_READERS)
    if length < 1:
        return Undefined(TOO_FEW_UNITS)
    change: dict[int, int] = defaultdict(int)
    for start, end, _ in (span for spans in readers for span in spans):
        if start < 0 or end > length:
            raise ValueError(f"The span from {start} to {end} is outside the text of {length} characters.")
        change[start] += 1
        change[end] -= 1
    # How many characters were marked by how many readers; with this, a character is not a step.
    characters: dict[int, int] = defaultdict(int)
    marked = position = 0
    for border in sorted({*change, length}):
        characters[marked] += border - position
        marked += change.get(border, 0)
        position = border
    return _alpha_of(characters, len(readers))


def _alpha_of(characters: dict[int, int], readers: int) -> float | Undefined:
    values = readers * sum(characters.values())
    marked = sum(number * times for number, times in characters.items())
    if marked in (0, values):
        return Undefined(NO_VARIATION)
    split = sum(number * (readers - number) * times for number, times in characters.items())
    return 1 - (values - 1) * split / (marked * (values - marked) * (readers - 1))


def _f1(shared: int, first: int, second: int) -> float | Undefined:
    return 2 * shared / (first + second) if first + second else Undefined(NO_VARIATION)


def _characters(spans: list[Span]) -> int:
    return sum(end - start for start, end, _ in spans)


def _overlaps(first: list[Span], second: list[Span]) -> Iterable[tuple[int, int]]:
    """Yield (index in first, characters) for every two spans of one tag that overlap; both merged, in one sweep."""
    at = 0
    for index, (start, end, tag) in enumerate(first):
        while at < len(second) and (second[at][2], second[at][1]) <= (tag, start):
            at += 1
        look = at
        while look < len(second) and second[look][2] == tag and second[look][0] < end:
            yield index, min(end, second[look][1]) - max(start, second[look][0])
            look += 1
