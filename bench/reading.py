"""Opening the reading page: server time, against the finished HTML from memory; growth; memory over a hundred opens."""

from __future__ import annotations

import statistics
from itertools import repeat

from bench import client, data, site
from bench.report import Report

SIZES = ((1_000, 100), (10_000, 1_000), (100_000, 10_000))


def run(report: Report) -> None:
    readers = data.readers_of(8)
    articles = {words: data.article_of(words) for words, _ in SIZES}
    for words, marks in SIZES:
        data.marks_on(articles[words], marks, readers)
    session = site.sign_in(readers[0])
    paths = {words: article.get_absolute_url() for words, article in articles.items()}
    slugs = {words: article.slug for words, article in articles.items()}
    cold = {words: _cold(articles[words], readers[0]) for words, _ in SIZES}
    with site.server() as (port, process):

        def median(path: str, times: int = 30, **headers: str) -> tuple[float, int]:
            request = client.request_bytes("GET", path, f"127.0.0.1:{port}", site.headers(session, **headers))
            client.load("127.0.0.1", port, 16, lambda i: repeat(request, 3))  # every worker is warm
            outcome = client.load("127.0.0.1", port, 1, lambda i: repeat(request, times))
            assert set(outcome.statuses) == {200}, outcome.statuses
            return statistics.median(outcome.latencies), outcome.bytes // times

        for words, marks in SIZES:
            page, size = median(paths[words])
            finished, _ = median(f"/bench/finished/{slugs[words]}/")
            packed, packed_size = median(paths[words], **{"Accept-Encoding": "gzip"})
            name = f"{words:,} words, {marks:,} marks"
            report.row("open", name, "server time, page unchanged since the last open", page, "ms")
            report.row("open", name, "server time, everything made anew (in process)", cold[words], "ms")
            report.row("open", name, "finished HTML from memory, same server", finished, "ms")
            report.row("open", name, "ratio to finished HTML", page / finished, "×", at_most=3)
            report.row("open", name, "HTML", size / 1e6, "MB", at_most=2 if words == 100_000 else None)
            report.row("open", name, "with gzip: time", packed, "ms")
            report.row("open", name, "with gzip: size", packed_size / 1e3, "KB")
        workers = site.children_of(process.pid)
        before = [site.memory_of(pid) for pid in workers]
        for _ in range(2):
            median(paths[100_000], times=50)
        after = [site.memory_of(pid) for pid in workers]
        growth = max(b - a for a, b in zip(before, after, strict=True)) / 1024
        report.row("open", "100 opens of 100,000 words", "growth of a worker's memory", growth, "MB", at_most=8)


def _cold(article, reader) -> float:
    """Milliseconds to make the page with nothing kept but the parsed document: median of seven."""
    import time

    from annotations.reading.pages import page_for
    from opslens.models import Revision

    revision = Revision.objects.light().get(pk=article.current_id)
    times = []
    for _ in range(8):
        began = time.perf_counter()
        page_for(reader, revision)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[1:])
