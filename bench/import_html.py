"""Importing web pages of about 1 MB: the whole verb, from bytes to the committed article, and where the time goes.

`python -m bench.import_html` prints the table; `run` adds it to a whole benchmark's report.
"""

from __future__ import annotations

import random
from statistics import median
from time import perf_counter, process_time

from bench.report import Report

PROMISED = 2_000  # milliseconds for 1 MB
ROUNDS = 5
_WORDS = "the audit says patrol hours fell by a third last year and few in the service asked who had decided it".split()


def prose(size: int, seed: int) -> bytes:
    """A news page of about `size` bytes: paragraphs of 80 words with a link and emphasis, headings, chrome around."""
    chance = random.Random(seed)
    parts = [
        f"<!doctype html><html lang=en><head><title>Page {seed}</title><meta property='og:site_name' content='Courier'>"
        "<script>var tracking = '<p>';</script></head><body><nav><ul>"
        + "<li><a href='/a'>Section</a></li>" * 40
        + f"</ul></nav><main><article><h1>Page {seed}</h1>"
    ]
    length = len(parts[0])
    while length < size:
        words = " ".join(chance.choices(_WORDS, k=76))
        part = (
            f"<p>{words} <em>and yet</em> Q&amp;A <a href='https://example.org/14'>report 14</a> it – “stands”.</p>\n"
        )
        if chance.random() < 0.1:
            part += f"<h2>{' '.join(chance.choices(_WORDS, k=6))}</h2>\n"
        parts.append(part)
        length += len(part.encode())
    parts.append("</article></main><footer>About</footer></body></html>")
    return "".join(parts).encode()


def markup(size: int, seed: int) -> bytes:
    """A page with little text between its tags, near the most elements that are taken: lists and a long table."""
    chance = random.Random(seed)
    rows = "".join(
        f"<tr><td>{chance.choice(_WORDS)}</td><td class='figure number'><b>{chance.randrange(10**6)}</b></td>"
        f"<td style='color:red'>{chance.choice(_WORDS)} &amp; <i>{chance.choice(_WORDS)}</i></td></tr>\n"
        for _ in range(size // 150)
    )
    items = "<ul>" + "<li>one<ul><li>two <code>three</code></li></ul></li>" * (size // 400) + "</ul>"
    return (
        f"<!doctype html><html lang=en><body><h1>Table {seed}</h1>{items}<table>{rows}</table></body></html>".encode()
    )


PAGES = {"prose": prose, "tables and lists": markup}


def milliseconds(make, size: int) -> tuple[float, float, int]:
    """Medians of wall time and of this process's own time for one import, and the size of a page in bytes."""
    from opslens.articles.actions import import_article

    walls, owns, data = [], [], b""
    for number in range(ROUNDS):
        data = make(size, number)
        wall, own = perf_counter(), process_time()
        assert import_article(None, name="page.html", data=data).created
        walls.append(1000 * (perf_counter() - wall))
        owns.append(1000 * (process_time() - own))
    return median(walls), median(owns), len(data)


def run(report: Report) -> None:
    for name, make in PAGES.items():
        wall, own, size = milliseconds(make, 1_000_000)
        case = f"{size / 1e6:.2f} MB of HTML, {name}"
        report.row("import", case, "time", wall, "ms", at_most=PROMISED if make is prose else None)
        report.row("import", case, "time of this process alone", own, "ms")
        tenth, _own, _size = milliseconds(make, 100_000)
        report.row("import", f"ten times the HTML, {name}", "times the time", wall / tenth, "×", at_most=15)


def stages(data: bytes) -> list[tuple[str, float]]:
    """Milliseconds of this process in each step of one import but the writing."""
    from opslens.articles.loaders import load
    from opslens.articles.search.folding import words_of
    from opslens.text.canonical import read_html
    from opslens.text.reading_time import word_count
    from opslens.text.sanitize import sanitize

    taken = []

    def step(name, function, *arguments):
        before = process_time()
        result = function(*arguments)
        taken.append((name, 1000 * (process_time() - before)))
        return result

    loaded, _decoded = step("load", load, "page.html", data)
    clean = step("sanitise", sanitize, loaded.html)
    document = step("read blocks and sentences", read_html, clean, "en")
    step("block table", document.to_json)
    step("count words", word_count, document.text)
    step("fold for search", lambda text: sum(1 for _ in words_of(text)), document.text)
    return taken


def main() -> None:
    from bench import site

    site.prepare()
    run(Report())
    for name, make in PAGES.items():
        print(f"\n{name}, 1 MB, one run, ms of this process:")
        for step, taken in stages(make(1_000_000, 99)):
            print(f"  {step:28} {taken:8.1f}")


if __name__ == "__main__":
    main()
