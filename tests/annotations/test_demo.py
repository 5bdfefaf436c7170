"""The demo: complete, repeatable, and worth a look at once."""

from __future__ import annotations

from collections import Counter

import pytest
from django.contrib.auth.models import AnonymousUser

from annotations.codebook.kept import looks
from annotations.demo import load_demo
from annotations.models import Anchor, Annotation
from annotations.reading.queries import contested_ranges, read_marks, visible_marks
from annotations.reanchoring.queries import to_look_at
from opslens.models import Article, Event, User


@pytest.fixture
def demo(db):
    return load_demo()


def test_loading_the_demo_twice_adds_nothing(demo):
    articles, marks = demo
    assert articles == 4
    assert marks >= 45
    assert load_demo() == (0, 0)


def test_three_readers_disagree_about_the_commentary(demo):
    article = Article.objects.get(slug="two-underworlds-one-ledger")
    marks = read_marks(visible_marks(AnonymousUser(), article.current_id), looks())
    assert len({mark.author_id for mark in marks}) == 3
    assert len(contested_ranges(marks)) >= 5
    assert any(mark.last_block > mark.first_block for mark in marks)
    assert Annotation.objects.exclude(note="").count() >= 20


def test_one_of_them_has_reviewed_marks_and_a_flag_waits(demo):
    from annotations.models import Flag, Review

    verdicts = Counter(Review.objects.values_list("verdict", flat=True))
    assert verdicts == {"accepted": 3, "rejected": 1, "returned": 1}
    assert sorted(Flag.objects.values_list("outcome", flat=True)) == ["", "dismissed"]
    assert set(Review.objects.values_list("reviewer__username", flat=True)) == {"ada"}


def test_demo_readers_cannot_sign_in_with_a_password(demo):
    readers = User.objects.filter(is_demo=True)
    assert readers.count() == 3
    assert not any(reader.has_usable_password() or reader.is_staff for reader in readers)


def test_the_standfirst_is_a_sentence_of_the_body(demo):
    revision = Article.objects.get(slug="two-underworlds-one-ledger").current
    lead = revision.text.split("\n")[0].strip("“”")
    assert revision.lead_blocks == 1
    assert revision.text.count(lead) == 2


def test_every_demo_write_is_an_event(demo):
    assert Event.objects.filter(verb="mark-created").count() == Annotation.objects.count()
    assert Event.objects.filter(verb="article-imported").count() == 4


def test_one_text_was_changed_by_its_publisher_and_marks_say_so(demo):
    article = Article.objects.get(slug__startswith="council-votes")
    assert (article.current.number, article.current.created_by.username) == (2, "ada")
    states = Counter(Anchor.objects.filter(revision=article.current).values_list("state", flat=True))
    assert {state for state, number in states.items() if number} >= {"exact", "changed", "lost"}
    assert to_look_at(User.objects.get(username="ada")).count() >= 1


def test_the_texts_cover_other_scripts_and_shapes(demo):
    assert set(Article.objects.values_list("direction", flat=True)) == {"ltr", "rtl"}
    guide = Article.objects.get(slug="how-to-read-a-chart-that-wants-something-from-you").current
    assert "👩" in guide.text
    kinds = {block[0] if isinstance(block, list) else block for block in guide.block_table.split('"')}
    assert {"li", "td", "th"} <= kinds
