"""What every test can ask for: the databases, the cast, and (from tests/support/browser.py) pages in Chromium.

Every story has the same people: owner, annotator, second_annotator, reviewer and outsider.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, TransactionTestCase

from tests.support.environment import SCRATCH, WITH_DATABASE_ONLY

pytest_plugins = ["tests.support.browser"]

PASSWORD = "a-long-pass-phrase-for-tests"

# No deadline: how long one example takes says little on a busy machine with two cores. In CI the examples are the
# same each time, so that a red run is about the change; elsewhere they are new ones each time.
hypothesis.settings.register_profile(
    "opslens",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
)
hypothesis.settings.load_profile("opslens")


def pytest_configure() -> None:
    # Passwords are hashed slowly on purpose; the cast would cost every test a second.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # The demo has the browser ask for every style sheet and script anew on each page, for people who work on them.
    settings.WHITENOISE_MAX_AGE = 3600
    _list_static_files_once()


def _list_static_files_once() -> None:
    """Each test client makes its middleware anew, for which WhiteNoise would walk through all static files again."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    listed: dict[str, Any] = {}
    list_them = WhiteNoiseMiddleware.add_files_from_finders

    def add_files_from_finders(self: WhiteNoiseMiddleware) -> None:
        if not listed:
            list_them(self)
            listed.update(self.files)
        self.files.update(listed)

    WhiteNoiseMiddleware.add_files_from_finders = add_files_from_finders


def pytest_collection_finish() -> None:
    # What has been imported stays to the end: the garbage collector need not look through it again and again, and what
    # one test makes it need not look for after each 700 objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(WITH_DATABASE_ONLY):
        # The others have run on the other database already; pytest-django lets no test without it near one.
        again = [item for item in items if _asks_for_database(item) and not item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(again)])
        items[:] = again
    for item in items:
        for vendor, mark in (("postgresql", "postgres"), ("sqlite", "sqlite")):
            if item.get_closest_marker(mark) and connection.vendor != vendor:
                item.add_marker(pytest.mark.skip(reason=f"is about {vendor}, this run is on {connection.vendor}"))


def _asks_for_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("django_db") or item.get_closest_marker("postgres"):
        return True
    fixtures = {"db", "transactional_db", "live_server", "django_db_setup"}
    return not fixtures.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest, django_db_modify_db_settings: None) -> None:
    """On SQLite the tests use a file, not memory: only a file behaves like a site's database when the live server's
    threads read and write it at the same time."""
    if connection.vendor == "sqlite":
        database = settings.DATABASES["default"]
        database["TEST"]["NAME"] = str(SCRATCH / "test.sqlite3")
        # Nobody wants these rows back after a power cut, as nobody does on PostgreSQL (tests/support/postgres.py).
        database["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    from tests.support.emptying import empty_tables, written_about_models

    with pytest.MonkeyPatch.context() as patch:
        with django_db_blocker.unblock():
            written = written_about_models()
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: empty_tables(written))
        yield
    if connection.vendor == "postgresql":
        # Threads that have ended may have left their connections open; the database could not be dropped.
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Every test begins with a database of its own, in which ids and event numbers start again."""
    from annotations.codebook.kept import forget_tags
    from opslens.articles.documents import forget_documents
    from opslens.templatetags.kept import forget_parts

    forget_tags()
    forget_parts()
    forget_documents()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """What a process keeps of the database would outlive it: the next test's rows get the same ids again."""
    yield
    from django.core.cache import cache

    from opslens.articles.documents import forget_documents

    cache.clear()
    forget_documents()


@pytest.fixture
def password() -> str:
    """What everybody in the cast signs in with."""
    return PASSWORD


@pytest.fixture
def person(db: None, django_user_model: Any) -> Callable[..., Any]:
    """`person("username", "Display Name", **fields)`: one more user, with the cast's password."""

    def make(username: str, display_name: str = "", **fields: Any) -> Any:
        return django_user_model.objects.create_user(
            username=username, password=PASSWORD, display_name=display_name, **fields
        )

    return make


@pytest.fixture
def owner(person: Callable[..., Any]) -> Any:
    """Whose article it is."""
    return person("owner", "Olive Owner")


@pytest.fixture
def annotator(person: Callable[..., Any]) -> Any:
    """Who marks it."""
    return person("annotator", "Anna Annotator")


@pytest.fixture
def second_annotator(person: Callable[..., Any]) -> Any:
    """Who marks the same text, and sees some of it differently."""
    return person("second", "Sem Second")


@pytest.fixture
def reviewer(person: Callable[..., Any]) -> Any:
    """Who reads what both have marked."""
    return person("reviewer", "Rita Reviewer")


@pytest.fixture
def outsider(person: Callable[..., Any]) -> Any:
    """Who has an account and no business here."""
    return person("outsider", "Otto Outsider")


@pytest.fixture
def client_of() -> Callable[[Any], Client]:
    """`client_of(user)`: Django's test client, signed in."""

    def make(user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="opslens.accounts.backends.AccountBackend")
        return client

    return make
