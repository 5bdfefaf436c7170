from __future__ import annotations

from datetime import date

import pytest

from opslens.articles.loaders import Details, Unreadable
from opslens.articles.loaders.markdown import MOST_LINES, MOST_SIGNS, load


def front(matter: str, body: str = "Some text.") -> str:
    return f"---\n{matter}\n---\n\n{body}\n"


def test_front_matter_gives_the_details():
    loaded = load(
        front(
            'title: "Too Late"\npublisher: Gull Point Review\nbyline: Edda Marsh\nsource_url: https://example.org/1\n'
            "language: en-GB\npublished: 2024-03-09\nkind: commentary\nlayout: post\ntags: [a, b]"
        )
    )
    assert loaded.details == Details(
        title="Too Late",
        publisher="Gull Point Review",
        byline="Edda Marsh",
        source_url="https://example.org/1",
        language="en-GB",
        kind="commentary",
        published_on=date(2024, 3, 9),
    )
    assert loaded.html == "<p>Some text.</p>\n"
    assert not loaded.has_standfirst


def test_standfirst_comes_first_as_a_quotation():
    loaded = load(front("title: T\nstandfirst: “A <b> & so on.”"))
    assert loaded.has_standfirst
    assert loaded.html == "<blockquote><p>“A &lt;b&gt; &amp; so on.”</p></blockquote>\n<p>Some text.</p>\n"


@pytest.mark.parametrize(
    ("matter", "says"),
    [
        ("title: [a, b]", "“title” in its front matter must be text, but is a list"),
        ("title: 1984", "“title” in its front matter must be text, but is a number"),
        ("language: no", "“language” in its front matter must be text, but is yes or no"),
        ("language: Old English", "“language” in its front matter must be a code"),
        ("published: yesterday", "“published” in its front matter must be a date of the form"),
        ("published: 20", "“published” in its front matter must be a date of the form"),
        ("published: 2024-02-31", "cannot be read as YAML"),
        ("title: a: b", "not valid YAML in line 2"),
        ("title: 'a", "not valid YAML in line"),
        ("byline: !!python/object/apply:os.system ['true']", "not valid YAML in line 2"),
        ("a: " + "[" * 9000, "cannot be read as YAML"),
        ("title: T\nx: " + "y" * 20_000, "longer than 20000 characters"),
    ],
)
def test_wrong_front_matter_is_refused_with_its_reason(matter, says):
    with pytest.raises(Unreadable, match=says):
        load(front(matter))


def test_aliases_that_multiply_cost_nothing():
    matter = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert load(front(matter + "title: T")).details.title == "T"


@pytest.mark.parametrize("text", ["---\nNot a key\n---\n\nText", "---\n\nText", "--- \nText: yes\n"])
def test_a_rule_at_the_beginning_is_no_front_matter(text):
    assert "Text" in load(text).html


def test_the_only_heading_becomes_the_title():
    loaded = load("# The *Lamp*\n\nIt went out.\n")
    assert loaded.details.title == "The Lamp"
    assert loaded.html == "<p>It went out.</p>\n"


def test_heading_that_repeats_the_title_goes_and_another_stays():
    assert "<h1>" not in load(front("title: The Lamp", "# the lamp\n\nText")).html
    assert "<h1>Another</h1>" in load(front("title: The Lamp", "# Another\n\nText")).html


def test_tables_and_strikethrough_are_read():
    html = load("| a | b |\n|---|---|\n| 1 | ~~2~~ |\n").html
    assert "<th>a</th>" in html
    assert "<td><s>2</s></td>" in html


def test_html_in_markdown_is_shown_as_text():
    html = load("A <b onclick=x>word</b>\n\n<script>alert(1)</script>\n").html
    assert "<b" not in html
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_more_than_a_parser_should_be_given_is_refused():
    for text in ("[" * (MOST_SIGNS + 1), "a\n" * (MOST_LINES + 1)):
        with pytest.raises(Unreadable, match="more than"):
            load(text)
