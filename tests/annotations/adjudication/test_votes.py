"""Votes on decisions, as the edition shows them."""

from __future__ import annotations

import pytest

from annotations.adjudication.actions import choose, edit_reading
from annotations.adjudication.votes import Votes, readers_of, votes_of
from annotations.editing.actions import delete_mark
from annotations.models import Annotation, Decision
from annotations.teams.actions import set_phase
from annotations.teams.people.actions import remove_member
from tests.annotations.adjudication.conftest import ASKED, CLAIM, LAST, on, seen
from tests.support.teams import seat_of


@pytest.fixture
def decided(settling, look, reviewer, article):
    """Each passage as its first candidate, by the first words."""
    seat = seat_of(reviewer, settling)
    found = {}
    for words in (CLAIM, ASKED, "That is a guess.", LAST):
        item = on(look(reviewer, settling), words[:12])
        done = choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[0].key)
        found[words] = done.decision
    return found


def test_votes_say_who_put_which_tag_there(decided, settling, annotator, second_annotator):
    book = {tag.name: tag.pk for tag in settling.codebook.tags.all()}
    votes = votes_of(list(decided.values()))
    both = tuple(sorted((annotator.pk, second_annotator.pk)))
    first, second = (annotator.pk,), (second_annotator.pk,)
    assert votes[decided[CLAIM].pk] == Votes(both, both, {book["claim"]: both})
    assert votes[decided[ASKED].pk] == Votes(
        both,
        both,
        {book["opinion"]: first, book["loaded"]: first, book["claim"]: second, book["unsourced"]: second},
    )
    assert votes[decided["That is a guess."].pk] == Votes(both, first, {book["opinion"]: first})
    assert votes[decided[LAST].pk] == Votes(both, both, {book["overreach"]: both})
    assert votes[decided["That is a guess."].pk].share(book["opinion"]) == 0.5
    assert votes[decided[CLAIM].pk].share(book["loaded"]) == 0.0
    assert Votes((), (), {}).share(1) == 0.0


def test_who_left_keeps_their_votes(decided, settling, owner, annotator, second_annotator):
    remove_member(owner, settling.pk, annotator.pk)
    assert readers_of(settling.articles.get()) == tuple(sorted((annotator.pk, second_annotator.pk)))
    assert annotator.pk in votes_of([decided[CLAIM]])[decided[CLAIM].pk].marked


def test_a_mark_that_was_deleted_since_does_not_count(decided, settling, owner, annotator, second_annotator):
    set_phase(owner, settling.pk, "revealed", seen="adjudicating", reason="One more look.")
    delete_mark(annotator, Annotation.objects.get(author=annotator, quote=CLAIM).uid)
    assert votes_of([decided[CLAIM]])[decided[CLAIM].pk].marked == (second_annotator.pk,)


def test_marks_that_a_decision_was_made_on_count_wherever_its_ends_are(
    settling, look, reviewer, article, annotator, second_annotator
):
    item = on(look(reviewer, settling), ASKED)
    start = item.passage.start
    done = edit_reading(
        reviewer,
        seat_of(reviewer, settling),
        article.slug,
        seen(item),
        start=start - 32,
        end=start + 6,
        exact="The levy was never about boats. Nobody",
        tags=[],
    )
    both = tuple(sorted((annotator.pk, second_annotator.pk)))
    assert votes_of([done.decision])[done.decision.pk].marked == both


@pytest.mark.parametrize("number", [1, 4])
def test_votes_take_the_same_queries_whatever_the_number(decided, number, django_assert_num_queries):
    some = list(decided.values())[:number]
    with django_assert_num_queries(5):
        assert len(votes_of(some)) == number
    with django_assert_num_queries(0):
        assert votes_of([]) == {}


def test_no_decision_touches_a_mark(settling, owner, reviewer, article, look, django_assert_num_queries):
    def marks():
        return list(Annotation.objects.order_by("pk").values()), list(
            Annotation.tags.through.objects.order_by("pk").values()
        )

    before = marks()
    item = look(reviewer, settling).items[0]
    choose(reviewer, seat_of(reviewer, settling), article.slug, seen(item), item.passage.candidates[0].key)
    assert Decision.objects.count() == 1
    assert marks() == before
