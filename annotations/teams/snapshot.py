"""What readers had marked when their marks were first shown to others: the independent reading, which discussion does
not change any more."""

from __future__ import annotations

from typing import Any

from annotations.models import Anchor, Annotation, Assignment, TeamSession


def keep_marks_at_reveal(session: TeamSession) -> None:
    """Store every reader's marks with their assignment, once. Part of the caller's transaction."""
    waiting = Assignment.objects.filter(session_article__session=session, at_reveal__isnull=True).select_related(
        "session_article", "member"
    )
    by_reader = marks_now(session)
    kept = []
    for assignment in waiting:
        key = (assignment.session_article.article_id, assignment.member.user_id)
        assignment.at_reveal = {"state": assignment.state, "marks": by_reader.get(key, [])}
        kept.append(assignment)
    Assignment.objects.bulk_update(kept, ["at_reveal"], batch_size=200)


def marks_now(session: TeamSession) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """By (article id, author id), that reader's marks in the revision of the session, as plain JSON in document order:
    uid, start and end in code points, tag ids, note."""
    revisions = dict(session.articles.values_list("article_id", "revision_id"))
    anchors = (
        Anchor.objects.placed()
        .filter(annotation__session=session, annotation__deleted_at=None, revision_id__in=list(revisions.values()))
        .order_by("start", "-end", "annotation__uid")
        .values_list(
            "annotation_id", "annotation__uid", "annotation__article_id", "annotation__author_id", "start", "end"
        )
    )
    rows = list(anchors)
    marks = Annotation.objects.filter(session=session, deleted_at=None)
    tags: dict[int, list[int]] = {}
    for pk, tag_id in marks.filter(taggings__isnull=False).order_by().values_list("pk", "taggings__tag_id"):
        tags.setdefault(pk, []).append(tag_id)
    notes = dict(marks.order_by().values_list("pk", "note"))
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for pk, uid, article_id, author_id, start, end in rows:
        mark = {"uid": uid, "start": start, "end": end, "tags": sorted(tags.get(pk, ())), "note": notes[pk]}
        found.setdefault((article_id, author_id), []).append(mark)
    return found
