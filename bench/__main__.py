"""`make bench` runs every part, `make bench ARGS="mark open"` some. Each part runs in a process of its own, so that
no part's memory or kept pages help another."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

from bench import site
from bench.report import Report, Row, failed

PARTS = {
    "weave": "bench.weave",
    "anchor": "bench.anchoring",
    "import": "bench.import_html",
    "start": "bench.starting",
    "open": "bench.reading",
    "mark": "bench.marking",
    "live": "bench.live",
    "agreement": "bench.agreement",
    "review": "bench.review",
    "surgery": "bench.surgery",
    "browser": "bench.browsing",
}
RESULTS = Path("bench-results")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--part"]:
        report = Report()
        site.prepare()
        importlib.import_module(PARTS[arguments[1]]).run(report)
        report.store(RESULTS / arguments[1])
        return
    chosen = arguments or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        raise SystemExit(f"Unknown: {', '.join(unknown)}. There are {', '.join(PARTS)}.")
    RESULTS.mkdir(exist_ok=True)
    report = Report()
    for name in chosen:
        done = subprocess.run([sys.executable, "-m", "bench", "--part", name])
        if done.returncode:
            raise SystemExit(f"The part {name} failed.")
        rows = json.loads((RESULTS / name / "latest.json").read_text())
        report.rows += [Row(**row) for row in rows]
    path = report.store(RESULTS)
    failed(report)
    sys.stdout.write(f"The table is in {path}.\n")


if __name__ == "__main__":
    main(sys.argv[1:])
