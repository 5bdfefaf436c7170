"""A pytest plugin that gives every test process the environment opslens.settings reads.

It is loaded with `-p` (see pyproject.toml), that is before pytest-django imports the settings. Whatever the person
who runs the tests has exported, or keeps in their own OPSLENS_HOME, is out of the tests' sight.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SETTINGS = {
    "OPSLENS_DEMO": "1",
    "SECRET_KEY": "for-tests-only-" * 4,
    "HOST": "127.0.0.1",
    "PORT": "8000",
}
# Read by opslens.settings as well: tests see the defaults.
UNSET = (
    "ALLOWED_HOSTS",
    "BEHIND_PROXY",
    "CONN_MAX_AGE",
    "CSRF_TRUSTED_ORIGINS",
    "DEBUG",
    "HSTS_PRELOAD",
    "HSTS_SECONDS",
    "HSTS_SUBDOMAINS",
    "HTTPS",
    "LOG_LEVEL",
    "MAX_HTML_BYTES",
    "MAX_REQUEST_BYTES",
    "OPSLENS_THREADS",
    "PROXY_COUNT",
    "SIGN_IN_FAILURES",
    "SIGN_UP_OPEN",
    "SSL_REDIRECT",
    "STATIC_AUTOREFRESH",
    "TIME_ZONE",
    "WORKERS",
)


def _scratch_folder() -> Path:
    """A folder that lives as long as the test run; pytest-xdist's workers each get a part of it."""
    root = os.environ.get("OPSLENS_TEST_SCRATCH")
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if not (root and worker):
        root = tempfile.mkdtemp(prefix="opslens-tests-")
        os.environ["OPSLENS_TEST_SCRATCH"] = root
        atexit.register(shutil.rmtree, root, ignore_errors=True)
    folder = Path(root, worker or "main")
    folder.mkdir(exist_ok=True)
    return folder


SCRATCH = _scratch_folder()


def _prepare() -> None:
    for name in UNSET:
        os.environ.pop(name, None)
    os.environ.update(SETTINGS)
    os.environ["OPSLENS_HOME"] = str(SCRATCH / "home")
    (SCRATCH / "home" / "static").mkdir(parents=True)  # whitenoise warns when it is missing
    # A database that was not started for the tests is none of theirs: see tests/support/postgres.py.
    if os.environ.get("DATABASE_URL") != os.environ.get("OPSLENS_TEST_DATABASE_URL"):
        os.environ.pop("DATABASE_URL", None)


_prepare()

# Set for the run on a second database, in which what asks for no database, or is marked with `once`, would do the same
# again.
WITH_DATABASE_ONLY = "OPSLENS_TESTS_WITH_DATABASE_ONLY"
