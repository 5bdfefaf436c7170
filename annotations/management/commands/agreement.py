"""`manage.py agreement --stdin`: every agreement coefficient that a table of values has, as one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from itertools import combinations
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.agreement.coefficients import (
    Disagreement,
    Interval,
    Report,
    TagAgreement,
    Undefined,
    alpha,
    alpha_interval,
    bennett_s,
    cohen_kappa,
    disagreement,
    fleiss_kappa,
    gwet_ac1,
    percent_agreement,
    positive_agreement,
    prevalence,
    randolph_kappa,
    scott_pi,
    tag_report,
)
from annotations.agreement.coefficients.distances import METRICS
from annotations.agreement.coefficients.table import MOST_BYTES, Table, Unreadable, as_numbers, as_sets, read_table
from annotations.agreement.coefficients.units import Rows, pairable_units

MOST_DRAWS, MOST_PAIRED = 10_000, 40
# Different values, above which the distances of all of them are too many: once, and in each draw.
MOST_VALUES, MOST_DRAWN_VALUES, MOST_TAGS = 1_000, 60, 100
_NUMERIC = ("ordinal", "interval", "ratio")


class Command(BaseCommand):
    help = (
        "Agreement of readers. With --stdin: read CSV, one line a reader, one column a unit, an empty cell where a "
        "value is missing, and write every coefficient as one JSON object; what is not defined is null, with the "
        "reason under not_defined. Needs no database."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--stdin", action="store_true", help="read the table from standard input")
        parser.add_argument("--metric", choices=METRICS, default="nominal", help="how far values are apart")
        parser.add_argument("--header", action="store_true", help="the first line names the units")
        parser.add_argument("--names", action="store_true", help="the first column names the readers")
        parser.add_argument("--draws", type=int, default=1000, help="of the bootstrap; 0 for no interval")
        parser.add_argument("--seed", type=int, default=20, help="of the bootstrap")

    def handle(self, *, stdin: bool, metric: str, header: bool, names: bool, draws: int, seed: int, **_) -> None:
        if not stdin:
            raise CommandError("Give --stdin, and a table on standard input.")
        if not 0 <= draws <= MOST_DRAWS:
            raise CommandError(f"--draws must be between 0 and {MOST_DRAWS:,}.")
        try:
            table = read_table(sys.stdin.buffer.read(MOST_BYTES + 1), header=header, names=names)
            found = _Answer(table, metric, draws, seed).worked_out()
        except Unreadable as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(found, ensure_ascii=False, allow_nan=False, indent=2))


class _Answer:
    """Collects coefficients, and reasons for those that are not defined."""

    def __init__(self, table: Table, metric: str, draws: int, seed: int) -> None:
        self._table, self._metric, self._draws, self._seed = table, metric, draws, seed
        self._found: dict[str, Any] = {}
        self._reasons: dict[str, str] = {}

    def worked_out(self) -> dict[str, Any]:
        rows = self._values()
        units = pairable_units(rows)
        counted = [] if isinstance(units, Undefined) else units
        self._found |= {
            "metric": self._metric,
            "readers": len(rows),
            "units": len(rows[0]),
            "counted_units": len(counted),
            "values": sum(value is not None for row in rows for value in row),
            "pairable": sum(unit.total() for unit in counted),
        }
        if self._table.readers:
            self._found["reader_names"] = self._table.readers
        if self._table.units:
            self._found["unit_names"] = self._table.units
        values = len({value for unit in counted for value in unit})
        if self._metric == "jaccard":
            self._of_sets(rows, values)
        else:
            self._of_values(rows, values)
        self._found["not_defined"] = self._reasons
        return self._found

    def _values(self) -> Rows:
        rows = self._table.rows
        if self._metric == "jaccard":
            return as_sets(rows)
        if self._metric == "nominal":
            return rows
        numbers = as_numbers(rows)
        if numbers is None:
            raise Unreadable(f"The metric {self._metric} needs numbers; there is a value that is none.")
        if self._metric == "ratio" and any(value is not None and value < 0 for row in numbers for value in row):
            raise Unreadable("The ratio metric needs values that are not negative.")
        return numbers

    def _put(self, name: str, value: float | Interval | Undefined | str) -> None:
        """Enter a value; a text is the reason why there is none."""
        if isinstance(value, Undefined):
            value = value.reason
        if isinstance(value, str):
            self._found[name], self._reasons[name] = None, value
        else:
            self._found[name] = asdict(value) | {"seed": self._seed} if isinstance(value, Interval) else value

    def _put_disagreement(self, parts: Disagreement | Undefined | str) -> None:
        if isinstance(parts, Disagreement):
            self._put("alpha", parts.alpha)
            self._put("observed_disagreement", parts.observed)
            self._put("expected_disagreement", parts.expected)
        else:
            for name in ("alpha", "observed_disagreement", "expected_disagreement"):
                self._put(name, parts)

    def _of_values(self, rows: Rows, values: int) -> None:
        too_many = self._metric != "nominal" and values > MOST_VALUES
        self._put_disagreement("too-many-values" if too_many else disagreement(rows, self._metric))
        if not self._draws:
            self._put("interval", "no-draws")
        elif self._metric != "nominal" and values > MOST_DRAWN_VALUES:
            self._put("interval", "too-many-values")
        else:
            self._put("interval", alpha_interval(rows, self._metric, draws=self._draws, seed=self._seed))
        self._other_metrics(values)
        self._beyond_chance(self._table.rows)
        self._of_marks(self._table.rows)
        self._pairs(len(rows), values, lambda i, j: alpha([rows[i], rows[j]], self._metric))

    def _other_metrics(self, values: int) -> None:
        self._put("alpha_nominal", alpha(self._table.rows))
        numbers = as_numbers(self._table.rows)
        for metric in _NUMERIC:
            name = f"alpha_{metric}"
            if numbers is None:
                self._put(name, "not-numbers")
            elif values > MOST_VALUES:
                self._put(name, "too-many-values")
            elif metric == "ratio" and any(value is not None and value < 0 for row in numbers for value in row):
                self._put(name, "negative-values")
            else:
                self._put(name, alpha(numbers, metric))

    def _beyond_chance(self, rows: Rows) -> None:
        self._put("percent_agreement", percent_agreement(rows))
        self._put("gwet_ac1", gwet_ac1(rows))
        two: dict[str, Callable[..., float | Undefined]] = {
            "cohen_kappa": cohen_kappa,
            "scott_pi": scott_pi,
            "bennett_s": bennett_s,
        }
        for name, coefficient in two.items():
            self._put(name, coefficient(*rows) if len(rows) == 2 else "not-two-readers")
        complete = all(value is not None for row in rows for value in row)
        self._put("fleiss_kappa", fleiss_kappa(rows) if complete else "values-missing")
        self._put("randolph_kappa", randolph_kappa(rows) if complete else "values-missing")

    def _of_marks(self, rows: Rows) -> None:
        if not {value for row in rows for value in row} <= {"0", "1", None}:
            return
        present = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
        counts = [(column.count("1"), len(column)) for column in present]
        self._put("prevalence", prevalence(counts))
        self._put("positive_agreement", positive_agreement(counts))

    def _pairs(self, readers: int, values: int, coefficient: Callable[[int, int], float | Undefined]) -> None:
        if readers > MOST_PAIRED:
            self._put("pairs", "too-many-readers")
        elif self._metric != "nominal" and values > MOST_DRAWN_VALUES:
            self._put("pairs", "too-many-values")
        else:
            matrix: list[list[float | None]] = [[None] * readers for _ in range(readers)]
            for i, j in combinations(range(readers), 2):
                value = coefficient(i, j)
                if isinstance(value, Undefined):
                    self._reasons[f"pairs[{i}][{j}]"] = value.reason
                else:
                    matrix[i][j] = matrix[j][i] = value
            self._found["pairs"] = matrix

    def _of_sets(self, rows: Rows, values: int) -> None:
        tags = sorted({tag for row in rows for cell in row if cell is not None for tag in cell})
        if len(tags) > MOST_TAGS:
            raise Unreadable(f"There are {len(tags)} different tags, more than {MOST_TAGS}.")
        if values > MOST_VALUES:
            raise Unreadable(f"There are {values:,} different tag sets, more than {MOST_VALUES:,}.")
        self._put_disagreement(disagreement(rows, "jaccard"))
        report = tag_report(rows, tags, draws=self._draws, seed=self._seed, minimum_units=1)
        self._put("interval", report.headline.interval if self._draws else "no-draws")
        self._put("alpha_nominal", alpha(rows))
        self._put("percent_agreement", percent_agreement(rows))
        self._found["tags"] = {tag.tag: self._tag(tag) for tag in report.tags}
        self._pair_report(report)

    def _tag(self, tag: TagAgreement) -> dict[str, Any]:
        values: dict[str, Any] = {"marked_units": tag.marked_units, "pairable": tag.pairable}
        for name in ("alpha", "interval", "prevalence", "positive_agreement", "ac1"):
            value = getattr(tag, name)
            if isinstance(value, Undefined):
                self._reasons[f"tags.{tag.tag}.{name}"] = value.reason
                value = None
            values[name] = asdict(value) | {"seed": self._seed} if isinstance(value, Interval) else value
        return values

    def _pair_report(self, report: Report) -> None:
        pairs = report.pairs
        alphas = {(pair.first, pair.second): pair.alpha for row in pairs for pair in row if pair}
        self._pairs(len(pairs), 0, lambda i, j: alphas[i, j])
        self._put("mean_pair_f1", report.mean_f1)
        self._found["contested"] = [
            {
                "unit": passage.unit,
                "entropy": passage.entropy,
                "votes": {vote.tag: [vote.marked, vote.present] for vote in passage.votes},
            }
            for passage in report.contested
        ]
