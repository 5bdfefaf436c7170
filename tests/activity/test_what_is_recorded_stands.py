"""No door leads to changing what has been recorded: not the models, not SQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from opslens.activity.record import record
from opslens.models import Channel, Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(owner: Any) -> Event:
    return record("article:1", "details-edited", actor=owner, subject="article:1", before={"a": 1}, after={"a": 2})


def _rows() -> list[tuple]:
    return [*Event.objects.order_by("pk").values_list(), *Channel.objects.order_by("pk").values_list()]


MODELS = {
    "saving": lambda event: (setattr(event, "verb", "other"), event.save()),
    "updating": lambda event: Event.objects.filter(pk=event.pk).update(actor=None),
    "deleting": lambda event: event.delete(),
    "deleting many": lambda event: Event.objects.all().delete(),
    "replacing": lambda event: Event.objects.bulk_create(
        [Event(pk=event.pk, channel_id=event.channel_id, number=9, verb="x", at=event.at, subject="y")],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["verb"],
    ),
    "deleting the channel": lambda event: Channel.objects.filter(pk=event.channel_id).delete(),
    "renaming the channel": lambda event: Channel.objects.update(name="article:2"),
    "turning the channel back": lambda event: Channel.objects.update(last_number=0),
}


@pytest.mark.parametrize("door", MODELS)
def test_models_cannot_change_what_is_recorded(event: Event, door: str) -> None:
    before = _rows()
    with pytest.raises(DatabaseError), transaction.atomic():
        MODELS[door](event)
    assert _rows() == before


SQL = [
    "UPDATE opslens_event SET after = before",
    "UPDATE opslens_event SET actor_id = NULL WHERE number = 1",
    "DELETE FROM opslens_event",
    "UPDATE opslens_channel SET name = 'elsewhere'",
    "UPDATE opslens_channel SET last_number = last_number - 1",
    "DELETE FROM opslens_channel",
]


@pytest.mark.parametrize("statement", SQL)
def test_sql_cannot_change_what_is_recorded(event: Event, statement: str) -> None:
    before = _rows()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert _rows() == before


@pytest.mark.sqlite
@pytest.mark.parametrize("key", ["id", "channel_id, number"])
def test_replacing_a_row_is_refused_on_sqlite(event: Event, key: str) -> None:
    """REPLACE deletes without asking the triggers for deleting."""
    before = _rows()
    other = "id" if key != "id" else "number"
    columns = ["id", "channel_id", "number", "verb", "actor_id", "at", "subject", "before", "after"]
    chosen = ", ".join(f"{column} + 1000" if column == other else column for column in columns)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"REPLACE INTO opslens_event ({', '.join(columns)}) SELECT {chosen} FROM opslens_event")
    assert _rows() == before


@pytest.mark.postgres
@pytest.mark.parametrize("table", ["opslens_event", "opslens_channel"])
def test_emptying_the_table_is_refused_on_postgresql(event: Event, table: str) -> None:
    before = _rows()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")
    assert _rows() == before


def test_recording_goes_on(event: Event, owner: Any) -> None:
    later = record("article:1", "details-edited", actor=owner, subject="article:1", before={"a": 2}, after={"a": 3})
    assert later.number == event.number + 1
