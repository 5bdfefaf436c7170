"""What one open page follows, and what it is told. Whatever reaches a stream is decided here.

A message has the number of nothing and the words of nobody: it says that a mark was made, changed or is gone, which
blocks of the revision on the page that concerns, and whether the mark is the reader's own. The page then asks for what
it shows through the usual views.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from annotations.live.channels import events_between, numbers_of
from annotations.live.cursor import pack, seal, unpack, unseal
from annotations.live.news import MARK, REPLY, News, news_of
from annotations.membership import article_in, session_by_id
from annotations.models import Annotation
from annotations.reading.scope import EVERYBODY, MINE, Scope
from opslens.articles.revisions import revision_by_id
from opslens.models import Article, Revision, User
from opslens.web.refusals import Missing

MOST_TOLD = 200  # messages about marks at once; for more the page is told to load anew
MOST_READ = 10_000  # events that are looked through for one who was away

REVISED = "revision-published"
STAYS, MOVED, GONE = "stays", "moved", "gone"


def message(name: str, data: dict, cursor: str = "") -> bytes:
    """One event in the format of `text/event-stream`."""
    head = f"id: {cursor}\n" if cursor else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


@dataclass(slots=True, eq=False)
class Following:
    """`viewer_id` is 0 for a visitor, `whose_id` the only author whose marks are shown (None: everybody's are, 0:
    nobody's). `positions` says by channel which events have been told, or passed over."""

    viewer_id: int
    whose_id: int | None
    slug: str
    article_id: int
    revision_id: int
    session_id: int | None
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    login: tuple[str, str] = ("", "")  # key of the browser's session, and the hash of the password
    positions: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where its reader is, for counting who reads."""
        return place_of(self.session_id, self.article_id)

    def has(self, name: str) -> bool:
        """Whether it follows the channel of this name."""
        return name in self.names or any(name.startswith(f"{kind}:") for kind in self.kinds)

    @property
    def cursor(self) -> str:
        return _sealed(self.positions, self.names, self.kinds, self.viewer_id, self.revision_id, self.session_id)

    # What is told

    def catch_up(self, word: str) -> list[bytes]:
        """Go to the present; what has happened since the cursor `word`, told as it would have been at the time. Without
        a word nothing; for one that is none, or that lies too far back, the message to load anew."""
        last = {name: number for name, (_, number) in numbers_of(self.names, self.kinds).items()}
        if not word:
            self.positions = last
            return []
        try:
            positions = self._opened(word)
        except ValueError:
            positions = None
        if (
            positions is None
            or any(number > last.get(name, 0) for name, number in positions.items())
            or sum(number - positions.get(name, 0) for name, number in last.items()) > MOST_READ
        ):
            self.positions = last
            return [self.load_anew()]
        self.positions = positions
        told: list[bytes] = []
        ids = numbers_of(last, ())
        for name, until in sorted(last.items()):
            while self.positions.get(name, 0) < until:
                events = events_between(ids[name][0], self.positions.get(name, 0), until)
                if not events:
                    break
                told += self.tell(name, news_of(events))
            if len(told) > MOST_TOLD:
                self.positions = last
                return [self.load_anew()]
        return told

    def _opened(self, word: str) -> dict[str, int]:
        data = unseal(word, _about(self.viewer_id, self.revision_id, self.session_id, self.names, self.kinds))
        return unpack(data, self.names, self.kinds[0] if self.kinds else "")

    def tell(self, name: str, news: Iterable[News]) -> list[bytes]:
        """The messages about what is new on one channel, and move on behind it."""
        told = []
        for one in news:
            if one.number <= self.positions.get(name, 0):
                continue
            self.positions[name] = one.number
            if one.verb == REVISED and self.session_id is None:
                told.append(message("revised", {"number": one.after["number"]}, self.cursor))
            elif (data := self._about(one)) is not None:
                told.append(message(one.kind, data, self.cursor))
        return told

    def load_anew(self) -> bytes:
        """The message instead of too many others."""
        return message("reload", {}, self.cursor)

    def _about(self, one: News) -> dict | None:
        """What this reader is told of an event; None when it is not for them."""
        if one.kind == REPLY:
            was, now = one.places(self.revision_id)
            return {"uid": one.uid, "now": now, "own": one.actor_id == self.viewer_id} if now else None
        if one.kind != MARK or self.whose_id not in (None, one.author_id):
            return None
        saw, sees = self._sees(one, one.before), self._sees(one, one.after)
        if not (saw or sees):
            return None
        if saw and sees and one.is_verdict_alone and one.author_id != self.viewer_id:
            return None  # verdicts show on one's own cards alone
        was, now = one.places(self.revision_id)
        was, now = was if saw else None, now if sees else None
        if was is None and now is None:
            return None  # it stands in other revisions alone
        verb = "changed" if saw and sees else "made" if sees else "gone"
        return {"verb": verb, "uid": one.uid, "was": was, "now": now, "own": one.author_id == self.viewer_id}

    def _sees(self, one: News, state: dict | None) -> bool:
        if state is None or state["deleted"]:
            return False
        if self.session_id is not None:
            return True  # the channels are those of marks that are open to this reader
        return state["visibility"] == Annotation.PUBLIC or (self.viewer_id != 0 and one.author_id == self.viewer_id)

    # Whether it may go on

    def check(self) -> tuple[str, str]:
        """(whether its reader still sees the same, the session's phase). What it may follow is asked anew."""
        viewer = User.objects.filter(pk=self.viewer_id, is_active=True).first() if self.viewer_id else AnonymousUser()
        if viewer is None:
            return GONE, ""
        try:
            revision = revision_by_id(viewer, self.revision_id)
            seat = session_by_id(viewer, self.session_id) if self.session_id is not None else None
            if seat is not None:
                article_in(seat, self.slug)
        except Missing:
            return GONE, ""
        phase = seat.session.phase if seat else ""
        channels = Scope(seat=seat).channels(viewer, Article(pk=revision.article_id))
        return STAYS if channels == (self.names, self.kinds) else MOVED, phase


def following(request: HttpRequest, scope: Scope, revision: Revision) -> Following:
    """What the page of this revision follows in this scope, from nowhere yet."""
    viewer = request.user
    names, kinds = scope.channels(viewer, revision.article)
    login = (request.session.session_key or "", viewer.password) if viewer.is_authenticated else ("", "")
    return Following(
        viewer.pk or 0,
        _whose_id(viewer, scope.whose),
        revision.article.slug,
        revision.article_id,
        revision.pk,
        scope.session_id,
        names,
        kinds,
        login,
    )


def _whose_id(viewer, whose: str) -> int | None:
    if whose == EVERYBODY:
        return None
    if whose == MINE:
        return viewer.pk or 0
    return User.objects.filter(username=whose).values_list("pk", flat=True).first() or 0


def place_of(session_id: int | None, article_id: int) -> str:
    return f"article:{article_id}" if session_id is None else f"team:{session_id}:a{article_id}"


def cursor_at(viewer, revision: Revision, scope: Scope, numbers: Iterable[tuple[str, int]]) -> str:
    """The cursor of a page that was made when channels had these numbers; those it does not follow are passed over."""
    names, kinds = scope.channels(viewer, revision.article)
    followed = {
        name: number for name, number in numbers if name in names or any(name.startswith(f"{kind}:u") for kind in kinds)
    }
    return _sealed(followed, names, kinds, viewer.pk or 0, revision.pk, scope.session_id)


def _sealed(positions, names, kinds, viewer_id: int, revision_id: int, session_id: int | None) -> str:
    about = _about(viewer_id, revision_id, session_id, names, kinds)
    # Outside of sessions the numbers count private marks of others, too. In one, equal cursors make equal streams.
    return seal(pack(positions, names), about, always_new=session_id is None)


def _about(viewer_id: int, revision_id: int, session_id: int | None, names, kinds) -> str:
    return f"{viewer_id} {revision_id} {session_id} {' '.join(names)} {' '.join(kinds)}"
