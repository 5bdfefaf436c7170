"""The bridge between the ASGI server and Django's synchronous views.

A request is read in the event loop, answered in one of a fixed pool of threads, and sent from the event loop: one hop
there and one back. Each thread keeps its database connection. An answer that stays open (`opslens/streams.py`) leaves
its thread and is served from the event loop. Django's own ASGI handler starts a thread, and with it
opens a connection, for every request; general WSGI bridges wait for the loop several times in each answer
(`docs/adr/0005-server.md` has the figures).
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse, HttpResponseBadRequest
from django.urls import set_script_prefix

from opslens.streams import EventStream

logger = logging.getLogger("opslens.server")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]


class Pages(BaseHandler):
    """An ASGI application that answers HTTP requests with the project's synchronous middleware and views."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.load_middleware()
        self.threads = threads
        self._pool: ThreadPoolExecutor | None = None

    @property
    def pool(self) -> ThreadPoolExecutor:
        # Made at the first request: threads do not survive the fork of a worker.
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="page")
        return self._pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"Only HTTP is served here, not {scope['type']}.")
        body = await read_body(scope, receive)
        if body is None:
            return  # the client went away
        loop = asyncio.get_running_loop()
        with body:
            start, content = await loop.run_in_executor(self.pool, self.respond, scope, body, send, loop)
        if isinstance(content, EventStream):
            await content.serve(start, receive, send)
        elif start is not None:
            await send(start)
            await send({"type": "http.response.body", "body": content})

    def respond(
        self, scope: Scope, body, send: Send, loop: asyncio.AbstractEventLoop
    ) -> tuple[dict | None, bytes | EventStream]:
        """Answer in this thread: (how the answer starts, its content, or the stream that the event loop goes on with).
        Another streamed answer is sent from here, chunk by chunk, and (None, b"") returned."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        response = self.get_response_to(scope, body)
        try:
            start = {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
                + [(b"Set-Cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()],
            }
            if isinstance(response, EventStream):
                return start, response
            if not response.streaming:
                return start, response.content

            def deliver(message: dict) -> None:
                asyncio.run_coroutine_threadsafe(send(message), loop).result()

            deliver(start)
            for chunk in response:
                deliver({"type": "http.response.body", "body": chunk, "more_body": True})
            deliver({"type": "http.response.body", "body": b""})
            return None, b""
        finally:
            response.close()  # sends request_finished, which lets old connections of this thread go

    def get_response_to(self, scope: Scope, body) -> HttpResponse:
        try:
            request = ASGIRequest(scope, body)
        except UnicodeDecodeError:
            logger.warning("Bad request: undecodable address", exc_info=sys.exc_info())
            return HttpResponseBadRequest("The address of this request cannot be read.\n", content_type="text/plain")
        return self.get_response(request)


async def read_body(scope: Scope, receive: Receive):
    """The body as a file, on disk when it is large; None when the client went away.

    A body over the limit is not read to its end: what arrives then is an empty one that is known to be too long, which
    `HeadersMiddleware` answers with 413.
    """
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    body = tempfile.SpooledTemporaryFile(max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE, mode="w+b")  # noqa: SIM115
    if announced.isdigit() and int(announced) > settings.MAX_REQUEST_BYTES:
        return body
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            body.close()
            return None
        if chunk := message.get("body"):
            body.write(chunk)
            if body.tell() > settings.MAX_REQUEST_BYTES:
                body.truncate(0)
                scope["headers"] = [
                    *scope["headers"],
                    (b"content-length", str(settings.MAX_REQUEST_BYTES + 1).encode()),
                ]
                break
        if not message.get("more_body"):
            break
    body.seek(0)
    return body
