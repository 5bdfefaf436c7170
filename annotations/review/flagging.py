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
from opslens.web.refusals import Denied, Invalid, Missing

MOST_REASON = 1_000  # characters
RAISED, SETTLED, WITHDRAWN = "flag-raised", "flag-settled", "flag-withdrawn"


def mark_to_flag(viewer, uid: str) -> Annotation:
    """A mark that this viewer may flag. Raises Missing, Denied."""
    annotation = annotation_for(viewer, uid)
    if annotation.author_id == viewer.pk:
        raise Denied("This mark is your own. Edit it, or delete it.")
    # While marks are hidden, a flag would tell an author that somebody reads along.
    if not may_flag(viewer, annotation) or (annotation.session is not None and annotation.session.hides_marks):
        raise Denied("Nobody reviews marks there now, so nobody would see a flag.")
    return annotation


def open_flag(viewer, annotation: Annotation) -> Flag | None:
    """The viewer's own flag on this mark that waits for a reviewer."""
    return Flag.objects.filter(annotation=annotation, reader_id=viewer.pk, outcome="").first()


def _state(flag: Flag) -> dict[str, Any]:
    """A flag as plain JSON, as events keep it."""
    return {"flag": {"id": flag.pk, "reason": flag.reason, "outcome": flag.outcome, "answer": flag.answer}}


def _held(viewer, uid: str) -> Annotation:
    """The same as `mark_to_flag`, its session held in its phase."""
    annotation = annotation_for(viewer, uid)
    if annotation.session_id is not None and hold(annotation.session_id) is None:
        raise Missing("This session is not there any more.")
    return mark_to_flag(viewer, uid)


def raise_flag(viewer, uid: str, reason: str) -> tuple[Flag, bool]:
    """(the viewer's open flag on this mark, whether it is new). Flagging a mark twice is not an error: the first
    reason stays. Raises Missing, Denied, Invalid."""
    reason = clean_text(reason, MOST_REASON, name="reason", needed="Say what a reviewer should look at.")
    try:
        with transaction.atomic():
            annotation = _held(viewer, uid)
            if (flag := open_flag(viewer, annotation)) is not None:
                return flag, False
            flag = Flag.objects.create(annotation=annotation, reader=viewer, reason=reason)
            record(annotation.channel, RAISED, actor=viewer, subject=annotation.subject, after=_state(flag))
    except IntegrityError:
        # Two requests at the same moment: the other one raised it.
        return Flag.objects.get(annotation__uid=uid, reader_id=viewer.pk, outcome=""), False
    return flag, True


def withdraw_flag(viewer, uid: str) -> Flag | None:
    """Take back one's own open flag; None when there is none any more. Raises Missing, Denied."""
    with transaction.atomic():
        annotation = _held(viewer, uid)
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
