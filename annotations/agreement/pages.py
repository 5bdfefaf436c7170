"""The agreement page: what it shows, ready for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString

from annotations.agreement import pictures
from annotations.agreement.coefficients import Contested, Interval, TagAgreement, Undefined
from annotations.agreement.extents import Extents
from annotations.agreement.numbers import LONG, band_word, figure, interval_html, number_html, percent_html
from annotations.agreement.readings import INDEPENDENT, NOW, STATES
from annotations.agreement.report import ArticleLine, Reader, SessionReport, Unit
from annotations.codebook.kept import Look
from annotations.membership import Seat

SENTENCES, EXTENTS = "sentences", "extents"
PASSAGES_SHOWN, WORDS_SHOWN = 20, 400  # contested passages on one page; code points of each
PAIRS_OPEN = 15  # so many pairs are listed at once; more behind a button
_MANY_DRAWS_LOST = 0.05
_EXTENT_REASONS = {"no-variation": "neither marked anything", "nothing-shared": "no article in common"}
_STATE_LABELS = {INDEPENDENT: "At the reveal", NOW: "Now"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. What cannot be understood is left out."""

    article: str = ""
    state: str = INDEPENDENT
    show: str = SENTENCES
    page: int = 1

    @classmethod
    def read(cls, data: QueryDict) -> Asked:
        state, page = data.get("state", ""), data.get("page", "")
        is_number = page.isascii() and page.isdigit() and len(page) < 6
        return cls(
            article=data.get("article", "").replace("\x00", ""),
            state=state if state in STATES else INDEPENDENT,
            show=EXTENTS if data.get("show") == EXTENTS else SENTENCES,
            page=max(int(page), 1) if is_number else 1,
        )

    def query(self, **other: object) -> str:
        """The part of an address that asks for the same, except for `other`; "?" when it asks for nothing."""
        asked = {
            "article": self.article,
            "state": "" if self.state == INDEPENDENT else self.state,
            "show": "" if self.show == SENTENCES else self.show,
            "page": "",
        } | other
        return "?" + urlencode({name: value for name, value in asked.items() if value})


@dataclass(frozen=True, slots=True)
class Choice:
    """A link of several, one of which is the page that is shown."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class TagRow:
    look: Look
    sentences: int
    alpha: SafeString
    interval: SafeString
    lost: str
    band: str
    picture: SafeString
    prevalence: SafeString
    positive_agreement: SafeString
    ac1: SafeString


@dataclass(frozen=True, slots=True)
class PairRow:
    """`counted`: sentences that both have finished; None where characters are compared."""

    first: Reader
    second: Reader
    counted: int | None
    numbers: tuple[SafeString, ...]


@dataclass(frozen=True, slots=True)
class Vote:
    look: Look
    words: str


@dataclass(frozen=True, slots=True)
class PassageRow:
    unit: Unit
    words: str
    bits: str
    votes: tuple[Vote, ...]
    read_url: str
    talk_url: str


@dataclass(frozen=True, slots=True)
class ArticleRow:
    line: ArticleLine
    url: str
    alpha: SafeString
    band: str


def headline(report: SessionReport) -> dict:
    """The number over everything, its interval and picture; or why there is none."""
    value, interval = report.report.headline.alpha, report.report.headline.interval
    if isinstance(value, Undefined):
        return {"why_not": LONG[value.reason], "reason": value.reason}
    axis = _axis(report, [value])
    return {
        "alpha": number_html(value),
        "interval": interval_html(interval),
        "band": band_word(value),
        "picture": pictures.scale(value, interval, axis),
        "lost": _lost(interval),
    }


def _axis(report: SessionReport, values: Sequence[float] = ()) -> pictures.Axis:
    """One axis for all pictures of the page."""
    found = [*values]
    for alpha, interval in [
        (report.report.headline.alpha, report.report.headline.interval),
        *((tag.alpha, tag.interval) for tag in report.report.tags),
    ]:
        found += [] if isinstance(alpha, Undefined) else [alpha]
        found += [] if isinstance(interval, Undefined) else [interval.low]
    return pictures.Axis.around(found)


def _lost(interval: Interval | Undefined) -> str:
    """In words, how many draws of an interval had no variation, when they are more than a few."""
    if isinstance(interval, Undefined) or interval.undefined_draws <= _MANY_DRAWS_LOST * interval.draws:
        return ""
    return f"from {interval.draws - interval.undefined_draws} of {interval.draws} draws"


def tag_rows(report: SessionReport) -> dict:
    """Tags that somebody used, a row each; those that nobody used, by name."""
    axis = _axis(report)
    pairs = list(zip(report.tags, report.report.tags, strict=True))
    used = [(look, one) for look, one in pairs if one.marked_units]
    return {
        "rows": [_tag_row(look, one, axis) for look, one in used],
        "unused": [look for look, one in pairs if not one.marked_units],
    }


def _tag_row(look: Look, one: TagAgreement, axis: pictures.Axis) -> TagRow:
    return TagRow(
        look=look,
        sentences=one.marked_units,
        alpha=number_html(one.alpha),
        interval=interval_html(one.interval),
        lost=_lost(one.interval),
        band=band_word(one.alpha),
        picture=pictures.line(one.alpha, one.interval, axis),
        prevalence=percent_html(one.prevalence),
        positive_agreement=number_html(one.positive_agreement),
        ac1=number_html(one.ac1),
    )


def pairs_of_report(report: SessionReport) -> dict:
    """Each two readers by sentences: alpha, and F1 of what they marked as (sentence, tag)."""
    pairs = [pair for i, row in enumerate(report.report.pairs) for pair in row[i + 1 :] if pair]
    rows = [
        PairRow(
            report.readers[pair.first],
            report.readers[pair.second],
            pair.units,
            (number_html(pair.alpha), number_html(pair.f1)),
        )
        for pair in pairs
    ]
    mean = report.report.mean_f1
    return {
        "rows": rows,
        "columns": ("Alpha of tag sets", "F1 of marked sentences"),
        "picture": pictures.matrix(_labels(report), {(pair.first, pair.second): pair.alpha for pair in pairs}),
        "means": [("F1 of marked sentences", number_html(mean))],
        "is_open": len(rows) <= PAIRS_OPEN,
    }


def pairs_of_extents(report: SessionReport, extents: Extents) -> dict:
    """Each two readers by the words themselves."""
    reasons = _EXTENT_REASONS
    rows = [
        PairRow(
            report.readers[pair.first],
            report.readers[pair.second],
            None,
            (number_html(pair.characters, reasons), number_html(pair.exact, reasons)),
        )
        for pair in extents.pairs
    ]
    return {
        "rows": rows,
        "columns": ("Character F1", "Exact F1"),
        "picture": pictures.matrix(
            _labels(report), {(pair.first, pair.second): pair.characters for pair in extents.pairs}
        ),
        "means": [
            (name, number_html(value))
            for name, value in (
                ("Character F1", _mean([pair.characters for pair in extents.pairs])),
                ("Exact F1", _mean([pair.exact for pair in extents.pairs])),
            )
            if value is not None
        ],
        "is_open": len(rows) <= PAIRS_OPEN,
    }


def _mean(values: Sequence[float | Undefined]) -> float | None:
    defined = [value for value in values if not isinstance(value, Undefined)]
    return fsum(defined) / len(defined) if defined else None


def _labels(report: SessionReport) -> list[str]:
    return [reader.label for reader in report.readers]


def passages(seat: Seat, report: SessionReport, asked: Asked) -> dict:
    """The contested passages of one page of the list, most divided first."""
    contested = report.report.contested
    last = max(1, -(-len(contested) // PASSAGES_SHOWN))
    page = min(asked.page, last)
    looks = {look.name: look for look in report.tags}
    shown = contested[(page - 1) * PASSAGES_SHOWN : page * PASSAGES_SHOWN]
    return {
        "rows": [_passage(seat, report, one, looks) for one in shown],
        "found": len(contested),
        "first": (page - 1) * PASSAGES_SHOWN + 1,
        "earlier": asked.query(page=page - 1 if page > 2 else "") if page > 1 else "",
        "later": asked.query(page=page + 1) if page < last else "",
    }


def _passage(seat: Seat, report: SessionReport, one: Contested, looks: dict[str, Look]) -> PassageRow:
    unit = report.units[one.unit]
    uid, slug = seat.session.uid, unit.article.article.slug
    words = unit.text if len(unit.text) <= WORDS_SHOWN else unit.text[:WORDS_SHOWN].rstrip() + " …"
    talk = (
        "" if seat.session.hides_marks else f"{reverse('discussion:talk', args=[uid, slug])}?paragraph={unit.block + 1}"
    )
    return PassageRow(
        unit=unit,
        words=words.replace("\n", " "),
        bits=figure(one.entropy),
        votes=tuple(Vote(looks[vote.tag], f"{vote.marked} of {vote.present}") for vote in one.votes),
        read_url=f"{reverse('teams:read', args=[uid, slug])}#b{unit.block}",
        talk_url=talk,
    )


def article_rows(report: SessionReport, asked: Asked) -> list[ArticleRow]:
    return [
        ArticleRow(line, asked.query(article=line.article.article.slug), number_html(line.alpha), band_word(line.alpha))
        for line in report.by_article
    ]


def state_choices(report: SessionReport, asked: Asked) -> list[Choice]:
    """The states there are; none when there is only one."""
    if len(report.states) < 2:
        return []
    return [
        Choice(_STATE_LABELS[state], asked.query(state="" if state == INDEPENDENT else state), state == report.state)
        for state in report.states
    ]


def tab_choices(asked: Asked) -> list[Choice]:
    return [
        Choice("Sentences", asked.query(show=""), asked.show == SENTENCES),
        Choice("Extents", asked.query(show=EXTENTS), asked.show == EXTENTS),
    ]


def share_in_words(share: float) -> str:
    return {0.5: "half", 1.0: "all"}.get(share, f"{share * 100:g} %")


def downloads(seat: Seat, report: SessionReport, asked: Asked) -> dict:
    """Where the table of units is."""
    csv = reverse("agreement:units-csv", args=[seat.session.uid])
    json = reverse("agreement:units-json", args=[seat.session.uid])
    base = {"article": asked.article, "state": report.state}
    used = [look for look, one in zip(report.tags, report.report.tags, strict=True) if one.marked_units]
    return {
        "sets": f"{csv}{_asking(base)}",
        "labelled": f"{csv}{_asking(base | {'labels': 'yes'})}",
        "tags": [(look, f"{csv}{_asking(base | {'tag': look.name})}") for look in used],
        "json": f"{json}{_asking(base)}",
    }


def _asking(values: dict[str, str]) -> str:
    return "?" + urlencode({name: value for name, value in values.items() if value})
