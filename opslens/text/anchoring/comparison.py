"""Two texts side by side: their words, what each word weighs, and which have found their partner so far."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import accumulate, pairwise
from math import log

from opslens.text.anchoring.words import Vocabulary, Words

# Words [from, to) of one text.
Stretch = tuple[int, int]
# Words [old from, old to) and [new from, new to): what stands between two sure pairs.
Gap = tuple[int, int, int, int]
# Equal words: the index in the old text, the index in the new one, how many.
WordRun = tuple[int, int, int]

_SIGN_WEIGHT = 0.15
# Dates and figures are what is edited most; that they differ says little about a sentence.
_NUMERAL_WEIGHT = 0.3


class Comparison:
    """The words of two texts and their partners: ``to_new[i]`` is that of the old word ``i``, or -1.

    A word weighs up to 1: rare words tell more about where a passage went than frequent ones, after Spärck Jones
    (A statistical interpretation of term specificity, 1972), and signs tell little. ``old_sums[i]`` is the weight
    of all old words before ``i``.
    """

    def __init__(self, old: str, new: str, block_end: str = "\n") -> None:
        vocabulary = Vocabulary()
        self.old = Words(old, vocabulary, block_end)
        self.new = self.old if old == new else Words(new, vocabulary, block_end)
        self.is_word, self.is_numeral = vocabulary.is_word, vocabulary.is_numeral
        self.weights = self._weights(vocabulary)
        self.old_sums = _sums(self.old, self.weights)
        self.new_sums = _sums(self.new, self.weights)
        # How many of the old words before each are words in earnest, and not signs.
        self._old_counts = _sums(self.old, self.is_word)
        self.to_new = [-1] * len(self.old)
        self.to_old = [-1] * len(self.new)

    def _weights(self, vocabulary: Vocabulary) -> list[float]:
        in_old, in_new = Counter(self.old.numbers), Counter(self.new.numbers)
        weights = []
        for number, is_word in enumerate(vocabulary.is_word):
            frequent = 1 / (1 + 0.5 * log(max(in_old[number], in_new[number], 1)))
            most = (_NUMERAL_WEIGHT if vocabulary.is_numeral[number] else 1.0) if is_word else _SIGN_WEIGHT
            weights.append(min(frequent, most))
        return weights

    def take(self, i: int, j: int, length: int) -> None:
        """Make partners of ``length`` words from old ``i`` and new ``j`` on."""
        self.to_new[i : i + length] = range(j, j + length)
        self.to_old[j : j + length] = range(i, i + length)

    def weight(self, start: int, stop: int) -> float:
        """Return the weight of the old words ``[start, stop)``."""
        return self.old_sums[stop] - self.old_sums[start]

    def words_between(self, start: int, stop: int) -> int:
        """Return how many of the old words ``[start, stop)`` are not signs."""
        return self._old_counts[stop] - self._old_counts[start]

    def new_weight(self, start: int, stop: int) -> float:
        """Return the weight of the new words ``[start, stop)``."""
        return self.new_sums[stop] - self.new_sums[start]

    def runs(self) -> list[WordRun]:
        """Return the longest runs of partners side by side, by old word."""
        found = []
        to_new = self.to_new
        i, size = 0, len(to_new)
        while i < size:
            j = to_new[i]
            start = i
            i += 1
            if j < 0:
                continue
            j += 1
            while i < size and to_new[i] == j:
                i += 1
                j += 1
            found.append((start, to_new[start], i - start))
        return found


def pieces(borders: list[int], start: int, stop: int) -> list[Stretch]:
    """Return the pieces between neighbouring borders that lie within ``[start, stop]``."""
    return list(pairwise(borders[bisect_left(borders, start) : bisect_right(borders, stop)]))


def unique_pairs(old_keys: Sequence[Hashable], new_keys: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return ``(i, j)``, by ``i``, for each key that stands once on either side."""
    in_old, in_new = Counter(old_keys), Counter(new_keys)
    where = {key: j for j, key in enumerate(new_keys) if in_new[key] == 1}
    return [(i, where[key]) for i, key in enumerate(old_keys) if in_old[key] == 1 and key in where]


def with_equal_neighbours(
    pairs: list[tuple[int, int]], old_keys: Sequence[Hashable], new_keys: Sequence[Hashable], *, ends: bool = True
) -> list[tuple[int, int]]:
    """Return the pairs and, going out from each and (``ends``) in from both ends, equal neighbours in no pair.

    The second half of Paul Heckel's "A technique for isolating differences between files" (1978): what stands
    several times is told apart by what it stands beside.
    """
    partner = dict(pairs)
    taken = set(partner.values())
    old_size, new_size = len(old_keys), len(new_keys)
    for step, outside in ((1, (-1, -1)), (-1, (old_size, new_size))):
        starts = sorted(partner.items(), reverse=step < 0)
        if ends:
            starts.append(outside)
        for i, j in starts:
            i, j = i + step, j + step
            while 0 <= i < old_size and 0 <= j < new_size and i not in partner and j not in taken:
                if old_keys[i] != new_keys[j]:
                    break
                partner[i] = j
                taken.add(j)
                i, j = i + step, j + step
    return sorted(partner.items())


def heaviest_in_order(pairs: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Return the heaviest choice of ``(i, j, weight)`` in which both ``i`` and ``j`` grow; ``pairs`` comes by ``i``.

    Time grows as n log n: the best chain that ends at or below each ``j`` is kept in a tree after Peter Fenwick
    (A new data structure for cumulative frequency tables, 1994).
    """
    if all(first[1] < second[1] for first, second in pairwise(pairs)):
        return pairs
    ranks = {j: rank for rank, j in enumerate(sorted({j for _, j, _ in pairs}), 1)}
    size = len(ranks)
    # The weight of the best chain, and the index of its last pair.
    tree: list[tuple[float, int]] = [(0.0, -1)] * (size + 1)

    def best_upto(rank: int) -> tuple[float, int]:
        best = (0.0, -1)
        while rank > 0:
            if tree[rank][0] > best[0]:
                best = tree[rank]
            rank -= rank & -rank
        return best

    before = []
    for at, (_, j, weight) in enumerate(pairs):
        rank = ranks[j]
        chain, last = best_upto(rank - 1)
        before.append(last)
        mine = (chain + weight, at)
        while rank <= size:
            if mine[0] > tree[rank][0]:
                tree[rank] = mine
            rank += rank & -rank
    chosen = []
    at = best_upto(size)[1]
    while at >= 0:
        chosen.append(pairs[at])
        at = before[at]
    return chosen[::-1]


def _sums(words: Words, values: Sequence[float]) -> list:
    """Return for each word, and for the end, the sum of the values of all words before it."""
    return list(accumulate(map(values.__getitem__, words.numbers), initial=0))
