"""Taking back verdicts. The log says what the mark and its verdict were before, so it works after a reload, on another
device, another day; what came after a verdict stands in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations.codebook.kept import successor_of
from annotations.editing.actions import resolve_tags
from annotations.editing.undoing import first_words, tags_today
from annotations.models import Annotation, Flag, Review, Tag
from annotations.review.cases import SETTLED, Case, hold_cases, shortened, standing
from annotations.review.writing import CHUNK, GIVEN, UNDONE, Done, record_each, set_tags
from opslens.models import Event
from opslens.web.refusals import Conflict, Missing

CHANGED, OVER, FIXED = "changed", "over", "fixed"
# Why a verdict on a mark, one of many, is not taken back: of one, of several.
STAYS = {
    CHANGED: ("that was changed since then stays as it is", "that were changed since then stay as they are"),
    OVER: ("that you cannot review any more stays as it is", "that you cannot review any more stay as they are"),
    FIXED: ("in a session that is being settled stays as it is", "in sessions that are being settled stay as they are"),
}


class MovedOn(Conflict):
    """What was given last cannot be taken back. `given` names it for `undo_last`, which can pass it over."""

    def __init__(self, message: str, given: int | str, current: object = None) -> None:
        super().__init__(f"{message} Undo again takes back the verdict before it.", current)
        self.given = given


def undo_last(viewer, passed: Collection[int | str] = ()) -> Done:
    """Take back the viewer's own last verdict, or those that were given at once, that is not taken back yet.

    Of many, what was changed since then stays, and is not tried again. Raises Missing when there is nothing to undo;
    MovedOn when what it did was changed since then, or cannot be changed any more. Those named in `passed` are passed
    over as long as that is so.
    """
    if not viewer.is_authenticated:
        raise Missing("There is nothing of yours to undo.")
    stuck: list[int | str] = []
    while True:
        try:
            with transaction.atomic():
                return _undo(viewer, _last_of(viewer, stuck))
        except MovedOn as refused:
            if refused.given not in passed:
                raise
            stuck.append(refused.given)


def _last_of(viewer, stuck: Collection[int | str]) -> list[Review]:
    """The viewer's last verdict that is not taken back, or those that were given at once, but for `stuck` ones. Raises
    Missing."""
    own = Review.objects.filter(reviewer_id=viewer.pk, withdrawn_at=None)
    partly = Review.objects.filter(reviewer_id=viewer.pk, withdrawn_at__isnull=False).exclude(batch="")
    left = own.exclude(pk__in=[one for one in stuck if isinstance(one, int)])
    left = left.exclude(batch__in=[one for one in stuck if isinstance(one, str)])
    last = left.exclude(batch__in=partly.values("batch")).order_by("-pk").first()
    if last is None:
        raise Missing(f"There is no {'other ' if stuck else ''}verdict of yours to undo.")
    rows = own.filter(batch=last.batch) if last.batch else own.filter(pk=last.pk)
    return list(rows.select_related("annotation").order_by("pk"))


@dataclass(frozen=True, slots=True)
class _Step:
    """A verdict that can be taken back: the mark, the event that tells of it, the tags that the mark gets back or None
    when they stay."""

    case: Case
    review: Review
    event: Event
    tags: list[Tag] | None

    @property
    def state(self) -> str:
        """That of the mark before the verdict."""
        return self.event.before["review"]["state"]


def _undo(viewer, rows: Sequence[Review]) -> Done:
    cases = hold_cases(viewer, [row.annotation.uid for row in rows])
    steps, left = _steps(rows, cases)
    if not steps:
        raise MovedOn(left[-1][1], rows[-1].batch or rows[-1].pk, current=next(iter(cases.values()), None))
    _take_back(viewer, steps)
    done = tuple(step.case for step in steps)
    return Done(
        done, left_out=tuple((uid, why) for uid, why, _ in left), said=_said_of_undo(done, [how for *_, how in left])
    )


def _steps(rows: Sequence[Review], cases: Mapping[str, Case]) -> tuple[list[_Step], list[tuple[str, str, str]]]:
    """(what can be taken back of these verdicts, what cannot: name of the mark, why in words, which of STAYS)."""
    events = _events_of(rows)
    steps: list[_Step] = []
    left: list[tuple[str, str, str]] = []
    for row in rows:
        case, event = cases.get(row.annotation.uid), events.get(row.pk)
        back = _tags_before(case, event) if case is not None and event is not None else None
        if (why := _why_it_stays(row, case, event, back)) is not None:
            left.append((row.annotation.uid, *why))
        else:
            steps.append(_Step(case, row, event, back))
    return steps, left


def _take_back(viewer, steps: Sequence[_Step]) -> None:
    """Write what the marks were before, and say so in events."""
    now, states = timezone.now(), {}
    before = [step.case.state() for step in steps]
    for step in steps:
        states.setdefault(step.state, []).append(step.case.annotation.pk)
    tags = {step.case.annotation.pk: step.tags for step in steps if step.tags is not None}
    set_tags([step.case for step in steps if step.tags is not None], tags, now)
    Review.objects.filter(pk__in=[step.review.pk for step in steps]).update(withdrawn_at=now)
    for state, ids in states.items():
        Annotation.objects.filter(pk__in=ids).update(review_state=state)
    flags = _open_again([pk for step in steps for pk in step.event.after.get("flags", ())], viewer)
    last = {review.annotation_id: review for review in standing([step.case.annotation.pk for step in steps])}
    happened = []
    for step, was in zip(steps, before, strict=True):
        case, pk = step.case, step.case.annotation.pk
        case.annotation.review_state, case.last = step.state, last.get(pk)
        more = {"undoes": step.event.number, "undoes_in": step.event.channel_id}
        if pk in flags:
            more["flags"] = flags[pk]
        happened.append((case, UNDONE, was, case.state() | more))
    record_each(viewer, happened)


def _tags_before(case: Case, event: Event) -> list[Tag] | None:
    """The tags that a mark gets back when a verdict is taken back; None when that changes none. Those that were merged
    since come back as what they became."""
    if _today(event.before)["tags"] == _today(event.after)["tags"]:
        return None
    tags, _ = resolve_tags(tags_today(event.before["tags"]))  # groups may have changed since then
    return tags if {tag.pk for tag in tags} != set(case.tag_ids) else None


def _why_it_stays(
    row: Review, case: Case | None, event: Event | None, back: list[Tag] | None
) -> tuple[str, str] | None:
    """Why a verdict cannot be taken back, if so: (in words, which of STAYS)."""
    words = f"“{first_words(row.annotation.quote)}”"
    if case is None:
        return f"Verdicts on {words} cannot be changed any more, so it was left as it is.", OVER
    if event is None or case.state() != _today(event.after):
        return f"{words} was changed after your verdict, so it was left as it is.", CHANGED
    return (SETTLED, FIXED) if back is not None and not case.may_change else None


def _events_of(rows: Sequence[Review]) -> dict[int, Event]:
    """By id of a verdict, the event that tells of it."""
    found: dict[int, Event] = {}
    for at in range(0, len(rows), CHUNK):
        subjects = [row.annotation.subject for row in rows[at : at + CHUNK]]
        # Whoever is their actor: accounts may have been merged since, and verdicts go along.
        for event in Event.objects.filter(subject__in=subjects, verb__in=GIVEN):
            found[event.after["review"]["id"]] = event
    return found


def _today(state: Mapping[str, Any]) -> dict[str, Any]:
    """A mark and its verdict in what an event says, with the tags that its tags have become: merging them is no change
    of the mark."""
    kept = {name: value for name, value in state.items() if name != "flags"}
    return kept | {"tags": sorted(set(map(successor_of, state["tags"])))}


def _open_again(ids: Sequence[int], viewer) -> dict[int, list[int]]:
    """Open flags again that a verdict settled, but for readers who have raised another one since: by id of the mark,
    which ones."""
    if not ids:
        return {}
    flags = list(Flag.objects.filter(pk__in=ids, settled_by_id=viewer.pk))
    marks = [flag.annotation_id for flag in flags]
    raised = set(Flag.objects.filter(annotation__in=marks, outcome="").values_list("annotation_id", "reader_id"))
    opened: dict[int, list[int]] = {}
    for flag in flags:
        if (flag.annotation_id, flag.reader_id) not in raised:
            opened.setdefault(flag.annotation_id, []).append(flag.pk)
    free = [pk for here in opened.values() for pk in here]
    Flag.objects.filter(pk__in=free).update(outcome="", answer="", settled_by=None, settled_at=None)
    return opened


def _said_of_undo(cases: Sequence[Case], left: Sequence[str]) -> str:
    """`left` has one of STAYS for each mark that was left as it is."""
    if len(cases) + len(left) > 1:
        number, often = len(cases), Counter(left)
        said = [f"Undone: {number:,} {'mark is' if number == 1 else 'marks are'} as before."]
        for how, words in STAYS.items():
            if often[how]:
                said.append(f"{often[how]:,} {words[often[how] > 1]}.")
        return " ".join(said)
    annotation = cases[0].annotation
    words = shortened(annotation.quote, 60)
    if annotation.review_state == Annotation.UNREVIEWED:
        return f"Undone: “{words}” is open again."
    return f"Undone: “{words}” is {annotation.get_review_state_display()}, as it was before."
