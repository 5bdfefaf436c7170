"""Counting marks in the database. Every count begins with a queryset of marks that a viewer may read; the statement
around it groups what comes out of that and looks at nothing else but the tags on those marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import CharField, F, QuerySet
from django.db.models.functions import Cast, Substr

from annotations.insights.profile import Alike
from annotations.models import Anchor, Annotation, AnnotationTag
from annotations.models.codebook import CONCEPTS

_BITS = {concept: 1 << place for place, concept in enumerate(CONCEPTS)}
_NOWHERE = 1 << len(CONCEPTS)  # a tag without a concept
_TAGGINGS, _ANCHORS = AnnotationTag._meta.db_table, Anchor._meta.db_table


@dataclass(frozen=True, slots=True)
class Read:
    """What one reader marked in one article: all marks, those that stand in its text, the day of the newest."""

    article: int
    reader: int
    marks: int
    standing: int
    last: date


@dataclass(frozen=True, slots=True)
class Kinds:
    """Marks by reader and concepts; `standing`: the same of those that stand in the text. `untagged`: without a tag."""

    all: tuple[Alike, ...]
    standing: tuple[Alike, ...]
    untagged: int


class Counted:
    """Counts over `marks`. In a session every mark stands in the text that it reads; elsewhere (`by_current`) one may
    have lost its passage in the current revision."""

    def __init__(self, marks: QuerySet[Annotation], *, by_current: bool) -> None:
        rows = marks.order_by().values(
            mark=F("pk"),
            who=F("author_id"),
            place=F("article_id"),
            # The first ten characters are the day, in UTC, as both databases write times.
            day=Substr(Cast("created_at", CharField()), 1, 10),
            text=F("article__current_id"),
        )
        # At most one anchor for a mark and a revision. A join, because PostgreSQL makes much ado about a subquery.
        self._anchors = (
            f" LEFT JOIN {_ANCHORS} a ON a.annotation_id = m.mark AND a.revision_id = m.text AND a.start IS NOT NULL"
        ) * by_current
        self._stands = "CASE WHEN a.id IS NULL THEN 0 ELSE 1 END" if by_current else "1"
        try:
            self._sql, self._params = rows.query.sql_with_params()
        except EmptyResultSet:
            self._sql = ""

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        """`statement` with the marks in the place of {marks}."""
        if not self._sql:
            return []
        with connection.cursor() as cursor:
            cursor.execute(statement.replace("{marks}", f"({self._sql}) AS m"), self._params)
            return cursor.fetchall()

    def reads(self) -> list[Read]:
        rows = self._rows(
            f"SELECT m.place, m.who, COUNT(*), SUM({self._stands}), MAX(m.day) FROM {{marks}}{self._anchors} "
            "GROUP BY m.place, m.who ORDER BY m.place, m.who"
        )
        return [Read(place, who, n, standing, date.fromisoformat(day)) for place, who, n, standing, day in rows]

    def days(self) -> dict[date, int]:
        rows = self._rows("SELECT day, COUNT(*) FROM {marks} GROUP BY day ORDER BY day")
        return {date.fromisoformat(day): n for day, n in rows}

    def kinds(self, concepts: Mapping[int, str]) -> Kinds:
        """`concepts`: what each tag counts as, by its id."""
        by_bit: dict[int, list[int]] = {}
        for tag, concept in concepts.items():
            if concept:
                by_bit.setdefault(_BITS[concept], []).append(int(tag))
        cases = " ".join(f"WHEN t.tag_id IN ({_listed(tags)}) THEN {bit}" for bit, tags in sorted(by_bit.items()))
        rows = self._rows(
            "SELECT who, stands, bits, COUNT(*) FROM ("
            f"SELECT m.mark, m.who, {self._stands} AS stands, SUM(DISTINCT CASE WHEN t.tag_id IS NULL THEN 0 {cases}"
            f" ELSE {_NOWHERE} END) AS bits"
            f" FROM {{marks}}{self._anchors} LEFT JOIN {_TAGGINGS} t ON t.annotation_id = m.mark"
            " GROUP BY m.mark, m.who, stands"
            ") AS kinds GROUP BY who, stands, bits ORDER BY who, bits"
        )
        found = [(Alike(who, _concepts(int(bits)), n), stands) for who, stands, bits, n in rows]
        return Kinds(
            tuple(alike for alike, _ in found),
            tuple(alike for alike, stands in found if stands),
            sum(n for _, _, bits, n in rows if not bits),
        )

    def tags(self) -> dict[int, int]:
        """Marks by tag id."""
        return dict(self._by_tag("", None))

    def tags_by(self, column: str, tags: Iterable[int]) -> list[tuple[Any, int, int]]:
        """(value, tag id, marks) for a column of who, place, day."""
        return self._by_tag(column, tags)

    def _by_tag(self, column: str, tags: Iterable[int] | None) -> list[tuple]:
        first = f"m.{column}, " if column else ""
        only = "" if tags is None else f"WHERE t.tag_id IN ({_listed(tags)}) "
        return self._rows(
            f"SELECT {first}t.tag_id, COUNT(*) FROM {{marks}} JOIN {_TAGGINGS} t ON t.annotation_id = m.mark "
            f"{only}GROUP BY {first}t.tag_id"
        )

    def together(self, tags: Iterable[int]) -> dict[tuple[int, int], int]:
        """Marks that carry both of two tags, by their ids, the smaller one first."""
        listed = _listed(tags)
        rows = self._rows(
            f"SELECT t.tag_id, u.tag_id, COUNT(*) FROM {{marks}} JOIN {_TAGGINGS} t ON t.annotation_id = m.mark "
            f"JOIN {_TAGGINGS} u ON u.annotation_id = m.mark AND u.tag_id > t.tag_id "
            f"WHERE t.tag_id IN ({listed}) AND u.tag_id IN ({listed}) GROUP BY t.tag_id, u.tag_id"
        )
        return {(one, other): n for one, other, n in rows}


def _listed(tags: Iterable[int]) -> str:
    """Ids for an IN; whole numbers of our own, so that no statement has more parameters than a database takes."""
    return ", ".join(str(int(tag)) for tag in tags) or "NULL"


def _concepts(bits: int) -> frozenset[str]:
    return frozenset(concept for concept, bit in _BITS.items() if bits & bit)
