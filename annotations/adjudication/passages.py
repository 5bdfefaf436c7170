"""What all readers marked in one article, put together into passages to settle. Pure: no database.

The rule: every passage has a core, the words that all of its marks share. A mark joins the passage with whose core it
shares at least half of the shorter of both, and the core is then what both share. Shorter marks come first, so that a
mark over a whole paragraph joins one of the sentences that others marked in it instead of gluing them together; of
several passages it joins the one with which it shares most, the earlier of equals. Because all marks of a passage
share its core, a chain of overlapping marks falls apart into several passages, however long it is.

Which order marks come in makes no difference, and putting together the marks of one passage gives that passage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from annotations.adjudication.ranges import Places, overlap
from annotations.adjudication.votes import Votes, count
from annotations.agreement.coefficients import entropy

_CELL = 8  # a cell of the index of cores is 2 ** 8 code points


@dataclass(frozen=True, slots=True)
class DeskMark:
    """A reader's mark as the desk needs it: [start, end) in the revision of the session, tag ids in ascending order."""

    pk: int
    uid: str
    start: int
    end: int
    author: int
    tags: tuple[int, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the readings of a passage: the marks that have the same ends and the same tags."""

    start: int
    end: int
    tags: tuple[int, ...]
    marks: tuple[DeskMark, ...]

    @property
    def key(self) -> str:
        """Its name in forms; the same as long as somebody reads the passage like this."""
        return f"{self.start}-{self.end}-{'.'.join(map(str, self.tags))}"


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that one or more readers marked. [start, end): all that any of them marked; [core_start, core_end): what
    all of them did. `entropy`: how divided the votes are, in bits, summed over tags. Candidates come with the most
    readers first."""

    marks: tuple[DeskMark, ...]
    start: int
    end: int
    core_start: int
    core_end: int
    votes: Votes
    entropy: float
    contested: bool

    @property
    def key(self) -> str:
        """Its name in addresses: that of its first mark. Any of its marks leads here."""
        return self.marks[0].uid

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Its distinct readings, those of most readers first."""
        by_reading: dict[tuple, list[DeskMark]] = defaultdict(list)
        for mark in self.marks:
            by_reading[mark.start, mark.end, mark.tags].append(mark)
        found = [Candidate(*reading, tuple(same)) for reading, same in by_reading.items()]
        found.sort(key=lambda one: (-len({mark.author for mark in one.marks}), one.start, -one.end, one.tags))
        return tuple(found)

    @property
    def seen(self) -> str:
        """Short for which marks it has, in which versions."""
        return fingerprint((mark.pk, mark.version) for mark in self.marks)


def fingerprint(values: Iterable) -> str:
    """A short text that stands for these values, whatever their order."""
    return blake2b(repr(sorted(values)).encode(), digest_size=8).hexdigest()


def cluster(ranges: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], list[int]]]:
    """Passages of ranges, by the rule above: (core, indices into `ranges`). Every range is in exactly one. About
    linear: a range is compared with the passages in the neighbourhood of its words alone."""
    cores: list[tuple[int, int]] = []
    members: list[list[int]] = []
    by_cell: dict[int, list[int]] = defaultdict(list)
    # Once a range has joined a passage it shares the whole core with it, so equal ones join the same.
    equal: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, place in enumerate(ranges):
        equal[place].append(index)
    for start, end in sorted(equal, key=lambda place: (place[1] - place[0], place[0])):
        cells = range(start >> _CELL, (end - 1 >> _CELL) + 1)
        best, most = -1, 0
        for number in {number for cell in cells for number in by_cell.get(cell, ())}:
            core_start, core_end = cores[number]
            shared = overlap(start, end, core_start, core_end)
            if not shared or 2 * shared < min(end - start, core_end - core_start):
                continue
            if shared > most or (shared == most and number < best):
                best, most = number, shared
        if best < 0:
            best = len(cores)
            cores.append((start, end))
            members.append([])
            for cell in cells:
                by_cell[cell].append(best)
        else:
            # The core only shrinks, so the cells that it was entered in still hold it.
            cores[best] = max(start, cores[best][0]), min(end, cores[best][1])
        members[best].extend(equal[start, end])
    return list(zip(cores, members, strict=True))


def passages_of(marks: Sequence[DeskMark], readers: Collection[int]) -> list[Passage]:
    """The passages of one article, contested ones first, the most divided first among them, then in document order.
    `readers`: user ids of those who have finished the article; the marks of others are candidates and no votes."""
    places = Places((mark.start, mark.end, index) for index, mark in enumerate(marks))
    found = []
    for (core_start, core_end), members in cluster([(mark.start, mark.end) for mark in marks]):
        own = sorted((marks[at] for at in members), key=lambda mark: (mark.start, -mark.end, mark.uid))
        # Marks of other passages, such as one over the whole paragraph, speak of these words as well.
        counting = set(members).union(places.with_words_of(core_start, core_end))
        votes = count(readers, ((marks[at].author, marks[at].tags) for at in counting))
        found.append(
            Passage(
                marks=tuple(own),
                start=min(mark.start for mark in own),
                end=max(mark.end for mark in own),
                core_start=core_start,
                core_end=core_end,
                votes=votes,
                entropy=sum(entropy(len(who), len(votes.of)) for who in votes.by_tag.values()),
                contested=_is_contested(votes),
            )
        )
    # Rounded, so that 1 of 3 and 2 of 3 are equals everywhere.
    found.sort(key=lambda passage: (not passage.contested, -round(passage.entropy, 12), passage.start, -passage.end))
    return found


def _is_contested(votes: Votes) -> bool:
    """Whether those who have finished did not all give the same tags. Marking without a tag is another reading than
    not marking at all."""
    if not 0 < len(votes.marked) == len(votes.of):
        return bool(votes.marked)
    return any(len(who) != len(votes.of) for who in votes.by_tag.values())
