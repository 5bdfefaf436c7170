"""The application behind its real server, in a thread of the test process.

pytest-django's own live server speaks WSGI through wsgiref; this one runs what `manage.py serve` runs, uvicorn with
opslens.asgi, so that streaming, threads and database connections behave as they do for readers.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import uvicorn
from django.test.utils import modify_settings

from opslens.server import HttpServer

ADDRESS = "127.0.0.1"
START_SECONDS = 20
IDLE_SECONDS = 10


class LiveServer:
    """What the fixture `live_server` gives: `url`, and `str(live_server)` or `live_server + "/path"` for short."""

    def __init__(self) -> None:
        from opslens.asgi import application

        self._socket = socket.create_server((ADDRESS, 0))
        self.url = f"http://{ADDRESS}:{self._socket.getsockname()[1]}"
        self._server = HttpServer(
            uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=5)
        )
        self._thread = threading.Thread(target=self._serve, name="live-server", daemon=True)
        self._thread.start()
        _wait(lambda: self._server.started, START_SECONDS, "The live server does not start.")
        # pytest-django switches this on for each test that uses the server.
        self._live_server_modified_settings = modify_settings(ALLOWED_HOSTS={"append": ADDRESS})

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def wait_until_idle(self) -> None:
        """Wait until every request has been answered and nobody follows changes any more, so that none of them meets
        the emptied database."""
        from annotations.live.hub import hub

        with contextlib.suppress(TimeoutError):
            _wait(lambda: not self._server.server_state.tasks, IDLE_SECONDS, "")
        hub.rest(IDLE_SECONDS)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(2)
        self._server.force_exit = True
        self._thread.join(5)
        self._socket.close()

    def __str__(self) -> str:
        return self.url

    def __add__(self, other: str) -> str:
        return self.url + other


def _wait(condition: Callable[[], object], seconds: float, message: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(message)
        time.sleep(0.005)
