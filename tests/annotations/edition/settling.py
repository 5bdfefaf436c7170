"""Settling a passage in a test, by the words that somebody marked."""

from __future__ import annotations

from typing import Any

from annotations.adjudication import actions as desk
from annotations.adjudication.queries import desk_of
from annotations.models import Decision, TeamSession
from opslens.models import Article
from tests.support.teams import seat_of


def settle(
    lead: Any, session: TeamSession, article: Article, words: str, *tags: str, reason: str = "", reject: bool = False
) -> Decision:
    """Accept the first reading of the passage that somebody marked as these words, or the one with these tags; or
    reject it."""
    seat = seat_of(lead, session)
    here = session.articles.get(article=article)
    mark = session.marks.filter(article=article, quote=words, deleted_at=None).first()
    item = desk_of(lead, seat, here).at(mark.uid)
    was = item.settled.decision if item.settled else None
    seen = desk.Seen(mark.uid, item.passage.seen, was.uid if was else "", was.version if was else 0)
    if reject:
        return desk.reject(lead, seat, article.slug, seen, reason=reason or "Not a statement.").decision
    wanted = {session.codebook.tags.get(name=name).pk for name in tags}
    chosen = next(one for one in item.passage.candidates if not wanted or set(one.tags) == wanted)
    return desk.choose(lead, seat, article.slug, seen, chosen.key, reason=reason).decision
