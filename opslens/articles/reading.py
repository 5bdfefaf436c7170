"""The reading page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from opslens.articles.documents import document_of
from opslens.articles.revisions import revision_for
from opslens.models import ReadingPosition, Revision
from opslens.models.prepared import prepare
from opslens.templatetags.kept import render_kept
from opslens.text.reading_time import minutes_to_read
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Invalid

_left_at = prepare(
    lambda reader, revision: ReadingPosition.objects.filter(reader_id=reader, revision_id=revision).values_list(
        "block", "offset"
    ),
    2_000_000_021,
    2_000_000_023,
)


def _number_of(revision_id: int) -> int:
    return Revision.objects.values_list("number", flat=True).get(pk=revision_id)


@allow(everyone)
@require_GET
def read(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """The article with its marks. Marks come in through template tags of the annotations app."""
    return reading_page(request, revision_for(request.user, slug, number))


def reading_page(request: HttpRequest, revision: Revision, **more: Any) -> HttpResponse:
    """The page of a revision that the viewer may read; `more` goes into the template's context."""
    low, high = minutes_to_read(revision.word_count)
    is_current = revision.article.current_id == revision.pk
    left_at = ""
    if request.user.is_authenticated:
        for block, offset in _left_at(request.user.pk, revision.pk):
            left_at = format_html('data-block="{}" data-offset="{}"', block, offset)
    return render_kept(
        request,
        "articles/read.html",
        {
            "article": revision.article,
            "revision": revision,
            "minutes": f"{low}–{high} min" if high > low else f"{low} min",
            "left_at": left_at,
            "headline": revision.headline,
            "is_current": is_current,
            "current_number": revision.number if is_current else _number_of(revision.article.current_id),
            "articles": [revision.article],
            **more,
        },
    )


@allow(signed_in)
@require_POST
def position(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Remember the block at the top of the reader's window, and how far into it, in code points."""
    revision = revision_for(request.user, slug, number)
    try:
        block, offset = int(request.POST["block"]), int(request.POST.get("offset", 0))
    except (KeyError, ValueError):
        raise Invalid("A position is a block number and an offset in it.") from None
    blocks = document_of(revision.pk).blocks
    if not 0 <= block < len(blocks) or not 0 <= offset <= blocks[block].end - blocks[block].start:
        raise Invalid("This position is not in the article.")
    ReadingPosition.objects.update_or_create(
        reader_id=request.user.pk, revision_id=revision.pk, defaults={"block": block, "offset": offset}
    )
    return HttpResponse(status=204)
