"""What the pages of the history say, and to whom they are open."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from annotations.adjudication.actions import undo_last as undo_at_desk
from annotations.codebook.actions import edit_group, edit_tag, retire_tag
from annotations.codebook.actions import state_of as tag_state
from annotations.discussion.actions import add_reply, delete_reply
from annotations.editing.actions import delete_mark, edit_mark, restore_mark
from annotations.editing.undoing import undo_last
from annotations.history.sealed import opened, sealed
from annotations.models import Example, Member, TeamSession
from annotations.review.actions import accept
from annotations.review.cases import Seen
from annotations.surgery.actions import KEEP, merge
from annotations.teams.actions import edit_session
from annotations.teams.people.actions import add_member, remove_member, set_role
from annotations.teams.progress.actions import ask
from opslens.accounts.actions import edit_profile
from opslens.activity.record import Happened, record, record_many
from opslens.articles.actions import details_digest, details_of, edit_details
from opslens.models import Event
from tests.annotations.history.conftest import CLAIM, GUESS, OPINION, last_event, lines_in
from tests.support.teams import finish_all, mark_in, move_on, seat_of

# --- Marks ---


def test_a_mark_tells_what_was_done_to_it_in_words(lines, mark, annotator, tag, article):
    made = mark(annotator, CLAIM, "claim", note="Says who?").annotation
    edit_mark(annotator, made.uid, 1, tags=[tag("opinion").pk], note="Says who, then?")
    edit_mark(annotator, made.uid, 2, visibility="private")
    delete_mark(annotator, made.uid)
    restore_mark(annotator, made.uid)
    undo_last(annotator, article)
    assert lines(annotator, f"/marks/{made.uid}/history/") == [
        # What it is now cannot be restored.
        "Anna Annotator you took back what they had done last to a mark in the trash Before: no → After: yes",
        "Anna Annotator you took a mark out of the trash Restore this state",
        "Anna Annotator you put a mark into the trash Restore this state",
        "Anna Annotator you changed the visibility of a mark visibility "
        "Before: public → After: private, seen by its author alone Restore this state",
        "Anna Annotator you changed the tags and the note of a mark tags + with opinion − without claim "
        "note Before Says who? After Says who [added: , then ] ? Restore this state",
        "Anna Annotator you marked a passage tags + with claim note Says who? visibility public Restore this state",
    ]


def test_a_mark_is_open_to_those_who_see_it(client_of, mark, annotator, second_annotator, staff):
    made = mark(annotator, CLAIM, "claim").annotation
    path = f"/marks/{made.uid}/history/"
    assert client_of(second_annotator).get(path).status_code == 200
    assert "Restore" not in " ".join(lines_in(client_of(second_annotator).get(path)))
    assert Client().get(path).status_code == 302
    delete_mark(annotator, made.uid)
    assert client_of(second_annotator).get(path).status_code == 404
    assert client_of(annotator).get(path).status_code == 200
    assert client_of(staff).get(path).status_code == 200
    assert client_of(annotator).get("/marks/zzzzzzzzzz/history/").status_code == 404


def test_merging_of_tags_is_told_with_what_it_did_to_the_mark(lines, mark, staff, annotator, tag):
    made, other = mark(annotator, CLAIM, "claim").annotation, mark(annotator, OPINION, "opinion").annotation
    merge(staff, tag("claim").pk, tag("opinion").pk, clash=KEEP)
    path = f"/marks/{made.uid}/history/"
    assert lines(annotator, path) == [
        "Ada Admin merged a tag into another “claim”, merged into “opinion” tags + with opinion − without claim",
        "Anna Annotator you marked a passage tags + with claim visibility public Restore this state",
    ]
    assert lines(annotator, f"/marks/{other.uid}/history/") == [
        "Anna Annotator you marked a passage tags + with opinion visibility public"
    ]
    assert lines(staff, "/codebook/history/")[0].endswith("“claim”, merged into “opinion” marks 1")


def test_what_stands_is_not_offered_to_be_restored(lines, mark, staff, annotator, owner, tag):
    made = mark(annotator, CLAIM, "claim").annotation
    accept(staff, Seen(made.uid, 1))
    path = f"/marks/{made.uid}/history/"
    assert not any("Restore" in line for line in lines(annotator, path))
    edit_group(staff, tag("claim").group_id, name="Kinds", hint="", exclusive=False)
    edit_tag(staff, tag("opinion").pk, tag("opinion").version, {**tag_state(tag("opinion")), "do": "Look twice."})
    book = "/codebook/history/"
    assert lines(staff, book)[0].endswith("Look twice. ] Restore what was before")
    merge(staff, tag("claim").pk, tag("opinion").pk)
    assert lines(staff, book)[1].endswith("Look twice. ] Restore what was before Restore this state")


def _record(channel, verb, subject, before=None, after=None, actor=None):
    with transaction.atomic():
        record(channel, verb, actor=actor, subject=subject, before=before, after=after)


# --- Articles ---


def test_an_article_tells_of_its_texts_and_of_marks_one_may_see(
    lines, mark, annotator, second_annotator, article, owner, revise, staff
):
    mark(annotator, CLAIM, "claim")
    mark(annotator, OPINION, visibility="private")
    details = details_of(article)
    edit_details(
        staff,
        article,
        details=type(details)(**{**_plain(details), "kind": "Report"}),
        is_public=True,
        seen=details_digest(article),
    )
    revise("That is a guess.", "That is a bold guess.")
    path = f"/read/{article.slug}/history/"
    mine, others = lines(annotator, path), lines(second_annotator, path)
    assert others == [
        "OpsLens published a new revision of an article revision Before: 1 → After: 2",
        "Ada Admin changed the kind of an article kind Report",
        f"Anna Annotator marked a passage {CLAIM} tags + with claim visibility public",
        others[-1],
    ]
    assert others[-1].startswith("OpsLens imported an article title The harbour levy")
    assert len(mine) == 5
    assert lines(staff, path)[1].endswith("Restore what was before Restore this state")
    assert lines(second_annotator, f"{path}?what=marks") == others[2:3]
    assert lines(second_annotator, f"{path}?by={annotator.username}") == others[2:3]
    assert lines(second_annotator, f"{path}?by=nobody") == []


def _plain(details):
    return {name: getattr(details, name) for name in details.__slots__}


def test_how_many_marks_were_carried_is_not_told_to_readers(
    client_of, mark, annotator, second_annotator, revise, article
):
    mark(annotator, CLAIM, "claim", visibility="private")
    revise("That is a guess.", "That is a bold guess.")
    assert Event.objects.filter(verb="marks-carried").exists()
    page = client_of(second_annotator).get(f"/read/{article.slug}/history/").content.decode()
    assert "carried" not in page


def test_an_article_that_is_not_there_has_no_history(client_of, annotator, article):
    assert client_of(annotator).get("/read/nothing/history/").status_code == 404
    article.deleted_at = article.created_at
    article.save()
    assert client_of(annotator).get(f"/read/{article.slug}/history/").status_code == 404


# --- Sessions ---


def test_a_session_tells_members_what_concerns_them(
    lines, session, owner, annotator, second_annotator, person, article
):
    person("watching", "Wanda Watching")
    add_member(owner, session.pk, username="watching", role=Member.OBSERVER)
    edit_session(owner, session.pk, TeamSession.objects.get(pk=session.pk).version, {"guidelines": "Read twice."})
    mark_in(session, annotator, article, CLAIM, "claim")
    ask(second_annotator, seat_of(second_annotator, session), "What is a claim?")
    path = f"/team/{session.uid}/history/"
    told = lines(annotator, path)
    assert told[:3] == [
        "Anna Annotator you marked a passage The council passed the levy on Monday. in The harbour levy "
        "tags + with claim visibility in the session",
        "Anna Annotator you began to read an article The harbour levy",
        f"{owner.name} changed the guidelines of the session guidelines Read twice.",
    ]
    assert told[3].startswith(f"{owner.name} added Wanda Watching as observer")
    assert not any("question" in line for line in told)
    assert lines(owner, path)[0].endswith("asked the reviewers a question words What is a claim?")
    assert lines(owner, f"{path}?what=marks")[0].startswith("Anna Annotator marked a passage")


def test_a_session_is_not_there_for_others(client_of, session, outsider, owner, annotator):
    path = f"/team/{session.uid}/history/"
    assert client_of(outsider).get(path).status_code == 404
    remove_member(owner, session.pk, annotator.pk)
    assert client_of(annotator).get(path).status_code == 404


def test_decisions_and_phases_lead_to_where_they_are_taken_back(
    client_of, lines, session, owner, reviewer, annotator, second_annotator, article
):
    from annotations.adjudication.actions import reject
    from annotations.adjudication.queries import desk_of
    from annotations.membership import article_in
    from tests.annotations.adjudication.conftest import seen

    mark_in(session, annotator, article, CLAIM, "claim")
    mark_in(session, second_annotator, article, CLAIM, "opinion")
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, TeamSession.ADJUDICATING)
    seat = seat_of(reviewer, session)
    reject(
        reviewer,
        seat,
        article.slug,
        seen(desk_of(reviewer, seat, article_in(seat, article.slug)).items[0]),
        reason="No.",
    )
    undo_at_desk(reviewer, seat)
    path = f"/team/{session.uid}/history/"
    told = lines(annotator, path)
    assert told[0].startswith(f"{reviewer.name} took a decision back {CLAIM} in The harbour levy Because No.")
    desk, phases = " Decisions are taken back at the desk", " Phases are changed on the session’s page"
    moved = "moved the session to another phase phase Before: Discussion → After: Settling"
    assert told[2] == f"{owner.name} {moved}"
    for one, ends in ((annotator, ("", "")), (reviewer, (desk, "")), (owner, (desk, phases))):
        told = lines(one, path)
        assert (told[0].endswith(desk), told[2].endswith(moved + ends[1])) == (bool(ends[0]), True)
    answer = client_of(reviewer).get(path).content.decode()
    assert f'href="/team/{session.uid}/desk/"' in answer


def test_settling_is_told_with_passages_and_articles(
    lines, session, owner, reviewer, annotator, second_annotator, article
):
    from annotations.adjudication.actions import apply_strategy, edit_reading
    from annotations.adjudication.actions import undo_last as take_back
    from annotations.adjudication.queries import desk_of
    from annotations.adjudication.strategies import Strategy
    from annotations.membership import article_in
    from opslens.articles.documents import document_of
    from tests.annotations.adjudication.conftest import seen

    mark_in(session, annotator, article, CLAIM, "claim")
    mark_in(session, second_annotator, article, CLAIM, "claim")
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, TeamSession.ADJUDICATING)
    seat = seat_of(reviewer, session)
    apply_strategy(reviewer, seat, Strategy("unanimous"))
    here = article_in(seat, article.slug)
    at = document_of(here.revision_id).text.index(CLAIM)
    edit_reading(
        reviewer,
        seat,
        article.slug,
        seen(desk_of(reviewer, seat, here).items[0]),
        start=at,
        end=at + len("The council passed the levy"),
        exact="The council passed the levy",
        tags=[session.codebook.tags.get(name="claim").pk],
    )
    take_back(reviewer, seat)
    take_back(reviewer, seat)
    told = lines(annotator, f"/team/{session.uid}/history/?what=settling")
    assert told[3] == (
        f"{reviewer.name} had passages settled by a strategy passages settled 1 strategy full agreement "
        "articles The harbour levy"
    )
    assert (
        "passage Before The council passed the levy [removed: on Monday. ] After The council passed the levy" in told[2]
    )
    assert "decided Before: full agreement → After: decided by a person" in told[2]
    assert told[1].startswith(f"{reviewer.name} took a decision back")
    assert not any("not open to you" in line for line in told)


def test_words_of_a_deleted_reply_are_its_authors_alone(lines, session, owner, annotator, second_annotator, article):
    made = mark_in(session, annotator, article, CLAIM, "claim")
    finish_all(session, annotator, second_annotator)
    session = move_on(owner, session, TeamSession.REVEALED)
    reply = add_reply(second_annotator, session.pk, made.uid, "Nobody knows.", key="a-reply-key").reply
    path = f"/marks/{made.uid}/history/"
    assert lines(annotator, path)[0] == f"{second_annotator.name} replied to a mark words Nobody knows."
    delete_reply(second_annotator, session.pk, reply.pk)
    assert lines(annotator, path)[:2] == [
        f"{second_annotator.name} deleted a reply in the trash Before: no → After: yes",
        f"{second_annotator.name} replied to a mark",
    ]
    assert "Nobody knows." in lines(second_annotator, path)[1]


# --- Codebooks and tags ---


def test_a_codebook_and_a_tag_tell_of_their_changes(client_of, lines, owner, codebook, tag, annotator, staff):
    claim = tag("claim")
    edit_tag(staff, claim.pk, claim.version, {"name": "assertion", "key": "y"})
    retire_tag(staff, claim.pk)
    group = claim.group
    edit_group(staff, group.pk, name="Kind", hint=group.hint, exclusive=group.exclusive)
    told = lines(annotator, "/codebook/history/")
    assert told[0] == (
        f"Ada Admin changed the name of a group of tags the group “Kind” name Before: {group.name} → After: Kind"
    )
    assert told[1] == "Ada Admin retired a tag assertion"
    assert told[2] == (
        "Ada Admin changed the name and the shortcut key of a tag assertion "
        "name Before: claim → After: assertion shortcut key Before: c → After: y"
    )
    assert lines(annotator, f"/codebook/tags/{claim.pk}/history/")[0] == "Ada Admin retired a tag"
    assert "Restore what was before" in lines(staff, "/codebook/history/")[0]
    assert client_of(annotator).get("/codebook/tags/0/history/").status_code == 404
    assert client_of(annotator).get(f"/codebook/tags/{2**70}/history/").status_code == 404
    assert client_of(annotator).get(f"/codebook/{2**70}/history/").status_code == 404


def test_the_codebook_of_a_session_is_its_members_affair(client_of, lines, session, annotator, outsider, owner):
    tag = session.codebook.tags.get(name="claim")
    path = f"/codebook/{session.codebook_id}/history/"
    _record(session.codebook.channel, "tags-merged", f"tag:{tag.pk}", None, {"marks": 31})
    assert lines(annotator, path)[0] == "OpsLens merged a tag into another claim"
    assert lines(owner, path)[0] == "OpsLens merged a tag into another claim marks 31"
    assert client_of(outsider).get(path).status_code == 404
    assert client_of(outsider).get(f"/codebook/tags/{tag.pk}/history/").status_code == 404


def test_examples_and_imports_of_a_codebook_are_told(lines, annotator, staff, codebook, tag):
    claim = tag("claim")
    example = {"tag": claim.pk, "kind": "hard", "words": "A third less.", "comment": "Countable.", "deleted": False}
    row = Example.objects.create(tag=claim, kind="hard", words="A third less.", comment="Countable.")
    _record(codebook.channel, "example-added", f"example:{row.pk}", None, example)
    after = {"mode": "merge", "key": "0a0a0a0a", "added": [{"id": 1}], "changed": [], "groups": []}
    _record(codebook.channel, "codebook-imported", f"codebook:{codebook.pk}", {"tags": []}, after)
    assert lines(annotator, "/codebook/history/")[:2] == [
        "OpsLens imported the codebook tags added 1",
        "OpsLens added an example to a tag claim words A third less. comment Countable. kind hard case",
    ]
    # One that was taken away is told to those who can put it back.
    Example.objects.filter(pk=row.pk).update(deleted_at=timezone.now())
    for path in ("/codebook/history/", f"/codebook/tags/{claim.pk}/history/"):
        assert [any("A third less" in line for line in lines(one, path)) for one in (annotator, staff)] == [False, True]


# --- People ---


def test_people_have_a_history_for_themselves_and_staff(
    client_of, lines, annotator, outsider, staff, mark, owner, session
):
    edit_profile(annotator, display_name="Anna A.", about="Reads.", marks_public=True)
    made = mark(annotator, CLAIM, "claim", visibility="private").annotation
    set_role(owner, session.pk, annotator.pk, role=Member.OBSERVER)
    path = f"/people/{annotator.username}/history/"
    told = lines(annotator, path)
    assert told[0].startswith(f"{owner.name} gave Anna A. another role")
    assert told[1].startswith(f"Anna A. you marked a passage {CLAIM}")
    assert told[2] == (
        "Anna A. you changed the name, the words about themselves and the new marks are public of their profile "
        "name Before: Anna Annotator → After: Anna A. words about themselves Reads. "
        "new marks are public Before: no → After: yes Restore what was before Restore this state"
    )
    assert client_of(outsider).get(path).status_code == 404
    assert client_of(outsider).get("/people/nobody/history/").status_code == 404
    assert lines(staff, path)[1].startswith("Anna A. marked a passage")
    assert made.visibility == "private"
    remove_member(owner, session.pk, annotator.pk)
    assert not any("role" in line for line in lines(annotator, path))


def test_who_was_made_anonymous_is_not_named_any_more(lines, client_of, person, staff):
    from opslens.accounts.actions import anonymise

    leaving = person("leaver", "Lena Leaver")
    edit_profile(leaving, display_name="Lena L.", about="Lives at the quay.", marks_public=False)
    anonymise(staff, leaving)
    leaving.refresh_from_db()
    told = lines(staff, f"/people/{leaving.username}/history/")
    assert told[-1].endswith("name removed words about themselves removed")
    for path in (f"/people/{leaving.username}/history/", "/audit/", "/audit.csv"):
        answer = client_of(staff).get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert not any(word in body for word in (b"Lena", b"quay")), path
    assert "leaver" not in client_of(staff).get("/audit/").content.decode()


# --- Pages of a page ---


def test_pages_follow_one_another_without_gaps(client_of, article, mark, annotator):
    made = mark(annotator, CLAIM).annotation
    _happened(article, made, annotator, 120)
    client, path, found = client_of(annotator), f"/marks/{made.uid}/history/", []
    while True:
        answer = client.get(path)
        found += lines_in(answer)
        onward = _onward(answer)
        if not onward:
            break
        path = f"/marks/{made.uid}/history/{onward}"
    assert len(found) == 121
    assert client.get(f"/marks/{made.uid}/history/?after=nonsense").status_code == 404
    assert client.get(f"/marks/{made.uid}/history/?after={sealed(2**61)}").status_code == 404


def _onward(answer) -> str:
    import re

    found = re.search(r'href="(\?[^"]+)" rel="next"', answer.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


def _happened(article, made, actor, count: int) -> None:
    after = {"revision": article.current_id, "state": "changed", "number": 1}
    with transaction.atomic():
        record_many(
            article.channel,
            "passage-changed",
            [Happened(made.subject, {"state": "exact"}, after) for _ in range(count)],
            actor=actor,
        )


@pytest.mark.parametrize("count", [1, 3, 300])
def test_a_page_costs_the_same_for_one_row_and_for_many(
    client_of, django_assert_num_queries, article, mark, annotator, owner, session, staff, codebook, count
):
    made = mark(annotator, CLAIM, "claim").annotation
    _happened(article, made, annotator, count)
    mine, claim = mark_in(session, annotator, article, GUESS, "claim"), codebook.tags.get(name="claim")
    with transaction.atomic():
        state = last_event(mine.subject).after
        record_many(
            mine.channel, "mark-edited", [Happened(mine.subject, state, state | {"note": "x"})] * count, actor=owner
        )
        state = tag_state(claim)
        record_many(
            codebook.channel,
            "tag-edited",
            [Happened(f"tag:{claim.pk}", state, state | {"do": "x"})] * count,
            actor=annotator,
        )
    client, moderator = client_of(annotator), client_of(staff)
    for reader, path, queries in (
        (client, f"/marks/{made.uid}/history/", 14),
        (client, f"/read/{article.slug}/history/", 12),
        (client, f"/team/{session.uid}/history/?what=marks", 15),
        (client, f"/codebook/history/?by={annotator.username}", 10),
        (client, f"/codebook/tags/{claim.pk}/history/", 12),
        (client, f"/people/{annotator.username}/history/?what=codebook", 11),
        (moderator, f"/audit/?channel={article.channel}", 9),
    ):
        with django_assert_num_queries(queries, info=path):
            assert reader.get(path).status_code == 200


def test_words_in_addresses_do_not_tell_how_much_has_happened():
    words = [sealed(pk) for pk in range(1, 400)]
    assert [opened(word) for word in words] == list(range(1, 400))
    assert len(set(words)) == 399
    assert len({word[:4] for word in words}) > 350
    for wrong in ("", "x", "0" * 15, "g" * 16, "0" * 15 + "²"):
        with pytest.raises(ValueError, match=r"no word|invalid literal"):
            opened(wrong)
