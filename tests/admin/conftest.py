"""The marks and tags of the codebook's tests, seen by administrators."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from tests.codebook.conftest import book, data, editor, mark, revision, tag

__all__ = ["book", "data", "editor", "mark", "revision", "tag"]


@pytest.fixture
def root(person):
    """Who runs the site."""
    return person("root", "Ruth Root", is_staff=True, is_superuser=True)


@pytest.fixture
def clerk(person):
    """Staff with some rights: `clerk("change_user", "view_event")`."""

    def make(*codenames: str):
        clerk = person("clerk", "Cleo Clerk", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return clerk

    return make
