"""Verdicts and tags that are merged or split: nothing is lost, and nothing comes back that is no more."""

from __future__ import annotations

import re
import threading
import uuid
from functools import partial

import pytest
from django.db import connection
from django.urls import reverse

from annotations.editing.actions import choose_passage, edit_mark, mark_passage
from annotations.models import Annotation, AnnotationTag, Review, TeamSession
from annotations.review import actions
from annotations.review.cases import TAGS_CHANGED, Seen
from annotations.review.undoing import MovedOn, undo_last
from annotations.surgery.actions import merge, split
from annotations.surgery.actions import undo as undo_surgery
from annotations.surgery.selecting import Selection
from opslens.articles.documents import document_of
from opslens.web.refusals import Conflict, Missing
from tests.annotations.review.conftest import ASKED, CLAIM, GUESS, give_right
from tests.annotations.review.test_actions import state, tags_of
from tests.support.at_once import meanwhile
from tests.support.teams import move_on


@pytest.fixture
def staff(person):
    return person("staff", "Stan Staff", is_staff=True)


# Undo.


def test_undo_changes_no_tags_while_a_session_is_settled(revealed, owner, reviewer, annotator, seen):
    tag = {one.name: one.pk for one in revealed.codebook.tags.all()}
    first, second = Annotation.objects.filter(author=annotator, session=revealed).order_by("pk")
    actions.accept(reviewer, seen(second))
    actions.retag(reviewer, seen(first), [tag["opinion"]])
    move_on(owner, revealed, TeamSession.ADJUDICATING)
    with pytest.raises(MovedOn, match="being settled") as refused:
        undo_last(reviewer)
    assert tags_of(first) == ["opinion"]
    # Passed over, the one before it is taken back: it changes no tags.
    undo_last(reviewer, [refused.value.given])
    assert (state(second), tags_of(first)) == ("unreviewed", ["opinion"])


def test_undo_brings_back_what_a_tag_has_become(mark, annotator, site_reviewer, seen, tag, staff):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.retag(site_reviewer, seen(annotation), [tag("loaded").pk])
    merge(staff, tag("claim").pk, tag("opinion").pk)
    undo_last(site_reviewer)
    assert (tags_of(annotation), state(annotation)) == (["opinion"], "unreviewed")


def test_a_merge_stands_in_the_way_of_no_undo(mark, annotator, site_reviewer, seen, tag, staff):
    first, second = mark(annotator, CLAIM, "claim").annotation, mark(annotator, GUESS, "claim").annotation
    actions.accept(site_reviewer, seen(first))
    actions.retag(site_reviewer, seen(second), [tag("opinion").pk])
    merge(staff, tag("claim").pk, tag("opinion").pk)
    assert [undo_last(site_reviewer).case.annotation for _ in range(2)] == [second, first]
    assert [tags_of(one) for one in (first, second)] == [["opinion"]] * 2


def test_what_has_moved_on_is_said_once_and_passed_over(client_of, mark, annotator, site_reviewer, seen):
    marks = [mark(annotator, words, "claim").annotation for words in (CLAIM, ASKED, GUESS)]
    client = client_of(site_reviewer)
    actions.accept(site_reviewer, seen(marks[0]))
    actions.accept(site_reviewer, seen(marks[1]))
    edit_mark(annotator, marks[1].uid, 1, note="More.")
    answer = client.post("/review/undo/", {}, HTTP_HX_REQUEST="true")
    assert answer.status_code == 409
    assert "“Nobody asked the fishermen.” was changed after your verdict" in answer.content.decode()
    assert client.post("/review/undo/", {}, HTTP_HX_REQUEST="true").status_code == 200
    assert state(marks[0]) == "unreviewed"
    assert client.post("/review/undo/", {}).status_code == 404
    # One given after that is found first, as always.
    actions.reject(site_reviewer, seen(marks[2]), "No.")
    assert client.post("/review/undo/", {}).status_code == 302
    assert state(marks[2]) == "unreviewed"


def test_what_was_passed_over_is_taken_back_once_it_can_be(client_of, mark, annotator, site_reviewer, owner, seen):
    first, second = mark(annotator, CLAIM, "claim").annotation, mark(annotator, GUESS, "claim").annotation
    other, client = give_right(owner), client_of(site_reviewer)
    actions.accept(site_reviewer, seen(first))
    actions.accept(site_reviewer, seen(second))
    actions.reject(other, seen(second), "No.")
    assert client.post("/review/undo/", {}).status_code == 409
    undo_last(other)
    assert client.post("/review/undo/", {}).status_code == 302
    assert (state(first), state(second)) == ("accepted", "unreviewed")


def test_what_an_undo_of_many_left_is_not_tried_again(mark, annotator, site_reviewer, seen):
    marks = [mark(annotator, words, "claim").annotation for words in (CLAIM, ASKED, GUESS)]
    actions.accept(site_reviewer, seen(marks[0]))
    actions.review_many(site_reviewer, [seen(one) for one in marks[1:]], actions.REJECT, reason="No.")
    edit_mark(annotator, marks[1].uid, 1, note="More.")
    assert "1 that was changed since then stays as it is." in undo_last(site_reviewer).said
    assert undo_last(site_reviewer).case.annotation == marks[0]
    with pytest.raises(Missing):
        undo_last(site_reviewer)


def test_undo_finds_verdicts_of_an_account_that_was_merged(mark, annotator, site_reviewer, owner, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.accept(site_reviewer, seen(annotation))
    Review.objects.update(reviewer=owner)
    undo_last(give_right(owner))
    assert state(annotation) == "unreviewed"


# What was seen.


def test_a_verdict_is_about_the_tags_that_were_seen(client_of, mark, annotator, site_reviewer, seen, tag, staff):
    annotation = mark(annotator, CLAIM, "claim").annotation
    client, url = client_of(site_reviewer), reverse("review:decide", args=[annotation.uid])

    def form(act: str, **more) -> dict:
        html = client.get(f"/review/?state=all&mark={annotation.uid}").content.decode()
        shown = re.search(r'name="tags_shown" value="([^"]*)"', html)[1]
        mine = seen(annotation)
        return {"act": act, "version": mine.version, "review": mine.review, "tags_shown": shown, **more}

    forms = [form("retag", tags=[tag("claim").pk, tag("loaded").pk]), form("accept")]
    split(staff, tag("claim").pk, Selection(), target_id=tag("prediction").pk)
    for one in forms:
        answer = client.post(url, one)
        assert answer.status_code == 409
        assert "tags of this mark have been changed" in answer.content.decode()
    assert (tags_of(annotation), state(annotation)) == (["prediction"], "unreviewed")
    # A merge is no change: what was ticked is taken for what it has become.
    late = form("retag", tags=[tag("prediction").pk, tag("loaded").pk])
    merge(staff, tag("prediction").pk, tag("opinion").pk)
    assert client.post(url, late).status_code == 302
    assert tags_of(annotation) == ["loaded", "opinion"]


def test_many_verdicts_are_about_the_tags_that_were_seen(mark, annotator, site_reviewer, seen, tag, staff):
    first, second = mark(annotator, CLAIM, "claim").annotation, mark(annotator, GUESS, "loaded").annotation
    asked = [Seen.read(str(seen(one))) for one in (first, second)]
    split(staff, tag("claim").pk, Selection(), target_id=tag("prediction").pk)
    plan = actions.plan_many(site_reviewer, asked, actions.ACCEPT)
    assert [(case.annotation, why) for case, why in plan.left_out] == [(first, TAGS_CHANGED)]
    actions.review_many(site_reviewer, asked, actions.ACCEPT)
    assert (state(first), state(second)) == ("unreviewed", "accepted")
    # A merge is no change.
    asked = [Seen.read(str(seen(first)))]
    merge(staff, tag("prediction").pk, tag("opinion").pk)
    assert actions.review_many(site_reviewer, asked, actions.ACCEPT).changed
    assert [Seen.read(text) for text in ("a:1:0:x", "a:1:0:", "a:1:0:1:1", "a:1")] == [None] * 4


def test_many_get_the_tag_that_a_merged_one_became(client_of, mark, annotator, site_reviewer, seen, tag, staff):
    annotation = mark(annotator, CLAIM, "loaded").annotation
    merge(staff, tag("claim").pk, tag("opinion").pk)
    asked = {"act": "add-tag", "tag": tag("claim").pk, "mark": str(seen(annotation)), "queue": "order=newest"}
    preview = client_of(site_reviewer).post("/review/bulk/", asked).content.decode()
    assert "Add a tag and accept: opinion</h2>" in preview
    assert f'name="tag" value="{tag("opinion").pk}"' in preview
    actions.review_many(site_reviewer, [seen(annotation)], actions.ADD_TAG, tag=tag("claim").pk)
    assert tags_of(annotation) == ["loaded", "opinion"]


@pytest.mark.parametrize("path", ["/review/", "/review/list/"])
def test_a_queue_on_a_tag_that_was_merged_goes_on(client_of, mark, annotator, site_reviewer, tag, staff, path):
    annotation = mark(annotator, CLAIM, "claim").annotation
    mark(annotator, GUESS, "loaded")
    client, asked = client_of(site_reviewer), {"tag": tag("claim").pk, "order": "newest"}
    done = merge(staff, tag("claim").pk, tag("opinion").pk)
    page = client.get(path, asked)
    assert set(re.findall(r"mark=(\w+)\"", page.content.decode())) == {annotation.uid}
    assert "tagged <bdi>opinion</bdi>" in page.content.decode()
    assert re.findall(r'<option value="(\d+)" selected', page.content.decode()) == [str(tag("opinion").pk)]
    undo_surgery(staff, done.uid)
    assert "tagged <bdi>claim</bdi>" in client.get(path, asked).content.decode()


@pytest.mark.django_db(transaction=True)
def test_reviewers_retag_while_tags_are_merged(article, codebook, annotator, site_reviewer, owner, staff, seen):
    """No mark keeps a tag that is no more, and nobody waits for ever."""
    tag = {one.name: one.pk for one in codebook.tags.all()}
    words = "Nobody asked the fishermen."
    start = document_of(article.current_id).text.index(words)

    def review(person) -> None:
        passage = choose_passage(article.current_id, start, start + len(words), words)
        more = {"tags": [tag["prediction"]], "key": str(uuid.uuid4()), "visibility": "public"}
        mark = mark_passage(annotator, article.current, passage, **more).annotation
        actions.retag(person, seen(mark), [tag["claim"]])
        undo_last(person)
        actions.review_many(person, [seen(mark)], actions.ADD_TAG, tag=tag["claim"])

    def operate() -> None:
        for _ in range(4):
            undo_surgery(staff, merge(staff, tag["claim"], tag["opinion"]).uid)
        merge(staff, tag["claim"], tag["opinion"])

    assert meanwhile(operate, [partial(review, person) for person in (site_reviewer, give_right(owner))]) == []
    assert AnnotationTag.objects.filter(tag=tag["claim"]).count() == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("many", [False, True])
def test_a_tag_that_is_merged_in_this_moment_is_refused(
    many, mark, annotator, site_reviewer, seen, tag, staff, monkeypatch
):
    """Between looking at the tag and writing it, a whole merge."""
    annotation = mark(annotator, CLAIM, "loaded").annotation
    asked, claim = seen(annotation), tag("claim").pk
    set_tags = actions.set_tags

    def late(*arguments) -> None:
        def operate() -> None:
            merge(staff, claim, tag("opinion").pk)
            connection.close()

        thread = threading.Thread(target=operate)
        thread.start()
        thread.join(20)
        set_tags(*arguments)

    monkeypatch.setattr(actions, "set_tags", late)
    do = (
        partial(actions.review_many, site_reviewer, [asked], actions.ADD_TAG, tag=claim)
        if many
        else partial(actions.retag, site_reviewer, asked, [claim])
    )
    with pytest.raises(Conflict, match="just now"):
        do()
    assert (tags_of(annotation), state(annotation)) == (["loaded"], "unreviewed")
