"""The table of units for others to check: as CSV that `manage.py agreement --stdin` reads as it is, and as JSON with
everything. Both are written line by line."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from annotations.agreement.coefficients import Interval, Undefined
from annotations.agreement.extents import Extents
from annotations.agreement.queries import DRAWS, MINIMUM_READERS, MINIMUM_UNITS, SEED
from annotations.agreement.report import SessionReport, Value

# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SEPARATORS = re.compile(r"[\s|+,;\"{}]+")


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def harmless(text: str) -> str:
    """Text for a cell that no spreadsheet takes for a formula: with an apostrophe before what would be one."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def tag_names(names: Sequence[str]) -> dict[str, str]:
    """How each tag is written in a set: without what separates tags, different ones different."""
    found: dict[str, str] = {}
    for name in names:
        short = harmless(_SEPARATORS.sub("_", name).strip("_") or "tag")
        written, number = short, 2
        while written in found.values():
            written, number = f"{short}_{number}", number + 1
        found[name] = written
    return found


def units_csv(report: SessionReport, tag: str = "", *, labels: bool = False) -> Iterator[str]:
    """A line for each reader, a cell for each unit, empty where the reader did not finish.

    With `tag`, 1 where the reader put it and 0 elsewhere; without, the tags with | between, and - for none. With
    `labels`, names of units come first, and those of readers in each line: `--header --names` reads that.
    """
    writer = csv.writer(_Line(), lineterminator="\n")
    written = tag_names([look.name for look in report.tags])
    if labels:
        units = (f"{unit.article.article.slug}:{unit.start}-{unit.end}" for unit in report.units)
        yield writer.writerow(["reader", *map(harmless, units)])
    for reader, row in zip(report.readers, report.rows, strict=True):
        cells = (_mark(value, tag) if tag else _set(value, written) for value in row)
        yield writer.writerow([harmless(f"{reader.label} {reader.name}"), *cells] if labels else list(cells))


def _mark(value: Value, tag: str) -> str:
    return "" if value is None else "1" if tag in value else "0"


def _set(value: Value, written: dict[str, str]) -> str:
    return "" if value is None else "|".join(sorted(written[name] for name in value)) or "-"


def units_json(report: SessionReport, extents: Extents) -> Iterator[str]:
    """One JSON object: session, settings, articles, readers, tags, units with their text, values, spans, coefficients.
    What is not defined is null, with the reason under `not_defined`."""
    head = _head(report)
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    units = (
        {
            "article": unit.article.article.slug,
            "block": unit.block,
            "start": unit.start,
            "end": unit.end,
            "text": unit.text,
        }
        for unit in report.units
    )
    yield from _array("units", units)
    rows = ([None if value is None else sorted(value) for value in row] for row in report.rows)
    yield from _array("values", rows)
    slugs = {here.pk: here.article.slug for here in report.articles}
    yield from _array("spans", ({slugs[pk]: there for pk, there in own.items()} for own in extents.spans))
    found = _Coefficients().of(report, extents)
    yield f',\n "coefficients": {json.dumps(found, ensure_ascii=False, allow_nan=False)}\n}}\n'


def _array(name: str, items: Iterable[Any]) -> Iterator[str]:
    yield f',\n "{name}": ['
    for number, item in enumerate(items):
        yield (",\n  " if number else "\n  ") + json.dumps(item, ensure_ascii=False)
    yield "\n ]"


def _head(report: SessionReport) -> dict[str, Any]:
    session = report.session
    return {
        "session": {"id": session.uid, "name": session.name, "phase": session.phase},
        "state": report.state,
        "is_independent": report.is_independent,
        "notes": list(report.notes),
        "settings": {
            "unit": "sentence",
            "coverage_share": session.coverage_share,
            "coverage_characters": session.coverage_characters,
            "draws": DRAWS,
            "seed": SEED,
            "minimum_readers": MINIMUM_READERS,
            "minimum_units": MINIMUM_UNITS,
        },
        "articles": [
            {"id": here.article.slug, "title": here.article.title, "revision": here.revision.number}
            for here in report.articles
        ],
        "readers": [
            {"label": reader.label, "name": reader.name, "has_left": reader.has_left, "saw_others": reader.saw}
            for reader in report.readers
        ],
        "readings": {"assigned": report.assigned, "finished": report.finished},
        "marks_not_counted": {"without_tag": report.untagged, "too_short_for_a_sentence": report.brief},
        "tags": [{"id": look.pk, "name": look.name, "slot": look.slot} for look in report.tags],
    }


class _Coefficients:
    """Collects coefficients, and reasons for those that are not defined, by their path."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def of(self, report: SessionReport, extents: Extents) -> dict[str, Any]:
        found = report.report
        values = {
            "readers": found.readers,
            "counted_units": found.units,
            "pairable": found.pairable,
            "alpha": self._value("alpha", found.headline.alpha),
            "interval": self._value("interval", found.headline.interval),
            "mean_pair_f1": self._value("mean_pair_f1", found.mean_f1),
            "tags": {tag.tag: self._tag(tag) for tag in found.tags},
            "pairs": [self._pair(report, pair) for i, row in enumerate(found.pairs) for pair in row[i + 1 :] if pair],
            "extents": [self._extents(report, pair) for pair in extents.pairs],
            "by_article": {
                line.article.article.slug: {
                    "readers": line.readers,
                    "counted_units": line.units,
                    "alpha": self._value(f"by_article.{line.article.article.slug}.alpha", line.alpha),
                }
                for line in report.by_article
            },
            "contested": [
                {
                    "unit": one.unit,
                    "entropy": one.entropy,
                    "votes": {vote.tag: [vote.marked, vote.present] for vote in one.votes},
                }
                for one in found.contested
            ],
        }
        return values | {"not_defined": self._reasons}

    def _value(self, path: str, value: float | Interval | Undefined) -> Any:
        if isinstance(value, Undefined):
            self._reasons[path] = value.reason
            return None
        return asdict(value) if isinstance(value, Interval) else value

    def _tag(self, tag) -> dict[str, Any]:
        fields = ("alpha", "interval", "prevalence", "positive_agreement", "ac1")
        coefficients = {name: self._value(f"tags.{tag.tag}.{name}", getattr(tag, name)) for name in fields}
        return coefficients | {"marked_units": tag.marked_units, "pairable": tag.pairable}

    def _pair(self, report: SessionReport, pair) -> dict[str, Any]:
        names = [report.readers[at].label for at in (pair.first, pair.second)]
        path = f"pairs.{'-'.join(names)}"
        return {
            "readers": names,
            "units": pair.units,
            "alpha": self._value(f"{path}.alpha", pair.alpha),
            "f1": self._value(f"{path}.f1", pair.f1),
        }

    def _extents(self, report: SessionReport, pair) -> dict[str, Any]:
        names = [report.readers[at].label for at in (pair.first, pair.second)]
        path = f"extents.{'-'.join(names)}"
        return {
            "readers": names,
            "character_f1": self._value(f"{path}.character_f1", pair.characters),
            "exact_f1": self._value(f"{path}.exact_f1", pair.exact),
        }


def file_name(report: SessionReport, what: str, ending: str) -> str:
    """ASCII letters, digits and hyphens alone, whatever titles and tags hold."""
    parts = ["agreement", report.session.uid, report.article.article.slug if report.article else "", report.state, what]
    plain = (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:60] for part in parts)
    return f"{'-'.join(filter(None, plain))}.{ending}"
