"""The tags that a page speaks of, asked for once for each request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from annotations.codebook.kept import Look, all_tags, looks
from annotations.models import Tag


@dataclass(frozen=True, slots=True)
class Tags:
    """All tags and their looks by id, in codebook order. `codebook_id`: the codebook whose concepts are counted; None
    stands for the default one."""

    all: Mapping[int, Tag]
    looks: Mapping[int, Look]
    codebook_id: int | None = None

    @classmethod
    def of(cls, codebook_id: int | None = None) -> Tags:
        return cls(all_tags(), looks(), codebook_id)

    def own(self) -> list[Tag]:
        """Those of the codebook."""
        if self.codebook_id is None:
            return [tag for tag in self.all.values() if tag.codebook.is_default]
        return [tag for tag in self.all.values() if tag.codebook_id == self.codebook_id]

    def concepts(self) -> dict[int, str]:
        """What each of them counts as; "" for those that count as nothing in particular."""
        return {tag.pk: tag.concept for tag in self.own()}

    def counted_as(self) -> dict[str, tuple[Look, ...]]:
        """By concept, those that count as it. One that was merged into another carries no marks any more."""
        found: dict[str, list[Look]] = {}
        for tag in self.own():
            if tag.concept and tag.merged_into_id is None:
                found.setdefault(tag.concept, []).append(self.looks[tag.pk])
        return {concept: tuple(tags) for concept, tags in found.items()}

    def offered(self) -> frozenset[str]:
        """The concepts that readers can mark today. Of the others, no marks says nothing about the text."""
        return frozenset(tag.concept for tag in self.own() if tag.offered and tag.concept)

    def nowhere(self, counts: Mapping[int, int]) -> list[tuple[Look, int]]:
        """Of tags with marks, by id, those without a concept, with how many."""
        concepts = self.concepts()
        found = [(self.looks[pk], n) for pk, n in counts.items() if pk in self.looks and not concepts.get(pk)]
        return sorted(found, key=lambda item: item[0].order)

    def names(self, counts: Mapping[int, int]) -> list[tuple[int, str, int]]:
        """(id, name, marks) of tags with marks, in codebook order."""
        known = [(self.looks[pk], n) for pk, n in counts.items() if pk in self.looks]
        return [(look.pk, look.name, n) for look, n in sorted(known, key=lambda item: item[0].order)]
