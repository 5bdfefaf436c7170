"""Replies under marks: who may read and write them, and what becomes of them."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.test import Client

from annotations.discussion.actions import add_reply, delete_reply, edit_reply, restore_reply
from annotations.editing.actions import delete_mark, restore_mark
from annotations.models import Annotation, Member, Reply, TeamSession
from annotations.teams.actions import set_phase
from annotations.teams.people.actions import add_member, remove_member
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing
from tests.annotations.discussion.conftest import CLAIM, FISHERMEN, told, words_of
from tests.support.teams import mark_in, move_on, start_session

HTMX = {"HTTP_HX_REQUEST": "true"}
ANNOTATING, REVEALED, ARCHIVED = TeamSession.ANNOTATING, TeamSession.REVEALED, TeamSession.ARCHIVED


@pytest.fixture
def marked(session, article, owner, annotator) -> Annotation:
    """The annotator's mark, revealed."""
    mark = mark_in(session, annotator, article, CLAIM, "claim")
    move_on(owner, session, REVEALED)
    return Annotation.objects.get(pk=mark.pk)


def say(viewer, mark: Annotation, text: str, key: str = "") -> Reply:
    return add_reply(viewer, mark.session_id, mark.uid, text, key=key or str(uuid.uuid4())).reply


def thread_url(mark: Annotation) -> str:
    return f"/team/{mark.session.uid}/marks/{mark.uid}/replies/"


def reply_url(reply: Reply, verb: str) -> str:
    return f"/team/{reply.annotation.session.uid}/replies/{reply.pk}/{verb}/"


def events(mark: Annotation) -> list[tuple]:
    found = Event.objects.filter(subject=mark.subject, verb__startswith="reply-").order_by("pk")
    return [(event.verb, event.actor.username, event.before, event.after) for event in found]


# Who may read and write

ROLES = {
    "owner": (200, True),
    "reviewer": (200, True),
    "annotator": (200, True),
    "second": (200, True),
    "observer": (200, False),
    "outsider": (404, False),
}


@pytest.mark.parametrize(("role", "status", "writes"), [(role, *right) for role, right in ROLES.items()])
@pytest.mark.parametrize(
    ("phase", "open_to_all"),
    [(REVEALED, True), (TeamSession.ADJUDICATING, True), (TeamSession.PUBLISHED, True), (ARCHIVED, False)],
)
def test_members_read_and_write_but_observers_only_read(
    client_of, session, marked, owner, outsider, person, role, status, writes, phase, open_to_all
):
    person("observer")
    add_member(owner, session.pk, username="observer", role=Member.OBSERVER)
    move_on(owner, session, phase)
    from opslens.models import User

    client = client_of(User.objects.get(username=role))
    answer = client.get(thread_url(marked))
    assert answer.status_code == status
    assert ("<textarea" in answer.content.decode()) == (writes and open_to_all)
    sent = client.post(thread_url(marked), {"text": "I see.", "key": str(uuid.uuid4())})
    refused = 404 if status == 404 else 403 if open_to_all else 409
    assert sent.status_code == (302 if writes and open_to_all else refused)
    assert Reply.objects.count() == (1 if writes and open_to_all else 0)


def test_visitors_are_asked_to_sign_in(marked):
    assert Client().get(thread_url(marked)).url.startswith("/account/sign-in/")
    assert Client().post(thread_url(marked), {"text": "Hm.", "key": "12345678"}).url.startswith("/account/sign-in/")
    assert Reply.objects.count() == 0


def test_a_published_mark_is_read_by_all_and_talked_about_by_members(client_of, session, marked, owner, outsider):
    say(owner, marked, "Members only.")
    move_on(owner, session, TeamSession.PUBLISHED)
    assert client_of(outsider).get(f"/marks/{marked.uid}/card/").status_code == 200
    assert "repl" not in client_of(outsider).get(f"/marks/{marked.uid}/card/").content.decode()
    assert "1 reply" in client_of(owner).get(f"/marks/{marked.uid}/card/").content.decode()
    assert client_of(outsider).get(thread_url(marked)).status_code == 404


def test_a_blind_session_answers_the_same_whether_or_not_there_is_a_mark(
    client_of, session, article, annotator, second_annotator, owner
):
    own = mark_in(session, second_annotator, article, CLAIM, "claim")
    hidden = mark_in(session, annotator, article, FISHERMEN, "claim")
    base = f"/team/{session.uid}"
    key = str(uuid.uuid4())
    for person in (second_annotator, owner):
        client = client_of(person)
        answers = [client.get(f"{base}/marks/{uid}/replies/") for uid in (own.uid, hidden.uid, "nosuchmark")]
        assert {answer.status_code for answer in answers} == {403}
        assert (
            len(
                {
                    told(answer).replace(own.uid.encode(), b"").replace(hidden.uid.encode(), b"")
                    for answer in answers[:2]
                }
            )
            == 1
        )
        sent = [
            client.post(f"{base}/marks/{uid}/replies/", {"text": "Psst.", "key": key}, **HTMX)
            for uid in (own.uid, hidden.uid, "nosuchmark")
        ]
        assert {(answer.status_code, told(answer)) for answer in sent} == {(403, told(sent[0]))}
        assert client.post(f"{base}/replies/1/delete/", **HTMX).status_code == 403
    assert Reply.objects.count() == 0
    with pytest.raises(Denied):
        add_reply(owner, session.pk, hidden.uid, "Psst.", key=key)


def test_what_was_said_is_hidden_again_with_the_marks(client_of, session, marked, owner, annotator):
    reply = say(owner, marked, "Why?")
    set_phase(owner, session.pk, ANNOTATING, seen=REVEALED, reason="Once more.")
    client = client_of(annotator)
    assert client.get(thread_url(marked)).status_code == 403
    assert client_of(owner).get(reply_url(reply, "edit")).status_code == 403
    page = client.get(f"/team/{session.uid}/read/{marked.article.slug}/1/").content.decode()
    assert "1 reply" not in page
    assert "/replies/" not in page


def test_who_has_left_neither_reads_nor_changes(client_of, session, marked, owner, second_annotator):
    reply = say(second_annotator, marked, "Why?")
    remove_member(owner, session.pk, second_annotator.pk)
    client = client_of(second_annotator)
    assert client.get(thread_url(marked)).status_code == 404
    assert client.post(reply_url(reply, "delete")).status_code == 404
    assert "Why?" in client_of(owner).get(thread_url(marked)).content.decode()


def test_marks_of_other_sessions_personal_marks_and_deleted_ones_have_no_thread(
    client_of, session, article, marked, mark, owner, annotator
):
    other = start_session(owner, article, annotators=[annotator], name="Other")
    personal = mark(annotator, FISHERMEN, "claim").annotation
    client = client_of(owner)
    assert client.get(f"/team/{other.uid}/marks/{marked.uid}/replies/").status_code == 403  # blind
    move_on(owner, other, REVEALED)
    assert client.get(f"/team/{other.uid}/marks/{marked.uid}/replies/").status_code == 404
    assert client.get(f"/team/{session.uid}/marks/{personal.uid}/replies/").status_code == 404
    reply = say(owner, marked, "Why?")
    assert client.get(f"/team/{other.uid}/replies/{reply.pk}/edit/").status_code == 404
    delete_mark(annotator, marked.uid)
    assert client.get(thread_url(marked)).status_code == 404
    assert client.post(reply_url(reply, "delete")).status_code == 404
    restore_mark(annotator, marked.uid)
    assert "Why?" in client.get(thread_url(marked)).content.decode()


def test_only_its_author_changes_a_reply(client_of, marked, owner, annotator, second_annotator):
    reply = say(second_annotator, marked, "Why?")
    for person in (owner, annotator):
        client = client_of(person)
        assert client.get(reply_url(reply, "edit")).status_code == 403
        assert client.post(reply_url(reply, "edit"), {"version": 1, "text": "Ha."}).status_code == 403
        assert client.post(reply_url(reply, "delete")).status_code == 403
        assert client.post(reply_url(reply, "restore")).status_code == 403
    delete_reply(second_annotator, marked.session_id, reply.pk)
    assert client_of(owner).post(reply_url(reply, "restore")).status_code == 404
    reply.refresh_from_db()
    assert (reply.text, reply.version) == ("Why?", 2)


# The verbs


def test_each_verb_records_one_event_on_the_channel_of_the_mark(marked, owner):
    reply = say(owner, marked, "Why?")
    edit_reply(owner, marked.session_id, reply.pk, 1, "Why so?")
    delete_reply(owner, marked.session_id, reply.pk)
    restore_reply(owner, marked.session_id, reply.pk)
    then, now = ({"reply": reply.pk, "text": text, "deleted": False} for text in ("Why?", "Why so?"))
    gone = now | {"deleted": True}
    assert events(marked) == [
        ("reply-added", "owner", None, then),
        ("reply-edited", "owner", then, now),
        ("reply-deleted", "owner", now, gone),
        ("reply-restored", "owner", gone, now),
    ]
    assert set(Event.objects.filter(verb__startswith="reply-").values_list("channel__name", flat=True)) == {
        f"team:{marked.session_id}:a{marked.article_id}"
    }


def test_what_changes_nothing_records_nothing(marked, owner):
    key = str(uuid.uuid4())
    reply = say(owner, marked, "Why?", key)
    edit_reply(owner, marked.session_id, reply.pk, 1, " Why?\r\n")
    restore_reply(owner, marked.session_id, reply.pk)
    assert add_reply(owner, marked.session_id, marked.uid, "Why?", key=key).changed is False
    delete_reply(owner, marked.session_id, reply.pk)
    delete_reply(owner, marked.session_id, reply.pk)
    assert [event[0] for event in events(marked)] == ["reply-added", "reply-deleted"]


def test_sent_twice_is_one_reply_also_after_it_was_edited(marked, owner):
    key = str(uuid.uuid4())
    first = say(owner, marked, "Why?", key)
    edit_reply(owner, marked.session_id, first.pk, 1, "Why so?")
    again = add_reply(owner, marked.session_id, marked.uid, "Why?", key=key)
    assert (again.reply.pk, again.reply.text, again.changed) == (first.pk, "Why so?", False)
    assert Reply.objects.count() == 1


def test_a_key_that_has_made_another_reply_is_a_conflict(session, article, marked, owner, annotator):
    key = str(uuid.uuid4())
    say(owner, marked, "Why?", key)
    other = mark_in(session, annotator, article, FISHERMEN, "claim")
    with pytest.raises(Conflict):
        say(owner, marked, "Why not?", key)
    with pytest.raises(Conflict):
        say(owner, other, "Why?", key)
    assert say(annotator, marked, "Why?", key).author == annotator


@pytest.mark.parametrize("text", ["", "  \r\n ", "\x00", "x" * 5001])
def test_empty_and_endless_replies_are_refused(marked, owner, text, settings):
    settings.MAX_NOTE_LENGTH = 5000
    with pytest.raises(Invalid):
        say(owner, marked, text if len(text) < 5000 else "x" * 1_000_000)
    assert Reply.objects.count() == 0


def test_a_lost_race_says_what_stands_there(marked, owner):
    reply = say(owner, marked, "Why?")
    edit_reply(owner, marked.session_id, reply.pk, 1, "From the phone.")
    with pytest.raises(Conflict) as conflict:
        edit_reply(owner, marked.session_id, reply.pk, 1, "From the desk.")
    assert conflict.value.current.text == "From the phone."
    delete_reply(owner, marked.session_id, reply.pk)
    with pytest.raises(Missing):
        edit_reply(owner, marked.session_id, reply.pk, 3, "Too late.")


def test_undoing_marks_leaves_replies_alone(client_of, session, marked, owner, annotator):
    from annotations.editing.undoing import undo_last
    from tests.support.teams import seat_of

    say(annotator, marked, "My own mark.")
    undone = undo_last(annotator, marked.article, seat=seat_of(annotator, session))
    assert undone.annotation.pk == marked.pk
    assert Reply.objects.get().deleted_at is None


# Over HTTP


def test_a_reply_is_sent_read_and_deleted_without_scripts(client_of, marked, annotator, second_annotator):
    client = client_of(second_annotator)
    page = client.get(thread_url(marked)).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    sent = client.post(thread_url(marked), {"text": "See https://example.org/a <script>x</script>", "key": key})
    reply = Reply.objects.get()
    assert sent.url == f"{thread_url(marked)}#reply-{reply.pk}"
    client.post(thread_url(marked), {"text": "See https://example.org/a <script>x</script>", "key": key})
    html = client_of(annotator).get(thread_url(marked)).content.decode()
    assert (
        'See <a href="https://example.org/a" rel="nofollow ugc noopener">https://example.org/a</a>'
        " &lt;script&gt;x&lt;/script&gt;"
    ) in html
    assert html.count('<li id="reply-') == 1
    assert "Delete this reply" not in html
    edited = client.post(reply_url(reply, "edit"), {"version": 1, "text": "Plain."})
    assert edited.url == f"{thread_url(marked)}#reply-{reply.pk}"
    assert client.post(reply_url(reply, "delete")).status_code == 302
    assert "Plain." not in client_of(annotator).get(thread_url(marked)).content.decode()
    own = client.get(thread_url(marked)).content.decode()
    assert "You deleted a reply." in own
    assert "Plain." not in own
    client.post(reply_url(reply, "restore"))
    assert "Plain." in client_of(annotator).get(thread_url(marked)).content.decode()


def test_with_htmx_the_thread_comes_as_a_fragment(client_of, marked, second_annotator):
    client = client_of(second_annotator)
    html = client.get(thread_url(marked), **HTMX).content.decode()
    assert html.startswith(f'<section id="replies-{marked.uid}"')
    assert "<html" not in html
    key = str(uuid.uuid4())
    sent = client.post(thread_url(marked), {"text": "Why?", "key": key}, **HTMX)
    html = sent.content.decode()
    told_page = {"blocks": [], "uid": marked.uid, "verb": "replied"}
    assert json.loads(sent["HX-Trigger-After-Swap"]) == {"marks-changed": told_page}
    again = client.post(thread_url(marked), {"text": "Why?", "key": key}, **HTMX)
    assert "HX-Trigger-After-Swap" not in again
    assert html.startswith(f'<section id="replies-{marked.uid}"')
    assert "Reply sent." in html
    reply = Reply.objects.get()
    html = client.get(reply_url(reply, "edit"), **HTMX).content.decode()
    assert html.startswith(f'<li id="reply-{reply.pk}" class="reply editing"')
    html = client.post(reply_url(reply, "edit"), {"version": 1, "text": "Why so?"}, **HTMX).content.decode()
    assert html.startswith(f'<li id="reply-{reply.pk}" class="reply"')
    html = client.post(reply_url(reply, "delete"), **HTMX).content.decode()
    assert f'hx-post="{reply_url(reply, "restore")}"' in html.partition('id="notices"')[2]
    html = client.get(thread_url(marked), {"open": "no"}, **HTMX).content.decode()
    assert html.startswith(f'<p id="replies-{marked.uid}" class="replies-link">')


@pytest.mark.parametrize("how", [{}, HTMX], ids=["page", "htmx"])
def test_a_conflict_shows_both_texts_and_keeps_what_was_typed(client_of, marked, owner, how):
    reply = say(owner, marked, "Why?")
    edit_reply(owner, marked.session_id, reply.pk, 1, "From the phone.")
    answer = client_of(owner).post(reply_url(reply, "edit"), {"version": 1, "text": "From the <desk>."}, **how)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "From the phone." in html
    assert re.search(r"<textarea[^>]*>\nFrom the &lt;desk&gt;\.</textarea>", html)
    assert 'name="version" value="2"' in html
    saved = client_of(owner).post(reply_url(reply, "edit"), {"version": 2, "text": "From the desk."}, **how)
    assert saved.status_code == (200 if how else 302)


@pytest.mark.parametrize("how", [{}, HTMX], ids=["page", "htmx"])
def test_refused_input_comes_back_with_the_form(client_of, marked, owner, how):
    client = client_of(owner)
    answer = client.post(thread_url(marked), {"text": " ", "key": str(uuid.uuid4())}, **how)
    assert answer.status_code == 422
    assert "Write your reply." in answer.content.decode()
    answer = client.post(thread_url(marked), {"text": "Kept words.", "key": "short"}, **how)
    assert answer.status_code == 422
    assert "\nKept words.</textarea>" in answer.content.decode()
    key = str(uuid.uuid4())
    say(owner, marked, "First.", key)
    answer = client.post(thread_url(marked), {"text": "Second.", "key": key}, **how)
    assert answer.status_code == 409
    assert "\nSecond.</textarea>" in answer.content.decode()
    assert f'value="{key}"' not in answer.content.decode()
    reply = Reply.objects.get()
    answer = client.post(reply_url(reply, "edit"), {"version": 1, "text": ""}, **how)
    assert answer.status_code == 422


def test_odd_requests_are_refused_and_never_fail(client_of, session, marked, owner):
    client = client_of(owner)
    base = f"/team/{session.uid}"
    assert client.get(f"{base}/replies/99999999999999999999999/edit/").status_code == 404
    assert client.post(f"{base}/replies/99999999999999999999999/delete/").status_code == 404
    assert client.post(f"{base}/marks/{'x' * 300}/replies/", {"text": "x", "key": "12345678"}).status_code == 404
    assert client.get(thread_url(marked), {"after": "nonsense"}).status_code == 404
    assert client.put(thread_url(marked)).status_code == 405
    reply = say(owner, marked, "Why?")
    assert client.get(reply_url(reply, "delete")).status_code == 405
    for version in ("", "x", "-1", "9" * 40, "1\x00"):
        answer = client.post(reply_url(reply, "edit"), {"version": version, "text": "Other."})
        assert answer.status_code == 409
    body = "text=a%00b+%ED%A0%80&key=1%002345678"
    sent = client.post(thread_url(marked), body, content_type="application/x-www-form-urlencoded")
    assert sent.status_code == 302
    assert Reply.objects.order_by("pk").last().text.startswith("ab ")


def test_long_threads_show_the_newest_and_lead_to_the_earlier_ones(client_of, marked, owner, monkeypatch):
    monkeypatch.setattr("annotations.discussion.thread.REPLIES_SHOWN", 2)
    for number in range(5):
        say(owner, marked, f"Number {number}")
    client, url, seen = client_of(owner), thread_url(marked), []
    while url:
        html = client.get(url).content.decode()
        seen.append(re.findall(r"Number \d", html))
        more = re.search(r'href="([^"]+)">Earlier replies', html)
        url = more[1] if more else ""
    assert seen == [["Number 3", "Number 4"], ["Number 1", "Number 2"], ["Number 0"]]


THREAD_QUERIES = 14


@pytest.mark.parametrize("replies", [1, 3])
def test_a_thread_takes_as_many_queries_for_one_reply_as_for_three(
    client_of, marked, owner, annotator, django_assert_num_queries, replies
):
    for person in [owner, annotator, owner][:replies]:
        say(person, marked, "Hm.")
    client = client_of(owner)
    client.get("/")
    with django_assert_num_queries(THREAD_QUERIES):
        client.get(thread_url(marked))


# On the reading page


def cards_of_page(client, session, article) -> dict[str, str]:
    """What the cards on the reading page of a session say of replies, by the beginning of their words."""
    html = client.get(f"/team/{session.uid}/read/{article.slug}/1/").content.decode()
    found = {}
    for card in re.findall(r'<li id="card-.*?</li>', html, re.DOTALL):
        link = re.search(r'class="replies-link"><a class="act" href="([^"]+)".*?>([^<]+)</a>', card)
        found[re.search(r'<p class="q" dir="auto"><a[^>]*>(\w+ \w+)', card)[1]] = link[2] if link else ""
    return found


def test_cards_say_how_many_replies_there_are(client_of, session, article, marked, owner, annotator, second_annotator):
    other = mark_in(session, second_annotator, article, FISHERMEN, "claim")
    client = client_of(annotator)
    assert cards_of_page(client, session, article) == {"The council": "Reply", "Nobody asked": "Reply"}
    first = say(owner, marked, "Why?")
    say(annotator, marked, "Because.")
    say(owner, other, "Hm.")
    assert cards_of_page(client, session, article) == {"The council": "2 replies", "Nobody asked": "1 reply"}
    delete_reply(owner, session.pk, first.pk)
    assert cards_of_page(client, session, article) == {"The council": "1 reply", "Nobody asked": "1 reply"}
    move_on(owner, session, ARCHIVED)
    assert cards_of_page(client, session, article) == {"The council": "1 reply", "Nobody asked": "1 reply"}


def test_cards_in_a_blind_phase_and_personal_ones_say_nothing(client_of, session, article, mark, annotator):
    mark_in(session, annotator, article, CLAIM, "claim")
    assert cards_of_page(client_of(annotator), session, article) == {"The council": ""}
    mark(annotator, FISHERMEN, "claim")
    assert "replies" not in client_of(annotator).get(article.get_absolute_url()).content.decode()


def test_observers_get_no_link_where_nothing_is_said(client_of, session, article, marked, owner, person):
    observer = person("observer")
    add_member(owner, session.pk, username="observer", role=Member.OBSERVER)
    assert cards_of_page(client_of(observer), session, article) == {"The council": ""}
    say(owner, marked, "Why?")
    assert cards_of_page(client_of(observer), session, article) == {"The council": "1 reply"}


def test_replies_cost_the_cards_of_a_page_one_query(
    session, article, marked, owner, annotator, second_annotator, mark, django_assert_num_queries
):
    from annotations.codebook.kept import looks
    from annotations.reading.cards import cards_of
    from annotations.reading.queries import marks_for
    from annotations.reading.scope import OUTSIDE, Scope
    from tests.support.teams import seat_of

    mark_in(session, second_annotator, article, FISHERMEN, "claim")
    mark(annotator, FISHERMEN, "claim")
    say(owner, marked, "Why?")
    inside = marks_for(annotator, article.current_id, Scope(seat=seat_of(annotator, session)), looks())
    outside = marks_for(annotator, article.current_id, OUTSIDE, looks())
    with django_assert_num_queries(2):
        assert [card.replies for card in cards_of(annotator, inside)] == [1, 0]
    with django_assert_num_queries(1):
        assert [card.session for card in cards_of(annotator, outside)] == [""]


def test_replies_show_on_the_page_side_by_side(client_of, session, marked, owner, annotator, talk_url):
    say(owner, marked, "Why?")
    text = words_of(client_of(annotator).get(talk_url(session)).content.decode())
    assert "in the text 1 reply" in text
