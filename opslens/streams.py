"""Answers that stay open: server-sent events, sent from the event loop and not from one of the few threads that answer
requests. `opslens.threads.Pages` serves them; under any other server they are short answers that end at once.

What is sent comes from a `Source`, from whatever thread; everything here runs in the event loop.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from django.http import StreamingHttpResponse

KEEP_ALIVE_SECONDS = 20
MOST_WAITING = 256  # messages of one stream that wait to be sent
SLOW_SECONDS = 30  # a client that takes nothing for so long is let go
KEEP_ALIVE = b":\n\n"
RETRY_SECONDS = 60  # for clients of servers that cannot hold an answer open

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]


class Source(Protocol):
    def join(self, stream: EventStream) -> bool:
        """Follow from now on; False when there is no room."""

    def leave(self, stream: EventStream) -> None:
        """The stream has ended. Called once for every stream that has joined."""


class EventStream(StreamingHttpResponse):
    """The answer to a request for events. `opening` is what it begins with, in the format of `text/event-stream`."""

    def __init__(self, source: Source, opening: bytes = b"", *, retry_seconds: float = 2) -> None:
        super().__init__([b"retry: %d\n\n" % (RETRY_SECONDS * 1000), opening], content_type="text/event-stream")
        self.headers["Cache-Control"] = "no-store"
        self.headers["X-Accel-Buffering"] = "no"
        self.source = source
        self.opening = b"retry: %d\n\n" % (retry_seconds * 1000) + opening
        self.is_over = False
        self._waiting: deque[bytes] = deque()
        self._pumping: asyncio.Task | None = None
        self._send: Send | None = None
        self._task: asyncio.Task | None = None
        self._beat: asyncio.TimerHandle | None = None

    async def serve(self, start: dict, receive: Receive, send: Send) -> None:
        """Send the answer until its source ends it, the client leaves, or the server shuts down."""
        self.loop = asyncio.get_running_loop()
        self._send, self._task = send, asyncio.current_task()
        if is_ending() or not self.source.join(self):
            await _refuse(start, send)
            return
        _open.add(self)
        try:
            await send(start)
            self._schedule_beat()
            self.put([self.opening])
            while (await receive())["type"] != "http.disconnect":
                pass  # nothing else is of interest
        except asyncio.CancelledError:
            if not self.is_over:
                raise
        finally:
            self.is_over = True
            _open.discard(self)
            self.source.leave(self)
            self._beat.cancel() if self._beat else None
            if self._pumping and not self._pumping.done():
                self._pumping.cancel()

    def put(self, messages: Sequence[bytes]) -> None:
        """Send these, in this order. A client for which too many wait already is let go: it comes back with the id of
        the last message that it has."""
        if self.is_over:
            return
        if len(self._waiting) + len(messages) > MOST_WAITING:
            self.drop()
            return
        self._waiting.extend(messages)
        self._pump_on()

    def finish(self, messages: Sequence[bytes] = ()) -> None:
        """Send these as the last ones, and end."""
        if self.is_over:
            return
        self._waiting.extend(messages)
        self.is_over = True
        self._pump_on()

    def drop(self) -> None:
        """End at once, whatever the client has taken."""
        self.is_over = True
        self._waiting.clear()
        if self._pumping:
            self._pumping.cancel()
        # uvicorn would wait until the client has taken what is on its way to it.
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if hasattr(transport, "abort"):
            transport.abort()
        else:
            self._task.cancel()

    def end_soon(self) -> None:
        """For the end of the server: at once when the client is slow."""
        if self._pumping and not self._pumping.done():
            self.drop()
        else:
            self.finish()

    def _pump_on(self) -> None:
        if self._pumping is None or self._pumping.done():
            self._pumping = self.loop.create_task(self._pump())

    async def _pump(self) -> None:
        try:
            while self._waiting:
                body = b"".join(self._waiting)
                self._waiting.clear()
                async with asyncio.timeout(SLOW_SECONDS):
                    await self._send({"type": "http.response.body", "body": body, "more_body": True})
            if self.is_over:
                # The answer is complete, which ends `receive` as a client that leaves does.
                await self._send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            self._pumping = None
            self.drop()

    def _schedule_beat(self) -> None:
        # By the clock alone, whatever else is sent: its rhythm tells nothing.
        self._beat = self.loop.call_later(KEEP_ALIVE_SECONDS, self._keep_alive)

    def _keep_alive(self) -> None:
        if not self.is_over:
            self._schedule_beat()
            self.put([KEEP_ALIVE])


_open: set[EventStream] = set()
_ending: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()  # they serve nothing new


def is_ending() -> bool:
    return asyncio.get_running_loop() in _ending


def end_streams() -> None:
    """End every stream of the running event loop, and let none begin: its server is shutting down."""
    loop = asyncio.get_running_loop()
    _ending.add(loop)
    for stream in [stream for stream in _open if stream.loop is loop]:
        stream.end_soon()


async def _refuse(start: dict, send: Send) -> None:
    """There is no room any more, although there was a moment ago."""
    kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-type"]
    headers = [*kept, (b"Content-Type", b"text/plain; charset=utf-8"), (b"Retry-After", b"30")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"Too many follow changes at the moment.\n"})
