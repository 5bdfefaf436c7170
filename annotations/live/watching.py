"""How a process learns that something was written: by it or by others, on SQLite and on PostgreSQL.

Everything here belongs to one thread, but for `Bell.ring`.
"""

from __future__ import annotations

import contextlib
import os
import selectors
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections

from opslens.activity.record import NOTIFIED

POLL_SECONDS = 0.02  # SQLite
SAFETY_SECONDS = 1.5  # PostgreSQL tells; this is for what got lost
WITHOUT_LISTEN_SECONDS = 0.25  # databases that cannot tell


class Bell:
    """Wakes a thread that waits. Any thread may ring, any number of times."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)

    def ring(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it has been rung often enough
            os.write(self.writer, b"!")

    def quiet(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self.reader, 4096):
                pass


class Watch:
    """Waits for the bell or for news of the database."""

    seconds = POLL_SECONDS

    def __init__(self, bell: Bell) -> None:
        self.bell = bell
        self.selector = selectors.DefaultSelector()
        self.selector.register(bell.reader, selectors.EVENT_READ, bell)

    def wait(self, seconds: float | None) -> bool:
        """Until something may have happened, at most `seconds`; whether the bell rang."""
        ready = self.selector.select(seconds)
        rang = any(key.data is self.bell for key, _ in ready)
        if rang:
            self.bell.quiet()
        return rang

    def open(self) -> None:
        """Begin to watch. Raises DatabaseError."""

    def has_changed(self) -> bool:
        """Whether somebody may have written since the last call. Raises DatabaseError."""
        return True

    def close(self) -> None:
        """Stop watching; never raises."""


class SqliteWatch(Watch):
    """Asks, which costs a few microseconds: this number changes when another connection has committed."""

    _last: int | None = None

    def open(self) -> None:
        self._last = None

    def has_changed(self) -> bool:
        connection.ensure_connection()
        with connection.wrap_database_errors:
            (now,) = connection.connection.execute("PRAGMA data_version").fetchone()
        changed, self._last = now != self._last, now
        return changed


class PostgresWatch(Watch):
    """Listens on a connection of its own, and asks now and then."""

    seconds = SAFETY_SECONDS
    _own: Any = None
    _file = -1

    def open(self) -> None:
        self.close()
        own = connections.create_connection(DEFAULT_DB_ALIAS)
        self._own = own
        try:
            with own.cursor() as cursor:
                cursor.execute(f"LISTEN {NOTIFIED}")
        except DatabaseError:
            own.close()
            own.ensure_connection()  # raises when it is the connection that fails, and not the asking
            self.close()
            self.seconds = WITHOUT_LISTEN_SECONDS
            return
        self.seconds = SAFETY_SECONDS
        self._file = own.connection.fileno()
        self.selector.register(self._file, selectors.EVENT_READ, self)

    def has_changed(self) -> bool:
        if self._own is None:
            return True
        with self._own.wrap_database_errors:
            low = self._own.connection.pgconn
            low.consume_input()
            while low.notifies() is not None:
                pass
        return True

    def close(self) -> None:
        own, self._own = self._own, None
        if self._file >= 0:
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(self._file)
            self._file = -1
        if own is not None:
            with contextlib.suppress(Exception):
                own.close()


def watch_for(bell: Bell) -> Watch:
    return (PostgresWatch if connection.vendor == "postgresql" else SqliteWatch)(bell)
