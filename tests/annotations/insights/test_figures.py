"""Figures by hand-made examples: what is counted, for whom, and what is not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from annotations.codebook.kept import forget_tags
from annotations.insights.figures import of_article, of_session, of_site
from annotations.insights.profile import Spread
from annotations.insights.tags import Tags
from annotations.insights.usage import usage_of
from annotations.models import Annotation, Member, Tag, TeamSession
from annotations.teams.queries import articles_of
from opslens.articles.revising.actions import revise_article
from tests.annotations.insights.conftest import text_of
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

VISITOR = AnonymousUser()


def fresh(article):
    article.refresh_from_db()
    article.current.refresh_from_db()
    return article


def counts(shares) -> dict[str, int]:
    return {part.key: part.count for part in shares.parts if part.count}


@pytest.fixture
def marked(text, put, annotator, second_annotator):
    """Two readers, 500 words each."""
    for word in (1, 2, 3, 4):
        put(annotator, text, word, "claim", "unsourced")
    put(annotator, text, 5, "claim", "sourced", "loaded")
    put(annotator, text, 6, "opinion")
    put(second_annotator, text, 1, "prediction")
    for word in (2, 3, 4, 5):
        put(second_annotator, text, word, "claim", "vague-source")
    put(second_annotator, text, 6, "opinion", "loaded", "evidence")
    put(second_annotator, text, 7)
    return text


def test_the_profile_of_an_article(marked):
    found = of_article(VISITOR, marked)
    assert (found.marks, found.readers, found.astray, found.untagged) == (13, 2, 0, 1)
    assert (found.profile.support.of, found.profile.support.readers) == (10, 2)
    assert counts(found.profile.support) == {"sourced": 1, "vague-source": 4, "unsourced": 4, "nothing": 1}
    assert found.profile.support.part("unsourced").share == 0.4
    assert found.profile.support.part("unsourced").spread == Spread(0.0, 0.8, 2)
    assert found.profile.opinion.part("opinion").share == 2 / 12
    rates = found.profile.rates
    assert (rates.words, rates.readers) == (1000, 2)
    assert {one.key: (one.count, one.rate) for one in rates.rhetoric if one.count} == {"loaded": (2, 2.0)}
    assert (rates.evidence.count, rates.evidence.rate, rates.evidence.spread) == (1, 1.0, Spread(0.0, 2.0, 2))


def test_concepts_count_and_not_names(marked, codebook):
    """A team may call its tags what it likes; a tag that stands for nothing is counted nowhere."""
    before = of_article(VISITOR, marked).profile
    for number, tag in enumerate(codebook.tags.all()):
        Tag.objects.filter(pk=tag.pk).update(name=f"Tag {number}")
    assert of_article(VISITOR, marked).profile == before
    codebook.tags.filter(concept="unsourced").update(concept="")
    found = of_article(VISITOR, marked).profile.support
    assert counts(found) == {"sourced": 1, "vague-source": 4, "nothing": 5}


def test_retired_tags_count_as_they_did_and_merged_ones_are_not_named(marked, codebook, tag):
    before = of_article(VISITOR, marked).profile
    Tag.objects.filter(pk=tag("unsourced").pk).update(retired_at=timezone.now())
    assert of_article(VISITOR, marked).profile == before
    assert [look.name for look in Tags.of().counted_as()["unsourced"]] == ["unsourced"]
    Tag.objects.filter(pk=tag("unsourced").pk).update(merged_into=tag("vague-source"))
    forget_tags()
    assert "unsourced" not in Tags.of().counted_as()


def test_every_viewer_gets_figures_of_the_marks_they_may_read(text, put, annotator, second_annotator, outsider):
    put(annotator, text, 1, "claim")
    put(annotator, text, 2, "claim", visibility="private")
    assert [of_article(who, text).marks for who in (annotator, second_annotator, outsider, VISITOR)] == [2, 1, 1, 1]
    assert [of_site(who).marks for who in (annotator, second_annotator, outsider, VISITOR)] == [2, 1, 1, 1]


def test_visitors_get_public_articles_alone_on_the_site_page(text, put, annotator, owner):
    put(annotator, text, 1, "claim")
    hidden = text_of(100, "Hidden", is_public=False, by=owner)
    put(annotator, hidden, 1, "opinion")
    assert [one.article for one in of_site(VISITOR).articles] == [text.pk]
    assert {one.article for one in of_site(owner).articles} == {text.pk, hidden.pk}


def test_figures_tell_nobody_of_verdicts(marked, annotator, put):
    mark = put(annotator, marked, 8, "claim", "sourced")
    before = of_article(VISITOR, marked)
    assert counts(before.profile.support)["sourced"] == 2
    for verdict in (Annotation.REJECTED, Annotation.RETURNED, Annotation.ACCEPTED):
        Annotation.objects.filter(pk=mark.pk).update(review_state=verdict)
        assert of_article(VISITOR, marked) == before


def test_marks_in_the_trash_are_not_there(marked, annotator):
    Annotation.objects.filter(author=annotator).update(deleted_at=timezone.now())
    assert (of_article(VISITOR, marked).marks, of_site(annotator).readers) == (7, 1)


def test_marks_that_have_lost_their_passage_are_left_out_of_figures_by_words(marked, put, annotator):
    put(annotator, marked, 400, "loaded", "claim")
    marked.refresh_from_db()
    source = bytes(marked.current.source).decode()
    start, end = source.index("word350."), source.index("word450.")
    cut = source[:start] + source[end:]
    assert "word400." not in cut
    revise_article(None, marked, name="text.md", data=cut.encode())
    found = of_article(VISITOR, fresh(marked))
    assert (found.marks, found.astray) == (14, 1)
    assert found.profile.support.of == 11  # what it is is still known
    assert found.profile.rates.words == 2 * 400
    assert found.profile.rates.rhetoric[0].count == 2
    assert found.profile.rates.rhetoric[0].rate == 2.5


def test_marks_are_counted_on_the_day_in_utc_on_which_they_were_made(text, put, annotator):
    first, second, third = (put(annotator, text, word, "claim") for word in (1, 2, 3))
    late, early = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    Annotation.objects.filter(pk=first.pk).update(created_at=late)
    Annotation.objects.filter(pk__in=[second.pk, third.pk]).update(created_at=early)
    found = of_article(VISITOR, text)
    assert found.days == {date(2026, 3, 1): 1, date(2026, 3, 2): 2}
    assert found.newest == date(2026, 3, 2)


def test_readers_of_several_articles_have_read_the_words_of_each(text, put, annotator, second_annotator):
    short = text_of(120, "Short")
    for article in (text, short):
        put(annotator, article, 1, "claim")
    put(second_annotator, short, 2, "claim")
    rates = of_site(VISITOR).profile.rates
    assert (rates.words, rates.readers) == (500 + 120 + 120, 2)


def test_contested_passages_are_where_readers_chose_differently(text, put, annotator, second_annotator, person):
    third = person("third")
    put(annotator, text, 1, "claim")
    put(second_annotator, text, 1, "opinion")
    put(annotator, text, 60, "claim")
    put(second_annotator, text, 60, "opinion")
    put(third, text, 60, "opinion")
    put(third, text, 90, "claim", "loaded")
    put(annotator, text, 90, "claim", "attack")  # tags of a group that excludes nothing contest nothing
    found = of_article(VISITOR, text)
    tags = {tag.pk: tag.name for tag in Tag.objects.all()}
    assert [(p.block, [(tags[pk], n) for pk, n in p.votes], p.readers) for p in found.contested] == [
        (1, [("claim", 1), ("opinion", 2)], 3),
        (0, [("claim", 1), ("opinion", 1)], 2),
    ]
    assert [round(p.bits, 4) for p in found.contested] == [1.8366, 1.8366]


def test_one_reader_contests_nothing(text, put, annotator):
    put(annotator, text, 1, "claim")
    put(annotator, text, 1, "opinion")
    assert (of_article(VISITOR, text).contested, of_article(VISITOR, text).compared) == ((), 0)


def test_marks_of_sessions_and_marks_outside_do_not_mix(text, put, owner, annotator, second_annotator):
    put(annotator, text, 1, "claim")
    session = start_session(owner, text, annotators=[annotator, second_annotator], is_blind=False)
    mark_in(session, annotator, text, "word2.", "opinion")
    mark_in(session, second_annotator, text, "word3.", "opinion")
    assert (of_article(annotator, text).marks, of_site(annotator).marks) == (1, 1)
    seat = seat_of(annotator, session)
    assert of_session(annotator, seat, articles_of(session)).marks == 2
    move_on(owner, session, TeamSession.PUBLISHED)
    assert (of_article(VISITOR, text).marks, of_site(annotator).marks) == (1, 1)


def test_who_finished_without_a_mark_has_read_the_words(text, owner, annotator, second_annotator, person):
    third = person("third")
    session = start_session(owner, text, annotators=[annotator, second_annotator, third], is_blind=False)
    mark_in(session, annotator, text, "word2.", "loaded")
    finish_all(session, annotator, second_annotator)  # the third has not read to the end, and marked nothing
    found = of_session(owner, seat_of(owner, session), articles_of(session))
    assert (found.marks, found.readers) == (1, 1)
    assert (found.profile.rates.words, found.profile.rates.readers) == (1000, 2)
    assert found.profile.rates.rhetoric[0].rate == 1.0


def test_one_article_of_a_session_can_be_asked_for(text, owner, annotator):
    other = text_of(60, "Other")
    session = start_session(owner, [text, other], annotators=[annotator])
    mark_in(session, annotator, text, "word2.", "claim")
    mark_in(session, annotator, other, "word2.", "claim")
    seat, every = seat_of(owner, session), articles_of(session)
    assert of_session(owner, seat, every).marks == 2
    assert [of_session(owner, seat, every, only=here).marks for here in every] == [1, 1]


@pytest.mark.parametrize("who", ["annotator", "an owner who reads along"])
def test_in_a_blind_phase_ones_own_marks_are_all_there_is(text, owner, annotator, second_annotator, codebook, who):
    session = start_session(owner, text, annotators=[annotator, second_annotator])
    viewer = annotator
    if who != "annotator":
        Member.objects.filter(session=session, user=owner).update(reads=True)
        viewer = owner

    def seen():
        figures = of_session(viewer, seat_of(viewer, session), articles_of(session))
        tags = list(session.codebook.tags.values_list("pk", flat=True))
        return figures, usage_of(viewer, session.codebook, tags)

    if viewer == annotator:
        mark_in(session, annotator, text, "word1.", "claim")
    before = seen()
    assert before[0].marks == (1 if viewer == annotator else 0)
    mark_in(session, second_annotator, text, "word1.", "opinion")
    mark_in(session, second_annotator, text, "word2.", "claim", "unsourced")
    finish_all(session, second_annotator)
    assert seen() == before
    move_on(owner, session, TeamSession.REVEALED)
    assert seen()[0].marks == before[0].marks + 2


def test_the_use_of_tags(text, put, annotator, second_annotator, codebook):
    other = text_of(60, "Other")
    ids = {tag.name: tag.pk for tag in codebook.tags.all()}
    put(annotator, text, 1, "claim", "unsourced", "loaded")
    put(annotator, other, 1, "claim", "unsourced")
    put(second_annotator, text, 2, "opinion", "loaded")
    put(second_annotator, text, 3, "claim", visibility="private")
    Annotation.objects.update(created_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    found = usage_of(VISITOR, codebook, list(ids.values()))
    by_name = {name: found.tags[pk] for name, pk in ids.items() if found.tags[pk]}
    assert by_name == {"claim": 2, "unsourced": 2, "loaded": 2, "opinion": 1}
    assert found.readers[annotator.pk, ids["claim"]] == 2
    assert (second_annotator.pk, ids["claim"]) not in found.readers
    assert found.articles[other.pk, ids["claim"]] == 1
    assert found.days == {(date(2026, 3, 1), ids[name]): n for name, n in by_name.items()}
    assert found.together == {
        tuple(sorted((ids["claim"], ids["unsourced"]))): 2,
        tuple(sorted((ids["claim"], ids["loaded"]))): 1,
        tuple(sorted((ids["loaded"], ids["unsourced"]))): 1,
        tuple(sorted((ids["loaded"], ids["opinion"]))): 1,
    }
    own = usage_of(second_annotator, codebook, list(ids.values()))
    assert own.readers[second_annotator.pk, ids["claim"]] == 1
