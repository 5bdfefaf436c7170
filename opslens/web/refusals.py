"""Refusals: what an action raises when it will not do something, and the answer each becomes.

Nothing was changed when one of these is raised. Views catch those for which they have a better fragment.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# PostgreSQL ended a transaction that waited for another one which waited for it, and nothing was changed.
_LOST_RACES = frozenset({"40001", "40P01"})


class Refused(Exception):
    """`str(error)` is a sentence for the person; `status` the HTTP status of the answer."""

    status = 400
    title = "That did not work"


class Invalid(Refused):
    """Input that cannot be used. `errors` maps field names to sentences."""

    status = 422
    title = "Please check what you entered"

    def __init__(self, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or {}


class Conflict(Refused):
    """Somebody or something was faster. `current` is the state that won."""

    status = 409
    title = "Changed in the meantime"

    def __init__(self, message: str, current: object = None) -> None:
        super().__init__(message)
        self.current = current


class Denied(Refused):
    status = 403
    title = "Not open to you"


class Missing(Refused):
    """Not there, or not for this viewer: both look the same."""

    status = 404
    title = "Nothing here"


class TooLarge(Refused):
    status = 413
    title = "Too large"


def answer(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The page or, for an HTMX request, the notice that tells of a refusal."""
    template = "web/_notice.html" if request.htmx else "web/refused.html"
    response = render(request, template, {"refused": refused}, status=refused.status)
    if request.htmx:
        response["HX-Retarget"] = "#notices"
        response["HX-Reswap"] = "innerHTML"
    return response


class RefusalMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") in _LOST_RACES:
            error = Conflict("Somebody changed the same thing in the same moment, so this was not done. Try again.")
        return answer(request, error) if isinstance(error, Refused) else None
