"""The review queue: from a verdict to the next mark on the page, with 500 marks and with 100,000, and the page itself.

In process, through every middleware, as a browser with scripts asks: what a reviewer waits for at each key press.
"""

from __future__ import annotations

import re
from statistics import median, quantiles
from time import perf_counter

from bench.report import Report

STEPS = 100
GOAL = 100  # ms
_FIELDS = re.compile(r'<input type="hidden" name="(version|review|queue)" value="([^"]*)"')
_MARK = re.compile(r"/review/(\w+)/decide/")


def run(report: Report) -> None:
    from django.test import Client

    from bench.data import article_of, marks_on, readers_of
    from opslens.models import User

    reviewer = User.objects.create(username="bench-reviewer", is_superuser=True)
    client = Client(HTTP_HOST="localhost")
    client.force_login(reviewer, backend="opslens.accounts.backends.AccountBackend")
    article, readers = article_of(20_000), readers_of(20)
    there = 0
    for marks in (500, 100_000):
        marks_on(article, marks - there, readers, seed=marks)
        there = marks
        for order in ("newest", "contested", "document"):
            scene = f"{marks:,} marks, {order}"
            address = f"/review/?order={order}"
            begun = perf_counter()
            page = client.get(address)
            report.row("review", scene, "the page", (perf_counter() - begun) * 1000, "ms")
            times = _steps(client, page.content.decode(), order)
            report.row("review", scene, "verdict to next mark, median", median(times), "ms", at_most=GOAL)
            report.row("review", scene, "verdict to next mark, p95", quantiles(times, n=20)[-1], "ms")


def _steps(client, html: str, order: str) -> list[float]:
    """Milliseconds of each of STEPS verdicts, with the answer that holds the next mark."""
    times = []
    for at in range(STEPS):
        uid = _MARK.search(html)[1]
        form = dict(_FIELDS.findall(html)) | {"act": "accept" if at % 3 else "reject", "reason": "Because."}
        begun = perf_counter()
        answer = client.post(f"/review/{uid}/decide/", form | {"queue": f"order={order}"}, HTTP_HX_REQUEST="true")
        times.append((perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise AssertionError(f"{answer.status_code} after {at} steps")
        html = answer.content.decode()
    return times
