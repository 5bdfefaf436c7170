"""Putting things back to a state that an event has kept."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.codebook.actions import bring_back_tag, edit_group, edit_tag, retire_tag, switch_tag
from annotations.codebook.actions import state_of as tag_state
from annotations.editing.actions import choose_passage, delete_mark, edit_mark, mark_passage, restore_mark, state_of
from annotations.editing.undoing import state_in, undo_last
from annotations.history.restoring import restorable, restore
from annotations.history.sealed import sealed
from annotations.models import Annotation, Tag, TagGroup, TeamSession
from annotations.teams.actions import edit_session
from opslens.accounts.actions import edit_profile
from opslens.articles.actions import details_digest, details_of, edit_details
from opslens.articles.documents import document_of
from opslens.models import Article, Event, User
from opslens.web.refusals import Conflict, Denied, Invalid, Missing, Refused
from tests.annotations.history.conftest import CLAIM, GUESS, last_event
from tests.support.teams import finish_all, mark_in, move_on


def now_of(annotation: Annotation) -> dict:
    annotation = Annotation.objects.get(pk=annotation.pk)
    home = annotation.anchors.get(revision_id=annotation.revision_id)
    return state_of(annotation, home, annotation.taggings.values_list("tag_id", flat=True))


def put_back(viewer, event: Event, which: str = "after"):
    return restore(viewer, event.pk, which, restorable(viewer, event.pk, which).seen)


# --- Marks ---


def test_an_author_puts_a_mark_back_and_undo_takes_that_back(mark, annotator, tag, article):
    made = mark(annotator, CLAIM, "claim", note="Says who?").annotation
    first = last_event(made.subject)
    edit_mark(annotator, made.uid, 1, tags=[tag("opinion").pk], note="", visibility="private")
    second = now_of(made)
    delete_mark(annotator, made.uid)
    put_back(annotator, first)
    assert now_of(made) == first.after
    event = last_event(made.subject)
    assert (event.verb, event.actor, event.before) == ("mark-restored", annotator, second | {"deleted": True})
    assert event.after["restores"] == {
        "channel": article.channel,
        "number": first.number,
        "which": "after",
        "at": first.at.isoformat(),
    }
    assert (
        undo_last(annotator, article).said
        == "Undone: your mark on “The council passed the levy on…” is in the trash again."
    )
    assert now_of(made) == second | {"deleted": True}
    undo_last(annotator, article)
    assert now_of(made) == second
    undo_last(annotator, article)
    assert now_of(made) == first.after


def test_a_state_that_stands_is_not_restored_again(mark, annotator):
    made = mark(annotator, CLAIM, "claim").annotation
    event = last_event(made.subject)
    assert not put_back(annotator, event).differs
    assert Event.objects.filter(subject=made.subject).count() == 1


def test_a_passage_goes_back_to_the_text_in_which_it_was_chosen(mark, annotator, article, revise):
    made = mark(annotator, GUESS, "claim").annotation
    first = last_event(made.subject)
    second = revise("Nobody asked the fishermen.", "Nobody asked anybody.")
    text = document_of(second.pk).text
    at = text.index("Nobody asked anybody.")
    edit_mark(annotator, made.uid, 1, passage=choose_passage(second.pk, at, at + 21, "Nobody asked anybody."))
    moved = last_event(made.subject)
    put_back(annotator, first)
    assert now_of(made) == first.after
    assert list(made.anchors.order_by("revision").values_list("method", "state")) == [
        ("chosen", "exact"),
        ("carried", "exact"),
    ]
    put_back(annotator, moved)
    assert now_of(made) == state_in(moved.after)
    assert made.anchors.get(revision=second).method == "chosen"


def test_a_tag_that_was_merged_comes_back_as_what_it_became_and_a_retired_one_as_it_was(
    client_of, mark, annotator, tag, owner
):
    made = mark(annotator, CLAIM, "claim", "loaded").annotation
    first = last_event(made.subject)
    edit_mark(annotator, made.uid, 1, tags=[])
    claim, loaded = tag("claim"), tag("loaded")
    Tag.objects.filter(pk=claim.pk).update(retired_at=made.created_at, merged_into=tag("prediction"))
    Tag.objects.filter(pk=loaded.pk).update(retired_at=made.created_at)
    from annotations.codebook.kept import forget_tags

    forget_tags()
    page = client_of(annotator).get(f"/history/{sealed(first.pk)}/restore/").content.decode()
    assert "“claim” has been merged since: “prediction” takes its place." in page
    put_back(annotator, first)
    assert now_of(made)["tags"] == sorted([tag("prediction").pk, loaded.pk])


def test_a_lost_race_changes_nothing_and_shows_both(client_of, mark, annotator):
    made = mark(annotator, CLAIM, "claim", note="First.").annotation
    first = last_event(made.subject)
    edit_mark(annotator, made.uid, 1, note="Second.")
    path, client = f"/history/{sealed(first.pk)}/restore/", client_of(annotator)
    seen = restorable(annotator, first.pk, "after").seen
    edit_mark(annotator, made.uid, 2, note="Third.")
    answer = client.post(path, {"which": "after", "seen": seen})
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Third" in html
    assert "First" in html
    assert "Nothing was restored" in html
    assert now_of(made)["note"] == "Third."
    seen = restorable(annotator, first.pk, "after").seen
    assert client.post(path, {"which": "after", "seen": seen}).status_code == 302
    assert now_of(made)["note"] == "First."


def test_a_session_that_takes_no_marks_keeps_them_as_they_are(session, annotator, second_annotator, article, owner):
    made = mark_in(session, annotator, article, CLAIM, "claim")
    first = last_event(made.subject)
    edit_mark(annotator, made.uid, 1, note="Changed.")
    finish_all(session, annotator, second_annotator)
    with pytest.raises(Conflict, match="You said that you are done"):
        put_back(annotator, first)
    session = move_on(owner, session, TeamSession.REVEALED)
    put_back(annotator, first)
    assert now_of(made) == first.after
    edit_mark(annotator, made.uid, 3, note="Changed.")
    move_on(owner, session, TeamSession.ADJUDICATING)
    with pytest.raises(Conflict, match="This session is being settled"):
        put_back(annotator, first)
    assert now_of(made)["note"] == "Changed."


def test_others_may_not_put_a_mark_back_and_staff_do_so_by_their_own_verbs(
    mark, annotator, second_annotator, staff, article
):
    made = mark(annotator, CLAIM, "claim").annotation
    first = last_event(made.subject)
    edit_mark(annotator, made.uid, 1, note="Changed.")
    with pytest.raises(Denied):
        put_back(second_annotator, first)
    delete_mark(annotator, made.uid)
    with pytest.raises(Missing):
        put_back(second_annotator, first)
    put_back(staff, first)
    assert now_of(made) == first.after
    event = last_event(made.subject)
    assert (event.verb, event.actor) == ("staff-restored-mark", staff)
    with pytest.raises(Conflict):  # the author's own last action was the deletion, and the mark is otherwise since
        undo_last(annotator, article)


def test_what_is_no_whole_state_cannot_be_restored(mark, annotator, client_of, session, owner):
    for verb, subject in (("session-created", None), ("phase-changed", session.subject), ("member-joined", None)):
        event = Event.objects.filter(verb=verb).latest("pk")
        if verb == "session-created":
            continue
        with pytest.raises(Missing):
            restorable(owner, event.pk, "after")
        assert subject in (None, event.subject)
    made = mark(annotator, CLAIM).annotation
    for which in ("before", "", "x" * 99):
        with pytest.raises(Missing):
            restorable(annotator, last_event(made.subject).pk, which)
    client = client_of(annotator)
    assert client.get(f"/history/{sealed(2**61)}/restore/").status_code == 404
    assert client.get("/history/x/restore/").status_code == 404
    assert client.post(f"/history/{sealed(1)}/restore/").status_code == 404


CUTS = [CLAIM, "The levy was never about boats. Nobody asked the fishermen.", GUESS, "cranes cost money"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["tags", "note", "ends", "visibility", "delete", "restore", "undo", "back"]), st.integers(0, 3)
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS, chosen=st.integers(0, 10), which=st.sampled_from(["before", "after"]))
def test_any_state_of_a_random_history_of_a_mark_comes_back(annotator, article, codebook, steps, chosen, which):
    ids = list(codebook.tags.order_by("pk").values_list("pk", flat=True))
    sets = [[], ids[:1], [ids[1], ids[-1]], [ids[4], ids[-2], ids[-3]]]
    text = document_of(article.current_id).text

    def passage(number: int):
        words = CUTS[number]
        at = text.index(words)
        return choose_passage(article.current_id, at, at + len(words), words)

    made = mark_passage(
        annotator, article.current, passage(0), tags=sets[1], visibility="public", key=str(uuid.uuid4())
    ).annotation

    def step(kind: str, number: int) -> None:
        mine = Annotation.objects.get(pk=made.pk)
        if kind == "tags":
            edit_mark(annotator, made.uid, mine.version, tags=sets[number])
        elif kind == "note":
            edit_mark(annotator, made.uid, mine.version, note=["", "Says who?", "Since when?", "=1"][number])
        elif kind == "ends":
            edit_mark(annotator, made.uid, mine.version, passage=passage(number))
        elif kind == "visibility":
            edit_mark(annotator, made.uid, mine.version, visibility=["public", "private"][number % 2])
        elif kind == "delete":
            delete_mark(annotator, made.uid)
        elif kind == "restore":
            restore_mark(annotator, made.uid)
        elif kind == "undo":
            undo_last(annotator, article)
        else:
            events = list(Event.objects.filter(subject=made.subject).order_by("pk"))
            put_back(annotator, events[number % len(events)])

    for kind, number in steps:
        try:
            step(kind, number)
        except Refused:  # a mark in the trash is not edited, and there is nothing left to undo
            continue
    events = [
        event
        for event in Event.objects.filter(subject=made.subject).order_by("pk")
        if getattr(event, which) is not None
    ]
    if events:
        event = events[chosen % len(events)]
        put_back(annotator, event, which)
        assert now_of(made) == state_in(getattr(event, which))
        # What was restored is the last thing that was done, and can be taken back.
        last = last_event(made.subject)
        if "restores" in last.after:
            undo_last(annotator, article)
            assert now_of(made) == state_in(last.before)


# --- Tags and groups ---


def test_a_tag_and_its_group_are_put_back_by_those_who_look_after_them(staff, annotator, tag, codebook, lines):
    claim = tag("claim")
    edit_tag(staff, claim.pk, claim.version, {"name": "assertion", "key": "y", "definition": "Other words."})
    event = last_event(f"tag:{claim.pk}")
    retire_tag(staff, claim.pk)
    with pytest.raises(Denied):
        put_back(annotator, event, "before")
    put_back(staff, event, "before")
    claim.refresh_from_db()
    assert tag_state(claim) == event.before
    assert [e.verb for e in Event.objects.filter(subject=f"tag:{claim.pk}").order_by("-pk")[:2]] == [
        "tag-restored",
        "tag-brought-back",
    ]
    group = claim.group
    edit_group(staff, group.pk, name="Kind", hint="Other.", exclusive=False)
    put_back(staff, last_event(f"group:{group.pk}"), "before")
    assert TagGroup.objects.get(pk=group.pk).name == group.name


def test_a_key_that_another_tag_has_now_and_a_merged_tag_are_refused(client_of, staff, tag):
    claim, opinion = tag("claim"), tag("opinion")
    edit_tag(staff, claim.pk, claim.version, {"key": "y"})
    event = last_event(f"tag:{claim.pk}")
    edit_tag(staff, opinion.pk, opinion.version, {"key": "c"})
    with pytest.raises(Invalid, match="“opinion” has this key"):
        put_back(staff, event, "before")
    found = restorable(staff, event.pk, "before")
    answer = client_of(staff).post(f"/history/{sealed(event.pk)}/restore/", {"which": "before", "seen": found.seen})
    assert answer.status_code == 422
    Tag.objects.filter(pk=claim.pk).update(retired_at=event.at, merged_into=opinion)
    with pytest.raises(Conflict, match="was merged into “opinion”"):
        put_back(staff, event, "before")
    assert not Event.objects.filter(verb="tag-restored").exists()


TAG_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["name", "key", "slot", "group", "texts", "switch", "retire", "back"]), st.integers(0, 2)
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=TAG_STEPS, chosen=st.integers(0, 8), which=st.sampled_from(["before", "after"]))
def test_any_state_of_a_random_history_of_a_tag_comes_back(staff, codebook, steps, chosen, which):
    with transaction.atomic():
        tag = codebook.tags.get(name="loaded")
        groups = list(codebook.groups.order_by("pk").values_list("pk", flat=True))
        # One event that says everything, whatever comes.
        edit_tag(staff, tag.pk, tag.version, {"definition": "At first."})
        for kind, number in steps:
            tag.refresh_from_db()
            given = {
                "name": {"name": ["loaded", "charged", "heated"][number]},
                "key": {"key": ["l", "", "w"][number]},
                "slot": {"slot": 1 + number},
                "group": {"group_id": groups[number % len(groups)]},
                "texts": {"definition": f"Words {number}.", "do": "", "dont": f"Never {number}."},
            }.get(kind)
            if given:
                edit_tag(staff, tag.pk, tag.version, given)
            elif kind == "switch" and tag.retired_at is None:
                switch_tag(staff, tag.pk, not tag.is_on)
            elif kind == "retire":
                retire_tag(staff, tag.pk)
            elif kind == "back":
                bring_back_tag(staff, tag.pk)
        events = [e for e in Event.objects.filter(subject=f"tag:{tag.pk}").order_by("pk") if getattr(e, which)]
        event = events[chosen % len(events)]
        put_back(staff, event, which)
        tag = Tag.objects.get(pk=tag.pk)
        then, now = dict(getattr(event, which)), tag_state(tag)
        # Its place in its group, and the day on which it was retired, are those of today.
        assert bool(then.pop("retired")) == bool(now.pop("retired"))
        assert {**then, "position": 0} == {**now, "position": 0}
        transaction.set_rollback(True)
    from annotations.codebook.kept import forget_tags

    forget_tags()


# --- Articles, sessions, people ---


def test_details_settings_and_profiles_come_back(client_of, staff, annotator, outsider, article, session, owner):
    details = details_of(article)
    changed = type(details)(
        **{name: getattr(details, name) for name in details.__slots__} | {"kind": "Report", "title": "T"}
    )
    edit_details(staff, article, details=changed, is_public=False, seen=details_digest(article))
    event = last_event(f"article:{article.pk}", "article-edited")
    with pytest.raises(Denied):
        put_back(annotator, event, "before")
    put_back(staff, event, "before")
    now = Article.objects.get(pk=article.pk)
    assert (now.title, now.kind, now.is_public) == (article.title, article.kind, True)

    edit_session(
        owner, session.pk, TeamSession.objects.get(pk=session.pk).version, {"name": "Other", "guidelines": "Twice."}
    )
    event = last_event(session.subject, "session-edited")
    with pytest.raises(Denied):
        put_back(annotator, event, "before")
    with pytest.raises(Missing):
        put_back(outsider, event, "before")
    path, seen = f"/history/{sealed(event.pk)}/restore/", restorable(owner, event.pk, "before").seen
    page = client_of(owner).get(f"{path}?which=before").content.decode()
    assert "Other" in page
    assert session.name in page
    assert client_of(owner).post(path, {"which": "before", "seen": seen})["Location"] == f"/team/{session.uid}/history/"
    assert TeamSession.objects.get(pk=session.pk).name == session.name

    edit_profile(annotator, display_name="Anna A.", about="Reads.", marks_public=True)
    event = last_event(f"user:{annotator.pk}", "profile-edited")
    annotator.refresh_from_db()
    with pytest.raises(Missing):
        put_back(outsider, event, "before")
    put_back(annotator, event, "before")
    now = User.objects.get(pk=annotator.pk)
    assert (now.display_name, now.about, now.marks_public) == ("Anna Annotator", "", False)
