"""Fragments of the reading page, and the plain list of all its marks. Everything starts from the viewer."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotations.codebook.kept import looks
from annotations.reading.cards import CARDS_IN_A_GROUP, cards_of, groups_of
from annotations.reading.pages import block_fragments, groups_html, page_for
from annotations.reading.queries import marks_for, read_marks, visible_marks
from annotations.reading.scope import scope_of
from opslens.articles.documents import document_of
from opslens.articles.revisions import revision_for
from opslens.web.policy import allow, everyone
from opslens.web.refusals import Invalid

MOST_BLOCKS = 200  # in one request for cards or blocks
LIST_PAGE = 100  # marks on one page of the plain list


def _block_range(request: HttpRequest, number_of_blocks: int) -> range:
    try:
        first, last = int(request.GET["from"]), int(request.GET["to"])
    except (KeyError, ValueError):
        raise Invalid("A range of blocks needs two numbers, from and to.") from None
    if not 0 <= first <= last:
        raise Invalid("A range of blocks runs forwards from 0.")
    return range(min(first, number_of_blocks), min(last, first + MOST_BLOCKS - 1, number_of_blocks - 1) + 1)


@allow(everyone)
@require_GET
def cards(request: HttpRequest, slug: str, number: int, session: str = "") -> HttpResponse:
    """Card groups of the blocks in a range, in document order; with `all=yes` every card of one block."""
    scope, revision = scope_of(request, session), revision_for(request.user, slug, number)
    wanted = _block_range(request, len(document_of(revision.pk).blocks))
    marks = marks_for(request.user, revision.pk, scope, looks(), blocks=wanted)
    starting = [mark for mark in marks if mark.first_block >= wanted.start]
    before = visible_marks(request.user, revision.pk, scope, before=wanted.start).count()
    for mark_number, mark in enumerate(starting, before + 1):
        mark.number = mark_number
    limit = None if request.GET.get("all") == "yes" and len(wanted) == 1 else CARDS_IN_A_GROUP
    groups = groups_of(request.user, starting, limit)
    return HttpResponse(groups_html(scope, revision, groups))


@allow(everyone)
@require_GET
def at(request: HttpRequest, slug: str, number: int, offset: int, session: str = "") -> HttpResponse:
    """The cards of what lies under one position (code points), shortest passage first."""
    scope, revision = scope_of(request, session), revision_for(request.user, slug, number)
    document = document_of(revision.pk)
    if offset >= len(document.text):
        raise Invalid("This position is not in the article.")
    block = document.block_at(offset).ordinal
    only = range(block, block + 1)
    marks = visible_marks(request.user, revision.pk, scope, blocks=only, over=offset)
    here = read_marks(marks, looks())
    here.sort(key=lambda mark: (mark.end - mark.start, mark.start))
    return render(request, "reading/_here.html", {"cards": cards_of(request.user, here), "offset": offset})


@allow(everyone)
@require_GET
def blocks(request: HttpRequest, slug: str, number: int, session: str = "") -> HttpResponse:
    """Woven blocks of a range, each to replace the one on the page."""
    scope, revision = scope_of(request, session), revision_for(request.user, slug, number)
    wanted = _block_range(request, len(document_of(revision.pk).blocks))
    if not wanted:
        return HttpResponse("")
    tags = looks()
    marks = marks_for(request.user, revision.pk, scope, tags, blocks=wanted)
    return HttpResponse("".join(block_fragments(request.user, revision, scope, wanted, marks, tags)))


@allow(everyone)
@require_GET
def summary(request: HttpRequest, slug: str, number: int, session: str = "") -> HttpResponse:
    """The counts by tag and, out of band, the heat strip."""
    scope, revision = scope_of(request, session), revision_for(request.user, slug, number)
    page = page_for(request.user, revision, scope)
    return render(request, "reading/_summary.html", {"page": page})


@allow(everyone)
@require_GET
def marks(request: HttpRequest, slug: str, number: int, session: str = "") -> HttpResponse:
    """All marks as a plain list in document order, a page at a time."""
    scope, revision = scope_of(request, session), revision_for(request.user, slug, number)
    found = visible_marks(request.user, revision.pk, scope)
    after = request.GET.get("after", "")
    if after and not after.isascii():
        raise Invalid("This page of the list does not exist.")
    start, _, pk = after.partition("-")
    rows = found
    if after:
        try:
            since, skip = int(start), int(pk)
        except ValueError:
            raise Invalid("This page of the list does not exist.") from None
        if not 0 <= since < 2**31 or not 0 <= skip < 2**31:
            raise Invalid("This page of the list does not exist.")
        rows = visible_marks(request.user, revision.pk, scope, since=since)
    else:
        skip = 0
    # Keyset on the start, then an offset among the marks that start at the very same place.
    ordered = rows.order_by("anchors__start", "-anchors__end", "uid")
    ids = list(ordered.values_list("pk", "anchors__start")[skip : skip + LIST_PAGE + 1])
    page_ids = [pk for pk, _ in ids[:LIST_PAGE]]
    shown = read_marks(found.filter(pk__in=page_ids), looks())
    onward = ""
    if len(ids) > LIST_PAGE:
        at_start = ids[LIST_PAGE - 1][1]
        same = sum(1 for _, s in ids[:LIST_PAGE] if s == at_start)
        onward = f"{at_start}-{same + (skip if after and int(start) == at_start else 0)}"
    return render(
        request,
        "reading/marks.html",
        {
            "article": revision.article,
            "revision": revision,
            "cards": cards_of(request.user, shown),
            "onward": onward,
            "first_page": not after,
            "total": found.aggregate(n=Count("pk"))["n"],
            "scope": scope,
            "base": scope.base(revision),
        },
    )
