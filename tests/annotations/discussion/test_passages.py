"""Which marks belong to which sentence, and how divided readers are. Pure."""

from __future__ import annotations

import pytest

from annotations.codebook.kept import Look
from annotations.discussion.passages import by_contest, passages_of, votes_on
from annotations.reading.queries import Mark
from opslens.text.blocks import Block, Document

#        0123456789012345678901234567890123456789012345678901234567890
TEXT = "Ten chars. Twenty characters it is. Last.\nAnother block here."
SENTENCES = [(0, 10), (11, 35), (36, 41), (42, 61)]
CLAIM, OPINION, LOADED = Look(1, 1, 1, "claim", 7), Look(2, 2, 2, "opinion", 7), Look(3, 3, 3, "loaded", None)


@pytest.fixture
def document() -> Document:
    blocks = (
        Block(0, "p", 0, 41, sentences=tuple(SENTENCES[:3])),
        Block(1, "p", 42, 61, sentences=(SENTENCES[3],)),
    )
    return Document(text=TEXT, blocks=blocks, language="en")


def mark(author: int, start: int, end: int, *looks: Look) -> Mark:
    uid = f"{author}-{start}-{end}"
    return Mark(hash(uid), uid, start, end, 0, 0, author, 1, "exact", list(looks))


def passages(document, *marks, share=0.5, characters=15):
    ordered = sorted(marks, key=lambda mark: (mark.start, -mark.end, mark.uid))
    found = passages_of(document, ordered, share=share, characters=characters)
    return [(p.start, p.end, [m.uid for m in p.marks], [m.uid for m in p.brief]) for p in found]


@pytest.mark.parametrize(
    ("start", "end", "belongs"),
    [(0, 5, True), (0, 4, False), (11, 26, True), (11, 23, True), (11, 22, False), (20, 35, True)],
    ids=["half", "less than half", "15 characters", "half of 24", "11 of 24", "the last 15"],
)
def test_a_mark_belongs_to_a_sentence_by_its_share_or_its_length(document, start, end, belongs):
    sentence = next(each for each in SENTENCES if each[0] <= start < each[1])
    name = f"1-{start}-{end}"
    expected = ([name], []) if belongs else ([], [name])
    assert passages(document, mark(1, start, end)) == [(*sentence, *expected)]


def test_the_rule_is_that_of_the_session(document):
    short = mark(1, 0, 3)
    assert passages(document, short, share=0.3) == [(0, 10, ["1-0-3"], [])]
    assert passages(document, short, characters=3) == [(0, 10, ["1-0-3"], [])]
    assert passages(document, short) == [(0, 10, [], ["1-0-3"])]


def test_a_mark_that_reaches_a_little_into_a_sentence_does_not_belong_to_it(document):
    assert passages(document, mark(1, 0, 13)) == [(0, 10, ["1-0-13"], [])]


def test_a_brief_mark_over_two_sentences_lies_where_most_of_it_is(document):
    assert passages(document, mark(1, 9, 14)) == [(11, 35, [], ["1-9-14"])]


def test_sentences_under_the_same_marks_are_one_passage_also_across_paragraphs(document):
    assert passages(document, mark(1, 11, 61), mark(2, 11, 61)) == [(11, 61, ["1-11-61", "2-11-61"], [])]
    found = passages_of(document, [mark(1, 11, 61)], share=0.5, characters=15)
    assert [(p.first_block, p.last_block) for p in found] == [(0, 1)]


def test_sentences_under_different_marks_are_passages_of_their_own(document):
    assert passages(document, mark(1, 0, 35), mark(2, 11, 35)) == [
        (0, 10, ["1-0-35"], []),
        (11, 35, ["1-0-35", "2-11-35"], []),
    ]


def test_a_brief_mark_keeps_its_sentence_apart(document):
    assert passages(document, mark(1, 0, 35), mark(2, 11, 14)) == [
        (0, 10, ["1-0-35"], []),
        (11, 35, ["1-0-35"], ["2-11-14"]),
    ]


def test_a_row_of_asterisks_is_no_unit_and_a_mark_on_it_is_still_shown():
    text = "First part. * * * Second part."
    block = Block(0, "p", 0, 30, sentences=((0, 11), (12, 17), (18, 30)))
    document = Document(text=text, blocks=(block,), language="en")
    assert passages(document, mark(1, 12, 17)) == [(12, 17, [], ["1-12-17"])]
    assert passages(document, mark(1, 0, 30)) == [(0, 11, ["1-0-30"], []), (18, 30, ["1-0-30"], [])]


def test_nothing_marked_makes_no_passages(document):
    assert passages(document) == []


def test_a_text_without_sentences_makes_no_passages():
    assert passages_of(Document(text="", blocks=(), language="en"), [], share=0.5, characters=15) == []


def voted(document, finished, *marks, tags=()):
    ordered = sorted(marks, key=lambda mark: (mark.start, -mark.end, mark.uid))
    found = passages_of(document, ordered, share=0.5, characters=15)
    return [(passage, votes_on(passage, finished, tags)) for passage in found]


def test_most_divided_passages_come_first_then_the_text_decides(document):
    """Three readers. Sentence 0: all claim (0 bits). 1: claim by one (0.918). 2: claim by one, opinion by another
    (1.837). 3: opinion by two (0.918, later than sentence 1)."""
    pairs = voted(
        document,
        {1, 2, 3},
        *(mark(reader, 0, 10, CLAIM) for reader in (1, 2, 3)),
        mark(1, 11, 35, CLAIM),
        mark(1, 36, 41, CLAIM),
        mark(2, 36, 41, OPINION),
        mark(1, 42, 61, OPINION),
        mark(3, 42, 61, OPINION),
    )
    ordered = by_contest(pairs)
    assert [(passage.start, votes.bits) for passage, votes in ordered] == [
        (36, 1.837),
        (11, 0.918),
        (42, 0.918),
        (0, 0.0),
    ]
    assert [votes.is_contested for _, votes in ordered] == [True, True, True, False]


def test_who_has_not_finished_neither_agrees_nor_differs(document):
    ((_, votes),) = voted(document, {1, 2}, mark(1, 0, 10, CLAIM), mark(2, 0, 10, CLAIM), mark(3, 0, 10, OPINION))
    assert [(vote.look.name, vote.marked, vote.present) for vote in votes.by_tag] == [("claim", 2, 2)]
    assert not votes.is_contested


def test_two_marks_of_one_reader_are_one_vote_and_brief_ones_none(document):
    marks = mark(1, 0, 10, CLAIM), mark(1, 0, 9, CLAIM, LOADED), mark(2, 0, 2, OPINION)
    ((_, votes),) = voted(document, {1, 2}, *marks)
    assert [(vote.look.name, vote.marked) for vote in votes.by_tag] == [("claim", 1), ("loaded", 1)]
    assert (votes.marked, votes.present) == (1, 2)


def test_votes_can_be_narrowed_to_tags(document):
    ((_, votes),) = voted(document, {1, 2}, mark(1, 0, 10, CLAIM, LOADED), mark(2, 0, 10, CLAIM), tags={CLAIM.pk})
    assert [vote.look.name for vote in votes.by_tag] == ["claim"]
    assert votes.bits == 0.0
