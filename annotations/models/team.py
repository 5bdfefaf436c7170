"""A team session: people who read the same articles with one codebook, through phases that decide who sees what.

What a viewer may see of a session's marks is decided here and in `AnnotationQuerySet`, nowhere else.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from annotations.models.codebook import Codebook
from annotations.models.names import new_uid
from opslens.models import Article, Revision

PEOPLE = settings.AUTH_USER_MODEL


class TeamSessionQuerySet(models.QuerySet):
    def of(self, viewer) -> TeamSessionQuerySet:
        """Sessions that this viewer is a member of today, and that are not in the trash."""
        if not viewer.is_authenticated:
            return self.none()
        return self.filter(members__user_id=viewer.pk, members__left_at=None, deleted_at=None)

    def in_trash_of(self, viewer) -> TeamSessionQuerySet:
        """Sessions that this viewer owns and has put into the trash."""
        if not viewer.is_authenticated:
            return self.none()
        return self.filter(
            members__user_id=viewer.pk, members__role=Member.OWNER, members__left_at=None, deleted_at__isnull=False
        )

    def with_all_marks_open_to(self, viewer) -> TeamSessionQuerySet:
        """Sessions of this viewer in which they read everybody's marks today."""
        if not viewer.is_authenticated:
            return self.none()
        mine = Q(members__user_id=viewer.pk, members__left_at=None)
        overseeing = Q(members__role__in=Member.OVERSEERS, members__reads=False)
        # One filter, so that every condition on a member speaks of one and the same row.
        return self.filter(mine & (overseeing | ~hidden()), deleted_at=None)

    def under_review_by(self, viewer) -> TeamSessionQuerySet:
        """Sessions in which this viewer gives verdicts on marks today: they oversee it, marks are shown to all, and
        nothing is published yet."""
        if not viewer.is_authenticated:
            return self.none()
        mine = Q(members__user_id=viewer.pk, members__left_at=None, members__role__in=Member.OVERSEERS)
        running = Q(phase__in=TeamSession.REVIEWED) & ~hidden()
        return self.filter(mine & running, deleted_at=None, calibrates=None)

    def finished(self) -> TeamSessionQuerySet:
        """Sessions whose marks everybody may read who may read the article."""
        return self.filter(phase__in=TeamSession.OUT, deleted_at=None)


def hidden() -> Q:
    """The sessions in which annotators see their own marks alone."""
    return Q(phase__in=TeamSession.BEFORE_REVEAL, is_blind=True)


class TeamSession(models.Model):
    DRAFT, ANNOTATING, REVEALED = "draft", "annotating", "revealed"
    ADJUDICATING, PUBLISHED, ARCHIVED = "adjudicating", "published", "archived"
    PHASES = [
        (DRAFT, "draft"),
        (ANNOTATING, "annotating"),
        (REVEALED, "revealed"),
        (ADJUDICATING, "adjudicating"),
        (PUBLISHED, "published"),
        (ARCHIVED, "archived"),
    ]
    ORDER = [phase for phase, _ in PHASES]
    BEFORE_REVEAL = (DRAFT, ANNOTATING)
    TAKES_MARKS = (ANNOTATING, REVEALED)
    SETTLED = (ADJUDICATING, PUBLISHED, ARCHIVED)
    OUT = (PUBLISHED, ARCHIVED)
    REVIEWED = (ANNOTATING, REVEALED, ADJUDICATING)

    uid = models.CharField(max_length=10, unique=True, default=new_uid, editable=False)
    name = models.CharField(max_length=120)
    guidelines = models.TextField(blank=True, help_text="How to read, in Markdown")
    codebook = models.ForeignKey(Codebook, on_delete=models.PROTECT, related_name="sessions")
    phase = models.CharField(max_length=12, choices=PHASES, default=DRAFT)
    is_blind = models.BooleanField(
        "blind until revealed", default=True, help_text="Until then annotators see their own marks alone."
    )
    readers_each = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How many readers each article gets; empty for everybody"
    )
    deadline = models.DateTimeField(null=True, blank=True)
    reveal_at_deadline = models.BooleanField(default=False)
    reveal_when_done = models.BooleanField("reveal when all are done", default=False)
    coverage_share = models.FloatField(
        default=0.5, help_text="A mark covers a sentence when it holds this share of it …"
    )
    coverage_characters = models.PositiveSmallIntegerField(default=15, help_text="… or at least so many characters")
    calibration = models.ForeignKey(
        "SessionArticle",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The settled article that readers mark first, to see where they differ",
    )
    calibrates = models.ForeignKey(
        "SessionArticle",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Set when this is one reader’s own calibration on that article",
    )
    created_by = models.ForeignKey(PEOPLE, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    phase_since = models.DateTimeField(default=timezone.now)
    revealed_at = models.DateTimeField(null=True, blank=True, help_text="When marks were first shown to all")
    published_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = TeamSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(phase__in=["draft", "annotating", "revealed", "adjudicating", "published", "archived"]),
                name="session_phase_known",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="session_has_a_name"),
            models.CheckConstraint(
                condition=Q(readers_each=None) | Q(readers_each__gte=1), name="session_readers_from_one"
            ),
            models.CheckConstraint(
                condition=Q(coverage_share__gt=0, coverage_share__lte=1), name="session_coverage_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("teams:session", args=[self.uid])

    @property
    def edition_url(self) -> str:
        return reverse("edition:edition", args=[self.uid])

    @property
    def subject(self) -> str:
        """Its name in events."""
        return f"session:{self.uid}"

    @property
    def channel(self) -> str:
        """The event channel of what concerns everybody in the session: phases, people, articles."""
        return f"team:{self.pk}"

    def marks_channel(self, article_id: int, author_id: int) -> str:
        """The event channel of what this author does to marks on this article today.

        While marks are hidden everybody has a channel of their own, so that neither numbers nor live updates nor what
        is kept by them can tell one annotator that another has done something.
        """
        shared = f"{self.channel}:a{article_id}"
        return f"{shared}:u{author_id}" if self.hides_marks else shared

    def person_channel(self, user_id: int) -> str:
        """The event channel of what concerns one person: their progress and their questions."""
        return f"{self.channel}:p{user_id}"

    @property
    def hides_marks(self) -> bool:
        """Whether annotators see their own marks alone."""
        return self.is_blind and self.phase in self.BEFORE_REVEAL

    @property
    def shows_marks(self) -> bool:
        """Whether its members read one another's marks, and what is said about them."""
        return not self.hides_marks and self.phase != self.DRAFT

    @property
    def takes_marks(self) -> bool:
        return self.phase in self.TAKES_MARKS

    def is_overdue(self, now: datetime | None = None) -> bool:
        """Whether the deadline has passed, by the server's clock."""
        return self.deadline is not None and (now or timezone.now()) >= self.deadline

    @property
    def is_due(self) -> bool:
        """Whether its deadline asks for its marks to be revealed now."""
        is_running = self.phase == self.ANNOTATING and self.calibrates_id is None
        return is_running and self.reveal_at_deadline and self.is_overdue()


def hold(session_id: int) -> TeamSession | None:
    """The session, held as it is until the caller's transaction ends: its phase cannot change meanwhile, and those who
    merely hold it do not wait for one another. None when it is not there."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM annotations_teamsession WHERE id = %s FOR SHARE", [session_id])
    return TeamSession.objects.filter(pk=session_id, deleted_at=None).first()


class Member(models.Model):
    """A person in a session. Who leaves or is removed keeps the row, with `left_at`; their marks stay."""

    OWNER, REVIEWER, ANNOTATOR, OBSERVER = "owner", "reviewer", "annotator", "observer"
    ROLES = [(OWNER, "owner"), (REVIEWER, "reviewer"), (ANNOTATOR, "annotator"), (OBSERVER, "observer")]
    OVERSEERS = (OWNER, REVIEWER)

    session = models.ForeignKey(TeamSession, on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(PEOPLE, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=9, choices=ROLES)
    reads = models.BooleanField(
        default=False, help_text="Gets articles to read. Annotators do; owners and reviewers who do see as little."
    )
    joined_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["joined_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="member_once"),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "reviewer", "annotator", "observer"]), name="member_role_known"
            ),
            models.CheckConstraint(
                condition=(Q(role="annotator", reads=True) | ~Q(role="annotator")) & ~Q(role="observer", reads=True),
                name="annotators_read_observers_do_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.session_id}"

    @property
    def is_owner(self) -> bool:
        return self.role == self.OWNER

    @property
    def oversees(self) -> bool:
        """Owner or reviewer."""
        return self.role in self.OVERSEERS

    def sees_all_marks(self, session: TeamSession) -> bool:
        """The same as `with_all_marks_open_to`, for a member in hand."""
        return self.left_at is None and (not session.hides_marks or (self.oversees and not self.reads))


class SessionArticle(models.Model):
    """An article of a session, in the revision that everybody reads: units and passages are those of this text."""

    session = models.ForeignKey(TeamSession, on_delete=models.CASCADE, related_name="articles", db_index=False)
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["session", "article"], name="article_once_in_a_session")]

    def __str__(self) -> str:
        return f"{self.article} in {self.session_id}"


class Assignment(models.Model):
    """One reader and one article: how far they are."""

    NEW, READING, DONE, SKIPPED = "new", "reading", "done", "skipped"
    STATES = [(NEW, "not begun"), (READING, "reading"), (DONE, "done"), (SKIPPED, "skipped")]
    OPEN = (NEW, READING)

    session_article = models.ForeignKey(
        SessionArticle, on_delete=models.CASCADE, related_name="assignments", db_index=False
    )
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="assignments")
    state = models.CharField(max_length=7, choices=STATES, default=NEW)
    reason = models.CharField(max_length=400, blank=True, help_text="Why it was skipped")
    note = models.TextField(blank=True, help_text="What the reader noted about the article as a whole")
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When it was done or skipped")
    at_reveal = models.JSONField(
        null=True, blank=True, help_text="The reader’s marks when they were first shown to others, with the state then"
    )

    class Meta:
        ordering = ["session_article__position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["session_article", "member"], name="assigned_once"),
            models.CheckConstraint(
                condition=Q(state__in=["new", "reading", "done", "skipped"]), name="assignment_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} reads {self.session_article_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def note_digest(self) -> str:
        """Stands for the note as it is now, in forms that change it."""
        return hashlib.sha256(self.note.encode()).hexdigest()[:16]


class Invitation(models.Model):
    """A link that makes whoever opens it a member. The link is this row's uid, signed."""

    uid = models.CharField(max_length=10, unique=True, default=new_uid, editable=False)
    session = models.ForeignKey(TeamSession, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=9, choices=Member.ROLES)
    most_uses = models.PositiveSmallIntegerField(default=1)
    uses = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(PEOPLE, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(uses__lte=F("most_uses")), name="invitation_uses_limited"),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "reviewer", "annotator", "observer"]), name="invitation_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} in {self.session_id}"

    def is_open(self, now: datetime | None = None) -> bool:
        """Whether somebody may still join by it, by the server's clock."""
        return self.revoked_at is None and self.uses < self.most_uses and (now or timezone.now()) < self.expires_at


class Question(models.Model):
    """What a reader asks the reviewers; others see neither the question nor the answer."""

    session = models.ForeignKey(TeamSession, on_delete=models.CASCADE, related_name="questions")
    session_article = models.ForeignKey(
        SessionArticle, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asker = models.ForeignKey(PEOPLE, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    asked_at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(PEOPLE, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="question_has_words")]

    def __str__(self) -> str:
        return self.text[:60]


class Reply(models.Model):
    """What a member says under a mark; one level, no replies to replies."""

    annotation = models.ForeignKey("Annotation", on_delete=models.CASCADE, related_name="replies")
    author = models.ForeignKey(PEOPLE, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    key = models.CharField(max_length=36, help_text="Of the request that made it: sent twice, it makes one reply")

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name_plural = "replies"
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="reply_has_words"),
            models.UniqueConstraint(fields=["author", "key"], name="one_reply_per_request"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
