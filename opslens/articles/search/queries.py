"""Asking: a person's words in, articles and marked snippets out.

No input is an error, and none reaches the database as syntax.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import regex
from django.db import connection
from django.db.models import Case, F, IntegerField, Min, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Substr
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from opslens.articles.search.folding import words_of
from opslens.articles.search.index import TITLE
from opslens.models import Article, SearchPassage

LONGEST_QUERY = 200  # code points; what is beyond is not looked at
MOST_TERMS = 10
SNIPPET = 260  # code points
_BEFORE_HIT = 70

_QUOTED = regex.compile(r"[\"“”„«»]([^\"“”„«»]*)[\"“”„«»]|[^\s\"“”„«»]+|[\"“”„«»]")


@dataclass(frozen=True, slots=True)
class Term:
    """Folded words that must follow one another; with `prefix` the last one may go on."""

    words: tuple[str, ...]
    prefix: bool = False


def terms_of(query: str) -> list[Term]:
    """The terms of a query: words, and phrases in quotation marks. The last word, if not in quotation marks and not
    followed by a space, is one that the reader may still be typing."""
    query = query[:LONGEST_QUERY]
    terms: dict[Term, None] = {}
    for match in _QUOTED.finditer(query):
        quoted = match[1] is not None
        words = tuple(word for word, _start, _end in words_of(match[1] if quoted else match[0]))
        if words:
            terms[Term(words, prefix=not quoted and match.end() == len(query))] = None
    return list(terms)[:MOST_TERMS]


def find(articles: QuerySet[Article], terms: list[Term]) -> QuerySet[Article]:
    """Those of `articles` in which every term occurs, annotated with `title_hit`.

    That is 1 where title, publisher and byline together have all terms, else 0.
    """
    for term in terms:
        articles = articles.filter(pk__in=_articles_with(_match(term)))
    title = When(pk__in=_articles_with(_all(terms), only_titles=True), then=Value(1))
    return articles.annotate(title_hit=Case(title, default=Value(0), output_field=IntegerField()))


def snippets(articles: Iterable[Article], terms: list[Term]) -> dict[int, SafeString]:
    """By article id, the first stretch of the text that has all terms, or else one of them, with the hits marked."""
    ids = [article.pk for article in articles]
    places: dict[int, int] = {}
    for match in (_all(terms), _any(terms)):
        hits = SearchPassage.objects.filter(article_id__in=ids, number__gt=TITLE, pk__in=_passages_with(match))
        for article_id, number in hits.values_list("article_id").annotate(Min("number")):
            places.setdefault(article_id, number)
    if not places:
        return {}
    chosen = Q()
    for article_id, number in places.items():
        chosen |= Q(article_id=article_id, number=number)
    pieces = SearchPassage.objects.filter(chosen).values_list(
        "article_id", Substr("article__current__text", F("start") + 1, F("length"))
    )
    return {article_id: snippet(piece, terms) for article_id, piece in pieces}


def snippet(text: str, terms: list[Term]) -> SafeString:
    """About SNIPPET code points of `text` around the first hit, escaped, each hit in `<mark class="hit">`."""
    found = hits(text, terms)
    first = found[0][0] if found else 0
    line = text.rfind("\n", 0, first) + 1
    start = max(first - _BEFORE_HIT, line)
    if start > line:
        space = text.find(" ", start, first)
        start = space + 1 if space != -1 else start
    end = min(start + SNIPPET, len(text))
    if end < len(text):
        space = text.rfind(" ", start + SNIPPET // 2, end)
        end = space if space != -1 else end
    inside = [(max(a, start), min(b, end)) for a, b in found if a < end and b > start]
    marked = _marked(text, inside, start, end)
    opening, closing = "… " if start > line else "", " …" if end < len(text) else ""
    return mark_safe(f"{opening}{marked}{closing}")


def highlighted(text: str, terms: list[Term]) -> SafeString:
    """The whole of `text`, escaped, each hit in `<mark class="hit">`."""
    return _marked(text, hits(text, terms), 0, len(text))


def hits(text: str, terms: list[Term]) -> list[tuple[int, int]]:
    """Where the terms stand in `text`, in order and without overlaps; half-open, in code points."""
    words = list(words_of(text))
    found: list[tuple[int, int]] = []
    place = 0
    while place < len(words):
        reach = max((_reach(words, place, term) for term in terms), default=0)
        if reach:
            found.append((words[place][1], words[place + reach - 1][2]))
        place += reach or 1
    return found


def _reach(words: list[tuple[str, int, int]], place: int, term: Term) -> int:
    """How many words from `place` on are this term: all of its words, or 0."""
    count = len(term.words)
    if place + count > len(words):
        return 0
    last = words[place + count - 1][0]
    if not (last.startswith(term.words[-1]) if term.prefix else last == term.words[-1]):
        return 0
    return count if all(words[place + i][0] == term.words[i] for i in range(count - 1)) else 0


def _marked(text: str, found: list[tuple[int, int]], start: int, end: int) -> SafeString:
    parts: list[str] = []
    for first, last in found:
        parts += (escape(text[start:first]), '<mark class="hit">', escape(text[first:last]), "</mark>")
        start = last
    parts.append(escape(text[start:end]))
    return mark_safe("".join(parts))


# How each database is asked. Folded words are nothing but letters, marks, digits and pictographs, and quoted besides.

_INDEXED = {
    "sqlite": "id IN (SELECT rowid FROM opslens_search WHERE opslens_search MATCH %s)",
    "postgresql": "vector @@ %s::tsquery",
}


def _match(term: Term) -> str:
    if connection.vendor == "postgresql":
        quoted = ["'" + word.replace("\\", "\\\\").replace("'", "''") + "'" for word in term.words]
        return " <-> ".join(quoted) + (":*" if term.prefix else "")
    phrase = " ".join(term.words).replace('"', '""')
    return f'"{phrase}"' + (" *" if term.prefix else "")


def _all(terms: list[Term]) -> str:
    return _joined(terms, {"sqlite": " AND ", "postgresql": " & "})


def _any(terms: list[Term]) -> str:
    return _joined(terms, {"sqlite": " OR ", "postgresql": " | "})


def _joined(terms: list[Term], words: dict[str, str]) -> str:
    return words[connection.vendor].join(f"({_match(term)})" for term in terms)


def _articles_with(match: str, *, only_titles: bool = False) -> RawSQL:
    titles = f" AND number = {TITLE}" if only_titles else ""
    return RawSQL(f"SELECT article_id FROM opslens_searchpassage WHERE {_INDEXED[connection.vendor]}{titles}", [match])


def _passages_with(match: str) -> RawSQL:
    return RawSQL(f"SELECT id FROM opslens_searchpassage WHERE {_INDEXED[connection.vendor]}", [match])
