"""Who reads what: every reader every article, or each article by so many."""

from __future__ import annotations

from collections import Counter

from annotations.models import Assignment, Member, TeamSession


def distribute(session: TeamSession) -> list[Assignment]:
    """Give readers the articles that are theirs and they do not have yet; returns what is new. Part of the caller's
    transaction, in which the session's row is locked.

    With so many readers each, an article that lacks some gets those who have the fewest articles, those who joined
    first among equals. Nothing that was assigned is taken away.
    """
    readers = list(session.members.filter(reads=True, left_at=None).order_by("joined_at", "pk"))
    articles = list(session.articles.order_by("position", "pk"))
    work = Assignment.objects.filter(session_article__session=session)
    kept = set(work.values_list("session_article_id", "member_id"))  # also of those who have left and may come back
    reading = {reader.pk for reader in readers}
    load = Counter(member_id for _, member_id in kept)
    new: list[Assignment] = []
    for article in articles:
        lacking: list[Member] = [reader for reader in readers if (article.pk, reader.pk) not in kept]
        if session.readers_each is not None:
            having = sum(1 for article_id, member_id in kept if article_id == article.pk and member_id in reading)
            order = {reader.pk: at for at, reader in enumerate(readers)}
            lacking.sort(key=lambda reader: (load[reader.pk], order[reader.pk]))
            lacking = lacking[: max(0, session.readers_each - having)]
        for reader in lacking:
            new.append(Assignment(session_article=article, member=reader))
            load[reader.pk] += 1
    return Assignment.objects.bulk_create(new)
