"""The whole test suite, once on SQLite and once on PostgreSQL: what `make test` runs.

    python -m tests.support.suite [--on sqlite|postgres] [pytest's arguments]

The second run leaves out the tests that ask for no database or are marked with `once`: they would do the same again.
It starts only when the first has passed, so that the last lines are always those of the run that decided.
Where no PostgreSQL can be had this fails; OPSLENS_TEST_POSTGRES=skip does without it, but never with CI=true.
"""

from __future__ import annotations

import os
import sys

from tests.support import chromium, debian, postgres
from tests.support.environment import WITH_DATABASE_ONLY

MOST_WORKERS = 4  # each has its own browser and server


def _pytest(arguments: list[str], environment: dict[str, str]) -> int:
    workers = ["-n", "auto", f"--maxprocesses={MOST_WORKERS}", "--dist", "worksteal"]
    return postgres.run([sys.executable, "-m", "pytest", *workers, *arguments], environment)


def _title(text: str) -> None:
    print(f"\n\N{BOX DRAWINGS LIGHT HORIZONTAL}\N{BOX DRAWINGS LIGHT HORIZONTAL} {text}\n", flush=True)


def _databases(chosen: str | None) -> list[str]:
    """Which databases to run on; raises debian.CannotInstall where PostgreSQL is wanted and not to be had."""
    if chosen:
        databases = [chosen]
    elif os.environ.get("OPSLENS_TEST_POSTGRES") == "skip" and os.environ.get("CI") != "true":
        _title("PostgreSQL is left out, as OPSLENS_TEST_POSTGRES=skip asks: half of the tests")
        return ["sqlite"]
    else:
        databases = ["sqlite", "postgres"]
    if "postgres" in databases:
        try:
            postgres.find_or_install()
        except debian.CannotInstall as problem:
            raise debian.CannotInstall(
                f"{problem}\nTo run the tests without PostgreSQL all the same: OPSLENS_TEST_POSTGRES=skip make test"
            ) from problem
    return databases


def main(arguments: list[str]) -> int:
    chosen = None
    if arguments[:1] == ["--on"]:
        chosen, arguments = arguments[1], arguments[2:]
        if chosen not in {"sqlite", "postgres"}:
            print(__doc__)
            return 2
    try:
        with postgres.orderly_end():
            databases = _databases(chosen)
            browser = chromium.find_or_install()
            code = 0
            if "sqlite" in databases:
                _title("Tests on SQLite")
                code = _pytest(arguments, {**os.environ, "CHROMIUM": browser})
            if "postgres" in databases and code == 0:
                with postgres.cluster() as url:
                    _title("Tests on PostgreSQL")
                    environment = {**postgres.environment(url), "CHROMIUM": browser}
                    if "sqlite" in databases:
                        environment[WITH_DATABASE_ONLY] = "1"
                    code = _pytest(arguments, environment)
            return code
    except (postgres.CannotStart, debian.CannotInstall) as problem:
        print(f"\n!!! {problem}\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
