"""The scan before any parser: it never calls a document shallower than a parser finds it, and it is linear."""

from time import thread_time

import pytest
from bleach._vendor import html5lib
from hypothesis import given
from hypothesis import strategies as st

from opslens.text import nesting
from tests.support.growth import grows_linearly
from tests.text.strategies import ATTRIBUTES, NAMES, OTHER_MARKUP

COPIES = 60
# Elements that a parser adds by itself between two others (a table row makes a body), and what is not counted (p, tr).
DEEPER_AT_MOST = 4

tags = st.one_of(
    st.builds(
        "<{}{}>".format, st.sampled_from([*NAMES, "rt", "rp", "ruby", "dd", "g", "col"]), st.sampled_from(ATTRIBUTES)
    ),
    st.builds("</{}>".format, st.sampled_from(NAMES)),
    st.sampled_from([*OTHER_MARKUP, "<div/>", "<g/>", "x", "'", '">', "--!>", "<!-->", "</a title='"]),
)


def depth_for_a_parser(source: str) -> int:
    tree = html5lib.HTMLParser(namespaceHTMLElements=False).parseFragment(source, scripting=True)
    deepest, open_elements = 0, [(tree, 0)]
    while open_elements:
        element, depth = open_elements.pop()
        deepest = max(deepest, depth)
        open_elements.extend((child, depth + 1) for child in element)
    return deepest


def reason(source: str) -> str:
    try:
        nesting.check(source)
    except nesting.Tangled as tangled:
        return tangled.reason
    return ""


@given(st.lists(tags, min_size=1, max_size=8).map("".join))
def test_markup_that_piles_up_when_repeated_is_found(unit):
    """Whatever nests one deeper each time it is repeated for a parser does so for the scan."""
    source = unit * COPIES
    limit = nesting.MOST_OPEN
    nesting.MOST_OPEN = COPIES // DEEPER_AT_MOST
    try:
        found = reason(source)
    finally:
        nesting.MOST_OPEN = limit
    if not found:
        assert depth_for_a_parser(source) < COPIES


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<div>" * 1000 + "</div>" * 1000, ""),
        ("<div>" * 1001, "deep"),
        ("<p>a" * 5000, ""),
        ("<ul><li>a<li>b</ul>" * 5000, ""),
        ("<dl><dt>a<dd>b</dl>" * 5000, ""),
        ("<table><tr><td>a<tr><td>b</table>" * 5000, ""),
        ("<br><img src=x><hr>" * 5000, ""),
        ("<svg viewBox='0 0 1 1'><title>An icon</title><path d='M0 0'/></svg>" * 5000, ""),
        ("<svg><style><![CDATA[ a > b { } ]]></style></svg>" * 5000, ""),
        ("<script>if (a < b) document.write('<div><div>')</script>" * 5000, ""),
        ("<script><!-- document.write('<script></script>') --></script>" * 2000, ""),
        ("<noscript><img src=x></noscript>" * 5000, ""),
        ("<template><style>a{}</style><script>1<2</script></template>" * 2000, ""),
        ("<div><!-- </div> -->" * 1001, "deep"),
        ("<div title='</div>'>" * 1001, "deep"),
        ("<svg><style></a title='</style>'>", "unclear"),
        ("<select><style><b></style></select>", "unclear"),
        ("<svg><![CDATA[ > ]]></svg>", "unclear"),
        ("<template><col><style><b></style></template>", "unclear"),
        ("<p " + " ".join(f"a{n}=1" for n in range(500)) + ">", ""),
        ("<p " + " ".join(f"a{n}=1" for n in range(501)) + ">", "attributes"),
        ("<p title='" + "a " * 5000 + "'>", ""),
        ("<b>" * 500 + "<p>" * 3000, "deep"),
        ("<svg><div/></svg>" * 1001, "deep"),
        ("<b><div></b></b>" * 1001, "deep"),
        ("<svg><td></svg>" * 1001, "deep"),
        ("<li><dd>" * 1001, "deep"),
    ],
)
def test_what_is_found(source, expected):
    assert reason(source) == expected


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<a ",
        "<a b='",
        "<!--",
        "<!-- --",
        "<script>",
        "<script><!--<script>",
        "<title></titl",
        "<![CDATA[",
        "<b></b>",
        "</p>",
    ],
)
def test_the_scan_is_linear(unit):
    def seconds(count: int) -> float:
        before = thread_time()
        reason("x" + unit * count)
        return thread_time() - before

    assert grows_linearly(seconds, 10_000)
