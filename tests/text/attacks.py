"""The attack corpus, tests/cases/attacks.json: each case as HTML, long ones built from a repeated unit."""

import json
from pathlib import Path

CASES = json.loads((Path(__file__).parent.parent / "cases" / "attacks.json").read_text(encoding="utf-8"))


def source_of(case: dict) -> str:
    """Return the HTML of a case. ``repeat`` is: before, then the unit so many times ({n} counts), after, closings."""
    if "repeat" not in case:
        return case["html"]
    repeat = case["repeat"]
    unit, times = repeat["unit"], repeat["times"]
    middle = "".join(unit.replace("{n}", str(n)) for n in range(times)) if "{n}" in unit else unit * times
    return repeat.get("before", "") + middle + repeat.get("after", "") + repeat.get("closing", "") * times
