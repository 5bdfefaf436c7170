"""What an article’s marks say about how it argues: shares of claims by what they stand on, the share of opinion,
rhetoric per 1,000 words. Pure: no Django, nothing else of this project. `docs/insights.md` defines every figure.

There is no score. A share is given from `ENOUGH` marks of `ENOUGH_READERS` readers on; below that there are counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

CLAIMS = frozenset({"claim", "prediction"})
TYPES = frozenset({"claim", "opinion", "prediction"})
SUPPORT = ("sourced", "vague-source", "unsourced")
SEVERAL, NOTHING = "several", "nothing"
PARTS = (*SUPPORT, SEVERAL, NOTHING)
RHETORIC = ("loaded", "overreach", "missing-context", "fear-appeal", "attack")
EVIDENCE = "evidence"

ENOUGH = 5  # marks that a share is made of
ENOUGH_READERS = 2
ENOUGH_WORDS = 500  # words × readers that a rate is made of
PER = 1000


@dataclass(frozen=True, slots=True)
class Alike:
    """So many marks of one reader with the same concepts on them."""

    reader: int
    concepts: frozenset[str]
    marks: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The lowest and the highest of the figures of single readers, and how many readers have one."""

    low: float
    high: float
    readers: int


@dataclass(frozen=True, slots=True)
class Share:
    """`count` marks of those that a share is made of. `share` (0 to 1) is None when they are too few, `spread` when
    fewer than two readers have enough of their own."""

    key: str
    count: int
    share: float | None
    spread: Spread | None


@dataclass(frozen=True, slots=True)
class Shares:
    """`of` marks by `readers` readers, and their parts."""

    of: int
    readers: int
    parts: tuple[Share, ...]

    @property
    def is_enough(self) -> bool:
        return self.of >= ENOUGH and self.readers >= ENOUGH_READERS

    def part(self, key: str) -> Share:
        return next(part for part in self.parts if part.key == key)


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` marks; `rate` per 1,000 words and reader, None when too little was read."""

    key: str
    count: int
    rate: float | None
    spread: Spread | None


@dataclass(frozen=True, slots=True)
class Rates:
    """`words`: words read, summed over readers. `readers`: how many they are."""

    words: int
    readers: int
    rhetoric: tuple[Rate, ...]
    evidence: Rate

    @property
    def is_enough(self) -> bool:
        return self.words >= ENOUGH_WORDS and self.readers >= ENOUGH_READERS


@dataclass(frozen=True, slots=True)
class Profile:
    support: Shares
    opinion: Shares
    rates: Rates


def profile(marks: Iterable[Alike], standing: Iterable[Alike], words: Mapping[int, int]) -> Profile:
    """The profile of `marks`. `standing`: those of them that stand in the text that is counted in words. `words`: how
    many words each reader has read, by reader."""
    marks = list(marks)
    return Profile(
        support=_shares(marks, PARTS, _claims, _stands_on),
        opinion=_shares(marks, ("opinion",), _typed, _is_opinion),
        rates=_rates(list(standing), words),
    )


def _claims(concepts: frozenset[str]) -> bool:
    return bool(concepts & CLAIMS)


def _typed(concepts: frozenset[str]) -> bool:
    return bool(concepts & TYPES)


def _stands_on(concepts: frozenset[str]) -> str:
    said = [key for key in SUPPORT if key in concepts]
    return NOTHING if not said else said[0] if len(said) == 1 else SEVERAL


def _is_opinion(concepts: frozenset[str]) -> str:
    return "opinion" if "opinion" in concepts else ""


def _shares(
    marks: list[Alike],
    keys: tuple[str, ...],
    counts: Callable[[frozenset[str]], bool],
    part_of: Callable[[frozenset[str]], str],
) -> Shares:
    """The parts `keys` of the marks whose concepts count, pooled over readers, with the spread between readers."""
    own: dict[int, dict[str, int]] = {}
    for alike in marks:
        if counts(alike.concepts):
            parts = own.setdefault(alike.reader, {})
            key = part_of(alike.concepts)
            parts[key] = parts.get(key, 0) + alike.marks
    of = sum(sum(parts.values()) for parts in own.values())
    enough = of >= ENOUGH and len(own) >= ENOUGH_READERS
    found = []
    for key in keys:
        count = sum(parts.get(key, 0) for parts in own.values())
        single = [parts.get(key, 0) / total for parts in own.values() if (total := sum(parts.values())) >= ENOUGH]
        found.append(Share(key, count, count / of if enough else None, _spread(single) if enough else None))
    return Shares(of, len(own), tuple(found))


def _rates(standing: list[Alike], words: Mapping[int, int]) -> Rates:
    own: dict[str, dict[int, int]] = {key: {} for key in (*RHETORIC, EVIDENCE)}
    for alike in standing:
        for key in alike.concepts:
            if key in own:
                own[key][alike.reader] = own[key].get(alike.reader, 0) + alike.marks
    total = sum(words.values())
    enough = total >= ENOUGH_WORDS and len(words) >= ENOUGH_READERS

    def rate(key: str) -> Rate:
        count = sum(own[key].values())
        single = [PER * own[key].get(reader, 0) / read for reader, read in words.items() if read >= ENOUGH_WORDS]
        return Rate(key, count, PER * count / total if enough else None, _spread(single) if enough else None)

    return Rates(total, len(words), tuple(rate(key) for key in RHETORIC), rate(EVIDENCE))


def _spread(single: list[float]) -> Spread | None:
    return Spread(min(single), max(single), len(single)) if len(single) >= ENOUGH_READERS else None
