"""What an event means for a page on which marks are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from annotations.carrying import ADRIFT
from annotations.live.channels import Happening
from annotations.models import Anchor, Annotation
from opslens.articles.documents import document_of
from opslens.articles.maps import map_of_revisions
from opslens.text.anchoring import carry

Blocks = tuple[int, int] | None  # the first and the last block that a mark touches

MARK, REPLY, RIGHTS, NOTHING = "mark", "reply", "rights", "nothing"
# Events after which somebody may see more or less than before.
_RIGHTS = ("phase-", "member-", "role-", "session-", "article-", "revision-", "admin-")


@dataclass(slots=True)
class News:
    """An event, read once for all who follow its channel. `before` and `after` are states of a mark, as events keep
    them; `author_id` is whose mark it is."""

    number: int
    kind: str
    verb: str
    uid: str = ""
    author_id: int | None = None
    actor_id: int | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    _places: dict[int, tuple[Blocks, Blocks]] = field(default_factory=dict)

    @property
    def is_verdict_alone(self) -> bool:
        """Whether reviewers have spoken about the mark and nothing about it is otherwise."""
        before, after = self.before or {}, self.after or {}
        return "review" in after and before | {"review": None} == after | {"review": None}

    def places(self, revision_id: int) -> tuple[Blocks, Blocks]:
        """The blocks of this revision that the mark touched before and touches since."""
        found = self._places.get(revision_id)
        if found is None:
            found = self._places[revision_id] = self._find(revision_id)
        return found

    def _find(self, revision_id: int) -> tuple[Blocks, Blocks]:
        if self.kind == REPLY:
            here = _carried(self.uid, revision_id)
            return here, here
        before, after = self.before, self.after
        now = _blocks_of(after, revision_id, self.uid) if after else None
        if before and after and _place_of(before) == _place_of(after):
            return now, now
        if before and before["revision"] < revision_id:
            # Its place there has been worked out anew since.
            return _blocks_from(before, revision_id), now
        return _blocks_of(before, revision_id, self.uid) if before else None, now


def _place_of(state: dict[str, Any]) -> tuple:
    return state["revision"], state["start"], state["end"]


def _blocks_of(state: dict[str, Any], revision_id: int, uid: str) -> Blocks:
    if state["revision"] != revision_id:
        return _carried(uid, revision_id)
    return _between(revision_id, state["start"], state["end"])


def _between(revision_id: int, start: int, end: int) -> Blocks:
    blocks = document_of(revision_id).blocks_between(start, end)
    return (blocks[0].ordinal, blocks[-1].ordinal) if blocks else None


def _carried(uid: str, revision_id: int) -> Blocks:
    anchors = Anchor.objects.placed().filter(annotation__uid=uid, revision_id=revision_id)
    return anchors.values_list("first_block", "last_block").first()


def _blocks_from(state: dict[str, Any], revision_id: int) -> Blocks:
    place = carry(map_of_revisions(state["revision"], revision_id), state["start"], state["end"])
    return None if place.state in ADRIFT else _between(revision_id, place.start, place.end)


def news_of(events: Iterable[Happening]) -> list[News]:
    """One for each event, in their order."""
    found = [_news(event) for event in events]
    # Who administers changes marks of others; the event does not say whose.
    unknown = {one.uid for one in found if one.kind == MARK and one.author_id is None}
    if unknown:
        authors = dict(Annotation.objects.filter(uid__in=unknown).values_list("uid", "author_id"))
        for one in found:
            if one.uid in unknown and one.author_id is None:
                one.author_id = authors.get(one.uid)
    return found


def _news(event: Happening) -> News:
    number, verb, actor, subject, before, after = event
    kind, _, uid = subject.partition(":")
    if kind == "annotation":
        if verb.startswith("reply-"):
            return News(number, REPLY, verb, uid, None, actor)
        if _is_state(before) or _is_state(after):
            author = actor if verb.startswith("mark-") else None
            return News(number, MARK, verb, uid, author, actor, before, after)
    elif verb.startswith(_RIGHTS):
        return News(number, RIGHTS, verb, "", None, actor, before, after)
    return News(number, NOTHING, verb)


def _is_state(value: dict[str, Any] | None) -> bool:
    return value is not None and "visibility" in value and "start" in value
