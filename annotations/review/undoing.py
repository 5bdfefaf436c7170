"""Taking back verdicts. The log says what the mark and its verdict were before, so it works after a reload, on another
device, another day; what came after a verdict stands in its way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


class MovedOn(Conflict):
    """What was given last cannot be taken back. `given` names it for `undo_last`, which can pass it over."""

    def __init__(self, message: str, given: int | str, current: object = None) -> None:
        super().__init__(f"{message} Undo again takes back the verdict before it.", current)
        self.given = given


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
    set_tags([case for case, _, _ in undone if case.annotation.pk in tags], tags, now)
    Review.objects.filter(pk__in=[row.pk for _, row, _ in undone]).update(withdrawn_at=now)
    for state, ids in states.items():
        Annotation.objects.filter(pk__in=ids).update(review_state=state)
    _open_again([pk for _, _, event in undone for pk in event.after.get("flags", ())], viewer)
    ids = [case.annotation.pk for case, _, _ in undone]
    last = {review.annotation_id: review for review in standing(ids)}
    for (case, _, event), was in zip(undone, before, strict=True):
        case.annotation.review_state, case.last = event.before["review"]["state"], last.get(case.annotation.pk)
        more = {"undoes": event.number, "undoes_in": event.channel_id}
        happened.append((case, UNDONE, was, case.state() | more))
    record_each(viewer, happened)
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
    words = shortened(annotation.quote, 60)
    if annotation.review_state == Annotation.UNREVIEWED:
        return f"Undone: “{words}” is open again."
    return f"Undone: “{words}” is {annotation.get_review_state_display()}, as it was before."
