"""Carrying marks to a new revision: how right, how fast, how it grows; beside exact search and diff-match-patch.

`python -m bench.anchoring` prints the rows; `run` adds them to a whole benchmark's report. The texts are made up, in
words as frequent as those of real text are, and so are the edits: that is why it is known where each mark belongs.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from time import perf_counter

from diff_match_patch import diff_match_patch

from bench.report import Report
from opslens.text.anchoring import AMBIGUOUS, LOST, carry_all
from opslens.text.anchoring.diffing import map_texts

Span = tuple[int, int]
Method = Callable[[str, str, list[Span]], list[Span | None]]

PAIRS, ARTICLE, MARKS = 150, 4_000, 9
LARGE, MANY = 300_000, 10_000
GROWTH = (30_000, 300_000, 3_000_000)
ROUNDS = 3
# What becomes of a sentence, of a hundred.
_FATES = {"kept": 64, "edited": 12, "gone": 10, "replaced": 6, "moved": 8}
_SYLLABLES = "ba ce di fo gu la me ni ro su ta ve wi xo za kra ple stri mon ter ial ous ing ed ly".split()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a revision, the old word it is or stands for (None for a new one), and which of the two."""

    text: str
    origin: int | None
    is_same: bool


@dataclass(frozen=True, slots=True)
class Revised:
    """Two revisions, the marks on the old one, and where each belongs in the new one; None when it is gone."""

    old: str
    new: str
    marks: list[Span]
    gold: list[Span | None]


class Writer:
    """Makes up paragraphs. The nth word of the vocabulary is about 1/n as frequent as the first."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        made = ("".join(self.chance.choices(_SYLLABLES, k=self.chance.choice((1, 2, 2, 3)))) for _ in range(6_000))
        self._vocabulary = list(dict.fromkeys(made))
        self._weights = list(accumulate(1 / (rank + 2) for rank in range(len(self._vocabulary))))

    def words(self, number: int) -> list[str]:
        return self.chance.choices(self._vocabulary, cum_weights=self._weights, k=number)

    def sentence(self) -> list[str]:
        words = self.words(self.chance.randint(8, 22))
        return [words[0].capitalize(), *words[1:-1], words[-1] + "."]

    def paragraphs(self, size: int) -> list[list[list[str]]]:
        """Paragraphs of four sentences, about ``size`` code points; some have a near twin of an earlier sentence."""
        found: list[list[list[str]]] = []
        length = 0
        while length < size:
            paragraph = [self.sentence() for _ in range(4)]
            if found and self.chance.random() < 0.3:
                twin = self.chance.choice(found[-1])
                paragraph.append([word if self.chance.random() < 0.8 else self.words(1)[0] for word in twin])
            found.append(paragraph)
            length += sum(len(word) + 1 for sentence in paragraph for word in sentence)
        return found


def revised(seed: int, size: int, marks: int) -> Revised:
    """Make up a text of about ``size`` code points, edit it, and say where ``marks`` marks belong."""
    writer = Writer(seed)
    chance = random.Random(seed)
    numbers = iter(range(10 * size))
    old = [
        [[Word(text, next(numbers), True) for text in sentence] for sentence in paragraph]
        for paragraph in writer.paragraphs(size)
    ]
    new: list[list[list[Word]]] = []
    moved = []
    for paragraph in old:
        new.append([])
        for sentence in paragraph:
            (fate,) = chance.choices(list(_FATES), list(_FATES.values()))
            if fate == "moved":
                moved.append(sentence)
            elif fate == "replaced":
                new[-1].append([Word(text, None, False) for text in writer.sentence()])
            elif fate == "edited":
                new[-1].append(
                    [w if chance.random() < 0.8 else Word(writer.words(1)[0], w.origin, False) for w in sentence]
                )
            elif fate == "kept":
                new[-1].append(sentence)
    for sentence in moved:
        paragraph = chance.choice(new)
        paragraph.insert(chance.randint(0, len(paragraph)), sentence)
    old_text, old_places = _laid_out(old)
    new_text, new_places = _laid_out(new)
    sentences = [sentence for paragraph in old for sentence in paragraph]
    spans: list[Span] = []
    gold: list[Span | None] = []
    while len(spans) < marks:
        marked = chance.choice(sentences)
        if chance.random() < 0.6:
            first = chance.randrange(len(marked))
            marked = marked[first : first + chance.choice((1, 2, 4, 8))]
        places = [new_places[word.origin] for word in marked if word.origin in new_places]
        if places and not any(is_same for _, _, is_same in places):
            # None of its words is left, others stand for them: some would call it gone, and some would not.
            continue
        spans.append((old_places[marked[0].origin][0], old_places[marked[-1].origin][1]))
        gold.append((places[0][0], places[-1][1]) if places else None)
    return Revised(old_text, new_text, spans, gold)


def _laid_out(paragraphs: list[list[list[Word]]]) -> tuple[str, dict[int, tuple[int, int, bool]]]:
    """Return the text, and by origin where each word stands (code points) and whether it is the same word."""
    places = {}
    lines = []
    position = 0
    for paragraph in paragraphs:
        words = [word for sentence in paragraph for word in sentence]
        if not words:
            continue
        for word in words:
            if word.origin is not None:
                places[word.origin] = (position, position + len(word.text), word.is_same)
            position += len(word.text) + 1
        lines.append(" ".join(word.text for word in words))
    return "\n".join(lines), places


def ours(old: str, new: str, marks: list[Span]) -> list[Span | None]:
    places = carry_all(map_texts(old, new), marks)
    return [None if place.state in (LOST, AMBIGUOUS) else (place.start, place.end) for place in places]


def nearest(old: str, new: str, marks: list[Span]) -> list[Span | None]:
    """The same characters, nearest to where they were."""
    found: list[Span | None] = []
    for start, end in marks:
        quote = old[start:end]
        after = new.find(quote, start)
        before = new.rfind(quote, 0, start + len(quote))
        places = [place for place in (before, after) if place >= 0]
        place = min(places, key=lambda place: abs(place - start), default=None)
        found.append(None if place is None else (place, place + len(quote)))
    return found


def diffed(old: str, new: str, marks: list[Span]) -> list[Span | None]:
    """Both ends carried through a diff of diff-match-patch, with its semantic clean-up."""
    engine = diff_match_patch()
    diffs = engine.diff_main(old, new)
    engine.diff_cleanupSemantic(diffs)
    found: list[Span | None] = []
    for start, end in marks:
        # The end of the last character, so that what is put in behind a mark is not taken in.
        low, high = engine.diff_xIndex(diffs, start), engine.diff_xIndex(diffs, end - 1) + 1
        found.append((low, high) if new[low:high].strip() and high - low > 1 else None)
    return found


METHODS: dict[str, Method] = {"OpsLens": ours, "exact search": nearest, "diff-match-patch": diffed}


def compare(report: Report) -> None:
    """Measure all methods on the same revisions: right to the character, silently on wrong words, time a mark."""
    cases = [revised(seed, ARTICLE, MARKS) for seed in range(PAIRS)]
    live = sum(gold is not None for case in cases for gold in case.gold)
    total = PAIRS * MARKS
    case_name = f"{PAIRS} articles of {ARTICLE:,} characters, {MARKS} marks"
    for name, method in METHODS.items():
        exact = gone = harm = 0
        spent = 0.0
        for case in cases:
            before = perf_counter()
            answers = method(case.old, case.new, case.marks)
            spent += perf_counter() - before
            for answer, gold in zip(answers, case.gold, strict=True):
                if gold is None:
                    gone += answer is None
                    harm += answer is not None
                else:
                    exact += answer == gold
                    harm += answer is not None and _overlap(answer, gold) < 0.5
        is_ours = method is ours
        report.row("anchor", case_name, f"{name}: exact", 100 * exact / live, "%", at_least=99 if is_ours else None)
        report.row(
            "anchor",
            case_name,
            f"{name}: gone found",
            100 * gone / (total - live),
            "%",
            at_least=99 if is_ours else None,
        )
        report.row(
            "anchor", case_name, f"{name}: wrong words", 100 * harm / total, "%", at_most=0.1 if is_ours else None
        )
        report.row("anchor", case_name, f"{name}: a mark", 1000 * spent / total, "ms", at_most=1 if is_ours else None)


def _overlap(one: Span, other: Span) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / (one[1] - one[0] + other[1] - other[0] - shared)


def seconds(case: Revised) -> tuple[float, float]:
    """Return the best time of mapping both texts, and of carrying all marks."""
    mapping, carrying = [], []
    for _ in range(ROUNDS):
        before = perf_counter()
        text_map = map_texts(case.old, case.new)
        between = perf_counter()
        carry_all(text_map, case.marks)
        mapping.append(between - before)
        carrying.append(perf_counter() - between)
    return min(mapping), min(carrying)


def peak() -> float:
    """Return the most megabytes that a process of its own takes for the large text and its marks."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.anchoring", "--peak"], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _print_peak() -> None:
    case = revised(1, LARGE, MANY)
    carry_all(map_texts(case.old, case.new), case.marks)
    # Linux counts in kibibytes, macOS in bytes.
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))


def run(report: Report) -> None:
    compare(report)
    mapping, carrying = seconds(revised(1, LARGE, MANY))
    name = f"{LARGE // 1000} KB, {MANY:,} marks"
    report.row("anchor", name, "both texts and all marks", mapping + carrying, "s", at_most=2)
    report.row("anchor", name, "a mark, all told", 1000 * (mapping + carrying) / MANY, "ms", at_most=0.1)
    report.row("anchor", name, "memory of the process at its peak", peak(), "MB", at_most=300)
    before = None
    for size in GROWTH:
        spent = sum(seconds(revised(1, size, size // 30)))
        name = f"{size // 1000:,} KB, {size // 30:,} marks"
        report.row("anchor", name, "both texts and all marks", spent, "s")
        if before:
            report.row("anchor", name, "against a tenth of it", spent / before, "×", at_most=15)
        before = spent


if __name__ == "__main__":
    if sys.argv[1:] == ["--peak"]:
        _print_peak()
    else:
        run(Report())
