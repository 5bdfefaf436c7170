"""The verbs of the desk: what they write, record, refuse and take back."""

from __future__ import annotations

import pytest

from annotations.adjudication import actions
from annotations.adjudication.actions import (
    apply_strategy,
    choose,
    edit_reading,
    merge_readings,
    plans_for,
    reject,
    seen_of,
    undo_last,
    withdraw,
)
from annotations.adjudication.strategies import MAJORITY, THRESHOLD, UNANIMOUS, Strategy
from annotations.editing.actions import delete_mark, edit_mark
from annotations.membership import Seat
from annotations.models import Annotation, Considered, Decision, Member, TeamSession
from annotations.teams.actions import set_phase
from annotations.teams.people.actions import add_member
from opslens.activity.numbers import last_numbers
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing
from tests.annotations.adjudication.conftest import ASKED, CLAIM, LAST, on, seen
from tests.support.teams import seat_of

GUESS = "That is a guess."


@pytest.fixture
def seat(settling, reviewer):
    return seat_of(reviewer, settling)


@pytest.fixture
def here(settling, reviewer, look):
    """`here("words")`: the item that begins with these words, as it is now."""
    return lambda words: on(look(reviewer, settling), words)


def live() -> list[tuple]:
    """(words-start order) verdict, tag names, method of the decisions in force."""
    found = Decision.objects.filter(deleted_at=None).order_by("start").prefetch_related("tags")
    return [(d.verdict, sorted(tag.name for tag in d.tags.all()), d.method) for d in found]


def events(session) -> list[tuple[str, str]]:
    found = Event.objects.filter(
        channel__name=session.channel,
        verb__in=("decision-made", "decision-changed", "decision-undone", "strategy-applied"),
    )
    return [(event.verb, event.subject.partition(":")[0]) for event in found.order_by("number")]


def test_contested_passages_come_first(settling, reviewer, look):
    desk = look(reviewer, settling)
    assert [item.passage.contested for item in desk.items] == [True, True, False, False]
    assert [item.number for item in desk.items] == [1, 2, 3, 4]
    assert (desk.progress.passages, desk.progress.open, desk.progress.contested) == (4, 4, 2)


def test_choosing_keeps_the_reading_its_reason_and_the_versions_of_all_marks(settling, seat, here, reviewer, article):
    item = here(ASKED)
    done = choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[1].key, reason=" It is\r\nso. \x00")
    decision = Decision.objects.get()
    assert done.decision == decision
    assert (decision.start, decision.end) == (item.passage.start, item.passage.end)
    assert (decision.reason, decision.method, decision.decided_by, decision.version) == (
        "It is\nso.",
        "person",
        reviewer,
        1,
    )
    assert set(decision.considered.values_list("annotation_id", "version")) == {
        (mark.pk, mark.version) for mark in item.passage.marks
    }
    (event,) = Event.objects.filter(verb="decision-made")
    assert (event.channel.name, event.subject, event.actor, event.before) == (
        settling.channel,
        f"decision:{decision.uid}",
        reviewer,
        None,
    )
    assert event.after == actions.state_of(here(ASKED).settled)


def test_deciding_the_same_again_changes_and_records_nothing(settling, seat, here, reviewer, article):
    first = here(CLAIM)
    key = first.passage.candidates[0].key
    choose(reviewer, seat, article.slug, seen(first), key)
    state = last_numbers(settling.channel)
    assert not choose(reviewer, seat, article.slug, seen(first), key).changed
    assert last_numbers(settling.channel) == state


def test_merging_unites_words_and_keeps_one_tag_of_a_group(settling, seat, here, reviewer, article):
    done = merge_readings(reviewer, seat, article.slug, seen(here(ASKED)))
    book = {tag.pk: tag.name for tag in settling.codebook.tags.all()}
    assert live() == [("accepted", ["claim", "loaded", "unsourced"], "person")]
    assert [(book[kept], book[gone]) for kept, gone in done.gave_way] == [("claim", "opinion")]
    merge_readings(reviewer, seat, article.slug, seen(here(LAST)))
    item = here(LAST)
    assert (item.settled.decision.start, item.settled.decision.end) == (item.passage.start, item.passage.end)


def test_merging_what_is_not_there_is_refused(seat, here, reviewer, article):
    with pytest.raises(Invalid):
        merge_readings(reviewer, seat, article.slug, seen(here(ASKED)), ["0-1-"])


def test_editing_takes_ends_and_tags_of_ones_own(settling, seat, here, reviewer, article):
    item, book = here(ASKED), {tag.name: tag.pk for tag in settling.codebook.tags.all()}
    start = item.passage.start
    edit_reading(
        reviewer,
        seat,
        article.slug,
        seen(item),
        start=start,
        end=start + 12,
        exact="Nobody asked",
        tags=[book["attack"], book["claim"]],
    )
    assert live() == [("accepted", ["attack", "claim"], "person")]


@pytest.mark.parametrize(
    ("tags", "field"),
    [(("claim", "opinion"), "tags"), ((10**15,), "tags"), (("of another codebook",), "tags")],
)
def test_editing_refuses_tags_that_cannot_be(settling, seat, here, reviewer, article, codebook, tags, field):
    item = here(ASKED)
    ids = {tag.name: tag.pk for tag in settling.codebook.tags.all()}
    ids["of another codebook"] = codebook.tags.get(name="claim").pk
    with pytest.raises(Invalid) as refused:
        edit_reading(
            reviewer,
            seat,
            article.slug,
            seen(item),
            start=item.passage.start,
            end=item.passage.end,
            exact=ASKED,
            tags=[ids.get(tag, tag) for tag in tags],
        )
    assert list(refused.value.errors) == [field]
    assert live() == []


def test_editing_refuses_a_tag_that_is_offered_no_longer_unless_marks_carry_it(settling, seat, here, reviewer, article):
    def edit(name):
        item = here(ASKED)
        place = {"start": item.passage.start, "end": item.passage.end, "exact": ASKED}
        tag = settling.codebook.tags.get(name=name)
        edit_reading(reviewer, seat, article.slug, seen(item), tags=[tag.pk], **place)

    from annotations.codebook.kept import forget_tags

    settling.codebook.tags.update(is_on=False)
    forget_tags()
    with pytest.raises(Invalid, match="no longer offered"):
        edit("attack")
    edit("loaded")
    assert live() == [("accepted", ["loaded"], "person")]


def test_editing_keeps_some_of_the_words_that_were_marked(seat, here, reviewer, article):
    item = here(ASKED)
    with pytest.raises(Invalid, match="Keep at least some"):
        edit_reading(reviewer, seat, article.slug, seen(item), start=0, end=3, exact="“Th", tags=[])


def test_rejecting_needs_a_reason(seat, here, reviewer, article):
    with pytest.raises(Invalid) as refused:
        reject(reviewer, seat, article.slug, seen(here(GUESS)), reason=" \x00 ")
    assert list(refused.value.errors) == ["reason"]
    reject(reviewer, seat, article.slug, seen(here(GUESS)), reason="A figure of speech.")
    assert live() == [("rejected", [], "person")]


def test_a_reason_has_its_limit(seat, here, reviewer, article):
    item = here(CLAIM)
    with pytest.raises(Invalid) as refused:
        choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[0].key, reason="x" * 4001)
    assert list(refused.value.errors) == ["reason"]


def test_two_adjudicators_at_once_lose_nothing(settling, seat, here, reviewer, owner, article):
    item = here(ASKED)
    theirs, mine = item.passage.candidates
    choose(owner, seat_of(owner, settling), article.slug, seen(item), theirs.key)
    with pytest.raises(Conflict) as lost:
        choose(reviewer, seat, article.slug, seen(item), mine.key, reason="Mine.")
    assert lost.value.current.settled.decision.decided_by == owner
    assert Decision.objects.get().decided_by == owner
    # Knowing of it, one may decide again.
    choose(reviewer, seat, article.slug, seen(here(ASKED)), mine.key, reason="Mine.")
    decision = Decision.objects.get()
    assert (decision.decided_by, decision.version) == (reviewer, 2)
    assert events(settling) == [("decision-made", "decision"), ("decision-changed", "decision")]


def test_a_decision_that_was_taken_back_meanwhile_is_a_conflict(settling, seat, here, reviewer, owner, article):
    item = here(ASKED)
    choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[0].key)
    before = seen(here(ASKED))
    withdraw(owner, seat_of(owner, settling), article.slug, before.decision, before.version)
    with pytest.raises(Conflict, match="taken back"):
        reject(reviewer, seat, article.slug, before, reason="No.")


def test_withdrawing_opens_a_passage_and_keeps_the_row(settling, seat, here, reviewer, article):
    item = here(ASKED)
    choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[0].key)
    now = seen(here(ASKED))
    with pytest.raises(Conflict):
        withdraw(reviewer, seat, article.slug, now.decision, now.version + 1)
    withdraw(reviewer, seat, article.slug, now.decision, now.version)
    assert not withdraw(reviewer, seat, article.slug, now.decision, now.version).changed
    assert here(ASKED).is_open
    assert Decision.objects.get().deleted_at is not None
    assert Considered.objects.count() == 2
    assert events(settling)[-1] == ("decision-undone", "decision")


# A session that goes back and forth


@pytest.fixture
def back(settling, owner):
    """`back(change)`: the marks are open again while `change` is done."""

    def go(change) -> None:
        set_phase(owner, settling.pk, "revealed", seen="adjudicating", reason="One more look.")
        change()
        set_phase(owner, settling.pk, "adjudicating", seen="revealed")

    return go


def test_a_passage_whose_marks_changed_is_flagged_and_confirmed_by_deciding_again(
    settling, seat, here, reviewer, annotator, article, back
):
    item = here(ASKED)
    key = item.passage.candidates[0].key
    choose(reviewer, seat, article.slug, seen(item), key)
    assert not here(ASKED).has_changed
    mark = Annotation.objects.get(author=annotator, quote=ASKED)
    back(lambda: edit_mark(annotator, mark.uid, mark.version, note="Still an opinion."))
    changed = here(ASKED)
    assert changed.has_changed
    assert not changed.is_open
    with pytest.raises(Conflict, match="marks of this passage have changed"):
        choose(reviewer, seat, article.slug, seen(item), key)
    choose(reviewer, seat, article.slug, seen(changed), key)
    assert not here(ASKED).has_changed
    assert Decision.objects.get().version == 2


def test_a_decision_whose_marks_are_gone_is_shown_apart_and_never_lost(
    settling, seat, look, here, reviewer, annotator, article, back
):
    item = here(GUESS)
    choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[0].key)
    mark = Annotation.objects.get(author=annotator, quote=GUESS)
    back(lambda: delete_mark(annotator, mark.uid))
    desk = look(reviewer, settling)
    assert len(desk.items) == 3
    (left,) = desk.left_over
    assert left.decision == Decision.objects.get()
    assert not desk.progress.is_done
    withdraw(reviewer, seat, article.slug, left.decision.uid, left.decision.version)
    assert look(reviewer, settling).left_over == []


# Strategies


def apply(person, session, strategy, slug=None):
    return apply_strategy(person, seat_of(person, session), strategy, slug=slug)


def test_full_agreement_settles_what_all_agree_on(settling, reviewer):
    apply(reviewer, settling, Strategy(UNANIMOUS))
    assert live() == [("accepted", ["claim"], "unanimous"), ("accepted", ["overreach"], "unanimous")]
    assert events(settling) == [("strategy-applied", "session")]
    assert set(Decision.objects.values_list("decided_by", flat=True)) == {reviewer.pk}


def test_applying_again_changes_and_records_nothing(settling, reviewer):
    apply(reviewer, settling, Strategy(UNANIMOUS))
    before = list(Decision.objects.order_by("pk").values())
    apply(reviewer, settling, Strategy(UNANIMOUS))
    assert list(Decision.objects.order_by("pk").values()) == before
    assert events(settling) == [("strategy-applied", "session")]


def test_another_strategy_replaces_only_what_strategies_made(settling, seat, here, reviewer, article):
    reject(reviewer, seat, article.slug, seen(here(CLAIM)), reason="Old news.")
    mine = list(Decision.objects.values())
    apply(reviewer, settling, Strategy(MAJORITY))
    assert live() == [
        ("rejected", [], "person"),
        ("accepted", ["opinion"], "majority"),
        ("accepted", ["overreach"], "majority"),
    ]
    apply(reviewer, settling, Strategy(UNANIMOUS))
    assert live() == [("rejected", [], "person"), ("accepted", ["overreach"], "unanimous")]
    assert list(Decision.objects.filter(method="person").values()) == mine


def test_what_a_strategy_decided_a_person_may_change_and_it_stays(settling, seat, here, reviewer, article):
    apply(reviewer, settling, Strategy(UNANIMOUS))
    reject(reviewer, seat, article.slug, seen(here(CLAIM)), reason="Old news.")
    apply(reviewer, settling, Strategy(THRESHOLD, 0.5))
    assert live()[0] == ("rejected", [], "person")


def test_a_preview_says_what_applying_does(settling, seat, here, reviewer, article, look):
    reject(reviewer, seat, article.slug, seen(here(CLAIM)), reason="Old news.")
    apply(reviewer, settling, Strategy(UNANIMOUS))
    (plan,) = plans_for(reviewer, seat, [look(reviewer, settling).here], Strategy(MAJORITY))
    assert (plan.new, plan.replaced, len(plan.removes), plan.same, plan.kept, plan.stays_open) == (1, 1, 0, 0, 1, 1)
    assert plan.changes == 2


def test_a_preview_that_is_out_of_date_is_a_conflict(settling, seat, here, reviewer, article, look):
    rule = Strategy(MAJORITY)
    shown = seen_of(plans_for(reviewer, seat, [look(reviewer, settling).here], rule))
    reject(reviewer, seat, article.slug, seen(here(CLAIM)), reason="Old news.")
    with pytest.raises(Conflict) as refused:
        apply_strategy(reviewer, seat, rule, seen=shown)
    assert [plan.kept for plan in refused.value.current] == [1]
    assert Decision.objects.count() == 1


# Undo


def test_undo_takes_back_a_decision(settling, seat, here, reviewer, article):
    item = here(ASKED)
    choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[0].key)
    undo_last(reviewer, seat, article.slug)
    assert here(ASKED).is_open
    assert Decision.objects.get().deleted_at is not None
    with pytest.raises(Missing):
        undo_last(reviewer, seat, article.slug)


def test_undo_brings_back_what_a_decision_was_before(settling, seat, here, reviewer, article):
    item = here(ASKED)
    choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[0].key, reason="First.")
    state = actions.state_of(here(ASKED).settled)
    reject(reviewer, seat, article.slug, seen(here(ASKED)), reason="Second.")
    undo_last(reviewer, seat, article.slug)
    assert actions.state_of(here(ASKED).settled) == state
    undo_last(reviewer, seat, article.slug)
    assert live() == []


def test_undo_brings_back_what_was_withdrawn_unless_it_was_decided_anew(settling, seat, here, reviewer, owner, article):
    item = here(ASKED)
    first, second = item.passage.candidates
    choose(reviewer, seat, article.slug, seen(item), first.key)
    now = seen(here(ASKED))
    withdraw(reviewer, seat, article.slug, now.decision, now.version)
    undo_last(reviewer, seat, article.slug)
    assert not here(ASKED).is_open
    now = seen(here(ASKED))
    withdraw(reviewer, seat, article.slug, now.decision, now.version)
    choose(owner, seat_of(owner, settling), article.slug, seen(here(ASKED)), second.key)
    with pytest.raises(Conflict):
        undo_last(reviewer, seat, article.slug)
    assert Decision.objects.get(deleted_at=None).decided_by == owner


def test_undo_is_ones_own(settling, seat, here, reviewer, owner, article):
    item = here(ASKED)
    choose(reviewer, seat, article.slug, seen(item), item.passage.candidates[0].key)
    with pytest.raises(Missing):
        undo_last(owner, seat_of(owner, settling), article.slug)
    reject(owner, seat_of(owner, settling), article.slug, seen(here(ASKED)), reason="No.")
    with pytest.raises(Conflict):
        undo_last(reviewer, seat, article.slug)
    assert live() == [("rejected", [], "person")]


def test_one_undo_takes_back_a_whole_strategy_and_leaves_what_people_decided_since(
    settling, seat, here, reviewer, article
):
    apply(reviewer, settling, Strategy(UNANIMOUS))
    before = live()
    apply(reviewer, settling, Strategy(MAJORITY))
    undo_last(reviewer, seat, article.slug)
    assert live() == before
    apply(reviewer, settling, Strategy(MAJORITY))
    person = seat_of(reviewer, settling)
    reject(reviewer, person, article.slug, seen(here(LAST)), reason="A flourish.")
    # The rejection is the last action; taken back, the strategy is next.
    undo_last(reviewer, seat, article.slug)
    undo_last(reviewer, seat, article.slug)
    assert live() == before


def test_undoing_a_strategy_leaves_what_somebody_else_decided_since(settling, seat, here, reviewer, owner, article):
    apply(reviewer, settling, Strategy(UNANIMOUS))
    reject(owner, seat_of(owner, settling), article.slug, seen(here(CLAIM)), reason="Old news.")
    done = undo_last(reviewer, seat, article.slug)
    assert live() == [("rejected", [], "person")]
    assert done.said.endswith("1 that were changed since then stay.")


# Rights and phases

REFUSED = {"owner": Conflict, "reviewer": Conflict, "annotator": Denied, "observer": Denied, "outsider": Missing}


@pytest.mark.parametrize("who", REFUSED)
def test_who_may_settle_in_which_phase(settling, here, reviewer, owner, annotator, outsider, person, article, who):
    watcher = person("observer")
    add_member(owner, settling.pk, username="observer", role="observer")
    item = here(CLAIM)
    choose(reviewer, seat_of(reviewer, settling), article.slug, seen(item), item.passage.candidates[0].key)
    decision, now = Decision.objects.get(), seen(here(CLAIM))
    people = {"owner": owner, "reviewer": reviewer, "annotator": annotator, "observer": watcher, "outsider": outsider}
    viewer, refused = people[who], REFUSED[who]
    seat = Seat(settling, Member(session=settling, user=viewer))
    verbs = [
        lambda: choose(viewer, seat, article.slug, now, "0-1-"),
        lambda: merge_readings(viewer, seat, article.slug, now, ["0-1-"]),
        lambda: edit_reading(viewer, seat, article.slug, now, start=0, end=3, exact="“Th", tags=[]),
        lambda: reject(viewer, seat, article.slug, now, reason="No."),
        lambda: withdraw(viewer, seat, article.slug, decision.uid, 1),
        lambda: apply_strategy(viewer, seat, Strategy(UNANIMOUS)),
        lambda: undo_last(viewer, seat, article.slug),
    ]
    for phase in TeamSession.ORDER:
        TeamSession.objects.filter(pk=settling.pk).update(phase=phase)
        if phase == TeamSession.ADJUDICATING and refused is Conflict:
            with pytest.raises(Invalid):
                verbs[0]()  # allowed, and there is no such reading
            continue
        for verb in verbs:
            with pytest.raises(refused):
                verb()
    assert live() == [("accepted", ["claim"], "person")]


def test_passages_and_decisions_of_another_session_are_not_there(
    settling, seat, here, reviewer, owner, annotator, article, look
):
    from tests.support.teams import finish_all, mark_in, move_on, start_session

    other = start_session(owner, article, annotators=[annotator], reviewers=[reviewer], name="Another")
    mark = mark_in(other, annotator, article, CLAIM, "claim")
    finish_all(other, annotator)
    move_on(owner, other, TeamSession.ADJUDICATING)
    theirs = look(owner, other).at(mark.uid)
    done = choose(owner, seat_of(owner, other), article.slug, seen(theirs), theirs.passage.candidates[0].key)
    with pytest.raises(Missing):
        choose(reviewer, seat, article.slug, seen(theirs), theirs.passage.candidates[0].key)
    with pytest.raises(Missing):
        withdraw(reviewer, seat, article.slug, done.decision.uid, 1)
    with pytest.raises(Missing):
        choose(reviewer, seat, "no-such-article", seen(here(CLAIM)), "0-1-")
