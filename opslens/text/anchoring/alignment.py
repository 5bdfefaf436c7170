"""Alignment: which words of one text are which words of another.

No passage is looked for by itself. Both texts are explained as a whole, from the surest pairs to the least sure:
blocks and sentences that stand once on either side, the words between them, then what moved. A word that is taken
is no candidate for another, so the near twin of a deleted sentence stays with its own past.
"""

from rapidfuzz.distance import Indel, LCSseq

from opslens.text.anchoring.chance import joined, slid, without_chance
from opslens.text.anchoring.comparison import (
    Comparison,
    Gap,
    Stretch,
    WordRun,
    heaviest_in_order,
    pieces,
    unique_pairs,
    with_equal_neighbours,
)

# Lighter pieces, such as a bare "Yes." or "Note:", are no fixed points: they stand anywhere.
_LEAST_FIXED = 1.5
# What comparing a gap at once must keep more than sentence by sentence does, to be believed: one word.
_LEAST_GAIN = 1.0
# The share of words that two sentences have in common to be compared first.
_LIKENESS = 0.5
# The product of how many sentences there are on both sides above which they are not compared one by one.
_MOST_COMPARED = 2_500
# The product of both lengths above which a gap is divided before its words are compared: keeps the time linear.
_LARGEST = 20_000_000
_ROWS = (16, 8, 4, 2, 1)


def align_in_order(both: Comparison) -> None:
    """Make partners of the words that stayed in order."""
    if both.old is both.new:
        both.take(0, 0, len(both.old))
        return
    old, new = both.old, both.new
    whole = (0, len(old), 0, len(new))
    for gap in _fix(both, pieces(old.blocks, 0, len(old)), pieces(new.blocks, 0, len(new)), whole):
        old_from, old_to, new_from, new_to = gap
        old_sentences = pieces(old.sentences, old_from, old_to)
        new_sentences = pieces(new.sentences, new_from, new_to)
        for inner in _fix(both, old_sentences, new_sentences, gap):
            _pair_words(both, inner)


def _pair_words(both: Comparison, gap: Gap) -> None:
    """Make partners of words in a gap: sentence by sentence, or all at once where that leaves more in its place."""
    runs = equal_words(both, gap)
    pairs = _alike_sentences(both, gap)
    if pairs:
        by_sentence = _by_sentence(both, gap, pairs)
        if _weight(both, by_sentence) >= _weight(both, runs) - _LEAST_GAIN:
            runs = by_sentence
    for run in runs:
        both.take(*run)


def _by_sentence(both: Comparison, gap: Gap, pairs: list[Gap]) -> list[WordRun]:
    """Return the equal words of sentences that are paired, and of what is left between these."""
    low_old, high_old, low_new, high_new = gap
    found: list[WordRun] = []
    for pair in [*pairs, None]:
        runs = equal_words(both, pair) if pair else []
        if runs or not pair:
            old_to, new_to = runs[0][:2] if pair else (high_old, high_new)
            if low_old < old_to and low_new < new_to:
                found += equal_words(both, (low_old, old_to, low_new, new_to))
            found += runs
        if runs:
            low_old, low_new = runs[-1][0] + runs[-1][2], runs[-1][1] + runs[-1][2]
    return found


def _weight(both: Comparison, runs: list[WordRun]) -> float:
    return sum(both.weight(i, i + length) for i, _, length in runs)


def _alike_sentences(both: Comparison, gap: Gap) -> list[Gap]:
    """Return pairs of sentences of a gap that share most of their words, in order, so that most is shared in all."""
    old_sentences = pieces(both.old.sentences, gap[0], gap[1])
    new_sentences = pieces(both.new.sentences, gap[2], gap[3])
    if len(old_sentences) * len(new_sentences) > _MOST_COMPARED or len(old_sentences) + len(new_sentences) < 3:
        return []
    old_words = [both.old.numbers[start:stop] for start, stop in old_sentences]
    new_words = [both.new.numbers[start:stop] for start, stop in new_sentences]
    alike = []
    for i, ours in enumerate(old_words):
        weight = both.weight(*old_sentences[i])
        # Later first, so that no two pairs of one sentence are in order.
        for j in range(len(new_words) - 1, -1, -1):
            likeness = Indel.normalized_similarity(ours, new_words[j], score_cutoff=_LIKENESS)
            if likeness:
                alike.append((i, j, likeness * min(weight, both.new_weight(*new_sentences[j]))))
    return [(*old_sentences[i], *new_sentences[j]) for i, j, _ in heaviest_in_order(alike)]


def equal_words(both: Comparison, gap: Gap) -> list[WordRun]:
    """Return the equal words of a gap, in order, without those that are equal by chance."""
    return without_chance(both, slid(both, _common(both, gap, _ROWS)), gap)


def _fix(both: Comparison, old_pieces: list[Stretch], new_pieces: list[Stretch], gap: Gap) -> list[Gap]:
    """Make partners of pieces that stand once on either side and of their equal neighbours; return what is between.

    Bram Cohen's patience diff, with the heaviest instead of the longest increasing sequence.
    """
    old_keys = [tuple(both.old.numbers[start:stop]) for start, stop in old_pieces]
    new_keys = [tuple(both.new.numbers[start:stop]) for start, stop in new_pieces]
    weighed = [(i, j, both.weight(*old_pieces[i])) for i, j in unique_pairs(old_keys, new_keys)]
    fixed = heaviest_in_order([pair for pair in weighed if pair[2] >= _LEAST_FIXED])
    low_old, high_old, low_new, high_new = gap
    gaps = []
    for i, j in with_equal_neighbours([pair[:2] for pair in fixed], old_keys, new_keys):
        (old_from, old_to), (new_from, new_to) = old_pieces[i], new_pieces[j]
        both.take(old_from, new_from, old_to - old_from)
        gaps.append((low_old, old_from, low_new, new_from))
        low_old, low_new = old_to, new_to
    gaps.append((low_old, high_old, low_new, high_new))
    return [gap for gap in gaps if gap[0] < gap[1] and gap[2] < gap[3]]


def _common(both: Comparison, gap: Gap, rows: tuple[int, ...]) -> list[WordRun]:
    """Return a longest common subsequence of a gap; of one that is too large, between rows that stand once."""
    old_from, old_to, new_from, new_to = gap
    old, new = both.old.numbers, both.new.numbers
    if (old_to - old_from) * (new_to - new_from) <= _LARGEST:
        return [
            (old_from + op.src_start, new_from + op.dest_start, op.src_end - op.src_start)
            for op in LCSseq.opcodes(old[old_from:old_to], new[new_from:new_to])
            if op.tag == "equal"
        ]
    head = 0
    while old_from + head < old_to and new_from + head < new_to and old[old_from + head] == new[new_from + head]:
        head += 1
    found = [(old_from, new_from, head)] if head else []
    low_old, low_new = old_from + head, new_from + head
    for at, length in enumerate(rows):
        old_rows = [tuple(old[i : i + length]) for i in range(low_old, old_to - length + 1)]
        new_rows = [tuple(new[j : j + length]) for j in range(low_new, new_to - length + 1)]
        unique = unique_pairs(old_rows, new_rows)
        if not unique:
            continue
        base_old, base_new = low_old, low_new
        for i, j, _ in heaviest_in_order([(i, j, 1.0) for i, j in unique]):
            i, j = i + base_old, j + base_new
            if i >= low_old and j >= low_new:
                # Each level takes shorter rows, which bounds how deep this goes.
                found += _common(both, (low_old, i, low_new, j), rows[at + 1 :])
                found.append((i, j, length))
                low_old, low_new = i + length, j + length
        break
    if (old_to - low_old) * (new_to - low_new) <= _LARGEST:
        found += _common(both, (low_old, old_to, low_new, new_to), ())
    return joined(found)
