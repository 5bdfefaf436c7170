"""The gate: the attack corpus, tag soup, the caps, and that cleaning twice is cleaning once."""

from html import escape
from html.parser import HTMLParser
from time import thread_time

import pytest
from hypothesis import given

from opslens.text.canonical import read_html
from opslens.text.sanitize import MOST_DEPTH, TAGS, Refused, safe_href, sanitize
from opslens.text.weaving import weave, wrap
from tests.text.attacks import CASES, source_of
from tests.text.markup import read
from tests.text.strategies import any_text, tag_soup

CODES = {"too-large", "too-deep", "empty", "unstable"}
# Far above what any case takes, far below what a quadratic step would make of the long ones.
MOST_SECONDS = 6.0


class Lenient(HTMLParser):
    """A second opinion: what a forgiving parser of another make finds in the result."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.other: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data):
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def outcome(source: str) -> str | Refused:
    try:
        return sanitize(source)
    except Refused as refused:
        return refused


def assert_harmless(clean: str) -> None:
    for name, attributes in read(clean).elements:
        assert name in TAGS
        assert set(attributes) <= ({"href"} if name == "a" else set())
        assert all(safe_href(value) for value in attributes.values())
    lenient = Lenient(clean)
    assert not lenient.other
    for name, attributes in lenient.tags:
        assert name in TAGS
        assert attributes in ((), ("href",) if name == "a" else ())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_attack_is_refused_or_made_harmless(case):
    source = source_of(case)
    before = thread_time()
    clean = outcome(source)
    if isinstance(clean, Refused):
        assert clean.code in CODES
        assert clean.message.endswith(".")
        assert thread_time() - before < MOST_SECONDS
        return
    document = read_html(clean, "en")
    assert thread_time() - before < MOST_SECONDS
    assert_harmless(clean)
    if len(clean) < 100_000:
        assert sanitize(clean) == clean
    for name, attributes in read(wrap(document, weave(document, []))).elements:
        assert set(attributes) <= {"id", "data-b", "data-start", "class", "dir", "href", "rel"}
        assert name in TAGS


def test_the_corpus_names_each_case_once():
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names)
    assert all(case["why"] and (case["html"] or "repeat" in case) for case in CASES)


@given(tag_soup)
def test_what_passes_is_harmless_and_a_fixed_point(source):
    clean = outcome(source)
    if isinstance(clean, Refused):
        assert clean.code in CODES
        return
    assert_harmless(clean)
    assert sanitize(clean) == clean


@given(any_text)
def test_text_in_a_paragraph_stays_text(text):
    clean = outcome(f"<p>{escape(text)}</p>")
    if isinstance(clean, Refused):
        assert clean.code == "empty"
        return
    assert {name for name, _ in read(clean).elements} == {"p"}


@pytest.mark.parametrize(
    ("source", "clean"),
    [
        ("<p class=x>One &amp; <b onclick=y>two</b></p>", "<p>One &amp; <b>two</b></p>"),
        ("<h1>T</h1><script>alert('gone')</script><p>a<br/>b</p>", "<h1>T</h1><p>a<br>b</p>"),
        ("<svg><title>gone</title></svg><p>stays</p>", "<p>stays</p>"),
        ("<p><span>a</span> <font color=red>b</font></p>", "<p>a b</p>"),
        (
            '<a href="https://example.org/?a=1&b=2" target=_blank>a</a>',
            '<a href="https://example.org/?a=1&amp;b=2">a</a>',
        ),
        ('<a href="mailto:a@b.example">a</a>', '<a href="mailto:a@b.example">a</a>'),
        ('<a href="/relative">a</a>', "<a>a</a>"),
        ("a&nbsp;b", "a\u00a0b"),
        ("<pre>" + "\n" * 50 + "a</pre>", "<pre>a</pre>"),
        ("<table><tr><td>a</td></tr></table>", "<table><tbody><tr><td>a</td></tr></tbody></table>"),
    ],
)
def test_what_cleaning_gives(source, clean):
    assert sanitize(source) == clean


@pytest.mark.parametrize(
    "href",
    [
        *("https://example.org", "http://example.org/a b", "HTTPS://EXAMPLE.ORG/x", "mailto:a@b.example"),
        *("https://пример.example/ü", "http://[::1]:80/", "https://x.example/" + "a" * 3000),
    ],
)
def test_addresses_that_may_stand_in_a_link(href):
    assert safe_href(href)


@pytest.mark.parametrize(
    "href",
    [
        *("", "/x", "#x", "?x", "//example.org", "javascript:alert(1)", " https://example.org", "data:text/html,x"),
        *(
            "https:/example.org",
            "https:///x",
            "https:\\\\example.org",
            "https://example.org/\n",
            "https://x.example/\x01",
        ),
        *("https://x.example/" + "a" * 4000, "mailto:", "java\nscript:x", "ht\ttp://x.example", "xhttps://x.example"),
    ],
)
def test_addresses_that_may_not(href):
    assert not safe_href(href)


@pytest.mark.parametrize(
    "source", ["", " \n", "<p></p>", "<script>x</script>", "<p>&nbsp;</p>", "<!-- x -->", "<img src=x>"]
)
def test_html_without_text_is_refused_as_empty(source):
    with pytest.raises(Refused) as refused:
        sanitize(source)
    assert refused.value.code == "empty"


def test_size_is_counted_in_bytes_and_can_be_set():
    assert sanitize("é" * 50, most_bytes=100) == "é" * 50
    with pytest.raises(Refused) as refused:
        sanitize("é" * 51, most_bytes=100)
    assert refused.value.code == "too-large"
    with pytest.raises(Refused, match="larger than 2 MB"):
        sanitize("a" * 2_000_001)


def test_depth_is_counted_exactly_in_what_is_kept():
    deepest = "<div>" * (MOST_DEPTH - 1) + "<p>a</p>" + "</div>" * (MOST_DEPTH - 1)
    assert sanitize(deepest) == deepest
    with pytest.raises(Refused) as refused:
        sanitize(f"<div>{deepest}</div>")
    assert refused.value.code == "too-deep"
    spans = "<span>" * 500 + "a" + "</span>" * 500
    assert sanitize(f"<p>{spans}</p>") == "<p>a</p>"


def test_sloppy_html_of_an_old_page_passes():
    page = (
        "<ul><li>one<li>two</ul><p>a<p><font color=red><b>b</font></b><dl><dt>c<dd>d</dl><table><tr><td>e<td>f</table>"
        * 200
    )
    document = read_html(sanitize(f"<html><body bgcolor=white>{page}"), "en")
    assert len(document.blocks) == 200 * 8


@pytest.mark.parametrize("size", [8_191, 8_192, 8_200, 12_287, 30_000])
def test_long_runs_of_text_come_out_whole(size):
    unit = "if a < b && c > d & e;\n"
    text = (unit * (size // len(unit) + 1))[:size].rstrip()
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert sanitize(f"<pre>{escaped}</pre>") == f"<pre>{escaped}</pre>"


def test_a_document_of_a_megabyte_is_taken_whole():
    paragraph = (
        '<p class="body">The ministry <em>cut</em> patrol hours by a third last year, '
        '<a href="https://example.org/report?id=14&amp;p=2" class="link">the audit</a> says. “Nobody knew,” '
        "<strong>she said</strong>; few asked — until now. Dr. Holm disagrees.</p>\n"
    )
    lists = "<ul><li>one</li><li>two</li></ul>"
    section = f"<section><h2>Heading</h2>{paragraph * 4}{lists}<blockquote>{paragraph}</blockquote></section>"
    sections = section * (1_000_000 // len(section) + 1)
    source = f"<html><head><title>T</title></head><body><article>{sections}</article></body></html>"
    assert len(source) > 1_000_000
    document = read_html(sanitize(source), "en")
    assert len(document.blocks) > 5_000
    assert document.text.count("The ministry cut patrol hours") == source.count("The ministry")


def test_an_answer_that_would_not_get_in_again_is_refused():
    source = "<p>" + "a < b " * 100 + "</p>"
    assert sanitize(source, most_bytes=10_000).count("&lt;") == 100
    with pytest.raises(Refused) as refused:
        sanitize(source, most_bytes=len(source) + 10)
    assert refused.value.code == "too-large"
