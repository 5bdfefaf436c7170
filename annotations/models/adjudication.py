"""The settled reading of passages: what was decided, on which marks, by whom, and what overruled readers answered."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from annotations.models.annotation import Annotation
from annotations.models.codebook import Tag
from annotations.models.names import new_uid
from annotations.models.team import SessionArticle

PEOPLE = settings.AUTH_USER_MODEL


class Decision(models.Model):
    """The settled reading of one passage, [start, end) in code points of the session article's revision: tags that
    stand there, or that no mark is to stand there. A strategy's decisions give way to those of a person, never the
    reverse. Undone ones stay, with `deleted_at`."""

    ACCEPTED, REJECTED = "accepted", "rejected"
    PERSON, UNANIMOUS, MAJORITY, THRESHOLD = "person", "unanimous", "majority", "threshold"
    METHODS = [
        (PERSON, "decided by a person"),
        (UNANIMOUS, "full agreement"),
        (MAJORITY, "majority of those who marked"),
        (THRESHOLD, "threshold"),
    ]

    uid = models.CharField(max_length=10, unique=True, default=new_uid, editable=False)
    session_article = models.ForeignKey(SessionArticle, on_delete=models.CASCADE, related_name="decisions")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    verdict = models.CharField(max_length=8, choices=[(ACCEPTED, "accepted"), (REJECTED, "rejected")])
    tags = models.ManyToManyField(Tag, related_name="+", blank=True)
    reason = models.TextField(blank=True)
    method = models.CharField(max_length=9, choices=METHODS, default=PERSON)
    decided_by = models.ForeignKey(PEOPLE, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["start", "-end", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="decision_not_empty"),
            models.CheckConstraint(condition=Q(verdict__in=["accepted", "rejected"]), name="decision_verdict_known"),
            models.CheckConstraint(
                condition=Q(method__in=["person", "unanimous", "majority", "threshold"]), name="decision_method_known"
            ),
        ]

    def __str__(self) -> str:
        return f"[{self.start}, {self.end}) {self.verdict}"

    @property
    def subject(self) -> str:
        """Its name in events."""
        return f"decision:{self.uid}"


class Considered(models.Model):
    """A mark on which a decision was made, with its version then: a decision is out of date when a mark has changed."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="considered", db_index=False)
    annotation = models.ForeignKey(Annotation, on_delete=models.PROTECT, related_name="considered_in")
    version = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "considered"
        constraints = [models.UniqueConstraint(fields=["decision", "annotation"], name="considered_once")]

    def __str__(self) -> str:
        return f"{self.annotation_id} in {self.decision_id}"


class Answer(models.Model):
    """What an overruled reader says to a decision, once."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="answers", db_index=False)
    reader = models.ForeignKey(PEOPLE, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "reader"], name="one_answer_per_reader"),
            models.CheckConstraint(condition=~Q(text=""), name="answer_has_words"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
