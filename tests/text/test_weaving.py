"""Weaving: no character lost or doubled, always well formed, each segment as a model character by character says."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslens.text.blocks import Block, Document, Inline
from opslens.text.canonical import read_html
from opslens.text.weaving import weave, wrap
from tests.text.markup import read
from tests.text.strategies import documents, documents_with_marks

ORDERS = st.permutations(range(1, 12))


def document_of(*texts: str, kind: str = "p", inlines: tuple[Inline, ...] = ()) -> Document:
    blocks, position = [], 0
    for ordinal, text in enumerate(texts):
        end = position + len(text)
        own = tuple(inline for inline in inlines if position <= inline.start < end)
        blocks.append(Block(ordinal, kind, position, end, (), own, ()))
        position = end + 1
    return Document(text="\n".join(texts), blocks=tuple(blocks), language="en")


WORDS = document_of("one two three")


def inner(woven: str) -> str:
    return woven[woven.index(">") + 1 : woven.rindex("<")]


def as_parsed(woven: str) -> str:
    """A woven block without the newline right after a pre's start tag, which an HTML parser drops."""
    return re.sub(r"^(<pre [^>]*>)\n", r"\1", woven)


def shown(woven: str) -> str:
    return read(as_parsed(woven)).text


def usable(document, marks):
    """Marks that touch the text of a block, as the contract has it."""
    size = len(document.text)
    return [m for m in marks if 0 <= m[0] < m[1] <= size and document.blocks_between(m[0], m[1])]


def segments(woven: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Each run of text with the attributes of the mark around it ({} for none)."""
    found = []
    for piece in woven:
        for run in read(piece).texts:
            around = [attributes for name, attributes in run.around if name == "mark"]
            assert len(around) <= 1, "marks must not be nested"
            found.append((run.text, around[0] if around else {}))
    return found


def expected_look(document, marks, order, offset):
    """What the model says about one character: (class, data-n), or None when no mark covers it."""
    covering = [mark for mark in usable(document, marks) if mark[0] <= offset < mark[1]]
    if not covering:
        return None
    slots = sorted({slot for mark in covering for slot in mark[2]}, key=list(order).index)
    names = [f"{letter}{slot}" for letter, slot in zip("abc", slots, strict=False)] or ["a0"]
    if len(slots) > 3:
        names.append("more")
    return " ".join(names), str(len(covering)) if len(covering) > 1 else None


@given(documents_with_marks())
def test_weaving_loses_and_doubles_no_character(case):
    document, marks = case
    woven = weave(document, marks)
    assert [shown(piece) for piece in woven] == [document.text_of(block) for block in document.blocks]


@given(documents_with_marks(), ORDERS)
def test_every_character_has_the_look_that_the_model_gives_it(case, order):
    document, marks = case
    for block, piece in zip(document.blocks, weave(document, marks, order=order), strict=True):
        offset = block.start
        for text, attributes in segments([as_parsed(piece)]):
            for _ in text:
                look = (attributes["class"], attributes.get("data-n")) if attributes else None
                assert look == expected_look(document, marks, order, offset)
                offset += 1
        assert offset == block.end


@given(documents_with_marks())
def test_each_mark_that_touches_text_has_its_id_once_where_it_begins(case):
    document, marks = case
    woven = weave(document, marks)
    found = Counter()
    for block, piece in zip(document.blocks, woven, strict=True):
        position = block.start
        for token in re.findall(r"<[^>]*>|[^<]+", as_parsed(piece)):
            uid = re.search(r'<(?:mark|i) id="m(u\d+)"', token)
            if uid:
                found[uid[1]] += 1
                mark = next(m for m in marks if m[3] == uid[1])
                first = document.blocks_between(mark[0], mark[1])[0]
                assert position == max(mark[0], first.start)
            if not token.startswith("<"):
                position += len(read(token).text)
    assert found == Counter({mark[3]: 1 for mark in usable(document, marks)})


@given(documents_with_marks())
def test_inline_formatting_covers_what_it_covered(case):
    document, marks = case
    for block, piece in zip(document.blocks, weave(document, marks), strict=True):
        offset = block.start
        for run in read(as_parsed(piece)).texts:
            for _ in run.text:
                kinds = {name for name, attributes in run.around[1:] if name != "mark" and "id" not in attributes}
                assert kinds == {i.kind for i in block.inlines if i.start <= offset < i.end}
                offset += 1


@given(documents_with_marks(), st.data())
def test_a_window_weaves_like_the_whole(case, data):
    document, marks = case
    first = data.draw(st.integers(0, len(document.blocks) - 1))
    last = data.draw(st.integers(first, len(document.blocks) - 1))
    assert weave(document, marks, first, last) == weave(document, marks)[first : last + 1]


@given(documents_with_marks(), st.randoms(use_true_random=False))
def test_the_order_in_which_marks_come_does_not_matter(case, random):
    document, marks = case
    shuffled = list(marks)
    random.shuffle(shuffled)
    assert weave(document, shuffled) == weave(document, marks)


@given(documents_with_marks())
def test_weaving_leaves_nothing_behind_in_the_document(case):
    document, marks = case
    plain = weave(document, [])
    weave(document, marks)
    assert weave(document, []) == plain
    assert "<mark" not in "".join(plain)


@given(documents())
def test_block_elements_say_where_they_are(document):
    for block, piece in zip(document.blocks, weave(document, []), strict=True):
        name, attributes = read(as_parsed(piece)).elements[0]
        assert name == block.kind
        assert attributes["id"] == f"b{block.ordinal}"
        assert attributes["data-b"] == str(block.ordinal)
        assert attributes["data-start"] == str(block.start)
        assert (attributes.get("class") == "lines") == (block.kind != "pre" and "\n" in document.text_of(block))


def test_a_single_mark():
    assert weave(WORDS, [(4, 7, (3,), "x1")]) == [
        '<p id="b0" data-b="0" data-start="0">one <mark id="mx1" class="a3">two</mark> three</p>'
    ]


def test_overlapping_marks_are_cut_into_segments():
    assert inner(weave(WORDS, [(0, 7, (2,), "x"), (4, 13, (1,), "y")])[0]) == (
        '<mark id="mx" class="a2">one </mark><mark id="my" class="a1 b2" data-n="2">two</mark>'
        '<mark class="a1"> three</mark>'
    )


def test_marks_that_begin_together_have_an_anchor_each():
    marks = [(0, 3, (1,), "short"), (0, 13, (), "long"), (0, 3, (1,), "again"), (0, 3, (), "")]
    assert inner(weave(WORDS, marks)[0]).startswith(
        '<mark id="mlong" class="a1" data-n="4"><i id="magain"></i><i id="mshort"></i>one</mark><mark class="a0">'
    )


def test_a_mark_without_tags_and_one_without_an_id():
    assert inner(weave(WORDS, [(0, 3, (), "")])[0]) == '<mark class="a0">one</mark> two three'


def test_four_tags_show_three_and_more():
    assert 'class="a1 b4 c7 more"' in weave(WORDS, [(0, 3, (7, 1), "x"), (0, 3, (9, 4), "y")])[0]


def test_the_codebooks_order_decides_the_top_tag():
    marks = [(0, 3, (1,), "x"), (0, 3, (5,), "y")]
    assert 'class="a5 b1"' in weave(WORDS, marks, order=[5, 1])[0]
    assert 'class="a1 b5"' in weave(WORDS, marks)[0]


def test_a_mark_across_blocks_has_its_id_in_the_first_only():
    woven = weave(document_of("one", "two", "three"), [(1, 10, (1,), "x")])
    assert [piece.count("<mark") for piece in woven] == [1, 1, 1]
    assert [piece.count('id="mx"') for piece in woven] == [1, 0, 0]


def test_a_mark_on_the_border_between_blocks_marks_nothing():
    assert "mark" not in "".join(weave(document_of("one", "two"), [(3, 4, (1,), "x")]))
    woven = "".join(weave(document_of("one", "two"), [(3, 4, (1,), "border"), (4, 6, (1,), "real"), (4, 5, (1,), "y")]))
    assert "border" not in woven
    assert woven.count("real") == woven.count('id="my"') == 1


def test_a_mark_that_begins_on_the_border_begins_with_the_next_block():
    assert weave(document_of("one", "two"), [(3, 6, (1,), "x")], 1)[0].startswith(
        '<p id="b1" data-b="1" data-start="4"><mark id="mx" class="a1">tw</mark>'
    )


def test_a_link_is_not_cut_by_marks():
    link = Inline(4, 13, "a", "https://example.org/?a=1&b=\"<'")
    woven = weave(document_of("one two three", inlines=(link,)), [(0, 7, (1,), "x")])[0]
    assert woven.count("<a ") == 1
    assert 'href="https://example.org/?a=1&amp;b=&quot;&lt;&#x27;"' in woven


def test_a_block_against_the_direction_of_the_article_says_so():
    document = read_html("<p>שלום עולם וברכה לכולם</p><p>An English line</p><p>123</p>", "he")
    assert ['dir="ltr"' in piece for piece in weave(document, [])] == [False, True, False]
    document = read_html("<p>A long English paragraph.</p><p>שלום</p>", "en")
    assert ['dir="rtl"' in piece for piece in weave(document, [])] == [False, True]


@pytest.mark.parametrize(
    "source",
    [
        "<ul><li>a</li><li>b</li></ul><ul><li>c</li></ul>",
        "<blockquote><p>a</p><ol><li>b</li></ol></blockquote>",
        "<table><caption>t</caption><tr><th>a</th><td>b</td></tr><tr><td>c</td><td></td></tr></table>",
        "<ul><li><p>a</p><ul><li>b</li></ul></li></ul>",
        "<figure><p>a</p></figure><figure><p>b</p></figure>",
    ],
)
def test_wrap_puts_the_containers_back(source):
    document = read_html(source, "en")
    bare = re.sub(r' (id|data-b|data-start)="[^"]*"', "", wrap(document, weave(document, [])))
    assert bare == source


def test_wrap_of_a_part_is_well_formed():
    document = read_html(
        "<ul><li>a</li><li>b</li></ul><table><tbody><tr><td>c</td><td>d</td></tr></tbody></table>", "en"
    )
    for first in range(4):
        for last in range(first, 4):
            read(wrap(document, weave(document, [], first, last), first))


def test_an_empty_window_or_document_weaves_to_nothing():
    assert weave(Document(text="", blocks=(), language="en"), [(0, 1, (1,), "x")]) == []
    assert weave(WORDS, [], 5) == []
    assert wrap(WORDS, []) == ""
