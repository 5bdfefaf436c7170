"""Rows of everything that the administration lists, as many as one likes."""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from annotations.models import (
    Anchor,
    Annotation,
    AnnotationTag,
    Answer,
    Assignment,
    Codebook,
    Considered,
    Crossing,
    Decision,
    Example,
    Flag,
    Invitation,
    Member,
    Presence,
    Question,
    Reply,
    Retagging,
    Review,
    SavedQueue,
    SessionArticle,
    Surgery,
    Tag,
    TagGroup,
    TeamSession,
)
from opslens.activity.record import record
from opslens.models import Article, Channel, Draft, Event, ReadingPosition, Revision, SearchPassage, User

PLAIN = [
    *[User, Article, Revision, Draft, SearchPassage, ReadingPosition, Channel, Event],
    *[Codebook, TagGroup, Tag, Annotation, Anchor, Crossing, Review, Flag, SavedQueue, Surgery, Retagging, Example],
    *[TeamSession, Member, SessionArticle, Assignment, Invitation, Question, Reply, Decision, Answer, Presence],
]
DJANGOS = [Group, AccessAttempt]
LISTED = [*PLAIN, *DJANGOS]


@transaction.atomic
def make_rows(first: int, stop: int) -> None:
    """Rows `first` to `stop` of each model, each with related rows of its own, so that a list that asks for them one by
    one is caught."""
    now = timezone.now()
    numbers = range(first, stop)

    def made(model, **fields):
        """One row for each number; a function among the fields is called with the position and the number."""
        rows = [
            model(**{name: value(at, number) if callable(value) else value for name, value in fields.items()})
            for at, number in enumerate(numbers)
        ]
        return model._base_manager.bulk_create(rows, batch_size=200)

    def one(rows):
        return lambda at, number: rows[at]

    def named(words):
        return lambda at, number: words.format(number)

    people = made(User, username=named("reader{}"), display_name=named("Reader {}"), last_login=now, date_joined=now)
    made(Group, name=named("Group {}"))
    Group.user_set.through.objects.bulk_create(
        Group.user_set.through(group=group, user=person)
        for group, person in zip(Group.objects.order_by("-pk")[: len(people)], people, strict=True)
    )
    made(AccessAttempt, username=named("x{}"), ip_address="10.0.0.1", failures_since_start=1)
    articles = made(
        Article, slug=named("a{}"), title=named("Article {}"), direction="ltr", imported_by=one(people), created_at=now
    )
    revisions = made(
        Revision,
        article=one(articles),
        number=1,
        source=b"RAW-BYTES-OF-THE-SOURCE",
        source_format="text",
        source_encoding="utf-8",
        html="<p>Words</p>",
        text="Words",
        block_table="[]",
        digest="1" * 64,
        policy_version=1,
        word_count=1,
        created_by=one(people),
    )
    for article, revision in zip(articles, revisions, strict=True):
        article.current = revision
    Article.objects.bulk_update(articles, ["current"], batch_size=200)
    made(SearchPassage, article=one(articles), number=0, start=0, length=5, words="words")
    made(ReadingPosition, reader=one(people), revision=one(revisions), block=0)
    made(Draft, article=one(articles), author=one(people), base=one(revisions), source=b"Other words.")
    books = made(Codebook, name=named("Book {}"))
    groups = made(TagGroup, codebook=one(books), key=named("g{}"), name=named("Group {}"))
    tags = made(Tag, codebook=one(books), group=one(groups), name=named("tag {}"), slot=1)
    sessions = made(TeamSession, name=named("Session {}"), codebook=one(books), created_by=one(people), is_blind=False)
    marks = made(
        Annotation,
        article=one(articles),
        revision=one(revisions),
        author=one(people),
        quote="Words",
        note="A note.",
        visibility="public",
        idempotency_key=named("key-{}"),
        created_at=now,
        updated_at=now,
    )
    made(AnnotationTag, annotation=one(marks), tag=one(tags))
    anchors = made(Anchor, annotation=one(marks), revision=one(revisions), start=0, end=5, first_block=0, last_block=0)
    made(Crossing, anchor=one(anchors), revision=one(revisions), block=1)
    made(Review, annotation=one(marks), verdict="accepted", reviewer=one(people), version=1)
    made(Flag, annotation=one(marks), reader=one(people), reason="Hm.", settled_by=one(people))
    made(SavedQueue, reviewer=one(people), name="mine")
    surgeries = made(Surgery, codebook=one(books), kind="merge", source=one(tags), target=one(tags), actor=one(people))
    made(
        Retagging,
        surgery=one(surgeries),
        tagging=lambda at, number: number,
        annotation=one(marks),
        tag=one(tags),
        became=one(tags),
    )
    made(Example, tag=one(tags), annotation=one(marks), kind="clear", words="Words", added_by=one(people))
    members = made(Member, session=one(sessions), user=one(people), role=Member.OWNER, reads=True)
    here = made(SessionArticle, session=one(sessions), article=one(articles), revision=one(revisions))
    made(Assignment, session_article=one(here), member=one(members), opened_at=now)
    until = now + timedelta(days=1)
    made(Invitation, session=one(sessions), role=Member.ANNOTATOR, expires_at=until, created_by=one(people))
    made(
        Question,
        session=one(sessions),
        session_article=one(here),
        asker=one(people),
        text="Why?",
        answered_by=one(people),
    )
    made(Reply, annotation=one(marks), author=one(people), text="Because.", key=named("r{}"))
    decisions = made(Decision, session_article=one(here), start=0, end=5, verdict="accepted", decided_by=one(people))
    made(Considered, decision=one(decisions), annotation=one(marks), version=1)
    made(Answer, decision=one(decisions), reader=one(people), text="I see.")
    made(Presence, place=named("article:{}"), person=one(people), process="one", seen_at=now)
    for article, person in zip(articles, people, strict=True):
        record(article.channel, "article-imported", actor=person, subject=f"article:{article.pk}", after={"title": "x"})
