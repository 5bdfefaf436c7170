from __future__ import annotations

import pytest

from opslens.articles.loaders import load
from opslens.articles.loaders.plain_text import load as load_text

# The layout of a commentary as it is often passed on: publisher, title, pull quote, body.
COMMENTARY = """The Gull Point Review

Too Late for the Lighthouse – A Harbour Keeps Its Dark

“Long before the board met, the keeper had told anyone who asked that the lamp would fail in its second winter.”

The lamp at Gull Point went out on a Tuesday.

Nobody on the harbour board, which met four times that year, had asked why the bill was so small.

What did the board expect?

Long before the board met, the keeper had told anyone who asked that the lamp would fail in its second winter.
For that, he was “retired early”.

A harbour without a light is a promise without a voice.
"""


def test_commentary_has_publisher_title_standfirst_and_body():
    loaded = load_text(COMMENTARY)
    assert loaded.details.publisher == "The Gull Point Review"
    assert loaded.details.title == "Too Late for the Lighthouse – A Harbour Keeps Its Dark"
    assert loaded.has_standfirst
    first, *body = loaded.html.split("\n")
    assert first == (
        "<blockquote><p>“Long before the board met, the keeper had told anyone who asked that the lamp would fail in "
        "its second winter.”</p></blockquote>"
    )
    assert len(body) == 5
    assert body[3].endswith("For that, he was “retired early”.</p>")


def test_quotation_that_the_body_does_not_repeat_stays_a_paragraph():
    loaded = load_text("A Title\n\n“Never,” he said, “in all my years on the quay.”\n\nThat was all.")
    assert not loaded.has_standfirst
    assert loaded.html == "<p>“Never,” he said, “in all my years on the quay.”</p>\n<p>That was all.</p>"


@pytest.mark.parametrize(
    ("opening", "closing"), [("“", "”"), ("„", "“"), ("«", "»"), ('"', '"'), ("「", "」")], ids=lambda sign: sign
)
def test_pull_quote_in_the_quotation_marks_of_many_languages(opening, closing):
    words = "the lamp would fail in winter"
    loaded = load_text(f"A Title\n\n{opening}{words}.{closing}\n\nHe said {words}. It did.")
    assert loaded.has_standfirst


def test_hard_wrapped_lines_are_joined():
    text = "A Title\n\nThe lamp went out\non a Tuesday,  \n  they say.\n\nIt rained.\n"
    assert load_text(text).html == "<p>The lamp went out on a Tuesday, they say.</p>\n<p>It rained.</p>"


def test_without_blank_lines_each_line_is_a_paragraph():
    loaded = load_text("A Title\nThe lamp went out.\nIt rained.")
    assert loaded.details.title == "A Title"
    assert loaded.html == "<p>The lamp went out.</p>\n<p>It rained.</p>"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"], ids=["LF", "CRLF", "CR", "LS"])
def test_every_kind_of_line_end_counts(newline):
    loaded = load_text(newline.join(["A Title", "", "The lamp went out.", " ", "\t", "It rained."]))
    assert loaded.html == "<p>The lamp went out.</p>\n<p>It rained.</p>"


def test_byline_is_taken_from_the_head():
    loaded = load_text("Gull Point Review\n\nToo Late\n\nBy Edda Marsh\n\nThe lamp went out.\n\nIt rained.")
    assert loaded.details.byline == "Edda Marsh"
    assert loaded.html == "<p>The lamp went out.</p>\n<p>It rained.</p>"


def test_text_without_a_head_keeps_every_word_and_is_called_by_its_first():
    text = (
        "The lamp went out on a Tuesday, and for most of the night nobody in the town so much as noticed it.\n\n"
        "It rained."
    )
    loaded = load_text(text)
    assert loaded.details.title == "The lamp went out on a Tuesday, and for most of the night nobody in the town…"
    assert loaded.html.count("<p>") == 2


def test_single_line_is_both_title_and_text():
    loaded = load_text("Nothing else")
    assert (loaded.details.title, loaded.html) == ("Nothing else", "<p>Nothing else</p>")


def test_markup_in_plain_text_is_text():
    loaded, _decoded = load("note.txt", b'A Title\n\n<b>Bold</b> & <script>alert(1)</script> "x".\n\nEnd.')
    assert loaded.html.startswith('<p>&lt;b&gt;Bold&lt;/b&gt; &amp; &lt;script&gt;alert(1)&lt;/script&gt; "x".</p>')


def test_empty_text_gives_nothing():
    assert load_text(" \n\n\t\n").html == ""
