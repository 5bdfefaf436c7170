"""The verbs on examples. Each is one transaction with one event on the codebook's channel. The words of an example stay
as they were taken, whatever becomes of the mark; where they may be read is decided in `codebook.examples`."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations.codebook.actions import check_right, lock_codebook
from annotations.codebook.examples import may_be_example
from annotations.codebook.words import plain
from annotations.models import Annotation, Example, Tag
from opslens.activity.record import record
from opslens.web.refusals import Conflict, Invalid, Missing

MOST = 600  # characters of words, and of a comment
NOT_ALL_SEE = (
    "Not everybody who reads this codebook may see the words of this mark, so they cannot stand in it. "
    "Public marks on public articles can, and those of a session once they are shown to all."
)


def _state(example: Example) -> dict[str, Any]:
    return {
        "tag": example.tag_id,
        "kind": example.kind,
        "words": example.words,
        "comment": example.comment,
        "deleted": example.deleted_at is not None,
    }


def _record(actor, verb: str, example: Example, before: dict[str, Any] | None) -> None:
    record(
        example.tag.codebook.channel,
        verb,
        actor=actor,
        subject=f"example:{example.pk}",
        before=before,
        after=_state(example),
    )


def _clean(text: str, name: str, *, needed: str = "") -> str:
    try:
        text = plain(text)
    except Invalid as invalid:
        raise Invalid(f"This {invalid}.", {name: f"This {invalid}."}) from None
    if needed and not text:
        raise Invalid(needed, {name: needed})
    if len(text) > MOST:
        message = f"At most {MOST} characters; these are {len(text)}."
        raise Invalid(message, {name: message})
    return text


def _kind(kind: str) -> str:
    if kind not in (Example.CLEAR, Example.HARD):
        raise Invalid("Choose a clear or a hard case.", {"kind": "Choose one."})
    return kind


def _locked(example_id: int) -> Example:
    codebook_id = Example.objects.filter(pk=example_id).values_list("tag__codebook_id", flat=True).first()
    if codebook_id is None:
        raise Missing("There is no such example.")
    codebook = lock_codebook(codebook_id)
    example = Example.objects.select_related("tag").get(pk=example_id)
    example.tag.codebook = codebook
    return example


def add_example(
    actor, tag: Tag, *, kind: str, words: str, comment: str = "", annotation: Annotation | None = None
) -> Example:
    """Let these words show what a tag means: typed by hand, or those of a mark. Adding the same again returns what is
    there. Raises Denied; Invalid, also for a mark that not all readers of the codebook may see."""
    with transaction.atomic():
        codebook = lock_codebook(tag.codebook_id)
        check_right(actor, codebook)
        tag = Tag.objects.get(pk=tag.pk)
        tag.codebook = codebook
        if annotation is not None and not may_be_example(annotation, codebook):
            raise Invalid(NOT_ALL_SEE, {"words": NOT_ALL_SEE})
        values = {
            "kind": _kind(kind),
            "words": _clean(words, "words", needed="Say which words it is about."),
            "comment": _clean(comment, "comment"),
        }
        there = Example.objects.filter(tag=tag, annotation=annotation, deleted_at=None, **values).first()
        if there is not None:
            return there
        example = Example.objects.create(tag=tag, annotation=annotation, added_by=actor, **values)
        _record(actor, "example-added", example, None)
    return example


def edit_example(actor, example_id: int, *, kind: str, comment: str, was: tuple[str, str]) -> Example:
    """Change what is said about an example. `was` are the kind and the comment that were edited. Raises Conflict when
    it has others by now, Invalid, Denied, Missing."""
    with transaction.atomic():
        example = _locked(example_id)
        check_right(actor, example.tag.codebook)
        if example.deleted_at is not None:
            raise Missing("This example was removed.")
        kind, comment = _kind(kind), _clean(comment, "comment")
        if (example.kind, example.comment) == (kind, comment):
            return example
        if (example.kind, example.comment) != was:
            raise Conflict("Somebody else has changed this example in the meantime.", current=example)
        before = _state(example)
        example.kind, example.comment = kind, comment
        example.save(update_fields=["kind", "comment"])
        _record(actor, "example-edited", example, before)
    return example


def remove_example(actor, example_id: int) -> Example:
    """Take an example out. Removing it again is not an error. Raises Denied, Missing."""
    return _set_removed(actor, example_id, True)


def restore_example(actor, example_id: int) -> Example:
    """Bring a removed example back. Doing it again is not an error. Raises Denied, Missing."""
    return _set_removed(actor, example_id, False)


def _set_removed(actor, example_id: int, gone: bool) -> Example:
    with transaction.atomic():
        example = _locked(example_id)
        check_right(actor, example.tag.codebook)
        if (example.deleted_at is not None) == gone:
            return example
        before = _state(example)
        example.deleted_at = timezone.now() if gone else None
        example.save(update_fields=["deleted_at"])
        _record(actor, "example-removed" if gone else "example-restored", example, before)
    return example
