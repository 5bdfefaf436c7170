"""A blind session of the cast on the article of tests/annotations."""

from __future__ import annotations

import pytest

from annotations.models import TeamSession
from tests.support.teams import start_session


@pytest.fixture
def session(owner, annotator, second_annotator, reviewer, article) -> TeamSession:
    """Two annotators, a reviewer, an owner who does not read; marks are being made, hidden from one another."""
    return start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])
