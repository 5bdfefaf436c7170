"""Everybody's marks side by side: who may look, in which order, what is there and what is missing."""

from __future__ import annotations

import pytest
from django.test import Client

from annotations.editing.actions import choose_passage, delete_mark, mark_passage
from annotations.models import Annotation, Assignment, Member, TeamSession
from annotations.teams.actions import set_phase, trash_session
from annotations.teams.people.actions import add_member, remove_member, set_role
from annotations.teams.progress.actions import note, reopen, skip
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from tests.annotations.discussion.conftest import BOATS, CASE, CLAIM, FISHERMEN, GUESS, rows_in, told, words_of
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

ANNOTATING, REVEALED = TeamSession.ANNOTATING, TeamSession.REVEALED


# Who may look

ROLES = ["owner", "reviewer", "annotator", "observer"]


@pytest.fixture
def people(session, owner, annotator, reviewer, person) -> dict:
    observer = person("observer")
    add_member(owner, session.pk, username="observer", role=Member.OBSERVER)
    return {"owner": owner, "reviewer": reviewer, "annotator": annotator, "observer": observer}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("phase", "status"),
    [
        (ANNOTATING, 403),
        (REVEALED, 200),
        (TeamSession.ADJUDICATING, 200),
        (TeamSession.PUBLISHED, 200),
        (TeamSession.ARCHIVED, 200),
    ],
)
def test_members_look_from_the_reveal_on(client_of, people, session, owner, talk_url, role, phase, status):
    move_on(owner, session, phase)
    client = client_of(people[role])
    assert client.get(f"/team/{session.uid}/talk/").status_code == status
    assert client.get(talk_url(session)).status_code == status


def test_nobody_looks_before_the_session_has_begun(client_of, owner, annotator, article, talk_url):
    session = start_session(owner, article, annotators=[annotator], phase=TeamSession.DRAFT, is_blind=False)
    assert client_of(annotator).get(talk_url(session)).status_code == 403


def test_members_of_an_open_session_look_at_once(client_of, owner, annotator, second_annotator, article, talk_url):
    session = start_session(owner, article, annotators=[annotator, second_annotator], is_blind=False)
    mark_in(session, annotator, article, CLAIM, "claim")
    (row,) = rows_in(client_of(second_annotator).get(talk_url(session)))
    assert row["cells"] == {"Anna Annotator": ["claim", "not finished"], "Sem Second": ["not finished"]}


@pytest.mark.parametrize("phase", [ANNOTATING, REVEALED, TeamSession.PUBLISHED])
def test_outsiders_find_nothing_and_visitors_are_asked_to_sign_in(client_of, session, owner, outsider, talk_url, phase):
    move_on(owner, session, phase)
    for url in (f"/team/{session.uid}/talk/", talk_url(session), talk_url(session, "mine/")):
        assert client_of(outsider).get(url).status_code == 404
        assert Client().get(url).url.startswith("/account/sign-in/")
    assert client_of(outsider).get("/team/nosuchthing/talk/").status_code == 404


def test_who_has_left_and_members_of_a_trashed_session_find_nothing(
    client_of, session, owner, annotator, second_annotator, talk_url
):
    move_on(owner, session, REVEALED)
    remove_member(owner, session.pk, annotator.pk)
    assert client_of(annotator).get(talk_url(session)).status_code == 404
    trash_session(owner, session.pk)
    assert client_of(second_annotator).get(talk_url(session)).status_code == 404


@pytest.mark.parametrize("url", ["", "mine/"])
def test_a_blind_session_answers_the_same_whether_or_not_others_have_marked(
    client_of, session, article, annotator, second_annotator, talk_url, url
):
    client = client_of(annotator)
    pages = [f"/team/{session.uid}/talk/", talk_url(session, url), f"/team/{session.uid}/talk/no-such-article/{url}"]
    before = [told(client.get(page)) for page in pages]
    mark_in(session, second_annotator, article, CLAIM, "claim", note="Mine alone.")
    finish_all(session, second_annotator)
    assert [told(client.get(page)) for page in pages] == before
    assert before[1].replace(article.slug.encode(), b"no-such-article") == before[2]


def test_what_was_revealed_is_hidden_again_with_the_session(
    client_of, session, article, owner, annotator, second_annotator, talk_url
):
    mark_in(session, second_annotator, article, CLAIM, "claim")
    move_on(owner, session, REVEALED)
    assert client_of(annotator).get(talk_url(session)).status_code == 200
    set_phase(owner, session.pk, ANNOTATING, seen=REVEALED, reason="Once more.")
    assert client_of(annotator).get(talk_url(session)).status_code == 403


def test_a_deadline_that_has_passed_reveals_when_somebody_looks(client_of, owner, annotator, article, talk_url):
    from datetime import timedelta

    from django.utils import timezone

    session = start_session(owner, article, annotators=[annotator])
    passed = timezone.now() - timedelta(minutes=1)
    TeamSession.objects.filter(pk=session.pk).update(deadline=passed, reveal_at_deadline=True)
    assert client_of(annotator).get(talk_url(session)).status_code == 200
    session.refresh_from_db()
    assert session.phase == REVEALED


def test_an_article_of_no_session_and_odd_addresses_are_not_found_or_left_out(
    client_of, session, owner, annotator, article, talk_url
):
    other = import_article(None, name="other.md", data=b"# Other\n\nWords of another article.", is_public=True).article
    mark_in(session, annotator, article, CLAIM, "claim")
    finish_all(session, annotator)
    move_on(owner, session, REVEALED)
    client = client_of(owner)
    assert client.get(f"/team/{session.uid}/talk/{other.slug}/").status_code == 404
    for query in (
        "reader=%00&tag=9999999999999999999&tag=x&paragraph=-1&order=no&after=zzz",
        "after=99999999999999-1&paragraph=99999999999999999999",
        "paragraph=%C2%B2&tag=%D9%A3&after=1-%C2%B2&reader=%ED%A0%80",
    ):
        assert [row["words"] for row in rows_in(client.get(talk_url(session), QUERY_STRING=query))] == [CLAIM]
    assert client.post(talk_url(session)).status_code == 405
    assert client.get(f"/team/{session.uid}/talk/?after=99999999999999999999").status_code == 200


# What is there and what is missing


def test_nothing_marked_and_not_finished_are_told_apart(
    client_of, three, article, owner, annotator, second_annotator, person, talk_url
):
    mark_in(three, annotator, article, CLAIM, "claim")
    skipper = person("skipper", "Skip Skipper")
    add_member(owner, three.pk, username="skipper", role=Member.ANNOTATOR)
    finish_all(three, annotator, second_annotator)
    seat = seat_of(skipper, three)
    skip(skipper, seat, three.articles.get(), "Too long.")
    move_on(owner, three, REVEALED)
    answer = client_of(owner).get(talk_url(three))
    (row,) = rows_in(answer)
    assert row["cells"] == {
        "Anna Annotator": ["claim"],
        "Sem Second": ["nothing marked"],
        "Theo Third": ["not finished"],
        "Skip Skipper": ["skipped the article"],
    }
    assert row["verdict"] == "Divided"
    html = answer.content.decode()
    assert "2 of 4 readers finished" in words_of(html)
    assert "1 of 2" in words_of(html)


def test_marks_of_somebody_who_has_not_finished_are_shown_and_do_not_count(
    client_of, three, article, owner, annotator, second_annotator, person, talk_url
):
    third = three.members.get(user__username="third").user
    mark_in(three, annotator, article, CLAIM, "claim")
    mark_in(three, second_annotator, article, CLAIM, "claim")
    mark_in(three, third, article, CLAIM, "opinion")
    finish_all(three, annotator, second_annotator)
    move_on(owner, three, REVEALED)
    (row,) = rows_in(client_of(owner).get(talk_url(three)))
    assert row["cells"]["Theo Third"] == ["opinion", "not finished"]
    assert row["verdict"] == "All agree"


def test_a_reader_who_opens_the_article_again_is_not_finished(
    client_of, session, article, owner, annotator, second_annotator, talk_url
):
    mark_in(session, annotator, article, CLAIM, "claim")
    finish_all(session, annotator, second_annotator)
    move_on(owner, session, REVEALED)
    reopen(second_annotator, seat_of(second_annotator, session), session.articles.get())
    (row,) = rows_in(client_of(owner).get(talk_url(session)))
    assert row["cells"]["Sem Second"] == ["not finished"]
    assert row["verdict"] == "Not compared yet: fewer than two readers have finished"


def test_readers_who_have_left_stay_with_their_marks(
    client_of, session, article, owner, annotator, second_annotator, talk_url
):
    mark_in(session, annotator, article, CLAIM, "claim")
    finish_all(session, annotator, second_annotator)
    move_on(owner, session, REVEALED)
    remove_member(owner, session.pk, annotator.pk)
    answer = client_of(owner).get(talk_url(session))
    (row,) = rows_in(answer)
    assert row["cells"] == {"Anna Annotator": ["claim"], "Sem Second": ["nothing marked"]}
    assert "finished, 1 mark, no longer in the session" in words_of(answer.content.decode())


def test_differences_of_extent_show_in_the_words(
    client_of, session, article, owner, annotator, second_annotator, talk_url
):
    mark_in(session, annotator, article, BOATS, "claim", nth=1)  # the standfirst says it first
    wide = f"{CLAIM} {BOATS}"
    mark_in(session, second_annotator, article, wide, "claim")
    mark_in(session, second_annotator, article, "boats", "loaded", nth=1)
    finish_all(session, annotator, second_annotator)
    move_on(owner, session, REVEALED)
    html = client_of(owner).get(talk_url(session), {"order": "text"}).content.decode()
    first, second = html.split('<li id="s')[1:]
    assert "the whole passage" in words_of(second)  # the annotator's
    assert f'<span class="beyond">{CLAIM} </span><mark class="a1">{BOATS}</mark>' in second
    assert f'<mark class="a{session.codebook.tags.get(name="loaded").slot}">boats</mark>' in second
    assert "too short to count for the whole sentence" in words_of(second)
    assert f'<mark class="a1">{CLAIM}</mark><span class="beyond"> {BOATS}</span>' in first


def test_notes_are_text_and_marks_without_tags_say_so(client_of, session, article, owner, annotator, talk_url):
    mark_in(session, annotator, article, CLAIM, note="<script>alert(1)</script> https://example.org/x")
    finish_all(session, annotator)
    move_on(owner, session, REVEALED)
    html = client_of(owner).get(talk_url(session)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert '<a href="https://example.org/x" rel="nofollow ugc noopener">' in html
    assert "no tag" in words_of(html)


def test_what_is_noted_about_the_whole_article_is_shown(
    client_of, session, article, owner, annotator, second_annotator, talk_url
):
    here = session.articles.get()
    note(annotator, seat_of(annotator, session), here, "One long <b>sigh</b>.")
    move_on(owner, session, REVEALED)
    html = client_of(second_annotator).get(talk_url(session)).content.decode()
    assert "One long &lt;b&gt;sigh&lt;/b&gt;." in html
    assert "About the whole article" in html
    html = client_of(second_annotator).get(talk_url(session), {"reader": "second"}).content.decode()
    assert "About the whole article" not in html


def test_a_deleted_mark_is_gone(client_of, session, article, owner, annotator, talk_url):
    mark = mark_in(session, annotator, article, CLAIM, "claim")
    move_on(owner, session, REVEALED)
    delete_mark(annotator, mark.uid)
    answer = client_of(owner).get(talk_url(session))
    assert rows_in(answer) == []
    assert "Nobody has marked anything in this article yet." in words_of(answer.content.decode())


def test_passages_lead_to_the_reading_page_of_the_session(client_of, session, article, owner, annotator, talk_url):
    mark = mark_in(session, annotator, article, CLAIM, "claim")
    move_on(owner, session, REVEALED)
    html = client_of(owner).get(talk_url(session)).content.decode()
    link = f"/team/{session.uid}/read/{article.slug}/1/#m{mark.uid}"
    assert html.count(f'href="{link}"') == 2
    assert client_of(owner).get(link.partition("#")[0]).status_code == 200


# Order and filters


@pytest.fixture
def divided(three, article, owner, annotator, second_annotator) -> TeamSession:
    """Three readers who finished: all claim the first sentence; one claims the second; the third sentence is claim to
    one, opinion to another; two say the last one is an opinion, which is loaded to the second of them."""
    third = three.members.get(user__username="third").user
    for reader in (annotator, second_annotator, third):
        mark_in(three, reader, article, CLAIM, "claim")
    mark_in(three, annotator, article, BOATS, "claim", nth=1)  # the standfirst says it first
    mark_in(three, annotator, article, FISHERMEN, "claim")
    mark_in(three, second_annotator, article, FISHERMEN, "opinion")
    mark_in(three, annotator, article, GUESS, "opinion")
    mark_in(three, third, article, GUESS, "opinion", "loaded")
    finish_all(three, annotator, second_annotator, third)
    return move_on(owner, three, REVEALED)


def test_contested_passages_come_first_or_the_text_decides(client_of, divided, owner, talk_url):
    client = client_of(owner)
    rows = rows_in(client.get(talk_url(divided)))
    assert [(row["words"], row["verdict"]) for row in rows] == [
        (FISHERMEN, "Strongly divided"),
        (GUESS, "Strongly divided"),
        (BOATS, "Divided"),
        (CLAIM, "All agree"),
    ]
    rows = rows_in(client.get(talk_url(divided), {"order": "text"}))
    assert [row["words"] for row in rows] == [CLAIM, BOATS, FISHERMEN, GUESS]


def words_with(client, url: str, **asked) -> list[str]:
    return [row["words"] for row in rows_in(client.get(url, asked))]


def test_readers_and_tags_can_be_chosen_and_combined(client_of, divided, owner, talk_url):
    client, url = client_of(owner), talk_url(divided)
    tags = {tag.name: tag.pk for tag in divided.codebook.tags.all()}
    rows = rows_in(client.get(url, {"reader": ["annotator", "second"]}))
    assert [(row["words"], row["verdict"], list(row["cells"])) for row in rows] == [
        (FISHERMEN, "Strongly divided", ["Anna Annotator", "Sem Second"]),
        (BOATS, "Divided", ["Anna Annotator", "Sem Second"]),
        (GUESS, "Divided", ["Anna Annotator", "Sem Second"]),
        (CLAIM, "All agree", ["Anna Annotator", "Sem Second"]),
    ]
    assert words_with(client, url, tag=tags["opinion"]) == [FISHERMEN, GUESS]
    assert words_with(client, url, tag=[tags["loaded"], tags["claim"]]) == [BOATS, FISHERMEN, GUESS, CLAIM]
    assert words_with(client, url, tag=tags["opinion"], reader="second") == [FISHERMEN]
    assert words_with(client, url, tag=tags["loaded"], reader="second") == []
    assert words_with(client, url, tag=tags["claim"], order="text", reader="third") == [CLAIM]
    assert words_with(client, url, reader="nobody") == words_with(client, url)


def test_paragraphs_where_readers_differ_are_named_and_lead_there(client_of, divided, owner, talk_url):
    client, url = client_of(owner), talk_url(divided)
    text = words_of(client.get(url).content.decode())
    assert "Where readers differ: 2 paragraphs" in text
    assert "Paragraph 2 2 passages, strongly divided" in text
    assert "Paragraph 5 1 passage, strongly divided" in text
    assert words_with(client, url, paragraph=2) == [FISHERMEN, BOATS, CLAIM]
    assert words_with(client, url, paragraph=5) == [GUESS]
    assert words_with(client, url, paragraph=99) == []


def test_the_list_of_articles_says_how_contested_each_is(client_of, divided, article, owner):
    html = client_of(owner).get(f"/team/{divided.uid}/talk/").content.decode()
    assert f'href="/team/{divided.uid}/talk/{article.slug}/"' in html
    assert "3 contested passages among 4 that are marked 3 of 3 readers finished" in words_of(html)


# Paging and queries


@pytest.fixture
def long_article(codebook):
    """Three hundred sentences in ten paragraphs."""
    paragraphs = (
        " ".join(f"Sentence {paragraph * 30 + number} says something of its own." for number in range(30))
        for paragraph in range(10)
    )
    data = "# Long\n\n" + "\n\n".join(paragraphs)
    return import_article(None, name="long.md", data=data.encode(), is_public=True).article


def mark_sentences(session, person, article, numbers, tag="claim") -> None:
    seat, revision = seat_of(person, session), article.current
    text = document_of(revision.pk).text
    pk = session.codebook.tags.get(name=tag).pk
    for number in numbers:
        words = f"Sentence {number} says something of its own."
        at = text.index(words)
        passage = choose_passage(revision.pk, at, at + len(words), words)
        key = f"{person.username}-{tag}-{number}"
        mark_passage(person, revision, passage, tags=[pk], key=key, seat=seat)


def test_pages_of_passages_show_each_once_also_while_marks_go(
    client_of, owner, annotator, second_annotator, long_article
):
    session = start_session(owner, long_article, annotators=[annotator, second_annotator])
    mark_sentences(session, annotator, long_article, range(40))
    mark_sentences(session, second_annotator, long_article, range(0, 40, 2))
    finish_all(session, annotator, second_annotator)
    move_on(owner, session, REVEALED)
    client, seen = client_of(owner), []
    query = ""
    for _ in range(3):
        answer = client.get(f"/team/{session.uid}/talk/{long_article.slug}/{query}")
        seen.append([int(row["words"].split()[1]) for row in rows_in(answer)])
        html = answer.content.decode()
        if not query:
            delete_mark(annotator, Annotation.objects.get(author=annotator, quote__startswith="Sentence 1 ").uid)
        query = (
            html.partition('rel="next"')[0].rpartition('href="')[2].partition("#")[0] if "Next passages" in html else ""
        )
    odd, even = list(range(1, 40, 2)), list(range(0, 40, 2))
    assert seen == [odd[:15], odd[15:] + even[:10], even[10:]]
    assert query == ""


@pytest.mark.parametrize("passages", [1, 3, 300])
def test_the_page_takes_as_many_queries_for_one_passage_as_for_hundreds(
    client_of, owner, annotator, second_annotator, long_article, django_assert_num_queries, passages
):
    session = start_session(owner, long_article, annotators=[annotator, second_annotator])
    mark_sentences(session, annotator, long_article, range(passages))
    mark_sentences(session, second_annotator, long_article, range(passages), "opinion")
    finish_all(session, annotator, second_annotator)
    move_on(owner, session, REVEALED)
    client = client_of(owner)
    client.get("/")
    with django_assert_num_queries(TALK_QUERIES):
        answer = client.get(f"/team/{session.uid}/talk/{long_article.slug}/")
    assert len(rows_in(answer)) == min(passages, 15)
    assert f"{passages} passage" in words_of(answer.content.decode())
    with django_assert_num_queries(LIST_QUERIES):
        client.get(f"/team/{session.uid}/talk/")


TALK_QUERIES, LIST_QUERIES = 12, 10


def test_the_list_takes_as_many_queries_for_three_articles_as_for_one(
    client_of, owner, annotator, article, long_article, django_assert_num_queries
):
    third = import_article(None, name="other.md", data=b"# Other\n\nWords of another article.", is_public=True).article
    session = start_session(owner, [article, long_article, third], annotators=[annotator])
    mark_in(session, annotator, article, CLAIM, "claim")
    mark_sentences(session, annotator, long_article, [1])
    mark_in(session, annotator, third, "Words of another article.", "claim")
    move_on(owner, session, REVEALED)
    client = client_of(owner)
    client.get("/")
    with django_assert_num_queries(LIST_QUERIES):
        answer = client.get(f"/team/{session.uid}/talk/")
    assert words_of(answer.content.decode()).count("Nothing to compare yet among 1 that is marked") == 3


def test_readers_who_oversee_and_read_see_what_others_do_after_the_reveal(
    client_of, session, article, owner, reviewer, annotator, talk_url
):
    set_role(owner, session.pk, reviewer.pk, role=Member.REVIEWER, reads=True)
    mark_in(session, annotator, article, CASE, "claim")
    assert client_of(reviewer).get(talk_url(session)).status_code == 403
    move_on(owner, session, REVEALED)
    (row,) = rows_in(client_of(reviewer).get(talk_url(session)))
    assert list(row["cells"]) == ["Anna Annotator", "Sem Second", "Rita Reviewer"]
    assert Assignment.objects.filter(session_article__session=session).count() == 3
