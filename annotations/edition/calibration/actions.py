"""The verbs of a calibration: one reader marks a settled article by themselves, in a session of their own that nobody
else is in."""

from __future__ import annotations

from django.db import transaction

from annotations.membership import session_by_id
from annotations.models import SessionArticle, TeamSession
from annotations.teams.actions import create_session, set_phase, trash_session
from opslens.web.refusals import Denied

NAME = "Trying: "


def own_calibration(viewer, settled: SessionArticle) -> TeamSession | None:
    """The viewer's calibration on a settled article that is not in the trash."""
    mine = TeamSession.objects.filter(calibrates=settled, created_by_id=viewer.pk, deleted_at=None)
    return mine.order_by("-pk").first()


@transaction.atomic
def calibrate(viewer, settled: SessionArticle, *, again: bool = False) -> TeamSession:
    """The viewer's calibration on this article of a published edition, which they may read; made when there is none.
    With `again` a new one; the one before goes into the trash. Raises Denied for a visitor, Missing."""
    if not viewer.is_authenticated:
        raise Denied("Sign in to mark this article yourself.")
    # Two requests at once must not make two.
    SessionArticle.objects.select_for_update(no_key=True, of=("self",)).get(pk=settled.pk)
    there = own_calibration(viewer, settled)
    if there is not None:
        if not again:
            return there
        trash_session(viewer, there.pk)
    rules = settled.session
    session = create_session(
        viewer,
        articles=[settled.article],
        codebook=rules.codebook,
        reads=True,
        calibrates=settled,
        name=(NAME + settled.article.title)[:120].rstrip(),
        guidelines=rules.guidelines,
        is_blind=True,
        coverage_share=rules.coverage_share,
        coverage_characters=rules.coverage_characters,
    )
    # The text that was settled, which may not be the current one any more.
    session.articles.update(revision_id=settled.revision_id)
    set_phase(viewer, session.pk, TeamSession.ANNOTATING, seen=TeamSession.DRAFT)
    return session_by_id(viewer, session.pk).session
