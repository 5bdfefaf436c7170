"""The verbs on flags: a reader asks the reviewers to look at a mark of somebody else, and hears what came of it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.access import annotation_for
from annotations.models import Annotation, Flag
from annotations.models.team import hold
from annotations.permissions import may_flag
from annotations.review.cases import Case, hold_cases, why_not
from annotations.teams.actions import clean_text
from opslens.activity.record import record
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

MOST_REASON = 1_000  # characters
MOST_TRIES = 2  # of two requests at the same moment the second one is tried again
RAISED, SETTLED, WITHDRAWN = "flag-raised", "flag-settled", "flag-withdrawn"


def mark_to_flag(viewer, uid: str) -> Annotation:
    """A mark that this viewer may flag, or whose flag of theirs they may withdraw. Raises Missing, Denied."""
    annotation = annotation_for(viewer, uid)
    if may_flag(viewer, annotation) or (may_withdraw(annotation) and open_flag(viewer, annotation) is not None):
        return annotation
    if annotation.author_id == viewer.pk:
        raise Denied("This mark is your own. Edit it, or delete it.")
    raise Denied("Nobody reviews marks there now, so nobody would see a flag.")


def may_withdraw(annotation: Annotation) -> bool:
    """Whether open flags on a visible mark can be withdrawn by who raised them: whatever the phase of its session, but
    for one that hides marks, in which the event would tell the author that somebody reads along."""
    return annotation.session is None or not annotation.session.hides_marks


def open_flag(viewer, annotation: Annotation) -> Flag | None:
    """The viewer's own flag on this mark that waits for a reviewer."""
    return Flag.objects.filter(annotation=annotation, reader_id=viewer.pk, outcome="").first()


def _state(flag: Flag) -> dict[str, Any]:
    """A flag as plain JSON, as events keep it."""
    return {"flag": {"id": flag.pk, "reason": flag.reason, "outcome": flag.outcome, "answer": flag.answer}}


def _hold(viewer, uid: str) -> None:
    """Hold the session of a visible mark in its phase. Raises Missing."""
    annotation = annotation_for(viewer, uid)
    if annotation.session_id is not None and hold(annotation.session_id) is None:
        raise Missing("This session is not there any more.")


def raise_flag(viewer, uid: str, reason: str) -> tuple[Flag, bool]:
    """(the viewer's open flag on this mark, whether it is new). Flagging a mark twice is not an error: the first
    reason stays. Raises Missing, Denied, Invalid; Conflict when too much happens to it at the same moment."""
    reason = clean_text(reason, MOST_REASON, name="reason", needed="Say what a reviewer should look at.")
    for _ in range(MOST_TRIES):
        try:
            return _raise(viewer, uid, reason)
        except IntegrityError:
            # Another request of theirs raised it at the same moment; by now it may be settled again.
            continue
    raise Conflict("Somebody is busy with the flags on this mark. Nothing was changed. Try again.")


def _raise(viewer, uid: str, reason: str) -> tuple[Flag, bool]:
    with transaction.atomic():
        _hold(viewer, uid)
        annotation = mark_to_flag(viewer, uid)
        if (flag := open_flag(viewer, annotation)) is not None:
            return flag, False
        flag = Flag.objects.create(annotation=annotation, reader=viewer, reason=reason)
        record(annotation.channel, RAISED, actor=viewer, subject=annotation.subject, after=_state(flag))
    return flag, True


def withdraw_flag(viewer, uid: str) -> Flag | None:
    """Take back one's own open flag, also where nobody reviews marks any more; None when there is none. Raises Missing,
    Denied."""
    with transaction.atomic():
        _hold(viewer, uid)
        annotation = annotation_for(viewer, uid)
        if not may_withdraw(annotation):
            raise Denied("Marks are hidden there now. A flag can be withdrawn once they are shown again.")
        flags = Flag.objects.filter(annotation=annotation, reader_id=viewer.pk, outcome="")
        flag = flags.select_for_update(of=("self",), no_key=True).first()
        if flag is None:
            return None
        before = _state(flag)
        flag.outcome, flag.settled_at = Flag.WITHDRAWN, timezone.now()
        flag.save(update_fields=["outcome", "settled_at"])
        record(
            annotation.channel, WITHDRAWN, actor=viewer, subject=annotation.subject, before=before, after=_state(flag)
        )
    return flag


def settle_flags(viewer, uid: str, outcome: str, answer: str = "") -> tuple[Case, int]:
    """Give the open flags on a mark an outcome without a verdict on the mark: (the mark, how many there were). Raises
    Missing, Denied, Conflict, Invalid."""
    if outcome not in (Flag.UPHELD, Flag.DISMISSED):
        raise Invalid("Say whether the flag is upheld or dismissed.", {"outcome": "Choose an outcome."})
    answer = clean_text(answer, MOST_REASON, name="answer")
    with transaction.atomic():
        case = hold_cases(viewer, [uid]).get(uid)
        if case is None:
            raise why_not(viewer, uid)
        flags, now = case.flags, timezone.now()
        if flags:
            before = [_state(flag)["flag"] for flag in flags]
            for flag in flags:
                flag.outcome, flag.answer, flag.settled_by, flag.settled_at = outcome, answer, viewer, now
            Flag.objects.bulk_update(flags, ["outcome", "answer", "settled_by", "settled_at"])
            record(
                case.annotation.channel,
                SETTLED,
                actor=viewer,
                subject=case.annotation.subject,
                before={"flags": before},
                after={"flags": [_state(flag)["flag"] for flag in flags]},
            )
            case.flags = []
    return case, len(flags)
