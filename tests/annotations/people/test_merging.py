from __future__ import annotations

import random
import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.editing.actions import choose_passage, mark_passage
from annotations.models import (
    Annotation,
    Answer,
    Decision,
    Example,
    Flag,
    Invitation,
    Member,
    Presence,
    Question,
    Reply,
    Review,
    SavedQueue,
    SessionArticle,
    Surgery,
    TeamSession,
)
from annotations.people.actions import merge_people, separate_people
from annotations.people.queries import merge_of, obstacles_to_separating, own_verdicts, set_aside, what_moves
from annotations.people.tables import MOVES, STAYS, name_of, owned
from annotations.reading.scope import OUTSIDE
from opslens.accounts.actions import anonymise, set_active
from opslens.accounts.closing import keys_to_people
from opslens.articles.documents import document_of
from opslens.models import Article, Draft, Event, ReadingPosition, User
from opslens.web.refusals import Conflict, Denied, Invalid, Missing
from tests.support.teams import mark_in, start_session

UNCHANGING = {"opslens.event", "opslens.channel"}


@pytest.fixture
def root(person):
    return person("root", "Ruth Root", is_staff=True, is_superuser=True)


@pytest.fixture
def kept(annotator) -> User:
    return annotator


@pytest.fixture
def merged(second_annotator) -> User:
    return second_annotator


def everything() -> dict[str, list[dict]]:
    """Every row but those of the log."""
    models = [*apps.get_app_config("opslens").get_models(), *apps.get_app_config("annotations").get_models()]
    return {
        model._meta.label_lower: list(model._base_manager.order_by("pk").values())
        for model in models
        if model._meta.label_lower not in UNCHANGING
    }


def test_every_key_to_a_person_is_known():
    known = {name_of(model, field) for model, field in MOVES} | STAYS
    assert {f"{key.model._meta.label_lower}.{key.name}" for key in keys_to_people()} == known


def test_everything_of_one_becomes_the_others(root, kept, merged, mark, article, client_of):
    mine, theirs = mark(kept, "Nobody asked", "claim"), mark(merged, "That is a guess.", "opinion", note="Says who?")
    hidden = mark(merged, "The levy was never", "claim", visibility="private").annotation
    ReadingPosition.objects.create(reader=merged, revision=article.current, block=3)
    Presence.objects.create(place="article:1", person=merged, process="one", seen_at=timezone.now())
    client = client_of(merged)
    assert client.get("/account/profile/").status_code == 200
    before = OUTSIDE.state(kept, article)
    merge_people(root, merged, kept)
    assert set(Annotation.objects.values_list("author", "visibility")) == {(kept.pk, "public"), (kept.pk, "private")}
    merged.refresh_from_db()
    assert (merged.merged_into, merged.is_active) == (kept, False)
    assert ReadingPosition.objects.get().reader == kept
    assert not Presence.objects.exists()
    event = Event.objects.get(verb="people-merged")
    assert (event.channel.name, event.actor, event.subject) == ("site", root, f"user:{merged.pk}")
    assert event.after["rows"]["annotations.annotation.author"] == [theirs.annotation.pk, hidden.pk]
    assert merged.username not in str(event.after)
    assert client.get("/account/profile/").status_code == 302  # the session has ended
    assert OUTSIDE.state(kept, article) != before  # so pages that are kept with the old name are not asked for again
    assert mine.annotation in Annotation.objects.visible_to(kept)
    assert hidden in Annotation.objects.visible_to(kept)
    page = client_of(kept).get(article.get_absolute_url()).content.decode()
    assert merged.display_name not in page


def test_the_log_goes_on_naming_who_acted(root, kept, merged, mark):
    made = mark(merged, "That is a guess.", "opinion").annotation
    merge_people(root, merged, kept)
    assert Event.objects.get(subject=made.subject).actor == merged


def test_the_same_human_goes_on_with_the_marks(root, kept, merged, mark, article, client_of):
    from annotations.editing.actions import edit_mark

    made = mark(merged, "That is a guess.", "opinion").annotation
    merge_people(root, merged, kept)
    edit_mark(kept, made.uid, 1, note="A guess, yes.")
    made.refresh_from_db()
    assert (made.note, made.author) == ("A guess, yes.", kept)


def test_sessions_go_along(root, owner, kept, merged, article):
    session = start_session(owner, article, annotators=[merged])
    made = mark_in(session, merged, article, "That is a guess.", "opinion")
    merge_people(root, merged, kept)
    assert set(session.members.values_list("user", "role")) == {(owner.pk, "owner"), (kept.pk, "annotator")}
    assert made in Annotation.objects.visible_to(kept)
    assert mark_in(session, kept, article, "Nobody asked", "claim").author == kept
    told = Event.objects.get(verb="member-merged")
    assert (told.channel.name, told.before, told.after) == (session.channel, {"user": merged.pk}, {"user": kept.pk})


def test_who_may_merge(root, owner, kept, merged, person, clerk):
    plain = person("plain", is_staff=True)
    other = person("other-root", is_superuser=True)
    for actor, one, two in ((owner, merged, kept), (plain, merged, kept), (clerk, other, kept), (clerk, merged, other)):
        with pytest.raises(Denied):
            merge_people(actor, one, two)
    with pytest.raises(Denied):  # or a clerk could take over what is private to others
        merge_people(clerk, merged, clerk)
    with pytest.raises(Invalid):
        merge_people(root, root, kept)
    assert merge_people(clerk, merged, kept) == kept
    with pytest.raises(Denied):
        separate_people(owner, merged)
    separate_people(clerk, merged)


@pytest.fixture
def clerk(person):
    from django.contrib.auth.models import Permission

    clerk = person("clerk", "Cleo Clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="change_user"))
    return clerk


def test_two_readers_of_one_session_stay_two(root, owner, kept, merged, article):
    session = start_session(owner, article, annotators=[kept, merged], name="Harbour reading")
    Member.objects.filter(session=session, user=merged).update(left_at=timezone.now())
    before = everything()
    with pytest.raises(Conflict, match="“Harbour reading”"):
        merge_people(root, merged, kept)
    assert everything() == before


def test_what_else_stands_in_the_way(root, kept, merged, outsider, reviewer, article):
    for who in (merged, kept):
        Draft.objects.create(article=article, author=who, base=article.current, source=b"x")
    with pytest.raises(Conflict, match="“The harbour levy”"):
        merge_people(root, merged, kept)
    Draft.objects.filter(author=kept).delete()
    with pytest.raises(Conflict, match="two different"):
        merge_people(root, merged, merged)
    merge_people(root, merged, kept)
    with pytest.raises(Conflict, match="already"):
        merge_people(root, merged, outsider)
    with pytest.raises(Conflict, match="already"):
        merge_people(root, outsider, merged)
    anonymise(root, reviewer)
    for one, two in ((reviewer, kept), (kept, reviewer)):
        with pytest.raises(Conflict, match="anonymised"):
            merge_people(root, one, two)
    set_active(root, outsider, False)
    with pytest.raises(Conflict, match="deactivated"):
        merge_people(root, kept, outsider)


def test_a_merged_account_is_not_opened_by_itself(root, kept, merged):
    merge_people(root, merged, kept)
    with pytest.raises(Conflict):
        set_active(root, merged, True)
    with pytest.raises(Conflict, match="goes with it"):
        anonymise(root, merged)


def test_where_both_have_read_the_newer_place_counts(root, kept, merged, article):
    old, new = timezone.now() - timedelta(days=2), timezone.now() - timedelta(days=1)
    mine = ReadingPosition.objects.create(reader=kept, revision=article.current, block=1)
    theirs = ReadingPosition.objects.create(reader=merged, revision=article.current, block=5, offset=3)
    for row, at in ((mine, old), (theirs, new)):
        ReadingPosition.objects.filter(pk=row.pk).update(updated_at=at)
    merge_people(root, merged, kept)
    assert ReadingPosition.objects.filter(reader=kept).values_list("block", "offset", "updated_at").get() == (5, 3, new)
    # Who has read on since then keeps the place.
    ReadingPosition.objects.get(reader=kept).save()
    separate_people(root, merged)
    assert ReadingPosition.objects.get(reader=kept).block == 5
    assert ReadingPosition.objects.filter(reader=merged).values_list("block", "updated_at").get() == (5, new)


def test_one_flag_of_two_stays_open(root, owner, kept, merged, mark):
    made = mark(owner, "That is a guess.", "opinion").annotation
    for who in (kept, merged):
        Flag.objects.create(annotation=made, reader=who, reason=f"{who.username} says")
    assert set_aside(merged, kept) == [
        "1 flags on marks that both have flagged: one stays open, the other is withdrawn"
    ]
    merge_people(root, merged, kept)
    assert set(Flag.objects.values_list("reason", "reader", "outcome")) == {
        ("annotator says", kept.pk, ""),
        ("second says", kept.pk, "withdrawn"),
    }
    separate_people(root, merged)
    assert set(Flag.objects.values_list("reader", "outcome", "settled_at")) == {
        (kept.pk, "", None),
        (merged.pk, "", None),
    }


def test_a_word_on_ones_own_marks_is_told_of(kept, merged, mark):
    made = mark(kept, "That is a guess.", "opinion").annotation
    Review.objects.create(annotation=made, verdict="accepted", reviewer=merged, version=1)
    assert own_verdicts(merged, kept) == ["1 verdicts of one on marks of the other"]
    assert what_moves(merged) == [("reviews (reviewer)", 1)]


def test_accounts_are_separated_in_the_order_of_merging(root, kept, merged, outsider):
    before = everything()
    merge_people(root, merged, outsider)
    merge_people(root, outsider, kept)
    with pytest.raises(Conflict, match="Separate that one first"):
        separate_people(root, merged)
    separate_people(root, outsider)
    separate_people(root, merged)
    assert everything() == before
    with pytest.raises(Missing):
        separate_people(root, merged)


def test_what_cannot_be_told_apart_is_not_separated(root, owner, kept, merged, article):
    session = start_session(owner, article, annotators=[merged])
    merge_people(root, merged, kept)
    assert obstacles_to_separating(merge_of(User.objects.get(pk=merged.pk))) == []
    mark_in(session, kept, article, "That is a guess.", "opinion")
    before = everything()
    with pytest.raises(Conflict, match="told apart"):
        separate_people(root, merged)
    assert everything() == before


def test_somebody_who_was_seated_again_is_not_separated(root, owner, kept, merged, article):
    session = start_session(owner, article, annotators=[merged])
    merge_people(root, merged, kept)
    Member.objects.create(session=session, user=merged, role=Member.OBSERVER)
    with pytest.raises(Conflict, match="again"):
        separate_people(root, merged)


def test_what_somebody_does_after_the_merge_stays_theirs(root, kept, merged, mark):
    theirs = mark(merged, "That is a guess.", "opinion").annotation
    merge_people(root, merged, kept)
    later = mark(kept, "Nobody asked", "claim").annotation
    separate_people(root, merged)
    assert dict(Annotation.objects.values_list("pk", "author")) == {theirs.pk: merged.pk, later.pk: kept.pk}
    event = Event.objects.get(verb="people-separated")
    assert event.after == {
        "merged": merged.pk,
        "kept": kept.pk,
        "undoes": Event.objects.get(verb="people-merged").number,
    }


def test_a_merged_account_becomes_nameless_with_the_one_it_is_in(root, kept, merged):
    merge_people(root, merged, kept)
    anonymise(root, kept)
    for person in (kept, merged):
        person.refresh_from_db()
        assert (person.username, person.display_name) == (f"former-{person.pk}", f"Former reader {person.pk}")
    with pytest.raises(Conflict, match="anonymised"):
        separate_people(root, merged)


def test_merging_thousands_of_marks_is_a_few_statements(root, kept, merged, article, django_assert_max_num_queries):
    now = timezone.now()
    Annotation.objects.bulk_create(
        Annotation(
            article=article,
            revision_id=article.current_id,
            author=merged,
            quote="x",
            visibility="public",
            idempotency_key=f"k{number}",
            created_at=now,
            updated_at=now,
        )
        for number in range(2_000)
    )
    with django_assert_max_num_queries(60):
        merge_people(root, merged, kept)
    assert owned(Annotation, "author", kept).count() == 2_000
    with django_assert_max_num_queries(60):
        separate_people(root, merged)
    assert owned(Annotation, "author", merged).count() == 2_000


# Whatever the two have: merging and separating gives the exact rows back.


def rows_of(people: list[User], article: Article, codebook, lots: random.Random) -> None:
    """Some rows of everything that can name a person, dealt at random."""
    revision, now = article.current, timezone.now()
    a, b, *others = people

    def someone() -> User:
        return lots.choice(people)

    for number in range(lots.randrange(4)):
        leader = lots.choice([a, b, others[0]])
        session = TeamSession.objects.create(
            name=f"S{number}", codebook=codebook, created_by=someone(), phase=TeamSession.REVEALED
        )
        Member.objects.create(session=session, user=leader, role=Member.OWNER)
        if leader is others[0]:
            Member.objects.create(session=session, user=lots.choice([a, b]), role=Member.ANNOTATOR, reads=True)
        here = SessionArticle.objects.create(session=session, article=article, revision=revision)
        decision = Decision.objects.create(
            session_article=here, start=0, end=5, verdict="accepted", decided_by=lots.choice([None, leader])
        )
        Answer.objects.create(decision=decision, reader=leader, text="Well.")
        Question.objects.create(session=session, asker=leader, text="Why?", answered_by=lots.choice([None, leader]))
        Invitation.objects.create(session=session, role="observer", expires_at=now, created_by=leader)
    for _ in range(lots.randrange(1, 7)):
        author = someone()
        mark = Annotation.objects.create(
            article=article,
            revision=revision,
            author=author,
            quote="words",
            visibility=lots.choice(["public", "private"]),
            # The same key for different people: as if two accounts had sent the same request.
            idempotency_key=f"key-{lots.randrange(3)}-{Annotation.objects.filter(author=author).count()}",
            created_at=now,
            updated_at=now,
            deleted_at=lots.choice([None, now]),
        )
        for reader in people:
            if lots.random() < 0.5:
                Flag.objects.create(annotation=mark, reader=reader, reason="Hm.", settled_by=lots.choice([None, a, b]))
        Review.objects.create(annotation=mark, verdict="accepted", reviewer=someone(), version=1)
        replier = someone()
        key = f"r{Reply.objects.filter(author=replier).count()}"
        Reply.objects.create(annotation=mark, author=replier, text="So?", key=key)
    for person in people:
        if lots.random() < 0.6:
            row = ReadingPosition.objects.create(reader=person, revision=revision, block=lots.randrange(9))
            at = now - timedelta(minutes=lots.randrange(9))
            ReadingPosition.objects.filter(pk=row.pk).update(updated_at=at)
        for name in ("", "mine"):
            if lots.random() < 0.5:
                SavedQueue.objects.create(reviewer=person, name=name, query="state=unreviewed")
    if lots.random() < 0.5:
        Draft.objects.create(article=article, author=lots.choice([a, b]), base=revision, source=b"x")
    tag, other = codebook.tags.all()[:2]
    Surgery.objects.create(codebook=codebook, kind="merge", source=tag, target=other, actor=someone())
    Example.objects.create(tag=tag, kind="clear", words="words", added_by=someone())


@given(seed=st.integers(0, 2**32))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_merging_and_separating_gives_the_exact_rows_back(root, kept, merged, outsider, article, codebook, seed):
    with transaction.atomic():
        rows_of([kept, merged, outsider], article, codebook, random.Random(seed))
        others = {name_of(*where): owned(*where, outsider).count() for where in MOVES}
        before = everything()
        counts = {name_of(*where): owned(*where, kept).count() + owned(*where, merged).count() for where in MOVES}
        merge_people(root, merged, kept)
        for where in MOVES:
            left = owned(*where, merged).count()
            assert left == 0 or where[0] in (ReadingPosition, SavedQueue)
            assert owned(*where, kept).count() + left == counts[name_of(*where)]
            assert owned(*where, outsider).count() == others[name_of(*where)]
        separate_people(root, merged)
        after = everything()
        for name in before:
            assert after[name] == before[name], name
        transaction.set_rollback(True)


# --- Who writes meanwhile ---


def marked_by(reader, article):
    words = "Nobody asked the fishermen."
    start = document_of(article.current_id).text.index(words)
    passage = choose_passage(article.current_id, start, start + len(words), words)
    return mark_passage(reader, article.current, passage, tags=[], key=str(uuid.uuid4())).annotation


def test_who_was_merged_a_moment_ago_writes_nothing_any_more(root, kept, merged, article):
    late = User.objects.get(pk=merged.pk)
    merge_people(root, merged, kept)
    with pytest.raises(Conflict, match="merged into another one"):
        marked_by(late, article)
    assert Annotation.objects.count() == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_accounts_are_merged_after_who_is_writing_with_what_they_wrote(transactional_db, root, kept, merged, article):
    marked, is_waiting = threading.Event(), threading.Event()
    problems: list[BaseException] = []

    def write() -> None:
        try:
            with transaction.atomic():
                marked_by(merged, article)
                marked.set()
                assert is_waiting.wait(20)
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    def watch() -> None:
        """Until somebody waits for a lock."""
        try:
            for _ in range(400):
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    )
                    if cursor.fetchone():
                        break
                time.sleep(0.02)
        finally:
            is_waiting.set()
            connection.close()

    threads = [threading.Thread(target=work) for work in (write, watch)]
    threads[0].start()
    assert marked.wait(20)
    threads[1].start()
    merge_people(root, merged, kept)
    for thread in threads:
        thread.join(20)
    assert problems == []
    assert Annotation.objects.get().author == kept
