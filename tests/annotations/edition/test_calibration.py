"""Trying a settled article oneself: begun once, blind until done, and counted right."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from annotations.codebook.kept import all_tags
from annotations.edition.calibration.actions import calibrate
from annotations.edition.calibration.comparing import Overlap, overlap_by_tag
from annotations.edition.calibration.queries import result_of, trying
from annotations.models import Annotation, Assignment, Member, TeamSession
from annotations.permissions import may_edit_codebook
from annotations.teams import actions
from opslens.articles.documents import document_of
from opslens.models import Article, Event
from opslens.web.refusals import Denied, Invalid
from tests.support.teams import finish_all, mark_in, seat_of, start_session

MONDAY, GUESS, FISHERMEN = "The council passed the levy on Monday.", "That is a guess.", "Nobody asked the fishermen."


@pytest.fixture
def settled(published):
    return published.articles.select_related("session__codebook", "article").get()


@pytest.fixture
def own(outsider, settled) -> TeamSession:
    """The outsider's calibration, with two marks in it: one as settled, one that was rejected."""
    session = calibrate(outsider, settled)
    mark_in(session, outsider, settled.article, MONDAY, "claim")
    mark_in(session, outsider, settled.article, FISHERMEN, "opinion")
    return session


def url_of(settled) -> str:
    return f"/edition/{settled.session.uid}/{settled.article.slug}/calibrate/"


def test_trying_begins_once_for_each_reader_and_article(outsider, annotator, settled, client_of):
    client = client_of(outsider)
    first = client.post(url_of(settled))
    (session,) = TeamSession.objects.filter(calibrates=settled)
    assert first["Location"] == f"/team/{session.uid}/read/{settled.article.slug}/"
    assert client.post(url_of(settled))["Location"] == first["Location"]
    assert calibrate(outsider, settled) == session
    assert calibrate(annotator, settled) != session
    assert TeamSession.objects.filter(calibrates=settled).count() == 2


def test_a_try_is_a_blind_session_of_one_with_the_text_and_the_tags_that_were_settled(outsider, settled, revise):
    revise("on Monday", "on Tuesday")
    session = calibrate(outsider, settled)
    (here,) = session.articles.all()
    assert here.revision_id == settled.revision_id
    assert (session.codebook, session.phase, session.is_blind, session.calibrates) == (
        *(settled.session.codebook, TeamSession.ANNOTATING, True),
        settled,
    )
    assert list(session.members.values_list("user", "role", "reads")) == [(outsider.pk, Member.OWNER, True)]
    assert [work.state for work in Assignment.objects.filter(session_article=here)] == [Assignment.NEW]


def test_starting_again_puts_what_was_there_into_the_trash(outsider, own, settled, client_of):
    answer = client_of(outsider).post(url_of(settled), {"again": "yes"})
    session = TeamSession.objects.get(calibrates=settled, deleted_at=None)
    assert answer["Location"] == f"/team/{session.uid}/read/{settled.article.slug}/"
    assert session != own
    assert TeamSession.objects.get(pk=own.pk).deleted_at is not None
    assert not session.marks.exists()


def test_trying_records_what_it_does_and_nothing_the_second_time(outsider, settled):
    session = calibrate(outsider, settled)
    verbs = list(Event.objects.filter(channel__name=session.channel).values_list("verb", flat=True))
    assert verbs == ["session-created", "phase-changed"]
    before = Event.objects.count()
    calibrate(outsider, settled)
    assert Event.objects.count() == before


def test_who_may_not_read_the_edition_cannot_try_it(settled, lead, outsider, client_of):
    visitor = Client().post(url_of(settled))
    assert visitor["Location"].startswith("/account/sign-in/")
    with pytest.raises(Denied):
        calibrate(AnonymousUser(), settled)
    actions.set_phase(lead, settled.session_id, TeamSession.ADJUDICATING, seen=TeamSession.PUBLISHED, reason="Again.")
    client = client_of(outsider)
    assert (client.get(url_of(settled)).status_code, client.post(url_of(settled)).status_code) == (404, 404)
    assert client.post("/edition/aaaaaaaaaa/nothing/calibrate/").status_code == 404
    assert not TeamSession.objects.filter(calibrates__isnull=False).exists()


def test_a_visitor_is_led_to_the_page_after_signing_in(settled):
    assert Client().get(url_of(settled))["Location"] == f"/account/sign-in/?next={url_of(settled)}"


def test_a_try_is_of_its_reader_alone(own, outsider, lead, readers, client_of):
    for other in (lead, readers[0]):
        client = client_of(other)
        for page in ("", "calibration/", f"read/{own.articles.get().article.slug}/"):
            assert client.get(f"/team/{own.uid}/{page}").status_code == 404
        assert client.post(f"/team/{own.uid}/calibration/done/").status_code == 404
        assert own.name not in client.get("/team/").content.decode()
        assert not Annotation.objects.visible_to(other).filter(session=own).exists()


@pytest.mark.parametrize("to", [TeamSession.REVEALED, TeamSession.PUBLISHED])
def test_a_try_is_never_revealed_or_published(own, outsider, to):
    with pytest.raises(Invalid):
        actions.set_phase(outsider, own.pk, to, seen=TeamSession.ANNOTATING)
    TeamSession.objects.filter(pk=own.pk).update(phase=TeamSession.PUBLISHED)
    assert Client().get(f"/edition/{own.uid}/").status_code == 404


def test_who_tries_has_no_say_in_the_codebook(own, outsider, lead, settled, client_of):
    assert not may_edit_codebook(outsider, settled.session.codebook)
    assert may_edit_codebook(lead, settled.session.codebook)
    page = client_of(lead.__class__.objects.create_user("nobody77")).get(settled.session.codebook.get_absolute_url())
    assert outsider.display_name not in page.content.decode()


def secrets(settled) -> list[str]:
    """What only the settled reading says."""
    uids = list(settled.decisions.values_list("uid", flat=True))
    return ["It can be checked later.", "A turn of speech.", "readers agree", "Only settled", "of 3", *uids]


def test_nothing_of_the_settled_reading_shows_before_the_reader_is_done(own, outsider, settled, client_of):
    client = client_of(outsider)
    shown = [f"/team/{own.uid}/calibration/", url_of(settled), f"/team/{own.uid}/read/{settled.article.slug}/"]
    for url in shown:
        body = client.get(url).content.decode()
        assert [secret for secret in secrets(settled) if secret in body] == []
        assert GUESS not in body or "/read/" in url
    with pytest.raises(ValueError):
        result_of(outsider, seat_of(outsider, own), trying(outsider, seat_of(outsider, own)))


def test_being_done_shows_where_both_differ(own, outsider, settled, client_of):
    client = client_of(outsider)
    answer = client.post(f"/team/{own.uid}/calibration/done/")
    assert answer["Location"] == f"/team/{own.uid}/calibration/"
    body = client.get(answer["Location"]).content.decode()
    assert "It can be checked later." in body
    assert "Considered and rejected." in body
    assert "A turn of speech." in body
    assert client.post(f"/team/{own.uid}/calibration/done/").status_code == 302


def result(person, session):
    seat = seat_of(person, session)
    return result_of(person, seat, trying(person, seat))


def test_counts_of_a_case_by_hand(own, outsider, settled, django_assert_num_queries):
    finish_all(own, outsider)
    seat = seat_of(outsider, own)
    one = trying(outsider, seat)
    all_tags()
    document_of(settled.revision_id)
    with django_assert_num_queries(10):  # marks; decisions, their tags, votes (5); all tags (2)
        found = result_of(outsider, seat, one)
    # Monday both; the fishermen only the reader, as they were rejected; the guess only the settled reading.
    assert [(row.look.name, row.overlap, row.f1) for row in found.tags] == [
        ("claim", Overlap(both=1, only_reader=0, only_settled=1), "0.67"),
        ("opinion", Overlap(both=0, only_reader=1, only_settled=0), "0.00"),
    ]
    assert [row.words for row in found.tags] == [
        "Of the 2 in the settled reading you found 1; of your 1, 1 stand there.",
        "You marked 1; the settled reading has none.",
    ]
    assert (found.marked, found.same_marked, found.sentences - found.same) == (3, 1, 2)
    told = [
        (one.words, [look.name for look in one.own], [look.name for look in one.settled]) for one in found.differences
    ]
    assert told == [(FISHERMEN, ["opinion"], []), (GUESS, [], ["claim"])]
    assert found.differences[0].mine == own.marks.get(quote=FISHERMEN).uid
    assert [decision.accepted for decision in found.differences[0].theirs] == [False]


def test_a_mark_on_half_a_sentence_counts_and_a_word_does_not(outsider, settled):
    session = calibrate(outsider, settled)
    mark_in(session, outsider, settled.article, "passed the levy on", "claim")
    mark_in(session, outsider, settled.article, "guess", "claim")
    finish_all(session, outsider)
    (row,) = result(outsider, session).tags
    assert row.overlap == Overlap(both=1, only_reader=0, only_settled=1)


def test_the_same_tags_everywhere_is_no_difference(outsider, settled):
    session = calibrate(outsider, settled)
    mark_in(session, outsider, settled.article, MONDAY, "claim")
    mark_in(session, outsider, settled.article, GUESS, "claim")
    finish_all(session, outsider)
    found = result(outsider, session)
    assert found.differences == []
    assert [row.words for row in found.tags] == ["The same 2 sentences in both."]


def test_overlap_has_no_figure_where_neither_has_the_tag():
    assert Overlap(0, 0, 0).f1 is None
    assert overlap_by_tag([{1}, set(), {2}], [{1, 2}, set(), set()]) == {1: Overlap(1, 0, 0), 2: Overlap(0, 1, 1)}


def test_an_edition_that_closes_hides_its_reading_again(own, outsider, lead, settled, client_of):
    finish_all(own, outsider)
    actions.set_phase(lead, settled.session_id, TeamSession.ADJUDICATING, seen=TeamSession.PUBLISHED, reason="Again.")
    body = client_of(outsider).get(f"/team/{own.uid}/calibration/").content.decode()
    assert [secret for secret in secrets(settled) if secret in body] == []
    assert "not published any more" in body


def test_a_session_leads_its_readers_to_the_article_to_try(outsider, annotator, owner, settled, client_of):
    article = Article.objects.get()
    plain = start_session(owner, article, annotators=[annotator], name="Plain")
    assert client_of(annotator).get(f"/team/{plain.uid}/calibration/").status_code == 404
    session = start_session(owner, article, annotators=[annotator], name="Prepared", calibration_id=settled.pk)
    assert client_of(annotator).get(f"/team/{session.uid}/calibration/")["Location"] == url_of(settled)
    assert client_of(outsider).get(f"/team/{session.uid}/calibration/").status_code == 404


def test_the_page_of_a_try_leads_to_how_far_it_is(own, outsider, client_of):
    client = client_of(outsider)
    assert client.get(f"/team/{own.uid}/")["Location"] == f"/team/{own.uid}/calibration/"
    slug = own.articles.get().article.slug
    done = client.post(f"/team/{own.uid}/read/{slug}/done/", follow=True)
    assert "You and the settled reading" in done.content.decode()
