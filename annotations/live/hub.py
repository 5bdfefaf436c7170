"""One hub for all streams of a process: it reads what is new once, in a thread of its own, and hands it out.

The thread does everything that touches the database. Streams belong to the event loop; they are told through
`call_soon_threadsafe`, in the order in which things were read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError, connections
from django.utils import timezone

from annotations.live.channels import events_between, numbers_of
from annotations.live.following import GONE, MOST_TOLD, MOVED, Following, message
from annotations.live.news import RIGHTS, News, news_of
from annotations.live.presence import GRACE_SECONDS, Attendance, readers_at
from annotations.live.watching import Bell, Watch, watch_for
from opslens.activity import record
from opslens.models import User
from opslens.streams import EventStream

logger = logging.getLogger("opslens.live")

MOST_STREAMS = 4_000  # in one process
MOST_PER_PERSON = 12
MOST_PER_ADDRESS = 60  # of visitors
LOOK_SECONDS = 4.0  # between two looks at who is here and who has signed out
SOON_SECONDS = 0.25  # after somebody has come or gone
LIFE_SECONDS = (600, 780)  # then a stream ends, and its page asks anew
LONGEST_PAUSE = 5.0  # seconds, after the database was lost


class Follower:
    """A stream and what it follows."""

    def __init__(self, hub: Hub, following: Following, counted_as: str) -> None:
        self.hub, self.following, self.counted_as = hub, following, counted_as
        self.stream: EventStream | None = None
        self.until = 0.0
        self.reading = 0  # what it has been told about who reads

    def join(self, stream: EventStream) -> bool:
        self.stream = stream
        return self.hub.add(self)

    def leave(self, stream: EventStream) -> None:
        self.hub.remove(self)


class Hub:
    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._changes: list[tuple[bool, Follower]] = []  # (comes, who)
        self._counts: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._bell: Bell | None = None
        self._is_resting = threading.Event()
        self._is_resting.set()
        self._hurries = False
        self._followers: set[Follower] = set()  # from here on the thread's own
        self._by_name: dict[str, set[Follower]] = defaultdict(set)
        self._by_kind: dict[str, set[Follower]] = defaultdict(set)
        self._seen: dict[str, int] = {}  # channels of which everybody has been told until there
        self._attendance = Attendance()

    # From any thread

    def has_room(self, counted_as: str) -> bool:
        """Whether one more may follow who is counted under this name: `counted(…)`."""
        with self._guard:
            return self._has_room(counted_as)

    def _has_room(self, counted_as: str) -> bool:
        most = MOST_PER_PERSON if counted_as.startswith("person:") else MOST_PER_ADDRESS
        return self._counts[counted_as] < most and self._counts.total() < MOST_STREAMS

    def add(self, follower: Follower) -> bool:
        follower.until = time.monotonic() + random.uniform(*LIFE_SECONDS)
        with self._guard:
            if not self._has_room(follower.counted_as):
                return False
            self._counts[follower.counted_as] += 1
            self._changes.append((True, follower))
            self._start()
        self._bell.ring()
        return True

    def remove(self, follower: Follower) -> None:
        with self._guard:
            self._counts[follower.counted_as] -= 1
            if not self._counts[follower.counted_as]:
                del self._counts[follower.counted_as]
            self._changes.append((False, follower))
        self._bell.ring()

    def wake(self, channel: str) -> None:
        """Something was committed on this channel."""
        if not self._is_resting.is_set():
            self._bell.ring()

    def rest(self, seconds: float) -> bool:
        """For tests: wait until nobody follows and the thread keeps no connection; whether that came true."""
        self._hurries = True
        try:
            if self._bell is not None:
                self._bell.ring()
            return self._is_resting.wait(seconds)
        finally:
            self._hurries = False

    def _start(self) -> None:
        self._is_resting.clear()
        if self._thread is None:
            self._bell = Bell()
            self._thread = threading.Thread(target=self._run, name="live", daemon=True)
            self._thread.start()
            record.listeners.append(self.wake)

    # The thread

    def _run(self) -> None:
        watch = watch_for(self._bell)
        pause = 0.0
        while True:
            self._take_in()
            if not self._followers and self._rested(watch):
                watch.wait(None)
                continue
            try:
                watch.open()
                self._serve(watch)
                pause = 0.0
            except (DatabaseError, InterfaceError) as error:
                pause = min(LONGEST_PAUSE, max(0.1, pause * 2))
                logger.warning("Live updates wait %.1f s for the database: %s", pause, error)
            except Exception:
                pause = LONGEST_PAUSE
                logger.exception("Live updates failed and begin anew in %.1f s", pause)
            self._let_go(watch)
            if pause:
                self._attendance.forget()
                self._wait(watch, pause)

    def _serve(self, watch: Watch) -> None:
        """Until nobody follows any more."""
        self._seen.clear()
        look_at = 0.0
        while self._followers:
            if watch.has_changed() or self._is_stale:
                self._is_stale = False
                self._read()
            now = time.monotonic()
            if now >= look_at:
                self._look(now)
                look_at = now + LOOK_SECONDS
            watch.wait(min(watch.seconds, max(0.0, look_at - time.monotonic())))
            if self._take_in():
                look_at = min(look_at, time.monotonic() + SOON_SECONDS)

    _is_stale = True

    def _wait(self, watch: Watch, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._hurries:
            watch.wait(left)

    def _rested(self, watch: Watch) -> bool:
        """Put things away when nobody follows; False when somebody has come meanwhile."""
        until = time.monotonic() + GRACE_SECONDS
        while self._attendance.written:
            if not self._hurries and time.monotonic() < until:
                watch.wait(0.5)
                self._take_in()
                if self._followers:
                    return False
                continue
            try:
                self._attendance.write((), time.monotonic(), grace=0)
            except (DatabaseError, InterfaceError):
                self._attendance.forget()
        self._let_go(watch)
        with self._guard:
            if self._changes:
                return False
            self._is_resting.set()
        return True

    def _let_go(self, watch: Watch) -> None:
        watch.close()
        with contextlib.suppress(Exception):
            connections.close_all()

    def _take_in(self) -> bool:
        """Those who have come and gone; whether there were any."""
        with self._guard:
            changes, self._changes = self._changes, []
        for comes, follower in changes:
            if comes:
                self._followers.add(follower)
                self._index(follower, set.add)
                self._is_stale = True
                # It may have missed what the others have been told already.
                for name in [name for name in self._seen if follower.following.has(name)]:
                    del self._seen[name]
            else:
                self._forget(follower)
        return bool(changes)

    def _forget(self, follower: Follower) -> None:
        self._followers.discard(follower)
        self._index(follower, set.discard)

    def _index(self, follower: Follower, change: Callable[[set, Follower], None]) -> None:
        following = follower.following
        for index, keys in ((self._by_name, following.names), (self._by_kind, following.kinds)):
            for key in keys:
                change(index[key], follower)
                if not index[key]:
                    del index[key]
                    if index is self._by_name:
                        self._seen.pop(key, None)

    def _following(self, name: str) -> set[Follower]:
        direct = self._by_name.get(name, set())
        kind = name.rpartition(":")[0]
        return direct | self._by_kind[kind] if kind in self._by_kind else direct

    def _read(self) -> None:
        """Read what is new on the channels that are followed, and tell it."""
        now = numbers_of(self._by_name.keys(), self._by_kind.keys())
        fresh: dict[str, list[News]] = {}
        for name, (channel_id, last) in now.items():
            if self._seen.get(name) == last:
                continue
            first = min((f.following.positions.get(name, 0) for f in self._following(name)), default=last)
            # Not beyond `last`, even if there is more by now: what all channels had at that moment belongs together.
            while first < last and (events := events_between(channel_id, first, last)):
                fresh.setdefault(name, []).extend(news_of(events))
                first = events[-1].number
        out: dict[Follower, list[bytes]] = {}
        try:
            ended = self._check_rights(fresh, out)
            for name, news in fresh.items():
                for follower in self._following(name):
                    out.setdefault(follower, []).extend(follower.following.tell(name, news))
        except BaseException:
            # What was about to be told is lost: their pages come back with the last cursor that they have.
            for follower in out:
                self._forget(follower)
            self._hand_out((follower, [], True) for follower in out)
            raise
        for follower, messages in out.items():
            if follower not in ended and len(messages) > MOST_TOLD:
                messages[:] = [follower.following.load_anew()]
        self._hand_out((follower, messages, follower in ended) for follower, messages in out.items())
        self._seen.update({name: last for name, (_, last) in now.items()})

    def _check_rights(self, fresh: dict[str, list[News]], out: dict[Follower, list[bytes]]) -> set[Follower]:
        """Those who see less or more than before end here, before they are told anything else."""
        ended: set[Follower] = set()
        for name, news in fresh.items():
            changes = [one for one in news if one.kind == RIGHTS]
            if not changes:
                continue
            for follower in list(self._following(name)):
                position = follower.following.positions.get(name, 0)
                mine = [one for one in changes if one.number > position]
                if not mine or follower in ended:
                    continue
                verdict, phase = follower.following.check()
                messages = out.setdefault(follower, [])
                if phase and verdict != GONE and any(one.verb == "phase-changed" for one in mine):
                    messages.append(message("phase", {"phase": phase}))
                if verdict in (MOVED, GONE):
                    messages.append(message("end", {"why": verdict}))
                    ended.add(follower)
                    self._forget(follower)
        return ended

    def _hand_out(self, told: Iterable[tuple[Follower, list[bytes], bool]]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list] = defaultdict(list)
        for follower, messages, is_last in told:
            if messages or is_last:
                by_loop[follower.stream.loop].append((follower.stream, messages, is_last))
        for loop, items in by_loop.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(_give, items)

    # Who is here

    def _look(self, now: float) -> None:
        gone = self._signed_out()
        old = {f: [f"id: {f.following.cursor}\n\n".encode()] for f in self._followers - gone if now >= f.until}
        for follower in gone | old.keys():
            self._forget(follower)
        farewell = [message("end", {"why": GONE})]
        self._hand_out((follower, old.get(follower, farewell), True) for follower in gone | old.keys())
        here = {(f.following.place, f.following.viewer_id) for f in self._followers if f.following.viewer_id}
        self._attendance.write(here, now)
        counts = readers_at({f.following.place for f in self._followers})
        news = []
        for follower in self._followers:
            reading = counts.get(follower.following.place, 0)
            reading = reading if reading > 1 else 0
            if reading != follower.reading:
                follower.reading = reading
                news.append((follower, [message("people", {"reading": reading})], False))
        self._hand_out(news)

    def _signed_out(self) -> set[Follower]:
        """Those whose session in the browser has ended, or whose account was switched off or has another password."""
        people = {f for f in self._followers if f.following.viewer_id}
        if not people:
            return set()
        ids = {f.following.viewer_id for f in people}
        keys = {f.following.login[0] for f in people}
        passwords = dict(User.objects.filter(pk__in=ids, is_active=True).values_list("pk", "password"))
        alive = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
        valid = set(alive.values_list("session_key", flat=True))
        return {
            f
            for f in people
            if f.following.login[0] not in valid or passwords.get(f.following.viewer_id) != f.following.login[1]
        }


def _give(items: list[tuple[EventStream, list[bytes], bool]]) -> None:
    for stream, messages, is_last in items:
        if is_last:
            stream.finish(messages)
        else:
            stream.put(messages)


def counted(viewer, address: str | None) -> str:
    """The name under which a person's streams are counted; visitors are by their address."""
    return f"person:{viewer.pk}" if viewer.is_authenticated else f"address:{address}"


hub = Hub()
