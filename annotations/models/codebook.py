"""A codebook: the tags readers mark with, what each means, and which exclude one another."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

SLOTS = range(1, 11)  # the looks of static/css/tokens.css
# What a tag says about a passage, whatever a team calls it: what figures over marks are made of.
CONCEPTS = [
    *("claim", "opinion", "prediction"),
    *("sourced", "vague-source", "unsourced"),
    *("evidence", "loaded", "overreach", "missing-context", "fear-appeal", "attack"),
]


class Codebook(models.Model):
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    is_default = models.BooleanField(default=False, help_text="The codebook of everything read outside a team session")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_codebook")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("codebook:codebook") if self.is_default else reverse("codebook:of-session", args=[self.pk])

    @property
    def channel(self) -> str:
        return f"codebook:{self.pk}"


class TagGroup(models.Model):
    """Tags that belong together. Of an exclusive group a mark carries at most one."""

    codebook = models.ForeignKey(Codebook, on_delete=models.CASCADE, related_name="groups")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    hint = models.CharField(max_length=280, blank=True)
    exclusive = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["codebook", "key"], name="group_key_unique")]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    codebook = models.ForeignKey(Codebook, on_delete=models.CASCADE, related_name="tags")
    group = models.ForeignKey(TagGroup, on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(max_length=40)
    key = models.CharField("shortcut key", max_length=1, blank=True)
    slot = models.PositiveSmallIntegerField("look", help_text="1 to 10: tint and underline")
    definition = models.CharField(max_length=400, blank=True)
    example = models.CharField(max_length=400, blank=True)
    do = models.CharField("do", max_length=400, blank=True)
    dont = models.CharField("don’t", max_length=400, blank=True)
    note_required = models.BooleanField(default=False)
    proposes = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Offered with it while a mark carries no tag of that tag’s group",
    )
    concept = models.CharField(
        "counts as",
        max_length=15,
        blank=True,
        choices=[(concept, concept) for concept in CONCEPTS],
        help_text="What it counts as in the figures about an article, whatever its name",
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_on = models.BooleanField("offered to readers", default=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["codebook", "name"], name="tag_name_unique"),
            models.UniqueConstraint(
                fields=["codebook", "key"],
                condition=~Q(key="") & Q(retired_at=None),
                name="tag_key_unique",
            ),
            models.CheckConstraint(condition=Q(slot__gte=1, slot__lte=10), name="tag_slot_known"),
            models.CheckConstraint(condition=~Q(name=""), name="tag_has_a_name"),
            models.CheckConstraint(condition=Q(concept__in=["", *CONCEPTS]), name="tag_concept_known"),
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(retired_at__isnull=False), name="merged_tag_is_retired"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def offered(self) -> bool:
        """Whether readers may put it on a mark today."""
        return self.is_on and self.retired_at is None

    @property
    def proposed(self) -> Tag | None:
        """The tag that it proposes, if readers may put that one on a mark today."""
        return self.proposes if self.proposes_id and self.proposes.offered else None
