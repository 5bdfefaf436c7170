"""Readers mark while a revision is published: no mark is missed by the new revision, and none is lost."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import replace
from functools import partial

import pytest

from annotations.demo import ensure_codebook
from annotations.editing.actions import choose_passage, edit_mark, mark_passage
from annotations.models import Anchor, Annotation
from opslens.articles.actions import details_digest, details_of, edit_details, import_article
from opslens.articles.revising.actions import revise_article
from opslens.models import Article, Event, Revision
from opslens.web.refusals import Conflict
from tests.support.at_once import together

BODY = "The lamp went out on {}.\n\nNobody had a candle. The keeper was asleep.\n\nShips wait."
WORDS = ["Nobody had a candle.", "The keeper was asleep.", "Ships wait.", "The lamp went out"]


@pytest.mark.django_db(transaction=True)
def test_no_mark_falls_between_two_revisions(person):
    ensure_codebook()
    owner = person("keeper")
    readers = [person(f"reader{number}") for number in range(3)]
    article = import_article(owner, name="", data=("Lamps\n\n" + BODY.format("Monday")).encode()).article
    first = Revision.objects.select_related("article").get(article=article, number=1)

    def mark_on_the_first(reader) -> None:
        for number in range(12):
            words = WORDS[number % len(WORDS)]
            start = first.text.index(words)
            passage = choose_passage(first.pk, start, start + len(words), words)
            made = mark_passage(reader, first, passage, key=str(uuid.uuid4())).annotation
            if number % 3 == 0:
                shorter = choose_passage(first.pk, start, start + 4, words[:4])
                edit_mark(reader, made.uid, 1, passage=shorter)

    def publish() -> None:
        for day in ("Tuesday", "Wednesday", "Thursday", "Friday"):
            article.refresh_from_db()
            revise_article(owner, article, name="", data=("Lamps\n\n" + BODY.format(day)).encode())

    def change_details() -> None:
        for number in range(12):
            here = Article.objects.get(pk=article.pk)
            details = replace(details_of(here), byline=f"Edition {number}")
            with contextlib.suppress(Conflict):  # somebody published in between, and the title may be another
                edit_details(owner, here, details=details, is_public=True, seen=details_digest(here))

    assert together(*(partial(mark_on_the_first, reader) for reader in readers), publish, change_details) == []
    assert (Annotation.objects.count(), Revision.objects.filter(article=article).count()) == (36, 5)
    anchors = {(anchor.annotation_id, anchor.revision_id): anchor for anchor in Anchor.objects.all()}
    assert len(anchors) == 36 * 5, "every mark says of every revision where it stands there"
    for revision in Revision.objects.filter(article=article):
        for annotation in Annotation.objects.all():
            anchor = anchors[annotation.pk, revision.pk]
            assert anchor.state == "exact"
            assert revision.text[anchor.start : anchor.end] == annotation.quote
    numbers = list(
        Event.objects.filter(channel__name=article.channel).order_by("number").values_list("number", flat=True)
    )
    assert numbers == list(range(1, len(numbers) + 1))
