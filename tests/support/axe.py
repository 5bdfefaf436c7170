"""Accessibility checks of a page by axe-core."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def violations(page: Page, context: str | None = None, *, without: tuple[str, ...] = ()) -> list[str]:
    """What axe finds wrong in the page or the part of it that a CSS selector names, a readable block each.

    `without` names rules that are not asked, by their axe id.
    """
    options = {
        "runOnly": {"type": "tag", "values": list(TAGS)},
        "resultTypes": ["violations"],
        "rules": {rule: {"enabled": False} for rule in without},
    }
    found = Axe().run(page, context=context, options=options).response["violations"]
    return [_readable(violation) for violation in found]


def _readable(violation: dict) -> str:
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}", f"    {violation['helpUrl']}"]
    for node in violation["nodes"]:
        lines.append(f"  at {' '.join(map(str, node['target']))}")
        lines.append(f"     {' '.join(node['html'].split())[:200]}")
        lines.extend(f"     - {check['message']}" for kind in ("any", "all", "none") for check in node.get(kind, []))
    return "\n".join(lines)
