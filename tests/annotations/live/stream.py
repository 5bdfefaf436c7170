"""A reader of server-sent events that keeps every byte."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

PATIENCE = 5.0  # seconds


@dataclass(frozen=True)
class Message:
    name: str
    data: Any
    id: str


def cookie_of(user: Any) -> str:
    """The Cookie header of a browser in which this user has signed in."""
    client = Client()
    client.force_login(user, backend="opslens.accounts.backends.AccountBackend")
    return f"opslens_session={client.cookies['opslens_session'].value}"


def page_of(article: Any, session: Any = None, number: int = 1) -> str:
    """The path of the reading page."""
    return f"/team/{session.uid}/read/{article.slug}/{number}/" if session else f"/read/{article.slug}/{number}/"


class Stream:
    """One open connection. `status` and `headers` are there at once, messages as they come."""

    def __init__(
        self, base: str, path: str, *, cookie: str = "", after: str = "", last_id: str = "", query: str = ""
    ) -> None:
        address = urlsplit(base)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=PATIENCE)
        query = f"?after={after}&{query}"
        lines = [f"GET {path}live/{query} HTTP/1.1", f"Host: {address.netloc}", "Accept: text/event-stream"]
        lines += [f"Cookie: {cookie}"] if cookie else []
        lines += [f"Last-Event-ID: {last_id}"] if last_id else []
        self.socket.sendall("\r\n".join([*lines, "Accept-Encoding: gzip", "", ""]).encode())
        self.raw = b""  # what has come and is not decoded
        self.body = b""
        self.is_over = False
        self._read = 0  # how far in the body messages have been taken
        self.last_id = last_id or after
        while b"\r\n\r\n" not in self.raw:
            if not self._receive(PATIENCE):
                raise ConnectionError(f"no answer: {self.raw!r}")
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        self._decode()

    def _receive(self, seconds: float) -> bool:
        self.socket.settimeout(max(0.001, seconds))
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, ConnectionResetError) as error:
            self.is_over |= isinstance(error, ConnectionResetError)
            return False
        self.is_over |= not data
        self.raw += data
        return bool(data)

    def _decode(self) -> None:
        if self.headers.get("transfer-encoding") != "chunked":
            return  # a refusal
        while b"\r\n" in self.raw:
            size, _, rest = self.raw.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self.body += rest[:length]
            self.raw = rest[length + 2 :]
            if length == 0:
                self.is_over = True
                return

    def next(self, seconds: float = PATIENCE) -> Message | None:
        """The next message that has a name; None when none comes in time or the stream has ended."""
        until = time.monotonic() + seconds
        while True:
            end = self.body.find(b"\n\n", self._read)
            if end >= 0:
                block, self._read = self.body[self._read : end].decode(), end + 2
                fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
                self.last_id = fields.get("id", self.last_id)
                if "event" in fields:
                    return Message(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
                continue
            left = until - time.monotonic()
            if self.is_over or left <= 0:
                return None
            self._receive(left)
            self._decode()

    def expect(self, *names: str) -> list[Message]:
        """The next messages but those about people, which must have these names."""
        found = []
        while len(found) < len(names):
            message = self.next()
            if message is None:
                break
            if message.name != "people":
                found.append(message)
        assert [message.name for message in found] == list(names), found
        return found

    def quiet(self, seconds: float = 0.15) -> bool:
        """Whether nothing about marks comes for a while."""
        until = time.monotonic() + seconds
        while (message := self.next(max(0.0, until - time.monotonic()))) is not None:
            if message.name != "people":
                return False
        return True

    def ended(self, seconds: float = PATIENCE) -> bool:
        """Whether the stream ends in time; messages until then are skipped."""
        until = time.monotonic() + seconds
        while not self.is_over and time.monotonic() < until:
            self.next(max(0.0, until - time.monotonic()))
        return self.is_over

    def close(self) -> None:
        self.socket.close()
