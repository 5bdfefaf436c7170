"""What readers had marked when their marks were first shown to others: the independent reading, which discussion does
not change any more."""

from __future__ import annotations

from typing import Any

from annotations.codebook.kept import looks
from annotations.models import Annotation, Assignment, TeamSession
from annotations.reading.queries import read_marks


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
    articles = dict(session.articles.values_list("revision_id", "article_id"))
    marks = Annotation.objects.filter(session=session, deleted_at=None)
    notes = dict(marks.order_by().values_list("pk", "note"))
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for mark in read_marks(marks.filter(anchors__revision_id__in=articles, anchors__start__isnull=False), looks()):
        plain = {"uid": mark.uid, "start": mark.start, "end": mark.end, "note": notes[mark.pk]}
        key = (articles[mark.revision_id], mark.author_id)
        found.setdefault(key, []).append(plain | {"tags": sorted(look.pk for look in mark.looks)})
    return found
