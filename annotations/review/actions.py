"""The verbs of review. Each is one transaction that locks the marks, holds their sessions in their phase, checks the
right, writes the verdicts and records one event for each mark on the mark's channel.

A verdict is about what a reviewer saw: it carries the version of the mark, its last verdict and its tags, and is
refused when one of them is another by now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from django.db import transaction
from django.utils import timezone

from annotations.codebook.kept import all_tags, successor_of
from annotations.editing.actions import _tags, resolve_tags
from annotations.models import Annotation, Flag, Review, Tag, TeamSession
from annotations.models.names import new_uid
from annotations.models.team import hold
from annotations.review.cases import (
    NOBODY,
    NOT_NOW,
    NOT_THERE,
    SETTLED,
    Case,
    Seen,
    cases_under_review,
    changed_since,
    hold_case,
    hold_cases,
    why_not_in,
    with_details,
    without_author,
)
from annotations.review.writing import CHUNK, RETAGGED, SENT_BACK, Done, record_each, set_tags
from annotations.teams.actions import clean_text
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
NEEDED = {
    REJECT: "Say why it is rejected. Its author reads it.",
    RETURN: "Say what is to be changed. Its author reads it.",
}


def clean_reason(act: str, reason: str) -> str:
    """The reason of a verdict. Raises Invalid when it is too long, or missing where one is needed."""
    return clean_text(reason, MOST_REASON, name="reason", needed=NEEDED.get(act, ""))


def accept(viewer, seen: Seen, reason: str = "") -> Done:
    """The mark may stand as it is. Raises Conflict, with the case as it is now in `.current`, when it was changed,
    somebody gave a verdict meanwhile, or its tags are not those that were seen any more; Missing, Denied, Invalid. So
    do the other verdicts."""
    return _one(viewer, seen, ACCEPT, reason)


def reject(viewer, seen: Seen, reason: str) -> Done:
    """The mark should not have been made, and why. It stays where it is: a verdict hides nothing."""
    return _one(viewer, seen, REJECT, reason)


def return_mark(viewer, seen: Seen, reason: str) -> Done:
    """Ask the author to change the mark. Raises Conflict where marks cannot be changed any more."""
    return _one(viewer, seen, RETURN, reason)


def retag(viewer, seen: Seen, tags: Iterable[int], reason: str = "") -> Done:
    """Give the mark these tags and accept it so. Raises Invalid for tags that it cannot carry, Conflict where marks
    cannot be changed any more."""
    tags = list(tags)
    return _one(viewer, seen, RETAG, reason, lambda case: tags_for(case, tags))


def _one(
    viewer,
    seen: Seen,
    act: str,
    reason: str,
    tags_of: Callable[[Case], list[Tag]] | None = None,
) -> Done:
    reason = clean_reason(act, reason)
    with transaction.atomic():
        case = hold_case(viewer, seen)
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
    set_tags(changed, tags, now)
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
        batch_size=CHUNK,
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
    record_each(viewer, happened)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a verdict on many marks would do: the tag that is added or removed; the marks that change, with their new
    tags by id where those change; those that are left out, with why; how many of those asked for are not there for this
    reviewer."""

    act: str
    reason: str
    tag: Tag | None
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
    found = cases_under_review(viewer, uid__in=[one.uid for one in seen])
    return _plan({case.annotation.uid: case for case in found}, seen, act, *_asked(seen, act, reason, tag))


def too_many() -> Invalid:
    message = f"At most {MOST_AT_ONCE:,} marks can be reviewed at once. Narrow the queue with a filter."
    return Invalid(message, {"which": message})


def _asked(seen: Sequence[Seen], act: str, reason: str, tag: int | None) -> tuple[str, Tag | None]:
    if act not in IN_BULK:
        raise Invalid("Choose what is to happen with these marks.", {"act": "Choose what is to happen."})
    if not seen:
        raise Invalid("Tick at least one mark.", {"which": "Tick at least one mark."})
    if len(seen) > MOST_AT_ONCE:
        raise too_many()
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
    wanted, known, today = {one.uid: one for one in seen}, all_tags(), cache(successor_of)
    abandoned = without_author(cases.values()) if act == RETURN else set()
    for uid, one in wanted.items():
        case = cases.get(uid)
        if case is None:
            continue
        try:
            if since := changed_since(case, one, today):
                raise Conflict(since)
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
    return Plan(act, reason, tag, tuple(changes), tags, replaced, tuple(left_out), len(wanted.keys() - cases.keys()))


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
    return Done(plan.changes, bool(plan.changes), left_out, _said_of_many(plan))


def _said_of_many(plan: Plan) -> str:
    number = len(plan.changes)
    if not number:
        return "Nothing was changed: none of these marks can take this verdict now."
    marks = "1 mark" if number == 1 else f"{number:,} marks"
    words = {
        ACCEPT: f"Accepted {marks}.",
        REJECT: f"Rejected {marks}.",
        RETURN: f"Returned {marks}.",
        ADD_TAG: f"Added “{plan.tag}” to {marks}.",
        REMOVE_TAG: f"Removed “{plan.tag}” from {marks}.",
    }[plan.act]
    left = len(plan.left_out) + plan.missing
    if not left:
        return words
    return f"{words} {left:,} {'was left as it is' if left == 1 else 'were left as they are'}."


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
        record_each(viewer, [(case, SENT_BACK, before, after)])
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
