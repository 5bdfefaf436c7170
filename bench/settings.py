"""The project's settings with the measuring URLs beside its own."""

from opslens.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
