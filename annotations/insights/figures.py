"""The figures of a page, counted for one viewer: of an article, of the site, of a session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from django.db.models import F, Q, QuerySet

from annotations.codebook.kept import Look
from annotations.insights.contested import Passage, most_contested, passages
from annotations.insights.counting import Counted, Read
from annotations.insights.keeping import kept_for
from annotations.insights.profile import Profile, profile
from annotations.insights.tags import Tags
from annotations.membership import Seat
from annotations.models import Annotation, Assignment, SessionArticle
from annotations.reading.queries import Mark
from annotations.reading.scope import Scope
from opslens.models import Article

# Contested passages are looked for in so many articles, those with the most marks, and so many marks.
ARTICLES_COMPARED, MARKS_COMPARED = 50, 20_000
ARTICLES_NAMED = 30


@dataclass(frozen=True, slots=True)
class InArticle:
    article: int
    marks: int
    readers: int


@dataclass(frozen=True, slots=True)
class OfReader:
    """`last`: the day on which their newest mark was made; None without marks."""

    reader: int
    marks: int
    articles: int
    last: date | None


@dataclass(frozen=True, slots=True)
class Figures:
    """`marks`: how many are counted, whatever reviewers say of them. `astray`: how many of them stand nowhere in the
    current text. `articles`: those with the most marks, of `in_articles`. `compared`: in how many
    articles contested passages were looked for."""

    marks: int = 0
    astray: int = 0
    untagged: int = 0
    readers: int = 0
    newest: date | None = None
    profile: Profile = field(default_factory=lambda: profile((), (), {}))
    tags: dict[int, int] = field(default_factory=dict)
    days: dict[date, int] = field(default_factory=dict)
    articles: tuple[InArticle, ...] = ()
    in_articles: int = 0
    people: tuple[OfReader, ...] = ()
    contested: tuple[Passage, ...] = ()
    compared: int = 0


def of_article(viewer, article: Article) -> Figures:
    """Of the marks outside of sessions on this article that the viewer may read."""

    def count() -> Figures:
        marks = Annotation.objects.outside_sessions(viewer).filter(article_id=article.pk)
        words = {article.pk: article.current.word_count}
        return _figures(marks, None, words, {article.pk: article.current_id})

    return kept_for(viewer, f"article {article.pk} {article.current_id}", (article.channel,), (), count)


def of_site(viewer) -> Figures:
    """Of all marks outside of sessions that the viewer may read."""

    def count() -> Figures:
        marks = Annotation.objects.outside_sessions(viewer)
        rows = Article.objects.visible_to(viewer).order_by().values_list("pk", "current__word_count", "current_id")
        texts = list(rows)
        return _figures(marks, None, {pk: n for pk, n, _ in texts}, {pk: revision for pk, _, revision in texts})

    return kept_for(viewer, "site", (), ("article",), count)


def of_session(
    viewer, seat: Seat, articles: Iterable[SessionArticle], *, only: SessionArticle | None = None
) -> Figures:
    """Of the marks of a session as far as this member sees them: while marks are hidden from them, their own alone."""
    session, sees_all = seat.session, seat.sees_all_marks
    articles = list(articles) if only is None else [only]

    def count() -> Figures:
        texts = {here.article_id: here.revision_id for here in articles}
        words = {here.article_id: here.revision.word_count for here in articles}
        marks = Annotation.objects.in_session(session, seat.member, viewer).filter(article_id__in=list(texts))
        done = Assignment.objects.filter(session_article__in=[here.pk for here in articles], state=Assignment.DONE)
        if not sees_all:
            done = done.filter(member=seat.member)
        finished = set(done.order_by().values_list("session_article__article_id", "member__user_id"))
        return _figures(marks, session.codebook_id, words, texts, finished, in_session=True)

    # What the viewer has finished is told on their own channel.
    names: set[str] = {session.person_channel(viewer.pk)}
    kinds: set[str] = set()
    for here in articles:
        own, whole = Scope(seat=seat).channels(viewer, here.article)
        names.update(own)
        kinds.update(whole)
    if sees_all:
        # All that happens in the session, whose articles' channels are among these.
        names, kinds = {session.channel}, {session.channel}
    what = (
        f"session {session.pk} {session.phase} {sees_all} {[(here.article_id, here.revision_id) for here in articles]}"
    )
    return kept_for(viewer, what, tuple(sorted(names)), tuple(sorted(kinds)), count)


def _figures(
    marks: QuerySet[Annotation],
    codebook_id: int | None,
    words: Mapping[int, int],
    texts: Mapping[int, int],
    finished: Iterable[tuple[int, int]] = (),
    *,
    in_session: bool = False,
) -> Figures:
    """`words` and `texts` (revision ids) by article id. `finished`: (article, reader) that were read to the end, with
    marks or without."""
    # Verdicts are between reviewers and authors: figures that left out what was rejected would tell everybody.
    counted = Counted(marks, by_current=not in_session)
    reads = [read for read in counted.reads() if read.article in texts]
    finished = set(finished)
    total = sum(read.marks for read in reads)
    if not total and not finished:
        return Figures()
    tags = Tags.of(codebook_id)
    kinds = counted.kinds(tags.concepts())
    compared = _compared(reads)
    return Figures(
        marks=total,
        astray=total - sum(read.standing for read in reads),
        untagged=kinds.untagged,
        readers=len({read.reader for read in reads}),
        newest=max((read.last for read in reads), default=None),
        profile=profile(kinds.all, kinds.standing, _words_read(reads, finished, words)),
        tags=counted.tags(),
        days=counted.days(),
        articles=_articles(reads)[:ARTICLES_NAMED],
        in_articles=len({read.article for read in reads}),
        people=_people(reads),
        contested=tuple(_contested(marks, compared, texts, tags.looks, in_session=in_session)),
        compared=len(compared),
    )


def _words_read(reads: list[Read], finished: set[tuple[int, int]], words: Mapping[int, int]) -> dict[int, int]:
    """Words by reader: of the texts in which a mark of theirs stands, or that they have finished."""
    pairs = {(read.article, read.reader) for read in reads if read.standing} | finished
    found: dict[int, int] = {}
    for article, reader in sorted(pairs):
        found[reader] = found.get(reader, 0) + words.get(article, 0)
    return found


def _articles(reads: list[Read]) -> tuple[InArticle, ...]:
    """Most marks first."""
    found = []
    for article, rows in groupby(reads, key=lambda read: read.article):
        rows = list(rows)
        found.append(InArticle(article, sum(read.marks for read in rows), len(rows)))
    return tuple(sorted(found, key=lambda one: (-one.marks, one.article)))


def _people(reads: list[Read]) -> tuple[OfReader, ...]:
    by_reader: dict[int, list[Read]] = {}
    for read in reads:
        by_reader.setdefault(read.reader, []).append(read)
    return tuple(
        OfReader(reader, sum(read.marks for read in own), len(own), max(read.last for read in own))
        for reader, own in sorted(by_reader.items())
    )


def _compared(reads: list[Read]) -> dict[int, int]:
    """The articles in which contested passages are looked for, and how many readers have marked each."""
    found: dict[int, int] = {}
    marks = 0
    for one in _articles(reads):
        if one.readers < 2:
            continue
        marks += one.marks
        if found and (marks > MARKS_COMPARED or len(found) == ARTICLES_COMPARED):
            break
        found[one.article] = one.readers
    return found


def _contested(
    marks: QuerySet[Annotation],
    articles: Mapping[int, int],
    texts: Mapping[int, int],
    known: Mapping[int, Look],
    *,
    in_session: bool,
) -> list[Passage]:
    if not articles:
        return []
    exclusive = [pk for pk, look in known.items() if look.exclusive_group is not None]
    here = Q(anchors__revision_id=F("article__current_id"))
    if in_session:
        here = Q(anchors__revision_id__in=[texts[pk] for pk in articles])
    # One filter, so that both conditions speak of one and the same anchor.
    there = marks.filter(here, article_id__in=list(articles), anchors__start__isnull=False)
    return most_contested(
        passage
        for article, rows in groupby(_rows(there, exclusive, known), key=lambda row: row[0])
        for passage in passages(article, [mark for _, mark in rows], articles[article])
    )


def _rows(marks: QuerySet[Annotation], tags: list[int], known: Mapping[int, Look]) -> list[tuple[int, Mark]]:
    """(article id, a mark with one of its tags), by article and place."""
    wanted = set(tags)
    rows = marks.order_by("article_id", "anchors__start", "-anchors__end", "uid").values_list(
        *("article_id", "pk", "uid", "anchors__start", "anchors__end", "anchors__first_block", "anchors__last_block"),
        *("author_id", "anchors__revision_id", "anchors__state", "taggings__tag_id"),
    )
    return [(article, Mark(*place, [known[tag]])) for article, *place, tag in rows if tag in wanted]
