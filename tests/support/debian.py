"""Installing what the tests need and pip cannot bring, on Debian and its relatives."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


class CannotInstall(Exception):
    """The package is missing and this process may not, or does not know how to, install it."""


def install(*packages: str, purpose: str) -> None:
    """Install Debian packages as root or through a sudo that asks nothing; raises CannotInstall."""
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise CannotInstall(f"{purpose} is missing. On Debian and Ubuntu: {command}")
    prefix: list[str] = []
    if os.geteuid() != 0:
        if not shutil.which("sudo") or subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode:
            raise CannotInstall(f"{purpose} is missing, and only root may install it: sudo {command}")
        prefix = ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"]
    print(f"{purpose} is missing; installing {', '.join(packages)} …", flush=True)
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [*prefix, "apt-get", "-o", "DPkg::Lock::Timeout=300", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            raise CannotInstall(f"{purpose} is missing, and “apt-get {' '.join(arguments)}” failed.")
