"""Streams: what comes over the wire, when, and to whom."""

from __future__ import annotations

import asyncio
import time
import uuid
from urllib.request import urlopen

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

from annotations.editing.actions import (
    choose_passage,
    delete_mark,
    edit_mark,
    mark_passage,
    restore_mark,
    state_of,
)
from annotations.editing.undoing import undo_last
from annotations.live import hub as hub_module
from annotations.live.hub import hub
from annotations.models import Annotation, Presence
from annotations.review.actions import accept, retag
from annotations.review.cases import Seen
from opslens.activity.record import Happened, record, record_many
from opslens.articles.actions import details_digest, details_of, edit_details, trash_article
from opslens.models import Article, Channel, User
from tests.annotations.live.stream import Stream, cookie_of, page_of
from tests.support.emptying import guards_lifted

WORDS = "The levy was never about boats."


def told(messages):
    return [(m.data["verb"], m.data["uid"], m.data["own"]) for m in messages]


def test_what_another_reader_does_arrives_in_order(follow, annotator, second_annotator, mark, tag):
    stream = follow(second_annotator)
    made = mark(annotator, WORDS, "opinion", nth=1).annotation
    edit_mark(annotator, made.uid, 1, tags=[tag("claim").pk])
    delete_mark(annotator, made.uid)
    restore_mark(annotator, made.uid)
    undo_last(annotator, made.article)
    messages = stream.expect("mark", "mark", "mark", "mark", "mark")
    assert told(messages) == [(verb, made.uid, False) for verb in ("made", "changed", "gone", "made", "gone")]
    block = [made.anchors.get().first_block] * 2
    places = [(None, block), (block, block), (block, None), (None, block), (block, None)]
    assert [(m.data["was"], m.data["now"]) for m in messages] == places
    assert set(messages[0].data) == {"verb", "uid", "was", "now", "own"}
    assert len({m.id for m in messages}) == 5


def test_ones_own_changes_arrive_from_elsewhere(follow, annotator, mark):
    stream = follow(annotator)
    made = mark(annotator, WORDS, visibility="private").annotation
    assert told(stream.expect("mark")) == [("made", made.uid, True)]


def test_visitors_follow_public_articles(follow, annotator, mark):
    stream = follow()
    made = mark(annotator, WORDS).annotation
    assert told(stream.expect("mark")) == [("made", made.uid, False)]


def test_private_marks_of_others_make_nothing(follow, annotator, second_annotator, mark):
    streams = [follow(second_annotator), follow()]
    before = [stream.body for stream in streams]
    made = mark(annotator, WORDS, visibility="private").annotation
    edit_mark(annotator, made.uid, 1, note="Hm.")
    delete_mark(annotator, made.uid)
    restore_mark(annotator, made.uid)
    assert all(stream.quiet() for stream in streams)
    assert [stream.body for stream in streams] == before


def test_a_mark_that_turns_private_goes_and_one_that_turns_public_comes(follow, annotator, second_annotator, mark):
    made = mark(annotator, WORDS).annotation
    stream = follow(second_annotator)
    edit_mark(annotator, made.uid, 1, visibility="private")
    edit_mark(annotator, made.uid, 2, note="Nobody else’s business.")
    edit_mark(annotator, made.uid, 3, visibility="public")
    assert told(stream.expect("mark", "mark")) == [("gone", made.uid, False), ("made", made.uid, False)]


def test_a_filtered_page_hears_of_its_reader_alone(follow, annotator, second_annotator, mark):
    stream = follow(annotator, query="whose=second")
    mark(annotator, WORDS)
    made = mark(second_annotator, WORDS, nth=1).annotation
    assert told(stream.expect("mark")) == [("made", made.uid, False)]


def test_a_verdict_is_told_to_its_author_and_new_tags_to_all(follow, annotator, second_annotator, person, mark, tag):
    reviewer = person("judge", is_superuser=True)
    made = mark(annotator, WORDS, "opinion", nth=1).annotation
    author, other = follow(annotator), follow(second_annotator)
    verdict = accept(reviewer, Seen(made.uid, 1)).case
    assert told(author.expect("mark")) == [("changed", made.uid, True)]
    retag(reviewer, verdict.seen, [tag("claim").pk])
    assert told(author.expect("mark")) == [("changed", made.uid, True)]
    # The first thing that the other reader hears of is the tag.
    (heard,) = other.expect("mark")
    assert (heard.data["verb"], int(heard.data["own"])) == ("changed", 0)
    other.quiet(0.2)


def test_headers_of_a_stream(follow, annotator):
    stream = follow(annotator)
    wanted = {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "transfer-encoding": "chunked",
    }
    assert stream.status == 200
    assert {name: stream.headers[name] for name in wanted} == wanted
    assert "content-security-policy" in stream.headers
    assert "content-encoding" not in stream.headers


def test_who_comes_back_is_told_what_was_missed_and_nothing_twice(follow, annotator, second_annotator, mark):
    stream = follow(second_annotator)
    first = mark(annotator, WORDS).annotation
    stream.expect("mark")
    stream.close()
    mark(annotator, WORDS, nth=1, visibility="private")
    missed = [mark(annotator, words).annotation.uid for words in ("cranes cost money", "That is a guess")]
    back = follow(second_annotator, last_id=stream.last_id, greeted=False)
    assert [m.data["uid"] for m in back.expect("mark", "mark", "hello")[:2]] == missed
    assert back.quiet()
    later = mark(annotator, "Nobody asked", "claim").annotation
    assert told(back.expect("mark")) == [("made", later.uid, False)]
    assert first.uid not in missed


def test_nothing_falls_between_the_page_and_its_stream(follow, client_of, annotator, second_annotator, mark, article):
    page = client_of(second_annotator).get(page_of(article)).content.decode()
    cursor = page.partition('data-live="')[2].partition('"')[0]
    made = mark(annotator, WORDS).annotation
    stream = follow(second_annotator, after=cursor, greeted=False)
    assert told(stream.expect("mark", "hello")[:1]) == [("made", made.uid, False)]


def test_after_too_much_the_page_loads_anew(follow, annotator, second_annotator, mark):
    stream = follow(second_annotator)
    stream.close()
    made = mark(annotator, WORDS)
    state = state_of(made.annotation, made.anchor, [])
    with transaction.atomic():
        edits = [Happened(made.annotation.subject, state, state | {"note": f"Thought {n}"}) for n in range(201)]
        record_many(made.annotation.channel, "mark-edited", edits, actor=annotator)
    back = follow(second_annotator, last_id=stream.last_id, greeted=False)
    back.expect("reload", "hello")
    assert back.quiet()
    again = follow(second_annotator, last_id=back.last_id, greeted=False)
    again.expect("hello")


@pytest.mark.parametrize("word", ["garbage", "A" * 32, "%00", "%F0%9F%98%80", "x" * 7_000, "-1", "../../etc"])
def test_a_cursor_that_is_none_means_loading_anew(follow, annotator, mark, word):
    mark(annotator, WORDS)
    follow(annotator, after=word, greeted=False).expect("reload", "hello")


def test_cursors_of_others_and_of_other_pages_are_none(follow, annotator, second_annotator, session, revise):
    theirs = follow(second_annotator).last_id
    elsewhere = follow(annotator, session).last_id
    revise("on Monday", "on Tuesday")
    of_another_revision = follow(annotator, number=2).last_id
    for word in (theirs, elsewhere, of_another_revision):
        follow(annotator, last_id=word, greeted=False).expect("reload", "hello")


def test_a_cursor_from_the_future_means_loading_anew(follow, annotator, second_annotator, mark, article):
    mark(annotator, WORDS)
    stream = follow(second_annotator)
    stream.close()
    with guards_lifted():  # a database that was put back
        Channel.objects.filter(name=article.channel).update(last_number=0)
    follow(second_annotator, last_id=stream.last_id, greeted=False).expect("reload", "hello")


def test_what_is_rolled_back_is_never_told(follow, annotator, second_annotator, mark):
    stream = follow(second_annotator)
    with transaction.atomic():
        mark(annotator, WORDS)
        transaction.set_rollback(True)
    assert stream.quiet()
    made = mark(annotator, WORDS).annotation
    assert told(stream.expect("mark")) == [("made", made.uid, False)]


def test_a_burst_is_told_whole_and_leaves_the_counts_right(
    follow, client_of, annotator, second_annotator, mark, article
):
    stream = follow(second_annotator)
    uids = [mark(annotator, WORDS).annotation.uid for _ in range(40)]
    with transaction.atomic():
        uids += [mark(annotator, WORDS).annotation.uid for _ in range(160)]
    heard = []
    while len(heard) < 200 and (message := stream.next()) is not None:
        if message.name == "mark":
            heard.append(message.data["uid"])
        elif message.name == "reload":
            pytest.fail("200 marks are not too many for a reader who takes them as they come")
    assert heard == uids
    counts = client_of(second_annotator).get(page_of(article) + "live/fresh/?counts=yes").content.decode()
    assert "200 marks" in counts


def test_a_mark_on_an_older_text_is_told_by_its_place_on_the_page(
    follow, annotator, second_annotator, article, mark, revise
):
    first = article.current
    old = follow(second_annotator)
    revise("The council passed", "A new beginning.\n\nThe council passed")
    (message,) = old.expect("revised")
    assert message.data == {"number": 2}
    new = follow(second_annotator, number=2)
    article.refresh_from_db()
    assert article.current.number == 2
    made = mark(annotator, "The last paragraph closes").annotation
    block = made.anchors.get(revision_id=article.current_id).first_block
    assert new.expect("mark")[0].data["now"] == [block, block]
    assert old.quiet(), "it does not stand in the old text"
    at = first.text.index("The last paragraph closes")
    passage = choose_passage(first.pk, at, at + 25, "The last paragraph closes")
    there = mark_passage(annotator, first, passage, key=str(uuid.uuid4()), visibility="public").annotation
    assert new.expect("mark")[0].data["now"] == [block, block]
    assert old.expect("mark")[0].data == {
        "verb": "made",
        "uid": there.uid,
        "was": None,
        "now": [passage.first_block, passage.first_block],
        "own": False,
    }
    assert passage.first_block != block
    edit_mark(annotator, there.uid, 1, passage=choose_passage(first.pk, 0, 5, first.text[:5]))
    moved = new.expect("mark")[0].data
    assert (moved["verb"], moved["was"]) == ("changed", [block, block])
    assert moved["now"] != moved["was"]


# Rights


def test_an_article_that_is_closed_ends_its_streams(follow, owner, annotator, article):
    visitor, reader = follow(), follow(annotator)
    Article.objects.filter(pk=article.pk).update(imported_by=owner)
    article.refresh_from_db()
    edit_details(owner, article, details=details_of(article), is_public=False, seen=details_digest(article))
    assert visitor.expect("end")[0].data == {"why": "gone"}
    assert visitor.ended()
    assert reader.quiet()
    assert not reader.is_over
    article.refresh_from_db()
    trash_article(owner, article)
    assert reader.expect("end")[0].data == {"why": "gone"}
    assert reader.ended()


@pytest.fixture
def quick_looks(monkeypatch):
    """Looks at who has signed out, and who reads where, several times a second."""
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(hub_module, "SOON_SECONDS", 0.02)
    monkeypatch.setattr(hub_module.Attendance.write, "__kwdefaults__", {"grace": 0.0})


def test_signing_out_ends_the_streams_of_that_browser(quick_looks, follow, live_server, annotator, article):
    cookie = cookie_of(annotator)
    here = Stream(live_server.url, page_of(article), cookie=cookie)
    here.expect("hello")
    elsewhere = follow(annotator)
    client = Client()
    client.cookies["opslens_session"] = cookie.partition("=")[2]
    client.session.flush()
    assert here.expect("end")[0].data == {"why": "gone"}
    assert here.ended()
    assert not elsewhere.is_over
    User.objects.filter(pk=annotator.pk).update(is_active=False)
    elsewhere.expect("end")
    assert elsewhere.ended()


def test_a_new_password_ends_streams(quick_looks, follow, annotator):
    stream = follow(annotator)
    annotator.set_password("another-long-pass-phrase")
    annotator.save()
    stream.expect("end")


def test_a_stream_ends_after_a_while_and_goes_on_where_it_was(
    quick_looks, monkeypatch, follow, annotator, second_annotator, mark
):
    monkeypatch.setattr(hub_module, "LIFE_SECONDS", (0.3, 0.3))
    stream = follow(second_annotator)
    mark(annotator, WORDS, visibility="private")
    assert stream.ended()
    made = mark(annotator, WORDS).annotation
    back = follow(second_annotator, last_id=stream.last_id, greeted=False)
    assert told(back.expect("mark", "hello")[:1]) == [("made", made.uid, False)]


# Who reads


def test_readers_are_counted_by_person(quick_looks, follow, annotator, second_annotator):
    one, again, visitor = follow(annotator), follow(annotator), follow()
    assert one.next(0.4) is None
    other = follow(second_annotator)
    assert [stream.next().data for stream in (one, again, visitor, other)] == [{"reading": 2}] * 4
    assert sorted(Presence.objects.values_list("person__username", flat=True)) == ["annotator", "second"]
    other.close()
    assert [stream.next().data for stream in (one, again, visitor)] == [{"reading": 0}] * 3


# Load


def test_streams_hold_no_thread(follow, client_of, annotator, live_server, article):
    from opslens.asgi import application

    assert application.threads == 1
    for _ in range(10):
        follow(annotator)
    began = time.monotonic()
    assert urlopen(live_server + page_of(article), timeout=10).status == 200
    assert time.monotonic() - began < 5


def test_one_person_has_so_many_streams(monkeypatch, follow, annotator, second_annotator, live_server, article):
    monkeypatch.setattr(hub_module, "MOST_PER_PERSON", 2)
    monkeypatch.setattr(hub_module, "MOST_PER_ADDRESS", 1)
    first, _, _ = follow(annotator), follow(annotator), follow()
    refused = [follow(annotator, greeted=False), follow(greeted=False)]
    assert [(stream.status, stream.headers["retry-after"]) for stream in refused] == [(429, "30")] * 2
    assert follow(second_annotator).status == 200
    first.close()
    _until(lambda: hub.has_room(f"person:{annotator.pk}"))
    assert follow(annotator).status == 200


def test_a_process_has_so_many_streams(monkeypatch, follow, annotator, second_annotator):
    monkeypatch.setattr(hub_module, "MOST_STREAMS", 1)
    follow(annotator)
    assert follow(second_annotator, greeted=False).status == 429
    # Two at the same moment: the event loop, where they are counted, has the last word.
    monkeypatch.setattr(hub, "has_room", lambda counted_as: True)
    late = follow(second_annotator, greeted=False)
    assert (late.status, late.headers["retry-after"]) == (503, "30")


def test_a_page_that_is_left_is_forgotten_at_once(follow, annotator):
    stream = follow(annotator)
    assert hub._counts.total() == 1
    stream.close()
    _until(lambda: hub._counts.total() == 0)


def test_nobody_is_asked_while_nobody_follows(follow, live_server, annotator):
    follow(annotator).close()
    live_server.wait_until_idle()
    assert hub._is_resting.is_set()
    assert Presence.objects.count() == 0


def test_a_slow_client_is_let_go_without_hurting_others(follow, annotator, second_annotator, mark, article):
    """One that takes the answer's head and then nothing any more."""
    from opslens.asgi import application

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"{page_of(article)}live/",
        "raw_path": f"{page_of(article)}live/".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie_of(second_annotator).encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    quick, heard = follow(second_annotator), []

    async def slow() -> tuple[int, bool]:
        opened, stuck, begun = asyncio.Event(), asyncio.Event(), []

        async def receive() -> dict:
            if begun:
                await asyncio.Event().wait()
            begun.append(True)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict) -> None:
            if message["type"] == "http.response.start":
                opened.set()
                return
            stuck.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(application(scope, receive, send))
        await asyncio.wait_for(stuck.wait(), 5)
        counted = hub._counts[f"person:{second_annotator.pk}"]

        def write() -> None:
            made = mark(annotator, WORDS)
            state = state_of(made.annotation, made.anchor, [])
            for batch in range(3):  # each fits into what may wait, all of them do not
                edits = [Happened(made.annotation.subject, state, state | {"note": f"{batch}.{n}"}) for n in range(100)]
                with transaction.atomic():
                    record_many(article.channel, "mark-edited", edits, actor=annotator)
                heard.extend(quick.expect(*["mark"] * (100 if batch else 101)))
            connection.close()

        await asyncio.get_running_loop().run_in_executor(None, write)
        await asyncio.wait_for(task, 5)
        return counted, hub._counts[f"person:{second_annotator.pk}"] == 1

    assert asyncio.run(slow()) == (2, True)
    uid = Annotation.objects.get().uid
    assert told(heard) == [("made", uid, False), *[("changed", uid, False)] * 300]


def test_under_another_server_a_stream_is_a_short_answer(
    client_of, annotator, second_annotator, mark, article, transactional_db
):
    client = client_of(second_annotator)
    greeting = b"".join(client.get(page_of(article) + "live/").streaming_content).decode()
    assert greeting.startswith("retry: 60000\n\nid: ")
    cursor = greeting.partition("id: ")[2].partition("\n")[0]
    made = mark(annotator, WORDS).annotation
    asked = client.get(page_of(article) + "live/", {"after": cursor, "once": "yes"})
    assert (asked.status_code, asked["Content-Type"], asked["Cache-Control"]) == (200, "text/event-stream", "no-store")
    assert f'"uid":"{made.uid}"' in asked.content.decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/read/nothing/1/live/", 404),
        ("/read/{slug}/9/live/", 404),
        ("/read/{slug}/99999999999999999999/live/", 404),
        ("/team/nosuch/read/{slug}/1/live/", 404),
        ("/read/{slug}/1/live/fresh/?blocks=x", 422),
        ("/read/{slug}/1/live/fresh/?blocks=1-99999999", 422),
        ("/read/{slug}/1/live/fresh/?blocks=5-1", 200),
        ("/read/{slug}/1/live/fresh/?blocks=400&marks=%00,%F0%9F%98%80", 200),
        ("/read/{slug}/1/live/?once=yes&whose=%00nobody", 200),
    ],
)
def test_odd_addresses(client_of, annotator, article, path, status):
    assert client_of(annotator).get(path.format(slug=article.slug)).status_code == status
    assert client_of(annotator).post(path.format(slug=article.slug)).status_code == 405


# What is fresh


@pytest.mark.parametrize("number", [1, 3])
def test_fresh_fragments_cost_the_same_for_one_mark_and_for_three(
    client_of, annotator, second_annotator, mark, article, django_assert_num_queries, number
):
    places = [mark(annotator, WORDS) for _ in range(number)]
    uids = ",".join(place.annotation.uid for place in places)
    client = client_of(second_annotator)
    url = page_of(article) + f"live/fresh/?blocks={places[0].anchor.first_block}&marks={uids},abcdefghij"
    client.get(url)
    # Session, account, revision, marks of one's own (2), numbers.
    with django_assert_num_queries(6):
        kept = client.get(url).content.decode()
    cache.clear()
    # Further codebooks, tags (which are not kept inside of a test's transaction), marks; and one for each card.
    with django_assert_num_queries(9 + number):
        html = client.get(url).content.decode()
    assert html == kept
    assert [f'<li id="card-{place.annotation.uid}" class="card"' in html for place in places] == [True] * number
    assert '<li id="card-abcdefghij" hx-swap-oob="delete"></li>' in html
    assert html.count('hx-swap-oob="true"') == 1


def test_fresh_fragments_are_ones_own_and_of_the_moment(
    client_of, annotator, second_annotator, outsider, mark, article
):
    """Those who see the same share them; who has marks of their own there does not, and nobody gets old ones."""
    made = mark(annotator, WORDS).annotation
    url = page_of(article) + f"live/fresh/?blocks=0-9&marks={made.uid}"
    author, one, other = client_of(annotator), client_of(second_annotator), client_of(outsider)
    assert one.get(url).content == other.get(url).content
    assert "Edit this mark" in author.get(url).content.decode()
    assert "Edit this mark" not in other.get(url).content.decode()
    assert "Annotate" not in Client().get(url).content.decode()
    edit_mark(annotator, made.uid, 1, note="A second thought")
    assert all("A second thought" in client.get(url).content.decode() for client in (author, one, other, Client()))
    edit_mark(annotator, made.uid, 2, visibility="private")
    assert "<mark" in author.get(url).content.decode()
    assert all("<mark" not in client.get(url).content.decode() for client in (one, other, Client()))


def test_fresh_fragments_never_show_what_is_not_open(client_of, annotator, second_annotator, mark, article):
    made = mark(annotator, WORDS, note="A secret thought", visibility="private")
    url = page_of(article) + f"live/fresh/?blocks=0-9&all=yes&marks={made.annotation.uid}&counts=yes"
    for client in (client_of(second_annotator), Client()):
        html = client.get(url).content.decode()
        assert f'<li id="card-{made.annotation.uid}" hx-swap-oob="delete"></li>' in html
        assert "<mark" not in html
        assert "A secret thought" not in html
        assert "no marks" in html
    own = client_of(annotator).get(url).content.decode()
    assert "A secret thought" in own
    assert "1 mark" in own


def test_events_of_no_mark_are_passed_over(follow, annotator, article):
    stream = follow(annotator)
    with transaction.atomic():
        record(article.channel, "bench-filled", actor=None, subject=f"article:{article.pk}", after={"marks": 1})
        record("site", "person-added", actor=None, subject="user:1")
    assert stream.quiet()


def _until(condition, seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
