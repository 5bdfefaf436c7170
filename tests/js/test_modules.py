"""The modules of static/js/text, run in Chromium on the cases that Python is tested with and some of their own."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).resolve().parents[2]
CASES = json.loads((ROOT / "tests/cases/offsets.json").read_text("utf-8"))
HOST = "http://modules.invalid"


@pytest.fixture(scope="module")
def modules(chromium: Browser) -> Iterator[Page]:
    """A page without a server that can import the project's modules and nothing else."""

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(HOST).split("?")[0]
        if path == "/":
            route.fulfill(body="<!doctype html><meta charset=utf-8><body></body>", content_type="text/html")
        else:
            route.fulfill(path=ROOT / "static" / path.removeprefix("/static/"), content_type="text/javascript")

    context = chromium.new_context()
    context.route("**/*", serve)
    page = context.new_page()
    page.goto(f"{HOST}/")
    yield page
    context.close()


@pytest.fixture
def run(modules: Page):
    """`run("text/offsets", "(m, argument) => …", argument)`: call a function with a module and what it exports."""

    def call(module: str, function: str, argument: object = None) -> object:
        return modules.evaluate(
            f"async (argument) => ({function})(await import('/static/js/{module}.js'), argument)", argument
        )

    return call


@pytest.fixture
def article(modules: Page):
    """`article(inner)`: an <article> on the page; `article.run(function, argument)` gets its ArticleText."""

    class OnPage:
        def __call__(self, inner: str, language: str = "en") -> OnPage:
            page = f'<header>Before</header><article lang="{language}">{inner}</article><aside>After</aside>'
            modules.evaluate("(page) => { document.body.innerHTML = page; }", page)
            return self

        def run(self, function: str, argument: object = None) -> object:
            script = """async (argument) => {
                const load = (name) => import(`/static/js/text/${name}.js`);
                const modules = await Promise.all(["article", "selection", "stepping"].map(load));
                const all = Object.assign({}, ...modules);
                return (FUNCTION)(new all.ArticleText(document.querySelector("article")), argument, all);
            }"""
            return modules.evaluate(script.replace("FUNCTION", function), argument)

    return OnPage()


def blocks(text: str) -> str:
    """Plain blocks that make up a canonical text."""
    out, start = [], 0
    for number, part in enumerate(text.split("\n")):
        out.append(f'<p id="b{number}" data-start="{start}">{html.escape(part)}</p>')
        start += len(part) + 1
    return "".join(out)


# offsets.js


@pytest.mark.parametrize("case", CASES["utf16"], ids=lambda case: case["name"])
def test_positions_convert_both_ways(run, case):
    positions = case["positions"]
    function = """({ codePoints, utf16Units }, { text, positions }) => ({
        units: positions.map((_, at) => utf16Units(text, at)),
        points: positions.map((unit) => codePoints(text, unit)),
        whole: codePoints(text),
    })"""
    assert run("text/offsets", function, case) == {
        "units": positions,
        "points": list(range(len(positions))),
        "whole": len(case["text"]),
    }


@pytest.mark.parametrize("case", CASES["inside_a_pair"], ids=lambda case: f"{case['text']} {case['utf16']}")
def test_position_inside_a_character_counts_as_before_it(run, case):
    function = "({ codePoints }, { text, utf16 }) => codePoints(text, utf16)"
    assert run("text/offsets", function, case) == case["code_points"]


def test_lone_surrogates_count_as_one(run):
    function = r"""({ codePoints, utf16Units }) => {
        const text = "a\ud83db\ude00c";
        return [codePoints(text), utf16Units(text, 3), codePoints(text, 3)];
    }"""
    assert run("text/offsets", function) == [5, 3, 3]


# article.js and selection.js

SNAPS = [
    pytest.param(case["text"], *numbers, id=f"{case['name']} {numbers[:2]}")
    for case in CASES["snap"]
    for numbers in case["cases"]
    if 0 <= numbers[0] <= numbers[1] <= len(case["text"]) and not case["text"][:1].isspace()
]


@pytest.mark.parametrize(("text", "start", "end", "snapped_start", "snapped_end"), SNAPS)
def test_ranges_snap_and_trim_like_the_server(article, text, start, end, snapped_start, snapped_end):
    function = """(article, { start, end }, { passageOf }) => {
        const point = (offset) => {
            const index = article.at(offset);
            const text = article.text(index);
            const units = Array.from(text).slice(0, offset - article.start(index)).join("").length;
            return [article.element(index).firstChild, Math.min(units, text.length)];
        };
        const range = document.createRange();
        range.setStart(...point(start));
        range.setEnd(...point(end));
        return passageOf(article, range);
    }"""
    found = article(blocks(text)).run(function, {"start": start, "end": end})
    if snapped_start == snapped_end:
        assert found is None
    else:
        assert found == {"start": snapped_start, "end": snapped_end, "exact": text[snapped_start:snapped_end]}


WOVEN = (
    '<div class="lead"><p id="b0" data-start="0"><i id="maaaaaaaaaa"></i><mark class="a1">On</mark>e 🌊 sea.'
    '<a class="an" href="/" aria-label="Annotate"></a></p></div>'
    '<details class="inline-notes"><summary>1 mark</summary>'
    '<ol><li class="card" data-start="0">A note</li></ol></details>'
    '<ul><li id="b1" data-start="11">Two <em><mark class="a1">em</mark>phatic</em> '
    '<a href="/">w<mark class="a2">or</mark>ds</a></li></ul>'
    '<table><tbody><tr><td id="b2" data-start="30">three</td><td id="b3" data-start="36"></td>'
    '<td id="b4" data-start="37">four</td></tr></tbody></table>'
)
WOVEN_TEXT = "One 🌊 sea.\nTwo emphatic words\nthree\n\nfour"


def test_every_range_of_the_text_goes_to_the_page_and_back(article):
    function = """(article, argument, { passageOf }) => {
        const text = Array.from(article.ids, (_, index) => article.text(index)).join("\\n");
        const points = Array.from(text);
        const wrong = [];
        for (let start = 0; start < points.length; start += 1) {
            for (let end = start + 1; end <= points.length; end += 1) {
                const words = points.slice(start, end).join("");
                if (words !== words.trim()) continue;
                const found = passageOf(article, article.range(start, end));
                const same = found?.start === start && found.end === end && found.exact === words;
                if (!same || article.slice(start, end) !== words) wrong.push([start, end, words, found]);
            }
        }
        return { text, wrong };
    }"""
    assert article(WOVEN).run(function) == {"text": WOVEN_TEXT, "wrong": []}


def test_points_in_elements_count_like_points_in_text(article):
    function = """(article) => {
        const [first, second] = [article.element(0), article.element(1)];
        return [
            article.offsetOf(first, 0), article.offsetOf(first, 1), article.offsetOf(first, 2),
            article.offsetOf(first, first.childNodes.length),
            article.offsetOf(second.querySelector("em"), 1), article.offsetOf(second.querySelector("mark"), 0),
            article.offsetOf(article.element(3), 0), article.offsetOf(article.root, 0),
            article.offsetOf(document.querySelector(".card").firstChild, 2),
        ]; }"""
    assert article(WOVEN).run(function) == [0, 0, 2, 10, 17, 15, 36, None, None]


def test_selection_outside_is_clipped_or_nothing(article):
    function = """(article, argument, { selectedPassage }) => {
        const select = (a, i, b, j) => {
            getSelection().setBaseAndExtent(a, i, b, j);
            return selectedPassage(article);
        };
        const [before, after, note] = ["header", "aside", ".card"].map((one) => document.querySelector(one).firstChild);
        const four = article.element(4).firstChild;
        return {
            all: select(before, 0, after, 5),
            backwards: select(four, 2, before, 3),
            fromNote: select(note, 2, article.element(1).firstChild, 3),
            toNote: select(article.element(0).lastChild.previousSibling, 4, note, 3),
            inNote: select(note, 0, note, 4),
            before: select(before, 0, before, 4),
            after: select(after, 0, after, 4),
            nothing: select(four, 2, four, 2),
            space: select(article.element(1).firstChild, 3, article.element(1).firstChild, 4),
            border: select(article.element(2).firstChild, 5, four, 0),
        };
    }"""
    found = article(WOVEN).run(function)
    exact = {name: passage and passage["exact"] for name, passage in found.items()}
    assert exact == {
        "all": WOVEN_TEXT,
        "backwards": WOVEN_TEXT.removesuffix("ur"),
        "fromNote": "Two",
        "toNote": "sea.",
        "inNote": None,
        "before": None,
        "after": None,
        "nothing": None,
        "space": None,
        "border": None,
    }
    assert (found["all"]["start"], found["all"]["end"]) == (0, len(WOVEN_TEXT))


# sentences.js and stepping.js


def test_sentences_keep_abbreviations_and_drop_spaces(run):
    text = "Mr. Ray met Dr. Lind at 5 p.m. today. “Why?” she asked.  He left.\nA new line"
    function = "({ sentences }, text) => sentences(text, 'en').map(([a, b]) => text.slice(a, b))"
    assert run("text/sentences", function, text) == [
        "Mr. Ray met Dr. Lind at 5 p.m. today.",
        "“Why?” she asked.",
        "He left.",
        "A new line",
    ]


def test_unknown_language_tags_do_no_harm(run):
    function = "({ sentences, words }) => [sentences('One. Two.', 'x-no_such').length, words('One. Two.', '!!').length]"
    assert run("text/sentences", function) == [2, 2]


STEPS = "One two. “Three four.” Five\nSix seven. Eight"


def test_stepping_by_sentence_crosses_blocks_and_stops_at_the_ends(article):
    function = """(article, argument, { firstSentence, nextSentence, previousSentence }) => {
        const seen = [];
        const words = ({ start, end }) => article.slice(start, end);
        let at = firstSentence(article, 0);
        for (; at; at = nextSentence(article, at)) seen.push(words(at));
        for (at = firstSentence(article, 1); at; at = previousSentence(article, at)) seen.push(words(at));
        return seen;
    }"""
    onward = ["One two.", "“Three four.”", "Five", "Six seven.", "Eight"]
    assert article(blocks(STEPS)).run(function) == [*onward, "Six seven.", "Five", "“Three four.”", "One two."]


@pytest.mark.parametrize(
    ("words", "side", "unit", "direction", "wanted"),
    [
        ("One", "end", "word", 1, "One two"),
        ("One two", "end", "word", 1, "One two."),
        ("One two.", "end", "word", 1, "One two. “Three"),
        ("One two", "end", "word", -1, "One"),
        ("One", "end", "word", -1, None),
        ("Five", "end", "word", 1, "Five\nSix"),
        ("Five", "end", "sentence", 1, "Five\nSix seven."),
        ("Five\nSix seven.", "end", "sentence", -1, "Five"),
        ("One two.", "end", "sentence", -1, None),
        ("four", "start", "word", -1, "Three four"),
        ("Three four", "start", "word", -1, "“Three four"),
        ("four", "start", "sentence", -1, "“Three four"),
        ("Six seven. Eight", "start", "sentence", 1, "Eight"),
        ("Eight", "start", "sentence", 1, None),
        ("Eight", "end", "word", 1, None),
        ("One", "start", "word", -1, None),
    ],
)
def test_ends_step_by_word_and_sentence(article, words, side, unit, direction, wanted):
    function = """(article, [start, end, side, unit, direction], { moveEnd }) => {
        const moved = moveEnd(article, { start, end }, side, unit, direction);
        return moved && article.slice(moved.start, moved.end);
    }"""
    start = STEPS.index(words)
    assert article(blocks(STEPS)).run(function, [start, start + len(words), side, unit, direction]) == wanted


# stacking.js


@pytest.mark.parametrize(
    ("items", "pinned", "tops"),
    [
        ([], -1, []),
        ([(0, 50), (100, 50)], -1, [0, 100]),
        ([(0, 50), (10, 50), (20, 50)], -1, [0, 60, 120]),
        ([(0, 50), (10, 50), (300, 50)], -1, [0, 60, 300]),
        # Pinned near the top: those before it have no room above the column's start, so it moves down as far as needed.
        ([(0, 50), (10, 50), (20, 50)], 1, [0, 60, 120]),
        ([(0, 50), (10, 50), (100, 50)], 2, [0, 60, 120]),
        ([(5, 50), (60, 50), (100, 50)], 1, [0, 60, 120]),
        ([(5, 50), (63, 50), (100, 50)], 1, [3, 63, 123]),
        ([(-30, 50), (10, 50)], -1, [0, 60]),
        ([(-30, 50), (90, 50)], 0, [0, 90]),
        ([(0, 50), (200, 50), (210, 50)], 2, [0, 150, 210]),
        ([(0, 50), (200, 50), (210, 50)], 0, [0, 200, 260]),
    ],
)
def test_cards_are_pushed_apart(run, items, pinned, tops):
    argument = [[{"want": want, "height": height} for want, height in items], pinned]
    assert run("text/stacking", "({ stack }, [items, pinned]) => stack(items, 10, pinned)", argument) == tops


def test_no_two_cards_ever_overlap(run):
    function = """({ stack }) => {
        let seed = 7;
        const random = (most) => (seed = (seed * 16807) % 2147483647) % most;
        for (let round = 0; round < 300; round += 1) {
            const item = () => ({ want: random(2000), height: 20 + random(200) });
            const items = Array.from({ length: 1 + random(30) }, item);
            items.sort((a, b) => a.want - b.want);
            const pinned = random(items.length + 1) - 1;
            const tops = stack(items, 8, pinned);
            if (tops[0] < 0) return ["above the column", items, pinned];
            const before = items.slice(0, Math.max(pinned, 0)).reduce((sum, { height }) => sum + height + 8, 0);
            if (pinned >= 0 && tops[pinned] !== Math.max(items[pinned].want, before)) return ["moved", items, pinned];
            for (let at = 1; at < items.length; at += 1) {
                if (tops[at] < tops[at - 1] + items[at - 1].height + 8) return ["overlap", items, pinned];
            }
        }
        return "apart";
    }"""
    assert run("text/stacking", function) == "apart"
