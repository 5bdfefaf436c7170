"""What a reader marked, and where it stands in each revision."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from annotations.models.codebook import Tag, TagGroup
from annotations.models.names import new_uid
from annotations.models.team import Member, TeamSession
from opslens.models import Article, Revision
from opslens.text.anchoring import AMBIGUOUS, CHANGED, EXACT, LOST, MOVED


class AnnotationQuerySet(models.QuerySet):
    """The only doors to annotations: what a viewer may read is decided here (`docs/architecture.md`, Visibility)."""

    def visible_to(self, viewer) -> AnnotationQuerySet:
        """Those that this viewer may read, in sessions and outside of them."""
        if not viewer.is_authenticated:
            out = Q(session__in=TeamSession.objects.finished())
            return self._here().filter(_outside(viewer) | out, article__is_public=True)
        own = Q(author_id=viewer.pk, session__in=TeamSession.objects.of(viewer))
        open_to_all = Q(session__in=TeamSession.objects.with_all_marks_open_to(viewer))
        out = Q(session__in=TeamSession.objects.finished())
        return self._here().filter(_outside(viewer) | own | open_to_all | out)

    def outside_sessions(self, viewer) -> AnnotationQuerySet:
        """Those of `visible_to` that belong to no session."""
        here = self._here().filter(_outside(viewer))
        return here if viewer.is_authenticated else here.filter(article__is_public=True)

    def in_session(self, session: TeamSession, member: Member | None, viewer) -> AnnotationQuerySet:
        """Those of `visible_to` in one session that is not in the trash. `member` is the viewer's membership, None for
        somebody without one."""
        here = self._here().filter(session=session)
        if session.phase in TeamSession.OUT:
            return here if viewer.is_authenticated else here.filter(article__is_public=True)
        if member is None or member.left_at is not None:
            return here.none()
        return here if member.sees_all_marks(session) else here.filter(author_id=viewer.pk)

    def under_review_by(self, viewer) -> AnnotationQuerySet:
        """Those of `visible_to` that this viewer may give a verdict on: of others, in sessions that they oversee and in
        which marks are shown, and public ones outside of sessions for who has the right to review those."""
        if not viewer.is_authenticated:
            return self.none()
        there = Q(session__in=TeamSession.objects.under_review_by(viewer))
        if viewer.is_active and viewer.has_perm("annotations.review_annotation"):
            there |= Q(session=None, visibility=Annotation.PUBLIC)
        return self._here().filter(there).exclude(author_id=viewer.pk)

    def in_trash_of(self, viewer) -> AnnotationQuerySet:
        """What this viewer deleted and may restore."""
        if not viewer.is_authenticated:
            return self.none()
        place = Q(session=None) | Q(session__in=TeamSession.objects.of(viewer))
        return self.filter(place, author_id=viewer.pk, deleted_at__isnull=False, article__deleted_at=None)

    def _here(self) -> AnnotationQuerySet:
        return self.filter(deleted_at=None, article__deleted_at=None)


def _outside(viewer) -> Q:
    """Personal marks that this viewer may read, as far as the mark goes."""
    public = Q(visibility=Annotation.PUBLIC)
    return Q(session=None) & (Q(author_id=viewer.pk) | public if viewer.is_authenticated else public)


class Annotation(models.Model):
    """A reader's mark: one range of words, tags, and a note. Where it stands is an `Anchor` per revision.

    Who sees a mark that was made in a team session is for the session to say: its visibility is `team`.
    """

    PRIVATE, PUBLIC, TEAM = "private", "public", "team"
    UNREVIEWED, ACCEPTED, REJECTED, RETURNED = "unreviewed", "accepted", "rejected", "returned"
    REVIEW_STATES = [
        (UNREVIEWED, "not reviewed"),
        (ACCEPTED, "accepted"),
        (REJECTED, "rejected"),
        (RETURNED, "returned to its author"),
    ]

    uid = models.CharField(max_length=10, unique=True, default=new_uid, editable=False)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="annotations")
    revision = models.ForeignKey(
        Revision,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The revision in which its passage was chosen, last if more than once",
    )
    session = models.ForeignKey(
        TeamSession,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="marks",
        db_index=False,
    )
    # Foreign keys that another index begins with have none of their own: each index is pages to write for each mark.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="annotations", db_index=False
    )
    quote = models.TextField(help_text="The exact words in that revision")
    note = models.TextField(blank=True)
    visibility = models.CharField(max_length=7, choices=[(PRIVATE, "private"), (PUBLIC, "public"), (TEAM, "team")])
    tags = models.ManyToManyField(Tag, through="AnnotationTag", related_name="annotations")
    version = models.PositiveIntegerField(default=1)
    idempotency_key = models.CharField(max_length=36)
    # A change by its author makes a mark unreviewed again; the verdicts stay (`Review`).
    review_state = models.CharField(max_length=10, choices=REVIEW_STATES, default=UNREVIEWED, editable=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        verbose_name = "mark"
        ordering = ["-created_at", "-id"]
        permissions = [("review_annotation", "Can review public annotations")]
        constraints = [
            models.CheckConstraint(
                condition=Q(review_state__in=["unreviewed", "accepted", "rejected", "returned"]),
                name="mark_review_state_known",
            ),
            models.UniqueConstraint(fields=["author", "idempotency_key"], name="one_mark_per_request"),
            models.CheckConstraint(
                condition=Q(session=None, visibility__in=["private", "public"])
                | Q(session__isnull=False, visibility="team"),
                name="visibility_known",
            ),
            models.CheckConstraint(condition=~Q(quote=""), name="mark_has_words"),
            models.CheckConstraint(condition=Q(version__gte=1), name="mark_version_from_one"),
        ]
        indexes = [
            models.Index(
                fields=["author", "-deleted_at"], name="trash_by_author", condition=Q(deleted_at__isnull=False)
            ),
            models.Index(fields=["session", "article"], name="mark_by_session", condition=Q(session__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.quote[:60]} ({self.author})"

    def get_absolute_url(self) -> str:
        return reverse("editing:passage", args=[self.uid])

    @property
    def subject(self) -> str:
        """Its name in events."""
        return f"annotation:{self.uid}"

    @property
    def channel(self) -> str:
        """The event channel on which changes of it are told today."""
        if self.session_id is None:
            return self.article.channel
        return self.session.marks_channel(self.article_id, self.author_id)


class AnnotationTag(models.Model):
    """One tag on one mark. `exclusive_group` repeats the tag's group when that group is exclusive, so that the
    database itself refuses a second tag of it."""

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="taggings", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="taggings")
    exclusive_group = models.ForeignKey(TagGroup, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["annotation", "tag"], name="tag_once_per_mark"),
            models.UniqueConstraint(fields=["annotation", "exclusive_group"], name="one_of_an_exclusive_group"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} on {self.annotation_id}"


class AnchorQuerySet(models.QuerySet):
    def placed(self) -> AnchorQuerySet:
        """Those that stand somewhere in their revision."""
        return self.filter(start__isnull=False)


class Anchor(models.Model):
    """Where an annotation stands in one revision: [start, end) in code points, and the blocks it touches; or that it
    stands nowhere there.

    A person chose the place (`chosen`), or it was `carried` from the newest revision in which a person did
    (`Annotation.revision`). Looking up the marks of some blocks must not read those of others: marks that begin in
    them are found by `first_block`, those that reach into them from before by a `Crossing` of the first of these
    blocks.
    """

    EXACT, MOVED, CHANGED, AMBIGUOUS, LOST = EXACT, MOVED, CHANGED, AMBIGUOUS, LOST
    STATES = [
        (EXACT, "same words, same place"),
        (MOVED, "same words, elsewhere"),
        (CHANGED, "words changed"),
        (AMBIGUOUS, "several places"),
        (LOST, "passage gone"),
    ]
    CHOSEN, CARRIED = "chosen", "carried"

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="anchors", db_index=False)
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="anchors", db_index=False)
    start = models.PositiveIntegerField(null=True)
    end = models.PositiveIntegerField(null=True)
    first_block = models.PositiveIntegerField(null=True)
    last_block = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=9, choices=STATES, default=EXACT)
    method = models.CharField(
        max_length=7, choices=[(CHOSEN, "by a person"), (CARRIED, "from an earlier revision")], default=CHOSEN
    )
    score = models.FloatField(default=1.0, help_text="Share of the passage’s words that stand there, 0 to 1")
    is_doubtful = models.BooleanField("doubtful", default=False, help_text="Placed, but a person should look")
    looked_at = models.DateTimeField(null=True, blank=True, help_text="When a person said that it may stay like this")

    objects = AnchorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["annotation", "revision"], name="one_anchor_per_revision"),
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="anchor_not_empty"),
            models.CheckConstraint(condition=Q(first_block__lte=F("last_block")), name="anchor_blocks_in_order"),
            models.CheckConstraint(
                condition=Q(state__in=[AMBIGUOUS, LOST], start=None, end=None, first_block=None, last_block=None)
                | Q(
                    state__in=[EXACT, MOVED, CHANGED],
                    start__isnull=False,
                    end__isnull=False,
                    first_block__isnull=False,
                    last_block__isnull=False,
                ),
                name="anchor_placed_or_not",
            ),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="anchor_score_is_a_share"),
        ]
        indexes = [
            models.Index(fields=["revision", "first_block", "start"], name="anchor_by_block"),
            models.Index(fields=["revision"], name="anchor_astray", condition=Q(start=None) | Q(is_doubtful=True)),
        ]

    def __str__(self) -> str:
        return (
            f"[{self.start}, {self.end}) in {self.revision_id}"
            if self.is_placed
            else f"{self.state} in {self.revision_id}"
        )

    @property
    def is_placed(self) -> bool:
        return self.start is not None

    def crossings(self) -> list[Crossing]:
        """The rows that belong to it for the blocks after its first."""
        if not self.is_placed:
            return []
        blocks = range(self.first_block + 1, self.last_block + 1)
        return [Crossing(anchor=self, revision_id=self.revision_id, block=block) for block in blocks]


class Crossing(models.Model):
    """A block that an anchor reaches into from an earlier one."""

    anchor = models.ForeignKey(Anchor, on_delete=models.CASCADE, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="+", db_index=False)
    block = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revision", "block", "anchor"], name="crossing_by_block")]

    def __str__(self) -> str:
        return f"{self.anchor_id} in block {self.block}"
