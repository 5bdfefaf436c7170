"""Django's SQLite backend with a queue for writers.

SQLite lets one connection write at a time; the others ask again after a pause that grows, so under load a
writer can wait for a tenth of a second while the database is idle. Here writers of all threads and processes
wait for one advisory file lock instead, which the operating system hands on at once
(`docs/adr/0004-sqlite-writers-queue.md` has the figures). SQLite's own locking stays in charge of correctness.
"""

import fcntl
import os
import threading
from functools import lru_cache

from django.db import OperationalError
from django.db.backends.sqlite3 import base


class _Queue:
    """One per database file and process: a thread lock for this process, a file lock between processes."""

    _queues: dict[str, "_Queue"] = {}
    _guard = threading.Lock()

    def __init__(self, path: str) -> None:
        self.path, self.lock, self.pid, self.fd = path, threading.Lock(), 0, -1

    @classmethod
    def of(cls, path: str) -> "_Queue":
        with cls._guard:
            queue = cls._queues.get(path)
            if queue is None or queue.pid != os.getpid():  # a forked child must not share its parent's lock
                queue = cls._queues[path] = cls(path)
                queue.pid = os.getpid()
                queue.fd = os.open(path + "-queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            return queue

    def enter(self, timeout: float) -> None:
        """Wait for this process's turn, at most `timeout` seconds (then raises OperationalError), and then for the
        machine's: as long as it takes, for the system hands that lock on at once and lets go of a dead process's."""
        if not self.lock.acquire(timeout=timeout):
            raise OperationalError("database is locked: another writer has not finished")
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX)
        except BaseException:
            self.lock.release()
            raise

    def leave(self) -> None:
        fcntl.flock(self.fd, fcntl.LOCK_UN)
        self.lock.release()


@lru_cache(maxsize=2_000)
def _with_question_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor, which translates each statement's placeholders once instead of at every execution."""

    def convert_query(self, query: str, *, param_names=None) -> str:
        return super().convert_query(query, param_names=param_names) if param_names else _with_question_marks(query)


class DatabaseWrapper(base.DatabaseWrapper):
    _queue: _Queue | None = None

    def create_cursor(self, name=None):
        return self.connection.cursor(factory=Cursor)

    @property
    def queries_logged(self) -> bool:
        # The local demo runs with DEBUG on and must not keep every statement it ran.
        return self.force_debug_cursor

    def _start_transaction_under_autocommit(self) -> None:
        name = str(self.settings_dict["NAME"])
        if self._queue is None and not self.is_in_memory_db() and not name.startswith("file:"):
            queue = _Queue.of(name)
            queue.enter(self.settings_dict["OPTIONS"].get("timeout", 5))
            self._queue = queue
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._leave_queue()
            raise

    def _leave_queue(self) -> None:
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.leave()

    def _commit(self):
        try:
            return super()._commit()
        finally:
            if not self.connection or not self.connection.in_transaction:
                self._leave_queue()

    def _rollback(self):
        try:
            return super()._rollback()
        finally:
            self._leave_queue()

    def _close(self):
        try:
            return super()._close()
        finally:
            self._leave_queue()
