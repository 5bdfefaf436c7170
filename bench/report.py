"""The results of a run: printed as they come, kept as a Markdown table and JSON in `bench-results/`."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass
class Row:
    part: str
    case: str
    what: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None


@dataclass
class Report:
    rows: list[Row] = field(default_factory=list)

    def row(
        self,
        part: str,
        case: str,
        what: str,
        value: float,
        unit: str,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """Keep and print one figure, with the goal it is measured against."""
        goal, met = "", None
        if at_most is not None:
            goal, met = f"≤ {at_most:g}", value <= at_most
        elif at_least is not None:
            goal, met = f"≥ {at_least:g}", value >= at_least
        row = Row(part, case, what, round(value, 3), unit, goal, met)
        self.rows.append(row)
        verdict = {None: "", True: f"  [{goal} met]", False: f"  [{goal} NOT met]"}[met]
        print(f"{part:8} {case:44} {what:52} {row.value:>10,.2f} {unit}{verdict}", flush=True)

    def store(self, folder: Path) -> Path:
        """Write the table; returns the file."""
        folder.mkdir(exist_ok=True)
        now = datetime.now(UTC)
        lines = [
            f"Measured {now:%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {platform.machine()}, "
            f"{len(_cores())} cores.",
            "",
            "| part | case | what | value | goal |",
            "|---|---|---|---|---|",
        ]
        for row in self.rows:
            mark = {None: "", True: " ✓", False: " ✗"}[row.met]
            lines.append(f"| {row.part} | {row.case} | {row.what} | {row.value:,g} {row.unit} | {row.goal}{mark} |")
        path = folder / "latest.md"
        path.write_text("\n".join(lines) + "\n")
        (folder / "latest.json").write_text(json.dumps([asdict(row) for row in self.rows], indent=1))
        return path


def _cores() -> set[int]:
    import os

    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def failed(report: Report) -> None:
    """Say which goals were not met; benchmarks inform and do not fail a build."""
    missed = [row for row in report.rows if row.met is False]
    sys.stdout.write(f"\n{len(missed)} goals not met.\n" if missed else "\nEvery goal met.\n")
