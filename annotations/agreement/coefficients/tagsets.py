"""Alpha over tag sets with Jaccard distance, quickly and exactly: of a table, of its draws, of all pairs of readers.

What is expected by chance is the distance of any two values, a sum over the square of all of them. Jaccard distances
of sets with up to k tags in common are whole numbers once multiplied by lcm(1..k), so rows of distances are packed
(`packing`) and whole rows are added at once. Nothing is rounded before the last division.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import compress
from math import lcm
from operator import add, and_, mul, or_

from annotations.agreement.coefficients.packing import pack, unpack, width_for
from annotations.agreement.coefficients.undefined import NO_VARIATION, NOTHING_SHARED, Undefined

# A set of tags as bits; None where a reader has no value.
Mask = int
MaskRows = Sequence[Sequence[Mask | None]]


class TagSets:
    """A table of tag sets, readers x units, in which every unit has at least two values.

    ``sets`` are the different ones, ``numbers`` the table with each set's index instead. ``scale`` times a Jaccard
    distance is a whole number.
    """

    def __init__(self, rows: MaskRows) -> None:
        self.readers, self.units = len(rows), len(rows[0])
        self.rows = rows
        self.sets = sorted({mask for row in rows for mask in row if mask is not None})
        place = {mask: number for number, mask in enumerate(self.sets)}
        self.numbers = [[None if mask is None else place[mask] for mask in row] for row in rows]
        self.by_unit = [[n for n in column if n is not None] for column in zip(*self.numbers, strict=True)]
        self.present = [len(column) for column in self.by_unit]
        largest = max(mask.bit_count() for mask in self.sets)
        everything = 0
        for mask in self.sets:
            everything |= mask
        self.scale = lcm(*range(1, min(2 * largest, everything.bit_count()) + 1))
        # No sum of distances to one set is of more values than a table of all readers at all units has.
        self.width = width_for(self.readers * self.units * self.scale)
        # So that sums over units of what is divided by (values - 1) are whole numbers.
        self.unit_scale = lcm(*{present - 1 for present in self.present})

    def distance(self, a: Mask, b: Mask) -> int:
        union = (a | b).bit_count()
        return self.scale * (union - (a & b).bit_count()) // union if union else 0

    def distance_rows(self) -> Iterator[int]:
        """Yield the distances of each set to every set, packed."""
        sizes = [mask.bit_count() for mask in self.sets]
        base = max(sizes) + 1
        if base * base > 256:
            for mask in self.sets:
                yield pack((self.distance(mask, other) for other in self.sets), self.width)
            return
        # One byte for each set: how many tags it shares with this one, times base, plus its size. Translated into
        # the distance, byte by byte.
        packed_sizes = int.from_bytes(bytes(sizes), "little")
        holders = [
            int.from_bytes(bytes(mask >> bit & 1 for mask in self.sets), "little")
            for bit in range(max(self.sets).bit_length())
        ]
        tables = {size: self._tables(size, base) for size in set(sizes)}
        for mask, size in zip(self.sets, sizes, strict=True):
            shared = sum(holder for bit, holder in enumerate(holders) if mask >> bit & 1)
            codes = (packed_sizes + base * shared).to_bytes(len(self.sets), "little")
            row = bytearray(len(self.sets) * self.width)
            for at, table in enumerate(tables[size]):
                row[at :: self.width] = codes.translate(table)
            yield int.from_bytes(row, "little")

    def _tables(self, size: int, base: int) -> list[bytes]:
        distances = []
        for code in range(256):
            shared, other = divmod(code, base)
            union = size + other - shared
            possible = shared <= min(size, other) and union
            distances.append(self.scale * (union - shared) // union if possible else 0)
        return [bytes(distance >> 8 * at & 255 for distance in distances) for at in range(self.width)]

    def alpha(self) -> float | Undefined:
        """Return alpha of the table as it is."""
        return self.drawn()(range(self.units))

    def drawn(self) -> Callable[[Sequence[int]], float | Undefined]:
        """Return a function that gives alpha of the table with the units of these indices, each as often as named."""
        expected = self._expected_by_set() if 2 * len(self.sets) <= self.units else self._expected_by_unit()
        within, present = self._within, self.present

        def alpha(sample: Sequence[int]) -> float | Undefined:
            return self._alpha(
                sum(map(within.__getitem__, sample)), expected(sample), sum(map(present.__getitem__, sample))
            )

        return alpha

    def _alpha(self, within: int, chance: int, values: int) -> float | Undefined:
        if not chance:
            return Undefined(NO_VARIATION)
        return 1 - (values - 1) * within / (chance * self.unit_scale)

    @cached_property
    def _within(self) -> list[int]:
        """The distances of all ordered pairs inside each unit, divided by (values - 1), times unit_scale."""
        found = []
        for numbers, present in zip(self.by_unit, self.present, strict=True):
            counts = list(Counter(numbers).items())
            total = sum(
                n * m * self.distance(self.sets[a], self.sets[b])
                for at, (a, n) in enumerate(counts)
                for b, m in counts[at + 1 :]
            )
            found.append(2 * total * (self.unit_scale // (present - 1)))
        return found

    def _expected_by_set(self) -> Callable[[Sequence[int]], int]:
        """Count the sets of a draw; the square form of the counts. Right where sets are few."""
        sets, width = len(self.sets), self.width
        rows = list(self.distance_rows())
        count_width = width_for(self.readers * self.units)
        counted = [pack((counts[n] for n in range(sets)), count_width) for counts in map(Counter, self.by_unit)]

        def expected(sample: Sequence[int]) -> int:
            counts = unpack(sum(map(counted.__getitem__, sample)), sets, count_width)
            return sum(map(mul, counts, unpack(sum(map(mul, counts, rows)), sets, width)))

        return expected

    def _expected_by_unit(self) -> Callable[[Sequence[int]], int]:
        """Distances between all values of any two units; the square form of how often a draw has them."""
        sums = [0] * self.units
        holders: list[list[int]] = [[] for _ in self.sets]
        for unit, numbers in enumerate(self.by_unit):
            for number in numbers:
                holders[number].append(unit)
        for units, row in zip(holders, self.distance_rows(), strict=True):
            for unit in units:
                sums[unit] += row
        width = width_for(self.units * self.readers**2 * self.scale)
        apart: list[list[int]] = []
        for unit, packed in enumerate(sums):
            to_set = unpack(packed, len(self.sets), self.width).__getitem__
            # The same both ways: what earlier units have found out is taken from them.
            apart.append([row[unit] for row in apart])
            apart[unit] += [sum(map(to_set, numbers)) for numbers in self.by_unit[unit:]]
        between = [pack(row, width) for row in apart]

        def expected(sample: Sequence[int]) -> int:
            to_unit = unpack(sum(map(between.__getitem__, sample)), self.units, width)
            return sum(map(to_unit.__getitem__, sample))

        return expected

    def pairs(self) -> Iterator[tuple[int, int, int, float | Undefined, float | Undefined]]:
        """Yield (reader, later reader, units both have values for, alpha, F1 of their (unit, tag) marks)."""
        present = [sum(1 << unit for unit, n in enumerate(row) if n is not None) for row in self.numbers]
        shared = {present[i] & present[j] for i in range(self.readers) for j in range(i)}
        selectors = {mask: bytes(mask >> unit & 1 for unit in range(self.units)) for mask in shared}
        sums = self._sums(present, selectors)
        sizes = range(2 * max(mask.bit_count() for mask in self.sets) + 1)
        apart = [[self.scale * (u - i) // u if u and i <= u else 0 for u in sizes] for i in sizes]
        blank = [[mask or 0 for mask in row] for row in self.rows]
        sizes_of = [[mask.bit_count() for mask in row] for row in blank]
        for i in range(self.readers):
            for j in range(i + 1, self.readers):
                both = present[i] & present[j]
                selector = selectors[both]
                units = both.bit_count()
                if not units:
                    yield i, j, 0, Undefined(NOTHING_SHARED), Undefined(NOTHING_SHARED)
                    continue
                in_common = list(map(int.bit_count, compress(map(and_, blank[i], blank[j]), selector)))
                together = map(int.bit_count, compress(map(or_, blank[i], blank[j]), selector))
                marks = sum(compress(map(add, sizes_of[i], sizes_of[j]), selector))
                f1 = 2 * sum(in_common) / marks if marks else Undefined(NO_VARIATION)
                within = 2 * sum(apart[c][t] for c, t in zip(in_common, together, strict=True))
                to_set = unpack(sums[i, both] + sums[j, both], len(self.sets), self.width).__getitem__
                chance = sum(sum(map(to_set, compress(self.numbers[reader], selector))) for reader in (i, j))
                alpha = 1 - (2 * units - 1) * within / chance if chance else Undefined(NO_VARIATION)
                yield i, j, units, alpha, f1

    def _sums(self, present: list[int], selectors: dict[int, bytes]) -> dict[tuple[int, int], int]:
        """Return packed distances to each set from all sets of a reader, for each choice of units that occurs."""
        needed: list[list[int]] = [
            sorted({present[i] & present[j] for j in range(self.readers) if j != i}) for i in range(self.readers)
        ]
        sums: dict[tuple[int, int], int] = {}
        counts: list[list[tuple[tuple[int, int], int]]] = [[] for _ in self.sets]
        for reader, choices in enumerate(needed):
            for mask in choices:
                sums[reader, mask] = 0
                for number, times in Counter(compress(self.numbers[reader], selectors[mask])).items():
                    counts[number].append(((reader, mask), times))
        for holders, row in zip(counts, self.distance_rows(), strict=True):
            for key, times in holders:
                sums[key] += row * times if times > 1 else row
        return sums
