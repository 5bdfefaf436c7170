"""The numbers of a page as CSV and JSON: what its tables show, without pictures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from annotations.agreement.exports import harmless
from annotations.insights.figures import Figures
from annotations.insights.pages import LIMITS, Column, Line, Pair
from annotations.insights.profile import Rate, Share
from annotations.insights.tags import Tags

_HEAD = ("figure", "name", "count", "of", "readers", "value", "lowest", "highest", "readers_in_spread")


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow(["" if cell is None else harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _ends(one: Share | Rate) -> tuple[float | None, float | None, int | None]:
    return (one.spread.low, one.spread.high, one.spread.readers) if one.spread else (None, None, None)


def figures_csv(figures: Figures, tags: Tags) -> str:
    found = figures.profile
    rows: list[tuple] = [_HEAD]
    for name in ("marks", "astray", "untagged"):
        rows.append(("marks", name, getattr(figures, name)))
    for figure, shares in (("claims", found.support), ("types", found.opinion)):
        rows += [
            (figure, part.key, part.count, shares.of, shares.readers, part.share, *_ends(part)) for part in shares.parts
        ]
    rates = found.rates
    rows += [
        ("per 1000 words and reader", one.key, one.count, rates.words, rates.readers, one.rate, *_ends(one))
        for one in (*rates.rhetoric, rates.evidence)
    ]
    rows += [("tag", name, n) for _, name, n in tags.names(figures.tags)]
    rows += [("day", day.isoformat(), n) for day, n in sorted(figures.days.items())]
    return _csv((*row, *[None] * (len(_HEAD) - len(row))) for row in rows)


def figures_json(figures: Figures, tags: Tags, about: dict[str, Any]) -> str:
    found = figures.profile
    return _json(
        about
        | {
            "marks": figures.marks,
            "without_a_place_in_the_text": figures.astray,
            "without_a_tag": figures.untagged,
            "readers": figures.readers,
            "newest_mark": figures.newest.isoformat() if figures.newest else None,
            "limits": LIMITS,
            "claims": asdict(found.support),
            "opinion": asdict(found.opinion),
            "rhetoric_per_1000_words_and_reader": asdict(found.rates),
            "tags": [{"id": pk, "name": name, "marks": n} for pk, name, n in tags.names(figures.tags)],
            "days": {day.isoformat(): n for day, n in sorted(figures.days.items())},
        }
    )


def usage_csv(
    columns: list[Column], readers: list[Line], articles: list[Line], times: list[Line], pairs: list[Pair]
) -> str:
    """A line for each reader, article and piece of time, a column for each tag; then the pairs."""
    names = [column.look.name for column in columns]
    rows: list[tuple] = [("by", "name", *names), ("all", "", *(column.count for column in columns))]
    for by, lines in (("reader", readers), ("article", articles), ("time", times)):
        rows += [(by, line.name, *line.counts) for line in lines]
    rows += [("together", f"{pair.first.look.name} + {pair.second.look.name}", pair.count) for pair in pairs]
    return _csv(rows)


def usage_json(
    about: dict[str, Any],
    columns: list[Column],
    readers: list[Line],
    articles: list[Line],
    times: list[Line],
    pairs: list[Pair],
) -> str:
    def table(lines: list[Line]) -> list[dict[str, Any]]:
        return [{"name": line.name, "marks": list(line.counts)} for line in lines]

    return _json(
        about
        | {
            "tags": [
                {
                    "id": column.tag.pk,
                    "name": column.look.name,
                    "counts_as": column.tag.concept or None,
                    "marks": column.count,
                }
                for column in columns
            ],
            "by_reader": table(readers),
            "by_article": table(articles),
            "over_time": table(times),
            "together": [{"tags": [p.first.tag.pk, p.second.tag.pk], "marks": p.count} for p in pairs],
        }
    )
