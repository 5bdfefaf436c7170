"""The server that `manage.py serve` starts: gunicorn looks after the processes, uvicorn speaks HTTP in each."""

from __future__ import annotations

import gc
import resource
import socket
import sys
from collections.abc import Callable

import uvicorn
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from uvicorn_worker import UvicornWorker

from opslens.streams import end_streams


class HttpServer(uvicorn.Server):
    """Ends open streams before it waits for answers to be complete."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_streams()
        await super().shutdown(sockets)


class Worker(UvicornWorker):
    CONFIG_KWARGS = {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "off",
        "access_log": False,
        "server_header": False,
        # Whom to believe about a client's address is decided in settings (BEHIND_PROXY), not by the server.
        "proxy_headers": False,
    }

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = HttpServer(config=self.config)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


def _allow_many_connections() -> None:
    """Every open stream is an open file, of which many systems allow 1,024 unless a program asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _freeze(arbiter, worker) -> None:
    """What is loaded once stays for good: collecting it again and again would cost time, and unshare its memory."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


class Server(BaseApplication):
    """`workers` processes forked from one that has everything loaded, so that they start at once and share memory."""

    def __init__(self, *, bind: str, workers: int, ready: Callable[[], None] | None = None) -> None:
        self.settings = {
            "bind": bind,
            "workers": workers,
            "worker_class": "opslens.server.Worker",
            "preload_app": True,
            "loglevel": "warning",
            "graceful_timeout": 10,
            "timeout": 60,
            "keepalive": 75,
            "control_socket_disable": True,
            "pre_fork": _freeze,
        }
        if ready is not None:
            self.settings["when_ready"] = lambda server: ready()
        super().__init__()
        _allow_many_connections()

    def load_config(self) -> None:
        for name, value in self.settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        from opslens.asgi import application

        return application
