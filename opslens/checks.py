"""System checks of our own."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from opslens.web.policy import rule_of


def url_patterns(resolver: URLResolver | None = None, prefix: str = "", apps: tuple = ()) -> Iterator[tuple]:
    """Yield (route, view, app names) for every URL of the project."""
    resolver = resolver or get_resolver()
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from url_patterns(entry, route, (*apps, entry.app_name) if entry.app_name else apps)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback, list(apps)


@register()
def every_url_names_its_policy(app_configs, **kwargs) -> list[Error]:
    return [
        Error(
            f"The URL {route!r} does not say who may use it.",
            hint="Put @allow(...) from opslens.web.policy on its view.",
            id="opslens.E001",
        )
        for route, view, apps in url_patterns()
        if rule_of(view, apps) is None
    ]
