"""Published editions: who reads them, what they show, and how they are kept."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils import timezone

from annotations.adjudication.actions import withdraw
from annotations.adjudication.votes import votes_of
from annotations.codebook.actions import edit_tag
from annotations.edition import conditional
from annotations.edition.settled import settled_in
from annotations.models import Decision, TeamSession
from annotations.teams import actions
from opslens.articles.actions import details_digest, details_of, edit_details
from opslens.articles.documents import document_of
from opslens.models import Article, Event
from opslens.templatetags.kept import forget_parts
from tests.annotations.edition.conftest import NAMES
from tests.support.emptying import guards_lifted
from tests.support.teams import finish_all, mark_in, move_on, seat_of, start_session
from tests.text.attacks import CASES, source_of

MONDAY, GUESS, FISHERMEN = "The council passed the levy on Monday.", "That is a guess.", "Nobody asked the fishermen."


def pages(session: TeamSession, article: Article) -> list[str]:
    return [f"/edition/{session.uid}/", f"/edition/{session.uid}/{article.slug}/"]


def get(url: str, client: Client | None = None, **headers: str):
    return (client or Client()).get(url, headers=headers)


@pytest.fixture
def people(lead, readers, outsider, client_of):
    """Everybody who could ask: by name, a client."""
    return {
        "visitor": Client(),
        "outsider": client_of(outsider),
        "reader": client_of(readers[0]),
        "lead": client_of(lead),
    }


def statuses(people, session, article) -> dict[str, list[int]]:
    return {name: [get(url, client).status_code for url in pages(session, article)] for name, client in people.items()}


@pytest.mark.parametrize("phase", TeamSession.ORDER[3:])
def test_an_edition_is_there_once_it_is_published(session, settle, lead, article, people, phase):
    settle(session, article, MONDAY)
    move_on(lead, session, phase)
    status = 200 if phase in TeamSession.OUT else 404
    assert statuses(people, session, article) == {name: [status, status] for name in people}


@pytest.mark.parametrize("phase", TeamSession.ORDER[:3])
def test_an_edition_is_not_there_before(lead, readers, article, people, phase):
    session = start_session(lead, article, annotators=readers, phase=phase)
    assert statuses(people, session, article) == {name: [404, 404] for name in people}


def test_of_a_private_article_visitors_see_nothing(published, article, people):
    Article.objects.update(is_public=False)
    assert statuses(people, published, article) == {name: [404 if name == "visitor" else 200] * 2 for name in people}


def plain(response) -> bytes:
    """An answer without what differs from one address or request to the next."""
    body = re.sub(rb'X-CSRFToken": "[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"', b"", response.content)
    return re.sub(rb"/(edition|team)/[^\s\"]*", b"", body)


def test_everything_that_is_not_there_answers_alike(published, lead, article, readers, django_user_model):
    def asked(url):
        response = get(url)
        headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
        return response.status_code, plain(response), headers  # the address is in the body

    other = start_session(lead, article, annotators=readers, name="Another")
    unknown = asked("/edition/aaaaaaaaaa/nothing/")
    assert unknown[0] == 404
    assert asked(f"/edition/{published.uid}/nothing/") == unknown
    assert asked(pages(other, article)[1]) == unknown
    assert asked(pages(other, article)[0]) == unknown
    Article.objects.update(is_public=False)
    assert [asked(url) for url in pages(published, article)] == [unknown, unknown]
    Article.objects.update(is_public=True)
    actions.trash_session(lead, published.pk)
    assert [asked(url) for url in pages(published, article)] == [unknown, unknown]


def test_an_article_in_the_trash_is_not_there(published, article, people):
    Article.objects.update(deleted_at="2026-01-01T00:00Z")
    assert statuses(people, published, article) == {name: [404, 404] for name in people}


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_an_edition_is_read_only(published, article, method):
    for url in pages(published, article):
        assert getattr(Client(), method)(url).status_code == 405


def test_an_edition_names_no_reader(published, article, lead, readers, client_of, outsider):
    names = [lead.username, lead.display_name, *NAMES, *(reader.username for reader in readers)]
    words = {word for name in names for word in name.split()} | set(names)
    for client in (Client(), client_of(outsider)):
        for url in pages(published, article):
            body = get(url, client).content.decode()
            assert [word for word in words if word.casefold() in body.casefold()] == []


class _Text(HTMLParser):
    """The words of the blocks of a page, by their number."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.block, self.blocks = 0, None, {}

    def handle_starttag(self, tag, attrs):
        number = dict(attrs).get("data-b") if dict(attrs).get("data-start") and dict(attrs)["id"][0] == "b" else None
        if number is not None and self.block is None:
            self.block, self.depth, self.tag = int(number), 0, tag
            self.blocks[self.block] = ""
        if self.block is not None and tag == self.tag:
            self.depth += 1

    def handle_endtag(self, tag):
        if self.block is not None and tag == self.tag:
            self.depth -= 1
            if not self.depth:
                self.block = None

    def handle_data(self, data):
        if self.block is not None:
            self.blocks[self.block] += data


@pytest.mark.parametrize("query", ["", "?tag=claim", "?tag=opinion"])
def test_the_text_is_the_canonical_one(published, article, query):
    text = _Text()
    text.feed(get(pages(published, article)[1] + query).content.decode())
    assert "\n".join(text.blocks[number] for number in sorted(text.blocks)) == document_of(article.current_id).text


def test_marks_come_with_votes_and_dissent(published):
    (found,) = settled_in(list(published.articles.all())).values()
    told = [
        (one.words, one.accepted, [(s.look.name, s.words) for s in one.shares], one.dissent, one.reason)
        for one in found
    ]
    assert told == [
        (MONDAY, True, [("claim", "3 of 3 readers")], "All readers agree.", ""),
        (FISHERMEN, False, [], "1 chose opinion, 1 chose loaded, 2 left it unmarked.", "A turn of speech."),
        (GUESS, True, [("claim", "2 of 3 readers")], "1 chose opinion.", "It can be checked later."),
    ]
    assert {len(votes.of) for votes in votes_of(list(Decision.objects.all())).values()} == {3}


def test_the_page_lists_marks_in_the_order_of_the_text_and_the_rejected_apart(published, article):
    body = get(pages(published, article)[1]).content.decode()
    uids = {d.uid: d.verdict for d in Decision.objects.order_by("start")}
    accepted = [uid for uid, verdict in uids.items() if verdict == "accepted"]
    assert re.findall(r'<li id="card-(\w+)"', body) == accepted
    assert re.findall(r'<i id="d(\w+)"></i>', body) == accepted
    assert re.findall(r'<li id="d(\w+)"', body) == [uid for uid in uids if uid not in accepted]
    assert re.findall(r'<mark id="m(\w+)"', body) == accepted


def test_a_decision_that_was_taken_back_is_gone(session, settle, lead, article):
    decision = settle(session, article, MONDAY)
    settle(session, article, GUESS, "claim")
    withdraw(lead, seat_of(lead, session), article.slug, decision.uid, decision.version)
    move_on(lead, session, TeamSession.PUBLISHED)
    assert decision.uid not in get(pages(session, article)[1]).content.decode()


def cards(published, article, query: str) -> list[str]:
    body = get(pages(published, article)[1] + query).content.decode()
    by_uid = {d.uid: document_of(article.current_id).text[d.start : d.end] for d in Decision.objects.all()}
    shown = re.findall(r'<li id="card-(\w+)"', body)
    assert re.findall(r'<mark id="m(\w+)"', body) == shown
    return [by_uid[uid] for uid in shown]


def test_tags_filter_by_name_and_id(session, settle, lead, article, readers):
    settle(session, article, MONDAY)
    settle(session, article, FISHERMEN)
    published = move_on(lead, session, TeamSession.PUBLISHED)
    loaded = session.codebook.tags.get(name="loaded").pk
    assert cards(published, article, "") == [MONDAY, FISHERMEN]
    assert cards(published, article, "?tag=claim") == [MONDAY]
    assert cards(published, article, "?tag=CLAIM&tag=opinion") == [MONDAY, FISHERMEN]
    assert cards(published, article, f"?tag={loaded}") == [FISHERMEN]
    assert cards(published, article, "?tag=evidence") == []
    assert cards(published, article, "?tag=no-such-tag&tag=%00&tag=99999999999999999999") == [MONDAY, FISHERMEN]


def test_the_page_says_how_the_reading_was_made(published, article):
    said = "each without seeing the marks of the others. Two passages were settled and one more considered and rejected"
    for url in pages(published, article):
        assert said in re.search(r'class="made".*?</p>', get(url).content.decode(), re.DOTALL)[0]


def test_readers_who_saw_others_are_not_called_independent(lead, readers, article, settle):
    session = start_session(lead, article, annotators=readers, is_blind=False)
    for reader in readers:
        mark_in(session, reader, article, MONDAY, "claim")
    finish_all(session, *readers)
    settle(move_on(lead, session, TeamSession.ADJUDICATING), article, MONDAY)
    move_on(lead, session, TeamSession.PUBLISHED)
    assert "without seeing" not in get(pages(session, article)[1]).content.decode()


def test_an_edition_has_no_token_no_cookie_and_no_script_of_the_site(published, article, client_of, outsider):
    for client in (Client(), client_of(outsider)):
        for url in pages(published, article):
            response = get(url, client)
            body = response.content.decode()
            assert "csrf" not in body.casefold()
            assert not response.cookies
            sources = re.findall(r"<script[^>]*>", body)
            assert [tag for tag in sources if "application/ld+json" not in tag and "js/edition.js" not in tag] == []


def test_answers_may_be_kept_by_everybody_or_by_one(published, article, client_of, outsider):
    for url in pages(published, article):
        visitor, reader = get(url), get(url, client_of(outsider))
        assert visitor["Cache-Control"] == "public, max-age=60"
        assert reader["Cache-Control"] == "private, no-cache"
        assert "Cookie" in visitor["Vary"]
        assert "Cookie" in reader["Vary"]
        assert visitor["ETag"] != reader["ETag"]
        assert visitor["ETag"].startswith('"')
    Article.objects.update(is_public=False)
    assert get(pages(published, article)[1], client_of(outsider))["Cache-Control"] == "private, no-cache"


def test_what_a_client_has_is_not_sent_again(published, article, django_assert_num_queries):
    for url in pages(published, article):
        first = get(url)
        again = get(url, **{"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert again["Cache-Control"] == first["Cache-Control"]
        assert "Cookie" in again["Vary"]
        assert get(url, **{"If-None-Match": '"another"'}).content == first.content
    with django_assert_num_queries(3):  # the article, the numbers, when the last of these events happened
        get(url, **{"If-None-Match": first["ETag"]})


def test_last_modified_is_told_once_nothing_can_follow_in_its_second(published, article, monkeypatch):
    url = pages(published, article)[1]
    last = Event.objects.filter(channel__name=published.channel).latest("number").at
    monkeypatch.setattr(conditional.timezone, "now", lambda: last)
    assert "Last-Modified" not in get(url)
    monkeypatch.undo()
    with guards_lifted():
        Event.objects.update(at=timezone.now() - timedelta(seconds=5))
    response = get(url)
    assert get(url, **{"If-Modified-Since": response["Last-Modified"]}).status_code == 304


def test_a_decision_that_changes_makes_another_page(published, article, lead, settle):
    url = pages(published, article)[1]
    first = get(url)
    actions.set_phase(lead, published.pk, TeamSession.ADJUDICATING, seen=TeamSession.PUBLISHED, reason="A slip.")
    assert get(url, **{"If-None-Match": first["ETag"]}).status_code == 404
    settle(published, article, GUESS, "opinion", reason="On second thoughts.")
    move_on(lead, published, TeamSession.PUBLISHED)
    again = get(url, **{"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert "On second thoughts." in again.content.decode()
    assert "It can be checked later." not in again.content.decode()


def test_a_tag_that_is_renamed_and_a_title_that_changes_make_another_page(published, article, lead):
    Article.objects.update(imported_by=lead)
    article.refresh_from_db()
    url = pages(published, article)[1]
    first = get(url)
    tag = published.codebook.tags.get(name="claim")
    edit_tag(lead, tag.pk, tag.version, {"name": "assertion"})
    second = get(url, **{"If-None-Match": first["ETag"]})
    assert second.status_code == 200
    assert "assertion" in second.content.decode()
    details = replace(details_of(article), title="The levy of the harbour")
    edit_details(lead, article, details=details, is_public=True, seen=details_digest(article))
    third = get(url, **{"If-None-Match": second["ETag"]})
    assert third.status_code == 200
    assert "The levy of the harbour" in third.content.decode()


def test_preferences_make_another_page(published, article):
    client = Client()
    url = pages(published, article)[1]
    etag = get(url, client)["ETag"]
    client.cookies["opslens_reading"] = json.dumps({"theme": "dark"})
    dark = get(url, client, **{"If-None-Match": etag})
    assert dark.status_code == 200
    assert 'data-theme="dark"' in dark.content.decode()


@pytest.mark.parametrize("number", [1, 3, 300])
def test_an_article_takes_as_many_queries_whatever_its_marks(
    session, settle, lead, article, number, django_assert_num_queries
):
    here = session.articles.get()
    text = document_of(here.revision_id).text
    tag = session.codebook.tags.get(name="claim")
    made = Decision.objects.bulk_create(
        Decision(session_article=here, start=at % (len(text) - 20), end=at % (len(text) - 20) + 9, verdict="accepted")
        for at in range(number)
    )
    Decision.tags.through.objects.bulk_create(Decision.tags.through(decision=one, tag=tag) for one in made)
    move_on(lead, session, TeamSession.PUBLISHED)
    get("/")  # what a process keeps of texts and tags is there
    document_of(here.revision_id)
    with django_assert_num_queries(ARTICLE_QUERIES):
        body = get(pages(session, article)[1]).content.decode()
    assert body.count('<li id="card-') == number


# The article, numbers, when; decisions, their tags, votes (5); all tags (2: in a transaction they are not kept); how it
# was made (4).
ARTICLE_QUERIES = 16


def test_metadata_names_the_page(published, article):
    url = f"http://testserver/edition/{published.uid}/{article.slug}/"
    body = get(url + "?tag=claim").content.decode()
    assert f'<link rel="canonical" href="{url}">' in body
    found = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)">', body))
    assert found == {
        "og:type": "article",
        "og:site_name": "OpsLens",
        "og:title": "The harbour levy",
        "og:description": "Read closely by 3 readers: 2 passages settled as claim.",
        "og:url": url,
    }
    assert "<title>The harbour levy – Levy reading · OpsLens</title>" in body


def linked_data(body: str) -> dict:
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', body, re.DOTALL)
    return json.loads(block)


def test_linked_data_describes_the_article_and_its_marks(published, article):
    url = f"http://testserver/edition/{published.uid}/{article.slug}/"
    data = linked_data(get(url).content.decode())
    assert (data["@type"], data["url"], data["headline"], data["commentCount"]) == (
        *("Article", url, "The harbour levy"),
        2,
    )
    assert [(one["about"]["text"], one["keywords"], one["text"]) for one in data["comment"]] == [
        (MONDAY, ["claim"], "claim: 3 of 3 readers. All readers agree."),
        (GUESS, ["claim"], "claim: 2 of 3 readers. 1 chose opinion. It can be checked later."),
    ]


def nasty(case: dict) -> str:
    """An attack as text that can be stored and holds no address, which would become a link."""
    text = source_of(case)[:300].encode("utf-8", "replace").decode()
    return text.replace("\x00", "").replace("://", "").replace(".", "")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))


def elements(body: str) -> list[tuple[str, tuple[str, ...]]]:
    tags = _Tags()
    tags.feed(body)
    return sorted(tags.found)


def test_nothing_that_people_wrote_becomes_markup(published, article):
    pieces = [nasty(case) for case in CASES]
    accepted = list(Decision.objects.filter(verdict="accepted"))
    urls = pages(published, article)
    Decision.objects.update(reason="plain")
    Article.objects.update(byline="", publisher="")
    calm = [elements(get(url).content.decode()) for url in urls]
    for at in range(0, len(pieces), 40):
        reason = "\n".join(pieces[at : at + 40]) + "</script><script>alert(1)</script><!--"
        title = (pieces[at] + '"><script>alert(1)</script>')[-120:]
        Decision.objects.update(reason=reason)
        TeamSession.objects.update(name=title, version=at)
        Article.objects.update(title=title)
        forget_parts()
        for url, before in zip(urls, calm, strict=True):
            assert elements(get(url).content.decode()) == before
        data = linked_data(get(urls[1]).content.decode())
        assert data["headline"] == title
        assert len(data["comment"]) == len(accepted)
        assert all(reason in one["text"] for one in data["comment"])
