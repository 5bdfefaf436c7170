"""Merging and splitting: nothing is lost, and undo gives the exact rows back."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.editing.actions import edit_mark
from annotations.models import Annotation, AnnotationTag, Decision, Retagging, Surgery, Tag
from annotations.models.team import TeamSession
from annotations.surgery.actions import KEEP, STOP, WIN, merge, split, undo
from annotations.surgery.selecting import Selection
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing
from tests.support.teams import mark_in, move_on, seat_of, start_session
from tests.surgery.conftest import marks_with, tag_rows, tags_on

TYPE, SUPPORT = ["claim", "opinion", "prediction"], ["sourced", "vague-source", "unsourced"]
FREE = ["evidence", "loaded", "overreach"]
ALL = TYPE + SUPPORT + FREE
QUICK = settings(max_examples=25, suppress_health_check=list(HealthCheck))

one_mark = st.tuples(
    st.sampled_from([None, *TYPE]), st.sampled_from([None, *SUPPORT]), st.sets(st.sampled_from(FREE), max_size=3)
).map(lambda parts: {*parts[2], *(part for part in parts[:2] if part)})


class Rollback(Exception):
    pass


@pytest.fixture
def here(codebook, owner, annotator, article):
    """A session that is being settled, with a codebook of its own."""
    return start_session(owner, article, annotators=[annotator], phase=TeamSession.ADJUDICATING)


def expected(tags: set[str], source: str, target: str, clash: str) -> set[str]:
    if source not in tags:
        return tags
    group = next((names for names in (TYPE, SUPPORT) if target in names), [])
    others = tags - {source}
    rivals = {name for name in group if name in others} - {target}
    if target in tags or not rivals:
        return others | {target}
    return others if clash == KEEP else (others - rivals) | {target}


@QUICK
@given(
    marks=st.lists(one_mark, min_size=1, max_size=7),
    decided=st.lists(one_mark, max_size=3),
    pair=st.lists(st.sampled_from(ALL), min_size=2, max_size=2, unique=True),
    clash=st.sampled_from([STOP, KEEP, WIN]),
    deleted=st.frozensets(st.integers(0, 6)),
    picked=st.none() | st.sets(st.integers(0, 6), min_size=1),
)
def test_nothing_is_lost_and_undo_gives_the_exact_rows_back(
    db, here, owner, annotator, article, marks, decided, pair, clash, deleted, picked
):
    try:
        with transaction.atomic():
            _merge_or_split(here, owner, annotator, article, marks, decided, pair, clash, deleted, picked)
            raise Rollback
    except Rollback:
        pass


def _merge_or_split(here, owner, annotator, article, marks, decided, pair, clash, deleted, picked):
    known = {tag.name: tag for tag in here.codebook.tags.select_related("group")}
    source, target = (known[name] for name in pair)
    made = marks_with(
        annotator, article, [[known[name] for name in tags] for tags in marks], deleted=deleted, session=here
    )
    on = here.articles.get()
    decisions = [
        Decision.objects.create(session_article=on, start=at, end=at + 1, verdict="accepted")
        for at in range(len(decided))
    ]
    for decision, tags in zip(decisions, decided, strict=True):
        decision.tags.set(known[name] for name in tags)
    before = tag_rows(here.codebook)
    versions = list(Annotation.objects.order_by("pk").values_list("version", "updated_at"))
    events = Event.objects.count()
    is_split = picked is not None
    chosen = {at for at in range(len(marks)) if not is_split or (at in picked and at not in deleted)}
    wanted = [expected(tags, *pair, clash) if at in chosen else tags for at, tags in enumerate(marks)]
    settled = [tags if is_split else expected(tags, *pair, clash) for tags in decided]
    touched = [at for at in chosen if pair[0] in marks[at]]
    clashes = [expected(marks[at], *pair, KEEP) != expected(marks[at], *pair, WIN) for at in chosen]

    def operate() -> Surgery:
        if not is_split:
            return merge(owner, source.pk, target.pk, clash=clash)
        names = [made[at].uid for at in picked if at < len(made)]
        return split(owner, source.pk, Selection(picked=names), target_id=target.pk, clash=clash)

    # An owner does not see what is in the trash, so that a merge asks whether it would matter or not.
    asks = any(clashes) if is_split else any(pair[1] in g and pair[0] not in g for g in (TYPE, SUPPORT))
    if (clash == STOP and asks) or (is_split and not touched):
        with pytest.raises(Invalid):
            operate()
        assert tag_rows(here.codebook) == before
        assert (Surgery.objects.count(), Retagging.objects.count(), Event.objects.count()) == (0, 0, events)
        return
    surgery = operate()
    assert tags_on(made) == wanted
    assert [{tag.name for tag in decision.tags.all()} for decision in decisions] == settled
    groups = AnnotationTag.objects.filter(annotation__in=made).select_related("tag__group")
    assert all(row.exclusive_group_id == (row.tag.group_id if row.tag.group.exclusive else None) for row in groups)
    assert surgery.marks == len(touched)
    assert Event.objects.count() == events + 1
    source.refresh_from_db()
    assert (source.merged_into, source.retired_at is None) == ((None, True) if is_split else (target, False))
    done = undo(owner, surgery.uid)
    assert (done.left.count, done.said) == (0, ())
    assert tag_rows(here.codebook) == before
    assert list(Annotation.objects.order_by("pk").values_list("version", "updated_at")) == versions
    assert Event.objects.count() == events + 2
    assert undo(owner, surgery.uid).changed is False
    assert Event.objects.count() == events + 2


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(
    marks=st.lists(one_mark, min_size=1, max_size=6),
    later=st.dictionaries(st.integers(0, 5), one_mark, max_size=4),
    pair=st.lists(st.sampled_from(ALL), min_size=2, max_size=2, unique=True),
    clash=st.sampled_from([KEEP, WIN]),
)
def test_an_undo_leaves_alone_what_was_changed_since(db, here, owner, annotator, article, marks, later, pair, clash):
    """Whatever readers do to marks between a merge and its undo: the others get their exact rows back, and those marks
    get at most back what the merge took from them."""
    known = {tag.name: tag for tag in here.codebook.tags.select_related("group")}
    try:
        with transaction.atomic():
            made = marks_with(annotator, article, [[known[name] for name in tags] for tags in marks], session=here)
            before = {row[0]: row for row in tag_rows(here.codebook) if len(row) == 4}
            surgery = merge(owner, known[pair[0]].pk, known[pair[1]].pk, clash=clash)
            merged = tags_on(made)
            changed = {at: tags - {pair[0]} for at, tags in later.items() if at < len(made)}
            changed = {at: tags for at, tags in changed.items() if tags != merged[at]}
            for at, tags in changed.items():
                rows = AnnotationTag.objects.filter(annotation=made[at])
                rows.exclude(tag__name__in=tags).delete()
                for name in tags - merged[at]:
                    group = known[name].group if known[name].group.exclusive else None
                    AnnotationTag.objects.create(annotation=made[at], tag=known[name], exclusive_group=group)
            left = undo(owner, surgery.uid).left
            after = {row[0]: row for row in tag_rows(here.codebook) if len(row) == 4}
            theirs = {made[at].pk for at in changed}
            unchanged = [{pk: row for pk, row in rows.items() if row[1] not in theirs} for rows in (before, after)]
            assert unchanged[0] == unchanged[1]
            for at, tags in changed.items():
                now = tags_on([made[at]])[0]
                assert tags - {pair[1]} <= now
                assert now - tags <= marks[at]
            assert left.count <= len(changed)
            raise Rollback
    except Rollback:
        pass


def test_what_others_did_meanwhile_stays(codebook, owner, annotator, article, mark, editor, staff):
    tag = {one.name: one for one in codebook.tags.all()}
    kept, moved, again = (mark(annotator, words, "loaded").annotation for words in ("levy", "boats", "fishermen"))
    both = mark(annotator, "cranes", "loaded", "evidence").annotation
    surgery = merge(editor, tag["loaded"].pk, tag["evidence"].pk)
    edit_mark(annotator, moved.uid, 1, tags=[tag["attack"].pk])
    edit_mark(annotator, again.uid, 1, note="A note changes no tag.")
    edit_mark(annotator, both.uid, 1, tags=[])
    done = undo(staff, surgery.uid)
    assert tags_on([kept, moved, again, both]) == [{"loaded"}, {"attack"}, {"loaded"}, set()]
    assert (done.left.count, done.left.complete) == (2, True)
    tag["loaded"].refresh_from_db()
    assert (tag["loaded"].retired_at, tag["loaded"].merged_into) == (None, None)


def test_the_key_that_another_tag_has_by_now_is_lost(codebook, editor, tag):
    surgery = merge(editor, tag("loaded").pk, tag("evidence").pk)
    Tag.objects.filter(name="attack").update(key="l")
    done = undo(editor, surgery.uid)
    assert done.said == ("“loaded” has no shortcut key: “attack” has it now.",)
    assert (tag("loaded").key, tag("loaded").retired_at) == ("", None)


def test_proposals_follow(codebook, editor, tag):
    assert tag("unsourced").proposes == tag("claim")
    Tag.objects.filter(name="evidence").update(proposes=tag("claim"))
    surgery = merge(editor, tag("claim").pk, tag("unsourced").pk, clash=KEEP)
    assert tag("unsourced").proposes is None  # of its own group
    assert tag("evidence").proposes == tag("unsourced")
    undo(editor, surgery.uid)
    assert (tag("unsourced").proposes, tag("evidence").proposes) == (tag("claim"), tag("claim"))


def test_a_split_makes_a_tag_and_its_undo_retires_it(codebook, editor, staff, annotator, make, tag):
    marks = make(annotator, "loaded", "loaded evidence", "attack")
    values = {"name": "sneer", "group_id": tag("loaded").group_id, "slot": 5, "concept": "loaded"}
    surgery = split(staff, tag("loaded").pk, Selection(together=tag("evidence").pk), values=values)
    assert tags_on(marks) == [{"loaded"}, {"sneer", "evidence"}, {"attack"}]
    assert (tag("loaded").retired_at, surgery.marks, tag("sneer").concept) == (None, 1, "loaded")
    undo(staff, surgery.uid)
    assert tags_on(marks) == [{"loaded"}, {"loaded", "evidence"}, {"attack"}]
    assert (tag("sneer").retired_at is None, tag("sneer").merged_into) == (False, tag("loaded"))


@pytest.mark.parametrize("hidden", [False, True], ids=["no mark", "a private mark"])
def test_nobody_learns_of_marks_that_are_hidden_from_them(codebook, editor, annotator, make, tag, hidden):
    """Whatever an editor does: the same answers, whether or not somebody has a private mark that is concerned."""
    make(annotator, "loaded")
    private = []

    def somebody_marks(tags: str) -> None:
        private[:] = make(annotator, tags) if hidden else ()
        Annotation.objects.filter(pk__in=[one.pk for one in private]).update(visibility="private")

    # A merge, where a mark carries a tag of the same group.
    somebody_marks("loaded claim")
    with pytest.raises(Invalid, match="There may be marks with “loaded” that you cannot see") as refused:
        merge(editor, tag("loaded").pk, tag("opinion").pk, clash=STOP)
    assert list(refused.value.errors) == ["clash"]
    surgery = merge(editor, tag("loaded").pk, tag("opinion").pk, clash=WIN)
    # Its undo, where the mark was changed since.
    AnnotationTag.objects.filter(annotation__in=private).delete()
    done = undo(editor, surgery.uid)
    assert (done.left.count, done.left.complete, done.said) == (0, False, ())
    # A split into a new tag, which somebody takes up.
    values = {"name": "sneer", "group_id": tag("loaded").group_id, "slot": 5}
    surgery = split(editor, tag("loaded").pk, Selection(), values=values)
    somebody_marks("sneer")
    assert undo(editor, surgery.uid).said == ()
    assert (tag("sneer").retired_at is None, tag("sneer").merged_into) == (False, None)
    assert tags_on(private) == [{"sneer"}] * hidden


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"has_note": True}, [1]),
        ({"has_note": False}, [0, 2]),
        ({"words": "NEEDLE"}, [1]),
        ({"words": "words 2"}, [2]),
        ({"reader": "second"}, [2]),
        ({"picked": [0, 2]}, [0, 2]),
    ],
)
def test_a_split_by_filter(codebook, editor, annotator, second_annotator, make, tag, chosen, expected):
    marks = [*make(annotator, "loaded", "loaded"), *make(second_annotator, "loaded", "loaded", "loaded")]
    Annotation.objects.filter(pk=marks[1].pk).update(note="a needle")
    Annotation.objects.filter(pk=marks[2].pk).update(quote="words 2 only")
    Annotation.objects.filter(pk=marks[3].pk).update(visibility="private", note="needle")  # not the editor's to see
    Annotation.objects.filter(pk=marks[4].pk).update(deleted_at=marks[4].created_at)
    if "reader" in chosen:
        chosen = {"reader": second_annotator.pk}
    if "picked" in chosen:
        chosen = {"picked": [marks[at].uid for at in chosen["picked"]]}
    split(editor, tag("loaded").pk, Selection(**chosen), target_id=tag("attack").pk)
    assert [at for at, tags in enumerate(tags_on(marks)) if tags == {"attack"}] == expected


def test_the_same_form_twice_is_done_once(codebook, editor, annotator, make, tag, outsider, staff):
    make(annotator, "loaded")
    first = merge(editor, tag("loaded").pk, tag("evidence").pk, key="abcdefghjk")
    assert merge(editor, tag("loaded").pk, tag("evidence").pk, key="abcdefghjk") == first
    assert (Surgery.objects.count(), Event.objects.filter(verb="tags-merged").count()) == (1, 1)
    with pytest.raises(Conflict):
        merge(staff, tag("attack").pk, tag("evidence").pk, key="abcdefghjk")
    with pytest.raises(Invalid):
        merge(editor, tag("attack").pk, tag("evidence").pk, key="/../..")


def test_what_cannot_be_merged(codebook, editor, tag, outsider, owner, article):
    for source, target, error in [
        (tag("loaded").pk, tag("loaded").pk, Invalid),
        (tag("loaded").pk, 10**9, Missing),
        (10**9, tag("loaded").pk, Missing),
    ]:
        with pytest.raises(error):
            merge(editor, source, target)
    with pytest.raises(Denied):
        merge(outsider, tag("loaded").pk, tag("attack").pk)
    other = start_session(owner, article).codebook.tags.get(name="attack")
    with pytest.raises(Missing):
        merge(editor, tag("loaded").pk, other.pk)
    merge(editor, tag("attack").pk, tag("evidence").pk)
    with pytest.raises(Invalid, match="is retired"):
        merge(editor, tag("loaded").pk, tag("attack").pk)
    with pytest.raises(Invalid, match="was merged into another tag already"):
        merge(editor, tag("attack").pk, tag("loaded").pk)
    assert tag("attack").merged_into == tag("evidence")


def test_a_later_surgery_is_undone_first(codebook, editor, annotator, make, tag):
    marks = make(annotator, "loaded", "overreach", "loaded overreach", "evidence")
    before = tag_rows(codebook)
    first = merge(editor, tag("loaded").pk, tag("overreach").pk)
    second = merge(editor, tag("overreach").pk, tag("evidence").pk)
    assert tags_on(marks) == [{"evidence"}] * 4
    with pytest.raises(Conflict, match="“overreach” was merged into “evidence” after that"):
        undo(editor, first.uid)
    undo(editor, second.uid)
    undo(editor, first.uid)
    assert tag_rows(codebook) == before


def test_an_edition_that_is_out_stands(codebook, owner, annotator, article, editor):
    session = start_session(owner, article, annotators=[annotator], phase=TeamSession.ANNOTATING)
    mark_in(session, annotator, article, "levy", "loaded")
    names = {tag.name: tag.pk for tag in session.codebook.tags.all()}
    surgery = merge(owner, names["loaded"], names["evidence"])
    move_on(owner, session, TeamSession.PUBLISHED)
    with pytest.raises(Conflict, match="its edition"):
        merge(owner, names["evidence"], names["attack"])
    with pytest.raises(Conflict, match="its edition"):
        undo(owner, surgery.uid)
    with pytest.raises(Denied):
        merge(editor, names["evidence"], names["attack"])  # of another codebook


def test_events_do_not_count_while_marks_are_hidden(codebook, owner, annotator, article):
    session = start_session(owner, article, annotators=[annotator])
    mark_in(session, annotator, article, "levy", "loaded")
    names = {tag.name: tag.pk for tag in session.codebook.tags.all()}
    merge(owner, names["loaded"], names["evidence"])
    event = Event.objects.get(verb="tags-merged")
    assert event.before == {"source": "loaded", "target": "evidence"}
    assert set(event.after) == {"source", "target", "kind"}
    move_on(owner, session, TeamSession.REVEALED)
    merge(owner, names["evidence"], names["attack"])
    assert Event.objects.filter(verb="tags-merged").last().after["marks"] == 1


def test_readings_kept_at_the_reveal_follow_a_merge(codebook, owner, annotator, article, django_assert_num_queries):
    from annotations.agreement.queries import articles_of
    from annotations.agreement.readings import INDEPENDENT, readings_of
    from tests.support.teams import finish_all

    session = start_session(owner, article, annotators=[annotator])
    mark_in(session, annotator, article, "levy", "loaded", "evidence")
    finish_all(session, annotator)
    move_on(owner, session, TeamSession.REVEALED)
    names = {tag.name: tag.pk for tag in session.codebook.tags.all()}
    seat, articles = seat_of(owner, session), articles_of(session)

    def kept() -> list[int]:
        (reading,) = readings_of(seat, articles, INDEPENDENT)
        return sorted(reading.marks[0][2])

    with django_assert_num_queries(1):
        assert kept() == sorted([names["loaded"], names["evidence"]])
    first = merge(owner, names["loaded"], names["evidence"])
    assert kept() == [names["evidence"]]
    second = merge(owner, names["evidence"], names["attack"])
    assert kept() == [names["attack"]]
    undo(owner, second.uid)
    undo(owner, first.uid)
    assert kept() == sorted([names["loaded"], names["evidence"]])


def test_a_tag_that_was_merged_comes_back_by_the_undo(codebook, editor, tag):
    from annotations.codebook.actions import bring_back_tag

    surgery = merge(editor, tag("loaded").pk, tag("evidence").pk)
    with pytest.raises(Invalid, match="was merged into “evidence”"):
        bring_back_tag(editor, tag("loaded").pk)
    undo(editor, surgery.uid)
    assert tag("loaded").offered


def test_a_merge_costs_the_same_for_few_and_many_marks(codebook, editor, annotator, make, tag, settle_queries):
    settle_queries(1)  # rights are remembered from here on
    assert settle_queries(1) == settle_queries(300)
