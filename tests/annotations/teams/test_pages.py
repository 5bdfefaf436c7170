"""The pages of a session over HTTP: who gets which, and what posting does."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from annotations.models import Assignment, Invitation, Member, Question, SessionArticle, TeamSession
from annotations.teams.people.actions import invite, token_of
from annotations.teams.progress.actions import ask
from tests.support.teams import mark_in, move_on, seat_of, settled, start_session

CLAIM = "The council passed the levy on Monday."


def new_fields(**more) -> dict:
    fields = {"name": "Ferries", "coverage_share": "0.5", "coverage_characters": "15", "is_blind": "on"}
    return fields | more


def test_making_a_session_copies_the_codebook_and_takes_the_articles(client_of, owner, article, codebook):
    client = client_of(owner)
    answer = client.post("/team/new/", new_fields(articles=[article.pk], codebook=codebook.pk, guidelines="*Slowly.*"))
    session = TeamSession.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == session.get_absolute_url()
    assert (session.name, session.phase, session.is_blind) == ("Ferries", "draft", True)
    assert session.codebook_id != codebook.pk
    assert sorted(session.codebook.tags.values_list("name", flat=True)) == sorted(
        codebook.tags.values_list("name", flat=True)
    )
    assert list(session.articles.values_list("article", "revision")) == [(article.pk, article.current_id)]
    assert "<em>Slowly.</em>" in client.get(session.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("readers_each", "0"),
        ("coverage_share", "2"),
        ("deadline", "soon"),
        ("codebook", "99"),
        ("articles", "x"),
    ],
)
def test_a_session_with_bad_settings_is_not_made_and_keeps_what_was_typed(
    client_of, owner, article, codebook, field, value
):
    fields = new_fields(codebook=codebook.pk, guidelines="My words.") | {field: value}
    answer = client_of(owner).post("/team/new/", fields)
    assert answer.status_code == 422
    assert "My words." in answer.content.decode()
    assert not TeamSession.objects.exists()


def pages_of(session: TeamSession, article) -> list[str]:
    base = session.get_absolute_url()
    read = f"{base}read/{article.slug}/"
    fragments = [f"{read}1/{name}/" for name in ("summary", "marks")]
    more = [f"{read}1/cards/?from=0&to=3", f"{read}1/blocks/?from=0&to=3", f"{read}1/at/5/", f"{read}1/mark/1/"]
    return [base, f"{base}people/", f"{base}leave/", read, f"{read}1/", *fragments, *more]


OWNERS = ("settings/", "phase/?to=revealed", "trash/")


def test_pages_are_for_members_and_nobody_else(client_of, session, article, owner, annotator, reviewer, outsider):
    base = session.get_absolute_url()
    for path in pages_of(session, article):
        for member in (owner, annotator, reviewer):
            assert client_of(member).get(path).status_code == 200, path
        assert client_of(outsider).get(path).status_code == 404, path
        assert Client().get(path).status_code in (302, 404), path
    for path in OWNERS:
        assert client_of(owner).get(base + path).status_code == 200, path
        assert client_of(annotator).get(base + path).status_code == 403, path
        assert client_of(reviewer).get(base + path).status_code == 403, path
        assert client_of(outsider).get(base + path).status_code == 404, path


def test_who_is_not_a_member_cannot_tell_a_session_from_none(client_of, session, article, outsider):
    client = client_of(outsider)
    for path in [*pages_of(session, article), *(session.get_absolute_url() + path for path in OWNERS)]:
        other = path.replace(session.uid, "a" * 10)
        there, nowhere = client.get(path), client.get(other)
        assert there.status_code == nowhere.status_code == 404
        assert settled(there.content).replace(session.uid.encode(), b"a" * 10) == settled(nowhere.content)


def test_a_session_goes_from_phase_to_phase_with_reasons_back(client_of, session, owner):
    client, base = client_of(owner), session.get_absolute_url()
    client.post(f"{base}phase/", {"to": "revealed", "seen": "annotating"})
    session.refresh_from_db()
    assert session.phase == "revealed"
    assert session.revealed_at is not None
    back = {"to": "annotating", "seen": "revealed"}
    assert client.post(f"{base}phase/", back).status_code == 422
    assert client.post(f"{base}phase/", back | {"reason": "Too early."}).status_code == 302
    assert "Too early." in client.get(base).content.decode()
    assert client.post(f"{base}phase/", {"to": "published", "seen": "annotating"}).status_code == 422
    assert client.post(f"{base}phase/", {"to": "draft", "seen": "revealed", "reason": "x"}).status_code == 409


def test_readers_say_done_skip_and_open_again(client_of, session, article, annotator):
    client, read = client_of(annotator), f"{session.get_absolute_url()}read/{article.slug}/"

    def state() -> str:
        return Assignment.objects.get(member__user=annotator).state

    assert state() == "new"
    client.get(read)
    assert state() == "reading"
    assert client.post(f"{read}skip/", {"reason": " "}).status_code == 422
    client.post(f"{read}skip/", {"reason": "I know the author."})
    assert state() == "skipped"
    client.post(f"{read}reopen/")
    client.post(f"{read}done/")
    assert state() == "done"
    answer = client.post(session.get_absolute_url() + "marks/", mark_fields(article, CLAIM))
    assert answer.status_code == 409
    assert "Open it again" in answer.content.decode()


def mark_fields(article, words: str, **more) -> dict:
    from opslens.articles.documents import document_of

    start = document_of(article.current_id).text.index(words)
    place = {"revision": article.current_id, "start": start, "end": start + len(words), "exact": words}
    return place | {"key": "0123456789"} | more


def test_a_mark_made_on_the_page_of_a_session_belongs_to_it(client_of, session, article, annotator):
    tag = session.codebook.tags.get(name="claim")
    client, url = client_of(annotator), session.get_absolute_url() + "marks/"
    answer = client.post(url, mark_fields(article, CLAIM, tags=[tag.pk], visibility="public"), HTTP_HX_REQUEST="true")
    assert answer.status_code == 200
    assert session.marks.values_list("author", "visibility").get() == (annotator.pk, "team")
    base = f"/team/{session.uid}/read/{article.slug}/1/"
    assert f'href="{base}mark/' in answer.content.decode()
    outside = client.get(article.get_absolute_url()).content.decode()
    assert CLAIM in outside
    assert 'class="card ' not in outside
    undone = client.post(f"{url}undo/", {"article": article.pk}, HTTP_HX_REQUEST="true")
    assert "in the trash" in undone.content.decode()


def test_tags_of_another_codebook_are_refused(client_of, session, article, annotator, tag):
    fields = mark_fields(article, CLAIM, tags=[tag("claim").pk])
    answer = client_of(annotator).post(session.get_absolute_url() + "marks/", fields)
    assert answer.status_code == 422
    assert not session.marks.exists()


def test_marks_are_taken_on_assigned_articles_by_readers_alone(client_of, session, article, reviewer, outsider):
    url = session.get_absolute_url() + "marks/"
    assert client_of(reviewer).post(url, mark_fields(article, CLAIM)).status_code == 403
    assert client_of(outsider).post(url, mark_fields(article, CLAIM)).status_code == 404


def test_a_mark_sent_after_the_phase_has_changed_is_refused_and_says_what_to_do(
    client_of, session, article, owner, annotator
):
    move_on(owner, session, TeamSession.ADJUDICATING)
    answer = client_of(annotator).post(
        session.get_absolute_url() + "marks/", mark_fields(article, CLAIM), HTTP_HX_REQUEST="true"
    )
    assert answer.status_code == 409
    assert "kept in this browser" in answer.content.decode()


def test_invitations_let_in_so_many_people_until_they_end(client_of, session, owner, outsider, person):
    invitation = invite(owner, session.pk, role=Member.ANNOTATOR, uses=1, days=1)
    link = reverse("teams:join", args=[token_of(invitation)])
    assert Client().get(link).status_code == 200
    client = client_of(outsider)
    assert "Join as" in client.get(link).content.decode()
    assert not session.members.filter(user=outsider).exists()
    assert client.post(link)["Location"] == session.get_absolute_url()
    assert session.members.get(user=outsider).role == "annotator"
    assert Assignment.objects.filter(member__user=outsider).count() == 1
    late = client_of(person("late"))
    assert late.get(link).status_code == late.post(link).status_code == 404


def test_expired_revoked_forged_and_cut_invitations_look_the_same(client_of, session, owner, outsider):
    expired, revoked = (invite(owner, session.pk, role=Member.OBSERVER, uses=5, days=1) for _ in range(2))
    Invitation.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    Invitation.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    client = client_of(outsider)
    answers = set()
    for token in (token_of(expired), token_of(revoked), token_of(revoked)[:-1], "aaaaaaaaaa:forged", "x"):
        answer = client.get(reverse("teams:join", args=[token]))
        assert answer.status_code == 404
        answers.add(settled(answer.content).replace(escape(reverse("teams:join", args=[token])).encode(), b""))
    assert len(answers) == 1
    assert client.get("/team/join/%00/").status_code == 400
    assert not session.members.filter(user=outsider).exists()


def test_people_are_added_by_name_given_roles_and_removed(client_of, session, owner, outsider, annotator):
    client, base = client_of(owner), session.get_absolute_url() + "people/"
    assert client.post(f"{base}add/", {"username": "nobody", "role": "annotator"}).status_code == 422
    client.post(f"{base}add/", {"username": "outsider", "role": "observer"})
    assert session.members.get(user=outsider).role == "observer"
    client.post(f"{base}{outsider.pk}/role/", {"role": "reviewer"})
    assert session.members.get(user=outsider).role == "reviewer"
    client.post(f"{base}{outsider.pk}/remove/")
    assert client_of(outsider).get(session.get_absolute_url()).status_code == 404
    assert client.post(f"{base}{owner.pk}/role/", {"role": "annotator"}).status_code == 409
    assert client.post(f"{session.get_absolute_url()}leave/").status_code == 409
    assert client_of(annotator).post(f"{session.get_absolute_url()}leave/").status_code == 302
    assert client_of(annotator).get(session.get_absolute_url()).status_code == 404


def test_questions_are_seen_by_who_asked_and_those_who_oversee(
    client_of, session, article, annotator, second_annotator, reviewer
):
    base = session.get_absolute_url()
    client_of(annotator).post(f"{base}questions/", {"text": "Is <b>this</b> a claim?", "article": article.slug})
    question = Question.objects.get()
    asked = "Is &lt;b&gt;this&lt;/b&gt; a claim?"
    assert asked in client_of(annotator).get(base).content.decode()
    assert asked in client_of(reviewer).get(base).content.decode()
    assert asked not in client_of(second_annotator).get(base).content.decode()
    url = f"{base}questions/{question.pk}/answer/"
    assert client_of(second_annotator).post(url, {"answer": "Yes.", "version": 1}).status_code == 403
    assert client_of(reviewer).post(url, {"answer": "Yes.", "version": 1}).status_code == 302
    late = client_of(reviewer).post(url, {"answer": "No.", "version": 1})
    assert late.status_code == 409
    assert "Yes." in late.content.decode()
    assert "No." in late.content.decode()


def test_a_lost_race_for_the_settings_shows_both(client_of, session, owner, annotator, person):
    client, url = client_of(owner), session.get_absolute_url() + "settings/"
    fields = new_fields(version=session.version, name="First")
    assert client.post(url, fields).status_code == 302
    answer = client.post(url, fields | {"name": "Second"})
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "First" in shown
    assert 'value="Second"' in shown
    version = re.search(r'name="version" value="(\d+)"', shown)[1]
    assert client.post(url, fields | {"name": "Second", "version": version}).status_code == 302
    session.refresh_from_db()
    assert session.name == "Second"


def test_a_settled_article_that_is_no_longer_offered_stays_chosen(client_of, session, article, owner, annotator):
    other = start_session(owner, article, annotators=[annotator])
    here = other.articles.get()
    TeamSession.objects.filter(pk=session.pk).update(calibration=here)
    url = session.get_absolute_url() + "settings/"
    shown = client_of(owner).get(url).content.decode()
    assert f'<option value="{here.pk}" selected>the one that is chosen now</option>' in shown
    fields = new_fields(version=session.version, name="Renamed", calibration_id=here.pk)
    assert client_of(owner).post(url, fields).status_code == 302
    session.refresh_from_db()
    assert (session.name, session.calibration_id) == ("Renamed", here.pk)
    fields = new_fields(version=session.version, calibration_id=session.articles.get().pk)
    assert client_of(owner).post(url, fields).status_code == 422


def test_articles_are_added_and_taken_out_unless_somebody_has_begun(client_of, session, article, owner, annotator):
    from opslens.articles.actions import import_article

    other = import_article(owner, name="x.txt", data=b"Another text.\n\nIt is short.").article
    client, base = client_of(owner), session.get_absolute_url() + "articles/"
    client.post(base, {"article": other.slug})
    assert session.articles.count() == 2
    assert Assignment.objects.filter(session_article__article=other).count() == 2
    client.post(f"{base}{other.slug}/remove/")
    assert session.articles.count() == 1
    mark_in(session, annotator, article, CLAIM, "claim")
    assert client.post(f"{base}{article.slug}/remove/").status_code == 409
    assert SessionArticle.objects.filter(session=session, article=article).exists()


def test_deleting_a_session_says_what_goes_and_can_be_undone(client_of, session, article, owner, annotator):
    mark_in(session, annotator, article, CLAIM, "claim")
    client, base = client_of(owner), session.get_absolute_url()
    asked = client.get(f"{base}trash/").content.decode()
    assert "1 mark by 1 reader" in asked
    assert "4 people lose access" in asked
    client.post(f"{base}trash/")
    assert client_of(annotator).get(base).status_code == 404
    assert client_of(annotator).post(f"{base}restore/").status_code == 404
    assert client.post(f"{base}restore/")["Location"] == base
    assert client_of(annotator).get(base).status_code == 200
    assert session.marks.count() == 1


def test_the_list_says_what_there_is_to_do(
    client_of, session, owner, annotator, reviewer, article, django_assert_num_queries
):
    assert "1 article to read" in client_of(annotator).get("/team/").content.decode()
    ask(annotator, seat_of(annotator, session), "Why?")
    assert "1 question to answer" in client_of(reviewer).get("/team/").content.decode()
    client = client_of(owner)
    with django_assert_num_queries(6):
        client.get("/team/")
    for _ in range(2):
        start_session(owner, article, annotators=[annotator])
    with django_assert_num_queries(6):
        client.get("/team/")


def test_the_overview_of_three_articles_takes_as_many_queries_as_that_of_one(
    client_of, session, owner, django_assert_num_queries
):
    from annotations.teams.actions import add_article
    from opslens.articles.actions import import_article

    client, base = client_of(owner), session.get_absolute_url()
    client.get(base)
    with django_assert_num_queries(13):
        client.get(base)
    for n in range(2):
        other = import_article(owner, name=f"{n}.txt", data=f"Text number {n}.".encode()).article
        add_article(owner, session.pk, other.slug)
    with django_assert_num_queries(13):
        client.get(base)
