"""What became of marks since the reveal."""

from __future__ import annotations

import re

import pytest

from annotations.discussion.changes import State, compare
from annotations.editing.actions import choose_passage, delete_mark, edit_mark
from annotations.models import Member, TeamSession
from annotations.teams.people.actions import add_member
from opslens.articles.documents import document_of
from tests.annotations.discussion.conftest import CASE, CLAIM, FISHERMEN, GUESS, words_of
from tests.support.teams import finish_all, mark_in, move_on, start_session

REVEALED = TeamSession.REVEALED


def plain(uid: str, start=0, end=5, tags=(1,), note=""):
    return {"uid": uid, "start": start, "end": end, "tags": list(tags), "note": note}


@pytest.mark.parametrize(
    ("then", "now", "kind", "parts"),
    [
        (plain("a", tags=(1, 2)), plain("a", tags=(2, 1)), "kept", ()),
        (plain("a"), plain("a", tags=(2,)), "changed", ("tags",)),
        (plain("a"), plain("a", end=6), "changed", ("extent",)),
        (plain("a"), plain("a", note="New."), "changed", ("note",)),
        (plain("a"), plain("a", 1, 6, (), "New."), "changed", ("tags", "extent", "note")),
        (plain("a"), None, "deleted", ()),
        (None, plain("a"), "added", ()),
    ],
)
def test_every_kind_of_change_is_told(then, now, kind, parts):
    (change,) = compare([then] if then else [], [now] if now else [])
    assert (change.kind, change.parts) == (kind, parts)
    assert change.then == (State.of(then) if then else None)
    assert change.now == (State.of(now) if now else None)


def test_changes_come_in_the_order_of_the_text():
    then = [plain("late", 50, 60), plain("gone", 20, 30)]
    now = [plain("late", 5, 60), plain("new", 20, 40)]
    assert [change.uid for change in compare(then, now)] == ["late", "new", "gone"]


@pytest.fixture
def changed(session, article, owner, annotator, second_annotator):
    """After the reveal the annotator changed two marks, deleted one, made one, and left one as it was."""
    kept = mark_in(session, annotator, article, CLAIM, "claim", note="Stays.")
    tagged = mark_in(session, annotator, article, FISHERMEN, "claim", note="Who <b>asked</b>?")
    moved = mark_in(session, annotator, article, "That is a", "opinion")
    deleted = mark_in(session, annotator, article, CASE, "loaded", note="Gone.")
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, REVEALED)
    opinion = session.codebook.tags.get(name="opinion").pk
    edit_mark(annotator, tagged.uid, tagged.version, tags=[opinion], note="Nobody <b>asked</b>.")
    revision = session.articles.get().revision_id
    at = document_of(revision).text.index(GUESS)
    edit_mark(annotator, moved.uid, moved.version, passage=choose_passage(revision, at, at + len(GUESS), GUESS))
    delete_mark(annotator, deleted.uid)
    mark_in(session, annotator, article, "cranes cost money", "claim")
    return session, kept


def changes_in(answer) -> list[str]:
    html = answer.content.decode()
    return [words_of(item) for item in re.findall(r'<li class="change .*?</li>', html, re.DOTALL)]


def test_a_reader_sees_what_became_of_their_marks(client_of, changed, annotator, talk_url):
    session, _ = changed
    answer = client_of(annotator).get(talk_url(session, "mine/"))
    assert ("Since the reveal 4 marks have changed : 2 edited, 1 deleted, 1 added. 1 stands as it was.") in words_of(
        answer.content.decode()
    )
    tags, added, moved, deleted = changes_in(answer)
    assert tags.startswith(f"Changed: tags and note {FISHERMEN} taken off: − claim put on: + opinion Note then")
    assert "&lt;b&gt;" in tags
    assert added == "Added cranes cost money claim"
    assert moved == f"Changed: words Then That is a Now {GUESS} opinion"
    assert deleted == f"Deleted {CASE} loaded Gone."


def test_what_stands_as_it_was_is_shown_on_request(client_of, changed, annotator, talk_url):
    session, kept = changed
    answer = client_of(annotator).get(talk_url(session, "mine/"), {"kept": "yes"})
    assert changes_in(answer)[0] == f"As it was {CLAIM} claim Stays."
    assert f"#m{kept.uid}" in answer.content.decode()


def test_a_reader_who_changed_nothing_is_told_so(client_of, changed, second_annotator, talk_url):
    session, _ = changed
    answer = client_of(second_annotator).get(talk_url(session, "mine/"))
    assert "There were no marks at the reveal, and there are none now." in words_of(answer.content.decode())


def test_those_who_oversee_see_how_much_everybody_changed_and_what(client_of, changed, owner, reviewer, talk_url):
    session, _ = changed
    for person in (owner, reviewer):
        client = client_of(person)
        text = words_of(client.get(talk_url(session, "mine/")).content.decode())
        assert "Anna Annotator 1 2 1 1" in text
        assert "Sem Second 0 0 0 0" in text
        answer = client.get(talk_url(session, "mine/"), {"reader": "annotator"})
        assert len(changes_in(answer)) == 4
        assert client.get(talk_url(session, "mine/"), {"reader": "nobody"}).status_code == 404


def test_nobody_else_looks_back_at_a_reader(client_of, changed, owner, annotator, second_annotator, person, talk_url):
    session, _ = changed
    observer = person("observer")
    add_member(owner, session.pk, username="observer", role=Member.OBSERVER)
    url = talk_url(session, "mine/")
    assert client_of(second_annotator).get(url, {"reader": "annotator"}).status_code == 403
    assert client_of(annotator).get(url, {"reader": "annotator"}).status_code == 200
    assert client_of(observer).get(url, {"reader": "annotator"}).status_code == 403
    assert client_of(observer).get(url).status_code == 404
    assert "Every reader" not in client_of(annotator).get(url).content.decode()


def test_a_session_that_was_never_revealed_says_when_there_will_be_something_to_see(
    client_of, owner, annotator, article, talk_url
):
    session = start_session(owner, article, annotators=[annotator], is_blind=False)
    answer = client_of(annotator).get(talk_url(session, "mine/"))
    assert "Everybody sees every mark in this session from the beginning." in answer.content.decode()


def test_a_tag_that_is_no_longer_there_is_named_so(client_of, changed, annotator, talk_url):
    session, _ = changed
    work = session.articles.get().assignments.get(member__user=annotator)
    work.at_reveal["marks"][-1]["tags"] = [987654]
    work.save()
    assert changes_in(client_of(annotator).get(talk_url(session, "mine/")))[3] == (
        f"Deleted {CASE} a tag that is no longer there Gone."
    )


def test_many_changes_come_in_pages(client_of, session, article, owner, annotator, talk_url, monkeypatch):
    monkeypatch.setattr("annotations.discussion.views.CHANGES_SHOWN", 2)
    move_on(owner, session, REVEALED)
    for words in (CLAIM, FISHERMEN, GUESS, CASE):
        mark_in(session, annotator, article, words, "claim")
    client, url = client_of(annotator), talk_url(session, "mine/")
    first = client.get(url)
    onward = re.search(r'href="(\?[^"]*after=[^"]*)"', first.content.decode())[1].replace("&amp;", "&")
    second = client.get(url + onward)
    seen = [*changes_in(first), *changes_in(second)]
    assert seen == [f"Added {words} claim" for words in (CLAIM, FISHERMEN, GUESS, CASE)]
    assert 'rel="next"' not in second.content.decode()
    assert client.get(url, {"after": "nonsense\x00"}).status_code == 404


MINE_QUERIES, OVERSEER_QUERIES = 13, 13


@pytest.mark.parametrize("marks", [1, 3])
def test_the_page_takes_as_many_queries_for_one_change_as_for_three(
    client_of, session, article, owner, annotator, talk_url, django_assert_num_queries, marks
):
    move_on(owner, session, REVEALED)
    for words in (CLAIM, FISHERMEN, GUESS)[:marks]:
        mark_in(session, annotator, article, words, "claim")
    own, overseer = client_of(annotator), client_of(owner)
    own.get("/")
    with django_assert_num_queries(MINE_QUERIES):
        own.get(talk_url(session, "mine/"))
    with django_assert_num_queries(OVERSEER_QUERIES):
        overseer.get(talk_url(session, "mine/"), {"reader": "annotator"})
