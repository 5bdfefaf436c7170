"""The map between two texts, and the changes that a compare page shows."""

from itertools import pairwise
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslens.text.anchoring.diffing import Change, Run, changes, map_texts
from opslens.text.anchoring.words import Vocabulary, Words, typographic
from tests.text.strategies import any_text, pieces

SENTENCES = (
    "The harbour opened at dawn.",
    "Nobody had told the pilots about the fog.",
    "Two ferries waited outside for an hour!",
    "“It was quiet,” said the warden, Ms. Odell.",
    "Fares rose by 4.5 percent in May.",
    "港は霧に包まれた。",
    "لم يخبر أحد المرشدين بالضباب.",
    "👩‍👩‍👧‍👦 waved from the pier.",
)


@st.composite
def revisions(draw: st.DrawFn) -> tuple[str, str]:
    """A text and an edited version: sentences left out, repeated, put elsewhere, and their words replaced."""

    def text(sentences: list[str]) -> str:
        joints = draw(st.lists(st.sampled_from([" ", "\n", "\n\n"]), min_size=len(sentences), max_size=len(sentences)))
        return "".join(a + b for a, b in zip(sentences, joints, strict=True)).strip()

    chosen = draw(st.lists(st.one_of(st.sampled_from(SENTENCES), pieces), max_size=10))
    edited = draw(st.lists(st.sampled_from(chosen), max_size=10)) if chosen else []
    if draw(st.booleans()):
        edited = list(chosen)
    for at in range(len(edited)):
        if draw(st.integers(0, 3)) == 0:
            words = edited[at].split(" ")
            words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(["", "9", "new", "not there"]))
            edited[at] = " ".join(words)
    return text(chosen), text(edited)


any_pair = st.one_of(revisions(), st.tuples(any_text, any_text))


def cut(text: str) -> list[str]:
    words = Words(text, Vocabulary())
    return [words.word(at) for at in range(len(words))]


def sentences_of(text: str) -> list[str]:
    words = Words(text, Vocabulary())
    return [text[words.starts[start] : words.ends[stop - 1]] for start, stop in pairwise(words.sentences)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t pay 3.1 percent…", ["Don’t", "pay", "3.1", "percent", "…"]),
        ("the ’90s, rock ’n’ roll", ["the", "’", "90s", ",", "rock", "’", "n", "’", "roll"]),
        ("1,250.5 km—or 3D", ["1,250.5", "km", "—", "or", "3D"]),
        ("今天3度。", ["今", "天", "3", "度", "。"]),
        ("복제된 것", ["복", "제", "된", "것"]),
        ("مرحباً بكم", ["مرحباً", "بكم"]),
        ("naïve nai\u0308ve", ["naïve", "nai\u0308ve"]),
        ("co\u00adop \u200b ﬁn", ["co\u00adop", "ﬁn"]),
        ("👩‍👩‍👧‍👦🇬🇧🇩🇪", ["👩‍👩‍👧‍👦", "🇬🇧", "🇩🇪"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_words(text, words):
    assert cut(text) == words


def test_sentences_and_blocks_are_told_by_signs():
    text = "One. “Two!” he said… Three\nfour? 五。六！seven v1.2 e"
    assert sentences_of(text) == ["One.", "“Two!”", "he said…", "Three", "four?", "五。", "六！", "seven v1.2 e"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("‘a’ – “b”…", "'a' - \"b\"..."),
        ("caf\u00e9 ﬁne", "cafe\u0301 fine"),
        ("so\u00adft\u00a0 hy\u200bphen", "soft hyphen"),
        ("Ａ１！", "A1!"),
    ],
)
def test_typography_is_not_wording(one, other):
    assert typographic(one) == typographic(other)


@pytest.mark.parametrize(("one", "other"), [("10²", "102"), ("It", "it"), ("3.1", "31"), ("a b", "ab"), ("−5", "5")])
def test_wording_is_not_typography(one, other):
    assert typographic(one) != typographic(other)


@given(any_text)
def test_words_are_in_order_and_leave_out_nothing_that_can_be_seen(text):
    words = Words(text, Vocabulary())
    position = 0
    for start, end in zip(words.starts, words.ends, strict=True):
        assert position <= start < end
        assert not typographic(text[position:start]).strip()
        position = end
    assert not typographic(text[position:]).strip()
    assert words.blocks[0] == words.sentences[0] == 0
    assert words.blocks[-1] == words.sentences[-1] == len(words)
    assert set(words.blocks) <= set(words.sentences)


@given(any_pair)
def test_runs_are_equal_words_and_disjoint(pair):
    text_map = map_texts(*pair)
    for run in text_map.runs:
        old, new = pair[0][run.old_start : run.old_end], pair[1][run.new_start : run.new_end]
        assert [typographic(word).casefold() for word in cut(old)] == [
            typographic(word).casefold() for word in cut(new)
        ]
    ranges = [(run.old_start, run.old_end) for run in text_map.runs]
    assert ranges == sorted(ranges)
    for side in (ranges, sorted((run.new_start, run.new_end) for run in text_map.runs)):
        assert all(first[1] <= second[0] for first, second in pairwise(side))
    settled = [run for run in text_map.runs if not run.moved]
    assert all(first.new_end <= second.new_start for first, second in pairwise(settled))


@given(any_text)
def test_a_text_is_all_itself(text):
    for run in map_texts(text, text).runs:
        assert (run.old_start, run.old_end, run.moved) == (run.new_start, run.new_end, False)
    assert {change.kind for change in changes(map_texts(text, text))} <= {"equal"}


@given(any_pair)
def test_changes_give_both_texts_back(pair):
    old, new = pair
    row = changes(map_texts(old, new))
    assert "".join(old[c.old_start : c.old_end] for c in row if c.kind in ("equal", "delete", "moved-from")) == old
    assert "".join(new[c.new_start : c.new_end] for c in row if c.kind in ("equal", "insert", "moved-to")) == new
    for change in row:
        ours, theirs = old[change.old_start : change.old_end], new[change.new_start : change.new_end]
        if change.kind == "equal":
            assert ours == theirs
        if change.kind == "delete":
            assert not theirs
        if change.kind == "insert":
            assert not ours
        for text in (ours, theirs):
            assert "\n" not in text or not text.strip("\n")


def shown(old: str, new: str) -> list[tuple[str, str]]:
    return [
        (change.kind, new[change.new_start : change.new_end] or old[change.old_start : change.old_end])
        for change in changes(map_texts(old, new))
    ]


def test_a_replaced_word_is_taken_out_and_put_in():
    assert shown("Fares fell by 3.1 percent in May.", "Fares rose by 3.1 percent in early May.") == [
        ("equal", "Fares "),
        ("delete", "fell"),
        ("insert", "rose"),
        ("equal", " by 3.1 percent in "),
        ("insert", "early "),
        ("equal", "May."),
    ]


def test_curled_quotes_are_a_replacement():
    assert shown('He said "no" twice.', "He said “no” twice.") == [
        ("equal", "He said "),
        ("delete", '"'),
        ("insert", "“"),
        ("equal", "no"),
        ("delete", '"'),
        ("insert", "”"),
        ("equal", " twice."),
    ]


def test_a_paragraph_that_is_cut_in_two_keeps_its_words():
    assert shown("One ferry left. Two ferries stayed.", "One ferry left.\nTwo ferries stayed.") == [
        ("equal", "One ferry left."),
        ("delete", " "),
        ("insert", "\n"),
        ("equal", "Two ferries stayed."),
    ]


def test_a_new_sentence_is_shown_whole_though_its_words_stood_before():
    old = "The ferry waits."
    new = "The ferry leaves. The ferry waits."
    assert shown(old, new) == [("insert", "The ferry leaves. "), ("equal", "The ferry waits.")]


def test_a_moved_sentence_names_both_places():
    rest = "It rained on both ferries and on all who had waited since noon.\nNobody minded the rain, said the warden."
    old = f"The harbour opened at dawn as it always does. {rest}"
    new = f"{rest} The harbour opened at dawn as it always does."
    moved = "The harbour opened at dawn as it always does."
    there, here = old.index(moved), new.index(moved)
    places = (there, there + len(moved), here, here + len(moved))
    row = changes(map_texts(old, new))
    assert [change for change in row if change.kind.startswith("moved")] == [
        Change("moved-from", *places),
        Change("moved-to", *places),
    ]
    assert [run for run in map_texts(old, new).runs if run.moved] == [Run(*places, True)]


def test_words_of_another_sentence_in_the_same_place_are_not_its_words():
    old = "The fog came in. The warden of the port has gone to the city.\nEnd of the news."
    new = "The fog came in. A strike of the pilots is on in the north.\nEnd of the news."
    assert shown(old, new)[1:3] == [
        ("delete", "The warden of the port has gone to the city."),
        ("insert", "A strike of the pilots is on in the north."),
    ]


@pytest.mark.parametrize("unit", ["a ", "no stop ", "同", "one line\n", "x"])
def test_a_text_without_anything_unique_takes_linear_time(unit):
    def seconds(times: int) -> float:
        old, new = unit * times, "other " + unit * (times - 1) + "end"
        before = thread_time()
        map_texts(old, new)
        return thread_time() - before

    assert any(seconds(60_000) < 15 * seconds(6_000) + 0.05 for _ in range(4))
