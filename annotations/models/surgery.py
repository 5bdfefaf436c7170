"""Merging and splitting tags: what was done, and every tagging it touched, so that it can be taken back exactly."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotations.models.annotation import Annotation
from annotations.models.codebook import Codebook, Tag, TagGroup
from annotations.models.names import new_uid

PEOPLE = settings.AUTH_USER_MODEL


class Surgery(models.Model):
    """`source` was merged into `target`, or `target` was split off from `source`."""

    MERGE, SPLIT = "merge", "split"

    uid = models.CharField(max_length=10, unique=True, default=new_uid, editable=False)
    codebook = models.ForeignKey(Codebook, on_delete=models.CASCADE, related_name="surgeries")
    kind = models.CharField(max_length=5, choices=[(MERGE, "merged"), (SPLIT, "split")])
    source = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="+")
    marks = models.PositiveIntegerField(default=0, help_text="How many marks it touched")
    was = models.JSONField(default=dict, help_text="The tags and settled readings before, as far as it changed them")
    actor = models.ForeignKey(PEOPLE, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "surgeries"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["merge", "split"]), name="surgery_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.target}"

    @property
    def subject(self) -> str:
        """Its name in events."""
        return f"surgery:{self.uid}"


class Retagging(models.Model):
    """One tagging that a surgery touched, as it was: the row `tagging` put `tag` on a mark. Since then it says
    `became`; None when it was taken away because the mark could not carry both."""

    surgery = models.ForeignKey(Surgery, on_delete=models.CASCADE, related_name="retaggings", db_index=False)
    tagging = models.BigIntegerField(help_text="The id of the row; a row that was taken away comes back under it")
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="retaggings", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="+", db_index=False)
    exclusive_group = models.ForeignKey(TagGroup, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    became = models.ForeignKey(Tag, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["surgery", "tagging"], name="retagged_once")]
        indexes = [models.Index(fields=["annotation"], name="retagging_by_mark")]

    def __str__(self) -> str:
        return f"{self.annotation_id}: {self.tag_id} to {self.became_id}"


class Example(models.Model):
    """A passage that shows what a tag means: a clear case, or a hard one with what was decided about it. The words are
    kept as they were, whatever becomes of the mark they come from."""

    CLEAR, HARD = "clear", "hard"

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="examples", db_index=False)
    annotation = models.ForeignKey(Annotation, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=5, choices=[(CLEAR, "clear case"), (HARD, "hard case")])
    words = models.CharField(max_length=600)
    comment = models.CharField(max_length=600, blank=True, help_text="Why it carries the tag, or why it does not")
    added_by = models.ForeignKey(PEOPLE, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["clear", "hard"]), name="example_kind_known"),
            models.CheckConstraint(condition=~Q(words=""), name="example_has_words"),
        ]
        indexes = [models.Index(fields=["tag"], name="example_by_tag", condition=Q(deleted_at=None))]

    def __str__(self) -> str:
        return self.words[:60]
