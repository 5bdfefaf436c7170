"""How tries to sign in are counted (by django-axes) and what one hears when there were too many."""

from __future__ import annotations

import ipaddress
import math
from datetime import datetime, timedelta

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from opslens.web.refusals import Refused


class TooManyTries(Refused):
    """`seconds`: how long until the next try counts."""

    status = 429
    title = "Too many tries"

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


def client_address(request: HttpRequest) -> str | None:
    """The address a request came from, IPv6 by the network of 64 bits that one household has; None when unknown.

    Behind proxies of ours (`BEHIND_PROXY`) it is the one that the outermost of them saw. What the client itself wrote
    into X-Forwarded-For stands to the left of that and is not believed.
    """
    if settings.PROXY_COUNT:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(hops) >= settings.PROXY_COUNT:
            return _network(hops[-settings.PROXY_COUNT].strip()) or _network(request.META.get("REMOTE_ADDR", ""))
    return _network(request.META.get("REMOTE_ADDR", ""))


def _network(address: str) -> str | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False).network_address)


def opens_again(username: str, address: str | None, now: datetime) -> datetime:
    """When the next try for this name from this address will be let through."""
    pause: timedelta = get_cool_off()
    failures = 0
    tries = AccessAttempt.objects.filter(username=username, ip_address=address, attempt_time__gte=now - pause)
    for attempt in tries.order_by("-attempt_time"):
        failures += attempt.failures_since_start
        if failures >= settings.AXES_FAILURE_LIMIT:
            return attempt.attempt_time + pause
    return now


def refusal(request: HttpRequest, username: str) -> TooManyTries:
    """The refusal of a try to sign in. It reads the same whether or not the account exists."""
    now = timezone.now()
    wait = max(opens_again(username, client_address(request), now) - now, timedelta(seconds=1))
    minutes = math.ceil(wait.total_seconds() / 60)
    at = timezone.localtime(now + wait).strftime("%H:%M")
    return TooManyTries(
        f"There were too many tries to sign in with this name from here. Try again in {minutes} "
        f"minute{'' if minutes == 1 else 's'}, at {at} ({timezone.get_current_timezone_name()}). "
        "Tries until then are not counted.",
        math.ceil(wait.total_seconds()),
    )
