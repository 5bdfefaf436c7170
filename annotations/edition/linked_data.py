"""An article of an edition as schema.org describes such things, for programs that read pages."""

from __future__ import annotations

import json
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from annotations.edition.settled import Settled
from annotations.models import SessionArticle

# In a script element nothing may look like markup; U+2028 and U+2029 end lines in old scripts.
_ESCAPES = {ord(sign): f"\\u{ord(sign):04X}" for sign in "<>&\u2028\u2029"}


def article_data(here: SessionArticle, settled: list[Settled], url: str) -> dict[str, Any]:
    """The article with its settled marks as comments; `url` is the absolute address of its page in the edition."""
    article, revision = here.article, here.revision
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "@id": url,
        "url": url,
        "headline": revision.headline,
        "inLanguage": article.language,
        "wordCount": revision.word_count,
        "isPartOf": {"@type": "Collection", "name": here.session.name, "url": url.rsplit("/", 2)[0] + "/"},
    }
    if article.published_on:
        data["datePublished"] = article.published_on.isoformat()
    if article.byline:
        data["author"] = {"@type": "Person", "name": article.byline}
    if article.publisher:
        data["publisher"] = {"@type": "Organization", "name": article.publisher}
    if article.source_url:
        data["isBasedOn"] = article.source_url
    data["commentCount"] = len(settled)
    data["comment"] = [_comment(one, article.language, url) for one in settled]
    return data


def _comment(one: Settled, language: str, url: str) -> dict[str, Any]:
    votes = [f"{share.look.name}: {share.words}" for share in one.shares if share.of]
    return {
        "@type": "Comment",
        "@id": f"{url}#d{one.uid}",
        "url": f"{url}#d{one.uid}",
        "name": one.tag_names,
        "keywords": [look.name for look in one.looks],
        "text": " ".join(said.removesuffix(".") + "." for said in (*votes, one.dissent, one.reason) if said),
        "about": {"@type": "Quotation", "text": one.words, "inLanguage": language},
    }


def data_block(data: dict[str, Any]) -> SafeString:
    """The data as a script element that no browser runs, and from which nothing gets out."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')
