"""Emptying the database after a test that committed to it.

Django's way is to empty every table there is, and to have every app write anew what it keeps about its models. Most
tests write to a dozen tables; finding and emptying those takes a seventh of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, transaction

# What Django itself writes, about the models.
_ABOUT_MODELS = (ContentType, Permission)

Written = list[set[int]]


def written_about_models() -> Written:
    """The keys of all that a database holds that has just been migrated."""
    return [set(model.objects.values_list("pk", flat=True)) for model in _ABOUT_MODELS]


def empty_tables(written: Written) -> None:
    """Delete every row but those about models; when a test has changed those, empty the database as Django does."""
    with guards_lifted():
        _empty_tables(written)


@contextmanager
def guards_lifted() -> Iterator[None]:
    """What was recorded cannot be deleted, by triggers of the database. Only who may change its schema gets past
    them, as tests do that begin with an empty database."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Foreign keys are triggers there as well, and a session that copies another database runs none.
            cursor.execute("set session_replication_role = replica")
            try:
                yield
            finally:
                cursor.execute("set session_replication_role = origin")
            return
        cursor.execute(
            "select name, sql from sqlite_master "
            "where type = 'trigger' and tbl_name in ('opslens_event', 'opslens_channel')"
        )
        guards = cursor.fetchall()
        for name, _ in guards:
            cursor.execute(f"drop trigger {name}")
        try:
            yield
        finally:
            for _, statement in guards:
                cursor.execute(statement)


def _empty_tables(written: Written) -> None:
    if written_about_models() != written:
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
        return
    kept = {model._meta.db_table for model in _ABOUT_MODELS}
    every = set(connection.introspection.django_table_names(include_views=False)) - kept
    tables = [connection.ops.quote_name(table) for table in sorted(every)]
    asked = " union all ".join(f"select {at} where exists (select 1 from {name})" for at, name in enumerate(tables))
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(asked)
        for (at,) in cursor.fetchall():
            cursor.execute(f"delete from {tables[at]}")
