"""What search looks in: articles cut into passages, as folded words. Derived from the text."""

from __future__ import annotations

from django.db import models

from opslens.models.article import Article


class SearchPassage(models.Model):
    """A stretch of an article's current text, or its title (number 0), as words that search compares.

    The full-text index over `words` belongs to the database and follows this table by itself
    (`opslens/migrations/0002_search.py`).
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="search_passages")
    number = models.PositiveIntegerField(help_text="0 is the title, the text begins at 1")
    start = models.PositiveIntegerField(help_text="In code points of the revision's text")
    length = models.PositiveIntegerField(help_text="In code points")
    words = models.TextField(help_text="Folded words, parted by single spaces")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="search_passage_number_unique")]

    def __str__(self) -> str:
        return f"{self.article_id}, passage {self.number}"
