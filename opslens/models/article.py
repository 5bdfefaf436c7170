"""An article and its immutable revisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

LARGE_COLUMNS = ("source", "html", "text", "block_table")  # of a revision; read through `articles.documents`


class ArticleQuerySet(models.QuerySet):
    def visible_to(self, viewer) -> ArticleQuerySet:
        """Articles this viewer may read: public ones for everybody, all that are not in the trash for readers."""
        return self.filter(visible_articles(viewer))


class RevisionQuerySet(models.QuerySet):
    def visible_to(self, viewer) -> RevisionQuerySet:
        """Revisions of the articles that this viewer may read."""
        return self.filter(visible_articles(viewer, "article__"))

    def light(self) -> RevisionQuerySet:
        """With their articles and without the large columns, which are read through `documents`."""
        return self.select_related("article").defer(*LARGE_COLUMNS)


def visible_articles(viewer, prefix: str = "") -> Q:
    """The condition of `Article.objects.visible_to`, for queries that reach articles through `prefix`."""
    here = Q(**{f"{prefix}deleted_at": None, f"{prefix}current__isnull": False})
    return here if viewer.is_authenticated else here & Q(**{f"{prefix}is_public": True})


class Article(models.Model):
    slug = models.SlugField(max_length=90, unique=True, allow_unicode=True)
    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=60, blank=True, help_text="Commentary, report, editorial …")
    publisher = models.CharField(max_length=200, blank=True)
    byline = models.CharField(max_length=300, blank=True)
    source_url = models.URLField(max_length=1000, blank=True)
    language = models.CharField(max_length=35, default="en", help_text="BCP 47, for example en or ar-EG")
    direction = models.CharField(max_length=3, choices=[("ltr", "left to right"), ("rtl", "right to left")])
    published_on = models.DateField(null=True, blank=True)
    is_public = models.BooleanField(
        default=False, help_text="Visitors who are not signed in may read it and its public marks."
    )
    current = models.ForeignKey("Revision", null=True, editable=False, on_delete=models.PROTECT, related_name="+")
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(direction__in=["ltr", "rtl"]), name="article_direction_known"),
            models.CheckConstraint(condition=~Q(title=""), name="article_has_a_title"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("articles:read", args=[self.slug])

    @property
    def channel(self) -> str:
        """The name of the event channel that carries everything that happens to this article."""
        return f"article:{self.pk}"


class Revision(models.Model):
    """One immutable text of an article. `text` is canonical; positions are code points in it."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=300, blank=True, help_text="The headline over this text")
    source = models.BinaryField(help_text="What was imported, byte for byte")
    source_name = models.CharField(max_length=255, blank=True)
    source_format = models.CharField(max_length=20)
    source_encoding = models.CharField(max_length=40)
    html = models.TextField(help_text="The clean HTML that the text was read from")
    text = models.TextField(help_text="The canonical text")
    block_table = models.TextField(help_text="Blocks, inline formatting and sentences as JSON")
    digest = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the canonical text")
    policy_version = models.PositiveSmallIntegerField()
    word_count = models.PositiveIntegerField()
    lead_blocks = models.PositiveSmallIntegerField(
        default=0, help_text="How many blocks at the beginning are the standfirst"
    )
    note = models.CharField(max_length=500, blank=True, help_text="What is new in it")
    source_date = models.DateField(null=True, blank=True, help_text="When its publisher brought it out")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["article", "number"]
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="revision_number_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="revision_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.article} · revision {self.number}"

    def save(self, *args, **kwargs) -> None:
        if self.pk and not self._state.adding:
            raise TypeError("A published revision never changes; publish a new one.")
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("articles:revision", args=[self.article.slug, self.number])

    @property
    def headline(self) -> str:
        """The title over this text: that of the article while it is read, and afterwards the last one it had."""
        return self.title if self.title and self.article.current_id != self.pk else self.article.title


class Draft(models.Model):
    """A revision that somebody prepares and has not published: one per person and article.

    It is kept as it was written or uploaded; what it becomes is worked out anew for the preview and for publishing.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    base = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="+", help_text="What it is to follow")
    title = models.CharField(max_length=300, blank=True)
    source = models.BinaryField()
    source_name = models.CharField(max_length=255, blank=True)
    source_format = models.CharField(max_length=20, blank=True)
    note = models.CharField(max_length=500, blank=True)
    source_date = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "article"], name="one_draft_per_person")]

    def __str__(self) -> str:
        return f"{self.article}, draft of {self.author}"


class ReadingPosition(models.Model):
    """Where a reader left a revision: the block at the top of the window and an offset in code points in it."""

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE)
    block = models.PositiveIntegerField()
    offset = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "revision"], name="one_position_per_revision")]

    def __str__(self) -> str:
        return f"{self.reader} in {self.revision}, block {self.block}"
