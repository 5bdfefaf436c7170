"""Streams in team sessions: who hears of what in which phase."""

from __future__ import annotations

import re

from annotations.discussion.actions import add_reply
from annotations.models import Annotation, Member, TeamSession
from annotations.teams.actions import set_phase, trash_session
from annotations.teams.people.actions import leave, remove_member, set_role
from opslens.models import Channel, Event
from tests.annotations.live.stream import page_of
from tests.support.emptying import guards_lifted
from tests.support.teams import mark_in, move_on, start_session

BOATS = "The levy was never about boats."


def test_a_blind_stream_is_the_same_whether_or_not_the_other_marks(
    follow, session, article, annotator, second_annotator
):
    """Byte for byte, with one's own marks and with cursors; only greetings of another time may differ."""

    def scene(others: int) -> bytes:
        stream = follow(second_annotator, session, greeted=False)
        stream.expect("hello")
        for nth in range(others):
            mark_in(session, annotator, article, BOATS, "opinion", nth=nth)
        stream.quiet(0.2)
        own = mark_in(session, second_annotator, article, "cranes cost money", "claim")
        for nth in range(others):
            mark_in(session, annotator, article, BOATS, "claim", nth=nth)
        stream.expect("mark")
        stream.quiet(0.2)
        stream.close()
        # The same mark in both scenes, and the same events before it.
        body = re.sub(rb"event: people\ndata: .*\n\n", b"", stream.body.replace(own.uid.encode(), b"(its own)"))
        channel = session.marks_channel(article.pk, second_annotator.pk)
        _forget(second_annotator, channel)
        return body

    alone = scene(others=0)
    assert alone.count(b"event: mark") == 1
    assert scene(others=2) == alone


def _forget(person, channel: str) -> None:
    """Put the database back, for the same once more."""
    with guards_lifted():
        Event.objects.filter(channel__name=channel).delete()
        Channel.objects.filter(name=channel).delete()
    marks = Annotation.objects.filter(author=person)
    for mark in marks:
        mark.taggings.all().delete()
        mark.anchors.all().delete()
        mark.delete()


def test_those_who_oversee_hear_of_every_mark(follow, session, article, owner, annotator, second_annotator, reviewer):
    streams = [follow(owner, session), follow(reviewer, session)]
    other = follow(second_annotator, session)
    made = mark_in(session, annotator, article, BOATS, "claim")
    for stream in streams:
        (message,) = stream.expect("mark")
        assert (message.data["verb"], message.data["uid"], message.data["own"]) == ("made", made.uid, False)
    assert other.quiet()


def test_those_who_oversee_miss_nothing_of_those_who_begin_later(
    follow, session, article, reviewer, annotator, second_annotator
):
    mark_in(session, annotator, article, BOATS, "claim")
    stream = follow(reviewer, session)
    stream.close()
    first = mark_in(session, second_annotator, article, BOATS, "opinion")  # on a channel that is new
    second = mark_in(session, annotator, article, "cranes cost money", "claim")
    back = follow(reviewer, session, last_id=stream.last_id, greeted=False)
    assert {m.data["uid"] for m in back.expect("mark", "mark", "hello")[:2]} == {first.uid, second.uid}


def test_marks_of_a_session_are_not_told_outside_nor_the_reverse(follow, session, article, owner, annotator, mark):
    outside, inside = follow(owner), follow(owner, session)
    mark_in(session, annotator, article, BOATS, "claim")
    inside.expect("mark")
    assert outside.quiet()
    mark(annotator, BOATS)
    outside.expect("mark")
    assert inside.quiet()


def test_the_reveal_ends_a_blind_stream_with_word_of_it(follow, session, article, owner, annotator, second_annotator):
    made = mark_in(session, annotator, article, BOATS, "claim")
    blind, seeing = follow(second_annotator, session), follow(owner, session)
    move_on(owner, session, TeamSession.REVEALED)
    phase, end = blind.expect("phase", "end")
    assert (phase.data, end.data) == ({"phase": "revealed"}, {"why": "moved"})
    assert blind.ended()
    assert seeing.expect("phase")[0].data == {"phase": "revealed"}
    # The old cursor is none any more: what it does not speak of is seen now.
    back = follow(second_annotator, session, last_id=blind.last_id, greeted=False)
    back.expect("reload", "hello")
    again = mark_in(session, annotator, article, "cranes cost money", "opinion")
    assert [m.data["uid"] for m in back.expect("mark")] == [again.uid]
    assert made.uid != again.uid


def test_going_back_to_blind_ends_streams_before_another_mark(
    follow, session, article, owner, annotator, second_annotator
):
    move_on(owner, session, TeamSession.REVEALED)
    stream = follow(second_annotator, session)
    set_phase(owner, session.pk, TeamSession.ANNOTATING, seen=TeamSession.REVEALED, reason="One more round.")
    mark_in(session, annotator, article, BOATS, "claim")
    assert [m.name for m in stream.expect("phase", "end")] == ["phase", "end"]
    assert stream.ended()
    assert b"event: mark" not in stream.body


def test_a_page_of_an_earlier_phase_is_told_so(follow, session, owner, annotator, client_of, article):
    move_on(owner, session, TeamSession.REVEALED)
    asked = client_of(annotator).get(page_of(article, session) + "live/?once=yes&phase=annotating").content
    assert b'event: phase\ndata: {"phase":"revealed"}' in asked
    now = client_of(annotator).get(page_of(article, session) + "live/?once=yes&phase=revealed").content
    assert b"event: phase" not in now


def test_who_is_removed_hears_no_more_and_finds_nothing(follow, session, article, owner, annotator, second_annotator):
    stream, other = follow(annotator, session), follow(second_annotator, session)
    remove_member(owner, session.pk, annotator.pk)
    assert stream.expect("end")[0].data == {"why": "gone"}
    assert stream.ended()
    assert follow(annotator, session, greeted=False).status == 404
    assert other.quiet()
    leave(second_annotator, session.pk)
    other.expect("end")


def test_a_new_role_ends_the_stream(follow, session, owner, annotator):
    stream = follow(annotator, session)
    set_role(owner, session.pk, annotator.pk, role=Member.REVIEWER)
    assert stream.expect("end")[0].data == {"why": "moved"}


def test_a_session_in_the_trash_ends_its_streams(follow, session, owner, annotator):
    stream = follow(annotator, session)
    trash_session(owner, session.pk)
    assert stream.expect("end")[0].data == {"why": "gone"}


def test_streams_of_a_session_are_its_members(follow, session, outsider):
    assert follow(outsider, session, greeted=False).status == 404
    assert follow(None, session, greeted=False).status == 404


def test_replies_are_told_with_their_mark(follow, owner, annotator, second_annotator, article):
    session = start_session(owner, article, annotators=[annotator, second_annotator], phase=TeamSession.REVEALED)
    made = mark_in(session, annotator, article, BOATS, "claim")
    stream = follow(annotator, session)
    add_reply(second_annotator, session.pk, made.uid, "Says who?", key="reply-key-1")
    (message,) = stream.expect("reply")
    block = made.anchors.get().first_block
    assert message.data == {"uid": made.uid, "now": [block, block], "own": False}
