"""The codebook or tag for this viewer, or a refusal: one that is not for them looks exactly like one that is not."""

from __future__ import annotations

from annotations.codebook.queries import current_codebook
from annotations.models import Codebook, Tag
from annotations.permissions import may_edit_codebook, may_read_codebook
from opslens.web.refusals import Denied, Missing


def book_for(viewer, pk: int | None) -> Codebook:
    """The site's codebook, or that of a session. Raises Missing when it is not for this viewer."""
    if pk is None:
        return current_codebook()
    book = Codebook.objects.filter(pk=pk).first() if pk < 2**62 else None
    if book is None or not may_read_codebook(viewer, book):
        raise Missing("There is no such codebook, or it is not open to you.")
    return book


def book_to_edit(viewer, pk: int | None) -> Codebook:
    """Raises Missing, Denied."""
    book = book_for(viewer, pk)
    if not may_edit_codebook(viewer, book):
        raise Denied("Only those who look after the codebook can change it.")
    return book


def tag_for(viewer, pk: int) -> Tag:
    tag = Tag.objects.select_related("group", "codebook", "merged_into").filter(pk=pk).first() if pk < 2**62 else None
    if tag is None or not may_read_codebook(viewer, tag.codebook):
        raise Missing("There is no such tag.")
    return tag


def tag_to_edit(viewer, pk: int) -> Tag:
    """Raises Missing, Denied."""
    tag = tag_for(viewer, pk)
    if not may_edit_codebook(viewer, tag.codebook):
        raise Denied("Only those who look after the codebook can change it.")
    return tag
