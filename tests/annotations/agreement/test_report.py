"""The report of a session: the reference table through the verbs, what is missing, who stays, which state is shown."""

from __future__ import annotations

import pytest

from annotations.agreement.coefficients import Undefined, tag_report
from annotations.agreement.extents import extents_of
from annotations.agreement.queries import report_of
from annotations.agreement.readings import INDEPENDENT, NOW
from annotations.codebook.actions import edit_tag
from annotations.editing.actions import delete_mark
from annotations.membership import article_in
from annotations.models import Assignment, TeamSession
from annotations.teams.actions import add_article, edit_session, set_phase
from annotations.teams.people.actions import leave
from annotations.teams.progress.actions import finish, reopen, skip
from opslens.web.refusals import Denied
from tests.agreement.published import G1, TAGS
from tests.annotations.agreement.conftest import SENTENCES, article_of, mark_rows
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session


def here(session, person, text):
    return article_in(seat_of(person, session), text.slug)


def test_the_reference_table_gives_the_reference_numbers(g1, reviewer):
    found = report_of(seat_of(reviewer, g1))
    assert [list(row) for row in found.rows] == G1
    assert found.report.headline.alpha == pytest.approx(0.634845, abs=1e-6)
    alphas = {tag.tag: tag.alpha for tag in found.report.tags if tag.tag in TAGS}
    assert alphas == pytest.approx({"claim": 0.777778, "unsourced": 0.527778, "opinion": 0.742424}, abs=1e-6)
    f1 = {(pair.first, pair.second): pair.f1 for i, row in enumerate(found.report.pairs) for pair in row[i + 1 :]}
    assert f1 == pytest.approx({(0, 1): 0.8, (0, 2): 0.909091, (1, 2): 0.695652}, abs=1e-6)
    assert found.report.mean_f1 == pytest.approx(0.801581, abs=1e-6)


def test_rows_units_and_tags_are_described(g1, reviewer, readers, texts):
    found = report_of(seat_of(reviewer, g1))
    assert [(reader.user_id, reader.name, reader.label) for reader in found.readers] == [
        (reader.pk, reader.name, f"R{n}") for n, reader in enumerate(readers, 1)
    ]
    assert [unit.text for unit in found.units] == SENTENCES
    assert [unit.block for unit in found.units] == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 0]
    assert {unit.article.article_id for unit in found.units} == {text.pk for text in texts}
    assert [tag.name for tag in found.tags] == [tag.tag for tag in found.report.tags]
    assert len(found.tags) == 12
    assert (found.assigned, found.finished, found.untagged, found.brief) == (5, 5, 0, 0)


def test_pooled_comes_with_each_article_and_one_article_alone_does_not(g1, reviewer, texts):
    found = report_of(seat_of(reviewer, g1))
    lines = [(line.article.article_id, line.readers, line.units) for line in found.by_article]
    assert lines == [(texts[0].pk, 3, 11), (texts[1].pk, 2, 1)]
    assert found.by_article[1].alpha == Undefined("too-few-units")
    one = report_of(seat_of(reviewer, g1), article=here(g1, reviewer, texts[0]))
    assert one.by_article == ()
    assert [list(row) for row in one.rows] == [row[:11] for row in G1]
    assert one.report.headline.alpha == found.by_article[0].alpha == tag_report(one.rows, TAGS).headline.alpha


@pytest.mark.parametrize("how", ["skipped", "reopened", "never opened", "left before finishing"])
def test_an_article_that_is_not_finished_is_missing_and_never_empty(owner, readers, texts, how):
    session = start_session(owner, texts, annotators=readers)
    mark_rows(session, readers[:2], texts, G1[:2])
    third, last = readers[2], texts[1]
    seat = seat_of(third, session)
    for sentence, tags in zip(SENTENCES[:11], G1[2][:11], strict=True):
        if tags:
            mark_in(session, third, texts[0], sentence, *tags)
    finish(third, seat, here(session, third, texts[0]))
    if how == "skipped":
        skip(third, seat, here(session, third, last), "No time.")
    elif how == "reopened":
        mark_in(session, third, last, SENTENCES[11], "claim")
        finish(third, seat, here(session, third, last))
        reopen(third, seat, here(session, third, last))
    elif how == "left before finishing":
        mark_in(session, third, last, SENTENCES[11], "claim")
        leave(third, session.pk)
    now = report_of(seat_of(owner, session), state=NOW)
    move_on(owner, session, TeamSession.REVEALED)
    at_reveal = report_of(seat_of(owner, session))
    for found in (now, at_reveal):
        assert [list(row) for row in found.rows] == G1
        opinion = {tag.tag: tag.alpha for tag in found.report.tags}["opinion"]
        # 0.618182 if what was not finished were taken for empty.
        assert opinion == pytest.approx(0.742424, abs=1e-6)


def test_who_left_keeps_their_finished_readings(g1, owner, readers):
    before = report_of(seat_of(owner, g1))
    leave(readers[0], g1.pk)
    after = report_of(seat_of(owner, g1))
    assert after.rows == before.rows
    assert [(reader.name, reader.has_left) for reader in after.readers] == [
        ("Reader 1", True),
        ("Reader 2", False),
        ("Reader 3", False),
    ]


def test_readers_without_a_finished_article_have_no_row(owner, readers, texts):
    session = start_session(owner, texts, annotators=readers)
    mark_in(session, readers[0], texts[0], SENTENCES[0], "claim")
    finish_all(session, readers[1])
    found = report_of(seat_of(owner, session), state=NOW)
    assert [reader.label for reader in found.readers] == ["R2"]
    assert (found.assigned, found.finished) == (6, 2)
    assert found.report.headline.alpha == Undefined("too-few-readers")


def test_nobody_marked_anything_is_no_variation_and_not_one(owner, readers, texts):
    session = start_session(owner, texts, annotators=readers)
    finish_all(session, *readers)
    found = report_of(seat_of(owner, session))
    assert found.report.headline.alpha == Undefined("no-variation")
    assert {tag.alpha for tag in found.report.tags} == {Undefined("no-variation")}


def test_a_draft_and_a_session_without_articles_have_an_empty_report(owner, reviewer, texts):
    for articles in (texts, []):
        session = start_session(owner, articles, phase=TeamSession.DRAFT)
        found = report_of(seat_of(owner, session))
        assert (found.readers, found.rows, found.finished) == ((), (), 0)
        assert found.report.headline.alpha == Undefined("too-few-readers")


def test_the_independent_reading_stays_and_now_moves_on(g1, owner, readers, texts):
    before = report_of(seat_of(owner, g1))
    changed = mark_in(g1, readers[0], texts[0], SENTENCES[3], "claim")
    deleted = g1.marks.get(author=readers[1], quote=SENTENCES[0])
    delete_mark(readers[1], deleted.uid)
    after = report_of(seat_of(owner, g1))
    assert (after.rows, after.report) == (before.rows, before.report)
    now = report_of(seat_of(owner, g1), state=NOW)
    assert now.rows[0][3] == {"claim"}
    assert now.rows[1][0] == frozenset()
    assert changed.quote == SENTENCES[3]


def test_before_the_reveal_there_is_only_now(blind, owner, readers):
    found = report_of(seat_of(owner, blind), state=INDEPENDENT)
    assert (found.state, found.states, found.is_interim) == (NOW, (NOW,), True)
    revealed = report_of(seat_of(owner, move_on(owner, blind, TeamSession.REVEALED)))
    assert (revealed.state, revealed.states, revealed.is_interim) == (INDEPENDENT, (INDEPENDENT, NOW), False)


def test_who_does_not_see_all_marks_gets_no_report(blind, readers, owner):
    with pytest.raises(Denied):
        report_of(seat_of(readers[0], blind))
    found = report_of(seat_of(owner, blind))
    with pytest.raises(Denied):
        extents_of(seat_of(readers[0], blind), found)


def test_the_coverage_of_the_session_decides_which_sentences_count(owner, readers, texts):
    session = start_session(owner, texts, annotators=readers)
    mark_in(session, readers[0], texts[0], SENTENCES[0][:15], "claim")
    mark_in(session, readers[0], texts[0], SENTENCES[1][:14], "claim")
    finish_all(session, *readers)
    found = report_of(seat_of(owner, session))
    assert [unit for unit, value in enumerate(found.rows[0]) if value] == [0]
    assert found.brief == 1
    edit_session(owner, session.pk, session.version, {"coverage_characters": 14})
    found = report_of(seat_of(owner, session))
    assert [unit for unit, value in enumerate(found.rows[0]) if value] == [0, 1]


def test_a_tag_that_was_switched_off_stays_where_it_was_used(g1, owner):
    seat = seat_of(owner, g1)
    g1.codebook.tags.exclude(name="claim").update(is_on=False)
    edit_tag(owner, g1.codebook.tags.get(name="claim").pk, 1, {"name": "statement"})
    names = [tag.name for tag in report_of(seat).tags]
    assert names == ["statement", "opinion", "unsourced"]


def test_a_mark_without_a_tag_does_not_count_and_is_counted(owner, readers, texts):
    session = start_session(owner, texts, annotators=readers)
    mark_in(session, readers[0], texts[0], SENTENCES[0])
    finish_all(session, *readers)
    found = report_of(seat_of(owner, session))
    assert (found.rows[0][0], found.untagged) == (frozenset(), 1)


def test_an_article_in_the_trash_is_left_out(g1, owner, texts):
    texts[1].deleted_at = "2025-01-01T00:00:00Z"
    texts[1].save(update_fields=["deleted_at"])
    found = report_of(seat_of(owner, g1))
    assert [here.article_id for here in found.articles] == [texts[0].pk]
    assert len(found.units) == 11


def test_extents_compare_the_very_words(owner, readers, texts):
    session = start_session(owner, texts, annotators=readers)
    for reader, words in zip(readers, (SENTENCES[0], SENTENCES[0], SENTENCES[0][:17]), strict=True):
        mark_in(session, reader, texts[0], words, "claim")
    finish_all(session, *readers)
    seat = seat_of(owner, session)
    pairs = {(one.first, one.second): one for one in extents_of(seat, report_of(seat)).pairs}
    length = len(SENTENCES[0])
    assert (pairs[0, 1].characters, pairs[0, 1].exact) == (1, 1)
    assert pairs[0, 2].characters == pytest.approx(2 * 17 / (17 + length))
    assert pairs[0, 2].exact == 0


def test_extents_leave_out_articles_that_only_one_has_finished(g1, owner, texts):
    seat = seat_of(owner, g1)
    pairs = {(one.first, one.second): one for one in extents_of(seat, report_of(seat)).pairs}
    # Whole sentences were marked, so exact marks agree as (sentence, tag) do.
    assert pairs[0, 2].exact == pytest.approx(0.909091, abs=1e-6)
    last = report_of(seat, article=here(g1, owner, texts[1]))
    assert [(reader.label) for reader in last.readers] == ["R1", "R2"]
    assert [one.exact for one in extents_of(seat, last).pairs] == [1]


def test_extents_of_readers_without_a_common_article_are_not_defined(owner, readers, texts):
    session = start_session(owner, texts, annotators=readers[:2])
    for reader, text in zip(readers, texts, strict=False):
        finish(reader, seat_of(reader, session), here(session, reader, text))
    seat = seat_of(owner, session)
    found = report_of(seat)
    assert found.report.headline.alpha == Undefined("nothing-shared")
    assert [one.characters for one in extents_of(seat, found).pairs] == [Undefined("nothing-shared")]


def test_a_session_that_went_back_to_marking_keeps_the_first_reading(g1, owner, readers, texts):
    before = report_of(seat_of(owner, g1))
    set_phase(owner, g1.pk, TeamSession.ANNOTATING, seen=TeamSession.REVEALED, reason="Once more.")
    third = readers[2]
    work = Assignment.objects.get(member__user=third, session_article__article=texts[1])
    reopen(third, seat_of(third, g1), work.session_article)
    finish(third, seat_of(third, g1), work.session_article)
    after = report_of(seat_of(owner, g1))
    assert (after.state, after.rows) == (INDEPENDENT, before.rows)
    assert report_of(seat_of(owner, g1), state=NOW).rows[2][11] == frozenset()


def test_an_article_that_nobody_has_yet_is_all_missing(blind, owner):
    add_article(owner, blind.pk, article_of("Late", ["It came late.", "Nobody read it."]).slug)
    found = report_of(seat_of(owner, blind), state=NOW)
    assert [row[-2:] for row in found.rows] == [(None, None)] * 3
    assert (found.assigned, found.finished) == (8, 5)
