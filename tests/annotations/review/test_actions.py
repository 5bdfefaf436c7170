"""The verbs of review: rows, events, refusals, undo."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.editing.actions import choose_passage, delete_mark, edit_mark, mark_passage
from annotations.models import Annotation, AnnotationTag, Flag, Review, TeamSession
from annotations.review import actions, flagging
from annotations.review.cases import Case, Seen
from annotations.review.flagging import raise_flag, settle_flags, withdraw_flag
from annotations.review.undoing import undo_last
from annotations.teams.people.actions import remove_member
from opslens.accounts.actions import set_active
from opslens.articles.documents import document_of
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing, Refused
from tests.annotations.review.conftest import ASKED, CLAIM, GUESS, give_right
from tests.support.teams import mark_in, move_on


def state(annotation) -> str:
    return Annotation.objects.values_list("review_state", flat=True).get(pk=annotation.pk)


def tags_of(annotation) -> list[str]:
    return sorted(AnnotationTag.objects.filter(annotation=annotation).values_list("tag__name", flat=True))


def last_event(annotation) -> Event:
    return Event.objects.filter(subject=annotation.subject).order_by("-pk").first()


def test_a_verdict_is_a_row_a_state_and_one_event(mark, annotator, site_reviewer, seen, article):
    annotation = mark(annotator, CLAIM, "claim").annotation
    before = Event.objects.count()
    done = actions.reject(site_reviewer, seen(annotation), " Nobody can check it.\r\n ")
    review = Review.objects.get()
    assert (review.annotation, review.verdict, review.reason, review.reviewer, review.version, review.batch) == (
        annotation,
        "rejected",
        "Nobody can check it.",
        site_reviewer,
        1,
        "",
    )
    assert (state(annotation), done.said, Event.objects.count()) == ("rejected", "Rejected.", before + 1)
    event = last_event(annotation)
    assert (event.verb, event.actor, event.channel.name) == ("review-rejected", site_reviewer, article.channel)
    assert event.before["review"] == {"state": "unreviewed", "reason": "", "id": 0}
    assert event.after["review"] == {"state": "rejected", "reason": "Nobody can check it.", "id": review.pk}
    assert {name: event.after[name] for name in ("quote", "deleted")} == {"quote": CLAIM, "deleted": False}
    annotation.refresh_from_db()
    assert annotation.version == 1, "what the mark says is the same"


def test_the_same_verdict_again_changes_and_records_nothing(mark, annotator, site_reviewer, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.accept(site_reviewer, seen(annotation))
    before = Event.objects.count()
    assert not actions.accept(site_reviewer, seen(annotation)).changed
    assert (Event.objects.count(), Review.objects.count()) == (before, 1)


def test_a_second_verdict_keeps_the_first_in_the_trail(mark, annotator, site_reviewer, owner, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.accept(site_reviewer, seen(annotation))
    actions.reject(give_right(owner), seen(annotation), "On second thoughts.")
    assert list(Review.objects.values_list("verdict", "withdrawn_at")) == [("accepted", None), ("rejected", None)]
    assert state(annotation) == "rejected"


@pytest.mark.parametrize("verb", [actions.reject, actions.return_mark])
@pytest.mark.parametrize("reason", ["", "  \n", "\x00", "x" * 4001])
def test_a_reason_is_needed_and_has_an_end(mark, annotator, site_reviewer, seen, verb, reason):
    annotation = mark(annotator, CLAIM, "claim").annotation
    with pytest.raises(Invalid) as refused:
        verb(site_reviewer, seen(annotation), reason)
    assert list(refused.value.errors) == ["reason"]
    assert Review.objects.count() == 0


def test_a_returned_mark_that_is_edited_is_open_again(mark, annotator, site_reviewer, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.return_mark(site_reviewer, seen(annotation), "Say where it is written.")
    assert state(annotation) == "returned"
    edit_mark(annotator, annotation.uid, 1, note="In the minutes.")
    assert state(annotation) == "unreviewed"
    with pytest.raises(Conflict):
        undo_last(site_reviewer)
    actions.accept(site_reviewer, seen(annotation))
    assert list(Review.objects.values_list("verdict", "version")) == [("returned", 1), ("accepted", 2)]


def test_an_author_sends_a_mark_back_as_it_is(mark, annotator, outsider, site_reviewer, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    with pytest.raises(Conflict):
        actions.send_back(annotator, annotation.uid)
    actions.return_mark(site_reviewer, seen(annotation), "Say where it is written.")
    with pytest.raises(Denied):
        actions.send_back(outsider, annotation.uid)
    with pytest.raises(Conflict):
        actions.send_back(annotator, annotation.uid, review=0)
    done = actions.send_back(annotator, annotation.uid, "It is in the text.")
    review = Review.objects.get()
    assert (state(annotation), review.answer, review.answered_at is not None) == (
        "unreviewed",
        "It is in the text.",
        True,
    )
    event = last_event(annotation)
    assert (done.changed, event.verb, event.actor, event.after["answer"]) == (
        True,
        "review-sent-back",
        annotator,
        "It is in the text.",
    )
    assert not actions.send_back(annotator, annotation.uid, "Again.").changed
    with pytest.raises(Conflict):
        undo_last(site_reviewer)


def test_a_reviewer_retags_and_thereby_accepts(mark, annotator, site_reviewer, seen, tag):
    annotation = mark(annotator, CLAIM, "claim", "unsourced").annotation
    actions.retag(site_reviewer, seen(annotation), [tag("opinion").pk, tag("loaded").pk], "It judges.")
    annotation.refresh_from_db()
    assert (state(annotation), tags_of(annotation), annotation.version) == ("accepted", ["loaded", "opinion"], 2)
    event = last_event(annotation)
    assert (event.verb, len(event.before["tags"]), len(event.after["tags"])) == ("review-retagged", 2, 2)
    assert Review.objects.get().version == 2
    done = undo_last(site_reviewer)
    annotation.refresh_from_db()
    assert (state(annotation), tags_of(annotation), annotation.version) == ("unreviewed", ["claim", "unsourced"], 3)
    assert done.said == f"Undone: “{CLAIM}” is open again."


def test_tags_that_a_mark_cannot_carry_are_refused(mark, annotator, site_reviewer, seen, tag):
    annotation = mark(annotator, CLAIM, "claim").annotation
    for chosen in (["claim", "opinion"], ["claim", "missing-context"]):
        with pytest.raises(Invalid):
            actions.retag(site_reviewer, seen(annotation), [tag(name).pk for name in chosen])
    with pytest.raises(Invalid):
        actions.retag(site_reviewer, seen(annotation), [10**9])
    assert (tags_of(annotation), state(annotation)) == (["claim"], "unreviewed")


def test_retagging_with_the_same_tags_accepts(mark, annotator, site_reviewer, seen, tag):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.retag(site_reviewer, seen(annotation), [tag("claim").pk])
    assert (state(annotation), last_event(annotation).verb) == ("accepted", "review-accepted")


def test_what_was_seen_must_still_be_so(mark, annotator, site_reviewer, owner, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    old = seen(annotation)
    actions.reject(give_right(owner), old, "No.")
    with pytest.raises(Conflict) as refused:
        actions.accept(site_reviewer, old)
    assert isinstance(refused.value.current, Case)
    assert refused.value.current.last.reason == "No."
    edit_mark(annotator, annotation.uid, 1, note="More.")
    with pytest.raises(Conflict, match="changed since you opened"):
        actions.accept(site_reviewer, Seen(annotation.uid, 1, Review.objects.get().pk))
    assert (state(annotation), Review.objects.count()) == ("unreviewed", 1)


@pytest.mark.parametrize("verb", ["mark-created", "mark-undone"])
def test_undo_of_an_author_never_finds_a_verdict(mark, annotator, site_reviewer, seen, article, verb):
    from annotations.editing.undoing import undo_last

    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.accept(site_reviewer, seen(annotation))
    assert undo_last(annotator, article).annotation.deleted_at is not None
    assert Event.objects.filter(verb__startswith="mark-review").count() == 0


def test_undo_takes_one_verdict_after_the_other(mark, annotator, site_reviewer, seen):
    first, second = mark(annotator, CLAIM, "claim").annotation, mark(annotator, GUESS, "opinion").annotation
    actions.accept(site_reviewer, seen(first))
    actions.reject(site_reviewer, seen(first), "No.")
    actions.accept(site_reviewer, seen(second))
    assert undo_last(site_reviewer).case.annotation == second
    assert undo_last(site_reviewer).said == f"Undone: “{CLAIM}” is accepted, as it was before."
    assert (state(first), state(second)) == ("accepted", "unreviewed")
    undo_last(site_reviewer)
    assert state(first) == "unreviewed"
    with pytest.raises(Missing):
        undo_last(site_reviewer)
    assert last_event(first).verb == "review-undone"
    assert Review.objects.filter(withdrawn_at=None).count() == 0


def test_undo_leaves_what_somebody_else_decided_since(mark, annotator, site_reviewer, owner, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.accept(site_reviewer, seen(annotation))
    actions.reject(give_right(owner), seen(annotation), "No.")
    with pytest.raises(Conflict):
        undo_last(site_reviewer)
    assert state(annotation) == "rejected"


def test_undo_of_a_deleted_mark_is_refused(mark, annotator, site_reviewer, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.accept(site_reviewer, seen(annotation))
    delete_mark(annotator, annotation.uid)
    with pytest.raises(Conflict):
        undo_last(site_reviewer)


# Many at once.


def test_many_marks_get_one_verdict_and_one_undo(mark, annotator, second_annotator, site_reviewer, seen):
    marks = [mark(annotator, words, "claim").annotation for words in (CLAIM, ASKED, GUESS)]
    own = mark(site_reviewer, CLAIM, "claim").annotation
    stale = seen(marks[2])
    actions.reject(site_reviewer, seen(marks[2]), "First.")
    asked = [seen(marks[0]), seen(marks[1]), stale, seen(own), Seen("z" * 10, 1)]
    plan = actions.plan_many(site_reviewer, asked, actions.ACCEPT)
    assert ([case.annotation for case in plan.changes], len(plan.left_out), plan.missing) == (marks[:2], 1, 2)
    done = actions.review_many(site_reviewer, asked, actions.ACCEPT)
    assert [state(one) for one in marks] == ["accepted", "accepted", "rejected"]
    assert done.said == "Accepted 2 marks. 3 were left as they are."
    batches = set(Review.objects.filter(verdict="accepted").values_list("batch", flat=True))
    assert len(batches) == 1
    assert batches != {""}
    assert Event.objects.filter(verb="review-accepted").count() == 2
    assert undo_last(site_reviewer).said == "Undone: 2 marks are as before."
    assert [state(one) for one in marks] == ["unreviewed", "unreviewed", "rejected"]
    assert state(own) == "unreviewed"


def test_undo_of_many_keeps_what_was_changed_since(mark, annotator, site_reviewer, seen):
    marks = [mark(annotator, words, "claim").annotation for words in (CLAIM, ASKED, GUESS, GUESS)]
    actions.review_many(site_reviewer, [seen(one) for one in marks], actions.RETURN, reason="Say more.")
    edit_mark(annotator, marks[0].uid, 1, note="More.")
    for one in marks[2:]:
        delete_mark(annotator, one.uid)
    assert undo_last(site_reviewer).said == (
        "Undone: 1 mark is as before. 1 that was changed since then stays as it is. "
        "2 that you cannot review any more stay as they are."
    )
    assert Review.objects.filter(withdrawn_at=None).count() == 3


def test_a_tag_is_added_to_many_and_removed_again(mark, annotator, site_reviewer, seen, tag):
    first = mark(annotator, CLAIM, "claim", "loaded").annotation
    second = mark(annotator, ASKED, "loaded").annotation
    third = mark(annotator, GUESS, "opinion").annotation
    asked = [seen(first), seen(second), seen(third)]
    plan = actions.plan_many(site_reviewer, asked, actions.ADD_TAG, tag=tag("opinion").pk)
    assert (plan.replaced, [why for _, why in plan.left_out]) == ({"claim": 1}, ["It carries this tag already."])
    actions.review_many(site_reviewer, asked, actions.ADD_TAG, tag=tag("opinion").pk)
    assert [tags_of(one) for one in (first, second, third)] == [["loaded", "opinion"]] * 2 + [["opinion"]]
    actions.review_many(
        site_reviewer, [seen(one) for one in (first, second, third)], actions.REMOVE_TAG, tag=tag("loaded").pk
    )
    assert [tags_of(one) for one in (first, second, third)] == [["opinion"]] * 3
    undo_last(site_reviewer)
    undo_last(site_reviewer)
    assert [tags_of(one) for one in (first, second, third)] == [["claim", "loaded"], ["loaded"], ["opinion"]]
    assert AnnotationTag.objects.filter(annotation=first).exclude(exclusive_group=None).count() == 1


@pytest.mark.parametrize(
    ("act", "more"),
    [("accept", {}), ("reject", {}), ("add-tag", {}), ("add-tag", {"tag": 10**9}), ("", {}), ("retag", {})],
)
def test_what_cannot_be_done_to_many_is_said(mark, annotator, site_reviewer, seen, act, more):
    asked = [] if act == "accept" else [seen(mark(annotator, CLAIM).annotation)]
    with pytest.raises(Invalid):
        actions.review_many(site_reviewer, asked, act, **more)


def test_at_most_so_many_at_once(site_reviewer):
    with pytest.raises(Invalid, match="At most 2,000"):
        actions.review_many(site_reviewer, [Seen(f"m{at}", 1) for at in range(2001)], actions.ACCEPT)


def test_many_take_a_fixed_number_of_queries(
    mark, annotator, site_reviewer, seen, tag, django_assert_max_num_queries, django_assert_num_queries
):
    asked = [seen(mark(annotator, CLAIM, "claim").annotation) for _ in range(3)]
    more = [seen(mark(annotator, CLAIM, "claim").annotation) for _ in range(30)]
    tag_id = tag("loaded").pk
    assert site_reviewer.has_perm("annotations.review_annotation")  # asked once, and remembered on the account
    with django_assert_max_num_queries(40) as three:
        actions.review_many(site_reviewer, asked, actions.ADD_TAG, tag=tag_id)
    with django_assert_num_queries(len(three)):
        actions.review_many(site_reviewer, more, actions.ADD_TAG, tag=tag_id)


# Flags.


def test_a_flag_is_raised_once_and_settled_by_a_verdict(
    client_of, mark, annotator, outsider, owner, site_reviewer, seen
):
    annotation = mark(annotator, CLAIM, "claim").annotation
    flag, is_new = raise_flag(outsider, annotation.uid, "Not in the text.")
    again, is_second = raise_flag(outsider, annotation.uid, "Really not.")
    assert (is_new, is_second, again.pk, again.reason) == (True, False, flag.pk, "Not in the text.")
    raise_flag(owner, annotation.uid, "A guess.")
    assert list(Event.objects.filter(verb="flag-raised").values_list("actor", flat=True)) == [outsider.pk, owner.pk]
    actions.accept(site_reviewer, seen(annotation), "It is in the minutes.")
    assert set(Flag.objects.values_list("outcome", "answer", "settled_by")) == {
        ("dismissed", "It is in the minutes.", site_reviewer.pk)
    }
    raise_flag(owner, annotation.uid, "Still a guess.")
    undo_last(site_reviewer)
    assert list(Flag.objects.order_by("pk").values_list("outcome", flat=True)) == ["", "dismissed", ""]
    assert last_event(annotation).after["flags"] == [flag.pk]
    assert client_of(site_reviewer).get(f"/marks/{annotation.uid}/history/").status_code == 200


@pytest.mark.parametrize("act", ["reject", "return", "retag"])
def test_other_verdicts_uphold_flags(mark, annotator, outsider, site_reviewer, seen, tag, act):
    annotation = mark(annotator, CLAIM, "claim").annotation
    raise_flag(outsider, annotation.uid, "Look.")
    if act == "retag":
        actions.retag(site_reviewer, seen(annotation), [tag("opinion").pk])
    else:
        {"reject": actions.reject, "return": actions.return_mark}[act](site_reviewer, seen(annotation), "Yes.")
    assert Flag.objects.get().outcome == "upheld"


def test_flags_are_settled_without_a_verdict_and_withdrawn(mark, annotator, outsider, owner, site_reviewer):
    annotation = mark(annotator, CLAIM, "claim").annotation
    raise_flag(outsider, annotation.uid, "Look.")
    assert withdraw_flag(outsider, annotation.uid).outcome == "withdrawn"
    assert withdraw_flag(outsider, annotation.uid) is None
    raise_flag(outsider, annotation.uid, "Look again.")
    _, number = settle_flags(site_reviewer, annotation.uid, "dismissed", "It is fine.")
    assert (number, settle_flags(site_reviewer, annotation.uid, "dismissed")[1]) == (1, 0)
    assert state(annotation) == "unreviewed"
    verbs = Event.objects.filter(verb__startswith="flag-").values_list("verb", flat=True)
    assert sorted(verbs) == ["flag-raised", "flag-raised", "flag-settled", "flag-withdrawn"]
    with pytest.raises(Invalid):
        settle_flags(site_reviewer, annotation.uid, "maybe")


@pytest.mark.parametrize("often", [1, 2])
def test_a_flag_that_another_request_raised_and_a_reviewer_settled(mark, annotator, outsider, monkeypatch, often):
    """All between looking for it and writing one's own: what is written there goes with the transaction, as if it were
    settled by the time of the second look."""
    annotation = mark(annotator, CLAIM, "claim").annotation
    look, looks = flagging.open_flag, []

    def late(viewer, annotation):
        looks.append(look(viewer, annotation))
        if len(looks) <= often:
            Flag.objects.create(annotation=annotation, reader=viewer, reason="First.")
        return looks[-1]

    monkeypatch.setattr(flagging, "open_flag", late)
    if often == 1:
        assert raise_flag(outsider, annotation.uid, "Look.")[1]
    else:
        with pytest.raises(Conflict):
            raise_flag(outsider, annotation.uid, "Look.")
    assert list(Flag.objects.values_list("reason", flat=True)) == ["Look."][: 2 - often]


def test_flags_have_a_reason_and_are_for_marks_of_others(mark, annotator, outsider):
    annotation = mark(annotator, CLAIM, "claim").annotation
    for reason in ("", " ", "x" * 1001):
        with pytest.raises(Invalid):
            raise_flag(outsider, annotation.uid, reason)
    with pytest.raises(Denied):
        raise_flag(annotator, annotation.uid, "Mine.")
    hidden = mark(annotator, CLAIM, "claim", visibility="private").annotation
    with pytest.raises(Missing):
        raise_flag(outsider, hidden.uid, "What?")


# Who may do what, in which state.

ALLOWED, FORBIDDEN, GONE, TOO_LATE = "allowed", 403, 404, 409
VERBS = ("accept", "reject", "return", "retag", "send-back", "flag", "settle-flag")
# By phase of the session and person: what each of VERBS comes to, on a mark of the annotator that is open.
MATRIX = {
    ("blind", "owner"): [TOO_LATE, TOO_LATE, TOO_LATE, TOO_LATE, FORBIDDEN, FORBIDDEN, TOO_LATE],
    ("blind", "reviewer"): [TOO_LATE, TOO_LATE, TOO_LATE, TOO_LATE, FORBIDDEN, FORBIDDEN, TOO_LATE],
    ("blind", "second"): [GONE] * 7,
    ("blind", "annotator"): [FORBIDDEN] * 4 + [TOO_LATE, FORBIDDEN, FORBIDDEN],
    ("blind", "outsider"): [GONE] * 7,
    ("revealed", "owner"): [ALLOWED] * 4 + [FORBIDDEN, ALLOWED, ALLOWED],
    ("revealed", "reviewer"): [ALLOWED] * 4 + [FORBIDDEN, ALLOWED, ALLOWED],
    ("revealed", "second"): [FORBIDDEN] * 5 + [ALLOWED, FORBIDDEN],
    ("revealed", "annotator"): [FORBIDDEN] * 4 + [TOO_LATE, FORBIDDEN, FORBIDDEN],
    ("revealed", "outsider"): [GONE] * 7,
    ("adjudicating", "reviewer"): [ALLOWED, ALLOWED, TOO_LATE, TOO_LATE, FORBIDDEN, ALLOWED, ALLOWED],
    ("adjudicating", "second"): [FORBIDDEN] * 5 + [ALLOWED, FORBIDDEN],
    ("adjudicating", "outsider"): [GONE] * 7,
    ("published", "reviewer"): [TOO_LATE] * 4 + [FORBIDDEN, FORBIDDEN, TOO_LATE],
    ("published", "second"): [FORBIDDEN] * 7,
    ("published", "outsider"): [FORBIDDEN] * 7,
    ("public", "reviewer"): [ALLOWED] * 4 + [FORBIDDEN, ALLOWED, ALLOWED],
    ("public", "second"): [FORBIDDEN] * 5 + [ALLOWED, FORBIDDEN],
    ("public", "annotator"): [FORBIDDEN] * 4 + [TOO_LATE, FORBIDDEN, FORBIDDEN],
    ("private", "reviewer"): [GONE] * 7,
    ("private", "second"): [GONE] * 7,
}


def outcome_of(call) -> object:
    try:
        call()
    except Refused as refused:
        return refused.status
    return ALLOWED


@pytest.mark.parametrize("place", sorted({place for place, _ in MATRIX}))
def test_who_may_do_what_in_which_state(
    place, session, owner, annotator, second_annotator, reviewer, outsider, article, mark, seen, tag
):
    if place in ("public", "private"):
        annotation = mark(annotator, CLAIM, "claim", visibility=place).annotation
        reviewer = give_right(reviewer)
        claim = tag("opinion")
    else:
        annotation = mark_in(session, annotator, article, CLAIM, "claim")
        claim = session.codebook.tags.get(name="opinion")
        if place != "blind":
            move_on(owner, session, place)
    people = {
        "owner": owner,
        "annotator": annotator,
        "second": second_annotator,
        "reviewer": reviewer,
        "outsider": outsider,
    }
    found = {}
    for (where, who), _ in MATRIX.items():
        if where != place:
            continue
        person, uid = people[who], annotation.uid
        calls = {
            "accept": lambda: actions.accept(person, seen(annotation)),  # noqa: B023
            "reject": lambda: actions.reject(person, seen(annotation), f"No, {who}."),  # noqa: B023
            "return": lambda: actions.return_mark(person, seen(annotation), f"Change, {who}."),  # noqa: B023
            "retag": lambda: actions.retag(person, seen(annotation), [claim.pk]),  # noqa: B023
            "send-back": lambda: actions.send_back(person, uid),  # noqa: B023
            "flag": lambda: raise_flag(person, uid, "Look."),  # noqa: B023
            "settle-flag": lambda: settle_flags(person, uid, "dismissed"),  # noqa: B023
        }
        found[where, who] = [outcome_of(calls[verb]) for verb in VERBS]
        # The next person finds the mark as it was at first.
        Annotation.objects.filter(pk=annotation.pk).update(review_state="unreviewed")
        Review.objects.filter(annotation=annotation).delete()
    assert found == {key: value for key, value in MATRIX.items() if key[0] == place}


def test_the_events_of_a_session_stand_on_its_shared_channel(revealed, reviewer, annotator, seen):
    annotation = Annotation.objects.filter(author=annotator, session=revealed).first()
    actions.accept(reviewer, seen(annotation))
    assert last_event(annotation).channel.name == f"team:{revealed.pk}:a{annotation.article_id}"


def test_nothing_is_returned_to_somebody_who_is_not_there(revealed, owner, annotator, mark, site_reviewer, seen):
    """A request that nobody could answer would wait for ever."""
    left = Annotation.objects.filter(session=revealed, author=annotator).first()
    outside = mark(annotator, CLAIM, "claim").annotation
    remove_member(owner, revealed.pk, annotator.pk)
    with pytest.raises(Conflict, match="not here any more"):
        actions.return_mark(site_reviewer, seen(left), "Which?")
    assert actions.return_mark(site_reviewer, seen(outside), "Which?").changed
    undo_last(site_reviewer)
    set_active(owner, annotator, False)
    plan = actions.plan_many(site_reviewer, [seen(outside), seen(left)], actions.RETURN, reason="Which?")
    assert (plan.changes, len(plan.left_out)) == ((), 2)
    assert actions.reject(site_reviewer, seen(left), "No.").changed


def test_a_session_that_is_published_keeps_its_verdicts(revealed, owner, reviewer, annotator, seen):
    annotation = Annotation.objects.filter(author=annotator, session=revealed).first()
    actions.accept(reviewer, seen(annotation))
    move_on(owner, revealed, TeamSession.PUBLISHED)
    with pytest.raises(Conflict):
        undo_last(reviewer)
    assert state(annotation) == "accepted"


@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_once_one_wins(mark, annotator, site_reviewer, owner, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    old, people, results = seen(annotation), [site_reviewer, give_right(owner)], {}
    ready = threading.Barrier(2)

    def decide(at: int) -> None:
        ready.wait()
        try:
            actions.reject(people[at], old, f"Reason {at}.")
            results[at] = "won"
        except Conflict as refused:
            results[at] = refused.current.last.reason
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(at,)) for at in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = Review.objects.get()
    assert sorted(results.values()) == sorted(["won", winner.reason])


ACTS = ("accept", "reject", "return", "retag", "send-back", "edit", "undo", "undo-other", "many")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2)), max_size=9))
def test_any_sequence_keeps_contents_and_trail(article, codebook, annotator, site_reviewer, owner, seen, tag, steps):
    """Whatever happens, the state says what the last verdict in force says, exclusive groups hold, contents change by
    retagging and editing alone, and no row of the trail is ever lost."""
    other = give_right(owner)
    text = document_of(article.current_id).text
    marks = []
    for words in (CLAIM, ASKED, GUESS):
        at = text.index(words)
        passage = choose_passage(article.current_id, at, at + len(words), words)
        made = mark_passage(
            annotator,
            article.current,
            passage,
            tags=[tag("claim").pk],
            key=str(uuid.uuid4()),
            visibility="public",
        )
        marks.append(made.annotation)
    mine = Review.objects.filter(annotation__in=marks)
    rows = 0
    for act, at in steps:
        annotation = marks[at]
        annotation.refresh_from_db()
        given, tags = seen(annotation), tags_of(annotation)
        try:
            match act:
                case "accept":
                    actions.accept(site_reviewer, given)
                case "reject":
                    actions.reject(other, given, "No.")
                case "return":
                    actions.return_mark(site_reviewer, given, "More.")
                case "retag":
                    name = "opinion" if "opinion" not in tags else "prediction"
                    actions.retag(other, given, [tag(name).pk])
                case "send-back":
                    actions.send_back(annotator, annotation.uid, "So.")
                case "edit":
                    edit_mark(annotator, annotation.uid, annotation.version, note=f"{annotation.version}")
                case "undo":
                    undo_last(site_reviewer)
                case "undo-other":
                    undo_last(other)
                case "many":
                    actions.review_many(site_reviewer, [seen(one) for one in marks], actions.REJECT, reason="All.")
        except (Conflict, Missing):
            pass
        assert mine.count() >= rows
        rows = mine.count()
        for one in marks:
            now = state(one)
            last = mine.filter(annotation=one, withdrawn_at=None).order_by("-pk").first()
            assert now == "unreviewed" or (last is not None and last.verdict == now)
            assert len(tags_of(one)) == 1
    for one in marks:
        one.refresh_from_db()
        event = last_event(one)
        assert sorted(event.after["tags"]) == sorted(one.taggings.values_list("tag", flat=True))
        assert event.after["note"] == one.note
