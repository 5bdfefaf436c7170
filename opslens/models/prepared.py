"""SQL that is written once.

Building SQL from a queryset or a model costs several times what SQLite needs to run it, and the hottest pages run the
same few statements over and over. `prepare` builds a query with stand-in values, keeps its SQL, and runs it with real
ones; `insert` does the same for new rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import CharField, Field, Model, QuerySet, TextField


def prepare(build: Callable[..., QuerySet], *stand_ins: Any) -> Callable[..., list]:
    """A function that runs `build(*values)`, a `values_list` queryset, and returns its rows.

    `build` is called once per kind of database, with the `stand_ins`: values of the right types that are all different
    and occur nowhere else in the query. Its shape must not depend on them. Raises ValueError when a stand-in does not
    arrive in the query's parameters.
    """
    plans: dict[str, tuple] = {}

    def plan() -> tuple:
        compiler = build(*stand_ins).query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        places = [(True, stand_ins.index(p)) if p in stand_ins else (False, p) for p in parameters]
        missing = set(range(len(stand_ins))) - {value for is_slot, value in places if is_slot}
        if missing:
            raise ValueError(f"Stand-ins {missing} did not arrive in {sql}")
        converters = compiler.get_converters(expression for expression, _, _ in compiler.select)
        plans[connection.vendor] = (sql, places, compiler if converters else None, converters)
        return plans[connection.vendor]

    def run(*values: Any) -> list:
        sql, places, compiler, converters = plans.get(connection.vendor) or plan()
        with connection.cursor() as cursor:
            cursor.execute(sql, [values[value] if is_slot else value for is_slot, value in places])
            rows = cursor.fetchall()
        return list(compiler.apply_converters(rows, converters)) if compiler and rows else rows

    return run


_TEXTS = frozenset({CharField, TextField})

_inserts: dict[tuple[type[Model], str], tuple[str, list[Field]]] = {}


def insert(instance: Model) -> None:
    """`instance.save(force_insert=True)` for a plain model, from a statement that is written once; sets its id.

    Like a bulk insert it sends no signals, and it opens no transaction of its own.
    """
    model = type(instance)
    plan = _inserts.get((model, connection.vendor))
    if plan is None:
        fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
        quote = connection.ops.quote_name
        columns = ", ".join(quote(field.column) for field in fields)
        places = ", ".join(["%s"] * len(fields))
        sql = (
            f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places}) "
            f"RETURNING {quote(model._meta.pk.column)}"
        )
        plan = _inserts[model, connection.vendor] = (sql, fields)
    sql, fields = plan
    values = [_for_database(field, field.pre_save(instance, True)) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        (instance.pk,) = cursor.fetchone()
    instance._state.adding, instance._state.db = False, DEFAULT_DB_ALIAS


def _for_database(field: Field, value: Any) -> Any:
    """`field.get_db_prep_save(value)`, without asking where the answer is the value itself."""
    if value is None or (type(value) is int and field.remote_field) or (type(value) is str and type(field) in _TEXTS):
        return value
    return field.get_db_prep_save(value, connection=connection)
