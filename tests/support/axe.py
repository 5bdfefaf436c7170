"""Accessibility checks of a page by axe-core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# Style sheets alone make these of a page: it need not be opened again for each.
LOOKS = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced colours": {"color_scheme": "light", "forced_colors": "active"},
}


def each_look(page: Page, names: Iterable[str] = LOOKS) -> Iterator[str]:
    """Show an open page in each of these looks, and in light again in the end."""
    for name in names:
        page.emulate_media(**LOOKS[name])
        yield name
    page.emulate_media(**LOOKS["light"])


def violations(page: Page, context: str | None = None, *, without: tuple[str, ...] = ()) -> list[str]:
    """What axe finds wrong in the page or the part of it that a CSS selector names, a readable block each.

    `without` names rules that are not asked, by their axe id.
    """
    options = {
        "runOnly": {"type": "tag", "values": list(TAGS)},
        "resultTypes": ["violations"],
        "rules": {rule: {"enabled": False} for rule in without},
    }
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_script())
    found = page.evaluate(
        "async ([context, options]) => (await axe.run(context ?? document, options)).violations", [context, options]
    )
    return [_readable(violation) for violation in found]


@cache
def _script() -> str:
    return Axe().axe_script


def _readable(violation: dict) -> str:
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}", f"    {violation['helpUrl']}"]
    for node in violation["nodes"]:
        lines.append(f"  at {' '.join(map(str, node['target']))}")
        lines.append(f"     {' '.join(node['html'].split())[:200]}")
        lines.extend(f"     - {check['message']}" for kind in ("any", "all", "none") for check in node.get(kind, []))
    return "\n".join(lines)
