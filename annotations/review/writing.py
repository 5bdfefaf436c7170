"""What verdicts, and taking them back, write to marks that are locked; and what they tell the person of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from annotations.editing.actions import held_unmerged
from annotations.models import Annotation, AnnotationTag, Tag
from annotations.review.cases import Case
from opslens.activity.record import Happened, record_many
from opslens.web.refusals import Conflict

CHUNK = 500
RETAGGED, SENT_BACK, UNDONE = "review-retagged", "review-sent-back", "review-undone"
GIVEN = ("review-accepted", "review-rejected", "review-returned", RETAGGED)


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


def set_tags(cases: Sequence[Case], tags: Mapping[int, list[Tag]], now) -> None:
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
    AnnotationTag.objects.bulk_create(new, batch_size=CHUNK)
    Annotation.objects.bulk_update([case.annotation for case in cases], ["version", "updated_at"], batch_size=CHUNK)


def record_each(viewer, happened: Iterable[tuple[Case, str, dict, dict]]) -> None:
    """One event for each of these cases, on the channel of the mark: (case, verb, state before, state after)."""
    by_channel: dict[tuple[str, str], list[Happened]] = {}
    for case, verb, before, after in happened:
        place = case.annotation.channel, verb
        by_channel.setdefault(place, []).append(Happened(case.annotation.subject, before, after))
    for channel, verb in sorted(by_channel):
        record_many(channel, verb, by_channel[channel, verb], actor=viewer)
