"""What readers of a session have marked, article by article: as it was when marks were first shown, and as it is now.

A reading that is not finished is None. Missing is never empty. What was kept at the reveal names the tags of then: of
those that were merged since, the tag that stands for them today counts. A tag that was split stays what it was there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from annotations.agreement.units import Marked
from annotations.codebook.kept import successor_of
from annotations.membership import Seat
from annotations.models import Annotation, Assignment, SessionArticle, Tag

INDEPENDENT, NOW = "independent", "now"
STATES = (INDEPENDENT, NOW)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader and one article. `marks` is None when the article is not finished: not opened, not done, skipped.
    `is_open`: it is theirs to finish, or was at that time."""

    session_article: int
    user: int
    marks: list[Marked] | None
    is_open: bool


# The tags of a mark, by its id, as they are to count.
Retag = Callable[[int, list[int]], Sequence[int]]


def readings_of(
    seat: Seat, articles: Sequence[SessionArticle], state: str, *, retag: Retag | None = None
) -> list[Reading]:
    """Of everybody to whom one of these articles is assigned, in the order in which they joined; people who have left
    are among them. One query for what was kept at the reveal (and those of `all_tags` when tags were merged), two for
    marks as they are now. `retag`: marks as they are now with other tags than they have."""
    work = Assignment.objects.filter(session_article__in=[here.pk for here in articles])
    work = work.order_by("member__joined_at", "member_id", "session_article__position", "session_article_id")
    fields = ("session_article_id", "member__user_id", "state", "member__left_at")
    if state == INDEPENDENT:
        merged = Tag.objects.filter(codebook=OuterRef("session_article__session__codebook"), merged_into__isnull=False)
        kept_ones = work.exclude(at_reveal=None).values_list(*fields, "at_reveal", Exists(merged))
        return [
            _reading(
                pk,
                user,
                kept["state"],
                left_at,
                [(m["start"], m["end"], _today(m["tags"]) if is_merged else m["tags"]) for m in kept["marks"]],
            )
            for pk, user, _, left_at, kept, is_merged in kept_ones
        ]
    marks = _marks_now(seat, articles, retag)
    return [
        _reading(pk, user, now, left_at, marks.get((pk, user), []))
        for pk, user, now, left_at in work.values_list(*fields)
    ]


def _today(tags: Sequence[int]) -> list[int]:
    """These tags, each with the one that stands for it since it was merged, once."""
    return list(dict.fromkeys(successor_of(pk) for pk in tags))


def _reading(pk: int, user: int, state: str, left_at, marks: list[Marked]) -> Reading:
    is_done = state == Assignment.DONE
    return Reading(pk, user, marks if is_done else None, state in Assignment.OPEN and left_at is None)


def _marks_now(
    seat: Seat, articles: Sequence[SessionArticle], retag: Retag | None
) -> dict[tuple[int, int], list[Marked]]:
    """By (session article, author), the marks that stand in the revision which the session reads."""
    by_article = {here.article_id: here.pk for here in articles}
    member = seat.member
    marks = Annotation.objects.in_session(seat.session, member, member.user).filter(
        anchors__revision_id__in=[here.revision_id for here in articles], anchors__start__isnull=False
    )
    rows = marks.order_by("anchors__start", "-anchors__end", "uid").values_list(
        "pk", "article_id", "author_id", "anchors__start", "anchors__end", "taggings__tag_id"
    )
    # A row for each tag of a mark, one with None for a mark without any.
    found: dict[int, tuple[tuple[int, int], tuple[int, int, list[int]]]] = {}
    for pk, article_id, author, start, end, tag in rows:
        _, mark = found.setdefault(pk, ((by_article[article_id], author), (start, end, [])))
        if tag is not None:
            mark[2].append(tag)
    by_reader: dict[tuple[int, int], list[Marked]] = {}
    for pk, (key, mark) in found.items():
        start, end, tags = mark
        by_reader.setdefault(key, []).append(mark if retag is None else (start, end, retag(pk, tags)))
    return by_reader
