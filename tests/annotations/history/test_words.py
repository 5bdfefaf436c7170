"""Every verb that the program records has words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

import annotations
import opslens
from annotations.history import fields, names
from annotations.history.telling import Teller, can_be_restored
from annotations.history.words import GROUPS, VERBS, words_for
from opslens.models import Channel, Event

_ROOTS = [Path(package.__file__).parent for package in (opslens, annotations)]
_VERB = re.compile(r"[a-z]+(-[a-z]+)+")
# Words of the same form in modules that record, which are no verbs.
_OTHERS = {"add-tag", "remove-tag"}
_RECORDS = re.compile(r"from opslens\.activity\.record import|from opslens\.activity\.recorded_admin import")


def verbs() -> set[str]:
    """What stands as a verb in the modules that record: words with hyphens, and what is kept under the name `verb`."""
    found: set[str] = set()
    for root in _ROOTS:
        for path in root.rglob("*.py"):
            source = path.read_text()
            if "migrations" not in path.parts and _RECORDS.search(source):
                found.update(_verbs_in(ast.parse(source)))
    return found - _OTHERS


def _verbs_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _VERB.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "verb" for target in node.targets):
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isalpha():
                    yield part.value


def test_the_search_finds_verbs_however_they_are_written():
    """As an argument, a name of the module, a default, a choice between two, a table."""
    assert {
        *("mark-created", "decision-changed", "tag-recoloured", "tag-switched-off", "staff-attached-mark"),
        *("reply-restored", "article-done", "admin-deleted", "reactivated", "member-left", "passage-changed"),
    } <= verbs()


def test_every_verb_that_is_recorded_has_words():
    assert sorted(verbs() - VERBS.keys()) == []


def test_words_belong_to_a_group_and_fit_behind_a_name():
    for words in VERBS.values():
        assert words.group in GROUPS
        assert words.says[0].islower()
        assert not words.says.endswith(".")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
STATES = st.none() | st.dictionaries(
    st.sampled_from(
        [*fields._FIELDS, *fields._COUNTS, *fields._SILENT, "tags", "review", "flag", "flags", "decisions"]
    ),
    JSON | st.dictionaries(st.sampled_from(["state", "reason", "at", "outcome"]), JSON, max_size=2),
    max_size=5,
)


@settings(max_examples=300)
@given(
    verb=st.sampled_from([*VERBS, "moon-landed", ""]),
    kind=st.sampled_from(
        ["annotation", "user", "tag", "group", "example", "decision", "revision", "surgery", "moon", ""]
    ),
    key=st.sampled_from(["", "1", "x" * 10, "²", "9" * 30, "1:2"]),
    channel=st.sampled_from(["site", "team:1", "team:1:a2:u3", "codebook:1", "", "team:x"]),
    before=STATES,
    after=STATES,
    everything=st.booleans(),
)
def test_whatever_an_event_says_it_is_told(verb, kind, key, channel, before, after, everything):
    event = Event(pk=1, verb=verb, subject=f"{kind}:{key}", actor_id=1, at=timezone.now(), before=before, after=after)
    event.channel = Channel(name=channel)
    names._wanted([event])
    teller = Teller(AnonymousUser(), names.Names(), everything=everything, counts=everything)
    assert isinstance(teller.line(event).says, str)
    assert not any(can_be_restored(event, which) for which in ("before", "after") if getattr(event, which) is None)


def test_a_verb_without_words_is_read_as_it_is_written():
    assert words_for("moon-landed").says == "did “moon landed”"
