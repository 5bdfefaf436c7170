from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person. `username` is for signing in, `display_name` is what others read."""

    first_name = None
    last_name = None
    display_name = models.CharField(max_length=80, blank=True)
    about = models.CharField(max_length=280, blank=True)
    marks_public = models.BooleanField(
        "new marks are public", default=False, help_text="Private marks are seen by their author alone."
    )
    reading = models.JSONField("reading preferences", default=dict, blank=True)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="The account of the same person that has everything of this one since",
    )
    anonymised_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.display_name or self.username

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper() if words else "?"

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name
