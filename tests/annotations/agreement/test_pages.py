"""The page over HTTP: who gets it, what it says, what it costs, and that it never says what is hidden."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from annotations.models import Member, TeamSession
from annotations.teams.actions import set_phase
from annotations.teams.people.actions import leave, remove_member, set_role
from annotations.teams.progress.actions import finish
from tests.annotations.agreement.conftest import SENTENCES, article_of, mark_rows
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session

PATHS = ("", "units.csv", "units.json")


def numbers_on(html: str) -> list[str]:
    return re.findall(r'<data value="([^"]*)">', html)


def without_token(content: bytes) -> bytes:
    """A page without the token against forged requests, which is written anew each time."""
    return re.sub(rb'X-CSRFToken": "[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"', b"", content)


def section(html: str, head: str) -> str:
    return html[html.index(f'id="{head}"') :].partition("</section>")[0]


# Who may


def test_before_the_reveal_only_those_who_see_all_marks_get_it(
    owner, reviewer, readers, texts, person, outsider, client_of, address
):
    observer = person("observer")
    session = start_session(owner, texts, annotators=readers, reviewers=[reviewer], observers=[observer])
    for path in PATHS:
        found = {
            user.username: client_of(user).get(address(session, path)).status_code
            for user in (owner, reviewer, readers[0], observer, outsider)
        }
        assert found == {"owner": 200, "reviewer": 200, "reader1": 403, "observer": 403, "outsider": 404}
        visitor = Client().get(address(session, path))
        assert (visitor.status_code, visitor["Location"].partition("?")[0]) == (302, "/account/sign-in/")


def test_from_the_reveal_on_every_member_gets_it_and_nobody_else(
    owner, reviewer, readers, texts, person, outsider, client_of, address
):
    observer = person("observer")
    session = start_session(owner, texts, annotators=readers, reviewers=[reviewer], observers=[observer])
    leave(readers[2], session.pk)
    people = (owner, reviewer, readers[0], observer, readers[2], outsider)
    clients = [client_of(user) for user in people]
    for phase in TeamSession.ORDER[2:]:
        move_on(owner, session, phase)
        for path in PATHS:
            found = [client.get(address(session, path)).status_code for client in clients]
            assert found == [200, 200, 200, 200, 404, 404], (phase, path)


def test_in_an_open_session_every_member_gets_it_at_once(owner, readers, texts, outsider, client_of, address):
    session = start_session(owner, texts, annotators=readers, is_blind=False)
    codes = [client_of(user).get(address(session)).status_code for user in (*readers, outsider)]
    assert codes == [200, 200, 200, 404]


def test_who_oversees_and_reads_gets_nothing_before_the_reveal(owner, reviewer, readers, texts, client_of, address):
    session = start_session(owner, texts, annotators=readers, reviewers=[reviewer])
    set_role(owner, session.pk, reviewer.pk, role=Member.REVIEWER, reads=True)
    assert [client_of(reviewer).get(address(session, path)).status_code for path in PATHS] == [403] * 3


def test_a_session_that_goes_back_to_marking_closes_it_for_readers(owner, readers, texts, client_of, address):
    session = start_session(owner, texts, annotators=readers, phase=TeamSession.REVEALED)
    set_phase(owner, session.pk, TeamSession.ANNOTATING, seen=TeamSession.REVEALED, reason="Once more.")
    assert client_of(readers[0]).get(address(session)).status_code == 403
    assert client_of(owner).get(address(session)).status_code == 200


def test_a_blind_reader_gets_the_same_bytes_whatever_others_do(
    owner, readers, texts, client_of, address, django_assert_num_queries
):
    session = start_session(owner, texts, annotators=readers)
    client = client_of(readers[0])
    answers = {path: set() for path in PATHS}

    def ask() -> None:
        for path in PATHS:
            with django_assert_num_queries(3):  # the sign-in, the person, the seat
                response = client.get(address(session, path, article=texts[0].slug))
            headers = {name: value for name, value in response.items() if name != "Set-Cookie"}
            answers[path].add((response.status_code, str(headers), without_token(response.content)))

    ask()
    mark_in(session, readers[1], texts[0], SENTENCES[0], "claim")
    ask()
    finish_all(session, readers[1], readers[2])
    ask()
    client_of(owner).get(address(session))  # those who oversee have figures now
    ask()
    remove_member(owner, session.pk, readers[2].pk)
    ask()
    assert [len(found) for found in answers.values()] == [1, 1, 1]
    assert {status for found in answers.values() for status, *_ in found} == {403}


def test_a_deadline_that_has_passed_opens_it(owner, readers, texts, client_of, address):
    session = start_session(owner, texts, annotators=readers)
    TeamSession.objects.filter(pk=session.pk).update(deadline="2025-01-01T00:00:00Z", reveal_at_deadline=True)
    response = client_of(readers[0]).get(address(session))
    assert response.status_code == 200
    session.refresh_from_db()
    assert session.phase == TeamSession.REVEALED


def test_it_is_read_only(owner, texts, client_of, address):
    session, client = start_session(owner, texts), client_of(owner)
    for method in ("post", "put", "delete", "patch"):
        found = [getattr(client, method)(address(session, path)).status_code for path in PATHS]
        assert found == [405] * 3


ADDRESSES = [
    ({"article": "no-such-article"}, 404),
    ({"article": "\x00"}, 200),
    ({"article": "\ud800"}, 404),
    ({"article": "a" * 3000}, 404),
    ({"state": "later", "show": "else", "page": "9" * 400}, 200),
    ({"page": "-1"}, 200),
    ({"page": "٣"}, 200),
    ({"page": "99999"}, 200),
]


def test_no_address_is_an_error(owner, readers, texts, client_of, address):
    session, client = start_session(owner, texts, annotators=readers), client_of(owner)
    finish_all(session, *readers)
    for query, status in ADDRESSES:
        asked = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
        assert client.get(address(session, **asked)).status_code == status, query


def test_an_article_of_another_session_is_not_part_of_this_one(owner, texts, client_of, address):
    session, other = start_session(owner, texts), article_of("Elsewhere", ["One. Two."])
    assert client_of(owner).get(address(session, article=other.slug)).status_code == 404


# What it says


def test_the_page_says_the_reference_numbers(g1, readers, client_of, address):
    html = client_of(readers[0]).get(address(g1)).content.decode()
    assert numbers_on(section(html, "overall-head"))[0] == "0.634845"
    by_tag = section(html, "tags-head")
    assert re.findall(r'<td class="number alpha"><data value="([^"]*)"', by_tag) == ["0.777778", "0.742424", "0.527778"]
    assert re.findall(r'<b dir="auto">([^<]*)</b>', by_tag) == ["claim", "opinion", "unsourced"]
    assert re.findall(r'<span class="band">(\w+)</span>', by_tag) == ["tentative", "tentative", "discuss"]
    pairs = section(html, "pairs-head")
    assert numbers_on(pairs)[0] == "0.801581"  # the mean F1
    assert numbers_on(pairs)[2::2] == ["0.800000", "0.909091", "0.695652"]
    assert "3 readers, 12 sentences with two or more readings" in html


def test_the_page_says_what_it_shows_and_can_show_the_other_state(g1, readers, texts, client_of, address):
    client = client_of(readers[0])
    html = client.get(address(g1)).content.decode()
    assert "Each reader marked without seeing the marks of others." in html
    assert '<a href="?" aria-current="page">At the reveal</a><a href="?state=now">Now</a>' in html
    mark_in(g1, readers[0], texts[0], SENTENCES[3], "claim")
    now = client.get(address(g1, state="now")).content.decode()
    assert "These readings are not independent." in now
    assert numbers_on(section(now, "overall-head")) != numbers_on(section(html, "overall-head"))
    assert client.get(address(g1)).content.decode().count("0.634845") == 1


def test_interim_figures_are_said_to_be_interim(blind, reviewer, client_of, address):
    html = client_of(reviewer).get(address(blind)).content.decode()
    assert "Interim figures: readers are still marking." in html
    assert "At the reveal" not in html


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda session, readers: None, "Fewer than two readers have finished."),
        (lambda session, readers: finish_all(session, *readers), "All values are the same:"),
    ],
)
def test_what_is_not_defined_comes_with_its_reason(owner, readers, texts, client_of, address, prepare, sentence):
    session = start_session(owner, texts, annotators=readers)
    prepare(session, readers)
    html = client_of(owner).get(address(session)).content.decode()
    assert f"<b>Not defined.</b> {sentence}" in section(html, "overall-head")
    assert numbers_on(section(html, "overall-head")) == []


def test_few_sentences_are_no_number(g1, owner, texts, client_of, address):
    html = client_of(owner).get(address(g1, article=texts[1].slug)).content.decode()
    assert "Fewer than ten sentences have been finished by two readers." in html
    html = client_of(owner).get(address(g1)).content.decode()
    assert "fewer than ten sentences" in section(html, "articles-head")


def test_readers_without_an_article_in_common_are_said_to_have_none(owner, readers, texts, client_of, address):
    session = start_session(owner, texts, annotators=readers[:2])
    for reader, here in zip(readers, session.articles.order_by("position"), strict=False):
        finish(reader, seat_of(reader, session), here)
    client = client_of(owner)
    assert "No sentence has been finished by two readers." in client.get(address(session)).content.decode()
    assert "no article in common" in client.get(address(session, show="extents")).content.decode()


def test_contested_passages_come_most_divided_first_with_votes_in_words(g1, readers, texts, client_of, address):
    html = section(client_of(readers[0]).get(address(g1)).content.decode(), "contested-head")
    passages = re.findall(r'<blockquote dir="auto">([^<]*)</blockquote>', html)
    # About the ninth readers differ on two tags, about the others on one each; these come in the order of the text.
    assert passages == [SENTENCES[at] for at in (8, 1, 3, 4, 6, 10)]
    votes = re.findall(r'<b dir="auto">(\w+)</b></span> ([^<]*)</li>', html.partition("bits")[0])
    assert votes == [("claim", "1 of 3 readers"), ("opinion", "2 of 3 readers")]
    base = f"/team/{g1.uid}"
    assert f'href="{base}/read/{texts[0].slug}/#b2"' in html
    assert f'href="{base}/talk/{texts[0].slug}/?paragraph=3"' in html


def test_while_marks_are_hidden_passages_lead_to_the_text_alone(blind, reviewer, client_of, address):
    html = section(client_of(reviewer).get(address(blind)).content.decode(), "contested-head")
    assert "in the text" in html
    assert "/talk/" not in html


def test_contested_passages_come_twenty_at_a_time(owner, readers, codebook, client_of, address):
    text = article_of("Long", [f"Sentence number {n} is about ships." for n in range(45)])
    session = start_session(owner, text, annotators=readers[:2])
    for n in range(45):
        mark_in(session, readers[0], text, f"Sentence number {n} is about ships.", "claim")
    finish_all(session, *readers[:2])
    client, seen, query = client_of(owner), [], {}
    for first in (1, 21, 41):
        html = client.get(address(session, **query)).content.decode()
        assert f'start="{first}"' in html
        seen += re.findall(r'<blockquote dir="auto">([^<]*)</blockquote>', html)
        onward = re.search(r'rel="next" href="\?page=(\d)#contested-head"', html)
        query = {"page": onward[1]} if onward else {}
    assert seen == [f"Sentence number {n} is about ships." for n in range(45)]
    assert query == {}


def test_extents_are_on_a_tab_of_their_own(g1, owner, client_of, address):
    html = client_of(owner).get(address(g1, show="extents")).content.decode()
    pairs = section(html, "pairs-head")
    assert "Character F1" in pairs
    assert numbers_on(pairs)[-2:] == ["0.695652", "0.695652"]
    assert 'id="contested-head"' not in html


def test_names_and_titles_are_text_and_nothing_else(owner, readers, texts, client_of, address):
    evil = '<script>alert(1)</script>"onload=x&amp;'
    session = start_session(owner, texts, annotators=readers, name=evil)
    mark_rows_of(session, readers, texts)
    readers[0].display_name = evil
    readers[0].save()
    texts[0].title = evil
    texts[0].save()
    session.codebook.tags.filter(name="claim").update(name="<img src=x>")
    client = client_of(owner)
    for query in ({}, {"show": "extents"}, {"article": texts[0].slug}):
        html = client.get(address(session, **query)).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;onload=x&amp;amp;" in html
        assert not re.search(r'\sstyle="|\son\w+="', html)


def mark_rows_of(session, readers, texts) -> None:
    from tests.agreement.published import G1

    mark_rows(session, readers, texts, G1)


def test_pictures_are_hidden_from_listeners_and_tables_say_the_same(g1, owner, client_of, address):
    html = client_of(owner).get(address(g1)).content.decode()
    pictures = re.findall(r"<svg[^>]*>", section(html, "pairs-head") + section(html, "overall-head"))
    assert all('aria-hidden="true"' in picture or "14" in picture for picture in pictures)
    cells = re.findall(r'<rect class="h\d"[^>]*/><text[^>]*>([^<]*)</text>', section(html, "pairs-head"))
    table = [f"{float(value):.2f}" for value in numbers_on(section(html, "pairs-head"))[1::2]]
    assert sorted(cells) == sorted(table * 2)


# What it costs


def filled(owner, readers, articles):
    session = start_session(owner, articles, annotators=readers)
    for text in articles:
        mark_in(session, readers[0], text, "Sentence A speaks", "claim")
    finish_all(session, *readers)
    return move_on(owner, session, TeamSession.REVEALED)


@pytest.mark.parametrize(("articles", "people"), [(1, 3), (3, 3), (1, 30)])
def test_the_number_of_queries_is_always_the_same(
    owner, person, codebook, client_of, address, articles, people, django_assert_num_queries
):
    readers = [person(f"reader{n}") for n in range(people)]
    session = filled(owner, readers, [article_of(f"Text {n}", SENTENCES) for n in range(articles)])
    client = client_of(owner)
    client.get(address(session))  # texts are at hand from now on
    with django_assert_num_queries(16):
        client.get(address(session))
    with django_assert_num_queries(17):
        client.get(address(session, state="now"))
    with django_assert_num_queries(20):
        client.get(address(session, show="extents"))
    with django_assert_num_queries(19):
        client.get(address(session, "units.json")).getvalue()
