"""What a viewer sees on a revision: who sees what, counts, heat, cards, and what it costs."""

from __future__ import annotations

import random
import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from annotations.codebook.kept import Look, looks
from annotations.editing.actions import delete_mark, edit_mark
from annotations.models import Annotation
from annotations.reading.cards import groups_of
from annotations.reading.pages import page_for
from annotations.reading.queries import Mark, contested_ranges, heat, read_marks, visible_marks
from annotations.reading.scope import Scope
from opslens.accounts.actions import edit_profile
from opslens.articles.documents import document_of

VISITOR = AnonymousUser()


def seen_by(viewer, article) -> set[str]:
    return {a.quote for a in visible_marks(viewer, article.current_id)}


def test_who_sees_a_mark(article, annotator, second_annotator, mark):
    mark(annotator, "cranes cost money", visibility="private")
    mark(annotator, "families pay", visibility="public")
    gone = mark(annotator, "closes the case", visibility="public").annotation
    delete_mark(annotator, gone.uid)
    assert seen_by(annotator, article) == {"cranes cost money", "families pay"}
    assert seen_by(second_annotator, article) == {"families pay"}
    assert seen_by(VISITOR, article) == {"families pay"}
    article.is_public = False
    article.save()
    assert seen_by(second_annotator, article) == {"families pay"}
    assert seen_by(VISITOR, article) == set()


def test_marks_of_an_article_in_the_trash_are_seen_by_nobody(article, annotator, mark):
    from django.utils import timezone

    mark(annotator, "families pay")
    article.deleted_at = timezone.now()
    article.save()
    assert seen_by(annotator, article) == set()
    assert not Annotation.objects.in_trash_of(annotator).exists()


def test_the_filter_narrows_and_never_widens(article, annotator, second_annotator, mark):
    mark(annotator, "cranes cost money", visibility="private")
    mark(annotator, "families pay")
    mark(second_annotator, "closes the case")

    def seen(viewer, whose: str) -> set[str]:
        return {a.quote for a in visible_marks(viewer, article.current_id, Scope(whose))}

    assert seen(second_annotator, "mine") == {"closes the case"}
    assert seen(second_annotator, "annotator") == {"families pay"}
    assert seen(VISITOR, "mine") == set()
    assert seen(VISITOR, "nobody-of-this-name") == set()


def test_marks_of_a_block_include_those_that_cross_into_it(article, annotator, mark):
    text = document_of(article.current_id).text
    first, last = text.index("First point"), text.index("That is a guess")
    mark(annotator, text[first : last + 15])
    mark(annotator, "families pay")
    middle = document_of(article.current_id).block_at(text.index("families")).ordinal
    found = visible_marks(annotator, article.current_id, blocks=range(middle, middle + 1))
    assert {a.quote for a in found} == {text[first : last + 15], "families pay"}
    over = visible_marks(annotator, article.current_id, over=text.index("families") + 2)
    assert {a.quote for a in over} == {text[first : last + 15], "families pay"}
    assert not visible_marks(annotator, article.current_id, blocks=range(1, 2)).exists()


def test_the_twin_of_a_marked_sentence_does_not_light_up(article, annotator, mark):
    mark(annotator, "The levy was never about boats.", "claim", nth=0)
    page = page_for(annotator, article.current)
    assert 'class="a1"' in page.lead
    assert "<mark" not in page.body
    assert "The levy was never about boats." in re.sub(r"<[^>]+>", "", page.body)


def test_a_page_shows_each_mark_once_and_the_whole_text(article, annotator, second_annotator, mark):
    made = [
        mark(annotator, "Nobody asked the fishermen", "claim"),
        mark(second_annotator, "asked the fishermen", "opinion", note="why?"),
        mark(annotator, "Nobody asked the fishermen", "unsourced"),
    ]
    page = page_for(second_annotator, article.current)
    html = page.lead + page.body
    for marked in made:
        assert html.count(f'id="m{marked.annotation.uid}"') == 1
        assert page.cards.count(f'id="card-{marked.annotation.uid}"') == 1
    assert "why?" in page.cards
    assert ">You</b>" in page.cards
    assert page.total == 3
    assert [name for _, name in page.authors] == ["Anna Annotator", "Sem Second"]


def test_a_page_that_is_kept_is_made_anew_after_every_write(article, annotator, second_annotator, mark, client):
    client.force_login(second_annotator, backend="opslens.accounts.backends.AccountBackend")

    def page(**query) -> str:
        return client.get(article.get_absolute_url(), query).content.decode()

    assert "families pay</a>" not in page()
    made = mark(annotator, "families pay", "claim").annotation
    assert "families pay</a>" in page()
    assert "families pay</a>" not in page(whose="mine")
    edit_mark(annotator, made.uid, 1, note="a note in place")
    assert "a note in place" in page()
    edit_profile(annotator, display_name="Anna New", about="", marks_public=False)
    assert "Anna New" in page()
    delete_mark(annotator, made.uid)
    assert "families pay</a>" not in page()


def test_a_page_that_is_kept_for_one_reader_is_never_shown_to_another(article, annotator, second_annotator, mark):
    mark(annotator, "families pay", visibility="private")
    clients = []
    for reader in (annotator, second_annotator):
        client = Client()
        client.force_login(reader, backend="opslens.accounts.backends.AccountBackend")
        clients.append(client)
    for _ in range(2):
        seen = ["families pay</a>" in c.get(article.get_absolute_url()).content.decode() for c in (*clients, Client())]
        assert seen == [True, False, False]


def test_a_block_with_many_marks_shows_three_cards_and_says_how_many_more(article, annotator, mark):
    for _ in range(5):
        mark(annotator, "families pay", "claim")
    marks = read_marks(visible_marks(annotator, article.current_id), looks())
    (group,) = groups_of(annotator, marks)
    assert (len(group.cards), group.more) == (3, 2)
    assert "and 2 more" in page_for(annotator, article.current).cards


@pytest.mark.parametrize("number", [1, 3, 40])
def test_the_number_of_queries_of_a_page_does_not_grow_with_marks(article, annotator, mark, number):
    words = ["families pay", "Nobody asked", "cranes cost money", "closes the case"]
    for n in range(number):
        mark(annotator, words[n % 4], "claim", "unsourced", note="see https://example.org/x")
    document_of(article.current_id)
    looks()
    with CaptureQueriesContext(connection) as cold:
        page_for(annotator, article.current)
    # Tags' state and tags, for the marks and for the bar (inside a test's transaction they are not kept);
    # marks, cards, names of authors
    assert len(cold) == 7


CLAIM, OPINION = Look(1, 0, 1, "claim", 7), Look(2, 1, 3, "opinion", 7)
UNSOURCED = Look(3, 2, 2, "unsourced", 8)


def at(start: int, end: int, author: int, *found: Look) -> Mark:
    return Mark(0, "u", start, end, 0, 0, author, 1, "exact", list(found))


def test_contested_is_two_readers_and_two_tags_of_one_group():
    assert contested_ranges([at(0, 10, 1, CLAIM), at(5, 15, 2, OPINION)]) == [(5, 10)]
    assert contested_ranges([at(0, 10, 1, CLAIM), at(5, 15, 1, OPINION)]) == []
    assert contested_ranges([at(0, 10, 1, CLAIM), at(5, 15, 2, CLAIM)]) == []
    assert contested_ranges([at(0, 10, 1, CLAIM), at(5, 15, 2, UNSOURCED)]) == []
    assert contested_ranges([at(0, 10, 1, CLAIM), at(10, 15, 2, OPINION)]) == []


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.integers(1, 12), st.integers(1, 3), st.sampled_from([CLAIM, OPINION, UNSOURCED])
        ),
        max_size=14,
    )
)
def test_contested_ranges_equal_a_look_at_every_character(rows):
    marks = [at(start, start + length, author, look) for start, length, author, look in rows]
    expected = set()
    for position in range(45):
        here = [(m.author_id, m.looks[0]) for m in marks if m.start <= position < m.end]
        if any(a != b and x.exclusive_group == y.exclusive_group and x.pk != y.pk for a, x in here for b, y in here):
            expected.add(position)
    found = {p for start, end in contested_ranges(marks) for p in range(start, end)}
    assert found == expected


def test_heat_covers_the_marks_and_nothing_else():
    bins = heat([at(100, 200, 1, CLAIM), at(150, 160, 2, OPINION), at(900, 1000, 1)], 1000, bins=10)
    assert [(b.y, b.count, b.contested) for b in bins] == [(100, 2, True), (900, 1, False)]
    assert heat([], 1000) == []
    chance = random.Random(3)
    many = [at(s := chance.randrange(990), s + 10, n, CLAIM) for n in range(500)]
    assert all(1 <= b.level <= 4 for b in heat(many, 1000))
