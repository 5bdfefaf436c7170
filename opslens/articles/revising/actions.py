"""What is done to bring out a revision: a draft is kept, dropped, published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from opslens.activity.record import record
from opslens.articles.documents import document_of
from opslens.articles.loaders import Details
from opslens.articles.loaders.loaded import one_line
from opslens.articles.maps import map_between
from opslens.articles.permissions import may_change
from opslens.articles.preparing import Prepared, checked, prepare, stated_by
from opslens.articles.search.index import index_article
from opslens.articles.signals import revision_published
from opslens.models import Article, Draft, Revision
from opslens.text.canonical import digest
from opslens.text.direction import direction
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

LONGEST_NOTE = Revision._meta.get_field("note").max_length
_DENIED = "Only the person who imported this article, and staff, can publish a revision of it."
_SAME = "The text is the same, word for word, as that of the current revision, so there is nothing to publish."


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft with what it would become: its text, its headline, and whether anything in the text is new."""

    draft: Draft
    prepared: Prepared
    headline: str
    is_new: bool


def keep_draft(
    viewer,
    article: Article,
    *,
    base: Revision,
    name: str = "",
    data: bytes,
    format: str = "",
    title: str = "",
    note: str = "",
    source_date: date | None = None,
) -> Draft:
    """Keep what the viewer has prepared as the next revision; it takes the place of an earlier draft of theirs.

    A draft is a person's own sheet of paper: it makes no event, and nobody else sees it. Raises Denied, Invalid or
    TooLarge, and then the earlier draft stands.
    """
    if not may_change(viewer, article):
        raise Denied(_DENIED)
    checked(Details(title=title))
    note = one_line(note)
    if len(note) > LONGEST_NOTE:
        message = f"At most {LONGEST_NOTE} characters, please; these are {len(note)}."
        raise Invalid(message, {"note": message})
    prepared = _prepared(article, name, data, format)
    with transaction.atomic():
        draft, _ = Draft.objects.update_or_create(
            author=viewer,
            article=article,
            defaults={
                "base": base,
                "title": one_line(title),
                "source": data,
                "source_name": prepared.source_name,
                "source_format": prepared.format,
                "note": note,
                "source_date": source_date,
            },
        )
    return draft


def _prepared(article: Article, name: str, data: bytes, format: str) -> Prepared:
    # The language is a detail of the article, which a revision does not change.
    return prepare(name, data, format or None, stated=Details(language=article.language))


def draft_of(viewer, article: Article) -> Draft | None:
    return Draft.objects.filter(author_id=viewer.pk, article=article).select_related("base").first()


def proposal_of(draft: Draft, article: Article) -> Proposal:
    """What this draft would become. Raises Invalid or TooLarge when the site's rules have changed since it was kept."""
    prepared = _prepared(article, draft.source_name, bytes(draft.source), draft.source_format)
    headline = draft.title or headline_of(prepared, article, draft.base)
    return Proposal(draft, prepared, headline, prepared.digest != digest(document_of(article.current_id).text))


def headline_of(prepared: Prepared, article: Article, base: Revision) -> str:
    """The headline over a new text: as its source has it where that is another than the source of `base` had, else as
    it was. A title that a person gave to the article stays while the sources agree."""
    if not prepared.has_title:
        return article.title
    before = stated_by(base.source_name, bytes(base.source), base.source_format)
    return article.title if prepared.details.title == before.title else prepared.details.title


def drop_draft(viewer, article: Article) -> None:
    """Throw the viewer's draft away. That there is none is not an error."""
    Draft.objects.filter(author_id=viewer.pk, article=article).delete()


def publish_draft(viewer, article: Article, *, base: int, seen: str) -> Revision:
    """Publish the viewer's draft as the revision that follows number `base`. `seen` is the `version_of` the draft that
    was previewed. Raises Missing when there is no draft, Conflict when it was changed since or somebody else has
    published, and what `publish_revision` raises; the draft is kept then."""
    draft = draft_of(viewer, article)
    if draft is None:
        raise Missing("There is no draft of yours to publish. It may be published already.")
    if version_of(draft) != seen:
        raise Conflict("You have changed this draft in another window. This is how it is now.", draft)
    proposal = proposal_of(draft, article)
    map_between(document_of(article.current_id).text, proposal.prepared.document.text)
    with transaction.atomic():
        revision = publish_revision(
            viewer,
            article,
            proposal.prepared,
            base=base,
            title=proposal.headline,
            note=draft.note,
            source_date=draft.source_date,
        )
        # Not one that was kept meanwhile: that is another text.
        Draft.objects.filter(pk=draft.pk, updated_at=draft.updated_at).delete()
    return revision


def version_of(draft: Draft) -> str:
    """Stands for a draft as it is now."""
    return draft.updated_at.isoformat()


def revise_article(
    viewer,
    article: Article,
    *,
    name: str,
    data: bytes,
    format: str = "",
    title: str = "",
    note: str = "",
    source_date: date | None = None,
) -> Revision:
    """Publish a document as the next revision at once, without a draft. Raises what `keep_draft` and
    `publish_revision` raise."""
    checked(Details(title=title))
    prepared = _prepared(article, name, data, format)
    current = article.current
    headline = one_line(title) or headline_of(prepared, article, current)
    return publish_revision(
        viewer, article, prepared, base=current.number, title=headline, note=note, source_date=source_date
    )


def publish_revision(
    viewer,
    article: Article,
    prepared: Prepared,
    *,
    base: int,
    title: str,
    note: str = "",
    source_date: date | None = None,
) -> Revision:
    """Publish `prepared` as the revision that follows number `base` and is read from now on.

    `viewer` None stands for the operator of the site at the command line. Whoever listens to `revision_published`
    takes part in the transaction. Raises Denied, Missing; Invalid for a text that is the same; Conflict, with the
    current revision, when somebody else has published in the meantime.
    """
    if viewer is not None and not may_change(viewer, article):
        raise Denied(_DENIED)
    # The map of both texts takes longer than all that is written: it is worked out before anybody has to wait.
    map_between(document_of(article.current_id).text, prepared.document.text)
    with transaction.atomic():
        article = (
            Article.objects.select_for_update(of=("self",), no_key=True).filter(pk=article.pk, deleted_at=None).first()
        )
        if article is None:
            raise Missing("This article is not here any more.")
        previous = article.current
        if previous.number != base:
            raise Conflict(
                f"Revision {previous.number} was published in the meantime. Look at yours beside it first.", previous
            )
        if prepared.digest == previous.digest:
            raise Invalid(_SAME)
        revision = prepared.revision(
            article=article,
            number=previous.number + 1,
            title=title,
            note=one_line(note, LONGEST_NOTE),
            source_date=source_date,
            created_by=viewer,
        )
        revision.save()
        # A title can be corrected while a text is read; the text keeps the last one.
        Revision.objects.filter(pk=previous.pk).update(title=article.title)
        before = _state(previous, article.title)
        article.current = revision
        article.title = title
        article.direction = direction(article.language, revision.text)
        article.save(update_fields=["current", "title", "direction"])
        index_article(article, revision.text)
        # Before the marks are read: from here on, on every database, who makes one waits for this transaction and then
        # sees the new revision.
        record(
            article.channel,
            "revision-published",
            actor=viewer,
            subject=f"article:{article.pk}",
            before=before,
            after=_state(revision, title) | {"note": revision.note},
        )
        revision_published.send(sender=Revision, revision=revision, document=prepared.document, previous=previous)
    return revision


def _state(revision: Revision, title: str) -> dict:
    return {
        "revision": revision.pk,
        "number": revision.number,
        "title": title,
        "digest": revision.digest,
        "source_name": revision.source_name,
        "source_format": revision.source_format,
        "source_encoding": revision.source_encoding,
    }
