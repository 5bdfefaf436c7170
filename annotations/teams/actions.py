"""The verbs on a session as a whole: making and changing it, its articles, its phases, its trash. Each is one
transaction that locks the session's row, checks the right, and records one event on the session's channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotations.codebook.actions import copy_codebook
from annotations.models import Assignment, Codebook, Member, SessionArticle, TeamSession
from annotations.permissions import may_lead
from annotations.teams.assigning import distribute
from annotations.teams.settled import settled_ids
from annotations.teams.snapshot import keep_marks_at_reveal
from opslens.activity.record import record
from opslens.articles.access import article_for
from opslens.models import Article
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

MOST_ARTICLES = 200
MOST_GUIDELINES = 20_000  # characters
MOST_REASON = 400
FIELDS = (
    *("name", "guidelines", "is_blind", "readers_each", "deadline", "reveal_at_deadline", "reveal_when_done"),
    *("coverage_share", "coverage_characters", "calibration_id"),
)


def state_of(session: TeamSession) -> dict[str, Any]:
    """The settings of a session as plain JSON, as events keep them."""
    plain = {name: getattr(session, name) for name in FIELDS}
    return plain | {"deadline": session.deadline.isoformat() if session.deadline else None}


def locked(
    viewer, session_id: int, *, trashed: bool = False, shared: bool = False, in_archive: bool = False
) -> tuple[TeamSession, Member]:
    """A session for changing by one of its owners; with `shared`, one that is not their own try at a settled article.
    One in the archive only with `in_archive`. Raises Missing, Denied, Conflict."""
    session = TeamSession.objects.select_for_update(no_key=True).filter(pk=session_id).first()
    member = Member.objects.filter(session_id=session_id, user_id=viewer.pk, left_at=None).first()
    if session is None or member is None or (session.deleted_at is not None) != trashed:
        raise Missing("There is no such session, or you are not in it.")
    if not may_lead(member):
        raise Denied("Only an owner of the session can do this.")
    if shared and session.calibrates_id is not None:
        raise Denied("This is your own try at a settled article; nobody else takes part in it.")
    if session.phase == TeamSession.ARCHIVED and not (in_archive or trashed):
        raise Conflict("This session is in the archive: nothing in it changes. Take it out first.", current=session)
    return session, member


def _clean(viewer, session: TeamSession, given: Mapping[str, Any]) -> dict[str, Any]:
    """Values of FIELDS as they may be stored. Raises Invalid with a sentence per field."""
    errors: dict[str, str] = {}
    values = dict(given)
    if "name" in values:
        values["name"] = values["name"].strip()
        if not values["name"]:
            errors["name"] = "A session needs a name."
        elif len(values["name"]) > 120:
            errors["name"] = f"At most 120 characters; these are {len(values['name'])}."
    if "guidelines" in values:
        values["guidelines"] = values["guidelines"].replace("\r\n", "\n").replace("\x00", "").strip()
        if len(values["guidelines"]) > MOST_GUIDELINES:
            errors["guidelines"] = f"At most {MOST_GUIDELINES:,} characters; these are {len(values['guidelines']):,}."
    if values.get("readers_each") is not None and not 1 <= values["readers_each"] <= 1000:
        errors["readers_each"] = "Choose a number from 1 on, or leave it empty for everybody."
    if values.get("reveal_at_deadline") and not values.get("deadline", session.deadline):
        errors["deadline"] = "To reveal at a deadline, the session needs one."
    if not 0 < values.get("coverage_share", 0.5) <= 1:
        errors["coverage_share"] = "Choose a share above 0, at most 1."
    chosen = values.get("calibration_id")
    if chosen is not None and chosen != session.calibration_id and chosen not in settled_ids(viewer):
        errors["calibration_id"] = "Choose a settled article that you may read."
    if not 1 <= values.get("coverage_characters", 15) <= 10_000:
        errors["coverage_characters"] = "Choose a number from 1 to 10,000."
    if errors:
        raise Invalid(" ".join(errors.values()), errors)
    return values


@transaction.atomic
def create_session(
    viewer,
    *,
    articles: Iterable[Article],
    codebook: Codebook,
    reads: bool = False,
    calibrates: SessionArticle | None = None,
    **given: Any,
) -> TeamSession:
    """A new session in draft, with the viewer as its owner and a codebook of its own, copied from this one.

    `given` holds values of FIELDS; `name` is needed. With `reads` the owner gets articles to read as well. Raises
    Denied, Invalid.
    """
    if not viewer.is_authenticated:
        raise Denied("Sign in to read as a team.")
    articles = list(articles)
    if len(articles) > MOST_ARTICLES:
        raise Invalid(f"A session has at most {MOST_ARTICLES} articles.", {"articles": "Choose fewer articles."})
    session = TeamSession(created_by=viewer, calibrates=calibrates)
    for name, value in _clean(viewer, session, {"name": "", **given}).items():
        setattr(session, name, value)
    session.codebook = codebook if calibrates else copy_codebook(viewer, codebook, name=session.name)
    session.save(force_insert=True)
    Member.objects.create(session=session, user=viewer, role=Member.OWNER, reads=reads)
    SessionArticle.objects.bulk_create(
        SessionArticle(session=session, article=article, revision_id=article.current_id, position=position)
        for position, article in enumerate(dict.fromkeys(articles), 1)
    )
    after = state_of(session) | {"articles": [article.pk for article in articles], "codebook": session.codebook_id}
    record(session.channel, "session-created", actor=viewer, subject=session.subject, after=after)
    return session


@transaction.atomic
def edit_session(viewer, session_id: int, version: int, given: Mapping[str, Any]) -> TeamSession:
    """Change those of FIELDS that are given. Saving what is there already changes and records nothing.

    Raises Conflict with the session as it is now in `.current` when `version` is not its version; Invalid when it is
    to become blind after marks were shown; Missing, Denied.
    """
    session, _ = locked(viewer, session_id, shared=True)
    values = _clean(viewer, session, given)
    changed = [name for name, value in values.items() if getattr(session, name) != value]
    if not changed:
        return session
    if session.version != version:
        raise Conflict("The settings were changed in the meantime.", current=session)
    if "is_blind" in changed and values["is_blind"] and session.revealed_at is None and session.marks.exists():
        message = "Marks have been made in the open already, so this session cannot become blind."
        raise Invalid(message, {"is_blind": message})
    if "is_blind" in changed and session.phase == TeamSession.ANNOTATING and _has_begun(session):
        message = (
            "Readers have begun, each without seeing the others. Reveal the marks instead: that keeps their reading."
        )
        raise Invalid(message, {"is_blind": message})
    before = state_of(session)
    for name in changed:
        setattr(session, name, values[name])
    session.version += 1
    session.save(update_fields=[*(name.removesuffix("_id") for name in changed), "version"])
    if "readers_each" in changed and session.takes_marks:
        distribute(session)
    record(
        session.channel, "session-edited", actor=viewer, subject=session.subject, before=before, after=state_of(session)
    )
    reveal_if_all_done(session)
    return session


@transaction.atomic
def add_article(viewer, session_id: int, slug: str) -> SessionArticle:
    """Add an article that the viewer may read, in its current revision. Adding it again is not an error. Raises
    Missing, Denied, Invalid, Conflict."""
    session, _ = locked(viewer, session_id, shared=True)
    article = article_for(viewer, slug)
    there = session.articles.filter(article=article).first()
    if there is not None:
        return there
    if session.phase not in TeamSession.BEFORE_REVEAL:
        raise Conflict("Articles can be added until the marks are revealed.", current=session)
    count = session.articles.count()
    if count >= MOST_ARTICLES:
        raise Invalid(f"A session has at most {MOST_ARTICLES} articles.")
    last = session.articles.order_by("-position").values_list("position", flat=True).first() or 0
    added = SessionArticle.objects.create(
        session=session, article=article, revision_id=article.current_id, position=last + 1
    )
    if session.takes_marks:
        distribute(session)
    after = {"article": article.pk, "revision": article.current_id}
    record(session.channel, "article-added", actor=viewer, subject=session.subject, after=after)
    return added


@transaction.atomic
def remove_article(viewer, session_id: int, slug: str) -> None:
    """Take an article out again. Raises Conflict when somebody has begun to read it; Missing, Denied."""
    session, _ = locked(viewer, session_id, shared=True)
    there = session.articles.filter(article__slug=slug).first()
    if there is None:
        raise Missing("This article is not part of the session.")
    # Asked of progress, which owners see, and not of marks: an owner who reads along must not learn of those.
    if there.assignments.exclude(state=Assignment.NEW).exists():
        raise Conflict("Somebody has begun to read this article, so it stays in the session.", current=session)
    before = {"article": there.article_id, "revision": there.revision_id}
    there.delete()
    record(session.channel, "article-removed", actor=viewer, subject=session.subject, before=before)
    reveal_if_all_done(session)


def _has_begun(session: TeamSession) -> bool:
    """Whether somebody has begun to read."""
    return Assignment.objects.filter(session_article__session=session).exclude(state=Assignment.NEW).exists()


def neighbours(phase: str) -> tuple[str | None, str | None]:
    """The phases before and after this one."""
    at = TeamSession.ORDER.index(phase)
    before = TeamSession.ORDER[at - 1] if at else None
    after = TeamSession.ORDER[at + 1] if at + 1 < len(TeamSession.ORDER) else None
    return before, after


@transaction.atomic
def set_phase(viewer, session_id: int, to: str, *, seen: str, reason: str = "") -> tuple[TeamSession, bool]:
    """Move a session one phase on or, with a reason, one back: (the session, whether this call moved it).

    `seen` is the phase that the person saw. A session that has arrived already stays as it is, so that two owners who
    do the same make one event. Raises Conflict when it is elsewhere, Invalid for a step that is none or without a
    reason that is needed; Missing, Denied.
    """
    session, _ = locked(viewer, session_id, in_archive=True)
    if session.phase == to:
        return session, False
    if session.phase != seen:
        raise Conflict(f"Somebody else has moved this session on: it is {session.get_phase_display()} now.", session)
    before, after = neighbours(session.phase)
    if to not in (before, after):
        raise Invalid("A session goes one phase on, or one back.")
    if session.calibrates_id is not None and to not in TeamSession.BEFORE_REVEAL:
        raise Invalid("This is one reader’s own try at a settled article. It is neither revealed nor published.")
    reason = reason.replace("\x00", "").strip()
    if to == before and not reason:
        raise Invalid("Say why the session goes back.", {"reason": "Say why the session goes back."})
    if len(reason) > MOST_REASON:
        raise Invalid(f"At most {MOST_REASON} characters.", {"reason": f"At most {MOST_REASON} characters."})
    if to == TeamSession.ANNOTATING and not session.articles.exists():
        raise Invalid("Add an article first: there is nothing to read yet.")
    if to == TeamSession.ANNOTATING and session.reveal_at_deadline and session.is_overdue():
        raise Invalid("The deadline has passed, so the marks would be revealed at once. Set a later one first.")
    move(session, to, actor=viewer, reason=reason)
    return session, True


def move(session: TeamSession, to: str, *, actor, reason: str = "") -> None:
    """Put a locked session into a phase, with what belongs to it. Part of the caller's transaction."""
    now, was = timezone.now(), session.phase
    session.phase, session.phase_since = to, now
    session.version += 1
    fields = ["phase", "phase_since", "version"]
    if to == TeamSession.ANNOTATING:
        distribute(session)
    if to == TeamSession.REVEALED and was == TeamSession.ANNOTATING:
        keep_marks_at_reveal(session)
        if session.revealed_at is None:
            session.revealed_at = now
            fields.append("revealed_at")
    if to == TeamSession.PUBLISHED and session.published_at is None:
        session.published_at = now
        fields.append("published_at")
    session.save(update_fields=fields)
    record(
        session.channel,
        "phase-changed",
        actor=actor,
        subject=session.subject,
        before={"phase": was},
        after={"phase": to, "reason": reason},
    )


def reveal_if_due(session_id: int) -> bool:
    """Reveal a session whose deadline asks for it, by the server's clock. Nobody is named as the one who did it.
    Returns whether it did something; who merely looks asks `is_due` first, which takes no lock."""
    with transaction.atomic():
        session = TeamSession.objects.select_for_update(no_key=True).filter(pk=session_id, deleted_at=None).first()
        if session is None or not session.is_due:
            return False
        move(session, TeamSession.REVEALED, actor=None, reason="The deadline has passed.")
    return True


def reveal_if_all_done(session: TeamSession) -> bool:
    """Reveal a locked session in which every reader has finished every article, if it asks for that. Part of the
    caller's transaction."""
    if session.phase != TeamSession.ANNOTATING or not session.reveal_when_done or session.calibrates_id is not None:
        return False
    work = Assignment.objects.filter(session_article__session=session, member__left_at=None, member__reads=True)
    if not work.exists() or work.filter(state__in=Assignment.OPEN).exists():
        return False
    move(session, TeamSession.REVEALED, actor=None, reason="All readers are done.")
    return True


@transaction.atomic
def trash_session(viewer, session_id: int) -> TeamSession:
    """Put a session into the trash: nobody sees it or its marks until an owner restores it. Raises Missing, Denied."""
    session, _ = locked(viewer, session_id, in_archive=True)
    session.deleted_at = timezone.now()
    session.save(update_fields=["deleted_at"])
    record(session.channel, "session-trashed", actor=viewer, subject=session.subject)
    return session


@transaction.atomic
def restore_session(viewer, session_id: int) -> TeamSession:
    """Take a session out of the trash, as it was. Raises Missing, Denied."""
    session, _ = locked(viewer, session_id, trashed=True)
    session.deleted_at = None
    session.save(update_fields=["deleted_at"])
    record(session.channel, "session-restored", actor=viewer, subject=session.subject)
    return session


def clean_text(text: str, most: int = settings.MAX_NOTE_LENGTH, *, name: str = "text", needed: str = "") -> str:
    """What somebody wrote, without what no page can show. Raises Invalid; `needed` is what to say when it is empty."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text and needed:
        raise Invalid(needed, {name: needed})
    if len(text) > most:
        message = f"At most {most:,} characters; these are {len(text):,}."
        raise Invalid(message, {name: message})
    return text
