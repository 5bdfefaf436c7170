"""Examples of tags: passages that show what a tag means, and hard cases with what was decided about them."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotations.models import Annotation, Codebook, Example, Tag, TeamSession
from annotations.models.team import hidden

MOST_AT_CURSOR = 160  # characters of a hard case in the bar


def shown_to(viewer, codebook: Codebook) -> QuerySet[Example]:
    """The examples of this codebook that this viewer may read, who may read the codebook."""
    return open_to(viewer).filter(tag__codebook=codebook, deleted_at=None)


def open_to(viewer) -> QuerySet[Example]:
    """The examples whose words this viewer may read in the codebooks that they may read, removed ones among them.

    Words come from marks that everybody who reads the codebook could see when they were taken. What has since been
    hidden is hidden here, too: articles that are not public or in the trash, sessions that went back to marking
    blind."""
    there = Q(annotation__article__deleted_at=None)
    public = Q(annotation__article__is_public=True)
    there &= public | Q(tag__codebook__is_default=False) if viewer.is_authenticated else public
    again = Annotation.objects.filter(pk=OuterRef("annotation_id"), session__in=TeamSession.objects.filter(hidden()))
    return Example.objects.filter(Q(annotation=None) | (there & ~Exists(again)))


def may_be_example(annotation: Annotation, codebook: Codebook) -> bool:
    """Whether everybody who reads this codebook may see the words of this mark."""
    if annotation.session_id is None:
        seen = Annotation.objects.outside_sessions(AnonymousUser())
        return codebook.is_default and seen.filter(pk=annotation.pk).exists()
    session = annotation.session
    return annotation.deleted_at is None and session.codebook_id == codebook.pk and session.shows_marks


def with_hard_cases(tags) -> QuerySet:
    """`tags`, each saying whether it has a hard case, in the same query: `has_hard_case`. What the case says depends on
    who asks and when, so it is asked for where it is shown (`newest_hard_case`)."""
    cases = Example.objects.filter(tag=OuterRef("pk"), kind=Example.HARD, deleted_at=None)
    return tags.annotate(has_hard_case=Exists(cases))


def newest_hard_case(viewer, tag: Tag) -> Example | None:
    """The newest hard case of a tag that this viewer may read now, who may read its codebook."""
    cases = shown_to(viewer, tag.codebook).filter(tag=tag, kind=Example.HARD)
    return cases.order_by("-created_at", "-pk").first()


def in_short(words: str, comment: str) -> str:
    """A hard case on one line, for the bar at the cursor."""
    said = f" {comment}" if comment else ""
    words = " ".join(words.split())
    left = max(MOST_AT_CURSOR - len(said), 40)
    return f"“{words if len(words) <= left else words[: left - 1].rstrip() + '…'}”{said}"[: 2 * MOST_AT_CURSOR]
