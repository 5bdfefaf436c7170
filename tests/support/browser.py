"""Fixtures for tests that open pages in Chromium.

A test that uses `page` or `open_page` gets the `browser` marker, the live server and a transactional database by
itself. When the test body has ended, every page it opened must be free of console errors, uncaught exceptions and
violations of the content security policy; a test that means to cause some says which:

    @pytest.mark.expected_problems("status of 409")

When a test fails, what its pages showed is kept in `test-results/` as a picture, HTML and console lines.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, WebError, sync_playwright

from tests.support import axe as accessibility
from tests.support import chromium as machine
from tests.support.server import LiveServer

OpenPage = Callable[..., Page]

DESKTOP = (1280, 900)  # CSS pixels
PHONE = (390, 844)
TIMEOUT_MS = 10_000  # what a missing element costs a failing test; passing tests never wait that long


@dataclass
class Opened:
    """The pages of one test and what went wrong on them."""

    contexts: list[BrowserContext] = field(default_factory=list)
    without_javascript: set[BrowserContext] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def pages(self) -> list[Page]:
        return [page for context in self.contexts for page in context.pages]

    def watch(self, context: BrowserContext, *, javascript: bool = True) -> None:
        context.on("console", self._heed)
        context.on("weberror", self._uncaught)
        self.contexts.append(context)
        if not javascript:
            self.without_javascript.add(context)

    def _heed(self, message: ConsoleMessage) -> None:
        # Chromium reports violations of the content security policy here, too.
        if message.type == "error":
            at = message.location
            self.problems.append(f"{message.text}  [{at.get('url', '')}:{at.get('lineNumber', '')}]")

    def _uncaught(self, error: WebError) -> None:
        self.problems.append(f"uncaught: {error.error.stack or error.error}")

    def settle(self) -> None:
        """Let what the pages are about to do happen, and its messages arrive."""
        for page in self.pages():
            try:
                if page.context in self.without_javascript:
                    page.wait_for_timeout(20)
                else:
                    page.evaluate("() => new Promise(done => setTimeout(done, 1))")
            except Error:
                continue  # closed, crashed or on its way to another page


_OPENED = pytest.StashKey[Opened]()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # pytest-xdist's workers leave it to the process that starts them
        shutil.rmtree(_results(session.config), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def _results(config: pytest.Config) -> Path:
    return config.rootpath / "test-results"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    opened = item.stash.setdefault(_OPENED, Opened())
    try:
        result = yield
        opened.settle()
        expected = [pattern for mark in item.iter_markers("expected_problems") for pattern in mark.args]
        unexpected = [text for text in opened.problems if not any(re.search(pattern, text) for pattern in expected)]
        if unexpected:
            pytest.fail("Problems on the page:\n" + "\n".join(unexpected), pytrace=False)
        return result
    except BaseException as problem:
        if not isinstance(problem, pytest.skip.Exception):
            _keep(opened, item)
        raise


def _keep(opened: Opened, item: pytest.Item) -> None:
    """Write what a failed test's pages show to test-results/."""
    if not opened.contexts:
        return
    folder = _results(item.config) / re.sub(r"[^\w.-]+", "-", item.nodeid)[:150]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, page in enumerate(opened.pages(), start=1):
        try:
            (folder / f"page-{number}.html").write_text(f"<!-- {page.url} -->\n{page.content()}")
            page.screenshot(path=folder / f"page-{number}.png", full_page=True, timeout=TIMEOUT_MS)
        except Error as problem:
            (folder / f"page-{number}.txt").write_text(str(problem))
    (folder / "problems.txt").write_text("\n".join(opened.problems))
    item.add_report_section("call", "pages", f"kept in {folder.relative_to(item.config.rootpath)}/")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this process."""
    path = machine.find()
    if path is None:
        pytest.fail(
            "There is no Chromium on PATH and $CHROMIUM names none. `make test` installs one where it may; "
            f"on Debian and Ubuntu: apt-get install {' '.join(machine.PACKAGES)}",
            pytrace=False,
        )
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Between two calls Playwright's synchronous interface leaves its event loop marked as running in this thread.
        # Django would refuse to query from here, so its guard is told to overlook this one loop; the server's thread
        # stays guarded.
        loop = asyncio.get_running_loop()
        patch.setattr("django.utils.asyncio.get_running_loop", lambda: _running_loop_other_than(loop))
        browser = playwright.chromium.launch(executable_path=path, args=machine.ARGUMENTS)
        yield browser
        browser.close()


def _running_loop_other_than(overlooked: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
    loop = asyncio.get_running_loop()
    if loop is overlooked:
        raise RuntimeError("no running event loop but Playwright's")
    return loop


@pytest.fixture(autouse=True)
def _no_loop_outside_the_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests without a browser that run after one with it may start event loops of their own."""
    loop = asyncio._get_running_loop()
    if loop is None or "chromium" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(scope="session")
def live_server(django_db_setup: None) -> Iterator[LiveServer]:
    """The application behind uvicorn; see tests/support/server.py."""
    server = LiveServer()
    yield server
    server.stop()


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest,
    chromium: Browser,
    live_server: LiveServer,
    transactional_db: None,
    sign_in: Callable[[Page, Any], None],
) -> Iterator[OpenPage]:
    """A function that opens a blank page of its own (own cookies, own storage): see `open_one` below."""
    opened = request.node.stash.setdefault(_OPENED, Opened())

    def open_one(
        *,
        user: Any = None,
        viewport: tuple[int, int] = DESKTOP,
        theme: Literal["light", "dark", "no-preference"] = "light",
        forced_colors: bool = False,
        reduced_motion: bool = True,
        touch: bool = False,
        javascript: bool = True,
        path: str = "",
        **context_options: Any,
    ) -> Page:
        """Open a page as `user` (signed in when given) and go to `path` when given.

        `viewport` is width and height in CSS pixels; `touch` makes it a phone or tablet without a mouse; further
        arguments go to Playwright's `new_context`. Paths in `page.goto` are relative to the live server.
        """
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": viewport[0], "height": viewport[1]},
            color_scheme=theme,
            forced_colors="active" if forced_colors else "none",
            reduced_motion="reduce" if reduced_motion else "no-preference",
            has_touch=touch,
            is_mobile=touch,
            java_script_enabled=javascript,
            locale="en-GB",
            timezone_id="UTC",
            **context_options,
        )
        context.set_default_timeout(TIMEOUT_MS)
        opened.watch(context, javascript=javascript)
        page = context.new_page()
        if user is not None:
            sign_in(page, user)
        if path:
            page.goto(path)
        return page

    yield open_one
    for context in opened.contexts:
        context.close()
    live_server.wait_until_idle()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A blank page of a visitor at a desk with a light theme."""
    return open_page()


@pytest.fixture
def sign_in(live_server: LiveServer, transactional_db: None) -> Callable[[Page, Any], None]:
    """`sign_in(page, user)`: give the page's browser a session of that user, past the form."""
    from django.conf import settings
    from django.test import Client

    def sign_in(page: Page, user: Any) -> None:
        client = Client()
        client.force_login(user)
        page.context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": live_server.url,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )

    return sign_in


@pytest.fixture
def axe(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`axe(page)`: fail with a readable list when axe-core finds a violation of WCAG 2.2 AA or of good practice.

    `axe(page, "main")` looks at a part; `axe(page, without=("region",))` leaves rules out. axe is JavaScript itself,
    so a page opened without JavaScript cannot be asked.
    """

    def check(page: Page, context: str | None = None, *, without: tuple[str, ...] = ()) -> None:
        if page.context in request.node.stash[_OPENED].without_javascript:
            pytest.fail("axe needs a page that was opened with JavaScript", pytrace=False)
        found = accessibility.violations(page, context, without=without)
        if found:
            dark, forced = page.evaluate(
                "['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) => matchMedia(query).matches)"
            )
            look = "forced colours" if forced else "dark" if dark else "light"
            pytest.fail(f"axe finds {len(found)} on {page.url} in {look}:\n\n" + "\n\n".join(found), pytrace=False)

    return check
