"""Two accounts of one human become one, and may be taken apart again. The rows move; the log, which cannot change, goes
on naming the account that acted."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Annotation, Flag, Presence, Reply, SavedQueue, TeamSession
from annotations.people.queries import (
    MERGED,
    Merge,
    merge_of,
    obstacles_to_merging,
    obstacles_to_separating,
    open_twice,
    same_positions,
    same_queues,
)
from annotations.people.tables import MOVES, in_pieces, name_of, owned
from opslens.accounts.actions import SITE, anonymise, subject_of
from opslens.accounts.closing import end_sessions, merged_into
from opslens.accounts.permissions import may_administer
from opslens.activity.record import record
from opslens.models import ReadingPosition, User
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

SEPARATED = "people-separated"
KEYED = ((Annotation, "author", "idempotency_key"), (Reply, "author", "key"))  # unique for each person


def _locked(*ids: int) -> dict[int, User]:
    """The accounts, locked until this transaction ends. Whoever writes as one of them, and records it, has done so
    before, or does it afterwards and is refused (`record`). What is written without an event, such as a place in a
    text, may still come to a closed account."""
    people = {person.pk: person for person in User.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    if len(people) != len(set(ids)):
        raise Missing("There is no such account.")
    return people


def _check_right(actor: User, *people: User) -> None:
    if not all(may_administer(actor, person) for person in people):
        raise Denied("You may not change these accounts.")


@transaction.atomic
def anonymise_person(actor: User, person: User) -> User:
    """Anonymise an account with those merged into it (`opslens.accounts`), and name it anew in the queues that
    reviewers have saved, so that they go on finding its marks. Raises as `anonymise`."""
    _locked(person.pk)
    accounts = [person.pk, *(account.pk for account in merged_into(person))]
    names = dict(User.objects.filter(pk__in=accounts).values_list("pk", "username"))
    person = anonymise(actor, person)
    renamed = {names[account.pk]: account.username for account in User.objects.filter(pk__in=accounts)}
    for queue in SavedQueue.objects.filter(query__contains="reader=").only("query"):
        asked = parse_qsl(queue.query, keep_blank_values=True)
        anew = [(name, renamed.get(value, value) if name == "reader" else value) for name, value in asked]
        if anew != asked:
            SavedQueue.objects.filter(pk=queue.pk).update(query=urlencode(anew))
    return person


@transaction.atomic
def merge_people(actor: User, merged: User, kept: User) -> User:
    """Move everything of `merged` to `kept`, close `merged` and end its sessions. Its rights do not move. Returns
    `kept`.

    The event on `site` holds, in `after`, the accounts (`merged`, `kept`), whether the first one was active, and what
    is needed to take it back: `rows`, ids by table and field; `keys`, by table, request keys that had to be made anew
    by row; `positions`, places of `kept` that gave way to newer ones; `withdrawn`, flags. Raises Denied, Missing,
    Invalid for one's own account, and Conflict with every reason.
    """
    people = _locked(merged.pk, kept.pk)
    merged, kept = people[merged.pk], people[kept.pk]
    _check_right(actor, merged, kept)
    if actor.pk == merged.pk:
        raise Invalid("You cannot close your own account. Merge the other one into it.")
    if actor.pk == kept.pk and not actor.is_superuser:
        raise Denied("Somebody else has to merge an account into your own.")
    if reasons := obstacles_to_merging(merged, kept):
        raise Conflict(" ".join(reasons), current=merged)
    after: dict[str, Any] = {
        "merged": merged.pk,
        "kept": kept.pk,
        "was_active": merged.is_active,
        "keys": {model._meta.label_lower: _new_keys(model, field, key, merged, kept) for model, field, key in KEYED},
        "positions": _newer_positions(merged, kept),
        "withdrawn": _withdraw_second_flags(merged, kept),
    }
    sessions = list(TeamSession.objects.filter(members__user=merged).order_by("pk"))
    try:
        with transaction.atomic():
            after["rows"] = _move(merged, kept)
    except IntegrityError:
        message = "Both have something of which there can be one alone. Nothing was changed."
        raise Conflict(message, current=merged) from None
    Presence.objects.filter(person=merged).delete()
    merged.merged_into, merged.is_active = kept, False
    merged.save(update_fields=["merged_into", "is_active"])
    end_sessions(merged)
    record(SITE, MERGED, actor=actor, subject=subject_of(merged), after=after)
    _tell(sessions, "member-merged", actor, merged, kept)
    return kept


def _move(merged: User, kept: User) -> dict[str, list[int]]:
    """Everything of `merged` but what `kept` has already becomes that of `kept`; the ids, by table and field."""
    stay = {
        ReadingPosition: list(same_positions(merged, kept).values_list("pk", flat=True)),
        SavedQueue: list(same_queues(merged, kept).values_list("pk", flat=True)),
    }
    moved = {}
    for model, field in MOVES:
        rows = owned(model, field, merged).exclude(pk__in=stay.get(model, []))
        if ids := list(rows.order_by("pk").values_list("pk", flat=True)):
            rows.update(**{field: kept})
            moved[name_of(model, field)] = ids
    return moved


def _new_keys(model, field: str, key: str, merged: User, kept: User) -> dict[str, str]:
    """Give rows of `merged` whose request key `kept` has used as well another one; the old ones, by row."""
    used = owned(model, field, kept).order_by().values(key)
    old = {
        str(pk): value
        for pk, value in owned(model, field, merged).filter(**{f"{key}__in": used}).values_list("pk", key)
    }
    for pk in old:
        model._base_manager.filter(pk=pk).update(**{key: str(uuid.uuid4())})
    return old


def _newer_positions(merged: User, kept: User) -> list[dict[str, Any]]:
    """Where both have read the same text, the newer place becomes that of `kept`; what it was before, by row. The rows
    of `merged` stay as they are."""
    before = []
    theirs = {row.revision_id: row for row in same_positions(merged, kept)}
    for row in ReadingPosition.objects.filter(reader=kept, revision__in=theirs).order_by("pk"):
        newer = theirs[row.revision_id]
        if newer.updated_at <= row.updated_at:
            continue
        place = {"block": row.block, "offset": row.offset, "updated_at": row.updated_at.isoformat()}
        before.append({"id": row.pk, "was": place, "became": newer.updated_at.isoformat()})
        # Not save(), which would say that they have read just now.
        ReadingPosition.objects.filter(pk=row.pk).update(
            block=newer.block, offset=newer.offset, updated_at=newer.updated_at
        )
    return before


def _withdraw_second_flags(merged: User, kept: User) -> list[int]:
    ids = list(open_twice(merged, kept).order_by("pk").values_list("pk", flat=True))
    Flag.objects.filter(pk__in=ids).update(outcome=Flag.WITHDRAWN, settled_at=timezone.now())
    return ids


@transaction.atomic
def separate_people(actor: User, merged: User) -> User:
    """Take a merge back: the very rows that moved go back as far as they are still there, and the account is what it
    was. What was done since then under the other account stays there. Its sessions stay ended.

    Raises Denied; Missing when the account was not merged; Conflict when the two cannot be told apart any more.
    """
    stale = User.objects.filter(pk=merged.pk).first()
    people = _locked(merged.pk, *([stale.merged_into_id] if stale and stale.merged_into_id else []))
    merged = people[merged.pk]
    _check_right(actor, *people.values())
    merge = merge_of(merged)
    if merge is None:
        raise Missing("This account has not been merged.")
    if reasons := obstacles_to_separating(merge):
        raise Conflict(" ".join(reasons), current=merged)
    try:
        with transaction.atomic():
            _move_back(merge)
    except IntegrityError:
        message = f"{merged.username} has got something since then that it cannot have twice. Nothing was changed."
        raise Conflict(message, current=merged) from None
    merged.merged_into, merged.is_active = None, merge.event.after["was_active"]
    merged.save(update_fields=["merged_into", "is_active"])
    after = {"merged": merged.pk, "kept": merge.kept.pk, "undoes": merge.event.number}
    record(SITE, SEPARATED, actor=actor, subject=subject_of(merged), after=after)
    sessions = list(TeamSession.objects.filter(members__user=merged).order_by("pk"))
    _tell(sessions, "member-separated", actor, merge.kept, merged)
    return merged


def _move_back(merge: Merge) -> None:
    merged, kept, was = merge.merged, merge.kept, merge.event.after
    for model, field in MOVES:
        for ids in in_pieces(merge.rows_of(model, field)):
            owned(model, field, kept).filter(pk__in=ids).update(**{field: merged})
    for model, field, key in KEYED:
        for pk, value in was["keys"][model._meta.label_lower].items():
            owned(model, field, merged).filter(pk=pk).update(**{key: value})
    for row in was["positions"]:
        # Only where it still is what the merge made of it: whoever has read on since then keeps the place.
        place = dict(row["was"], updated_at=datetime.fromisoformat(row["was"]["updated_at"]))
        here = ReadingPosition.objects.filter(pk=row["id"], updated_at=datetime.fromisoformat(row["became"]))
        here.update(**place)
    Flag.objects.filter(pk__in=was["withdrawn"], reader=merged, outcome=Flag.WITHDRAWN).update(
        outcome="", settled_at=None
    )


def _tell(sessions: list[TeamSession], verb: str, actor: User, old: User, new: User) -> None:
    """What is worked out about a session is kept by the numbers of its own channel, and holds who its readers are."""
    for session in sessions:
        before, after = {"user": old.pk}, {"user": new.pk}
        record(session.channel, verb, actor=actor, subject=subject_of(new), before=before, after=after)
