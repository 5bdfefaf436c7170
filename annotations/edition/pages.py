"""What the pages of an edition show, worked out when a template asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from annotations.codebook.kept import Look, all_tags, looks
from annotations.edition.linked_data import article_data, data_block
from annotations.edition.making import Making, making_of
from annotations.edition.settled import Settled, settled_in
from annotations.models import SessionArticle
from annotations.reading.pages import runs, strip_html
from annotations.reading.queries import as_spans, heat, slot_order, tally
from opslens.articles.documents import document_of
from opslens.text.reading_time import minutes_to_read
from opslens.text.weaving import weave, wrap

MOST_FILTERS = 12
# The text's own "<" are escaped, so these are the ids that weaving gave and nothing else.
_IDS = re.compile(r'<mark id="m([a-z0-9]+)"([^>]*)>|<i id="m([a-z0-9]+)"></i>')


def tags_asked_for(asked: Iterable[str], codebook_id: int) -> tuple[int, ...]:
    """Ids of the tags of a codebook that are named in a query, by name or id, in codebook order; what names none is
    passed over."""
    words = {word.strip().casefold() for word in list(asked)[:MOST_FILTERS]}
    return tuple(
        pk
        for pk, tag in (all_tags().items() if words else ())
        if tag.codebook_id == codebook_id and (str(pk) in words or tag.name.casefold() in words)
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """A tag to show alone, or together with others: how many settled marks carry it, and where following it leads."""

    look: Look
    count: int
    is_on: bool
    query: str


@dataclass(slots=True)
class Group:
    """The settled marks that begin in one block."""

    block: int
    marks: list[Settled]


class ArticlePage:
    """One article of an edition, narrowed to marks with one of the `chosen` tags when there are any. `url` is its
    absolute address."""

    def __init__(self, here: SessionArticle, chosen: Sequence[int], url: str) -> None:
        self.here, self.chosen, self.url = here, tuple(chosen), url
        self.article, self.revision, self.session = here.article, here.revision, here.session

    @cached_property
    def _looks(self) -> dict[int, Look]:
        return looks()

    @cached_property
    def _all(self) -> list[Settled]:
        return settled_in([self.here], self._looks)[self.here.pk]

    @cached_property
    def settled(self) -> list[Settled]:
        """Everything that stands, whatever is chosen."""
        return [one for one in self._all if one.accepted]

    @cached_property
    def rejected(self) -> list[Settled]:
        return [one for one in self._all if not one.accepted]

    @cached_property
    def shown(self) -> list[Settled]:
        """What stands and carries a chosen tag, numbered."""
        chosen = set(self.chosen)
        shown = [one for one in self.settled if not chosen or chosen & {look.pk for look in one.looks}]
        for number, one in enumerate(shown, 1):
            one.number = number
        return shown

    @cached_property
    def groups(self) -> list[Group]:
        groups: list[Group] = []
        for one in self.shown:
            if not groups or groups[-1].block != one.first_block:
                groups.append(Group(one.first_block, []))
            groups[-1].marks.append(one)
        return groups

    @cached_property
    def filters(self) -> list[Filter]:
        return [
            Filter(look, count, look.pk in self.chosen, _query(set(self.chosen) ^ {look.pk}, self._looks))
            for look, count in tally(self.settled)
        ]

    @cached_property
    def making(self) -> Making:
        return making_of(self.session, [self.here], self._all)

    @cached_property
    def _woven(self) -> list[str]:
        marks = as_spans(one.as_mark(self.revision.pk) for one in self.shown)
        woven = weave(document_of(self.revision.pk), marks, order=slot_order(self._looks))
        return [_IDS.sub(_with_public_id, html) for html in woven]

    @property
    def lead(self) -> SafeString:
        return mark_safe(wrap(document_of(self.revision.pk), self._woven[: self.revision.lead_blocks]))

    @property
    def body(self) -> SafeString:
        return mark_safe("".join(runs(document_of(self.revision.pk), self._woven, self.revision.lead_blocks)))

    @property
    def strip(self) -> SafeString:
        document = document_of(self.revision.pk)
        return strip_html(document, heat([one.as_mark(self.revision.pk) for one in self.shown], len(document.text)))

    @property
    def last_block(self) -> int:
        return len(document_of(self.revision.pk).blocks) - 1

    @property
    def minutes(self) -> str:
        low, high = minutes_to_read(self.revision.word_count)
        return f"{low}–{high} min" if high > low else f"{low} min"

    @property
    def edition_url(self) -> str:
        return reverse("edition:edition", args=[self.session.uid])

    @property
    def path(self) -> str:
        return reverse("edition:article", args=[self.session.uid, self.article.slug])

    @cached_property
    def description(self) -> str:
        """A line for search engines and for those who are sent a link."""
        names = ", ".join(one.look.name for one in self.filters)
        many = f"{len(self.settled)} passage{'' if len(self.settled) == 1 else 's'} settled"
        readers = self.making.readers
        by = f"Read closely by {readers} reader{'' if readers == 1 else 's'}" if readers else "Read closely"
        return f"{by}: {many}{f' as {names}' if names else ''}."

    @property
    def data(self) -> SafeString:
        return data_block(article_data(self.here, self.settled, self.url))


def _with_public_id(found: re.Match) -> str:
    """Cards and scripts know a passage by its weaving id; its public address is `#d…`."""
    uid = found[1] or found[3]
    return f'{found[0]}<i id="d{uid}"></i>'


def _query(tags: Iterable[int], known: dict[int, Look]) -> str:
    names = [known[pk].name for pk in sorted(tags, key=lambda pk: known[pk].order)]
    return f"?{urlencode({'tag': names}, doseq=True)}" if names else "."


@dataclass(frozen=True, slots=True)
class Row:
    """An article in the list of those of an edition."""

    here: SessionArticle
    url: str
    tally: list[tuple[Look, int]]
    settled: int
    rejected: int


class EditionPage:
    """The articles of one edition that this viewer may read."""

    def __init__(self, articles: list[SessionArticle], url: str) -> None:
        self.articles, self.url, self.session = articles, url, articles[0].session

    @cached_property
    def _found(self) -> dict[int, list[Settled]]:
        return settled_in(self.articles)

    @cached_property
    def rows(self) -> list[Row]:
        return [self._row(here) for here in self.articles]

    def _row(self, here: SessionArticle) -> Row:
        found = self._found[here.pk]
        settled = [one for one in found if one.accepted]
        url = reverse("edition:article", args=[self.session.uid, here.article.slug])
        return Row(here, url, tally(settled), len(settled), len(found) - len(settled))

    @cached_property
    def making(self) -> Making:
        return making_of(self.session, self.articles, [one for found in self._found.values() for one in found])

    @property
    def description(self) -> str:
        return self.making.words
