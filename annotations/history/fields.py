"""What differs between two states of something, field by field, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotations.codebook.kept import Look
from annotations.codebook.words import LOOKS
from annotations.history.names import Names
from annotations.models import Annotation, Assignment, Decision, Example
from annotations.teams.phases import LABELS as PHASES
from opslens.accounts.closing import PERSONAL
from opslens.text.side_by_side import apart

TAGS, TEXT, VALUE = "tags", "text", "value"
COMPARED = 600  # code points of a text that are laid beside one another
REMOVED = "removed"
# What events keep for the program, or what another field says in words.
_SILENT = frozenset(
    {"start", "end", "undoes", "undoes_in", "restores", "digest", "source_format", "source_encoding", "slug"}
    | {
        "position",
        "positions",
        "number",
        "tag",
        "by",
        "considered",
        "decisions",
        "id",
        "reply",
        "from",
        "reading",
        "version",
    }
    | {"keys", "kept", "merged", "accounts", "removed", "source", "target", "rights"}
)
# Of something new: what the line about it says already.
_KNOWN_OF_NEW = frozenset({"quote", "revision", "decided_by"})
# How much others have done: for those who see all of it.
_COUNTS = frozenset({"marks", "rows", "settled", "left"})
_VISIBILITY = {
    Annotation.PRIVATE: "private, seen by its author alone",
    Annotation.PUBLIC: "public",
    Annotation.TEAM: "in the session",
}
_STATES = dict(Assignment.STATES) | {
    "exact": "where it was",
    "moved": "moved, with the same words",
    "changed": "there, with other words",
    "ambiguous": "in several places",
    "lost": "gone",
    **dict(Annotation.REVIEW_STATES),
    "upheld": "upheld",
    "dismissed": "dismissed",
    "withdrawn": "withdrawn",
    "open": "open",
}
_METHODS = dict(Decision.METHODS)
_CASES = dict(Example._meta.get_field("kind").choices)


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what it was and what it is. Of tags, those that came and those that went; of texts, HTML with the
    differences marked. "" stands for nothing."""

    name: str
    label: str
    kind: str
    was: str | SafeString = ""
    now: str | SafeString = ""
    came: tuple[Look, ...] = ()
    went: tuple[Look, ...] = ()


def _plain(value: Any, names: Names) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_plain(one, names) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{_plain(one, names)} {_label(name)}" for name, one in value.items())
    return str(value)


def time_in_words(value: Any, names: Names | None = None) -> str:
    """A time as events keep it, in ISO 8601; what is none stays as it is."""
    try:
        return moment(datetime.fromisoformat(value)) if value else ""
    except (TypeError, ValueError):
        return str(value)


def moment(at: datetime) -> str:
    return date_format(timezone.localtime(at) if timezone.is_aware(at) else at, "j M Y, H:i")


def _day(value: Any, names: Names) -> str:
    try:
        return date_format(date.fromisoformat(value), "j M Y") if value else ""
    except (TypeError, ValueError):
        return str(value)


def _one_of(table: Mapping[Any, str]) -> Callable[[Any, Names], str]:
    return lambda value, names: table.get(value, _plain(value, names)) if _hashable(value) else _plain(value, names)


def _hashable(value: Any) -> bool:
    return isinstance(value, str | int | float | type(None))


def _titles(value: Any, names: Names) -> str:
    return ", ".join(names.title(pk) for pk in (value if isinstance(value, list) else [value]) if pk is not None)


def _revision(value: Any, names: Names) -> str:
    found = names.revisions.get(value) if _hashable(value) else None
    return str(found[0]) if found else ""


def _settled(value: Any, names: Names) -> str:
    return names.title(names.session_articles.get(value, (0, 0))[0]) if value and _hashable(value) else ""


# Label and how a value is said; without a second part it is a text of which the differences are shown.
_FIELDS: dict[str, tuple[str, Callable[[Any, Names], str] | None]] = {
    # Marks and decisions
    "quote": ("passage", None),
    "note": ("note", None),
    "visibility": ("visibility", _one_of(_VISIBILITY)),
    "deleted": ("in the trash", _plain),
    "revision": ("revision", _revision),
    "review_state": ("verdict", _one_of(_STATES)),
    "review_reason": ("reason", _plain),
    "verdict": ("verdict", _one_of(_STATES)),
    "outcome": ("outcome", _one_of(_STATES)),
    "reason": ("reason", _plain),
    "method": ("decided", _one_of(_METHODS)),
    "passages": ("passages settled", _plain),
    "strategy": ("strategy", _one_of(_METHODS)),
    "share": ("share needed", _plain),
    "ties": ("when votes are equal", _plain),
    "decided_by": ("decided by", lambda value, names: names.person(value) if value else ""),
    "asked": ("asked", None),
    "text": ("words", None),
    "answer": ("answer", None),
    "words": ("words", None),
    "comment": ("comment", None),
    # Articles
    "title": ("title", None),
    "publisher": ("publisher", _plain),
    "byline": ("byline", _plain),
    "source_url": ("address of the original", _plain),
    "language": ("language", _plain),
    "kind": ("kind", _one_of(_CASES)),
    "published_on": ("published on", _day),
    "source_date": ("published on", _day),
    "is_public": ("open to visitors", _plain),
    "in_trash": ("in the trash", _plain),
    "source_name": ("file", _plain),
    # Sessions
    "name": ("name", _plain),
    "guidelines": ("guidelines", None),
    "is_blind": ("blind until revealed", _plain),
    "readers_each": ("readers for each article", lambda value, names: _plain(value, names) or "everybody"),
    "deadline": ("deadline", time_in_words),
    "reveal_at_deadline": ("reveal at the deadline", _plain),
    "reveal_when_done": ("reveal when all are done", _plain),
    "coverage_share": ("share of a sentence", _plain),
    "coverage_characters": ("characters of a sentence", _plain),
    "calibration_id": ("settled article to try first", _settled),
    "articles": ("articles", _titles),
    "article": ("article", _titles),
    "codebook": ("codebook", lambda value, names: names.codebooks.get(value, ("", ""))[0] if _hashable(value) else ""),
    "phase": ("phase", _one_of(PHASES)),
    "role": ("role", _plain),
    "reads": ("reads along", _plain),
    "uses": ("for how many", _plain),
    "expires_at": ("until", time_in_words),
    "state": ("state", _one_of(_STATES)),
    "user": ("account", lambda value, names: names.person(value) if value else ""),
    "page": ("page of the administration", _plain),
    # Codebooks
    "description": ("description", None),
    "key": ("shortcut key", _plain),
    "group_id": ("group", lambda value, names: names.groups.get(value, "") if _hashable(value) else ""),
    "slot": ("look", _one_of(LOOKS)),
    "definition": ("definition", None),
    "example": ("example", None),
    "added": ("tags added", _plain),
    "changed": ("tags changed", _plain),
    "do": ("do", None),
    "dont": ("don’t", None),
    "note_required": ("needs a note", _plain),
    "proposes_id": ("proposes", lambda value, names: names.tag(value) if value else ""),
    "concept": ("counts as", _plain),
    "is_on": ("offered to readers", _plain),
    "retired": ("retired", time_in_words),
    "hint": ("hint", None),
    "exclusive": ("only one tag of it on a mark", _plain),
    "order": ("order", _plain),
    # People
    "username": ("signs in as", _plain),
    "display_name": ("name", _plain),
    "about": ("words about themselves", None),
    "email": ("e-mail", _plain),
    "marks_public": ("new marks are public", _plain),
    "is_active": ("account open", _plain),
    "is_staff": ("administers the site", _plain),
}
_ORDER = {name: at for at, name in enumerate(("quote", "tags", *_FIELDS))}


def _label(name: str) -> str:
    if name == "tags":
        return "tags"
    return _FIELDS[name][0] if name in _FIELDS else str(name).removesuffix("_id").replace("_", " ")


def changes(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    names: Names,
    *,
    everything: bool = False,
    counts: bool = False,
    person_removed: bool = False,
    laid_beside: bool = True,
) -> list[Change]:
    """The fields in which two states differ; of something that came or went, those that say something.

    With `everything` also fields that nobody has given words; with `counts` also how many marks of others there are.
    With `person_removed` nobody learns who the person was. Without `laid_beside` texts stay as they are, which is what
    most of the time goes to.
    """
    was, now = _flat(before), _flat(after)
    found = []
    for name in sorted({*was, *now}, key=lambda name: (_ORDER.get(name, len(_ORDER)), name)):
        if not _is_told(name, everything=everything, counts=counts):
            continue
        old, new = was.get(name), now.get(name)
        if before is None and (name in _KNOWN_OF_NEW or not new):
            continue
        if name in _COUNTS and not new:
            continue
        # A field that is only on one side was not told of on the other; it did not change there.
        if old == new or (after is None and not old) or (before and after and name not in now):
            continue
        if person_removed and name in PERSONAL:
            found.append(Change(name, _label(name), VALUE, now=REMOVED))
        else:
            found.append(_change(name, old, new, names, laid_beside))
    return [change for change in found if change.kind == TAGS or change.was != change.now]


def _is_told(name: str, *, everything: bool, counts: bool) -> bool:
    if name in _SILENT:
        return False
    if name in _COUNTS:
        return counts
    return everything or name in _ORDER


def _flat(state: Mapping[str, Any] | None) -> dict[str, Any]:
    """A state with what a verdict or a request to look says of it among its fields."""
    plain = dict(state) if isinstance(state, Mapping) else {}
    review = plain.pop("review", None)
    if isinstance(review, Mapping):
        plain |= {"review_state": review.get("state"), "review_reason": review.get("reason")}
    several = plain.pop("flags", None)
    flags = [plain.pop("flag", None), *(several if isinstance(several, list) else ())]
    for flag in flags:
        if isinstance(flag, Mapping):
            plain |= {name: flag.get(name) for name in ("outcome", "answer")}
            plain["asked"] = flag.get("reason")
    return plain


def retagged(came: Sequence[int], went: Sequence[int], names: Names) -> Change:
    """What a change of the codebook did to the tags of one mark."""
    return Change("tags", "tags", TAGS, came=_in_order(came, names), went=_in_order(went, names))


def _change(name: str, was: Any, now: Any, names: Names, laid_beside: bool) -> Change:
    label = _label(name)
    if name == "tags" and _are_tags(was) and _are_tags(now):
        old, new = was or (), now or ()
        return retagged([pk for pk in new if pk not in old], [pk for pk in old if pk not in new], names)
    if name == "tags":  # of a whole codebook
        count = len(now if isinstance(now, list) else was if isinstance(was, list) else ())
        return Change(name, label, VALUE, "", f"{count:,}")
    says = _FIELDS.get(name, ("", _plain))[1]
    if says is None:
        both = _plain(was, names), _plain(now, names)
        return Change(name, label, TEXT, *(beside(*both) if laid_beside else both))
    return Change(name, label, VALUE, says(was, names), says(now, names))


def _are_tags(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(one, int) for one in value))


def _in_order(ids: Sequence[int], names: Names) -> tuple[Look, ...]:
    known = [names.tags[pk] for pk in ids if pk in names.tags]
    return tuple(sorted(known, key=lambda look: look.order))


def beside(was: str, now: str) -> tuple[SafeString, SafeString]:
    """Two texts as HTML with what the other has not marked in each; long ones cut to where they first differ."""
    if not was or not now:
        return mark_safe(escape(shortened(was))), mark_safe(escape(shortened(now)))
    pairs = enumerate(zip(was, now, strict=False))
    shared = next((at for at, (old, new) in pairs if old != new), min(len(was), len(now)))
    start = max(0, shared - COMPARED // 3) if max(len(was), len(now)) > COMPARED else 0
    head = "…" if start else ""
    old, new = apart(head + shortened(was[start:]), head + shortened(now[start:]))
    return mark_safe(old), mark_safe(new)


def shortened(text: str) -> str:
    return text if len(text) <= COMPARED else text[: COMPARED - 1].rstrip() + "…"
