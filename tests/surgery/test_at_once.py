"""Tags are merged while readers mark: nobody waits for ever, and no mark keeps a tag that is no more."""

from __future__ import annotations

import uuid
from functools import partial

import pytest

from annotations.editing.actions import choose_passage, edit_mark, mark_passage
from annotations.models import Annotation, AnnotationTag, Surgery
from annotations.surgery.actions import WIN, merge, undo
from opslens.articles.documents import document_of
from tests.support.at_once import meanwhile
from tests.surgery.conftest import tags_on

ROUNDS = 4


@pytest.mark.django_db(transaction=True)
def test_readers_mark_while_tags_are_merged(transactional_db, codebook, staff, article, person):
    tag = {one.name: one for one in codebook.tags.select_related("group")}
    words = "Nobody asked the fishermen."
    start = document_of(article.current_id).text.index(words)

    def read(reader) -> None:
        # Tags of an exclusive group on both sides, so that one gives way to the other.
        passage = choose_passage(article.current_id, start, start + len(words), words)
        ids = [tag["claim"].pk, tag["unsourced"].pk]
        made = mark_passage(reader, article.current, passage, tags=ids, key=str(uuid.uuid4())).annotation
        edit_mark(reader, made.uid, 1, tags=[tag["sourced"].pk])
        edit_mark(reader, made.uid, 2, tags=[tag["claim"].pk, tag["sourced"].pk])

    def operate() -> None:
        for _ in range(ROUNDS):
            undo(staff, merge(staff, tag["claim"].pk, tag["unsourced"].pk, clash=WIN).uid)
        merge(staff, tag["claim"].pk, tag["unsourced"].pk, clash=WIN)

    assert meanwhile(operate, [partial(read, person(f"reader{number}")) for number in range(3)]) == []
    assert Surgery.objects.count() == ROUNDS + 1
    marks = list(Annotation.objects.all())
    assert marks
    assert AnnotationTag.objects.filter(tag=tag["claim"]).count() == 0
    assert all(tags <= {"unsourced", "sourced"} and len(tags) <= 1 for tags in tags_on(marks))
