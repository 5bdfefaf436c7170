"""Ends of a passage moved by words and sentences, and words quoted exactly."""

from __future__ import annotations

import pytest

from annotations.adjudication.stepping import quoted, step
from opslens.articles.documents import document_of
from opslens.web.refusals import Invalid


@pytest.fixture
def document(article):
    return document_of(article.current_id)


def moved(document, words: str, *steps: str) -> str | None:
    start = document.text.index(words)
    place = (start, start + len(words))
    for how in steps:
        place = step(document, *place, how)
        if place is None:
            return None
    return document.text[slice(*place)]


@pytest.mark.parametrize(
    ("words", "steps", "result"),
    [
        ("asked", ("start-word-back",), "Nobody asked"),
        ("asked the", ("start-word-on",), "the"),
        ("asked", ("end-word-on", "end-word-on"), "asked the fishermen"),
        ("asked the", ("end-word-back",), "asked"),
        ("asked", ("start-sentence-back", "end-sentence-on"), "Nobody asked the fishermen."),
        (
            "Nobody asked the fishermen.",
            ("start-sentence-back",),
            "The levy was never about boats. Nobody asked the fishermen.",
        ),
        # On into the next block, and back into the one before.
        ("Nobody asked the fishermen.", ("end-word-on",), "Nobody asked the fishermen.\nFirst"),
        ("First point", ("start-word-back",), "fishermen.\nFirst point"),
        ("😀👩‍👩‍👧 families", ("start-word-on",), "families"),
        ("asked", ("start-word-on",), None),
        ("asked", ("end-word-back",), None),
        ("“The levy", ("start-sentence-back",), None),
    ],
)
def test_ends_go_by_words_and_sentences(document, words, steps, result):
    assert moved(document, words, *steps) == result


def test_nothing_stands_after_the_last_word(document):
    assert step(document, 0, len(document.text), "end-word-on") is None


@pytest.mark.parametrize("how", ["", "start", "start-word", "middle-word-on", "start-letter-on", "start-word-up"])
def test_other_steps_are_refused(document, how):
    with pytest.raises(Invalid):
        step(document, 0, 5, how)


def test_words_are_quoted_from_the_paragraph_or_those_beside_it(document):
    start = document.text.index("Nobody")
    at, end = quoted(document, " First point: cranes\r\n", start, start + 6)
    assert document.text[at:end] == "First point: cranes"
    for quote, problem in (("no such words", "not in this paragraph"), ("The", "more than once"), (" ", "not in this")):
        with pytest.raises(Invalid, match=problem):
            quoted(document, quote, start, start + 6)
