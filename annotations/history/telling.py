"""Events as lines that people read: who, what in words, what it is about, and what was before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse

from annotations.history import fields
from annotations.history.fields import Change
from annotations.history.names import Names, names_for, session_in
from annotations.history.sealed import sealed
from annotations.history.words import words_for
from annotations.permissions import may_moderate
from opslens.models import Event

BEFORE, AFTER = "before", "after"
_SURGERY, _SURGERIES = "surgery:", ("tags-merged", "tag-split")
# What is said about a mark leaves it as it is.
_BESIDE = ("reply-", "flag-", "review-accepted", "review-rejected", "review-returned", "review-sent-back")
NOBODY = "OpsLens"  # what happens by itself, and by the operator at the command line


@dataclass(frozen=True, slots=True)
class About:
    """What an event is about. `quoted`: its words are those of an article."""

    words: str
    url: str = ""
    quoted: bool = False
    slot: int = 0  # of a tag
    where: str = ""  # the article of a passage


@dataclass(frozen=True, slots=True)
class Line:
    word: str  # stands for the event in addresses
    at: datetime
    who: str
    is_own: bool
    says: str
    verb: str
    about: About | None = None
    changes: Sequence[Change] = ()
    reason: str = ""
    restores: Sequence[str] = ()  # which states of it can be restored by this viewer: "before", "after"
    elsewhere: tuple[str, str] | None = None  # where it is taken back: words, address
    session: tuple[str, str] | None = None  # on pages that are not a session's own: name, name in addresses


@dataclass(slots=True)
class Teller:
    """Tells of a page of events, for one viewer.

    `everything`: as staff may know it. `counts`: numbers of marks that the viewer may not see one by one. `at`: the
    subject of the page itself, which no line repeats. `restorable`: subjects that this viewer may put back.
    `retagged`: by surgery, the tags that came and went on the mark that the page is about. `newest`: the events that
    left what they are about as it is now. `leads`, `oversees`: what the viewer may do in the session. Without `linked`
    only words are wanted: no addresses, and no texts laid beside one another.
    """

    viewer: Any
    names: Names
    everything: bool = False
    counts: bool = False
    at: str = ""
    restorable: set[str] = field(default_factory=set)
    retagged: Mapping[str, tuple[Sequence[int], Sequence[int]]] = field(default_factory=dict)
    newest: Collection[int] = ()
    leads: bool = False
    oversees: bool = False
    linked: bool = True

    def line(self, event: Event) -> Line:
        words = words_for(event.verb)
        removed = self.is_removed(event.subject)
        before, after = self._readable(event, event.before), self._readable(event, event.after)
        differ = fields.changes(
            before,
            after,
            self.names,
            everything=self.everything,
            counts=self.counts,
            person_removed=removed,
            laid_beside=self.linked,
        )
        if event.verb in _SURGERIES and (tags := self.retagged.get(event.subject)):
            differ = [fields.retagged(*tags, self.names), *differ]
        about = self._about(event, removed=removed)
        reason = str(after.get("reason") or "") if isinstance(after, dict) else ""
        said = {"reason"} if reason else set()
        if "trash" in words.says:
            said.add("deleted")
        return Line(
            word=sealed(event.pk),
            at=event.at,
            who=self.names.person(event.actor_id) if event.actor_id else NOBODY,
            is_own=event.actor_id is not None and event.actor_id == self.viewer.pk,
            says=self._says(event, words.says, differ, about),
            verb=event.verb,
            about=None if event.subject == self.at or "{about}" in words.says else about,
            changes=() if words.plain else [change for change in differ if change.name not in said],
            reason=reason,
            restores=self._restores(event),
            elsewhere=self._elsewhere(event),
            session=self._session(event),
        )

    def is_removed(self, subject: str) -> bool:
        """Whether an event is about somebody of whom nobody is to read who they were."""
        kind, _, key = subject.partition(":")
        person = self.names.people.get(number_of(key)) if kind == "user" else None
        return person is not None and person.removed

    def _readable(self, event: Event, state: Any) -> dict[str, Any] | None:
        """A state without the words of a reply that its author has deleted since. Of what is settled, the words of the
        passage if they changed, and articles as other events name them."""
        if not isinstance(state, dict):
            return None
        if event.subject.startswith(_SURGERY):  # the verb says which kind it is
            return {name: value for name, value in state.items() if name != "kind"}
        reply = state.get("reply")
        if isinstance(reply, int) and reply in self.names.hushed:
            return {name: value for name, value in state.items() if name != "text"}
        if isinstance(settled := state.get("decisions"), dict):
            if state is event.before:
                return {}
            articles = state.get("articles")
            known = [pk for pk in articles if isinstance(pk, int)] if isinstance(articles, list) else []
            here = [self.names.session_articles.get(pk, (0, 0))[0] for pk in known]
            return state | {"articles": here, "passages": len(settled)}
        if event.verb.startswith("codebook-import"):
            told = {name: len(state[name]) for name in ("added", "changed") if isinstance(state.get(name), list)}
            told = {name: count for name, count in told.items() if count}
            return told | ({"tags": state["tags"]} if event.verb.endswith("undone") and "tags" in state else {})
        if "verdict" in state and "start" in state:
            plain = {name: value for name, value in state.items() if name != "article"}
            if event.before and event.after and _ends(event.before) != _ends(event.after):
                plain["quote"] = self.names.words(state.get("article"), *_ends(state))
            return plain
        return state

    def _says(self, event: Event, says: str, differ: Sequence[Change], about: About | None) -> str:
        state = event.after if isinstance(event.after, dict) else {}
        back = state.get("restores")
        if isinstance(back, dict):
            of = "a mark" if event.subject.startswith("annotation:") else "it"
            return f"put {of} back to how it was on {fields.time_in_words(back.get('at'))}"
        kind, _, key = event.subject.partition(":")
        number = number_of(key)
        if event.verb == "member-joined" and kind == "user" and number == event.actor_id:
            says = "joined as {role}"
        elif event.verb == "session-edited" and len(differ) == 1:
            says = "changed {parts} of the session"
        elif event.verb == "passage-changed" and event.actor_id is None:
            says = "changed the passage of a mark in a new revision"
        concerned = number if kind == "user" else state.get("person")
        return (
            says.replace("{parts}", _parts(differ))
            .replace("{role}", str(state.get("role") or "member"))
            .replace("{person}", self.names.person(concerned))
            .replace("{about}", about.words if about else "something")
        )

    def _about(self, event: Event, *, removed: bool) -> About | None:
        kind, _, key = event.subject.partition(":")
        number = number_of(key)
        tell = getattr(self, f"_about_{kind}", None)
        if tell is not None:
            found = tell(event, key, number)
            return (
                found if self.linked or found is None else About(found.words, "", found.quoted, found.slot, found.where)
            )
        return About(f"{kind.replace('_', ' ')} {key}") if self.everything and kind else None

    def _about_annotation(self, event: Event, key: str, number: int) -> About | None:
        mark = self.names.marks.get(key)
        if mark is None:
            return None
        return About(mark.words, reverse("history:mark", args=[key]), True, where=self._title(mark.article_id))

    def _about_decision(self, event: Event, key: str, number: int) -> About | None:
        decision = self.names.decisions.get(key)
        return About(decision.words, "", True, where=self._title(decision.article_id)) if decision else None

    def _title(self, pk: int) -> str:
        """The article of a passage, on pages that are not its own."""
        if self.at == f"article:{pk}":
            return ""
        found = self.names.articles.get(pk)
        return found[0] if found else ""

    def _article(self, pk: Any) -> About | None:
        found = self.names.articles.get(pk)
        return About(found[0], reverse("history:article", args=[found[1]])) if found else None

    def _about_article(self, event: Event, key: str, number: int) -> About | None:
        return self._article(number)

    def _about_revision(self, event: Event, key: str, number: int) -> About | None:
        at, article = self.names.revisions.get(number, (0, 0))
        found = self._article(article)
        return About(f"revision {at} of “{found.words}”", found.url) if found else None

    def _about_assignment(self, event: Event, key: str, number: int) -> About | None:
        found = self._article(self.names.assignments.get(number))
        return About(found.words) if found else None

    def _about_question(self, event: Event, key: str, number: int) -> About | None:
        words = self.names.questions.get(number, "")
        return About(fields.shortened(words)) if words and event.verb != "question-asked" else None

    def _about_session(self, event: Event, key: str, number: int) -> About | None:
        found = next((one for one in self.names.sessions.values() if one[1] == key), None)
        return About(found[0], reverse("history:session", args=[key])) if found else None

    def _about_tag(self, event: Event, key: str, number: int) -> About | None:
        found = self.names.tags.get(number)
        if found is None:
            return None
        return About(found.name, reverse("history:tag", args=[number]), slot=found.slot)

    def _about_group(self, event: Event, key: str, number: int) -> About | None:
        if event.channel.name.startswith("codebook:"):
            name = self.names.groups.get(number)
            return About(f"the group “{name}”") if name else None
        return About(f"the group of rights {key}")

    def _about_codebook(self, event: Event, key: str, number: int) -> About | None:
        found = self.names.codebooks.get(number)
        return About(f"the codebook “{found[0]}”", f"{found[1]}history/") if found else None

    def _about_user(self, event: Event, key: str, number: int) -> About | None:
        person = self.names.people.get(number)
        if person is None or number == event.actor_id:
            return None
        may_look = self.everything or number == self.viewer.pk
        return About(person.name, reverse("history:person", args=[person.username]) if may_look else "")

    def _about_surgery(self, event: Event, key: str, number: int) -> About | None:
        found = self.names.surgeries.get(key)
        if found is None:
            return None
        kind, source, target = found
        one, other = f"“{self.names.tag(source)}”", f"“{self.names.tag(target)}”"
        return About(f"{one}, merged into {other}" if kind == "merge" else f"{other}, split off from {one}")

    def _about_example(self, event: Event, key: str, number: int) -> About | None:
        state = event.after or event.before or {}
        pk = state.get("tag")
        return self._about_tag(event, "", pk) if isinstance(pk, int) else None

    def _about_invitation(self, event: Event, key: str, number: int) -> About | None:
        return None

    def _session(self, event: Event) -> tuple[str, str] | None:
        if self.at.startswith(("session:", "annotation:")) or event.subject.startswith("session:"):
            return None
        return self.names.sessions.get(session_in(event.channel.name))

    def _restores(self, event: Event) -> tuple[str, ...]:
        if event.subject not in self.restorable:
            return ()
        # What was before a change of a mark is the state of the line below it.
        states = (AFTER,) if event.subject.startswith("annotation:") else (BEFORE, AFTER)
        if event.pk in self.newest:  # what it left is what there is
            states = tuple(which for which in states if which != AFTER)
        return tuple(which for which in states if can_be_restored(event, which))

    def _elsewhere(self, event: Event) -> tuple[str, str] | None:
        """Where a thing is taken back that is not restored from the history."""
        _, uid = self.names.sessions.get(session_in(event.channel.name), ("", ""))
        if not uid or not self.linked:
            return None
        if event.verb == "phase-changed" and self.leads:
            return "Phases are changed on the session’s page", reverse("teams:session", args=[uid])
        if event.verb.startswith(("member-", "role-", "invitation-")) and self.leads:
            return "People are changed on their page", reverse("teams:people", args=[uid])
        settles = event.verb.startswith(("decision-", "strategy-")) and event.verb != "decision-answered"
        if settles and self.oversees:
            return "Decisions are taken back at the desk", reverse("adjudication:desks", args=[uid])
        return None


def number_of(key: str) -> int:
    """The id at the end of a subject; 0 when it has none."""
    return int(key) if key.isascii() and key.isdigit() and len(key) < 18 else 0


def _ends(state: dict[str, Any]) -> tuple[Any, Any]:
    return state.get("start"), state.get("end")


def _parts(differ: Sequence[Change]) -> str:
    """“the tags and the note”."""
    said = list(dict.fromkeys(f"the {change.label}" for change in differ))
    if not said:
        return "details"
    if len(said) > 3:
        said = [*said[:2], f"{len(said) - 2} other things"]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def can_be_restored(event: Event, which: str) -> bool:
    """Whether a state of an event is a whole one, or one of a profile, that a verb could bring back."""
    state = event.before if which == BEFORE else event.after
    if not isinstance(state, dict):
        return False
    kind = event.subject.partition(":")[0]
    needed = _NEEDED.get(kind)
    if needed is None or event.verb.startswith("admin-"):
        return False
    if kind == "group" and not event.channel.name.startswith("codebook:"):
        return False
    return needed <= state.keys() if kind != "user" else event.verb == "profile-edited" and bool(needed & state.keys())


# What a state must hold to be put back; of a profile, at least one of these.
_NEEDED: dict[str, set[str]] = {
    "annotation": {"revision", "start", "end", "quote", "tags", "note", "visibility", "deleted"},
    "tag": {"name", "group_id", "slot", "retired"},
    "group": {"name", "hint", "exclusive"},
    "article": {"title", "language", "is_public", "in_trash"},
    "session": {"name", "guidelines", "is_blind", "deadline"},
    "user": {"display_name", "about", "marks_public"},
}


def lines_for(
    viewer,
    events: Iterable[Event],
    *,
    everything: bool = False,
    counts: bool = False,
    at: str = "",
    own_marks: bool = False,
    may_restore: Iterable[str] = (),
    kinds: tuple[str, ...] = (),
    retagged: Mapping[str, tuple[Sequence[int], Sequence[int]]] | None = None,
    from_newest: bool = False,
    leads: bool = False,
    oversees: bool = False,
) -> list[Line]:
    """Lines for a page of events, which come with their channels. Earlier states can be put back of the subjects in
    `may_restore`, of all subjects of these `kinds`, and with `own_marks` of marks that this viewer may put back.
    `from_newest`: the page begins with the newest event, and none is left out. At most fourteen queries."""
    events = list(events)
    names = names_for(viewer, events, everything=everything)
    restorable = set(may_restore)
    if own_marks:
        moderates = may_moderate(viewer)
        restorable.update(
            f"annotation:{uid}" for uid, mark in names.marks.items() if moderates or mark.author_id == viewer.pk
        )
    restorable.update(event.subject for event in events if event.subject.partition(":")[0] in kinds)
    teller = Teller(
        viewer,
        names,
        everything=everything,
        counts=counts,
        at=at,
        restorable=restorable,
        retagged=retagged or {},
        newest=_newest(events, at, names) if from_newest else (),
        leads=leads,
        oversees=oversees,
    )
    return [teller.line(event) for event in events]


def _newest(events: Iterable[Event], at: str, names: Names) -> set[int]:
    """Of each subject, the events that left it as it is now. Merging and splitting changes marks and tags as well."""
    found: set[int] = set()
    settled: set[str] = set()
    for event in events:
        if event.subject not in settled:
            found.add(event.pk)
        if event.verb.startswith(_BESIDE):
            continue
        settled.add(event.subject)
        kind, _, key = event.subject.partition(":")
        if kind == "surgery":
            _, source, target = names.surgeries.get(key, ("", 0, 0))
            settled |= {at, f"tag:{source}", f"tag:{target}"}
    return found
