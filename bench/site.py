"""A site of its own in a temporary folder, for one benchmark run: database, server, signed-in readers."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CSRF = "b" * 32


def prepare(home: str | None = None) -> str:
    """Point this process at a fresh site and set Django up; returns the site's folder."""
    if home is None:
        home = tempfile.mkdtemp(prefix="opslens-bench-")
        atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ |= {
        "OPSLENS_HOME": home,
        "OPSLENS_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "PORT": str(free_port()),
    }
    os.environ.pop("DATABASE_URL", None)
    (Path(home) / "static").mkdir(exist_ok=True)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return home


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sign_in(user) -> str:
    """A session key for this user, as the sign-in page would make it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from opslens.accounts.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "opslens.accounts.backends.AccountBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def headers(session: str = "", **more: str) -> dict[str, str]:
    cookie = f"opslens_csrf={CSRF}" + (f"; opslens_session={session}" if session else "")
    return {"Cookie": cookie, "X-CSRFToken": CSRF, **more}


@contextmanager
def server():
    """The server that `make run` starts, on this site; yields (port, process)."""
    from django.db import connections

    connections.close_all()
    port = int(os.environ["PORT"])
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen | None = None, seconds: float = 30) -> None:
    """Until something listens on the port. Raises RuntimeError when it does not or its process ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("The server did not start.")


def memory_of(pid: int) -> int:
    """Resident memory of a process in KiB, shared pages counted by their share."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            total += int(line.split()[1])
    return total


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
