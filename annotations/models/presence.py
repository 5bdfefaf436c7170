"""Who is reading where at this moment."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Presence(models.Model):
    """A person with an open page, as one server process knows it. Rows are refreshed while the page is open; one that
    was not for a while belongs to a process that has ended, and counts no more. Nothing here is a record of reading."""

    place = models.CharField(max_length=48, help_text="article:12, or team:3:a12 in a session")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    process = models.CharField(max_length=16)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "presence"
        constraints = [
            models.UniqueConstraint(fields=["place", "person", "process"], name="present_once_per_process"),
        ]
        indexes = [models.Index(fields=["process"], name="presence_by_process")]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.place}"
