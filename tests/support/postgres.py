"""A PostgreSQL for the tests alone, made and thrown away by the test run.

    python -m tests.support.postgres -- COMMAND …

runs COMMAND with DATABASE_URL naming an empty database `opslens`, for example
`python -m tests.support.postgres -- python -m pytest tests/text -k weave`.

The cluster lives in a temporary folder, listens on a socket in that folder and on nothing else, and does not wait for
the disk. It ends with this process, however that ends. Server programs are looked for on PATH and where Debian keeps
them, and installed where that is possible.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from tests.support import debian

USER = "opslens"
DATABASE = "opslens"
LONGEST_SOCKET_PATH = 107  # bytes; what a Unix socket address holds
START_SECONDS = 60
STOP_SECONDS = 15

OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    # Figures about tables that were empty a moment ago are worse than none: plans for one row, run on a thousand.
    "autovacuum": "off",
}


class CannotStart(Exception):
    """The server programs are there, but the cluster does not come up."""


def find() -> Path | None:
    """The folder with `initdb` and `postgres`: the one on PATH, or the newest that Debian has installed."""
    on_path = shutil.which("initdb")
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest_first = sorted(installed, key=lambda path: [int(n) for n in path.parts[4].split(".")], reverse=True)
    for initdb in [*([Path(on_path).resolve()] if on_path else []), *newest_first]:
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    return None


def find_or_install() -> Path:
    """Like `find`, but installs PostgreSQL when there is none; raises debian.CannotInstall."""
    if find() is None:
        debian.install("postgresql", purpose="The PostgreSQL server, on which the tests run as well,")
    folder = find()
    if folder is None:
        raise debian.CannotInstall("PostgreSQL was installed, but initdb is not to be found.")
    return folder


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as. PostgreSQL refuses to run as root, so root lends it another account."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise CannotStart("PostgreSQL does not run as root, and there is no account “postgres” or “nobody”.")


def _temporary_folder() -> Path:
    """A folder whose path is short enough for a socket in it."""
    folder = tempfile.mkdtemp(prefix="opslens-pg-")
    if len(os.fsencode(folder)) + len("/.s.PGSQL.5432") > LONGEST_SOCKET_PATH:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="opslens-pg-", dir="/tmp")
    return Path(folder)


def _end_with_parent(sign: signal.Signals) -> Callable[[], None] | None:
    """What a new process does before it becomes its program: ask Linux to send it `sign` when we are gone."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()
    set_parent_death_signal = 1

    def ask() -> None:
        prctl(set_parent_death_signal, sign)
        if os.getppid() != parent:
            os._exit(1)

    return ask


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """A running cluster; gives the DATABASE_URL of its empty database. Raises CannotStart, debian.CannotInstall."""
    programs = find_or_install()
    account = _account()
    folder = _temporary_folder()
    server: subprocess.Popen[bytes] | None = None
    identity: dict[str, object] = {}
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    common = {"cwd": folder, "env": {**own, "LC_ALL": "C", "TZ": "UTC"}, "stdin": subprocess.DEVNULL, **identity}
    log = folder / "log"
    try:
        _initialise(programs / "initdb", folder / "data", common)
        with log.open("wb") as output:
            server = subprocess.Popen(
                [
                    programs / "postgres",
                    *("-D", folder / "data", "-k", folder),
                    *(f"--{name}={value}" for name, value in OPTIONS.items()),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent(signal.SIGQUIT),
                **common,
            )
        _wait_until_ready(server, folder, log)
        yield f"postgresql://{USER}@/{folder}/{DATABASE}"
    finally:
        if server:
            _stop(server)
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(initdb: Path, data: Path, common: dict) -> None:
    """Make the cluster's files, in a locale that knows upper and lower case beyond ASCII where there is one."""
    arguments = [initdb, "-D", data, "--no-sync", "--auth=trust", f"--username={USER}", "--encoding=UTF8"]
    for locale in ("C.UTF-8", "en_US.UTF-8", "C"):
        done = subprocess.run([*arguments, f"--locale={locale}"], capture_output=True, text=True, **common)
        if done.returncode == 0:
            return
    raise CannotStart(f"initdb failed:\n{done.stdout}{done.stderr}")


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    """Wait until the server answers, then make the database."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(host=str(folder), user=USER, dbname="postgres", autocommit=True) as connection:
                connection.execute(f"create database {DATABASE}")
            return
        except psycopg.OperationalError as problem:
            if server.poll() is not None or time.monotonic() > until:
                said = log.read_text(errors="replace")
                raise CannotStart(f"PostgreSQL does not start: {problem}\n{said}") from problem
            time.sleep(0.05)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server: at once with its sessions closed, harder when it takes its time."""
    for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            return
        server.send_signal(sign)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def environment(url: str) -> dict[str, str]:
    """This process's environment with the database in it, marked as one that was started for the tests."""
    return {**os.environ, "DATABASE_URL": url, "OPSLENS_TEST_DATABASE_URL": url}


@contextlib.contextmanager
def orderly_end() -> Iterator[None]:
    """Let a request to end this process (SIGTERM, SIGHUP) run its `finally` blocks."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end and return its exit code. When we are told to stop, it is told so, too."""
    process = subprocess.Popen(command, env=environment, preexec_fn=_end_with_parent(signal.SIGTERM))
    try:
        return process.wait()
    except KeyboardInterrupt:
        # A Ctrl-C at the terminal has reached the command as well.
        process.wait(30)
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main(arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print(__doc__)
        return 2
    try:
        with orderly_end(), cluster() as url:
            return run(command, environment(url))
    except (CannotStart, debian.CannotInstall) as problem:
        print(f"\n{problem}\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
