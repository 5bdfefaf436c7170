"""Carrying marks to another revision: on the right words, or saying that these changed, moved or are gone."""

import unicodedata
from itertools import pairwise
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslens.text.anchoring import (
    AMBIGUOUS,
    CHANGED,
    EXACT,
    LOST,
    MOVED,
    Place,
    Suggestion,
    answer_record,
    carry,
    carry_all,
    suggest,
)
from opslens.text.anchoring.diffing import map_texts
from opslens.text.offsets import snap
from tests.support.growth import grows_linearly
from tests.text.anchoring.test_diffing import any_pair
from tests.text.strategies import any_text

PULL_QUOTE = "“We counted 412 boats, and nobody has counted since.”"
ARTICLE = f"""The harbour nobody counts

Nobody knows how many boats are moored at Vell. The last list is from the spring of 2009.

{PULL_QUOTE}

The list was drawn up by the warden, Ms. Odell, with two volunteers. {PULL_QUOTE} The office has paid nobody for \
the work, and it does not plan to.

Fares fell by 3.1 percent in May. They had risen by 9.4 percent in April, the office says.

The pilots want a new list. The office does not."""


def carried(quote: str, new: str, old: str = ARTICLE, nth: int = 0) -> tuple[str, str]:
    """Return the state of the nth ``quote`` and the words it stands on in the new text."""
    start = -1
    for _ in range(nth + 1):
        start = old.index(quote, start + 1)
    place = carry(map_texts(old, new), start, start + len(quote))
    return place.state, new[place.start : place.end]


@st.composite
def pairs_with_spans(draw: st.DrawFn, snapped: bool = False) -> tuple[str, str, list[tuple[int, int]]]:
    old, new = draw(any_pair)
    ends = st.integers(0, len(old))
    spans = [tuple(sorted((draw(ends), draw(ends)))) for _ in range(draw(st.integers(1, 6)))]
    return old, new, [snap(old, *span) for span in spans] if snapped else spans


@given(pairs_with_spans())
def test_every_place_is_in_the_text_and_is_what_it_says(case):
    old, new, spans = case
    text_map = map_texts(old, new)
    for (start, end), place in zip(spans, carry_all(text_map, spans), strict=True):
        assert 0 <= place.start <= place.end <= len(new)
        assert 0 <= place.score <= 1
        if place.state in (EXACT, MOVED):
            assert new[place.start : place.end] == old[start:end]
            assert (place.score, place.check) == (1.0, False)
        elif place.state == CHANGED:
            assert place.start < place.end
        else:
            assert (place.start, place.end, place.check) == (0, 0, False)
        assert (len(place.candidates) > 1) == (place.state == AMBIGUOUS)
        for low, high in place.candidates:
            assert 0 <= low < high <= len(new)


@given(pairs_with_spans(snapped=True))
def test_a_passage_of_whole_graphemes_stays_one(case):
    old, new, spans = case
    text_map = map_texts(old, new)
    for start, end in spans:
        place = carry(text_map, start, end)
        if start < end and place.start < place.end:
            assert snap(new, place.start, place.end) == (place.start, place.end)


@given(any_text, st.data())
def test_carrying_to_the_same_text_changes_nothing(text, data):
    ends = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(ends, ends).map(lambda span: tuple(sorted(span))), max_size=5))
    assert carry_all(map_texts(text, text), spans) == [Place(EXACT, *span, 1.0, False) for span in spans]


@given(pairs_with_spans())
def test_a_revert_gives_every_anchor_back(case):
    """Marks are carried from the revision where they were made, so what came between does not count."""
    old, new, spans = case
    carry_all(map_texts(old, new), spans)
    assert [(p.state, p.start, p.end) for p in carry_all(map_texts(old, old), spans)] == [(EXACT, *s) for s in spans]


@given(pairs_with_spans())
def test_suggestions_are_in_the_text_and_apart(case):
    old, new, spans = case
    text_map = map_texts(old, new)
    for span in spans:
        found = suggest(text_map, *span)
        assert len(found) <= 3
        assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
        places = sorted((s.start, s.end) for s in found)
        assert all(0 <= low < high <= len(new) for low, high in places)
        assert all(first[1] <= second[0] for first, second in pairwise(places))


@pytest.mark.parametrize("span", [(-1, 2), (0, 99), (3, 2)])
def test_a_range_outside_of_the_text_is_refused(span):
    text_map = map_texts("boats", "boats")
    with pytest.raises(ValueError):
        carry(text_map, *span)
    with pytest.raises(ValueError):
        suggest(text_map, *span)


# --- twins --------------------------------------------------------------------------------------------------------


def edited(number: int, replacement: str) -> str:
    """The article with one of the two places of the pull quote replaced."""
    parts = ARTICLE.split(PULL_QUOTE)
    places = [PULL_QUOTE, PULL_QUOTE]
    places[number] = replacement
    return parts[0] + places[0] + parts[1] + places[1] + parts[2]


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("before", ["", "A storm warning has been out since Monday.\n\n"])
def test_a_pull_quote_and_its_twin_in_the_body_are_never_taken_for_one_another(number, before):
    other = 1 - number
    quotes = [ARTICLE.index(PULL_QUOTE), ARTICLE.rindex(PULL_QUOTE)]

    def places(replacement: str) -> tuple[Place, Place, str]:
        new = before + edited(number, replacement)
        text_map = map_texts(ARTICLE, new)
        ours, twins = (carry(text_map, quotes[n], quotes[n] + len(PULL_QUOTE)) for n in (number, other))
        return ours, twins, new

    ours, twin, new = places("")
    assert ours == Place(LOST, 0, 0, 0.0, False)
    assert (twin.state, twin.start) == (EXACT, new.index(PULL_QUOTE))

    ours, twin, new = places(PULL_QUOTE.replace("412", "421"))
    assert (ours.state, new[ours.start : ours.end]) == (CHANGED, PULL_QUOTE.replace("412", "421"))
    assert ours.check
    assert (twin.state, twin.start) == (EXACT, new.index(PULL_QUOTE))

    ours, twin, new = places("“We stopped counting them long ago,” one says.")
    assert ours.state == LOST
    assert (twin.state, twin.start) == (EXACT, new.index(PULL_QUOTE))


def test_a_sentence_that_went_is_lost_though_a_near_twin_remains():
    old = (
        "The northern office closed in March with all of its records.\n"
        "Nobody asked why.\n"
        "The southern office closed in May with all of its records."
    )
    for gone in (0, 2):
        lines = old.split("\n")
        quote = lines.pop(gone)
        assert carried(quote, "\n".join(lines), old) == (LOST, "")
        assert carried(lines[1 if gone == 0 else 0], "\n".join(lines), old)[0] == EXACT


def test_a_sentence_is_not_taken_for_the_one_beside_it():
    new = ARTICLE.replace("Fares fell by 3.1 percent in May. ", "")
    assert carried("Fares fell by 3.1 percent in May.", new) == (LOST, "")
    assert carried("percent", new, nth=0) == (LOST, "")
    assert carried("percent", new, nth=1) == (EXACT, "percent")


def test_a_copy_that_is_put_in_does_not_take_the_mark():
    quote = "The last list is from the spring of 2009."
    near = "The last list is from the summer of 2009."
    new = ARTICLE.replace("Nobody knows", near + " Nobody knows")
    place = carry(map_texts(ARTICLE, new), ARTICLE.index(quote), ARTICLE.index(quote) + len(quote))
    assert (place.state, place.start) == (EXACT, new.index(quote))


# --- what was edited ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quote", "replacement", "check"),
    [
        ("Fares fell by 3.1 percent in May.", "Fares fell by 1.3 percent in May.", True),
        ("3.1", "1.3", True),
        ("The office does not.", "The office does.", True),
        ("drawn up by the warden, Ms. Odell", "drawn up by the warden, Ms. Arne", True),
        ("it does not plan to", "it does not ever plan to", False),
        ("Fares fell by 3.1 percent in May.", "Fares fell by 3.1 per cent in May.", False),
    ],
)
def test_a_changed_word_is_said_and_substance_is_to_be_checked(quote, replacement, check):
    new = ARTICLE.replace(quote, replacement)
    start = ARTICLE.index(quote)
    place = carry(map_texts(ARTICLE, new), start, start + len(quote))
    assert (place.state, new[place.start : place.end], place.check) == (CHANGED, replacement, check)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('He said "no list" twice.', "He said “no list” twice."),
        ("The café closes at nine.", "The cafe\u0301 closes at nine."),
        ("항구가 닫혔다.", unicodedata.normalize("NFD", "항구가 닫혔다.")),
        ("がんばれ、港。", unicodedata.normalize("NFD", "がんばれ、港。")),
        ("The of\ufb01ce is shut.", "The office is shut."),
        ("The harbour is shut.", "The har\u00adbour is shut."),
        ("Ms. Odell is away.", "Ms.\u00a0Odell is\u202f away."),
        ("One went. Two stayed.", "One went.\nTwo stayed."),
    ],
)
def test_typography_changes_characters_but_not_the_passage(old, new):
    assert carry(map_texts(old, new), 0, len(old)) == Place(CHANGED, 0, len(new), 1.0, False)
    assert carry(map_texts(new, old), 0, len(new)) == Place(CHANGED, 0, len(old), 1.0, False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The [harbuor] opened at dawn.", "The [harbour] opened at dawn."),
        ("The [harbour opened] at dawn.", "The [old harbour has opened] at dawn.".replace("[old ", "old [")),
        ("The harbour [opened at dawn].", "The harbour [closed at noon]."),
        ("The harbour opened [at dawn, or nearly so].", "The harbour opened [at dawn]."),
        ("[The harbour opened at dawn.] It rained.", "[The harbour, says the office, opened at dawn.] It rained."),
        ("[港は朝に開いた。]雨だった。", "[港は昼に開いた。]雨だった。"),
        ("[فتح الميناء عند الفجر.] كان المطر.", "[فتح الميناء القديم عند الفجر.] كان المطر."),
        ("It rained. [👩‍👩‍👧‍👦 waved]!", "It rained, too. [👩‍👩‍👧‍👦 waved]!"),
    ],
)
def test_a_passage_keeps_its_edges(old, new):
    start, end = old.index("["), old.index("]") - 1
    plain_old, plain_new = old.replace("[", "").replace("]", ""), new.replace("[", "").replace("]", "")
    place = carry(map_texts(plain_old, plain_new), start, end)
    assert (place.start, place.end) == (new.index("["), new.index("]") - 1)


def test_a_passage_inside_of_a_word_stays_inside():
    new = ARTICLE.replace("The pilots want", "Most pilots want")
    assert carried("want a new li", new) == (EXACT, "want a new li")
    assert carried("ilots want a n", new) == (EXACT, "ilots want a n")
    assert carried("ilots want a n", ARTICLE.replace("want a", "want, at last, a")) == (
        CHANGED,
        "ilots want, at last, a n",
    )


# --- moves --------------------------------------------------------------------------------------------------------


def test_a_moved_paragraph_takes_its_marks_along():
    paragraphs = ARTICLE.split("\n\n")
    paragraphs.insert(1, paragraphs.pop(4))
    new = "\n\n".join(paragraphs)
    assert carried("Fares fell by 3.1 percent in May.", new) == (MOVED, "Fares fell by 3.1 percent in May.")
    assert carried("percent", new, nth=1) == (MOVED, "percent")
    assert carried("The last list is from the spring of 2009.", new)[0] == EXACT


def test_a_moved_sentence_that_was_edited_is_changed():
    quote = "The office has paid nobody for the work, and it does not plan to."
    new = ARTICLE.replace(" " + quote, "").replace(
        "The pilots want", quote.replace("paid", "thanked") + " The pilots want"
    )
    assert carried(quote, new) == (CHANGED, quote.replace("paid", "thanked"))


def test_a_passage_that_went_to_two_places_is_ambiguous():
    quote = "The list was drawn up by the warden, Ms. Odell, with two volunteers."
    without = ARTICLE.replace(quote + " ", "")
    new = f"{quote}\n\n{without} {quote}"
    start = ARTICLE.index(quote)
    places = ((0, len(quote)), (len(new) - len(quote), len(new)))
    assert carry(map_texts(ARTICLE, new), start, start + len(quote)) == Place(AMBIGUOUS, 0, 0, 0.0, False, places)
    word = start + quote.index("volunteers")
    assert carry(map_texts(ARTICLE, new), word, word + 10).state == AMBIGUOUS


# --- suggestions and records --------------------------------------------------------------------------------------


def test_a_reworded_sentence_is_suggested_and_not_attached():
    quote = "The office has paid nobody for the work, and it does not plan to."
    rewording = "For that work nobody was paid by the office; nor does it plan to pay."
    new = ARTICLE.replace(" " + quote, "") + "\n\n" + rewording
    start = ARTICLE.index(quote)
    text_map = map_texts(ARTICLE, new)
    assert carry(text_map, start, start + len(quote)).state == LOST
    found = suggest(text_map, start, start + len(quote))
    assert new[found[0].start : found[0].end] in rewording


def test_the_best_suggestion_comes_first_and_there_are_no_more_than_asked():
    old = "The ferry to Vell was late again."
    new = "A ferry to Vell is never late. The ferry to Vell was late once again, they say. It rained."
    assert suggest(map_texts(old, ""), 0, len(old)) == []
    assert suggest(map_texts(old, new), 0, 0) == []
    [one] = suggest(map_texts(old + "\nIt rained.", "It rained. The ferry to Vell was late yet again!"), 0, len(old), 1)
    assert isinstance(one, Suggestion)
    assert one.score > 0.7


def test_a_record_is_answered():
    record = {
        "id": "r",
        "old_text": "The ferry left at nine. It rained. Nobody waved.",
        "new_text": "The ferry left at ten. Nobody waved.",
        "annotations": [
            {"id": "a", "start": 0, "end": 23},
            {"id": "b", "start": 24, "end": 34},
            {"id": "c", "start": 35, "end": 48},
        ],
    }
    assert answer_record(record) == {
        "id": "r",
        "annotations": [
            {"id": "a", "state": "changed", "start": 0, "end": 22},
            {"id": "b", "state": "lost", "orphan": True},
            {"id": "c", "state": "exact", "start": 23, "end": 36},
        ],
    }


def test_cost_grows_with_the_text_and_its_marks():
    def seconds(boats: int) -> float:
        old = "\n".join(
            f"Boat {number} lies at berth {number * 7 % 1000}, and its owner is away." for number in range(boats)
        )
        new = old.replace("owner", "keeper", boats // 20)
        spans = [(start, start + 80) for start in range(0, len(old) - 80, 30)]
        before = thread_time()
        carry_all(map_texts(old, new), spans)
        return thread_time() - before

    assert grows_linearly(seconds, 300)
