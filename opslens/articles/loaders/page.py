"""What a web page says about itself outside of its text: meta elements, Open Graph and JSON-LD."""

from __future__ import annotations

import json
from collections.abc import Iterator

from opslens.articles.loaders.loaded import Details, date_of, language_tag, one_line
from opslens.articles.loaders.markup import Piece, text_of

_KINDS = {
    "opinionnewsarticle": "opinion",
    "analysisnewsarticle": "analysis",
    "reviewnewsarticle": "review",
    "backgroundnewsarticle": "background",
    "newsarticle": "news report",
    "reportagenewsarticle": "news report",
    "blogposting": "blog post",
    "scholarlyarticle": "paper",
}
_ARTICLES = {*_KINDS, "article", "report", "techarticle", "socialmediaposting"}
_MOST_OBJECTS = 500


def details_of(pieces: list[Piece]) -> Details:
    """The details that a page states; each from the first place that has it. Nothing here is trusted to be markup."""
    meta, html_language, title, canonical, data = _scan(pieces)
    article = _article(data)
    site = one_line(meta.get("og:site_name") or _name(article.get("publisher")) or meta.get("application-name", ""))
    stated = article.get("headline")
    url = next((u for u in (canonical, meta.get("og:url", "")) if u.lower().startswith(("http://", "https://"))), "")
    dates = (
        meta.get("article:published_time", ""),
        _string(article.get("datePublished")),
        *(meta.get(name, "") for name in ("date", "dc.date", "dcterms.date", "pubdate", "citation_publication_date")),
    )
    languages = (html_language, meta.get("content-language", "").split(",")[0], meta.get("og:locale", ""))
    return Details(
        title=one_line(_string(stated) or meta.get("og:title", "") or _without_site(title, site)),
        publisher=site,
        byline=_byline(meta, article),
        source_url=url.strip(),
        language=next((tag for language in languages if (tag := language_tag(language))), ""),
        kind=next((_KINDS[t] for t in _types(article) if t in _KINDS), ""),
        published_on=next((found for value in dates if (found := date_of(value.replace("/", "-")))), None),
    )


def _scan(pieces: list[Piece]) -> tuple[dict[str, str], str, str, str, list[object]]:
    meta: dict[str, str] = {}
    language = title = canonical = ""
    data: list[object] = []
    for place, piece in enumerate(pieces):
        if piece.closing or piece.name not in ("meta", "html", "title", "link", "script"):
            continue
        attributes = piece.attributes
        if piece.name == "meta":
            name = attributes.get("property") or attributes.get("name") or attributes.get("http-equiv") or ""
            meta.setdefault(name.strip().lower(), attributes.get("content", "").strip())
        elif piece.name == "html":
            language = language or attributes.get("lang", "")
        elif piece.name == "link" and "canonical" in attributes.get("rel", "").lower().split():
            canonical = canonical or attributes.get("href", "")
        elif piece.name == "title" and not title:
            title = text_of(pieces[place + 1 : place + 2])
        elif piece.name == "script" and attributes.get("type", "").strip().lower() == "application/ld+json":
            data.append(_json(pieces[place + 1].source if place + 1 < len(pieces) else ""))
    return meta, language, title, canonical, data


def _json(source: str) -> object:
    try:
        return json.loads(source)
    except (ValueError, RecursionError):
        return None


def _article(data: list[object]) -> dict:
    """The first object of JSON-LD that is about an article."""
    return next((found for found in _objects(data) if _ARTICLES.intersection(_types(found))), {})


def _objects(data: list[object]) -> Iterator[dict]:
    """Objects, those in lists and those in `@graph`, breadth first, up to a limit."""
    waiting, place = list(data), 0
    while place < len(waiting) and place < _MOST_OBJECTS:
        found = waiting[place]
        place += 1
        if isinstance(found, dict):
            yield found
            waiting.append(found.get("@graph"))
        elif isinstance(found, list):
            waiting.extend(found[:_MOST_OBJECTS])


def _types(found: dict) -> list[str]:
    kinds = found.get("@type")
    return [kind.lower() for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]


def _byline(meta: dict[str, str], article: dict) -> str:
    stated = [meta.get("author", ""), _names(article.get("author")), meta.get("article:author", "")]
    return next((one_line(name) for name in stated if name and "://" not in name), "")


def _names(people: object) -> str:
    listed = people if isinstance(people, list) else [people]
    return ", ".join(name for person in listed[:20] if (name := _name(person)))


def _name(thing: object) -> str:
    return _string(thing.get("name")) if isinstance(thing, dict) else _string(thing)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _without_site(title: str, site: str) -> str:
    """A page's title without the name of its site at the end: "Headline | The Courier"."""
    for separator in (" | ", " – ", " — ", " - ", " · ", " :: "):
        head, found, tail = title.rpartition(separator)
        if found and head and site and tail.casefold().strip() == site.casefold():
            return head
    return title
