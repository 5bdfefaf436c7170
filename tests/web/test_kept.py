"""Parts of templates that are kept: filled in per request, never mixed up, bounded."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.shortcuts import render
from django.template import engines
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from opslens.templatetags import kept
from opslens.templatetags.kept import forget_parts, render_kept
from opslens.web.refusals import Missing

PART = (
    "{% load kept %}<{% kept who fill=extra %}{{ who }} {{ counter.next }} "
    "{{ csrf_token }} {{ address }} {{ address_quoted }} [{{ fill }}]{% endkept %}>"
)


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    def next(self) -> int:
        self.calls += 1
        return self.calls


@pytest.fixture(autouse=True)
def nothing_in_store():
    forget_parts()


def test_a_part_is_rendered_once_per_key_and_filled_in_each_time():
    part, counter = engines["django"].from_string(PART), Counter()

    def show(who: str, path: str, extra: str = "") -> list[str]:
        request = RequestFactory().get(path)
        return part.render({"who": who, "counter": counter, "extra": extra}, request).strip("<>").split(" ")

    first, again, other = show("ada", "/a?x=1&y=2", "<b>"), show("ada", "/b"), show("ben", "/b")
    assert [first[0], again[0], other[0]] == ["ada", "ada", "ben"]
    assert [first[1], again[1], other[1]] == ["1", "1", "2"]
    assert len({first[2], again[2], other[2]}) == 3  # every answer has a token of its own
    assert first[3:] == ["/a?x=1&amp;y=2", "/a%3Fx%3D1%26y%3D2", "[&lt;b&gt;]"]
    assert again[3:] == ["/b", "/b", "[]"]


def test_render_kept_gives_the_same_page(db):
    def ask(renderer) -> str:
        request = RequestFactory().get("/?q=ä")
        request.user, request.htmx, request.resolver_match = AnonymousUser(), HtmxDetails(request), None
        request.META["CSRF_COOKIE"] = "c" * 32
        html = renderer(request, "web/refused.html", {"refused": Missing("Ümläut – “not here”")}).content.decode()
        return re.sub(r"[A-Za-z0-9]{64}", "token", html)

    assert ask(render_kept) == ask(render) == ask(render_kept)


def test_the_store_is_bounded(monkeypatch):
    monkeypatch.setattr(kept, "MOST_BYTES", 3_000)
    part, counter = engines["django"].from_string(PART), Counter()
    for n in range(100):
        part.render({"who": f"{n}" * 100, "counter": counter, "extra": ""}, RequestFactory().get("/"))
    assert 0 < kept._bytes <= 3_000
    assert kept._bytes == sum(map(kept._size, kept._parts.values()))
