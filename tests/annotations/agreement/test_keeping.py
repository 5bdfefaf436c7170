"""What was worked out is kept until something happens in the session, and no longer. The database commits here: inside
a transaction nothing is kept."""

from __future__ import annotations

import pytest

from annotations.agreement import queries
from annotations.agreement.queries import report_of
from annotations.agreement.readings import NOW
from annotations.codebook.actions import edit_tag
from annotations.models import Member, TeamSession
from annotations.teams.actions import edit_session
from annotations.teams.people.actions import add_member
from annotations.teams.progress.actions import finish, note
from tests.annotations.agreement.conftest import SENTENCES
from tests.support.teams import mark_in, move_on, seat_of, start_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worked_out(monkeypatch) -> list[str]:
    """The states that were worked out, one entry each time."""
    times, work_out = [], queries._work_out

    def counted(seat, articles, state, **more):
        times.append(state)
        return work_out(seat, articles, state, **more)

    monkeypatch.setattr(queries, "_work_out", counted)
    return times


def test_everything_that_happens_in_the_session_is_in_the_next_report(
    transactional_db, owner, readers, texts, person, worked_out
):
    session = start_session(owner, texts[:1], annotators=readers)
    here = session.articles.get()

    def report(state=NOW):
        return report_of(seat_of(owner, session), state=state)

    def fresh(state=NOW):
        """A report that had to be worked out, once."""
        before = len(worked_out)
        found = report(state)
        assert report(state) == found
        assert len(worked_out) == before + 1
        return found

    assert fresh().finished == 0
    mark_in(session, readers[0], texts[0], SENTENCES[0], "claim")
    assert fresh().rows == ()
    finish(readers[0], seat_of(readers[0], session), here)
    assert [bool(value) for value in fresh().rows[0]] == [True] + [False] * 10
    note(readers[0], seat_of(readers[0], session), here, "A thought.")
    fresh()
    edit_session(owner, session.pk, session.version, {"coverage_characters": 20})
    fresh()
    add_member(owner, session.pk, username=person("late").username, role=Member.ANNOTATOR)
    assert fresh().assigned == 4
    tag = session.codebook.tags.get(name="claim")
    edit_tag(owner, tag.pk, tag.version, {"name": "statement"})
    assert fresh().rows[0][0] == {"statement"}
    move_on(owner, session, TeamSession.REVEALED)
    assert fresh().state == NOW
    assert fresh("independent").state == "independent"
    mark_in(session, readers[1], texts[0], SENTENCES[1], "opinion")
    fresh()
    fresh("independent")


def test_what_happens_elsewhere_and_other_names_do_not_work_it_out_again(
    transactional_db, owner, readers, texts, worked_out
):
    session, other = (start_session(owner, texts[:1], annotators=readers) for _ in range(2))
    finish(readers[0], seat_of(readers[0], session), session.articles.get())
    assert [reader.name for reader in report_of(seat_of(owner, session)).readers] == ["Reader 1"]
    mark_in(other, readers[0], texts[0], SENTENCES[0], "claim")
    readers[0].display_name = "Renamed"
    readers[0].save()
    assert [reader.name for reader in report_of(seat_of(owner, session)).readers] == ["Renamed"]
    assert worked_out == [NOW]


def test_kept_reports_cost_few_queries(
    transactional_db, owner, readers, texts, client_of, address, django_assert_num_queries
):
    session = start_session(owner, texts, annotators=readers, phase=TeamSession.REVEALED)
    client = client_of(owner)
    for query in ({}, {"show": "extents"}):
        client.get(address(session, **query))
        with django_assert_num_queries(8 + len(query)):
            client.get(address(session, **query))
