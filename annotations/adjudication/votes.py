"""Who put which tag on a passage, among the readers who have finished the article."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotations.adjudication.ranges import Places
from annotations.models import Anchor, AnnotationTag, Assignment, Considered, Decision, SessionArticle


@dataclass(frozen=True, slots=True)
class Votes:
    """Who put which tag on one passage. `of`: the readers who count (finished the article), user ids; `marked`: those
    of them who marked the passage at all; `by_tag`: tag id -> user ids. All in ascending order."""

    of: tuple[int, ...]
    marked: tuple[int, ...]
    by_tag: dict[int, tuple[int, ...]]

    def share(self, tag_id: int) -> float:
        """The share, 0 to 1, of those who count that put this tag there; 0 when nobody counts."""
        return len(self.by_tag.get(tag_id, ())) / len(self.of) if self.of else 0.0


def count(of: Iterable[int], marks: Iterable[tuple[int, Iterable[int]]]) -> Votes:
    """The votes in these marks, each (author id, tag ids), of these readers; those of others do not count."""
    of = tuple(sorted(of))
    counts, marked, by_tag = set(of), set(), {}
    for author, tags in marks:
        if author in counts:
            marked.add(author)
            for tag in tags:
                by_tag.setdefault(tag, set()).add(author)
    return Votes(of, tuple(sorted(marked)), {tag: tuple(sorted(who)) for tag, who in sorted(by_tag.items())})


def readers_of(session_article: SessionArticle) -> tuple[int, ...]:
    """User ids of those who have finished the article. Who has left the session since then counts: their marks stay."""
    done = Assignment.objects.filter(session_article=session_article, state=Assignment.DONE)
    return tuple(done.order_by("member__user_id").values_list("member__user_id", flat=True))


def votes_of(decisions: Sequence[Decision]) -> dict[int, Votes]:
    """By decision id. A mark counts for a decision that was made on it, and for one whose words it shares: at least
    half of the shorter of both, in the revision of the session. Five queries, whatever the number of decisions."""
    if not decisions:
        return {}
    articles = {decision.session_article_id for decision in decisions}
    here = {
        (session_id, revision_id): pk
        for pk, session_id, revision_id in SessionArticle.objects.filter(pk__in=articles).values_list(
            "pk", "session_id", "revision_id"
        )
    }
    readers: dict[int, list[int]] = {pk: [] for pk in articles}
    done = Assignment.objects.filter(session_article__in=articles, state=Assignment.DONE).order_by()
    for pk, user_id in done.values_list("session_article_id", "member__user_id"):
        readers[pk].append(user_id)

    place = {"session__in": {key[0] for key in here}, "deleted_at": None}
    anchors = Anchor.objects.placed().filter(
        revision_id__in={key[1] for key in here}, **{f"annotation__{name}": value for name, value in place.items()}
    )
    author: dict[int, int] = {}
    places: dict[int, list[tuple[int, int, int]]] = {pk: [] for pk in articles}
    for session_id, revision_id, pk, author_id, start, end in anchors.values_list(
        "annotation__session_id", "revision_id", "annotation_id", "annotation__author_id", "start", "end"
    ):
        if (session_id, revision_id) in here:
            author[pk] = author_id
            places[here[session_id, revision_id]].append((start, end, pk))
    tags: dict[int, list[int]] = {pk: [] for pk in author}
    taggings = AnnotationTag.objects.filter(
        annotation__anchors__revision_id__in={key[1] for key in here},
        **{f"annotation__{name}": value for name, value in place.items()},
    )
    for pk, tag_id in taggings.values_list("annotation_id", "tag_id"):
        if pk in tags:
            tags[pk].append(tag_id)

    considered: dict[int, set[int]] = {decision.pk: set() for decision in decisions}
    for decision_id, pk in Considered.objects.filter(decision__in=list(considered)).values_list(
        "decision_id", "annotation_id"
    ):
        if pk in author:  # it has not been deleted since
            considered[decision_id].add(pk)
    found = {pk: Places(ranges) for pk, ranges in places.items()}
    return {
        decision.pk: count(
            readers[decision.session_article_id],
            (
                (author[pk], tags[pk])
                for pk in considered[decision.pk].union(
                    found[decision.session_article_id].with_words_of(decision.start, decision.end)
                )
            ),
        )
        for decision in decisions
    }
