"""The page on which two revisions of an article are compared. Its address is stable: revisions never change."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotations.comparing.queries import compared
from annotations.reading.scope import Scope, whose_of
from opslens.articles.access import article_for
from opslens.articles.revisions import revision_for
from opslens.text.side_by_side import Part, folded
from opslens.web.policy import allow, everyone
from opslens.web.refusals import Missing

VIEWS = ("inline", "split")
CLAIM = "claim"


@allow(everyone)
@require_safe
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """From the form in which two revisions are chosen to the address of their comparison; without a choice, the last
    two."""
    article = article_for(request.user, slug)
    numbers = list(article.revisions.order_by("number").values_list("number", flat=True))
    if len(numbers) < 2:
        raise Missing("This article has one revision, so there is nothing to compare it with.")
    chosen = [request.GET.get(name, "") for name in ("old", "new")]
    found = [int(value) for value in chosen if value.isascii() and value.isdigit() and len(value) < 9]
    old, new = sorted(found) if len(found) == 2 and found[0] != found[1] else numbers[-2:]
    query = {name: request.GET[name] for name in ("view", "touching", "marks", "whose") if name in request.GET}
    address = reverse("comparing:compare", args=[slug, old, new])
    return redirect(address + (f"?{urlencode(query)}" if query else ""))


@allow(everyone)
@require_safe
def compare(request: HttpRequest, slug: str, old: int, new: int) -> HttpResponse:
    """Two revisions, the older first: inline or side by side, all of the text or what changed in marked passages."""
    older, newer = (revision_for(request.user, slug, number) for number in (old, new))
    if old >= new:
        return redirect("comparing:choose", slug)
    view = request.GET.get("view", "inline")
    touching = request.GET.get("touching", "")
    tag = int(touching) if touching.isascii() and touching.isdigit() and len(touching) < 18 else None
    with_marks = request.GET.get("marks") != "off"
    comparison, carried = compared(
        request.user, older, newer, scope=Scope(whose_of(request)), with_marks=with_marks, touching=tag
    )
    rows = [row for row in comparison.rows if row.touched] if tag is not None else comparison.rows
    revisions = list(older.article.revisions.light().select_related("created_by").order_by("number"))
    named = {revision.number: revision for revision in revisions}
    context = {
        "article": older.article,
        "old": named[old],
        "new": named[new],
        "revisions": revisions,
        "comparison": comparison,
        "parts": folded(rows) if tag is None else [Part(False, rows)],
        "view": view if view in VIEWS else "inline",
        "touching": tag,
        "tag": next((look for look in carried if look.pk == tag), None),
        "tags": carried,
        "claim": next((look for look in carried if look.name == CLAIM), None),
        "with_marks": with_marks,
        "whose": whose_of(request),
    }
    return render(request, "comparing/compare.html", context)
