"""Who may do what, at every address: role × address and method × state of what it is about.

What is expected stands as a table in `tests/cases/permissions.txt`: an address that is not in it fails the test, as
does an answer that is another one. After a change that is meant, write it anew and read what has become different:

    WRITE_PERMISSIONS=1 python -m pytest tests/annotations/test_permissions.py && git diff tests/cases
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from annotations.models import TeamSession
from opslens.checks import url_patterns
from tests.support.teams import finish_all, mark_in, move_on, start_session

TABLE = Path(__file__).parents[1] / "cases" / "permissions.txt"
ROLES = ("visitor", "stranger", "author", "reader", "reviewer", "owner", "staff")
OUTSIDE = ("private", "public", "in the trash")
IN_SESSION = ("blind", "revealed", "adjudicating", "published", "archived")
WORDS = "The council passed the levy on Monday."
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Signing out ends the walk, and streams last as long as somebody listens.
LEFT_OUT = ("account/sign-out/", "account/demo/", "static/")
# What most forms ask for, so that rights are what is left to refuse.
FORM = {
    **dict.fromkeys(("reason", "text", "note", "answer"), "Because."),
    "version": "1",
    "seen": "0",
    "slot": "2",
    "on": "no",
    "direction": "up",
    "act": "accept",
    "review": "0",
    "outcome": "upheld",
}


def _code(response: HttpResponse) -> str:
    """o: done, or told what is missing in the form; i: sign in first; 3, 4: refused; c: not as things stand."""
    if response.status_code in (302, 204) and "/account/sign-in/" in response.get("Location", ""):
        return "i"
    return {403: "3", 404: "4", 409: "c"}.get(response.status_code, "o")


def _concerns(state: str, route: str) -> bool:
    names = set(_PARAMETER.findall(route))
    if state in IN_SESSION:
        return bool(names & {"session", "uid", "book", "pk", "group"})
    return "session" not in names and (state == "public" or "uid" in names)


def _methods(client: Client, path: str) -> Iterator[str]:
    # A view names its methods before it looks at anything else, and none takes OPTIONS.
    refused = client.options(path)
    assert refused.status_code == 405, path
    for method in ("GET", "POST"):
        if method in refused["Allow"]:
            yield method.lower()


@pytest.fixture
def cast(owner, annotator, second_annotator, reviewer, outsider, person) -> dict[str, Any]:
    right = Permission.objects.get(codename="review_annotation")
    reviewer.user_permissions.add(right)
    staff = person("staff", "Stella Staff", is_staff=True, is_superuser=True)
    people = (None, outsider, annotator, second_annotator, reviewer, owner, staff)
    return dict(zip(ROLES, people, strict=True))


@pytest.fixture
def world(cast, article, mark, codebook) -> Any:
    """`world(state)`: what an address has for its parameters when the mark it is about is in this state."""

    def make(state: str) -> dict[str, Any]:
        author, book = cast["author"], codebook
        session = None
        if state in IN_SESSION:
            session = start_session(
                cast["owner"], article, annotators=[author, cast["reader"]], reviewers=[cast["reviewer"]]
            )
            marked = mark_in(session, author, article, WORDS, "claim")
            if state != "blind":
                finish_all(session, author, cast["reader"])
                session = move_on(cast["owner"], session, {"revealed": TeamSession.REVEALED}.get(state, state))
            book = session.codebook
        else:
            marked = mark(author, WORDS, "claim", visibility="public" if state == "public" else "private").annotation
            if state == "in the trash":
                from annotations.editing.actions import delete_mark

                delete_mark(author, marked.uid)
        tag = book.tags.get(name="claim")
        number = dict.fromkeys(("number", "offset", "block", "question", "reply", "old", "new"), 1)
        return number | {
            "slug": article.slug,
            "session": session.uid if session else "",
            "uid": marked.uid,
            "decision": marked.uid,
            "user": cast["reader"].pk,
            "reader": cast["reader"].pk,
            "username": author.username,
            "name": "claim",
            "token": "x",
            "book": book.pk,
            "group": tag.group_id,
            "pk": tag.pk,
            "form": {"revision": str(article.current_id)},
        }

    return make


def _walk(state: str, cast: dict[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what, codes in the order of ROLES) for every address that is about something in this state."""
    clients = {}
    for role, user in cast.items():
        clients[role] = Client()
        if user is not None:
            clients[role].force_login(user, backend="opslens.accounts.backends.AccountBackend")
    for route, _, apps in url_patterns():
        if "admin" in apps or route.startswith(LEFT_OUT) or not _concerns(state, route):
            continue
        path = "/" + _PARAMETER.sub(lambda match: str(values[match[1]]), route)
        for method in _methods(clients["staff"], path):
            codes = ""
            for client in clients.values():
                with transaction.atomic():
                    response = client.get(path) if method == "get" else client.post(path, FORM | values["form"])
                    codes += _code(response)
                    transaction.set_rollback(True)
            yield f"{method.upper():4} /{route}", codes


def _expected() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = {}
    state = ""
    for line in TABLE.read_text().splitlines() if TABLE.exists() else ():
        if line.startswith("# "):
            continue
        if line.startswith("["):
            state = line.strip("[]")
            table[state] = {}
        elif line.strip():
            codes, _, what = line.partition("  ")
            table[state][what] = codes
    return table


def _write(state: str, found: dict[str, str]) -> None:
    table = _expected() | {state: found}
    lines = [
        "# Who may do what: a letter for each of visitor, stranger, author, reader, reviewer, owner, staff.",
        "# o: done, or told what the form lacks. i: asked to sign in. 3, 4: refused with 403 or 404. c: 409.",
    ]
    for name in (*OUTSIDE, *IN_SESSION):
        lines += ["", f"[{name}]", *(f"{codes}  {what}" for what, codes in table.get(name, {}).items())]
    TABLE.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("state", [*OUTSIDE, *IN_SESSION])
def test_every_address_answers_everybody_as_the_table_says(state, cast, world):
    found = dict(_walk(state, cast, world(state)))
    if os.environ.get("WRITE_PERMISSIONS"):
        _write(state, found)
    expected = _expected().get(state, {})
    other = {what: (expected.get(what), codes) for what, codes in found.items() if expected.get(what) != codes}
    assert (other, [what for what in expected if what not in found]) == ({}, [])
