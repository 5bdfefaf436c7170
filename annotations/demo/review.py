"""What the first of the demo's readers, who may review, said of marks of the others; and what readers flagged."""

from __future__ import annotations

import json

from annotations.demo.content import SEEDS
from annotations.models import Annotation, Flag, Review
from annotations.review import actions, flagging
from annotations.review.cases import Seen
from opslens.models import Article, User

_VERBS = {Review.ACCEPTED: actions.accept, Review.REJECTED: actions.reject, Review.RETURNED: actions.return_mark}


def load_reviews(readers: dict[str, User], articles: dict[str, Article]) -> None:
    """Give the verdicts and raise the flags of `seeds/annotations.json`, unless there are any on the demo's articles.
    Part of the caller's transaction."""
    data = json.loads((SEEDS / "annotations.json").read_text("utf-8"))
    reviewer, ours = next(iter(readers.values())), list(articles.values())
    known = (Review.objects, Flag.objects)
    if any(rows.filter(annotation__article__in=ours).exists() for rows in known):
        return
    marks = {
        (mark.author.username, mark.article_id, mark.quote): mark
        for mark in Annotation.objects.under_review_by(reviewer)
        .filter(article__in=ours, session=None)
        .select_related("author")
    }

    def mark_of(author: str, row: dict) -> Annotation | None:
        return marks.get((readers[author].username, articles[row["article"]].pk, row["quote"]))

    for row in data["reviews"]:
        if mark := mark_of(row["reader"], row):
            _VERBS[row["verdict"]](reviewer, Seen(mark.uid, mark.version), row["reason"])
    for row in data["flags"]:
        if mark := mark_of(row["author"], row):
            flagging.raise_flag(readers[row["reader"]], mark.uid, row["reason"])
            if row["outcome"]:
                flagging.settle_flags(reviewer, mark.uid, row["outcome"], row["answer"])
