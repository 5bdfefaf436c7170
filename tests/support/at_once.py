"""Several people at the same moment, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from opslens.web.refusals import Refused

SECONDS = 60  # for a thread to end: nobody waits for ever


def together(*works: Callable[[], Any]) -> list[BaseException]:
    """Do all of them at once; what was raised."""
    begin = threading.Barrier(len(works), timeout=30)
    problems: list[BaseException] = []

    def guarded(work: Callable[[], Any]) -> None:
        try:
            begin.wait()
            work()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    if any(thread.is_alive() for thread in threads):
        problems.append(TimeoutError("Somebody waits for ever."))
    return problems


def meanwhile(do: Callable[[], Any], others: Sequence[Callable[[], Any]]) -> list[BaseException]:
    """Do one thing once, and `others`, who may be refused, again and again until it is over; what else was raised."""
    over = threading.Event()

    def once() -> None:
        try:
            do()
        finally:
            over.set()

    def again_and_again(work: Callable[[], Any]) -> None:
        while not over.is_set():
            try:
                work()
            except Refused:
                continue

    return together(once, *(lambda work=work: again_and_again(work) for work in others))
