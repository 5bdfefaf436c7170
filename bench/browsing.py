"""The reading page in Chromium: when it is painted with a cold cache, how long a key press takes to become a painted
mark, and whether the page keeps the main thread free. The review queue: from the key of a verdict to the next mark."""

from __future__ import annotations

import statistics

from bench import data, site
from bench.report import Report

_OBSERVE = """
window.longTasks = [];
new PerformanceObserver((list) => {
    for (const e of list.getEntries()) window.longTasks.push([e.startTime, e.duration]);
}).observe({type: "longtask", buffered: true});
window.layoutReads = 0;
for (const name of ["getBoundingClientRect", "getClientRects"])
    for (const proto of [Element.prototype, Range.prototype]) {
        const original = proto[name];
        if (original) proto[name] = function () { window.layoutReads += 1; return original.call(this); };
    }
"""
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


def run(report: Report) -> None:
    from playwright.sync_api import sync_playwright

    from opslens.models import User
    from tests.support.chromium import ARGUMENTS, find_or_install

    readers = data.readers_of(8)
    articles = {}
    for words, marks in ((10_000, 1_000), (100_000, 10_000)):
        articles[words] = data.article_of(words)
        data.marks_on(articles[words], marks, readers)
    queue = data.article_of(20_000)
    data.marks_on(queue, 500, readers[1:])
    User.objects.filter(pk=readers[0].pk).update(is_superuser=True)
    urls = {words: article.get_absolute_url() for words, article in articles.items()}
    session = site.sign_in(readers[0])
    with site.server() as (port, _), sync_playwright() as playwright:
        host = f"http://127.0.0.1:{port}"
        browser = playwright.chromium.launch(executable_path=find_or_install(), args=ARGUMENTS)

        def open_page(path: str):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.add_cookies(
                [
                    {"name": "opslens_session", "value": session, "url": host},
                    {"name": "opslens_csrf", "value": site.CSRF, "url": host},
                ]
            )
            page = context.new_page()
            page.add_init_script(_OBSERVE)
            page.goto(host + path, wait_until="load")
            page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
            return page

        for words, marks, most in ((10_000, 1_000, 500), (100_000, 10_000, 1_500)):
            open_page(urls[words]).context.close()
            painted = []
            for _ in range(5):
                page = open_page(urls[words])  # a new context: nothing is cached
                painted.append(page.evaluate(_PAINTED))
                page.context.close()
            name = f"{words:,} words, {marks:,} marks"
            report.row(
                "browser", name, "first contentful paint, cold cache", statistics.median(painted), "ms", at_most=most
            )

        page = open_page(urls[10_000])
        page.wait_for_timeout(1500)
        loaded = page.evaluate("performance.now()")
        page.evaluate("window.layoutReads = 0")
        frames = page.evaluate(
            """async () => {
                const gaps = []; let last = performance.now();
                for (let step = 0; step < 120; step++) {
                    window.scrollBy(0, 120);
                    await new Promise((done) => requestAnimationFrame(done));
                    gaps.push(performance.now() - last); last = performance.now();
                }
                return gaps;
            }"""
        )
        page.wait_for_timeout(800)
        name = "10,000 words, 1,000 marks"
        long = [duration for start, duration in page.evaluate("window.longTasks") if start > loaded]
        report.row(
            "browser", name, "longest task after load, scrolling included", max(long, default=0), "ms", at_most=200
        )
        report.row(
            "browser", name, "layout reads a frame while scrolling", page.evaluate("window.layoutReads") / 120, ""
        )
        report.row("browser", name, "median frame while scrolling", statistics.median(frames), "ms")
        page.context.close()

        times = []
        page = open_page(urls[10_000])
        page.wait_for_timeout(1500)
        for n in range(9):
            times.append(page.evaluate(_MARK, n))
            page.wait_for_timeout(400)
        report.row(
            "browser",
            name,
            "key press to the mark painted as an overlay",
            statistics.median(t[0] for t in times),
            "ms",
            at_most=100,
        )
        report.row(
            "browser",
            name,
            "key press to the server's mark in the text",
            statistics.median(t[1] for t in times),
            "ms",
            at_most=100,
        )
        page.context.close()

        page = open_page(f"/review/?order=document&article={queue.slug}")
        page.wait_for_timeout(1500)
        page.evaluate(_HEED_STEPS)
        for step in range(500):
            page.keyboard.press("a")
            page.wait_for_function("step => window.steps.length > step", arg=step)
        steps = page.evaluate("window.steps")
        name = "review queue, 500 marks by keyboard"
        report.row("browser", name, "key press to the next mark painted", statistics.median(steps), "ms", at_most=100)
        report.row("browser", name, "the same, p95", statistics.quantiles(steps, n=20)[-1], "ms", at_most=100)
        report.row("browser", name, "the longest of them", max(steps), "ms", at_most=100)
        browser.close()


# From each key press to the frame after the next mark, or the end of the queue, has come.
_HEED_STEPS = """() => {
    window.steps = [];
    let began = 0;
    addEventListener("keydown", () => { began = performance.now(); }, true);
    document.addEventListener("htmx:afterSettle", () => {
        if (!began) return;
        const since = began;
        began = 0;
        requestAnimationFrame(() => setTimeout(() => window.steps.push(performance.now() - since)));
    });
}"""


# Select some words of block n, press the key of a tag, and wait for the frame in which the overlay and then the saved
# mark are there.
_MARK = """async (n) => {
    const block = document.querySelector(`#b${n + 3}`);
    block.scrollIntoView({block: "center", behavior: "instant"});
    await new Promise((done) => setTimeout(done, 300));
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    let node; while ((node = walker.nextNode()) && node.data.trim().length < 8) {}
    const range = document.createRange();
    range.setStart(node, 0); range.setEnd(node, Math.min(node.data.length, 40));
    const selection = getSelection(); selection.removeAllRanges(); selection.addRange(range);
    document.dispatchEvent(new Event("selectionchange"));
    block.dispatchEvent(new MouseEvent("mouseup", {bubbles: true}));
    const bar = document.querySelector("#selection");
    for (let i = 0; i < 100 && bar.hidden; i++) await new Promise((done) => setTimeout(done, 10));
    const before = document.querySelectorAll("mark[id], i[id]").length;
    const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const began = performance.now();
    document.dispatchEvent(new KeyboardEvent("keydown", {key: "c", bubbles: true}));
    let overlay = 0;
    for (let i = 0; i < 400; i++) {
        if (!overlay && CSS.highlights?.get("pending")?.size) { await frame(); overlay = performance.now() - began; }
        if (document.querySelectorAll("mark[id], i[id]").length > before) break;
        await new Promise((done) => setTimeout(done, 1));
    }
    await frame();
    return [overlay, performance.now() - began];
}"""
