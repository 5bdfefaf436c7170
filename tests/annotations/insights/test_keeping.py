"""What was counted is kept for its viewer until something happens to it, and no longer. The database commits here:
inside a transaction nothing is kept."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from annotations.codebook.actions import edit_tag
from annotations.editing.actions import delete_mark, edit_mark
from annotations.insights import figures
from annotations.insights.figures import of_article, of_session, of_site
from annotations.models import TeamSession
from annotations.teams.queries import articles_of
from opslens.articles.actions import restore_article, trash_article
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

pytestmark = pytest.mark.django_db(transaction=True)
VISITOR = AnonymousUser()


@pytest.fixture
def counted(monkeypatch) -> list[int]:
    """An entry for each time that something was counted."""
    times, count = [], figures._figures

    def noted(*given, **more):
        times.append(1)
        return count(*given, **more)

    monkeypatch.setattr(figures, "_figures", noted)
    return times


def test_every_change_of_marks_is_in_the_next_figures(transactional_db, text, put, annotator, tag, counted):
    def fresh(page, *given):
        """Figures that had to be counted, once."""
        before = len(counted)
        found = page(*given)
        assert page(*given) == found
        assert len(counted) == before + 1
        return found

    pages = [(of_article, VISITOR, text), (of_site, VISITOR)]
    for page in pages:
        assert fresh(*page).marks == 0
    mark = put(annotator, text, 1, "claim")
    for page in pages:
        assert fresh(*page).profile.support.of == 1
    mark = edit_mark(annotator, mark.uid, mark.version, tags=[tag("opinion").pk]).annotation
    for page in pages:
        assert (fresh(*page).profile.support.of, page[0](*page[1:]).profile.opinion.of) == (0, 1)
    edit_tag(annotator_staff(annotator), tag("opinion").pk, tag("opinion").version, {"concept": ""})
    for page in pages:
        assert fresh(*page).profile.opinion.of == 0
    delete_mark(annotator, mark.uid)
    for page in pages:
        assert fresh(*page).marks == 0


def annotator_staff(person):
    person.is_staff = True
    person.save()
    return person


def test_what_is_kept_for_one_viewer_is_not_shown_to_another(
    transactional_db, text, put, annotator, second_annotator, counted
):
    put(annotator, text, 1, "claim", visibility="private")
    assert [of_site(who).marks for who in (annotator, second_annotator, VISITOR)] == [1, 0, 0]
    assert [of_site(who).marks for who in (annotator, second_annotator, VISITOR)] == [1, 0, 0]
    assert len(counted) == 3


def test_an_article_in_the_trash_takes_its_marks_along(transactional_db, text, put, owner, annotator, counted):
    staff = annotator_staff(owner)
    put(annotator, text, 1, "claim")
    assert of_site(VISITOR).marks == 1
    trash_article(staff, text)
    assert of_site(VISITOR).marks == 0
    restore_article(staff, text)
    assert of_site(VISITOR).marks == 1


def test_what_others_do_in_a_blind_phase_does_not_even_count_anew(
    transactional_db, text, owner, annotator, second_annotator, counted
):
    session = start_session(owner, text, annotators=[annotator, second_annotator])

    def marks(who) -> int:
        return of_session(who, seat_of(who, session), articles_of(session)).marks

    mark_in(session, annotator, text, "word1.", "claim")
    assert (marks(annotator), marks(owner)) == (1, 1)
    mark_in(session, second_annotator, text, "word1.", "opinion")
    assert len(counted) == 2
    assert (marks(annotator), len(counted)) == (1, 2)
    assert (marks(owner), len(counted)) == (2, 3)
    words = of_session(annotator, seat_of(annotator, session), articles_of(session)).profile.rates.words
    finish_all(session, annotator, second_annotator)
    assert (words, marks(annotator), len(counted)) == (500, 1, 4)
    move_on(owner, session, TeamSession.REVEALED)
    assert (marks(annotator), marks(owner)) == (2, 2)


def test_kept_pages_cost_few_queries(transactional_db, text, put, annotator, client_of, django_assert_num_queries):
    put(annotator, text, 1, "claim")
    client = client_of(annotator)
    for path, queries in {f"/read/{text.slug}/insights/": 7, "/insights/": 6, "/codebook/usage/": 8}.items():
        client.get(path)
        with django_assert_num_queries(queries):
            client.get(path)
