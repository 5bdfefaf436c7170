"""What reviewers say about marks, what readers ask them to look at, and what they look through."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotations.models.annotation import Annotation

PEOPLE = settings.AUTH_USER_MODEL


class Review(models.Model):
    """A verdict on one version of a mark. Verdicts are kept: the last one that was not withdrawn is in force as long as
    `Annotation.review_state` says so, the others are the trail."""

    ACCEPTED, REJECTED, RETURNED = Annotation.ACCEPTED, Annotation.REJECTED, Annotation.RETURNED
    VERDICTS = [(ACCEPTED, "accepted"), (REJECTED, "rejected"), (RETURNED, "returned")]

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    verdict = models.CharField(max_length=8, choices=VERDICTS)
    reason = models.TextField(blank=True, help_text="Why it was rejected, or what is to be changed")
    reviewer = models.ForeignKey(PEOPLE, on_delete=models.PROTECT, related_name="reviews")
    version = models.PositiveIntegerField(help_text="The version of the mark that was looked at")
    batch = models.CharField(
        max_length=10, blank=True, db_index=True, help_text="Shared by verdicts that were given at once"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField(blank=True, help_text="What the author said on sending it back unchanged")
    answered_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["accepted", "rejected", "returned"]), name="review_verdict_known"
            ),
            models.CheckConstraint(condition=Q(verdict="accepted") | ~Q(reason=""), name="review_says_why"),
        ]
        indexes = [models.Index(fields=["annotation", "-id"], name="review_by_mark")]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer}"


class Flag(models.Model):
    """A reader asks the reviewers to look at a mark of somebody else. Settled when it has an outcome."""

    UPHELD, DISMISSED, WITHDRAWN = "upheld", "dismissed", "withdrawn"
    OUTCOMES = [("", "open"), (UPHELD, "upheld"), (DISMISSED, "dismissed"), (WITHDRAWN, "withdrawn")]

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="flags", db_index=False)
    reader = models.ForeignKey(PEOPLE, on_delete=models.PROTECT, related_name="flags")
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=9, choices=OUTCOMES, blank=True)
    answer = models.TextField(blank=True, help_text="What the reviewer says to the reader who flagged it")
    settled_by = models.ForeignKey(PEOPLE, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["annotation", "reader"], condition=Q(outcome=""), name="one_open_flag_per_reader"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["", "upheld", "dismissed", "withdrawn"]), name="flag_outcome_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="flag_has_a_reason"),
        ]
        indexes = [models.Index(fields=["annotation"], name="flag_by_mark")]

    def __str__(self) -> str:
        return self.reason[:60]

    @property
    def is_open(self) -> bool:
        return self.outcome == ""


class SavedQueue(models.Model):
    """A choice of filters under a name, or, without a name, the one that the reviewer used last."""

    reviewer = models.ForeignKey(PEOPLE, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=60, blank=True)
    query = models.CharField(max_length=1000, blank=True, help_text="As it stands in the address")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["reviewer", "name"], name="queue_name_once")]

    def __str__(self) -> str:
        return self.name or "last used"
