"""Carrying passages of one text over to another, honestly.

A passage goes where the map of both texts says its words went. Nothing is attached by likeness alone: a passage
whose words the map does not know is lost, and what resembles it is for a person to choose from (``suggest``).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opslens.text.anchoring.diffing import TextMap, map_texts
from opslens.text.anchoring.passages import Passage, Remains
from opslens.text.anchoring.words import Words, typographic
from opslens.text.offsets import snap

EXACT, MOVED, CHANGED, AMBIGUOUS, LOST = "exact", "moved", "changed", "ambiguous", "lost"

# A person should look at a changed passage of which less is left.
_SURE = 0.6
_SURE_ELSEWHERE = 0.9
# No letter below this joins the one before or after it to one grapheme.
_JOINING = "\u0300"
# Words that turn a sentence round, in the languages of news; for asking a person to look, not for placing.
_NEGATIONS = frozenset(
    "not no never nor neither without cannot nicht kein keine keinen nie ohne ne pas jamais sans sin nunca non mai "
    "senza niet geen nooit zonder não nem sem inte ingen aldrig ikke nie bez не нет ни без ليس لا لم لن غير بدون 不 没 "
    "沒 無 无 未 非 ない ず 안 못 नहीं न".split()
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands in the new text (code points, half-open), and how sure that is.

    ``exact``: the same characters, in the order of what surrounds them. ``moved``: the same characters, elsewhere.
    ``changed``: the passage, with other words or typeset otherwise. ``ambiguous``: gone from where it was, and word
    for word at several places, the ``candidates``. ``lost``: gone. The last two have ``start`` and ``end`` 0.

    ``score`` is the share of the passage's words that stand there, from 0 to 1. ``check`` says that the passage is
    placed but that a person should look.
    """

    state: str
    start: int
    end: int
    score: float
    check: bool
    candidates: tuple[tuple[int, int], ...] = ()


_LOST = Place(LOST, 0, 0, 0.0, False)


def carry_all(text_map: TextMap, spans: Iterable[tuple[int, int]]) -> list[Place]:
    """Return the place of each span, in order. Raises ValueError as ``carry`` does."""
    return [carry(text_map, start, end) for start, end in spans]


def carry(text_map: TextMap, start: int, end: int) -> Place:
    """Return where ``[start, end)`` of the old text, in code points, stands in the new one.

    A passage that begins and ends with a visible character and at grapheme borders does so in the new text. Raises
    ValueError when the range is not within the old text.
    """
    if not 0 <= start <= end <= len(text_map.old):
        raise ValueError(f"[{start}, {end}) is not a range of a text of {len(text_map.old)} code points.")
    old = text_map.comparison.old
    first, stop = bisect_right(old.ends, start), bisect_left(old.starts, end)
    if first >= stop:
        # Nothing but white space says where it is only where nothing changed.
        return Place(EXACT, start, end, 1.0, False) if text_map.old == text_map.new else _LOST
    at = text_map.run_at(first)
    if at >= 0:
        i, j, length, moved = text_map.word_runs[at]
        if stop <= i + length:
            return _carry_whole(text_map, start, end, Remains(first + j - i, stop + j - i, moved, 1.0), first, stop)
    remains = Passage(text_map, first, stop).remains()
    if remains is None:
        return _undecided(text_map, start, end, first, stop)
    return _place(text_map, start, end, remains, first, stop)


def _carry_whole(text_map: TextMap, start: int, end: int, remains: Remains, first: int, stop: int) -> Place:
    """Place a passage whose words stand side by side as they did: the way of nearly all, so it is short."""
    old, new = text_map.comparison.old, text_map.comparison.new
    new_start = new.starts[remains.start] + start - old.starts[first]
    new_end = new.ends[remains.stop - 1] + end - old.ends[stop - 1]
    if new_start < 0 or text_map.old[start:end] != text_map.new[new_start:new_end]:
        return _place(text_map, start, end, remains, first, stop)
    return _same_characters(text_map, start, end, new_start, new_end, remains.moved)


def _same_characters(text_map: TextMap, start: int, end: int, new_start: int, new_end: int, moved: bool) -> Place:
    text = text_map.new
    before, after = text[max(new_start - 1, 0) : new_start], text[new_end : new_end + 1]
    if (before >= _JOINING or after >= _JOINING) and snap(text, new_start, new_end) != (new_start, new_end):
        # What is beside it now has joined its first or last letter.
        if snap(text_map.old, start, end) == (start, end):
            return Place(CHANGED, *snap(text, new_start, new_end), 1.0, False)
    return Place(MOVED if moved else EXACT, new_start, new_end, 1.0, False)


def _place(text_map: TextMap, start: int, end: int, remains: Remains, first: int, stop: int) -> Place:
    """Return the place of what remains of a passage that has the old words ``[first, stop)``."""
    both = text_map.comparison
    old, new = both.old, both.new
    new_start, new_end = new.starts[remains.start], new.ends[remains.stop - 1]
    # A passage that begins or ends inside of a word that stayed does so still.
    if start > old.starts[first] and old.word(first) == new.word(remains.start):
        new_start += start - old.starts[first]
    if end < old.ends[stop - 1] and old.word(stop - 1) == new.word(remains.stop - 1):
        new_end -= old.ends[stop - 1] - end
    quote, found = text_map.old[start:end], text_map.new[new_start:new_end]
    if quote == found:
        return _same_characters(text_map, start, end, new_start, new_end, remains.moved)
    new_start, new_end = snap(text_map.new, new_start, new_end)
    if new_start >= new_end:
        return _LOST
    # Only a passage that has all of its words and no more can be the same but for typography.
    is_whole = remains.score == 1 and remains.stop - remains.start == stop - first
    if is_whole and typographic(quote) == typographic(found):
        return Place(CHANGED, new_start, new_end, 1.0, False)
    check = (
        remains.by_spelling
        or remains.score < (_SURE_ELSEWHERE if remains.moved else _SURE)
        or _differ_in_substance(text_map, first, stop, remains)
    )
    return Place(CHANGED, new_start, new_end, remains.score, check)


def _differ_in_substance(text_map: TextMap, first: int, stop: int, remains: Remains) -> bool:
    """Return whether a number, a name or a negation came or went; a name is a capital letter inside of a sentence."""
    both = text_map.comparison
    ours = {both.old.numbers[i]: i for i in _alone(both.to_new, first, stop)}
    theirs = {both.new.numbers[j]: j for j in _alone(both.to_old, remains.start, remains.stop)}
    return any(_has_substance(both.old, i) for number, i in ours.items() if number not in theirs) or any(
        _has_substance(both.new, j) for number, j in theirs.items() if number not in ours
    )


def _alone(partners: list[int], start: int, stop: int) -> Iterator[int]:
    """Yield the words of ``[start, stop)`` without a partner."""
    while True:
        try:
            start = partners.index(-1, start, stop)
        except ValueError:
            return
        yield start
        start += 1


def _has_substance(words: Words, index: int) -> bool:
    word = words.word(index)
    if any(character.isnumeric() for character in word):
        return True
    if word[0].isupper() and words.sentences[bisect_left(words.sentences, index)] != index:
        return True
    plain = typographic(word).casefold()
    return plain in _NEGATIONS or plain.endswith("n't")


def _undecided(text_map: TextMap, start: int, end: int, first: int, stop: int) -> Place:
    """Return the place of a passage that is gone from where it was: ambiguous if it is whole at several others."""
    if not text_map.undecided:
        return _LOST
    old, new = text_map.comparison.old, text_map.comparison.new
    pieces = sorted(text_map.undecided)
    at = bisect_right(pieces, first) - 1
    candidates = []
    for begin in text_map.undecided[pieces[at]] if at >= 0 else ():
        shift = begin - pieces[at]
        if old.numbers[first:stop] == new.numbers[first + shift : stop + shift]:
            candidates.append(snap(text_map.new, new.starts[first + shift], new.ends[stop - 1 + shift]))
    return Place(AMBIGUOUS, 0, 0, 0.0, False, tuple(candidates)) if len(candidates) > 1 else _LOST


def answer_record(record: dict) -> dict:
    """Answer one record of a set of revisions with marks: where its annotations stand in the new text.

    The record is ``{"id", "old_text", "new_text", "annotations": [{"id", "start", "end"}]}``. The answer is
    ``{"id", "annotations"}`` with, for each annotation in order, its id, ``state``, and ``start`` and ``end`` or
    ``orphan`` (true), and ``check`` (true) where a person should look. Positions are code points. Raises KeyError
    for a record that lacks something and ValueError for a range that is not within the old text.
    """
    old, new = record["old_text"], record["new_text"]
    # Such texts have a blank line between blocks, and may have lines broken in them.
    text_map = map_texts(old, new, block_end="\n\n" if "\n\n" in old or "\n\n" in new else "\n")
    answers = []
    for annotation in record["annotations"]:
        place = carry(text_map, annotation["start"], annotation["end"])
        answer = {"id": annotation["id"], "state": place.state}
        if place.state in (AMBIGUOUS, LOST):
            answer["orphan"] = True
        else:
            answer |= {"start": place.start, "end": place.end}
        if place.check:
            answer["check"] = True
        answers.append(answer)
    return {"id": record["id"], "annotations": answers}
