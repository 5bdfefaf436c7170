"""Staff see everything, blind sessions included; that they looked is an event that they cannot avoid.

It goes to a channel of its own, which nothing else follows: no page of an annotator changes because somebody looked at
marks that are hidden from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.http import HttpRequest

from annotations.models import TeamSession
from opslens.activity.record import record


def record_looks(request: HttpRequest, page: str, session_ids: Iterable[int | None]) -> None:
    """Note which blind sessions' rows a page has shown, with how many."""
    shown = Counter(pk for pk in session_ids if pk is not None)
    if not shown:
        return
    with transaction.atomic():
        for session in TeamSession.objects.filter(pk__in=shown).order_by("pk"):
            if session.hides_marks:
                record(
                    f"{session.channel}:looks",
                    "staff-looked",
                    actor=request.user,
                    subject=session.subject,
                    after={"page": page, "rows": shown[session.pk]},
                )
