"""What merging two accounts, or separating them again, would do, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from annotations.models import Flag, Review, SavedQueue, TeamSession
from annotations.people.tables import IN_SESSIONS, MOVES, key_of, name_of, owned
from opslens.accounts.actions import subject_of
from opslens.accounts.closing import words_for
from opslens.models import Article, Event, ReadingPosition, User

MERGED = "people-merged"
NAMED_AT_MOST = 10  # sessions or articles in a reason


def _some(names: list[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:NAMED_AT_MOST])
    return shown if len(names) <= NAMED_AT_MOST else f"{shown} and {len(names) - NAMED_AT_MOST} more"


def obstacles_to_merging(merged: User, kept: User) -> list[str]:
    """Why these two cannot become one, in sentences; empty when they can."""
    if merged.pk == kept.pk:
        return ["Choose two different accounts."]
    found = []
    for person in (merged, kept):
        if person.anonymised_at is not None:
            found.append(f"{person.username} has been anonymised.")
        if person.merged_into_id is not None:
            found.append(f"{person.username} has been merged into another account already.")
    if not kept.is_active:
        found.append(f"{kept.username} is deactivated. Reactivate it first.")
    shared = TeamSession.objects.filter(members__user=merged).filter(members__user=kept)
    if names := list(shared.order_by("name").values_list("name", flat=True)):
        found.append(
            f"Both are or were in {_some(names)}: there they are two readers, and one would be lost. "
            "This cannot be merged."
        )
    drafted = Article.objects.filter(drafts__author=merged).filter(drafts__author=kept)
    if titles := list(drafted.order_by("title").values_list("title", flat=True)):
        found.append(f"Both have a draft of a new revision of {_some(titles)}. One of them has to be put away first.")
    return found


def own_verdicts(merged: User, kept: User) -> list[str]:
    """What would become a word of somebody on their own marks: it stays, and the one who merges ought to know."""
    crossed = Q(annotation__author=kept)
    found = []
    for model, field, words in ((Review, "reviewer", "verdicts"), (Flag, "reader", "flags")):
        there = owned(model, field, merged).filter(crossed).count()
        back = owned(model, field, kept).filter(annotation__author=merged).count()
        if there + back:
            found.append(f"{there + back} {words} of one on marks of the other")
    return found


def what_moves(merged: User) -> list[tuple[str, int]]:
    """(words, rows) of everything that would move to the other account."""
    counts = ((words_for(key_of(model, field)), owned(model, field, merged).count()) for model, field in MOVES)
    return [(words, number) for words, number in counts if number]


def same_positions(merged: User, kept: User) -> QuerySet[ReadingPosition]:
    """Reading positions of the first account in revisions in which the other has one, too."""
    theirs = ReadingPosition.objects.filter(reader=kept).values("revision")
    return ReadingPosition.objects.filter(reader=merged, revision__in=theirs)


def same_queues(merged: User, kept: User) -> QuerySet[SavedQueue]:
    """Saved queues of the first account under names that the other uses, too."""
    return SavedQueue.objects.filter(
        reviewer=merged, name__in=SavedQueue.objects.filter(reviewer=kept).order_by().values("name")
    )


def open_twice(merged: User, kept: User) -> QuerySet[Flag]:
    """Open flags of the first account on marks on which the other has an open one, too."""
    theirs = Flag.objects.filter(reader=kept, outcome="").order_by().values("annotation")
    return Flag.objects.filter(reader=merged, outcome="", annotation__in=theirs)


def set_aside(merged: User, kept: User) -> list[str]:
    """What does not simply move, in words."""
    found = []
    if number := same_positions(merged, kept).count():
        found.append(f"{number} reading positions in texts that both have read: the newer one counts")
    if number := same_queues(merged, kept).count():
        found.append(f"{number} saved queues stay with the closed account, since the other has one of that name")
    if number := open_twice(merged, kept).count():
        found.append(f"{number} flags on marks that both have flagged: one stays open, the other is withdrawn")
    return found


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that stands: `rows` holds the ids that were moved by `name_of` their table and field."""

    event: Event
    merged: User
    kept: User

    @property
    def rows(self) -> dict[str, list[int]]:
        return self.event.after["rows"]

    def rows_of(self, model, field: str) -> list[int]:
        return self.rows.get(name_of(model, field), [])


def merge_of(person: User) -> Merge | None:
    """The merge by which this account went into another one; None when it did not."""
    if person.merged_into_id is None:
        return None
    events = Event.objects.filter(subject=subject_of(person), verb=MERGED).order_by("-pk")
    event = events.first()
    return Merge(event, person, person.merged_into) if event else None


def obstacles_to_separating(merge: Merge) -> list[str]:
    """Why these two cannot be taken apart any more, in sentences; empty when they can."""
    found = []
    for person in (merge.merged, merge.kept):
        if person.anonymised_at is not None:
            found.append(f"{person.username} has been anonymised.")
    if merge.kept.merged_into_id is not None:
        found.append(f"{merge.kept.username} has itself been merged into another account. Separate that one first.")
    going = TeamSession.objects.filter(members__in=merge.rows.get("annotations.member.user", []))
    if names := _written_since(merge, going):
        found.append(
            f"{merge.kept.name} has done something in {_some(names)} since then, where {merge.merged.username} was "
            "the member. The two cannot be told apart there any more."
        )
    again = TeamSession.objects.filter(pk__in=going, members__user=merge.merged)
    if names := list(again.order_by("name").values_list("name", flat=True)):
        found.append(f"{merge.merged.username} was made a member of {_some(names)} again since then.")
    return found


def _written_since(merge: Merge, sessions: QuerySet[TeamSession]) -> list[str]:
    """Names of those sessions in which the account that was kept has rows that it did not get by the merge."""
    ids: set[int] = set()
    for (model, field), path in IN_SESSIONS.items():
        rows = owned(model, field, merge.kept).filter(**{f"{path}__in": sessions}).order_by()
        moved = set(merge.rows_of(model, field))
        ids |= {session for pk, session in rows.values_list("pk", path) if pk not in moved}
    return list(TeamSession.objects.filter(pk__in=ids).order_by("name").values_list("name", flat=True))
