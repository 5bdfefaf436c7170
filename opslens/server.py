"""The server that `manage.py serve` starts: gunicorn looks after the processes, uvicorn speaks HTTP in each."""

from __future__ import annotations

import gc
from collections.abc import Callable

from gunicorn.app.base import BaseApplication
from uvicorn_worker import UvicornWorker


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

    def load_config(self) -> None:
        for name, value in self.settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        from opslens.asgi import application

        return application
