"""Where the browser for the tests is.

Playwright drives the Chromium of the machine. `python -m tests.support.chromium` prints its path, installing it
first where that is possible.
"""

from __future__ import annotations

import os
import shutil
import sys

from tests.support import debian

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Fonts with Hebrew and Arabic letters and with emoji: without them pages in these scripts are drawn as boxes.
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-noto-color-emoji")

# Chromium makes for each window a list of proposals under the address field, twice, pages of its own in a process of
# their own, and keeps a spare process for the next page. Without a window to look at nobody needs them, and they take
# more of the processor than the page that is tested.
_NEEDLESS = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "SpareRendererForSitePerProcess")
# What Playwright switches off by the same argument, of which Chromium heeds the last alone.
_AS_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "msForceBrowserSignIn",
    "msEdgeUpdateLaunchServicesPreferredVersion",
)

ARGUMENTS = [
    f"--disable-features={','.join((*_AS_PLAYWRIGHT, *_NEEDLESS))}",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Containers often give /dev/shm 64 MB, less than a long article takes.
    "--disable-dev-shm-usage",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


def find() -> str | None:
    """The path of a Chromium or Chrome: $CHROMIUM, or the first known name on PATH."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return shutil.which(chosen)
    return next((path for path in map(shutil.which, NAMES) if path), None)


def find_or_install() -> str:
    """Like `find`, but installs Chromium when there is none; raises debian.CannotInstall."""
    if os.environ.get("CHROMIUM") and not find():
        raise debian.CannotInstall(f"CHROMIUM names a program that is not there: {os.environ['CHROMIUM']}")
    if not find():
        debian.install(*PACKAGES, purpose="Chromium, which the browser tests run in,")
    path = find()
    if path is None:
        raise debian.CannotInstall("Chromium was installed, but is not on PATH.")
    return path


if __name__ == "__main__":
    try:
        print(find_or_install())
    except debian.CannotInstall as problem:
        sys.exit(str(problem))
