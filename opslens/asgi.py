"""The application for an ASGI server."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opslens.settings")
django.setup(set_prefix=False)

from opslens.threads import Pages  # noqa: E402  (needs Django set up)

# A thread that holds the database's write lock gives up the interpreter at each statement, and gets it back when
# another thread's turn ends: with Python's 5 ms turns, ten statements could hold up every writer for 50 ms.
sys.setswitchinterval(0.0005)

# One thread a process by default: pages are work for the processor, which threads of one interpreter cannot share.
application = Pages(threads=int(os.environ.get("OPSLENS_THREADS", "1")))
