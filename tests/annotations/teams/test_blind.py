"""While marks are hidden, nothing that an annotator can ask for tells that another's mark exists.

Every address of the program is asked for, with every method, before and after another reader has marked, edited,
deleted, finished and asked. Answers must be the same bytes, and cost the same number of queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, reset_queries, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.editing.actions import delete_mark, edit_mark
from annotations.models import Annotation, Assignment, Example, Invitation, Member, TeamSession
from annotations.teams.people.actions import invite, remove_member, token_of
from annotations.teams.progress.actions import ask, finish, note
from opslens.checks import url_patterns
from opslens.models import Article
from tests.support.teams import mark_in, seat_of, settled

CLAIM, OPINION, GUESS = "The council passed the levy on Monday.", "Nobody asked the fishermen.", "That is a guess."
UNKNOWN = "z" * 10
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Filters, orders and ranges in which something about others could show, by a part of the address.
QUERIES = {
    "/read/": ("whose=second", "whose=all&cards=all&after=0-0", "from=0&to=9"),
    "/history": ("who=second", "what=marks"),
    "/talk/": ("tag=opinion&reader=second",),
    "/usage": ("article=levy",),
    "/insights": ("article=the-harbour-levy",),
    "/review/": ("state=all&order=contested", "flagged=1&reader=second"),
    "": ("q=fishermen&tag=opinion",),
}
# Signing in and out would end the walk, and says nothing about marks.
LEFT_OUT = ("account/", "static/")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    queries: int


PARTS = [field.name for field in fields(Answer)]


def addresses(session: TeamSession, article: Article, **known: Any) -> Iterator[str]:
    """Every address of the program, with what the test knows put in. Fails for a parameter that it does not know, so
    that a new page cannot be forgotten here."""
    own = known["own"]
    values: dict[str, Any] = {
        "session": session.uid,
        "slug": article.slug,
        "number": 1,
        "offset": 5,
        "block": 1,
        "uid": own,
        "user": known["other"].pk,
        "question": 1,
        "reply": 1,
        "token": "x",
        "book": session.codebook_id,
        "group": session.codebook.groups.first().pk,
        "pk": session.codebook.tags.get(name="claim").pk,
        "old": 1,
        "new": 2,
        "decision": own,
        "name": "claim",
        "reader": known["other"].pk,
    }
    for route, _, apps in url_patterns():
        if "admin" in apps or route.startswith(LEFT_OUT):
            continue
        yield "/" + _PARAMETER.sub(lambda match: str(values[match[1]]), route)


def walk(client: Client, paths: list[str], *, every_method: bool = False) -> dict[str, Answer]:
    """The answers to all of them, each asked for as if nothing had been asked before. Views name the methods they take
    before they look at anything, so that those which nobody takes are asked for in one test alone."""
    answers = {}
    for path in paths:
        answers[f"GET {path}"] = ask_for(client.get, path)
        # Of an address that is refused as it is, refusals with more in it are the same.
        queries = [query for part, listed in QUERIES.items() if part in path for query in listed]
        for query in queries if answers[f"GET {path}"].status in (200, 422) else ():
            answers[f"GET {path}?{query}"] = ask_for(client.get, f"{path}?{query}")
        answers[f"GET {path} htmx"] = ask_for(client.get, path, HTTP_HX_REQUEST="true")
        answers[f"POST {path}"] = ask_for(client.post, path)
        answers[f"POST {path} htmx"] = ask_for(client.post, path, {"version": "1"}, HTTP_HX_REQUEST="true")
        if every_method:
            answers[f"HEAD {path}"] = ask_for(client.head, path)
            answers[f"DELETE {path}"] = ask_for(client.delete, path)
    return answers


def ask_for(method: Any, path: str, *arguments: Any, **more: Any) -> Answer:
    reset_queries()  # the log is not endless
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        response = method(path, *arguments, **more)
        streamed = getattr(response, "streaming_content", None)
        body = b"".join(streamed) if streamed is not None else response.content
        transaction.set_rollback(True)
    headers = tuple(sorted((name, value) for name, value in response.items() if name not in ("Set-Cookie",)))
    return Answer(response.status_code, headers, settled(body), len(queries))


def differences(before: dict[str, Answer], after: dict[str, Answer]) -> list[str]:
    """What was asked for and answered otherwise, and in what."""
    assert before.keys() == after.keys()
    return [
        f"{name}: {', '.join(part for part in PARTS if getattr(answer, part) != getattr(after[name], part))}"
        for name, answer in before.items()
        if answer != after[name]
    ]


@pytest.fixture
def own(session, article, annotator) -> Annotation:
    ask(annotator, seat_of(annotator, session), "Is this mine?")
    return mark_in(session, annotator, article, CLAIM, "claim", note="My note.")


@pytest.fixture
def paths(session, article, own, second_annotator) -> list[str]:
    return list(addresses(session, article, own=own.uid, other=second_annotator))


def works(session: TeamSession, article: Article, other: Any) -> None:
    """What another reader may do in a session."""
    here = session.articles.get()
    first = mark_in(session, other, article, OPINION, "opinion", note="Says who?")
    second = mark_in(session, other, article, CLAIM, "claim", "unsourced")
    edit_mark(other, first.uid, first.version, note="Changed.")
    delete_mark(other, mark_in(session, other, article, GUESS, "claim").uid)
    note(other, seat_of(other, session), here, "Weak on sources.")
    ask(other, seat_of(other, session), "What is a claim?")
    finish(other, seat_of(other, session), here)
    assert Annotation.objects.filter(pk__in=[first.pk, second.pk], deleted_at=None).count() == 2


def test_no_address_tells_an_annotator_of_anothers_marks(
    client_of, session, article, own, paths, annotator, second_annotator
):
    client = client_of(annotator)
    # A case of the codebook, made of another's mark before the session went back to marking blind.
    case = mark_in(session, second_annotator, article, GUESS, "claim")
    words = {"words": "A guess like any.", "comment": "Settled so."}
    Example.objects.create(tag=case.taggings.get().tag, annotation=case, kind=Example.HARD, **words)
    walk(client, [path for path in paths if "/read/" in path])  # what a process keeps is kept
    before = walk(client, paths, every_method=True)
    said = [name for name, answer in before.items() for word in words.values() if word.encode() in answer.body]
    assert said == []
    works(session, article, second_annotator)
    assert differences(before, walk(client, paths, every_method=True)) == []


def test_the_walk_notices_a_mark_that_is_shown(client_of, session, article, own, paths, annotator, second_annotator):
    """The test above can fail: in an open session the same walk finds the same marks in many places."""
    TeamSession.objects.filter(pk=session.pk).update(is_blind=False)
    client, few = client_of(annotator), [path for path in paths if "/read/" in path and path.startswith("/team/")]
    before = walk(client, few)
    works(session, article, second_annotator)
    assert len(differences(before, walk(client, few))) > 10


def test_anothers_mark_answers_as_one_that_is_not_there(
    client_of, session, article, own, annotator, second_annotator, outsider
):
    hidden = mark_in(session, second_annotator, article, OPINION, "opinion").uid
    for reader in (annotator, outsider):
        client = client_of(reader)
        paths = list(addresses(session, article, own=hidden, other=second_annotator))
        there = walk(client, [path for path in paths if hidden in path])
        nowhere = walk(client, [path.replace(hidden, UNKNOWN) for path in paths if hidden in path])
        assert [
            name
            for (name, answer), other in zip(there.items(), nowhere.values(), strict=True)
            if (answer.status, answer.body.replace(hidden.encode(), UNKNOWN.encode())) != (other.status, other.body)
        ] == []


def test_an_owner_who_reads_along_learns_as_little_of_marks(
    client_of, session, article, own, paths, owner, second_annotator
):
    """Progress they see, so the other reader has begun and is not done before and after."""
    Member.objects.filter(session=session, user=owner).update(reads=True)
    Assignment.objects.filter(member__user=second_annotator).update(state=Assignment.READING)
    client = client_of(owner)
    paths = [path for path in paths if session.uid in path or path.startswith(("/codebook/", "/team/"))]
    walk(client, paths)
    before = walk(client, paths)
    first = mark_in(session, second_annotator, article, OPINION, "opinion", note="Says who?")
    edit_mark(second_annotator, first.uid, first.version, note="Changed.")
    mark_in(session, second_annotator, article, CLAIM, "claim", "unsourced")
    assert differences(before, walk(client, paths)) == []


def test_observers_learn_as_little(client_of, session, article, own, paths, owner, person, second_annotator):
    from annotations.teams.people.actions import add_member

    observer = person("watching")
    add_member(owner, session.pk, username="watching", role=Member.OBSERVER)
    client, paths = client_of(observer), [path for path in paths if session.uid in path]
    walk(client, paths)
    before = walk(client, paths)
    works(session, article, second_annotator)
    assert differences(before, walk(client, paths)) == []


@pytest.mark.parametrize("who", ["outsider", "visitor", "removed", "with an expired invitation"])
def test_to_others_a_session_is_not_there(
    client_of, session, article, own, paths, owner, annotator, second_annotator, outsider, who
):
    """Nothing changes with what happens in it, and nothing distinguishes it from a session that is none."""
    reader: Any = AnonymousUser() if who == "visitor" else outsider
    if who == "removed":
        remove_member(owner, session.pk, annotator.pk)
        reader = annotator
    if who == "with an expired invitation":
        invitation = invite(owner, session.pk, role=Member.ANNOTATOR, uses=5, days=1)
        Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())
        assert client_of(reader).post(reverse("teams:join", args=[token_of(invitation)])).status_code == 404
    client = Client() if who == "visitor" else client_of(reader)
    of_session = [path for path in paths if path.startswith("/team/") and session.uid in path]
    before = walk(client, of_session)
    works(session, article, second_annotator)
    assert differences(before, walk(client, of_session)) == []
    nowhere = walk(client, [path.replace(session.uid, UNKNOWN) for path in of_session])
    for (name, answer), other in zip(before.items(), nowhere.values(), strict=True):
        assert answer.status == other.status, name
        assert answer.status in (302, 404, 405) or "HX-Redirect" in dict(answer.headers), name
        assert answer.body.replace(session.uid.encode(), UNKNOWN.encode()) == other.body, name
        assert answer.queries == other.queries, name


def test_progress_of_others_is_shown_to_those_who_oversee(client_of, session, article, owner, annotator, reviewer):
    finish(annotator, seat_of(annotator, session), session.articles.get())
    assert Assignment.objects.get(member__user=annotator).state == Assignment.DONE
    for overseer in (owner, reviewer):
        assert "1 of 1" in client_of(overseer).get(session.get_absolute_url()).content.decode()
    assert "1 of 1" not in client_of(annotator).get(session.get_absolute_url()).content.decode()
