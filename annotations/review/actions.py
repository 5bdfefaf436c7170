"""The verbs of review. Each is one transaction that locks the marks, holds their sessions in their phase, checks the
right, writes the verdicts and records one event for each mark on the mark's channel.

A verdict is about what a reviewer saw: it carries the version of the mark and its last verdict, and is refused when
either is another by now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations.codebook.kept import all_tags, successor_of
from annotations.editing.actions import _tags, held_unmerged, resolve_tags
from annotations.editing.undoing import first_words, tags_today
from annotations.models import Annotation, AnnotationTag, Flag, Review, Tag, TeamSession
from annotations.models.names import new_uid
from annotations.models.team import hold
from annotations.review.cases import (
    NOBODY,
    NOT_NOW,
    NOT_THERE,
    SETTLED,
    TAGS_CHANGED,
    Case,
    Seen,
    changed_since,
    hold_case,
    hold_cases,
    why_not_in,
    with_details,
    without_author,
)
from annotations.teams.actions import clean_text
from opslens.activity.record import Happened, record_many
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing, Refused

MOST_REASON = 4_000  # characters
MOST_AT_ONCE = 2_000  # marks
ACCEPT, REJECT, RETURN, RETAG, ADD_TAG, REMOVE_TAG = "accept", "reject", "return", "retag", "add-tag", "remove-tag"
IN_BULK = (ACCEPT, REJECT, RETURN, ADD_TAG, REMOVE_TAG)
VERDICT_OF = {
    ACCEPT: Review.ACCEPTED,
    REJECT: Review.REJECTED,
    RETURN: Review.RETURNED,
    RETAG: Review.ACCEPTED,
    ADD_TAG: Review.ACCEPTED,
    REMOVE_TAG: Review.ACCEPTED,
}
RETAGGED, SENT_BACK, UNDONE = "review-retagged", "review-sent-back", "review-undone"
GIVEN = ("review-accepted", "review-rejected", "review-returned", RETAGGED)
NEEDED = {
    REJECT: "Say why it is rejected. Its author reads it.",
    RETURN: "Say what is to be changed. Its author reads it.",
}
_CHUNK = 500


class MovedOn(Conflict):
    """What was given last cannot be taken back. `given` names it for `undo_last`, which can pass it over."""

    def __init__(self, message: str, given: int | str, current: object = None) -> None:
        super().__init__(f"{message} Undo again takes back the verdict before it.", current)
        self.given = given


@dataclass(frozen=True, slots=True)
class Done:
    """What a verb did: the marks, whether anything changed, why others were left out, what it says to the person."""

    cases: tuple[Case, ...]
    changed: bool = True
    left_out: tuple[tuple[str, str], ...] = ()  # (name of a mark, why)
    said: str = ""

    @property
    def case(self) -> Case:
        return self.cases[0]


def clean_reason(act: str, reason: str) -> str:
    """The reason of a verdict. Raises Invalid when it is too long, or missing where one is needed."""
    return clean_text(reason, MOST_REASON, name="reason", needed=NEEDED.get(act, ""))


TagIds = Iterable[int] | None


def accept(viewer, seen: Seen, reason: str = "", *, tags_seen: TagIds = None) -> Done:
    """The mark may stand as it is. Raises Conflict, with the case as it is now in `.current`, when it was changed,
    somebody gave a verdict meanwhile, or its tags are not `tags_seen` any more: merging and splitting tags leaves
    versions alone; Missing, Denied, Invalid. So do the other verdicts."""
    return _one(viewer, seen, ACCEPT, reason, tags_seen)


def reject(viewer, seen: Seen, reason: str, *, tags_seen: TagIds = None) -> Done:
    """The mark should not have been made, and why. It stays where it is: a verdict hides nothing."""
    return _one(viewer, seen, REJECT, reason, tags_seen)


def return_mark(viewer, seen: Seen, reason: str, *, tags_seen: TagIds = None) -> Done:
    """Ask the author to change the mark. Raises Conflict where marks cannot be changed any more."""
    return _one(viewer, seen, RETURN, reason, tags_seen)


def retag(viewer, seen: Seen, tags: Iterable[int], reason: str = "", *, tags_seen: TagIds = None) -> Done:
    """Give the mark these tags and accept it so. Raises Invalid for tags that it cannot carry, Conflict where marks
    cannot be changed any more."""
    tags = list(tags)
    return _one(viewer, seen, RETAG, reason, tags_seen, lambda case: tags_for(case, tags))


def _one(
    viewer,
    seen: Seen,
    act: str,
    reason: str,
    tags_seen: TagIds,
    tags_of: Callable[[Case], list[Tag]] | None = None,
) -> Done:
    reason = clean_reason(act, reason)
    with transaction.atomic():
        case = hold_case(viewer, seen)
        if tags_seen is not None and {successor_of(pk) for pk in tags_seen} != set(case.tag_ids):
            raise Conflict(TAGS_CHANGED, current=case)
        tags = {}
        if act in (RETURN, RETAG) and not case.may_change:
            raise Conflict(SETTLED, current=case.annotation.session)
        if act == RETURN and without_author([case]):
            raise Conflict(NOBODY, current=case.annotation.session)
        if tags_of is not None:
            chosen = tags_of(case)
            if {tag.pk for tag in chosen} != set(case.tag_ids):
                tags[case.annotation.pk] = chosen
        if not tags and is_so(case, act, reason):
            return Done((case,), changed=False, said=f"It was {case.annotation.get_review_state_display()} already.")
        _give(viewer, [case], act, reason, tags)
    return Done((case,), said=_said(case, act, bool(tags)))


def is_so(case: Case, act: str, reason: str) -> bool:
    """Whether the mark has exactly this verdict."""
    said = case.in_force
    return said is not None and said.verdict == VERDICT_OF[act] and said.reason == reason


def _said(case: Case, act: str, is_retagged: bool) -> str:
    if is_retagged:
        return "Retagged and accepted."
    return {REJECT: "Rejected.", RETURN: f"Returned to {case.annotation.author.name}."}.get(act, "Accepted.")


def tags_for(case: Case, tag_ids: Iterable[int]) -> list[Tag]:
    """The tags of these ids, if the mark can carry them. Raises Invalid."""
    book = case.annotation.session.codebook_id if case.annotation.session_id else None
    chosen, replaced = resolve_tags(_tags(tag_ids, book, already=case.tag_ids), before=case.tag_ids)
    if replaced:
        names = ", ".join(f"“{tag.name}”" for tag in replaced)
        message = f"A mark carries one tag of an exclusive group: leave out {names}."
        raise Invalid(message, {"tags": message})
    _check_note(case, chosen)
    return chosen


def _check_note(case: Case, chosen: Sequence[Tag]) -> None:
    """Raises Invalid when one of the tags needs a note, which is for the author to write."""
    for tag in chosen:
        if tag.note_required and tag.pk not in case.tag_ids and not case.annotation.note:
            message = f"“{tag.name}” needs a note, and this mark has none. Return it and ask for one."
            raise Invalid(message, {"tags": message})


def _give(viewer, cases: Sequence[Case], act: str, reason: str, tags: Mapping[int, list[Tag]], batch: str = "") -> None:
    """Write a verdict on each of these locked marks, with other tags where `tags`, by id of the mark, has some."""
    before = [case.state() for case in cases]
    verdict, now = VERDICT_OF[act], timezone.now()
    ids = [case.annotation.pk for case in cases]
    changed = [case for case in cases if case.annotation.pk in tags]
    _set_tags(changed, tags, now)
    Annotation.objects.filter(pk__in=ids).update(review_state=verdict)
    reviews = Review.objects.bulk_create(
        [
            Review(
                annotation=case.annotation,
                verdict=verdict,
                reason=reason,
                reviewer=viewer,
                version=case.annotation.version,
                batch=batch,
            )
            for case in cases
        ],
        batch_size=_CHUNK,
    )
    outcome = Flag.DISMISSED if act == ACCEPT else Flag.UPHELD
    flags = [flag.pk for case in cases for flag in case.flags]
    Flag.objects.filter(pk__in=flags).update(outcome=outcome, answer=reason, settled_by=viewer, settled_at=now)
    happened: list[tuple[Case, str, dict, dict]] = []
    for case, review, then in zip(cases, reviews, before, strict=True):
        case.annotation.review_state, case.last = verdict, review
        after = case.state()
        if case.flags:
            after["flags"] = [flag.pk for flag in case.flags]
        verb = RETAGGED if case.annotation.pk in tags else f"review-{verdict}"
        happened.append((case, verb, then, after))
        case.flags = []
    _record(viewer, happened)


def _set_tags(cases: Sequence[Case], tags: Mapping[int, list[Tag]], now) -> None:
    """Give locked marks other tags, in a fixed number of statements. Raises Conflict when one of them is merged into
    another tag in this very moment."""
    gone: dict[int, list[int]] = {}
    new: list[AnnotationTag] = []
    for case in cases:
        chosen = {tag.pk: tag for tag in tags[case.annotation.pk]}
        for pk in case.tag_ids:
            if pk not in chosen:
                gone.setdefault(pk, []).append(case.annotation.pk)
        for pk, tag in chosen.items():
            if pk not in case.tag_ids:
                group = tag.group_id if tag.group.exclusive else None
                new.append(AnnotationTag(annotation=case.annotation, tag=tag, exclusive_group_id=group))
        case.tag_ids = list(chosen)
        case.annotation.version += 1
        case.annotation.updated_at = now
    ids = sorted({one.tag_id for one in new})
    if ids and not held_unmerged(ids):
        raise Conflict("A tag was merged into another one just now, so nothing was changed. Try again.")
    for pk, marks in gone.items():
        AnnotationTag.objects.filter(tag_id=pk, annotation__in=marks).delete()
    AnnotationTag.objects.bulk_create(new, batch_size=_CHUNK)
    Annotation.objects.bulk_update([case.annotation for case in cases], ["version", "updated_at"], batch_size=_CHUNK)


def _record(viewer, happened: Iterable[tuple[Case, str, dict, dict]]) -> None:
    by_channel: dict[tuple[str, str], list[Happened]] = {}
    for case, verb, before, after in happened:
        place = case.annotation.channel, verb
        by_channel.setdefault(place, []).append(Happened(case.annotation.subject, before, after))
    for channel, verb in sorted(by_channel):
        record_many(channel, verb, by_channel[channel, verb], actor=viewer)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a verdict on many marks would do: the marks that change, with their new tags by id where those change;
    those that are left out, with why; how many of those asked for are not there for this reviewer."""

    act: str
    reason: str
    changes: tuple[Case, ...]
    tags: Mapping[int, list[Tag]]
    replaced: Mapping[str, int]
    left_out: tuple[tuple[Case, str], ...]
    missing: int

    @property
    def seen(self) -> list[Seen]:
        return [case.seen for case in self.changes]


def plan_many(viewer, seen: Sequence[Seen], act: str, *, reason: str = "", tag: int | None = None) -> Plan:
    """What `review_many` would do. Raises Invalid."""
    return _plan(_readable(viewer, seen), seen, act, *_asked(seen, act, reason, tag))


def _readable(viewer, seen: Sequence[Seen]) -> dict[str, Case]:
    marks = Annotation.objects.under_review_by(viewer).filter(uid__in=[one.uid for one in seen])
    found = marks.select_related("article", "session", "author").order_by("pk")
    return {case.annotation.uid: case for case in with_details(list(found))}


def _asked(seen: Sequence[Seen], act: str, reason: str, tag: int | None) -> tuple[str, Tag | None]:
    if act not in IN_BULK:
        raise Invalid("Choose what is to happen with these marks.", {"act": "Choose what is to happen."})
    if not seen:
        raise Invalid("Tick at least one mark.", {"which": "Tick at least one mark."})
    if len(seen) > MOST_AT_ONCE:
        message = f"At most {MOST_AT_ONCE:,} marks can be reviewed at once. Narrow the queue with a filter."
        raise Invalid(message, {"which": message})
    if act not in (ADD_TAG, REMOVE_TAG):
        return clean_reason(act, reason), None
    # To add one that was merged meanwhile is to add the one that it became.
    found = all_tags().get(successor_of(tag) if act == ADD_TAG else tag) if tag is not None else None
    if found is None:
        raise Invalid("Choose a tag.", {"tag": "Choose a tag."})
    return clean_reason(act, reason), found


def _plan(cases: Mapping[str, Case], seen: Sequence[Seen], act: str, reason: str, tag: Tag | None) -> Plan:
    changes, left_out, tags = [], [], {}
    replaced: dict[str, int] = {}
    wanted, known = {one.uid: one for one in seen}, all_tags()
    abandoned = without_author(cases.values()) if act == RETURN else set()
    for uid, one in wanted.items():
        case = cases.get(uid)
        if case is None:
            continue
        try:
            if case.seen != one:
                raise Conflict(changed_since(case, one))
            if act != ACCEPT and act != REJECT and not case.may_change:
                raise Conflict("Its session is being settled, so it cannot be changed any more.")
            if case.annotation.pk in abandoned:
                raise Conflict(NOBODY)
            if tag is not None:
                tags[case.annotation.pk], gone = _with_tag(case, tag, known, add=act == ADD_TAG)
                for other in gone:
                    replaced[other.name] = replaced.get(other.name, 0) + 1
            elif is_so(case, act, reason):
                raise Conflict(f"It is {case.annotation.get_review_state_display()} already, for the same reason.")
        except Refused as refused:
            left_out.append((case, str(refused)))
        else:
            changes.append(case)
    # Locked and written in the order of ids, whatever the order of the queue.
    changes.sort(key=lambda case: case.annotation.pk)
    return Plan(act, reason, tuple(changes), tags, replaced, tuple(left_out), len(wanted.keys() - cases.keys()))


def _with_tag(case: Case, tag: Tag, known: Mapping[int, Tag], *, add: bool) -> tuple[list[Tag], list[Tag]]:
    """(the tags of a mark with this one or without it, those that give way to it). Raises Invalid, Conflict."""
    if add == (tag.pk in case.tag_ids):
        raise Conflict("It carries this tag already." if add else "It does not carry this tag.")
    carried = [known[pk] for pk in case.tag_ids if pk in known]
    if not add:
        return [other for other in carried if other.pk != tag.pk], []
    book = case.annotation.session.codebook_id if case.annotation.session_id else None
    if not (tag.codebook.is_default if book is None else tag.codebook_id == book):
        raise Invalid(f"The tag “{tag.name}” belongs to another codebook.")
    if not tag.offered:
        raise Invalid(f"The tag “{tag.name}” is no longer offered.")
    chosen, gone = resolve_tags([*carried, tag], before=case.tag_ids)
    _check_note(case, chosen)
    return chosen, gone


def review_many(viewer, seen: Sequence[Seen], act: str, *, reason: str = "", tag: int | None = None) -> Done:
    """Give many marks one verdict, or one more or one less tag, which accepts them. Marks that were changed or decided
    since they were seen like this are left out, and so is what cannot be done. Taken back by one undo. Raises
    Invalid."""
    with transaction.atomic():
        reason, found = _asked(seen, act, reason, tag)  # what a tag is may change until here
        plan = _plan(hold_cases(viewer, [one.uid for one in seen]), seen, act, reason, found)
        if plan.changes:
            _give(viewer, plan.changes, act, reason, plan.tags, batch=new_uid())
    left_out = tuple((case.annotation.uid, why) for case, why in plan.left_out)
    return Done(plan.changes, bool(plan.changes), left_out, _said_of_many(plan, act, found))


def _said_of_many(plan: Plan, act: str, tag: Tag | None) -> str:
    number = len(plan.changes)
    if not number:
        return "Nothing was changed: none of these marks can take this verdict now."
    marks = "1 mark" if number == 1 else f"{number:,} marks"
    words = {
        ACCEPT: f"Accepted {marks}.",
        REJECT: f"Rejected {marks}.",
        RETURN: f"Returned {marks}.",
        ADD_TAG: f"Added “{tag}” to {marks}.",
        REMOVE_TAG: f"Removed “{tag}” from {marks}.",
    }[act]
    left = len(plan.left_out) + plan.missing
    return f"{words} {left:,} {'was' if left == 1 else 'were'} left as they are." if left else words


def undo_last(viewer, passed: Collection[int | str] = ()) -> Done:
    """Take back the viewer's own last verdict, or those that were given at once, that is not taken back yet.

    Of many, what was changed since then stays, and is not tried again. Raises Missing when there is nothing to undo;
    MovedOn when what it did was changed since then, or cannot be changed any more. Those named in `passed` are left
    alone.
    """
    if not viewer.is_authenticated:
        raise Missing("There is nothing of yours to undo.")
    with transaction.atomic():
        own = Review.objects.filter(reviewer_id=viewer.pk, withdrawn_at=None)
        partly = Review.objects.filter(reviewer_id=viewer.pk, withdrawn_at__isnull=False).exclude(batch="")
        left = own.exclude(pk__in=[one for one in passed if isinstance(one, int)])
        left = left.exclude(batch__in=[one for one in passed if isinstance(one, str)])
        last = left.exclude(batch__in=partly.values("batch")).order_by("-pk").first()
        if last is None:
            raise Missing(f"There is no {'other ' if passed else ''}verdict of yours to undo.")
        rows = own.filter(batch=last.batch) if last.batch else own.filter(pk=last.pk)
        return _undo(viewer, list(rows.select_related("annotation").order_by("pk")))


def _undo(viewer, rows: Sequence[Review]) -> Done:
    cases = hold_cases(viewer, [row.annotation.uid for row in rows])
    events = _events_of(rows)
    undone: list[tuple[Case, Review, Event]] = []
    tags: dict[int, list[Tag]] = {}
    left: list[tuple[str, str]] = []
    for row in rows:
        case, event = cases.get(row.annotation.uid), events.get(row.pk)
        back = _tags_before(case, event) if case is not None and event is not None else None
        if (why := _why_it_stays(row, case, event, back)) is not None:
            left.append((row.annotation.uid, why))
            continue
        undone.append((case, row, event))
        if back is not None:
            tags[case.annotation.pk] = back
    if not undone:
        raise MovedOn(left[-1][1], rows[-1].batch or rows[-1].pk, current=next(iter(cases.values()), None))
    now, happened, states = timezone.now(), [], {}
    for case, _, event in undone:
        states.setdefault(event.before["review"]["state"], []).append(case.annotation.pk)
    before = [case.state() for case, _, _ in undone]
    _set_tags([case for case, _, _ in undone if case.annotation.pk in tags], tags, now)
    Review.objects.filter(pk__in=[row.pk for _, row, _ in undone]).update(withdrawn_at=now)
    for state, ids in states.items():
        Annotation.objects.filter(pk__in=ids).update(review_state=state)
    _open_again([pk for _, _, event in undone for pk in event.after.get("flags", ())], viewer)
    ids = [case.annotation.pk for case, _, _ in undone]
    last = {review.annotation_id: review for review in _standing(ids)}
    for (case, _, event), was in zip(undone, before, strict=True):
        case.annotation.review_state, case.last = event.before["review"]["state"], last.get(case.annotation.pk)
        more = {"undoes": event.number, "undoes_in": event.channel_id}
        happened.append((case, UNDONE, was, case.state() | more))
    _record(viewer, happened)
    done = tuple(case for case, _, _ in undone)
    return Done(done, left_out=tuple(left), said=_said_of_undo(done, [why for _, why in left]))


def _tags_before(case: Case, event: Event) -> list[Tag] | None:
    """The tags that a mark gets back when a verdict is taken back; None when that changes none. Those that were merged
    since come back as what they became."""
    if _today(event.before)["tags"] == _today(event.after)["tags"]:
        return None
    tags, _ = resolve_tags(tags_today(event.before["tags"]))  # groups may have changed since then
    return tags if {tag.pk for tag in tags} != set(case.tag_ids) else None


def _why_it_stays(row: Review, case: Case | None, event: Event | None, back: list[Tag] | None) -> str | None:
    """Why a verdict cannot be taken back, if so."""
    words = f"“{first_words(row.annotation.quote)}”"
    if case is None:
        return f"Verdicts on {words} cannot be changed any more, so it was left as it is."
    if event is None or case.state() != _today(event.after):
        return f"{words} was changed after your verdict, so it was left as it is."
    return SETTLED if back is not None and not case.may_change else None


def _standing(ids: Iterable[int]) -> Iterable[Review]:
    return Review.objects.filter(annotation__in=ids, withdrawn_at=None).select_related("reviewer").order_by("pk")


def _events_of(rows: Sequence[Review]) -> dict[int, Event]:
    """By id of a verdict, the event that tells of it."""
    found: dict[int, Event] = {}
    for at in range(0, len(rows), _CHUNK):
        subjects = [row.annotation.subject for row in rows[at : at + _CHUNK]]
        # Whoever is their actor: accounts may have been merged since, and verdicts go along.
        for event in Event.objects.filter(subject__in=subjects, verb__in=GIVEN):
            found[event.after["review"]["id"]] = event
    return found


def _today(state: Mapping[str, Any]) -> dict[str, Any]:
    """A mark and its verdict in what an event says, with the tags that its tags have become: merging them is no change
    of the mark."""
    kept = {name: value for name, value in state.items() if name != "flags"}
    return kept | {"tags": sorted(set(map(successor_of, state["tags"])))}


def _open_again(ids: Sequence[int], viewer) -> None:
    """Open flags again that a verdict settled, but for readers who have raised another one since."""
    if not ids:
        return
    flags = list(Flag.objects.filter(pk__in=ids, settled_by_id=viewer.pk))
    marks = [flag.annotation_id for flag in flags]
    raised = set(Flag.objects.filter(annotation__in=marks, outcome="").values_list("annotation_id", "reader_id"))
    free = [flag.pk for flag in flags if (flag.annotation_id, flag.reader_id) not in raised]
    Flag.objects.filter(pk__in=free).update(outcome="", answer="", settled_by=None, settled_at=None)


def _said_of_undo(cases: Sequence[Case], left: Sequence[str]) -> str:
    if len(cases) + len(left) > 1:
        number, settled = len(cases), left.count(SETTLED)
        said = [f"Undone: {number:,} {'mark is' if number == 1 else 'marks are'} as before."]
        if changed := len(left) - settled:
            said.append(f"{changed:,} that changed since then stay.")
        if settled:
            said.append(f"{settled:,} in a session that is being settled stay.")
        return " ".join(said)
    annotation = cases[0].annotation
    words = annotation.quote.replace("\n", " ")
    words = words if len(words) <= 60 else words[:59].rstrip() + "…"
    if annotation.review_state == Annotation.UNREVIEWED:
        return f"Undone: “{words}” is open again."
    return f"Undone: “{words}” is {annotation.get_review_state_display()}, as it was before."


def send_back(viewer, uid: str, answer: str = "", *, review: int | None = None) -> Done:
    """The author of a returned mark sends it back as it is, with an answer if they like. It is open again. Doing it
    again is not an error. `review` is the request that was answered. Raises Conflict when there is another by now, or
    the session is over; Missing, Denied, Invalid."""
    answer = clean_text(answer, MOST_REASON, name="answer")
    with transaction.atomic():
        marks = Annotation.objects.visible_to(viewer).filter(uid=uid).select_related("article", "session", "author")
        annotation = marks.select_for_update(of=("self",), no_key=True).first()
        if annotation is None:
            raise Missing(NOT_THERE)
        if annotation.author_id != viewer.pk:
            raise Denied("Only its author can send this mark back.")
        if annotation.session_id is not None:
            annotation.session = _running(annotation.session_id)
        (case,) = with_details([annotation])
        if annotation.review_state == Annotation.UNREVIEWED and case.last is not None:
            return Done((case,), changed=False, said="It is with the reviewers already.")
        if annotation.review_state != Annotation.RETURNED or case.last is None:
            raise Conflict("This mark was not returned to you, so there is nothing to send back.", current=case)
        if review not in (None, case.last.pk):
            raise Conflict("A reviewer has asked for something else in the meantime. Read it first.", current=case)
        before = case.state()
        case.last.answer, case.last.answered_at = answer, timezone.now()
        case.last.save(update_fields=["answer", "answered_at"])
        annotation.review_state = Annotation.UNREVIEWED
        annotation.save(update_fields=["review_state"])
        after = case.state() | {"answer": answer}
        _record(viewer, [(case, SENT_BACK, before, after)])
    return Done((case,), said="Sent back to the reviewers as it is.")


def _running(session_id: int) -> TeamSession:
    """A session, held, in which verdicts are given. Raises Missing, Conflict."""
    session = hold(session_id)
    if session is None:
        raise Missing("This session is not there any more.")
    if session.phase in NOT_NOW:
        raise Conflict(NOT_NOW[session.phase], current=session)
    if (reason := why_not_in(session)) is not None:
        raise Conflict(reason, current=session)
    return session
