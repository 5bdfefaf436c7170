"""Suggestions: where a passage that is lost might stand, for a person to choose from."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from opslens.text.anchoring.diffing import TextMap
from opslens.text.offsets import snap

# Below this likeness, of 100, a suggestion is noise.
_LEAST = 60.0
# Text that is known to be something else is rarely what is looked for.
_TAKEN = 0.8
# A place that is this much of its sentences is the whole of them.
_NEARLY_ALL = 0.8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A place in the new text, in code points, and how like the passage it is, from 0 to 1."""

    start: int
    end: int
    score: float


def suggest(text_map: TextMap, start: int, end: int, most: int = 3) -> list[Suggestion]:
    """Return up to ``most`` places of the new text that resemble ``[start, end)`` of the old one, the best first.

    For a passage that ``carry`` calls lost or ambiguous. Likeness of characters alone decides, so nothing may be
    attached to a suggestion but by a person. Raises ValueError when the range is not within the old text.
    """
    if not 0 <= start <= end <= len(text_map.old):
        raise ValueError(f"[{start}, {end}) is not a range of a text of {len(text_map.old)} code points.")
    quote = text_map.old[start:end].strip()
    if not quote or most < 1:
        return []
    found = []
    windows = _windows(text_map, start, end, len(quote))
    texts = [text_map.new[low:high] for low, high in windows]
    best = process.extract(quote, texts, scorer=fuzz.partial_ratio, limit=4 * most, score_cutoff=_LEAST)
    for _, score, at in best:
        low, high = _part(text_map, quote, *windows[at])
        if low < high:
            found.append(Suggestion(low, high, score / 100 * _freedom(text_map, low, high)))
    found.sort(key=lambda suggestion: (-suggestion.score, suggestion.start))
    chosen: list[Suggestion] = []
    for suggestion in found:
        if all(suggestion.end <= other.start or other.end <= suggestion.start for other in chosen):
            chosen.append(suggestion)
    return chosen[:most]


def _windows(text_map: TextMap, start: int, end: int, size: int) -> list[tuple[int, int]]:
    """Return the stretches of the new text that have as many sentences as the passage touches and are not short."""
    old, new = text_map.comparison.old, text_map.comparison.new
    first, stop = bisect_right(old.ends, start), bisect_left(old.starts, end)
    length = max(bisect_left(old.sentences, stop) - bisect_right(old.sentences, first) + 1, 1)
    borders = new.sentences
    last = len(borders) - 1
    windows = [(new.starts[borders[at]], new.ends[borders[min(at + length, last)] - 1]) for at in range(last)]
    return [(low, high) for low, high in windows if 2 * (high - low) >= size]


def _part(text_map: TextMap, quote: str, start: int, end: int) -> tuple[int, int]:
    """Return the words of the stretch ``[start, end)`` that are most like the quote."""
    found = fuzz.partial_ratio_alignment(quote, text_map.new[start:end])
    if found is None or found.dest_end - found.dest_start >= _NEARLY_ALL * (end - start):
        return snap(text_map.new, start, end)
    words = text_map.comparison.new
    first = bisect_right(words.ends, start + found.dest_start)
    stop = bisect_left(words.starts, start + found.dest_end)
    return snap(text_map.new, words.starts[first], words.ends[stop - 1]) if first < stop else (0, 0)


def _freedom(text_map: TextMap, start: int, end: int) -> float:
    """Return 1 for text that is new, and less the more of its words are known to be other words of the old text."""
    both = text_map.comparison
    first, stop = bisect_right(both.new.ends, start), bisect_left(both.new.starts, end)
    taken = sum(partner >= 0 for partner in both.to_old[first:stop])
    return 1 - (1 - _TAKEN) * taken / max(stop - first, 1)
