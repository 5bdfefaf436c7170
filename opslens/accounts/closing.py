"""What becomes of an account that is closed for good: which rows of others hang on it and stay, and which are its own
and go.

The database says which is which. A key that protects the account (PROTECT) belongs to something that others read, such
as a mark; one that would go with the account (CASCADE) to something that is nobody else's, such as a reading position.
So a model that is added later is asked for here as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from django.utils import timezone

from opslens.models import Event, User

# Fields of a person, and of what events say about people, that tell who somebody is.
PERSONAL = frozenset({"display_name", "username", "email", "about", "name", "reading"})
HIDDEN = "removed"  # stands for such a value of somebody who has been anonymised


def is_closed_for_good(person: User) -> bool:
    """Whether an account cannot simply be opened again: it was anonymised, or merged into another one."""
    return person.anonymised_at is not None or person.merged_into_id is not None


def merged_into(person: User) -> list[User]:
    """All accounts that were merged into this one, directly or by way of another."""
    found: list[User] = []
    level = [person.pk]
    while level:
        next_ones = list(User.objects.filter(merged_into__in=level).order_by("pk"))
        found += next_ones
        level = [account.pk for account in next_ones]
    return found


def neutral_name(person: User) -> str:
    return f"Former reader {person.pk}"


def neutral_username(person: User) -> str:
    """`former-7`. The form for new accounts refuses such names; one that was there before has precedence."""
    name, tried = f"former-{person.pk}", 1
    while User.objects.filter(username__iexact=name).exclude(pk=person.pk).exists():
        tried += 1
        name = f"former-{person.pk}-{tried}"
    return name


def keys_to_people() -> Iterator[models.ForeignKey]:
    """Every key from some table to a person, those without a name on the person's side as well."""
    for relation in User._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and not relation.many_to_many:
            if not relation.related_model._meta.auto_created:
                yield relation.field


def _keys(on_delete) -> list[models.ForeignKey]:
    """Those that behave so when an account is deleted, but for who did something by the logs."""
    return [
        key
        for key in keys_to_people()
        if key.remote_field.on_delete is on_delete and key.model not in (User, Event, LogEntry)
    ]


def _counted(people: Iterable[User], on_delete) -> list[tuple[str, int]]:
    ids = [person.pk for person in people]
    found = []
    for key in _keys(on_delete):
        number = key.model._base_manager.filter(**{f"{key.name}__in": ids}).count()
        if number:
            found.append((words_for(key), number))
    return sorted(found)


def words_for(key: models.ForeignKey) -> str:
    """What rows of a person are called: “annotations (author)”; one table may name people in several ways."""
    return f"{key.model._meta.verbose_name_plural} ({key.verbose_name})"


def what_stays(people: Iterable[User]) -> list[tuple[str, int]]:
    """What others need of these accounts: (words, how many rows)."""
    return _counted(people, models.PROTECT)


def what_goes(people: Iterable[User]) -> list[tuple[str, int]]:
    """What is theirs alone: (words, how many rows)."""
    return _counted(people, models.CASCADE)


def remove_own_rows(person: User) -> dict[str, int]:
    """Delete what is this account's alone; how many rows of what, by the name of the table's model."""
    removed = {}
    for key in _keys(models.CASCADE):
        number = key.model._base_manager.filter(**{key.name: person.pk}).delete()[0]
        if number:
            removed[key.model._meta.label_lower] = number
    return removed


def forget_names(person: User) -> None:
    """Delete what keeps the names of this account beside it: tries to sign in, and Django's own log of the
    administration, which the event log has replaced."""
    AccessAttempt.objects.filter(username__iexact=person.username).delete()
    named = Q(content_type__app_label="opslens", content_type__model="user", object_id=str(person.pk))
    named |= Q(object_repr__contains=person.username) | Q(user=person)
    if person.display_name:
        named |= Q(object_repr__contains=person.display_name)
    LogEntry.objects.filter(named).delete()


def end_sessions(person: User) -> int:
    """Delete the sessions in which this account is signed in; how many there were. Every session that has not
    expired is opened for this, some hundred thousand in a few seconds."""
    theirs = [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator()
        if session.get_decoded().get(SESSION_KEY) == str(person.pk)
    ]
    for at in range(0, len(theirs), 500):
        Session.objects.filter(session_key__in=theirs[at : at + 500]).delete()
    return len(theirs)


def without_names(state: dict | None, anonymous: bool) -> dict | None:
    """What an event says about a person, without what tells who they were when they have been anonymised."""
    if not anonymous or not isinstance(state, dict):
        return state
    return {name: HIDDEN if name in PERSONAL else value for name, value in state.items()}
