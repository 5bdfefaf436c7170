"""Several processes on one database, and processes that end: orderly, and not."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from django.db import connection

from annotations.live.hub import hub
from annotations.models import Annotation
from opslens.articles.documents import document_of
from opslens.models import Channel, Event
from tests.annotations.live.stream import Stream, cookie_of, page_of

ROOT = Path(__file__).resolve().parents[3]
WORDS = "The levy was never about boats."


class Server:
    """`manage.py serve` with one process, on the database of the test."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        settings = connection.settings_dict
        if connection.vendor == "sqlite":
            url = f"sqlite:///{settings['NAME']}"
        else:
            url = f"postgresql://{settings['USER']}@/{settings['HOST']}/{settings['NAME']}"
        (home / "static").mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "OPSLENS_HOME": str(home),
            "DATABASE_URL": url,
            "PORT": str(self.port),
            "WORKERS": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE], cwd=ROOT, env=environment, start_new_session=True
        )
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None, "the server does not start"
                assert time.monotonic() < until
                time.sleep(0.02)

    def kill(self) -> None:
        """`kill -9` of everything."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


# What `manage.py serve` does once everything is prepared; the test's database is.
_SERVE = """
import os, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opslens.settings")
django.setup()
from opslens.server import Server
Server(bind=f"127.0.0.1:{os.environ['PORT']}", workers=1).run()
"""


@pytest.fixture
def start(transactional_db: None, tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """`start()`: one more server."""
    servers: list[Server] = []

    def begin() -> Server:
        connection.close()
        servers.append(Server(tmp_path / "home"))
        return servers[-1]

    yield begin
    for server in servers:
        server.kill()


def _mark_over_http(port: int, cookie: str, article, key: str, visibility: str = "public") -> str | None:
    """The name of the mark; None when no answer came. Raises AssertionError for a refusal."""
    text = document_of(article.current_id).text
    start = text.index(WORDS)
    fields = {"revision": article.current_id, "start": start, "end": start + len(WORDS), "exact": WORDS}
    body = urlencode(fields | {"note": key, "visibility": visibility, "key": key})
    token = "t" * 32
    headers = {
        "Cookie": f"{cookie}; opslens_csrf={token}",
        "X-CSRFToken": token,
        "HX-Request": "true",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    http = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        http.request("POST", "/marks/", body, headers)
        answer = http.getresponse()
        html = answer.read().decode()
    except (OSError, HTTPException):  # no answer, or one that was cut off
        return None
    finally:
        http.close()
    assert answer.status == 200, html
    return re.search(r'id="card-([a-z0-9]{10})"', html)[1]


def test_what_is_written_in_one_process_arrives_in_another(start, follow, annotator, second_annotator, mark, article):
    server = start()
    there = follow(second_annotator, base=server.url)
    here = follow(second_annotator)
    made = mark(annotator, WORDS).annotation.uid
    assert [stream.expect("mark")[0].data["uid"] for stream in (here, there)] == [made] * 2
    began = time.monotonic()
    made = _mark_over_http(server.port, cookie_of(annotator), article, str(uuid.uuid4()))
    assert [stream.expect("mark")[0].data["uid"] for stream in (here, there)] == [made] * 2
    assert time.monotonic() - began < 5
    # They count readers together, and the one that ends lets its streams go at once.
    follow(annotator)
    _until(lambda: b'"reading":2' in there.body or there.next(0.2))
    os.kill(server.process.pid, signal.SIGTERM)
    began = time.monotonic()
    assert there.ended()
    server.process.wait(10)
    assert time.monotonic() - began < 8
    back = follow(second_annotator, last_id=there.last_id, greeted=False)
    back.expect("hello")


def test_kill_9_loses_no_acknowledged_mark_and_no_event(start, person, second_annotator, article):
    people = [person(f"reader{number}") for number in range(20)]
    cookies = [cookie_of(reader) for reader in people]
    mine = cookie_of(second_annotator)
    server = start()
    stream = Stream(server.url, page_of(article), cookie=mine)
    stream.expect("hello")
    answered: list[str] = []
    stop = threading.Event()

    threads = [
        threading.Thread(target=_read_along, args=(server.port, cookie, article, answered, stop)) for cookie in cookies
    ]
    for thread in threads:
        thread.start()
    heard = []
    while len(heard) < 30:
        message = stream.next()
        assert message is not None
        if message.name == "mark":
            heard.append(message.data["uid"])
    server.kill()
    stop.set()
    for thread in threads:
        thread.join(15)
    while (message := stream.next(0.2)) is not None:
        if message.name == "mark":
            heard.append(message.data["uid"])
    stored = list(Annotation.objects.order_by("pk").values_list("uid", flat=True))
    assert set(answered) <= set(stored)
    assert len(answered) == len(set(answered)) >= 10
    again = start()
    back = Stream(again.url, page_of(article), cookie=mine, last_id=stream.last_id)
    while (message := back.next()) is not None and message.name != "hello":
        assert message.name == "mark"
        heard.append(message.data["uid"])
    after = _mark_over_http(again.port, cookies[0], article, str(uuid.uuid4()))
    heard.append(back.expect("mark")[0].data["uid"])
    events = Event.objects.filter(channel__name=article.channel, verb="mark-created").order_by("number")
    assert heard == [subject.partition(":")[2] for subject in events.values_list("subject", flat=True)]
    assert heard[-1] == after
    numbers = list(
        Event.objects.filter(channel__name=article.channel).order_by("number").values_list("number", flat=True)
    )
    assert numbers == list(range(1, Channel.objects.get(name=article.channel).last_number + 1))
    back.close()
    stream.close()


def _read_along(port: int, cookie: str, article, answered: list[str], stop: threading.Event) -> None:
    """Make one mark after another until no answer comes."""
    while not stop.is_set():
        uid = _mark_over_http(port, cookie, article, str(uuid.uuid4()))
        if uid is None:
            return
        answered.append(uid)


@pytest.mark.postgres
def test_a_lost_connection_to_the_database_comes_back(follow, annotator, second_annotator, mark):
    stream = follow(second_annotator)
    first = mark(annotator, WORDS).annotation.uid
    assert stream.expect("mark")[0].data["uid"] == first
    with connection.cursor() as cursor:
        # The hub's own two connections: the one that listens, and the one that asks.
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
            "and pid <> pg_backend_pid()"
        )
    second = mark(annotator, WORDS).annotation.uid
    assert stream.expect("mark")[0].data["uid"] == second
    assert not hub._is_resting.is_set()


@pytest.mark.postgres
def test_notifications_name_the_channel_and_come_with_the_commit(transactional_db, annotator, mark, article):
    with psycopg.connect(**connection.get_connection_params() | {"autocommit": True}) as listener:
        listener.execute("LISTEN opslens_events")
        mark(annotator, WORDS)
        names = {note.payload for note in listener.notifies(timeout=2, stop_after=1)}
    assert names == {article.channel}


def _until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
