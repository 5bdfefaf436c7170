"""What several people do for as long as somebody else is at something."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from django.db import connection

from opslens.web.refusals import Refused

SECONDS = 60  # for a thread to end: nobody waits for ever


def meanwhile(do: Callable[[], None], others: Sequence[Callable[[], None]]) -> None:
    """Call `do` once, and each of `others` again and again until it is over, in threads of their own. Those may be
    refused; raises whatever else went wrong in a thread."""
    begin, over = threading.Barrier(len(others) + 1, timeout=30), threading.Event()
    problems: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            begin.wait()
            work()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    def once() -> None:
        try:
            do()
        finally:
            over.set()

    def again_and_again(work: Callable[[], None]) -> None:
        while not over.is_set():
            try:
                work()
            except Refused:
                continue

    works = [once, *(lambda work=work: again_and_again(work) for work in others)]
    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        over.set()
    if problems:
        raise ExceptionGroup("Not everybody could go on.", problems) if len(problems) > 1 else problems[0]
    assert not any(thread.is_alive() for thread in threads)
