"""The Django admin of what readers, teams and reviewers do."""

from annotations.admin import articles, codebooks, log, marks, people, reviews, teams

__all__ = ["articles", "codebooks", "log", "marks", "people", "reviews", "teams"]
