"""The agreement of a session's readers, worked out and kept until something happens in the session.

`report_of` is for everybody: the page, its exports, the recap. Everything in a `SessionReport` is in the order of its
`readers` (rows) and `units` (columns).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotations.agreement.coefficients import Report, Undefined, tag_report
from annotations.agreement.independence import Independence, independence_of
from annotations.agreement.keeping import keep, kept, name_for
from annotations.agreement.readings import INDEPENDENT, NOW, readings_of
from annotations.agreement.report import ArticleLine, Reader, SessionReport, Unit, Value
from annotations.agreement.units import Sentence, sentences_of, values_of
from annotations.codebook.kept import all_tags, looks
from annotations.membership import Seat
from annotations.models import SessionArticle, TeamSession
from opslens.articles.documents import document_of
from opslens.models.article import LARGE_COLUMNS
from opslens.web.refusals import Denied

DRAWS, SEED, MINIMUM_READERS, MINIMUM_UNITS = 1000, 20, 2, 10
HIDDEN = "The marks of this session are not revealed yet. Once they are, you see here how far readers agree."


@dataclass(frozen=True, slots=True)
class _Kept:
    """What does not change until something happens in the session."""

    users: tuple[int, ...]
    labels: tuple[int, ...]
    finished: int
    assigned: int
    rows: tuple[tuple[Value, ...], ...]
    tags: tuple[int, ...]
    report: Report
    by_article: tuple[tuple[int, int, int, float | Undefined], ...]
    untagged: int
    brief: int
    independence: Independence


def articles_of(session: TeamSession) -> list[SessionArticle]:
    """The articles of a session, but for those in the trash, with their titles. One query."""
    heavy = [f"revision__{name}" for name in LARGE_COLUMNS]
    here = session.articles.filter(article__deleted_at=None).select_related("article", "revision").defer(*heavy)
    return list(here.order_by("position", "pk"))


def report_of(seat: Seat, *, article: SessionArticle | None = None, state: str = INDEPENDENT) -> SessionReport:
    """The agreement on one article of the session, or pooled over all of them.

    `state` is `independent` or `now`; before the reveal there is only `now`, and that is what is shown. Raises Denied
    when this member does not see everybody's marks. Kept: when nothing has happened, four queries.
    """
    session = seat.session
    require_sight(seat)
    every = articles_of(session)
    articles = every if article is None else [here for here in every if here.pk == article.pk]
    states = _states(session)
    shown = state if state in states else states[0]
    is_pooled = article is None and len(articles) > 1
    name = name_for(session, articles, "pooled" if is_pooled else "report", shown)
    found: _Kept | None = kept(name)
    if found is None:
        found = _work_out(seat, articles, shown, is_pooled=is_pooled)
        keep(name, found)
    return _with_names(session, articles, found, shown, article if articles else None)


def _states(session: TeamSession) -> tuple[str, ...]:
    return (NOW,) if session.revealed_at is None else (INDEPENDENT, NOW)


def require_sight(seat: Seat) -> None:
    """Raises Denied unless this member sees everybody's marks."""
    if not seat.sees_all_marks:
        raise Denied(HIDDEN)


def _sentences(articles: Sequence[SessionArticle]) -> dict[int, list[Sentence]]:
    return {here.pk: sentences_of(document_of(here.revision_id)) for here in articles}


def _work_out(seat: Seat, articles: Sequence[SessionArticle], state: str, *, is_pooled: bool) -> _Kept:
    session = seat.session
    readings = readings_of(seat, articles, state)
    sentences = _sentences(articles)
    codebook = {pk: tag for pk, tag in all_tags().items() if tag.codebook_id == session.codebook_id}
    names = {pk: tag.name for pk, tag in codebook.items()}
    untagged = brief = 0
    values: dict[int, dict[int, list[frozenset[str]]]] = {}
    for reading in readings:
        if reading.marks is None:
            continue
        found, short = values_of(
            sentences[reading.session_article],
            reading.marks,
            share=session.coverage_share,
            characters=session.coverage_characters,
        )
        brief += short
        untagged += sum(not tags for _, _, tags in reading.marks)
        named: dict[frozenset[int], frozenset[str]] = {}
        for ids in found:
            if ids not in named:
                named[ids] = frozenset(names[pk] for pk in ids if pk in names)
        values.setdefault(reading.user, {})[reading.session_article] = [named[ids] for ids in found]
    everybody = _everybody(session)
    users = [user for user in everybody if user in values]
    rows = [
        [value for pk, here in sentences.items() for value in values[user].get(pk) or [None] * len(here)]
        for user in users
    ]
    used = {name for row in rows for value in row if value for name in value}
    tags = [pk for pk, tag in codebook.items() if tag.name in used or tag.offered]
    report = tag_report(
        rows,
        [names[pk] for pk in tags],
        draws=DRAWS,
        seed=SEED,
        minimum_readers=MINIMUM_READERS,
        minimum_units=MINIMUM_UNITS,
    )
    return _Kept(
        users=tuple(users),
        labels=tuple(everybody.index(user) + 1 for user in users),
        finished=sum(reading.marks is not None for reading in readings),
        assigned=sum(reading.marks is not None or reading.is_open for reading in readings),
        rows=tuple(map(tuple, rows)),
        tags=tuple(tags),
        report=report,
        by_article=_by_article(rows, sentences, [names[pk] for pk in tags]) if is_pooled else (),
        untagged=untagged,
        brief=brief,
        independence=independence_of(session),
    )


def _everybody(session: TeamSession) -> list[int]:
    """The ids of all who have ever had something to read in the session, in the order in which they joined."""
    members = session.members.filter(assignments__isnull=False).distinct().order_by("joined_at", "pk")
    return [user for user, _, _ in members.values_list("user_id", "joined_at", "pk")]


def _by_article(
    rows: Sequence[Sequence[Value]], sentences: dict[int, list[Sentence]], tags: Sequence[str]
) -> tuple[tuple[int, int, int, float | Undefined], ...]:
    found, at = [], 0
    for pk, here in sentences.items():
        part = [row[at : at + len(here)] for row in rows]
        at += len(here)
        there = [row for row in part if row and row[0] is not None]  # who has finished has a value everywhere
        one = tag_report(there, tags, draws=0, minimum_readers=MINIMUM_READERS, minimum_units=MINIMUM_UNITS)
        found.append((pk, len(there), one.units, one.headline.alpha))
    return tuple(found)


def _with_names(
    session: TeamSession,
    articles: Sequence[SessionArticle],
    kept: _Kept,
    state: str,
    article: SessionArticle | None,
) -> SessionReport:
    """With what changes without an event of the session: names of people, titles."""
    members = {member.user_id: member for member in session.members.select_related("user")}
    known = looks()
    by_pk = {here.pk: here for here in articles}
    units = []
    for here in articles:
        text = document_of(here.revision_id).text
        for one in sentences_of(document_of(here.revision_id)):
            units.append(Unit(here, one.block, one.start, one.end, text[one.start : one.end]))
    return SessionReport(
        session=session,
        state=state,
        states=_states(session),
        article=article,
        articles=tuple(articles),
        readers=tuple(
            Reader(
                user,
                members[user].user.name,
                f"R{label}",
                members[user].left_at is not None,
                user in kept.independence.saw,
            )
            for user, label in zip(kept.users, kept.labels, strict=True)
        ),
        assigned=kept.assigned,
        finished=kept.finished,
        units=tuple(units),
        tags=tuple(known[pk] for pk in kept.tags),
        rows=kept.rows,
        report=kept.report,
        by_article=tuple(ArticleLine(by_pk[pk], *rest) for pk, *rest in kept.by_article),
        untagged=kept.untagged,
        brief=kept.brief,
        independence=kept.independence,
    )
