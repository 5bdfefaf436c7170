"""The Django admin of what readers, teams and reviewers do."""

from annotations.admin import codebooks, log, marks, teams

__all__ = ["codebooks", "log", "marks", "teams"]
