"""Putting something back to a state that an event has kept. Each of these is done by the verbs of its own kind, with
their rights and their rules, and is an event of its own: nothing of what happened since is lost.

What a person saw before they asked is named by a word, `seen`; when the thing has changed since then, nothing is done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.urls import reverse

from annotations.carrying import carry_on
from annotations.codebook import actions as codebook
from annotations.codebook.kept import all_tags
from annotations.editing.actions import number_of, own_mark, place_in, resolve_tags, state_of
from annotations.editing.moderation import any_mark
from annotations.editing.undoing import put_back, state_in, tags_today
from annotations.history import visible
from annotations.history.telling import AFTER, BEFORE, can_be_restored
from annotations.history.telling import number_of as id_in
from annotations.membership import session_for
from annotations.models import Annotation, Tag, TagGroup
from annotations.permissions import may_edit_codebook, may_lead, may_moderate, may_read_codebook
from annotations.teams import actions as teams
from opslens.accounts.actions import edit_profile
from opslens.activity.record import record
from opslens.articles import actions as articles
from opslens.articles.loaders import Details
from opslens.articles.permissions import may_change
from opslens.models import Article, Event, User
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

NOTHING = "There is nothing here that could be restored, or it is not yours to see."
CHANGED = "This was changed in the meantime, so nothing was restored. Look at what it is now."
_PROFILE = ("display_name", "about", "marks_public")
_TAG_ASIDE = ("position", "is_on", "retired")  # of a tag's state: what `edit_tag` leaves alone


@dataclass(frozen=True)
class Restorable:
    """What stands now and what would stand: states as events keep them. `seen` stands for the former. `notes` say what
    comes back otherwise than it was."""

    event: Event
    which: str
    now: dict[str, Any]
    then: dict[str, Any]
    place: str  # address of its history
    put_back: Callable[[], None]
    notes: list[str] = field(default_factory=list)

    @property
    def seen(self) -> str:
        return hashlib.sha256(json.dumps(self.now, sort_keys=True).encode()).hexdigest()[:24]

    @property
    def differs(self) -> bool:
        return any(self.now.get(name) != value for name, value in self.then.items())

    @property
    def mention(self) -> dict[str, Any]:
        """What the event of a restore says about where the state came from."""
        at = {"channel": self.event.channel.name, "number": self.event.number}
        return {"restores": at | {"which": self.which, "at": self.event.at.isoformat()}}


def restorable(viewer, event_pk: int, which: str) -> Restorable:
    """What restoring the state before or after an event would do, for one who may. Raises Missing, also for an event
    that is not this viewer's to know; Denied."""
    event = visible.events().filter(pk=event_pk).first() if which in (BEFORE, AFTER) else None
    find = _KINDS.get(event.subject.partition(":")[0]) if event else None
    if find is None:
        raise Missing(NOTHING)
    return find(viewer, event, which)


def restore(viewer, event_pk: int, which: str, seen: str) -> Restorable:
    """Put something back to the state before or after an event; a state that stands already changes and records
    nothing. Raises Conflict, with what stands now in `.current`, when that is not `seen` or a rule stands against it;
    Invalid, Denied, Missing."""
    with transaction.atomic():
        found = restorable(viewer, event_pk, which)
        if found.differs:
            if found.seen != seen:
                raise Conflict(CHANGED, current=found)
            found.put_back()
    return found


def _state(event: Event, which: str) -> dict[str, Any]:
    if not can_be_restored(event, which):
        raise Missing(NOTHING)
    return dict(event.before if which == BEFORE else event.after)


# --- Marks ---


def _mark(viewer, event: Event, which: str) -> Restorable:
    uid = event.subject.partition(":")[2]
    moderates = may_moderate(viewer)
    annotation = Annotation.objects.select_related("article", "session").filter(uid=uid).first()
    if annotation is None:
        raise Missing(NOTHING)
    if not moderates:
        seen = visible.of_mark(viewer, annotation, everything=False)
        if not seen.filter(pk=event.pk).exists() or not visible.marks_told_to(viewer).filter(uid=uid).exists():
            raise Missing(NOTHING)
    then = state_in(_state(event, which))
    if annotation.author_id != viewer.pk and not moderates:
        raise Denied("Only its author can put this mark back to an earlier state.")
    home = annotation.anchors.get(revision_id=annotation.revision_id)
    now = state_of(annotation, home, annotation.taggings.values_list("tag_id", flat=True))
    then, notes = _possible(annotation, then)
    place = reverse("history:mark", args=[uid])
    found = Restorable(event, which, now, then, place, lambda: _put_mark_back(viewer, annotation, found), notes)
    return found


def _possible(annotation: Annotation, then: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A state as it can stand today, and what is otherwise in it."""
    known, notes = all_tags(), []
    kept, replaced = resolve_tags(tags_today(then["tags"]))
    ids = {tag.pk for tag in kept}
    for pk in then["tags"]:
        if pk not in known:
            notes.append("A tag that it carried is not in the codebook any more.")
        elif known[pk].merged_into_id is not None:
            became = tags_today([pk])
            notes.append(f"“{known[pk].name}” has been merged since: “{became[0].name}” takes its place.")
    for tag in replaced:
        if tag.pk not in ids:
            notes.append(f"“{tag.name}” is left out: a mark carries one tag of its group today.")
    visibility = then["visibility"] if annotation.session_id is None else Annotation.TEAM
    return dict(then) | {"tags": sorted(ids), "visibility": visibility}, notes


def _put_mark_back(viewer, annotation: Annotation, found: Restorable) -> None:
    """Part of the caller's transaction. The mark is read again under its lock."""
    is_author = annotation.author_id == viewer.pk
    if is_author:
        # A session that takes no marks says so itself, and why.
        deleted = annotation.deleted_at is not None
        annotation, home, tag_ids = own_mark(viewer, annotation.uid, deleted=deleted, may=_is_author)
    else:
        annotation, home, tag_ids = any_mark(viewer, annotation.pk)
    now, then = state_of(annotation, home, tag_ids), found.then
    if now != found.now:
        raise Conflict(CHANGED, current=restorable(viewer, found.event.pk, found.which))
    if annotation.session_id is not None and then["revision"] != home.revision_id:
        raise Invalid("A mark of a session stays in the revision that the session reads.")
    home, tag_ids = put_back(annotation, home, then, tag_ids)
    after = state_of(annotation, home, tag_ids)
    record(
        annotation.channel,
        _verb(now, after, is_author=is_author),
        actor=viewer,
        subject=annotation.subject,
        before=now,
        after=after | found.mention,
    )
    if place_in(now) != place_in(after):
        carry_on(annotation, home, number_of(home.revision_id))


def _is_author(viewer, annotation: Annotation) -> bool:
    return annotation.author_id == viewer.pk


def _verb(now: Mapping[str, Any], after: Mapping[str, Any], *, is_author: bool) -> str:
    if now["deleted"] == after["deleted"]:
        return "mark-edited" if is_author else "staff-edited-mark"
    done = "deleted" if after["deleted"] else "restored"
    return f"mark-{done}" if is_author else f"staff-{done}-mark"


# --- Tags and their groups ---


def _tag(viewer, event: Event, which: str) -> Restorable:
    pk = _number(event)
    tag = Tag.objects.select_related("codebook", "group").filter(pk=pk).first()
    if tag is None or event.channel.name != tag.codebook.channel or not may_read_codebook(viewer, tag.codebook):
        raise Missing(NOTHING)
    then = _state(event, which)
    if not may_edit_codebook(viewer, tag.codebook):
        raise Denied("Only those who look after the codebook can change it.")
    now = codebook.state_of(tag)
    # Where a tag stands among others depends on those; it is not part of what comes back.
    then = {name: value for name, value in then.items() if name in now and name != "position"}
    notes = []
    if then.get("proposes_id") and then["proposes_id"] not in all_tags():
        then["proposes_id"] = None
        notes.append("The tag that it proposed is not there any more.")
    then["retired"] = now["retired"] if then["retired"] and now["retired"] else then["retired"]
    place = reverse("history:tag", args=[pk])
    found = Restorable(event, which, now, then, place, lambda: _put_tag_back(viewer, tag.pk, found), notes)
    return found


def _put_tag_back(viewer, pk: int, found: Restorable) -> None:
    codebook.lock_codebook(Tag.objects.values_list("codebook_id", flat=True).get(pk=pk))
    tag = Tag.objects.select_related("group").get(pk=pk)
    if codebook.state_of(tag) != found.now:
        raise Conflict(CHANGED, current=restorable(viewer, found.event.pk, found.which))
    if tag.merged_into_id is not None:
        into = all_tags()[tag.merged_into_id].name
        raise Conflict(f"This tag was merged into “{into}”. Take that back first.", current=found)
    then = found.then
    switches = "is_on" in then and then["is_on"] != tag.is_on
    if tag.retired_at is not None and (not then["retired"] or switches):
        tag, _ = codebook.bring_back_tag(viewer, pk)
    given = {name: value for name, value in then.items() if name not in _TAG_ASIDE}
    tag = codebook.edit_tag(viewer, pk, tag.version, given, "tag-restored")
    if switches:
        codebook.switch_tag(viewer, pk, then["is_on"])
    if then["retired"]:
        codebook.retire_tag(viewer, pk)


def _group(viewer, event: Event, which: str) -> Restorable:
    group = TagGroup.objects.select_related("codebook").filter(pk=_number(event)).first()
    book = group.codebook if group else None
    if book is None or event.channel.name != book.channel or not may_read_codebook(viewer, book):
        raise Missing(NOTHING)
    then = {name: _state(event, which)[name] for name in ("name", "hint", "exclusive")}
    if not may_edit_codebook(viewer, book):
        raise Denied("Only those who look after the codebook can change it.")
    now = {name: getattr(group, name) for name in then}

    def put_back() -> None:
        codebook.lock_codebook(book.pk)
        if TagGroup.objects.filter(pk=group.pk, **now).first() is None:
            raise Conflict(CHANGED, current=restorable(viewer, event.pk, which))
        codebook.edit_group(viewer, group.pk, **then)

    return Restorable(event, which, now, then, f"{book.get_absolute_url()}history/", put_back)


def _number(event: Event) -> int:
    return id_in(event.subject.partition(":")[2])


# --- Articles, sessions, people ---


def _article(viewer, event: Event, which: str) -> Restorable:
    article = Article.objects.visible_to(viewer).filter(pk=_number(event)).first()
    if article is None:
        raise Missing(NOTHING)
    state = _state(event, which)
    if not may_change(viewer, article):
        raise Denied("Only the person who imported this article, and staff, can do this.")
    names = (*Details.__slots__, "is_public")
    then = {name: state[name] for name in names if name in state}
    now = _plain_details(article)
    now = {name: now[name] for name in then}
    seen = articles.details_digest(article)

    def put_back() -> None:
        details = {name: value for name, value in then.items() if name != "is_public"}
        day = details.get("published_on")
        details["published_on"] = date.fromisoformat(day) if day else None
        articles.edit_details(viewer, article, details=Details(**details), is_public=then["is_public"], seen=seen)

    return Restorable(event, which, now, then, reverse("history:article", args=[article.slug]), put_back)


def _plain_details(article: Article) -> dict[str, Any]:
    """What `edit_details` can change, as events keep it."""
    plain = asdict(articles.details_of(article)) | {"is_public": article.is_public}
    day = plain["published_on"]
    return plain | {"published_on": day.isoformat() if day else None}


def _session(viewer, event: Event, which: str) -> Restorable:
    seat = session_for(viewer, event.subject.partition(":")[2])
    session = seat.session
    if event.channel.name != session.channel:
        raise Missing(NOTHING)
    state = _state(event, which)
    if not may_lead(seat.member):
        raise Denied("Only an owner of the session can do this.")
    now = teams.state_of(session)
    then = {name: state[name] for name in teams.FIELDS if name in state}
    version = session.version

    def put_back() -> None:
        given = dict(then)
        if given.get("deadline"):
            given["deadline"] = datetime.fromisoformat(given["deadline"])
        teams.edit_session(viewer, session.pk, version, given)

    return Restorable(event, which, now, then, reverse("history:session", args=[session.uid]), put_back)


def _profile(viewer, event: Event, which: str) -> Restorable:
    if _number(event) != viewer.pk:
        raise Missing(NOTHING)
    state = _state(event, which)
    now = {name: getattr(viewer, name) for name in _PROFILE}
    then = {name: state[name] for name in _PROFILE if name in state}

    def put_back() -> None:
        person = User.objects.select_for_update(no_key=True).get(pk=viewer.pk)
        if {name: getattr(person, name) for name in _PROFILE} != now:
            raise Conflict(CHANGED, current=restorable(person, event.pk, which))
        edit_profile(person, **(now | then))

    return Restorable(event, which, now, then, reverse("history:person", args=[viewer.username]), put_back)


_KINDS: dict[str, Callable[[Any, Event, str], Restorable]] = {
    "annotation": _mark,
    "tag": _tag,
    "group": _group,
    "article": _article,
    "session": _session,
    "user": _profile,
}
