"""Telling words that stayed from words that are equal by chance.

A longest common subsequence finds a "the" and a full stop in any two sentences. A mark on the one must not land on
the other.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import pairwise

from opslens.text.anchoring.comparison import Comparison, Gap, WordRun
from opslens.text.anchoring.words import Words

# Two sentences are close, and their words trusted, when they share this much of the heavier one's weight, or of the
# longer one's words, or when one has nearly all of the other's weight (a sentence split, merged or extended).
_CLOSE_WEIGHT = 0.4
_CLOSE_WORDS = 0.5
_CLOSE_PART = 0.75
_LEAST_PART = 2.0
# In close sentences a run may be this much lighter than the edits around it.
_EASE = 0.35
# Lighter than most words in earnest are alone: says nothing where more than that beside it was edited.
_LIGHT = 0.6


def joined(runs: list[WordRun]) -> list[WordRun]:
    """Return the runs with those that continue one another made one."""
    found: list[WordRun] = []
    for i, j, length in runs:
        if found and found[-1][0] + found[-1][2] == i and found[-1][1] + found[-1][2] == j:
            found[-1] = (*found[-1][:2], found[-1][2] + length)
        elif length:
            found.append((i, j, length))
    return found


def slid(both: Comparison, runs: list[WordRun]) -> list[WordRun]:
    """Return the runs with what was put in or taken out between two slid to where a sentence or block begins.

    "X. Y." after "X." is "Y." put in, and not ". Y". After ``diff_cleanupSemanticLossless`` of Neil Fraser's
    diff-match-patch.
    """
    runs = joined(runs)
    for k in range(len(runs) - 1):
        i, j, length = runs[k]
        next_i, next_j, next_length = runs[k + 1]
        if i + length == next_i:
            words, start, stop = both.new, j + length, next_j
        elif j + length == next_j:
            words, start, stop = both.old, i + length, next_i
        else:
            continue
        numbers = words.numbers
        shifts = [0]
        while length + shifts[-1] > 0 and numbers[start + shifts[-1] - 1] == numbers[stop + shifts[-1] - 1]:
            shifts.append(shifts[-1] - 1)
        right = 0
        while next_length > right and numbers[start + right] == numbers[stop + right]:
            right += 1
            shifts.append(right)
        if len(shifts) == 1:
            continue
        shifts.sort(key=abs)
        scores = [
            _border(words, start + shift) + _border(words, stop + shift) + (shift in (-length, next_length))
            for shift in shifts
        ]
        # The first of the best is the one that slides least.
        best = shifts[scores.index(max(scores))]
        runs[k] = (i, j, length + best)
        runs[k + 1] = (next_i + best, next_j + best, next_length - best)
    return joined(runs)


def _border(words: Words, index: int) -> int:
    for score, borders in ((4, words.blocks), (2, words.sentences)):
        at = bisect_left(borders, index)
        if at < len(borders) and borders[at] == index:
            return score
    return 0


def without_chance(both: Comparison, runs: list[WordRun], gap: Gap) -> list[WordRun]:
    """Return the runs of a gap that weigh more than the edits around them.

    After ``diff_cleanupSemantic`` of diff-match-patch, with weights of words for numbers of characters, and more
    lenient inside of two sentences that are close.
    """
    kept = _cut_at_sentences(both, runs)
    close = _close_sentences(both, kept)
    while True:
        left: list[WordRun] = []
        old_end, new_end = gap[0], gap[2]
        for at, run in enumerate(kept):
            old_next, new_next = kept[at + 1][:2] if at + 1 < len(kept) else (gap[1], gap[3])
            if not _is_by_chance(both, run, (old_end, old_next, new_end, new_next), close):
                left.append(run)
                old_end, new_end = run[0] + run[2], run[1] + run[2]
        if len(left) == len(kept):
            return joined(left)
        # What was dropped makes the edits around the next run heavier.
        kept = left


def _is_by_chance(both: Comparison, run: WordRun, around: Gap, close: set[tuple[int, int]]) -> bool:
    """Return whether the run, alone between its neighbours, weighs too little to be trusted."""
    i, j, length = run
    old_end, old_next, new_end, new_next = around
    s, t = pair = _sentences_of(both, run)
    if pair in close:
        # What was edited before and after the sentence says nothing about it.
        old_sentences, new_sentences = both.old.sentences, both.new.sentences
        old_end, old_next = max(old_end, old_sentences[s]), min(old_next, old_sentences[s + 1])
        new_end, new_next = max(new_end, new_sentences[t]), min(new_next, new_sentences[t + 1])
    weight = both.weight(i, i + length)
    before = max(both.weight(old_end, i), both.new_weight(new_end, j))
    after = max(both.weight(i + length, old_next), both.new_weight(j + length, new_next))
    if pair in close:
        return weight < _EASE * min(before, after)
    return weight < min(before, after) or (weight < _LIGHT and weight < max(before, after))


def _cut_at_sentences(both: Comparison, runs: list[WordRun]) -> list[WordRun]:
    found = []
    for i, j, length in runs:
        cuts = {0, length}
        cuts.update(border - i for border in _inside(both.old.sentences, i, i + length))
        cuts.update(border - j for border in _inside(both.new.sentences, j, j + length))
        found += [(i + start, j + start, stop - start) for start, stop in pairwise(sorted(cuts))]
    return found


def _inside(borders: list[int], start: int, stop: int) -> list[int]:
    return borders[bisect_right(borders, start) : bisect_left(borders, stop)]


def _sentences_of(both: Comparison, run: WordRun) -> tuple[int, int]:
    return bisect_right(both.old.sentences, run[0]) - 1, bisect_right(both.new.sentences, run[1]) - 1


def _close_sentences(both: Comparison, runs: list[WordRun]) -> set[tuple[int, int]]:
    """Return the pairs of sentences, by index, that are close."""
    weights: dict[tuple[int, int], float] = defaultdict(float)
    lengths: dict[tuple[int, int], int] = defaultdict(int)
    for run in runs:
        pair = _sentences_of(both, run)
        weights[pair] += both.weight(run[0], run[0] + run[2])
        lengths[pair] += _words_in(both, both.old, run[0], run[0] + run[2])
    close = set()
    for (s, t), weight in weights.items():
        old_from, old_to = both.old.sentences[s : s + 2]
        new_from, new_to = both.new.sentences[t : t + 2]
        lighter, heavier = sorted((both.weight(old_from, old_to), both.new_weight(new_from, new_to)))
        if (
            weight >= _CLOSE_WEIGHT * heavier
            or lengths[s, t]
            >= _CLOSE_WORDS
            * max(1, _words_in(both, both.old, old_from, old_to), _words_in(both, both.new, new_from, new_to))
            or weight >= max(_CLOSE_PART * lighter, _LEAST_PART)
        ):
            close.add((s, t))
    return close


def _words_in(both: Comparison, words: Words, start: int, stop: int) -> int:
    return sum(both.is_word[number] for number in words.numbers[start:stop])
