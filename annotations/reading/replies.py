"""How many replies stand under marks of team sessions, for their cards."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q
from django.utils.safestring import SafeString, mark_safe

from annotations.models import Annotation, Member, TeamSession


def reply_counts(viewer, annotations: Iterable[Annotation]) -> dict[int, int]:
    """By id, how many replies stand under each of these marks that this viewer may talk about: marks of sessions in
    which they are a member and in which everybody's marks are shown. Marks without replies are in it for those who may
    add the first one. One query, and none where there is no such mark."""
    if not viewer.is_authenticated:
        return {}
    ids = [a.pk for a in annotations if a.session_id is not None and a.session.shows_marks]
    if not ids:
        return {}
    mine = Q(session__members__user_id=viewer.pk, session__members__left_at=None)
    rows = (
        Annotation.objects.filter(mine, pk__in=ids)
        .order_by()
        .values_list("pk", "session__phase", "session__members__role")
        .annotate(n=Count("replies", filter=Q(replies__deleted_at=None)))
    )
    return {pk: n for pk, phase, role, n in rows if n or (phase != TeamSession.ARCHIVED and role != Member.OBSERVER)}


def link_html(session: str, uid: str, number: int, *, in_place: bool = True, focus: bool = False) -> SafeString:
    """The link from a mark to what is said under it. Followed on a page with scripts, it gives way to the thread, which
    has its id. Names are letters and digits: nothing here needs to be escaped."""
    url = f"/team/{session}/marks/{uid}/replies/"
    words, label = (
        ("1 reply" if number == 1 else f"{number} replies", "") if number else ("Reply", "Reply to this mark")
    )
    attributes = f' aria-label="{label}"' if label else ""
    if focus:
        attributes += " autofocus"
    if not in_place:
        return mark_safe(f'<p class="replies-link"><a class="act" href="{url}"{attributes}>{words}</a></p>')
    return mark_safe(
        f'<p id="replies-{uid}" class="replies-link"><a class="act" href="{url}" hx-get="{url}" '
        f'hx-target="#replies-{uid}" hx-swap="outerHTML"{attributes}>{words}</a></p>'
    )
