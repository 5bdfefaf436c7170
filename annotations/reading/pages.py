"""The marked text of a revision for one viewer.

What a page shows is a function of the revision, the viewer, the filter, and the numbers of the last events of the
channels it draws on. Those numbers advance inside the transaction of every write, so that a page which is kept by
them, as the reading page's template does, is never stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from annotations.codebook.kept import Look, looks, tags_to_mark_with
from annotations.reading.cards import Group, groups_of
from annotations.reading.queries import Mark, as_spans, heat, marks_for, slot_order, tally
from annotations.reading.scope import OUTSIDE, Scope
from opslens.articles.documents import document_of
from opslens.models import Revision, User
from opslens.text.blocks import Document
from opslens.text.weaving import weave, wrap

GROUPS_AT_FIRST = 12
MOST_CARDS = 2_000  # on one page, for printing
BLOCKS_PER_RUN = 24
TABLE_PARTS = frozenset({"td", "th", "caption"})


_SHOWN_OF_ARTICLE = (
    *("current_id", "slug", "title", "kind", "publisher", "byline", "source_url"),
    *("language", "direction", "published_on"),
)


@dataclass(frozen=True, slots=True)
class Page:
    base: str  # the address under which its fragments are
    lead: SafeString
    body: SafeString
    tally: SafeString
    strip: SafeString
    cards: SafeString
    selection: SafeString
    total: int
    cards_until: int  # the last block whose cards are in `cards`
    every_card: bool
    may_show_every_card: bool
    authors: tuple[tuple[str, str], ...]  # (username, name) of everybody whose marks the viewer sees


def page_key(viewer, revision: Revision, scope: Scope = OUTSIDE, *, every_card: bool = False) -> tuple:
    """A value that is equal for two requests exactly when they show the same page. One query."""
    article = revision.article
    # What was read before the numbers is itself part of the key: with it, a write in between cannot hide.
    details = tuple(getattr(article, name) for name in _SHOWN_OF_ARTICLE)
    asked = scope.whose, scope.session_id, every_card
    return revision.pk, viewer.pk, asked, details, scope.state(viewer, article)


def page_for(viewer, revision: Revision, scope: Scope = OUTSIDE, *, every_card: bool = False) -> Page:
    """The marked text as this viewer sees it, made anew: with the first cards or, for printing, with every card of up
    to MOST_CARDS marks."""
    document = document_of(revision.pk)
    tags = looks()
    marks = marks_for(viewer, revision.pk, scope, tags)
    for number, mark in enumerate(marks, 1):
        mark.number = number
    every_card = every_card and len(marks) <= MOST_CARDS
    woven = weave(document, as_spans(marks), order=slot_order(tags))
    if scope.may_mark(viewer):
        woven = with_annotate_links(scope.base(revision), woven)
    authors = {mark.author_id for mark in marks}
    names = User.objects.filter(pk__in=authors).order_by("display_name", "username")
    groups = groups_of(viewer, marks, None) if every_card else groups_of(viewer, _first_groups(marks))
    return Page(
        base=scope.base(revision),
        lead=mark_safe(wrap(document, woven[: revision.lead_blocks])),
        body=mark_safe("".join(runs(document, woven, revision.lead_blocks))),
        tally=render_to_string(
            "reading/_tally.html", {"tally": tally(marks), "total": len(marks), "authors": len(authors)}
        ),
        strip=strip_html(document, heat(marks, len(document.text))),
        cards=groups_html(scope, revision, groups),
        selection=selection_html(viewer, revision, scope),
        total=len(marks),
        cards_until=groups[-1].block if len(groups) == GROUPS_AT_FIRST and not every_card else len(document.blocks) - 1,
        every_card=every_card
        or (all(not group.more for group in groups) and sum(len(g.cards) for g in groups) == len(marks)),
        may_show_every_card=len(marks) <= MOST_CARDS,
        authors=tuple((user.username, user.name) for user in names),
    )


def _first_groups(marks: list[Mark]) -> Iterator[Mark]:
    """The marks of the first blocks that have any; the cards of the others are fetched as they come into view."""
    seen, last = 0, -1
    for mark in marks:
        if mark.first_block != last:
            seen, last = seen + 1, mark.first_block
        if seen > GROUPS_AT_FIRST:
            return
        yield mark


def groups_html(scope: Scope, revision: Revision, groups: list[Group]) -> SafeString:
    """Card groups as list items for `#cards`."""
    base = scope.base(revision)
    query = "?" + urlencode({"whose": scope.whose})
    context = {"groups": groups, "list_url": f"{base}marks/{query}", "cards_url": f"{base}cards/{query}"}
    return render_to_string("reading/_groups.html", context)


def runs(document: Document, woven: list[str], first: int) -> list[str]:
    """Blocks from `first` on in sections of some two dozen, never cut inside a list, quotation or table. The browser
    skips the layout of sections that are out of sight."""
    parts: list[str] = []
    start = first
    for at in range(first + BLOCKS_PER_RUN, len(woven)):
        if at - start >= BLOCKS_PER_RUN and not document.blocks[at].path:
            parts.append(f'<section class="run">{wrap(document, woven[start:at], start)}</section>')
            start = at
    if start < len(woven):
        parts.append(f'<section class="run">{wrap(document, woven[start:], start)}</section>')
    return parts


def with_annotate_links(base: str, woven: list[str], first: int = 0) -> list[str]:
    """Each block with a link to the page on which it can be marked without a mouse and without JavaScript. The link
    is empty text-wise, so that a block's text stays the canonical one."""
    out = []
    for at, html in enumerate(woven, first):
        cut = html.rindex("</")
        out.append(f'{html[:cut]}<a class="an" href="{base}mark/{at}/" aria-label="Annotate"></a>{html[cut:]}')
    return out


def selection_html(viewer, revision: Revision, scope: Scope) -> SafeString:
    """The bar with which somebody who may mark here marks what is selected."""
    if not scope.may_mark(viewer):
        return mark_safe("")
    tags = tags_to_mark_with(scope.codebook_id)
    context = {"revision": revision, "scope": scope, "user": viewer, "tags": tags}
    return render_to_string("reading/_selection.html", context)


def strip_html(document: Document, bins) -> SafeString:
    """The heat strip: links to blocks, drawn as SVG because a strict CSP allows no style attributes."""
    rows = []
    for bar in bins:
        label = f"{bar.count} mark{'s' if bar.count != 1 else ''}" + (", contested" if bar.contested else "")
        extra = " contested" if bar.contested else ""
        rows.append(
            f'<a href="#b{bar.block}" class="d{bar.level}{extra}" aria-label="Paragraph {bar.block + 1}: {label}">'
            f'<title>{label}</title><rect x="0" y="{bar.y}" width="10" height="{bar.height}"></rect></a>'
        )
    return mark_safe("".join(rows))


def block_fragments(
    viewer, revision: Revision, scope: Scope, blocks: range, marks: list[Mark], tags: dict[int, Look]
) -> list[SafeString]:
    """Woven blocks, each marked to replace the element of its id on the page. `marks` are those that touch them."""
    document = document_of(revision.pk)
    woven = weave(document, as_spans(marks), blocks.start, blocks.stop - 1, order=slot_order(tags))
    if scope.may_mark(viewer):
        woven = with_annotate_links(scope.base(revision), woven, blocks.start)
    fragments = [html.replace(" ", ' hx-swap-oob="true" ', 1) for html in woven]
    # A parser drops parts of tables that follow other elements; a template of their own keeps them.
    return [
        mark_safe(f"<template>{html}</template>" if document.blocks[at].kind in TABLE_PARTS else html)
        for at, html in zip(blocks, fragments, strict=True)
    ]
