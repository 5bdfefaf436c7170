"""The append-only log. `opslens.activity.record` is its only writer."""

from django.conf import settings
from django.db import models


class Channel(models.Model):
    """A numbered stream of events, such as `article:12` or `codebook:1`; its counter has no gaps."""

    name = models.CharField(max_length=80, unique=True)
    last_number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Who did what to which subject, with the subject's state before and after in plain JSON."""

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="events", db_index=False)
    number = models.PositiveBigIntegerField()
    verb = models.CharField(max_length=40)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    at = models.DateTimeField()
    subject = models.CharField(max_length=80, help_text="kind:key, for example annotation:k3v9q2m7xa")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ["channel", "number"]
        constraints = [models.UniqueConstraint(fields=["channel", "number"], name="event_number_unique")]
        indexes = [
            models.Index(fields=["subject", "id"], name="event_by_subject"),
            models.Index(fields=["actor", "-id"], name="event_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} #{self.number} {self.verb} {self.subject}"
