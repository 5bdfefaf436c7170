"""Answers that caches may keep. What a page of an edition shows is a function of rows whose writes advance event
numbers, so that those numbers, with the viewer, name its bytes: they make its ETag, and a request that has them
already gets a 304 before anything is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import http_date

from annotations.models import SessionArticle, TeamSession
from opslens.accounts.preferences import Preferences
from opslens.activity.numbers import last_numbers
from opslens.models import Event

PUBLIC_SECONDS = 60
_TEMPLATES = ("edition/*.html", "web/_head.html", "web/_brand.html")

Numbers = tuple[tuple[str, int], ...]


def numbers_of(session: TeamSession, articles: Iterable[SessionArticle]) -> Numbers:
    """The last event numbers of everything that shows in an edition: the session with its decisions and marks, its
    codebook, these articles, and people's names. One query."""
    names = ("site", session.channel, session.codebook.channel, *(here.article.channel for here in articles))
    return last_numbers(*names, kinds=(session.channel,))


@cache
def _made_with() -> str:
    """What the templates and styles of this version are: pages of another version are others."""
    digest, base = hashlib.sha256(), Path(settings.BASE_DIR)
    for pattern in _TEMPLATES:
        for template in sorted((base / "templates").glob(pattern)):
            digest.update(template.read_bytes())
    for style in sorted((base / "static").glob("css/**/*.css")):
        digest.update(static(style.relative_to(base / "static").as_posix()).encode())
    return digest.hexdigest()


def kept_answer(request: HttpRequest, key: tuple, numbers: Numbers, make: Callable[[], HttpResponse]) -> HttpResponse:
    """What `make` answers, or 304 when the client has it. `key` holds everything that shows beside the viewer's own
    things; `numbers` are among it.

    A visitor's answer holds nothing of theirs but how they like to read, which is in a cookie that `Vary` names. That
    of somebody who is signed in is theirs alone.
    """
    viewer = request.user
    who = (viewer.pk, viewer.name, viewer.initials) if viewer.is_authenticated else None
    parts = repr((_made_with(), key, who, Preferences.of(request)))
    etag = f'"{hashlib.sha256(parts.encode()).hexdigest()[:32]}"'
    changed = _changed_at(numbers)
    response = get_conditional_response(request, etag=etag, last_modified=changed)
    if response is None:
        response = make()
    if response.status_code in (200, 304):
        response.headers["ETag"] = etag
        if changed is not None:
            response.headers["Last-Modified"] = http_date(changed)
        response.headers["Cache-Control"] = f"public, max-age={PUBLIC_SECONDS}" if who is None else "private, no-cache"
    patch_vary_headers(response, ("Cookie",))
    return response


def _changed_at(numbers: Numbers) -> int | None:
    """When the last of these events happened, in seconds since 1970; None within that very second, in which another
    one could follow that a client would not hear of."""
    last = Event.objects.filter(channel__name__in=dict(numbers), number=F("channel__last_number"))
    moments = {(name, number): at for name, number, at in last.values_list("channel__name", "number", "at")}
    if not numbers or moments.keys() != set(numbers):
        return None  # something has happened since the numbers were read
    second = int(max(moments.values()).timestamp())
    return second if second < int(timezone.now().timestamp()) else None
