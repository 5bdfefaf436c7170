"""The agreement report of a team, with all intervals: how right its quick ways are, and how fast.

`python -m bench.agreement` prints the rows; `run` adds them to a whole benchmark's report. Readers follow the same
made-up truth, each with mistakes of their own.
"""

from __future__ import annotations

import random
from statistics import median
from time import perf_counter

from annotations.agreement.coefficients import alpha, tag_report
from bench.report import Report

READERS, SENTENCES, TAGS = 30, 300, 12
ROUNDS = 5
# Of a hundred tags of a sentence, how many the truth has; and how often a reader decides without looking at it.
_PREVALENCE, _MISTAKES = 0.1, 0.2

Rows = list[list[frozenset[str] | None]]


def team(readers: int, sentences: int, *, finished: float = 1, truth: bool = True, seed: int = 1) -> Rows:
    """Make up a table; without ``truth`` readers choose by chance, which makes for the most different tag sets."""
    chance = random.Random(seed)
    names = tag_names()
    right = [{name for name in names if chance.random() < _PREVALENCE} for _ in range(sentences)]

    def value(sentence: int) -> frozenset[str] | None:
        if chance.random() >= finished:
            return None
        return frozenset(
            name
            for name in names
            if (
                name in right[sentence]
                if truth and chance.random() >= _MISTAKES
                else chance.random() < (_PREVALENCE if truth else 0.2)
            )
        )

    return [[value(sentence) for sentence in range(sentences)] for _ in range(readers)]


def tag_names() -> list[str]:
    return [f"tag {number}" for number in range(TAGS)]


def seconds(rows: Rows) -> float:
    """Return the median time of a report with 1000 draws."""
    times = []
    for _ in range(ROUNDS):
        before = perf_counter()
        tag_report(rows, tag_names())
        times.append(perf_counter() - before)
    return median(times)


def run(report: Report) -> None:
    cases = {
        "": team(READERS, SENTENCES),
        ", a fifth missing": team(READERS, SENTENCES, finished=0.8),
        ", by chance": team(READERS, SENTENCES, truth=False),
    }
    for kind, rows in cases.items():
        name = f"{READERS} readers, {SENTENCES} sentences, {TAGS} tags{kind}"
        report.row("agreement", name, "report with 1000 draws", seconds(rows), "s", at_most=2)
        off = abs(tag_report(rows, tag_names(), draws=0).headline.alpha - alpha(rows, "jaccard"))
        report.row("agreement", name, "away from the plain formula", off * 1e9, "·10⁻⁹", at_most=0.001)
    small, large = seconds(team(5, 100)), seconds(team(5, 1000))
    report.row("agreement", "5 readers, 1000 sentences", "report with 1000 draws", large, "s")
    report.row("agreement", "5 readers, 1000 sentences", "against a tenth of it", large / small, "×")


if __name__ == "__main__":
    run(Report())
