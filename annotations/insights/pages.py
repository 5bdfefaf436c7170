"""What the pages show, ready for their templates: figures with names, words and pictures."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.contrib.auth import get_user_model
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from annotations.codebook.kept import Look
from annotations.insights import pictures
from annotations.insights.contested import Passage
from annotations.insights.figures import Figures, InArticle
from annotations.insights.profile import (
    CLAIMS,
    ENOUGH,
    ENOUGH_READERS,
    ENOUGH_WORDS,
    EVIDENCE,
    NOTHING,
    SEVERAL,
    SUPPORT,
    Rate,
    Rates,
    Share,
    Shares,
    Spread,
)
from annotations.insights.spans import pieces
from annotations.insights.tags import Tags
from annotations.insights.usage import Usage
from annotations.models import Tag
from opslens.models import Article, Revision

WORDS_SHOWN = 300  # code points of a passage
READERS_SHOWN = 300
ROWS_SHOWN, TAGS_DRAWN = 100, 20
NAMED = 5000  # so many articles or readers are named at most; no database takes a query with endless parameters
LABELS = {
    "sourced": "Sourced",
    "vague-source": "Vaguely sourced",
    "unsourced": "Unsourced",
    SEVERAL: "More than one of these",
    NOTHING: "Nothing said",
    "opinion": "Opinion",
    "loaded": "Loaded words",
    "overreach": "Overreach",
    "missing-context": "Missing context",
    "fear-appeal": "Appeal to fear",
    "attack": "Attack on people",
    EVIDENCE: "Evidence offered",
}
Address = Callable[[Article], str]
LIMITS = {"marks": ENOUGH, "readers": ENOUGH_READERS, "words": ENOUGH_WORDS}
_NONE = mark_safe('<span class="no-number">–</span>')
_NOT_OFFERED = mark_safe('<span class="hint">not offered</span>')


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the profile. `looks`: the tags that count as this."""

    label: str
    count: int
    figure: SafeString
    spread: SafeString
    picture: SafeString
    swatch: str = ""
    looks: tuple[Look, ...] = ()


def rate(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _number(value: float | None, written: Callable[[float], str]) -> SafeString:
    return _NONE if value is None else format_html('<data value="{}">{}</data>', f"{value:.6f}", written(value))


def _spread(spread: Spread | None, written: Callable[[float], str]) -> SafeString:
    if spread is None:
        return _NONE
    return format_html(
        '{} to {} <span class="hint">({} readers)</span>', written(spread.low), written(spread.high), spread.readers
    )


def _share_row(part: Share, counted: Mapping[str, tuple[Look, ...]]) -> Row:
    return Row(
        LABELS[part.key],
        part.count,
        _number(part.share, pictures.percent),
        _spread(part.spread, pictures.percent),
        pictures.line(part.share, part.spread, 1),
        pictures.swatch(part.key) if part.key != "opinion" else "",
        counted.get(part.key, ()),
    )


def _never_asked(key: str, label: str, counted: Mapping[str, tuple[Look, ...]]) -> Row:
    """What no reader could mark: nought would be a figure about the codebook and not about the text."""
    swatch = pictures.swatch(key) if key in SUPPORT else ""
    return Row(label, 0, _NOT_OFFERED, _NONE, mark_safe(""), swatch, counted.get(key, ()))


def support(shares: Shares, counted: Mapping[str, tuple[Look, ...]], offered: Collection[str]) -> dict:
    silent = [part.key for part in shares.parts if not part.count and part.key in SUPPORT and part.key not in offered]
    rows = [
        _never_asked(part.key, LABELS[part.key], counted) if part.key in silent else _share_row(part, counted)
        for part in shares.parts
        if part.count or part.key != SEVERAL
    ]
    return {
        "not_offered": [LABELS[key].lower() for key in silent],
        "of": shares.of,
        "readers": shares.readers,
        "is_enough": shares.is_enough,
        "rows": rows,
        "picture": pictures.parts(shares) if shares.is_enough else "",
        "looks": [look for concept in sorted(CLAIMS) for look in counted.get(concept, ())],
    }


def opinion(shares: Shares, counted: Mapping[str, tuple[Look, ...]]) -> dict:
    return {
        "of": shares.of,
        "readers": shares.readers,
        "is_enough": shares.is_enough,
        "row": _share_row(shares.part("opinion"), counted),
    }


def rhetoric(rates: Rates, counted: Mapping[str, tuple[Look, ...]], offered: Collection[str]) -> dict:
    top = max(
        (one.spread.high if one.spread else one.rate or 0.0 for one in (*rates.rhetoric, rates.evidence)), default=0.0
    )

    def row(one: Rate) -> Row:
        if not one.count and one.key not in offered:
            return _never_asked(one.key, LABELS[one.key], counted)
        return Row(
            LABELS[one.key],
            one.count,
            _number(one.rate, rate),
            _spread(one.spread, rate),
            pictures.line(one.rate if top else None, one.spread, top),
            looks=counted.get(one.key, ()),
        )

    return {
        "words": rates.words,
        "readers": rates.readers,
        "is_enough": rates.is_enough,
        "rows": [row(one) for one in rates.rhetoric],
        "evidence": row(rates.evidence),
        "top": rate(top) if top else "",
    }


def over_time(days: Mapping[date, int]) -> dict:
    unit, found = pieces(days)
    return {"unit": unit, "pieces": found, "picture": pictures.columns(found)}


@dataclass(frozen=True, slots=True)
class ContestedRow:
    title: str
    words: str
    votes: tuple[tuple[Look, int], ...]
    readers: int
    bits: str
    url: str


def contested(
    found: Iterable[Passage], articles: Mapping[int, Article], address: Address, known: Mapping[int, Look]
) -> list[ContestedRow]:
    """`address(article)`: where that article is read. One query for the texts."""
    found = list(found)
    revisions = {passage.revision for passage in found}
    texts = dict(Revision.objects.filter(pk__in=revisions).order_by().values_list("pk", "text"))
    rows = []
    for passage in found:
        article, text = articles.get(passage.article), texts.get(passage.revision, "")
        if article is None:
            continue
        words = text[passage.start : passage.end].replace("\n", " ")
        rows.append(
            ContestedRow(
                article.title,
                words if len(words) <= WORDS_SHOWN else f"{words[: WORDS_SHOWN - 1]}…",
                tuple((known[pk], n) for pk, n in passage.votes if pk in known),
                passage.readers,
                f"{passage.bits:.2f}",
                f"{address(article)}#b{passage.block}",
            )
        )
    return rows


def articles_by_id(viewer, ids: Iterable[int]) -> dict[int, Article]:
    """Those that the viewer may read, with what a link needs. One query."""
    return {
        article.pk: article
        for article in Article.objects.visible_to(viewer).filter(pk__in=list(ids)).only("slug", "title")
    }


def names_of(people: Iterable[int]) -> dict[int, str]:
    """By id; one query."""
    found = get_user_model().objects.filter(pk__in=list(people)).only("username", "display_name")
    return {person.pk: person.name for person in found}


@dataclass(frozen=True, slots=True)
class ArticleRow:
    title: str
    url: str
    marks: int
    readers: int


def article_rows(found: Iterable[InArticle], articles: Mapping[int, Article], address: Address) -> list[ArticleRow]:
    return [
        ArticleRow(articles[one.article].title, address(articles[one.article]), one.marks, one.readers)
        for one in found
        if one.article in articles
    ]


@dataclass(frozen=True, slots=True)
class PersonRow:
    name: str
    marks: int
    articles: int
    last: date | None


def people(figures: Figures, also: Iterable[int] = ()) -> dict:
    """Readers in the order of their names, with those of `also` who have no marks. One query."""
    own = {one.reader: one for one in figures.people}
    every = [*own, *(pk for pk in also if pk not in own)]
    ids = every[:NAMED]
    names = names_of(ids)
    rows = [
        PersonRow(names[pk], own[pk].marks, own[pk].articles, own[pk].last)
        if pk in own
        else PersonRow(names[pk], 0, 0, None)
        for pk in sorted(ids, key=lambda pk: (names[pk].casefold(), pk))
    ]
    return {"rows": rows[:READERS_SHOWN], "more": max(len(every) - READERS_SHOWN, 0)}


# How tags are used


@dataclass(frozen=True, slots=True)
class Column:
    """A tag in a table; `number` stands for it where there is no room for its name."""

    number: int
    look: Look
    tag: Tag
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table of tags: a name, a figure for each column, and the sum of the tags."""

    name: str
    counts: tuple[int, ...]
    url: str = ""

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tags, on how many marks they are together, and on how many each is."""

    first: Column
    second: Column
    count: int


def columns(usage: Usage, tags: Tags) -> tuple[list[Column], list[Look]]:
    """Tags on marks, in the order of the codebook, and those that are on none and not retired."""
    known, own = tags.looks, tags.own()
    used = [tag for tag in own if usage.tags.get(tag.pk)]
    return (
        [Column(number, known[tag.pk], tag, usage.tags[tag.pk]) for number, tag in enumerate(used, 1)],
        [known[tag.pk] for tag in own if not usage.tags.get(tag.pk) and tag.retired_at is None],
    )


def _table(counts: Mapping[tuple[int, int], int], shown: list[Column]) -> dict[int, list[int]]:
    """By what a table is about, a figure for each column; those with the most tags when they are too many to name."""
    place = {column.look.pk: at for at, column in enumerate(shown)}
    found: dict[int, list[int]] = {}
    for (key, tag), n in counts.items():
        if tag in place:
            found.setdefault(key, [0] * len(shown))[place[tag]] = n
    if len(found) > NAMED:
        found = dict(sorted(found.items(), key=lambda item: -sum(item[1]))[:NAMED])
    return found


def by_reader(usage: Usage, shown: list[Column]) -> list[Line]:
    """In the order of names. One query."""
    table = _table(usage.readers, shown)
    names = names_of(table)
    return [Line(names[pk], tuple(table[pk])) for pk in sorted(table, key=lambda pk: (names[pk].casefold(), pk))]


def by_article(viewer, usage: Usage, shown: list[Column], address: Address) -> list[Line]:
    """Those with the most tags first. One query."""
    table = _table(usage.articles, shown)
    articles = articles_by_id(viewer, table)
    lines = [Line(articles[pk].title, tuple(table[pk]), address(articles[pk])) for pk in table if pk in articles]
    return sorted(lines, key=lambda line: (-line.total, line.name))


def by_time(usage: Usage, shown: list[Column]) -> dict:
    """The unit, a line for each piece, and a picture of all tags together."""
    days: dict[date, int] = {}
    for (day, _), n in usage.days.items():
        days[day] = days.get(day, 0) + n
    unit, found = pieces(days)
    place = {column.look.pk: at for at, column in enumerate(shown)}
    lines = [[0] * len(shown) for _ in found]
    starts = [piece.first for piece in found]
    for (day, tag), n in usage.days.items():
        if tag in place:
            lines[bisect_right(starts, day) - 1][place[tag]] += n
    return {
        "unit": unit,
        "picture": pictures.columns(found),
        "lines": [Line(piece.label, tuple(line)) for piece, line in zip(found, lines, strict=True)],
    }


def together(usage: Usage, shown: list[Column]) -> dict:
    """The pairs, most often together first, and a picture of the tags that are used most."""
    by_pk = {column.look.pk: column for column in shown}
    pairs = []
    for (one, other), n in usage.together.items():
        if one in by_pk and other in by_pk:
            first, second = sorted((by_pk[one], by_pk[other]), key=lambda column: column.number)
            pairs.append(Pair(first, second, n))
    pairs.sort(key=lambda pair: (-pair.count, pair.first.number, pair.second.number))
    drawn = shown
    if len(shown) > TAGS_DRAWN:
        most = sorted(shown, key=lambda column: (-column.count, column.number))[:TAGS_DRAWN]
        drawn = sorted(most, key=lambda column: column.number)
    at = {column.number: place for place, column in enumerate(drawn)}
    counts = {
        (at[pair.first.number], at[pair.second.number]): pair.count
        for pair in pairs
        if pair.first.number in at and pair.second.number in at
    }
    return {
        "pairs": pairs,
        "picture": pictures.matrix([column.look.name for column in drawn], counts) if pairs else "",
        "left_out": len(shown) - len(drawn),
    }
