"""What a site costs before anybody reads: cold start, idle memory, size and number of installed packages."""

from __future__ import annotations

import http.client
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench import site
from bench.report import Report


def run(report: Report) -> None:
    times = []
    for _ in range(5):
        began = time.monotonic()
        with site.server() as (port, process):
            _first_answer(port)
            times.append((time.monotonic() - began) * 1000)
            time.sleep(1)
            workers = site.children_of(process.pid)
            memory = max(site.memory_of(pid) for pid in [process.pid, *workers]) / 1024
    report.row(
        "start",
        "server, database ready",
        "cold start to the first answer, median of 5",
        statistics.median(times),
        "ms",
        at_most=1500,
    )
    report.row("start", "server, idle", "memory of the largest process", memory, "MB", at_most=90)
    if os.environ.get("BENCH_INSTALL", "yes") == "yes":
        _installed(report)


def _first_answer(port: int) -> None:
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            assert connection.getresponse().status == 200
            return
        except OSError:
            time.sleep(0.01)


def _installed(report: Report) -> None:
    """A fresh environment as `make setup` makes it."""
    with tempfile.TemporaryDirectory(prefix="opslens-install-") as folder:
        subprocess.run(
            ["sh", "scripts/venv.sh", f"{folder}/venv", "requirements.txt"],
            check=True,
            cwd=site.ROOT,
            stdout=subprocess.DEVNULL,
        )
        python = f"{folder}/venv/bin/python"
        listed = subprocess.run(
            [python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
        )
        size = sum(f.lstat().st_blocks * 512 for f in Path(folder).rglob("*") if not f.is_dir())
    report.row("start", "runtime install", "size on disk, pip included", size / 1e6, "MB", at_most=120)
    report.row("start", "runtime install", "packages, pip included", len(listed.stdout.split()), "", at_most=45)
