"""Rules that pre-fill decisions from the votes. Pure: no database. A rule never rejects a passage: what it cannot
settle stays open for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from annotations.adjudication.passages import Candidate, Passage
from annotations.models import Decision

UNANIMOUS, MAJORITY, THRESHOLD = Decision.UNANIMOUS, Decision.MAJORITY, Decision.THRESHOLD
LEAVE_OPEN, FIRST_IN_CODEBOOK = "open", "first"


@dataclass(frozen=True, slots=True)
class Order:
    """What a codebook says about its tags: the place of each, and the exclusive groups, by tag id."""

    place: Mapping[int, int]
    group: Mapping[int, int | None]

    def sorted(self, tags: Iterable[int]) -> list[int]:
        return sorted(tags, key=lambda tag: (self.place.get(tag, len(self.place)), tag))


@dataclass(frozen=True, slots=True)
class Strategy:
    """`share` (0 to 1, of those who have finished) and `ties` belong to the threshold alone."""

    method: str
    share: float = 0.5
    ties: str = LEAVE_OPEN


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a strategy would settle: [start, end) and tag ids in codebook order."""

    start: int
    end: int
    tags: tuple[int, ...]


def propose(passage: Passage, strategy: Strategy, order: Order) -> Proposal | None:
    """What the strategy makes of a passage; None when it leaves it open.

    - full agreement: everybody who has finished marked it, with the same tags;
    - majority: the tags that more than half of those gave who finished and marked it;
    - threshold: the tags that at least this share of those gave who finished.

    Of an exclusive group one tag at most: the one with more votes. When two have equally many, the passage stays open,
    or, with the threshold and if so chosen, the one that stands first in the codebook is taken. Its ends are those
    that most readers chose who gave one of its tags; among equals the shorter ones.
    """
    votes = passage.votes
    if not votes.marked:
        return None
    if strategy.method == UNANIMOUS:
        if passage.contested or len(votes.marked) != len(votes.of):
            return None
        tags = list(votes.by_tag)
    elif strategy.method == MAJORITY:
        tags = [tag for tag, who in votes.by_tag.items() if 2 * len(who) > len(votes.marked)]
    else:
        # Rounded, so that a share of 0.6 is reached by 3 of 5 whatever binary fractions make of it.
        tags = [tag for tag in votes.by_tag if round(votes.share(tag), 9) >= round(strategy.share, 9)]
    if not tags and (strategy.method != UNANIMOUS or votes.by_tag):
        return None
    chosen = _one_of_each_group(passage, tags, strategy, order)
    return Proposal(*_ends(passage, set(chosen)), tuple(chosen)) if chosen is not None else None


def _one_of_each_group(passage: Passage, tags: Iterable[int], strategy: Strategy, order: Order) -> list[int] | None:
    number = {tag: len(passage.votes.by_tag[tag]) for tag in tags}
    by_group: dict[object, list[int]] = {}
    for tag in order.sorted(number):
        group = order.group.get(tag)
        by_group.setdefault(("tag", tag) if group is None else ("group", group), []).append(tag)
    kept = []
    for rivals in by_group.values():
        most = max(number[tag] for tag in rivals)
        first, *equals = [tag for tag in rivals if number[tag] == most]
        if equals and not (strategy.method == THRESHOLD and strategy.ties == FIRST_IN_CODEBOOK):
            return None
        kept.append(first)
    return order.sorted(kept)


def _ends(passage: Passage, tags: set[int]) -> tuple[int, int]:
    """The ends that most of those readers chose who gave one of the tags; among equals the shorter ones."""
    marks = [mark for mark in passage.marks if tags.intersection(mark.tags)] or list(passage.marks)
    marks = [mark for mark in marks if mark.author in passage.votes.of] or marks
    readers = Counter((start, end) for start, end, _ in {(mark.start, mark.end, mark.author) for mark in marks})
    return min(readers, key=lambda ends: (-readers[ends], ends[1] - ends[0], ends[0]))


@dataclass(frozen=True, slots=True)
class Merged:
    """Several readings as one: all of their words and tags. `gave_way`: (a tag that stays, one of its group that does
    not)."""

    start: int
    end: int
    tags: tuple[int, ...]
    gave_way: tuple[tuple[int, int], ...]


def merge(candidates: Sequence[Candidate], order: Order) -> Merged:
    """Put readings together. Of an exclusive group the tag stays that more of their readers gave; among equals the one
    that stands first in the codebook."""
    readers: dict[int, set[int]] = {}
    for candidate in candidates:
        for mark in candidate.marks:
            for tag in mark.tags:
                readers.setdefault(tag, set()).add(mark.author)
    by_group: dict[int, int] = {}
    kept, gave_way = [], []
    # sorted keeps the order of the codebook among equals.
    for tag in sorted(order.sorted(readers), key=lambda tag: -len(readers[tag])):
        group = order.group.get(tag)
        if group is not None and group in by_group:
            gave_way.append((by_group[group], tag))
            continue
        if group is not None:
            by_group[group] = tag
        kept.append(tag)
    return Merged(
        min(one.start for one in candidates),
        max(one.end for one in candidates),
        tuple(order.sorted(kept)),
        tuple(gave_way),
    )


def order_of(tags: Iterable) -> Order:
    """From tags in codebook order, each with its group."""
    tags = list(tags)
    return Order(
        {tag.pk: at for at, tag in enumerate(tags)},
        {tag.pk: tag.group_id if tag.group.exclusive else None for tag in tags},
    )
