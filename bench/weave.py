"""Weaving marks into text, alone: words × marks, milliseconds, bytes of HTML, and how the cost grows.

`python -m bench.weave` prints the table; `run` adds it to a whole benchmark's report.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from bench.report import Report
from opslens.text.blocks import Document
from opslens.text.canonical import read_html
from opslens.text.weaving import MarkSpan, weave, wrap

SIZES = ((1_000, 0), (1_000, 100), (10_000, 1_000), (100_000, 0), (100_000, 1_000), (100_000, 10_000))
PROMISED = (100_000, 10_000)
ROUNDS = 9
_WORDS = "the audit says patrol hours fell by a third last year and few in the service asked who had decided it".split()


@dataclass(frozen=True, slots=True)
class Measured:
    words: int
    marks: int
    milliseconds: float
    html_bytes: int


def document_of(words: int, seed: int = 1) -> Document:
    """Paragraphs of 100 words, every one with a link or emphasis and characters that must be escaped in some."""
    chance = random.Random(seed)
    paragraphs = []
    for number in range(words // 100):
        body = " ".join(chance.choices(_WORDS, k=94))
        mark = "Q&amp;A" if number % 5 == 0 else '<a href="https://example.org/14">report 14</a>'
        paragraphs.append(f"<p>{body} <em>and yet</em> {mark} it stands.</p>")
    return read_html("".join(paragraphs), "en")


def marks_for(document: Document, number: int, seed: int = 2) -> list[MarkSpan]:
    """Overlapping marks of 5 to 220 characters anywhere in the text, in no order, with none to three tags."""
    chance = random.Random(seed)
    marks: list[MarkSpan] = []
    for _ in range(number):
        start = chance.randrange(len(document.text) - 220)
        slots = tuple(sorted(chance.sample(range(1, 11), chance.choice((0, 1, 1, 1, 2, 3)))))
        marks.append((start, start + chance.randint(5, 220), slots, f"{chance.getrandbits(40):010x}"))
    return marks


def measure(words: int, marks: int) -> Measured:
    """Weave the same document several times; the median, as for an article that has been opened before."""
    document = document_of(words)
    spans = marks_for(document, marks)
    weave(document, spans)
    times = []
    for _ in range(ROUNDS):
        before = perf_counter()
        woven = weave(document, spans)
        times.append(1000 * (perf_counter() - before))
    return Measured(words, marks, median(times), len(wrap(document, woven).encode()))


def all_over(words: int, marks: int) -> Measured:
    """Every mark over nearly the whole text: the worst that overlaps can be."""
    document = document_of(words)
    size = len(document.text)
    spans = [(number, size - number, (number % 10 + 1,), f"{number:010x}") for number in range(marks)]
    weave(document, spans)
    before = perf_counter()
    woven = weave(document, spans)
    return Measured(words, marks, 1000 * (perf_counter() - before), len(wrap(document, woven).encode()))


def run(report: Report) -> None:
    found = {(m.words, m.marks): m for m in (measure(*size) for size in SIZES)}
    for size, measured in found.items():
        name = f"{size[0]:,} words, {size[1]:,} marks"
        promised = size == PROMISED
        report.row("weave", name, "time", measured.milliseconds, "ms", at_most=100 if promised else None)
        report.row("weave", name, "HTML", measured.html_bytes / 1e6, "MB", at_most=2 if promised else None)
    large, small = found[PROMISED], found[(10_000, 1_000)]
    growth = large.milliseconds / small.milliseconds
    report.row("weave", "ten times the words and marks", "times the time", growth, "×", at_most=15)
    worst = all_over(*PROMISED)
    report.row("weave", "10,000 marks over the whole of 100,000 words", "time", worst.milliseconds, "ms", at_most=200)


def main() -> None:
    print(f"{'words':>9} {'marks':>8} {'ms':>9} {'HTML bytes':>12} {'µs a mark':>10} {'growth':>8}")
    found: dict[tuple[int, int], Measured] = {}
    for words, marks in SIZES:
        now = found[words, marks] = measure(words, marks)
        each = f"{1000 * now.milliseconds / marks:.2f}" if marks else ""
        tenth = found.get((words // 10, marks // 10)) if marks else None
        growth = f"{now.milliseconds / tenth.milliseconds:.1f} ×" if tenth else ""
        print(f"{words:>9,} {marks:>8,} {now.milliseconds:>9.2f} {now.html_bytes:>12,} {each:>10} {growth:>8}")
    worst = all_over(*PROMISED)
    print(
        f"{worst.words:>9,} {worst.marks:>8,} {worst.milliseconds:>9.2f} {worst.html_bytes:>12,}   each over the whole"
    )
    print("Growth: against a tenth of the words and a tenth of the marks.")


if __name__ == "__main__":
    main()
