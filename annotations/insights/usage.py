"""How the tags of a codebook are used: by reader, by article, over time, and together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from annotations.insights.counting import Counted
from annotations.insights.keeping import kept_for
from annotations.models import Annotation, Codebook


@dataclass(frozen=True, slots=True)
class Usage:
    """Marks by tag id; by (reader, tag), (article, tag), (day, tag); by two tags that are on one mark, the smaller id
    first."""

    tags: dict[int, int] = field(default_factory=dict)
    readers: dict[tuple[int, int], int] = field(default_factory=dict)
    articles: dict[tuple[int, int], int] = field(default_factory=dict)
    days: dict[tuple[date, int], int] = field(default_factory=dict)
    together: dict[tuple[int, int], int] = field(default_factory=dict)


def usage_of(viewer, book: Codebook, tags: list[int]) -> Usage:
    """Of this codebook, in the marks that the viewer may read: for the site's codebook those outside of sessions, else
    those of its sessions, a reader's own trials of a settled article apart."""
    if book.is_default:
        marks = Annotation.objects.outside_sessions(viewer)
        return kept_for(viewer, f"usage {book.pk}", (), ("article",), lambda: _count(marks, tags))
    marks = Annotation.objects.visible_to(viewer).filter(session__codebook=book, session__calibrates=None)
    return _count(marks, tags)


def _count(marks, tags: list[int]) -> Usage:
    counted = Counted(marks, by_current=False)
    readers = {(who, tag): n for who, tag, n in counted.tags_by("who", tags)}
    totals = dict.fromkeys(tags, 0)
    for (_, tag), n in readers.items():
        totals[tag] += n
    return Usage(
        tags=totals,
        readers=readers,
        articles={(place, tag): n for place, tag, n in counted.tags_by("place", tags)},
        days={(date.fromisoformat(day), tag): n for day, tag, n in counted.tags_by("day", tags)},
        together=counted.together(tags),
    )
