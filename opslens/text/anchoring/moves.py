"""What moved: pairing words that are left over on both sides after everything in order has its partner."""

from bisect import bisect_left
from collections import defaultdict
from itertools import pairwise

from rapidfuzz.distance import Indel

from opslens.text.anchoring.alignment import equal_words
from opslens.text.anchoring.comparison import Comparison, Gap, Stretch, unique_pairs, with_equal_neighbours
from opslens.text.anchoring.words import Words

# The least weight of something that can be told to have moved: about a short sentence.
_LEAST_PIECE = 2.0
_LEAST_ROW = 3.0
_ROW = 5
# The share of words that an edited sentence elsewhere must have kept, in their order.
_LIKENESS = 0.55
# A word in more sentences than this does not help to find one.
_TOO_COMMON = 20
_OFFERS = 4
# How many words may stand between two runs that moved together.
_FAR = 200


def align_moved(both: Comparison) -> dict[int, list[int]]:
    """Make partners of the words that moved; return what cannot be decided.

    That is, by the index of its first old word, each piece of a sentence that stands word for word at several places
    of the new text that are not taken, with the indices of the first new words there.
    """
    undecided: dict[int, list[int]] = {}
    in_order = both.to_new.copy()
    for step in (_equal_pieces, _similar_pieces, _rows):
        old_free = _free(both.to_new, both.old.sentences)
        new_free = _free(both.to_old, both.new.sentences)
        if not old_free or not new_free:
            break
        held = {start for places in undecided.values() for start in places}
        old_free = [piece for piece in old_free if piece[0] not in undecided]
        new_free = [piece for piece in new_free if piece[0] not in held]
        undecided |= step(both, old_free, new_free)
    if both.to_new != in_order:
        _between(both, in_order)
    return undecided


def _free(partners: list[int], sentences: list[int]) -> list[Stretch]:
    """Return the stretches of words without a partner, cut where a sentence begins."""
    found = []
    at, size = 0, len(partners)
    borders = iter(sentences)
    border = next(borders)
    while True:
        try:
            start = partners.index(-1, at)
        except ValueError:
            return found
        while border <= start:
            border = next(borders)
        at = start
        while at < size and at < border and partners[at] < 0:
            at += 1
        found.append((start, at))


def _equal_pieces(both: Comparison, old_free: list[Stretch], new_free: list[Stretch]) -> dict[int, list[int]]:
    old_keys = [tuple(both.old.numbers[start:stop]) for start, stop in old_free]
    new_keys = [tuple(both.new.numbers[start:stop]) for start, stop in new_free]
    heavy = [(i, j) for i, j in unique_pairs(old_keys, new_keys) if both.weight(*old_free[i]) >= _LEAST_PIECE]
    pairs = with_equal_neighbours(heavy, old_keys, new_keys, ends=False)
    for i, j in pairs:
        start, stop = old_free[i]
        both.take(start, new_free[j][0], stop - start)
    moved_old, moved_new = {i for i, _ in pairs}, {j for _, j in pairs}
    places: dict[tuple, list[int]] = defaultdict(list)
    for j, key in enumerate(new_keys):
        if j not in moved_new:
            places[key].append(new_free[j][0])
    return {
        old_free[i][0]: places[key]
        for i, key in enumerate(old_keys)
        if i not in moved_old and len(places.get(key, ())) > 1 and both.weight(*old_free[i]) >= _LEAST_PIECE
    }


def _similar_pieces(both: Comparison, old_free: list[Stretch], new_free: list[Stretch]) -> dict[int, list[int]]:
    """Make partners of the words of sentences that were moved and edited; the most alike first, each only once."""
    old, new = both.old.numbers, both.new.numbers
    holders: dict[int, list[int]] = defaultdict(list)
    for j, (start, stop) in enumerate(new_free):
        if both.new_weight(start, stop) >= _LEAST_PIECE:
            for number in set(new[start:stop]):
                holders[number].append(j)
    offers: list[tuple[float, int, int]] = []
    for i, (start, stop) in enumerate(old_free):
        weight = both.weight(start, stop)
        if weight < _LEAST_PIECE:
            continue
        votes: dict[int, float] = defaultdict(float)
        for number in set(old[start:stop]):
            found = holders.get(number, ())
            if len(found) <= _TOO_COMMON:
                for j in found:
                    votes[j] += both.weights[number]
        for j in sorted(votes, key=votes.__getitem__, reverse=True)[:_OFFERS]:
            alike = Indel.normalized_similarity(old[start:stop], new[slice(*new_free[j])], score_cutoff=_LIKENESS)
            if alike:
                offers.append((alike, i, j))
    offers.sort(key=lambda offer: (-offer[0], *offer[1:]))
    taken_old: set[int] = set()
    taken_new: set[int] = set()
    for _, i, j in offers:
        if i not in taken_old and j not in taken_new:
            taken_old.add(i)
            taken_new.add(j)
            for run in equal_words(both, (*old_free[i], *new_free[j])):
                both.take(*run)
    return {}


def _rows(both: Comparison, old_free: list[Stretch], new_free: list[Stretch]) -> dict[int, list[int]]:
    """Make partners of rows of words, such as a clause, that stand once in what is left on either side."""
    old, new = both.old.numbers, both.new.numbers
    old_at = [i for start, stop in old_free for i in range(start, stop - _ROW + 1)]
    new_at = [j for start, stop in new_free for j in range(start, stop - _ROW + 1)]
    rows = unique_pairs([tuple(old[i : i + _ROW]) for i in old_at], [tuple(new[j : j + _ROW]) for j in new_at])

    def are_free(i: int, j: int) -> bool:
        return both.to_new[i] < 0 and both.to_old[j] < 0 and old[i] == new[j]

    taken = []
    for k, m in rows:
        i, j = old_at[k], new_at[m]
        before = after = 0
        while i + after < len(old) and j + after < len(new) and are_free(i + after, j + after):
            after += 1
        if not after:
            continue
        while i > before and j > before and are_free(i - before - 1, j - before - 1):
            before += 1
        if both.weight(i - before, i + after) >= _LEAST_ROW:
            both.take(i - before, j - before, before + after)
            taken.append((i - before, j - before, before + after))
    for i, j, length in taken:
        _beside(both, (*_free_before(both.to_new, both.old, i), *_free_before(both.to_old, both.new, j)))
        i, j = i + length, j + length
        _beside(both, (*_free_after(both.to_new, both.old, i), *_free_after(both.to_old, both.new, j)))
    return {}


def _between(both: Comparison, in_order: list[int]) -> None:
    """Make partners of the equal words between two runs of which one moved, and the other stands beside it now."""
    for (i, j, length), (next_i, next_j, _) in pairwise(both.runs()):
        gap = (i + length, next_i, j + length, next_j)
        moved = in_order[i] < 0 or in_order[next_i] < 0
        if moved and 0 < gap[3] - gap[2] <= _FAR and max(both.to_old[gap[2] : gap[3]]) < 0:
            _beside(both, gap)


def _beside(both: Comparison, gap: Gap) -> None:
    """Make partners of the equal words beside something that moved: the rest came along, edited."""
    if gap[0] < gap[1] and gap[2] < gap[3]:
        for run in equal_words(both, gap):
            both.take(*run)


def _free_before(partners: list[int], words: Words, index: int) -> Stretch:
    """Return the words without partner between the start of the sentence, or a word with one, and ``index``."""
    low = words.sentences[max(bisect_left(words.sentences, index) - 1, 0)]
    start = index
    while start > low and partners[start - 1] < 0:
        start -= 1
    return start, index


def _free_after(partners: list[int], words: Words, index: int) -> Stretch:
    high = words.sentences[bisect_left(words.sentences, index)]
    stop = index
    while stop < high and partners[stop] < 0:
        stop += 1
    return index, stop
