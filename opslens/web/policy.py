"""Who may use which URL. Every view names its rule with `@allow(...)`; a view without one is closed, and
the system check `opslens.E001` fails for it. Rules about single objects live beside the objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.middleware import get_user
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from opslens.web.refusals import Denied, answer


@dataclass(frozen=True)
class Rule:
    name: str
    holds: Callable[[HttpRequest], bool]


everyone = Rule("everyone", lambda request: True)
signed_in = Rule("signed in", lambda request: request.user.is_authenticated)
staff = Rule("staff", lambda request: request.user.is_active and request.user.is_staff)
local_demo = Rule("the local demo", lambda request: settings.DEMO)


def allow(rule: Rule) -> Callable:
    """Name the rule of a view. Goes outermost, above method and cache decorators."""

    def name_rule(view: Callable) -> Callable:
        view.policy = rule
        return view

    return name_rule


def rule_of(view: Callable, app_names: list[str]) -> Rule | None:
    """The rule of a resolved view; the Django admin guards itself and counts as staff."""
    if "admin" in app_names:
        return getattr(view, "policy", everyone if getattr(view, "__name__", "") == "login" else staff)
    return getattr(view, "policy", None)


def _page_of(request: HttpRequest) -> str:
    """The page that an HTMX request came from."""
    try:
        return request.htmx.current_url_abs_path or "/"
    except ValueError:  # the header can hold anything
        return "/"


class PolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        rule = rule_of(view, request.resolver_match.app_names)
        if rule is not None and rule is not everyone:
            # The account itself instead of Django's proxy for it: the view will ask it many times.
            request.user = get_user(request)
        if rule is not None and rule.holds(request):
            return None
        if rule is None or request.user.is_authenticated or rule is local_demo:
            return answer(request, Denied("This page is not open to you."))
        if request.htmx:
            # A fragment cannot show the sign-in page; after signing in the reader is back on the page they were on.
            return HttpResponseClientRedirect(
                f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': _page_of(request)}, safe='/')}"
            )
        back = request.get_full_path() if request.method == "GET" else "/"
        return redirect_to_login(back, reverse(settings.LOGIN_URL))
