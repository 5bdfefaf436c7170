"""The stream of what changes on a reading page, and what the page shows of it. Everything starts from the viewer."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from annotations.live.counts import counts_html
from annotations.live.following import following, message
from annotations.live.fresh import Asked, fresh_html
from annotations.live.hub import Follower, counted, hub
from annotations.membership import article_in
from annotations.reading.scope import Scope, scope_of
from annotations.teams.actions import reveal_if_due
from opslens.accounts.throttling import client_address
from opslens.articles.documents import document_of
from opslens.articles.revisions import revision_for
from opslens.models import Revision
from opslens.streams import EventStream
from opslens.web.policy import allow, everyone
from opslens.web.refusals import Invalid, Refused, answer

MOST_BLOCKS = 200  # in one request for what is fresh
MOST_MARKS = 200
RETRY_SECONDS = 30  # for those for whom there is no room
_UID = re.compile(r"[a-z0-9]{10}", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", re.ASCII)
_NEAR = 3  # blocks between two that are asked for, which are sent along rather than asked for apart


class TooManyStreams(Refused):
    status = 429
    title = "Too many pages are open"


def _asked(request: HttpRequest, slug: str, number: int, session: str) -> tuple[Scope, Revision]:
    """The marks and the revision of the page. Raises Missing when they are not the viewer's."""
    scope = scope_of(request, session)
    if scope.seat is not None:
        article_in(scope.seat, slug)
    return scope, revision_for(request.user, slug, number)


@allow(everyone)
@require_GET
def live(request: HttpRequest, slug: str, number: int, session: str = "") -> HttpResponseBase:
    """What has happened since the cursor in `Last-Event-ID` or `?after=`, and what happens from now on, as server-sent
    events; with `?once=yes` the answer ends there. `?phase=` is the phase of the session that the page shows."""
    scope, revision = _asked(request, slug, number, session)
    if scope.seat is not None and scope.seat.session.is_due and reveal_if_due(scope.seat.session.pk):
        scope = scope_of(request, session)
    once, name = request.GET.get("once") == "yes", counted(request.user, client_address(request))
    if not once and not hub.has_room(name):
        return _no_room(request)
    follows = following(request, scope, revision)
    opening = follows.catch_up(request.headers.get("Last-Event-ID") or request.GET.get("after", ""))
    shown = request.GET.get("phase", "")
    if scope.seat is not None and shown and shown != scope.seat.session.phase:
        opening.insert(0, message("phase", {"phase": scope.seat.session.phase}))
    opening.append(message("hello", {}, follows.cursor))
    if once:
        return HttpResponse(b"".join(opening), content_type="text/event-stream", headers={"Cache-Control": "no-store"})
    return EventStream(Follower(hub, follows, name), b"".join(opening))


def _no_room(request: HttpRequest) -> HttpResponse:
    said = "Many pages are open that follow changes. Close some, or load this one again now and then."
    response = answer(request, TooManyStreams(said))
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


@allow(everyone)
@require_GET
def fresh(request: HttpRequest, slug: str, number: int, session: str = "") -> HttpResponse:
    """Fragments for what has changed: `?blocks=3,7-9` these blocks, `&marks=uid,…` the cards of those of these marks
    that begin or lie in them, and the removal of the others; with `&all=yes` also the first cards of each block, with
    `&counts=yes` the counts and the strip."""
    scope, revision = _asked(request, slug, number, session)
    runs = _runs(request.GET.get("blocks", ""), len(document_of(revision.pk).blocks))
    uids = tuple(dict.fromkeys(_UID.findall(request.GET.get("marks", "")[: MOST_MARKS * 12])))
    html = fresh_html(request.user, revision, scope, Asked(runs, uids, request.GET.get("all") == "yes"))
    if request.GET.get("counts") == "yes":
        html += counts_html(request.user, revision, scope)
    return HttpResponse(html, headers={"Cache-Control": "no-store"})


def _runs(asked: str, number_of_blocks: int) -> tuple[range, ...]:
    """The blocks of a list such as `3,7-9`, as ranges from first to last. Raises Invalid."""
    wanted: set[int] = set()
    for part in filter(None, asked[: MOST_BLOCKS * 8].split(",")):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise Invalid("Blocks are asked for by their numbers, such as 3,7-9.")
        first, last = int(match[1]), int(match[2] or match[1])
        wanted.update(range(first, min(last, first + MOST_BLOCKS, number_of_blocks - 1) + 1))
        if len(wanted) > MOST_BLOCKS:
            raise Invalid(f"At most {MOST_BLOCKS} blocks at once.")
    runs: list[range] = []
    for block in sorted(block for block in wanted if block < number_of_blocks):
        if runs and block - runs[-1].stop < _NEAR:
            runs[-1] = range(runs[-1].start, block + 1)
        else:
            runs.append(range(block, block + 1))
    return tuple(runs)
