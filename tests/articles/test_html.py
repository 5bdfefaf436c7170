from __future__ import annotations

from datetime import date
from time import process_time

import pytest

from opslens.articles.loaders import Unreadable
from opslens.articles.loaders.html import load
from opslens.articles.loaders.markup import MOST_PIECES, pieces_of
from tests.support.growth import grows_linearly

BODY = "<p>The lamp went out on a Tuesday, and nobody noticed.</p><p>It rained.</p>"


def page(body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html lang='en-gb'><head>{head}</head><body>{body}</body></html>"


def test_the_one_article_is_the_main_part():
    html = load(
        page(
            "<header><a href=/>Home</a></header><nav>Sections</nav>"
            f"<main><article><h1>Too Late</h1>{BODY}<aside>Related</aside></article><p>Comments</p></main>"
            "<footer>About us</footer>"
        )
    )
    assert html.details.title == "Too Late"
    assert html.details.language == "en-GB"
    assert html.html == BODY


def test_of_many_articles_the_main_part_around_them_is_taken():
    cards = "<article><h2>A</h2><p>One story here.</p></article><article><h2>B</h2><p>Two stories here.</p></article>"
    assert load(page(f"<nav>Sections</nav><main>{cards}</main>")).html == cards


def test_a_teaser_beside_the_article_does_not_count():
    article = f"<article>{BODY * 3}</article>"
    assert load(page(f"<main>{article}<article><p>Read on</p></article></main>")).html == BODY * 3


def test_without_article_and_main_the_body_is_taken_without_its_chrome():
    loaded = load(page(f"<header><h1>Too Late</h1></header><form><input></form>{BODY}<script>x = '<p>no</p>'</script>"))
    assert loaded.html == BODY


def test_a_form_around_the_whole_page_is_not_chrome():
    assert load(page(f"<form action=/>{BODY}</form>")).html == f"<form action=/>{BODY}</form>"


def test_a_navigation_that_is_never_closed_takes_nothing_with_it():
    assert BODY in load(page(f"<nav>Sections{BODY}")).html


def test_hidden_elements_go():
    assert load(page(f"<div hidden><p>Cookie wall</p></div>{BODY}")).html == BODY


def test_fragment_is_taken_whole():
    loaded = load(BODY)
    assert loaded.html == BODY
    assert loaded.details.title == "The lamp went out on a Tuesday, and nobody noticed."


HEAD = """<title>Too Late | Gull Point Review</title>
<meta property="og:site_name" content="Gull Point Review"><meta property="og:title" content="Too Late, says keeper">
<meta name="author" content="Edda Marsh"><meta property="article:published_time" content="2024-03-09T10:00:00+01:00">
<link rel="canonical" href="https://example.org/too-late">"""


def test_metadata_of_the_head():
    details = load(page(BODY, HEAD)).details
    assert details.title == "Too Late, says keeper"
    assert details.publisher == "Gull Point Review"
    assert details.byline == "Edda Marsh"
    assert details.published_on == date(2024, 3, 9)
    assert details.source_url == "https://example.org/too-late"


def test_title_element_loses_the_name_of_the_site():
    site = "<meta property=og:site_name content='Gull Point Review'>"
    head = f"<title>Too Late &ndash; The End | Gull Point Review</title>{site}"
    assert load(page(BODY, head)).details.title == "Too Late – The End"


JSON_LD = """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [{"@type": "WebPage"},
{"@type": ["OpinionNewsArticle"], "headline": "Too Late", "author": [{"name": "Edda Marsh"}, {"name": "Ivo Lund"}],
"publisher": {"name": "Gull Point Review"}, "datePublished": "2024-03-09"}]}</script>"""


def test_metadata_of_json_ld():
    details = load(page(BODY, JSON_LD)).details
    assert (details.title, details.publisher, details.byline, details.kind, details.published_on) == (
        "Too Late",
        "Gull Point Review",
        "Edda Marsh, Ivo Lund",
        "opinion",
        date(2024, 3, 9),
    )


@pytest.mark.parametrize(
    "data", ["{", "[" * 100_000, '{"@type": 3, "headline": {}}', '"x"', '{"@type": "Article", "author": 3}']
)
def test_broken_json_ld_is_passed_over(data):
    loaded = load(page(BODY, f"<title>T</title><script type=application/ld+json>{data}</script>"))
    assert (loaded.details.title, loaded.html) == ("T", BODY)


def test_standfirst_is_the_quotation_or_marked_paragraph_that_stands_first():
    quoted = load(page(f"<article><h1>T</h1><blockquote><p>Said first.</p></blockquote>{BODY}</article>"))
    assert quoted.has_standfirst
    assert quoted.html == f"<blockquote><p>Said first.</p></blockquote>{BODY}"
    marked = load(page(f"<article><h1>T</h1><p class='big standfirst'>Said <i>first</i>.</p>{BODY}</article>"))
    assert marked.has_standfirst
    assert marked.html == f"<blockquote><p>Said <i>first</i>.</p></blockquote>{BODY}"


def test_quotation_after_text_or_without_text_after_it_is_no_standfirst():
    assert not load(page(f"{BODY}<blockquote>Said later.</blockquote>")).has_standfirst
    assert not load(page("<blockquote>Said alone.</blockquote>")).has_standfirst


def test_pieces_lose_nothing_but_comments_and_declarations():
    source = '<!doctype html><p class="a>b">1 < 2 <br/> a<b>c</b></p><!-- <p> --><textarea><p></textarea></ bogus>end<'
    assert [piece.source for piece in pieces_of(source)] == [
        '<p class="a>b">', "1 < 2 ", "<br/>", " a", "<b>", "c", "</b>", "</p>",
        "<textarea>", "<p>", "</textarea>", "end<",
    ]  # fmt: skip


def test_attributes_are_read_as_browsers_do():
    (piece,) = pieces_of("<meta NAME=a name=b content='x &amp; \"y\"' data-z = 3 hidden>")
    assert piece.attributes == {"name": "a", "content": 'x & "y"', "data-z": "3", "hidden": ""}


UNIT = 60_000  # characters; ten times as many must take about ten times as long
TANGLED = {
    "unclosed div": "<div>", "nested and closed": "<div></div>", "less-than": "<", "open comments": "<!--",
    "open quotes": "<a b='", "equals": "<a =", "scripts": "<script>", "empty titles": "<title></title>",
    "nav": "<nav>", "headings": "<h1>a</h1>", "leads": "<p class=lead>", "articles": "<article>x</article>",
    "ampersands": "&", "meta": "<meta name=a content=b>",
}  # fmt: skip


@pytest.mark.parametrize("unit", TANGLED.values(), ids=TANGLED)
def test_time_grows_with_length_only(unit):
    def seconds(size: int) -> float:
        source = unit * (size // len(unit))
        before = process_time()
        load(source)
        return process_time() - before

    assert grows_linearly(seconds, UNIT, times=10)


def test_deep_nesting_of_every_element_that_matters_is_linear():
    for name in ("h1", "blockquote", "header", "article", "div hidden"):
        closing = name.split()[0]

        def seconds(depth: int) -> float:
            before = process_time()
            load(f"<{name}>" * depth + "x" + f"</{closing}>" * depth)  # noqa: B023
            return process_time() - before

        assert grows_linearly(seconds, 4_000)


def test_too_many_tags_are_refused():
    with pytest.raises(Unreadable, match="more than"):
        load("<b>" * (MOST_PIECES + 1))
