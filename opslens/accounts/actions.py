"""Everything that changes an account. Each is one transaction with one event; no event carries a password."""

from __future__ import annotations

from dataclasses import asdict

from django.db import IntegrityError, transaction
from django.utils import timezone

from opslens.accounts.closing import (
    end_sessions,
    forget_names,
    is_closed_for_good,
    merged_into,
    neutral_name,
    neutral_username,
    remove_own_rows,
)
from opslens.accounts.permissions import may_administer
from opslens.accounts.preferences import Preferences
from opslens.activity.record import record
from opslens.models import User
from opslens.web.refusals import Conflict, Denied, Invalid

SITE = "site"  # what others see of people, and their rights


def subject_of(person: User) -> str:
    return f"user:{person.pk}"


def own_channel(person: User) -> str:
    """The channel of what concerns one person alone, so that it does not count as news for everybody's pages."""
    return f"user:{person.pk}"


def _locked(person: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=person.pk)


def _write(person: User, actor: User, verb: str, values: dict, channel: str = SITE) -> User:
    """Save the fields of `values` that differ and record them under `verb`; nothing at all when none differs."""
    before = {name: getattr(person, name) for name, value in values.items() if getattr(person, name) != value}
    if before:
        after = {name: values[name] for name in before}
        for name, value in after.items():
            setattr(person, name, value)
        person.save(update_fields=list(after))
        record(channel, verb, actor=actor, subject=subject_of(person), before=before, after=after)
    return person


@transaction.atomic
def edit_profile(actor: User, *, display_name: str, about: str, marks_public: bool) -> User:
    """Change what a person says about themselves, and whether their new marks begin public."""
    values = {"display_name": display_name, "about": about, "marks_public": marks_public}
    return _write(_locked(actor), actor, "profile-edited", values)


@transaction.atomic
def keep_preferences(actor: User, chosen: dict[str, str]) -> Preferences:
    """Store reading preferences on the account; those not in `chosen` stay. Returns all of them."""
    person = _locked(actor)
    preferences = Preferences.read(person.reading).changed(chosen)
    _write(person, actor, "preferences-edited", {"reading": asdict(preferences)}, own_channel(person))
    return preferences


@transaction.atomic
def change_password(actor: User, password: str) -> User:
    """Set a new password. Every session that was begun with the old one ends with it."""
    person = _locked(actor)
    person.set_password(password)
    person.save(update_fields=["password"])
    record(own_channel(person), "password-changed", actor=actor, subject=subject_of(person))
    return person


def sign_up(*, username: str, display_name: str, password: str) -> User:
    """Make an account. Raises Invalid when the name was taken while the form was on its way."""
    person = User(username=username, display_name=display_name)
    person.set_password(password)
    try:
        with transaction.atomic():
            person.save(force_insert=True)
            after = {"username": username, "display_name": display_name}
            record(SITE, "signed-up", actor=person, subject=subject_of(person), after=after)
    except IntegrityError:
        raise Invalid("This username is taken.", {"username": "This username is taken."}) from None
    return person


@transaction.atomic
def set_active(actor: User, person: User, active: bool) -> User:
    """Close an account or open it again. What the person wrote stays; a closed account's sessions end at once.
    Raises Invalid when people would close their own, and Conflict when it is closed for good."""
    if person.pk == actor.pk and not active:
        raise Invalid("You cannot deactivate your own account.")
    person = _locked(person)
    if active and is_closed_for_good(person):
        raise Conflict("This account is closed for good: it was anonymised, or merged into another one.")
    verb = "reactivated" if active else "deactivated"
    return _write(person, actor, verb, {"is_active": active})


@transaction.atomic
def anonymise(actor: User, person: User) -> User:
    """Take everything from an account that tells who it was: names, address, password, preferences, rights, sessions,
    and the rows that are nobody else's. What others need stays under a neutral name. It cannot be undone. Accounts
    that were merged into this one are of the same human and go with it. Doing it again is not an error.

    The event names nobody. Raises Denied, Invalid for one's own account, Conflict for one that was merged.
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    if not may_administer(actor, person):
        raise Denied("You may not change this account.")
    if person.pk == actor.pk:
        raise Invalid("You cannot anonymise your own account.")
    if person.anonymised_at is not None:
        return person
    if person.merged_into_id is not None:
        message = "This account was merged into another one. Anonymise that one: this one goes with it."
        raise Conflict(message, current=person.merged_into)
    accounts = [person, *merged_into(person)]
    if not all(may_administer(actor, account) for account in accounts):
        raise Denied("An account that was merged into this one is a superuser’s. Only superusers can anonymise it.")
    removed: dict[str, int] = {}
    for account in accounts:
        if account.anonymised_at is None:
            for name, number in _anonymise(account).items():
                removed[name] = removed.get(name, 0) + number
    after = {"accounts": [account.pk for account in accounts], "removed": removed}
    record(SITE, "person-anonymised", actor=actor, subject=subject_of(person), after=after)
    return person


def _anonymise(person: User) -> dict[str, int]:
    forget_names(person)
    end_sessions(person)
    person.username, person.display_name = neutral_username(person), neutral_name(person)
    person.email, person.about, person.reading = "", "", {}
    person.set_unusable_password()
    person.is_active = person.is_staff = person.is_superuser = person.is_demo = person.marks_public = False
    person.last_login, person.anonymised_at = None, timezone.now()
    person.save()
    person.groups.clear()
    person.user_permissions.clear()
    return remove_own_rows(person)
