"""Live updates: from a save to the event and to the paint, with fifty readers on one article; across processes, on
SQLite and on PostgreSQL; and what a thousand open streams cost while nothing happens.

Everything runs on one machine and one clock: the server, the readers, and the browser share its cores, so these figures
are an upper bound for a server that has them to itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench import data, site
from bench.report import Report

READERS, MARKS, APART_SECONDS = 50, 60, 0.35
IDLE, IDLE_SECONDS = 1_000, 20
_MARK = re.compile(rb"event: mark\ndata: (\{.*\})\n\n")


class Reader:
    """A reader's page without a browser: an open stream and, on news, the request for what is fresh."""

    def __init__(self, port: int, path: str, session: str) -> None:
        self.port, self.path, self.session = port, path, session
        self.ready = asyncio.Event()
        self.heard: dict[str, float] = {}  # uid → when its event was here
        self.fetched: dict[str, float] = {}  # uid → when its fragment was here

    async def follow(self, *, fetches: bool = True) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self._request("live/"))
        waiting: asyncio.Queue = asyncio.Queue()
        fetching = asyncio.create_task(self._fetch(waiting)) if fetches else None
        buffer = b""
        try:
            while chunk := await reader.read(65536):
                now = time.time()
                buffer += chunk
                if b"event: hello" in buffer:
                    self.ready.set()
                for match in _MARK.finditer(buffer):
                    told = json.loads(match[1])
                    self.heard[told["uid"]] = now
                    waiting.put_nowait(told)
                buffer = buffer[buffer.rfind(b"\n\n") :]
        finally:
            writer.close()
            if fetching:
                fetching.cancel()

    async def _fetch(self, waiting: asyncio.Queue) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while True:
                news = [await waiting.get()]
                await asyncio.sleep(0.006)
                while not waiting.empty():
                    news.append(waiting.get_nowait())
                blocks = {b for told in news for b in (told["was"] or []) + (told["now"] or [])}
                uids = [told["uid"] for told in news]
                query = urlencode(
                    {"blocks": ",".join(map(str, sorted(blocks))), "marks": ",".join(uids), "whose": "all"}
                )
                writer.write(self._request(f"live/fresh/?{query}"))
                head = await reader.readuntil(b"\r\n\r\n")
                assert b" 200 " in head.split(b"\r\n")[0], head
                await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))
                for uid in uids:
                    self.fetched[uid] = time.time()
        finally:
            writer.close()

    def _request(self, path: str) -> bytes:
        cookie = f"opslens_session={self.session}"
        return f"GET {self.path}{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {cookie}\r\n\r\n".encode()


class Crowd:
    """Readers in an event loop of their own."""

    def __init__(self, readers: list[Reader], *, fetches: bool = True) -> None:
        self.readers, self.fetches = readers, fetches
        self.loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: self.loop.run_until_complete(self._run()), daemon=True)

    async def _run(self) -> None:
        self._end = asyncio.Event()
        tasks = []
        for at, reader in enumerate(self.readers):
            tasks.append(asyncio.create_task(reader.follow(fetches=self.fetches)))
            if at % 20 == 19:
                await asyncio.sleep(0.05)
        for reader in self.readers:
            await asyncio.wait_for(reader.ready.wait(), 60)
        self._started.set()
        await self._end.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __enter__(self) -> Crowd:
        self._thread.start()
        if not self._started.wait(90):
            raise RuntimeError("The readers do not get their streams.")
        return self

    def __exit__(self, *problem) -> None:
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)


class Writer:
    """Makes marks over HTTP, one at a time; knows when each was sent and when it was answered."""

    def __init__(self, port: int, article, session: str, tags: list[int]) -> None:
        import http.client

        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.article, self.session, self.tags, self.chance = article, session, tags, random.Random(7)
        self.text = article.current.text
        self.sent: dict[str, tuple[float, float]] = {}

    def mark(self, within: tuple[int, int]) -> str:
        start = self.chance.randrange(*within)
        end = start + self.chance.randint(20, 60)
        body = urlencode(
            {
                "revision": self.article.current_id,
                "start": start,
                "end": end,
                "exact": self.text[start:end],
                "tags": self.chance.choice(self.tags),
                "visibility": "public",
                "key": str(uuid.uuid4()),
            }
        )
        headers = site.headers(self.session, **{"HX-Request": "true"})
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = time.time()
        self.connection.request("POST", "/marks/", body, headers)
        answer = self.connection.getresponse()
        html = answer.read().decode()
        assert answer.status == 200, html[:300]
        uid = re.search(r'id="card-([a-z0-9]{10})"', html)[1]
        self.sent[uid] = (began, time.time())
        return uid


def _delays(writer: Writer, arrived: list[dict[str, float]]) -> list[float]:
    """Milliseconds from sending a mark until it was there, for every mark and every reader."""
    delays = [1000 * (here[uid] - began) for uid, (began, _) in writer.sent.items() for here in arrived if uid in here]
    assert len(delays) == len(writer.sent) * len(arrived), f"{len(delays)} of {len(writer.sent) * len(arrived)} arrived"
    return delays


def _rows(report: Report, case: str, what: str, delays: list[float], at_most: float | None) -> None:
    cut = statistics.quantiles(delays, n=20)
    report.row("live", case, f"{what}, median", statistics.median(delays), "ms")
    report.row("live", case, f"{what}, p95", cut[18], "ms", at_most=at_most)
    report.row("live", case, f"{what}, longest", max(delays), "ms")


@contextmanager
def _servers(number: int, processes_each: int = 1):
    """That many servers on one database; their ports, and the id of a serving process of each."""
    from django.db import connections

    connections.close_all()
    processes, ports = [], []
    try:
        for _ in range(number):
            port = site.free_port()
            environment = {**os.environ, "PORT": str(port), "WORKERS": str(processes_each)}
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"], cwd=site.ROOT, env=environment, stdout=subprocess.DEVNULL
            )
            processes.append(process)
            ports.append(port)
            site.wait_for(port, process)
        yield ports, [_worker_of(process.pid) for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def _worker_of(pid: int) -> int:
    until = time.monotonic() + 10
    while not (children := site.children_of(pid)):
        if time.monotonic() > until:
            raise RuntimeError("The server has no process that serves.")
        time.sleep(0.02)
    return children[0]


def _stage():
    """An article with three hundred marks, its readers with their sessions, and the tags."""
    from annotations.models import Annotation, Tag

    people = data.readers_of(READERS + 1)
    article = data.article_of(5_000, name="For live updates")
    if not Annotation.objects.filter(article=article).exists():
        data.marks_on(article, 300, people)
    tags = list(Tag.objects.filter(note_required=False).values_list("pk", flat=True))
    article.current.text  # noqa: B018  (read now: Playwright's event loop forbids it later)
    return article, [site.sign_in(person) for person in people], tags


def one_server(report: Report, readers_in_all: int, processes: int) -> None:
    from playwright.sync_api import sync_playwright

    from tests.support.chromium import ARGUMENTS, find_or_install

    article, sessions, tags = _stage()
    path = f"/read/{article.slug}/1/"
    case = f"{readers_in_all} readers, {processes} process{'es' * (processes > 1)}"
    with _servers(1, processes) as (ports, _), sync_playwright() as playwright:
        readers = [Reader(ports[0], path, session) for session in sessions[1:readers_in_all]]
        host = f"http://127.0.0.1:{ports[0]}"
        browser = playwright.chromium.launch(executable_path=find_or_install(), args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "opslens_session", "value": sessions[READERS], "url": host}])
        page = context.new_page()
        page.add_init_script(_PAINTS)
        page.goto(host + path)
        with Crowd(readers):
            page.locator("#live .readers", has_text=f"{readers_in_all} reading").wait_for(timeout=20_000)
            writer = Writer(ports[0], article, sessions[0], tags)
            for _ in range(MARKS):
                writer.mark((400, 1_600))  # what the window shows
                page.wait_for_timeout(1000 * APART_SECONDS)
            page.wait_for_timeout(1500)
            painted = {uid: at / 1000 for uid, at in page.evaluate("window.paints").items() if uid in writer.sent}
        browser.close()
    saves = [1000 * (done - began) for began, done in writer.sent.values()]
    _rows(report, case, "from sending a mark to its answer", saves, None)
    _rows(report, case, "from sending a mark to its event", _delays(writer, [r.heard for r in readers]), 40)
    _rows(report, case, "from sending a mark to its fragment", _delays(writer, [r.fetched for r in readers]), None)
    _rows(report, case, "from sending a mark to its paint in Chromium", _delays(writer, [painted]), 100)


# When each new mark's first segment has been painted: a task that is posted in the frame after it came into the
# document runs once that frame has been painted.
_PAINTS = """
window.paints = {};
addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    for (const mark of document.querySelectorAll('#article [id^="m"]')) {
        const uid = mark.id.slice(1);
        if (uid in window.paints) continue;
        window.paints[uid] = 0;
        requestAnimationFrame(() => {
            const {port1, port2} = new MessageChannel();
            port1.onmessage = () => { window.paints[uid] = performance.timeOrigin + performance.now(); };
            port2.postMessage("");
        });
    }
}).observe(document.body, {childList: true, subtree: true}));
"""


def two_processes(report: Report, database: str) -> None:
    article, sessions, tags = _stage()
    case = f"{READERS} readers, another process, {database}"
    with _servers(2) as (ports, _):
        readers = [Reader(ports[1], f"/read/{article.slug}/1/", session) for session in sessions[1:]]
        with Crowd(readers):
            writer = Writer(ports[0], article, sessions[0], tags)
            for _ in range(MARKS):
                writer.mark((400, len(writer.text) - 200))
                time.sleep(APART_SECONDS)
            time.sleep(1)
    _rows(report, case, "from sending a mark to its event", _delays(writer, [r.heard for r in readers]), 300)
    _rows(report, case, "from sending a mark to its fragment", _delays(writer, [r.fetched for r in readers]), None)


def idle(report: Report, database: str) -> None:
    _allow_files(2 * IDLE + 500)
    people = data.readers_of(IDLE // 5)
    articles = [data.article_of(1_000, name=f"Idle {n}") for n in range(20)]
    sessions = [site.sign_in(person) for person in people]
    case = f"{IDLE:,} open streams, nothing happens, {database}"
    with _servers(1) as (ports, pids):
        (pid,) = pids
        few = [Reader(ports[0], f"/read/{articles[0].slug}/1/", session) for session in sessions[:5]]
        with Crowd(few, fetches=False):
            time.sleep(1)
            before = site.memory_of(pid)
        many = [Reader(ports[0], f"/read/{articles[n % 20].slug}/1/", sessions[n % len(sessions)]) for n in range(IDLE)]
        with Crowd(many, fetches=False):
            time.sleep(5)
            spent = []
            for _ in range(4):
                began, used = time.monotonic(), _cpu_seconds(pid)
                time.sleep(IDLE_SECONDS / 4)
                spent.append(100 * (_cpu_seconds(pid) - used) / (time.monotonic() - began))
            after = site.memory_of(pid)
    report.row("live", case, "processor time, of one core", statistics.mean(spent), "%")
    report.row("live", case, "processor time, in the busiest 5 seconds", max(spent), "%")
    report.row("live", case, "memory of a stream", (after - before) / IDLE, "KiB")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _allow_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))


def run(report: Report) -> None:
    one_server(report, READERS, 1)
    one_server(report, READERS, 4)
    one_server(report, 10, 1)
    two_processes(report, "SQLite")
    idle(report, "SQLite")
    _on_postgres(report)


def _on_postgres(report: Report) -> None:
    """The same on a throw-away PostgreSQL where there is one, in a process with another database in its settings."""
    from tests.support import postgres

    if postgres.find() is None:
        return
    folder = Path(os.environ["OPSLENS_HOME"]) / "postgres"
    (folder / "static").mkdir(parents=True)
    with postgres.cluster() as url:
        environment = {**os.environ, "DATABASE_URL": url, "OPSLENS_HOME": str(folder)}
        command = "import django, sys; django.setup(); from bench import live; live.postgres_part(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-c", command, str(folder / "rows.json")], cwd=site.ROOT, env=environment
        )
        if done.returncode:
            raise RuntimeError("The part on PostgreSQL failed.")
    from bench.report import Row

    report.rows += [Row(**row) for row in json.loads((folder / "rows.json").read_text())]


def postgres_part(path: str) -> None:
    """What `run` measures on PostgreSQL, in a process that has it in its settings; the rows go into a file."""
    from dataclasses import asdict

    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    report = Report()
    two_processes(report, "PostgreSQL")
    idle(report, "PostgreSQL")
    Path(path).write_text(json.dumps([asdict(row) for row in report.rows]))
