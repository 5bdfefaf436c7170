"""Where to go after a form: the address in `next`, if it is one of ours."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def asked_next(request: HttpRequest) -> str:
    """The `next` of the form or the address, or "" when there is none or it would lead elsewhere."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return url if safe and url.startswith("/") else ""


def next_page(request: HttpRequest, default: str) -> str:
    """A safe address to go on to; `default` is the name of a URL."""
    return asked_next(request) or resolve_url(default)
