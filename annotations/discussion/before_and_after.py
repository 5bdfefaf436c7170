"""What readers' marks were when they were first shown, and what they are now, for the page that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from annotations.codebook.kept import Look, looks, successor_of
from annotations.discussion.changes import ADDED, CHANGED, DELETED, EXTENT, KEPT, NOTE, TAGS, Change, State, compare
from annotations.discussion.queries import marks_on
from annotations.membership import Seat
from annotations.models import Assignment, SessionArticle
from annotations.reading.notes import note_html
from annotations.reading.scope import Scope
from opslens.articles.documents import document_of
from opslens.models import Event
from opslens.text.side_by_side import apart

WORDS_SHOWN = 320  # code points of a passage
LONGEST_COMPARED = 2_000  # code points of a note that is compared word by word


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag then or now; `sign` is "" where it stayed, else − or +."""

    look: Look | None  # None for a tag that is no longer there
    sign: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A change as the page tells it: words, tags and note, each then and now where they differ."""

    change: Change
    words: str
    words_then: str
    tags: list[Tagged]
    note: SafeString
    note_then: SafeString
    note_now: SafeString
    retagged_by: str = ""  # the reviewer who changed its tags last, if one did

    @property
    def kind(self) -> str:
        return self.change.kind

    @property
    def what(self) -> str:
        names = {TAGS: "tags", EXTENT: "words", NOTE: "note"}
        parts = [names[part] for part in self.change.parts]
        return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1] if parts else ""]))


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many marks of one reader became what. `is_known` is False where nothing was kept at a reveal."""

    work: Assignment
    is_known: bool
    kept: int = 0
    changed: int = 0
    deleted: int = 0
    added: int = 0


Plain = dict[str, Any]  # a mark as `annotations.teams.snapshot` keeps it


def works_of(here: SessionArticle) -> dict[str, Assignment]:
    """By user name, the work of everybody to whom the article is assigned, in the order in which they joined."""
    assigned = Assignment.objects.filter(session_article=here).select_related("member__user")
    return {work.member.user.username: work for work in assigned.order_by("member__joined_at", "member_id")}


def marks_now(viewer, seat: Seat, here: SessionArticle) -> dict[int, list[Plain]]:
    """By author, the marks on the article as they are. Two queries, and the tags' own."""
    rows: Any = Scope(seat=seat).annotations(viewer).filter(article_id=here.article_id)
    notes: dict[int, str] = dict(rows.order_by().values_list("pk", "note"))
    found: dict[int, list[Plain]] = {}
    for mark in marks_on(viewer, seat, [here.revision_id]):
        plain = {"uid": mark.uid, "start": mark.start, "end": mark.end, "note": notes.get(mark.pk, "")}
        found.setdefault(mark.author_id, []).append(plain | {"tags": [look.pk for look in mark.looks]})
    return found


def _changes(work: Assignment, now: dict[int, list[Plain]]) -> list[Change]:
    # A tag that was merged since then is taken for what it is called today: that is no change of the reader's.
    then = [mark | {"tags": [successor_of(tag) for tag in mark["tags"]]} for mark in work.at_reveal["marks"]]
    return compare(then, now.get(work.member.user_id, []))


def numbers(works: Iterable[Assignment], now: dict[int, list[Plain]]) -> list[Numbers]:
    """For each of these readers, how many marks became what."""
    found = []
    for work in works:
        kinds = Counter(change.kind for change in _changes(work, now)) if work.at_reveal is not None else Counter()
        counts = (kinds[kind] for kind in (KEPT, CHANGED, DELETED, ADDED))
        found.append(Numbers(work, work.at_reveal is not None, *counts))
    return found


def look_back(work: Assignment, now: dict[int, list[Plain]]) -> list[Change]:
    """Every mark of one reader, then and now; empty where nothing was kept at a reveal."""
    return [] if work.at_reveal is None else _changes(work, now)


def shown(here: SessionArticle, changes: Iterable[Change]) -> list[Shown]:
    """These changes as the page tells them."""
    text, tags, changes = document_of(here.revision_id).text, looks(), list(changes)
    reviewers = _retagged([change.uid for change in changes if TAGS in change.parts])
    return [_shown(text, tags, change, reviewers.get(change.uid, "")) for change in changes]


def _retagged(uids: list[str]) -> dict[str, str]:
    """By name of a mark, the reviewer who changed its tags last: that was not its author's doing."""
    if not uids:
        return {}
    subjects = [f"annotation:{uid}" for uid in uids]
    events = Event.objects.filter(subject__in=subjects, verb="review-retagged").select_related("actor").order_by("pk")
    return {event.subject.partition(":")[2]: event.actor.name for event in events}


def _shown(text: str, tags: dict[int, Look], change: Change, retagged_by: str) -> Shown:
    state = change.now or change.then
    assert state is not None
    then = change.then if change.then and change.now else None
    has_moved, has_new_note = EXTENT in change.parts, NOTE in change.parts
    note_then, note_now = _notes(change.then.note, state.note) if has_new_note and change.then else ("", "")
    return Shown(
        change=change,
        words=_cut(text[state.start : state.end]),
        words_then=_cut(text[then.start : then.end]) if then and has_moved else "",
        tags=_tags(tags, then, state),
        note=note_html("" if has_new_note else state.note),
        note_then=mark_safe(note_then),
        note_now=mark_safe(note_now),
        retagged_by=retagged_by,
    )


def _tags(tags: dict[int, Look], then: State | None, now: State) -> list[Tagged]:
    before = now.tags if then is None else then.tags
    found = [
        Tagged(tags.get(pk), "" if pk in before and pk in now.tags else "+" if pk in now.tags else "−")
        for pk in before | now.tags
    ]
    return sorted(found, key=lambda tagged: (tagged.look is None, tagged.look.order if tagged.look else 0))


def _notes(then: str, now: str) -> tuple[str, str]:
    if max(len(then), len(now)) > LONGEST_COMPARED or not then or not now:
        return note_html(then), note_html(now)
    return apart(then, now)


def _cut(words: str) -> str:
    words = words.replace("\n", " ")
    return words if len(words) <= WORDS_SHOWN else words[: WORDS_SHOWN - 1].rstrip() + "…"
