"""A browser test that cannot fail proves nothing: here the watch over the pages is itself watched."""

import asyncio
import re

import pytest
from django.db import connection

from tests.support import axe as accessibility
from tests.support.axe import each_look
from tests.support.browser import Opened

pytestmark = pytest.mark.urls("tests.machinery.urls")


@pytest.fixture
def watched():
    """Pages watched a second time, so that a test can look at what is found."""
    return Opened()


def test_page_reads_what_the_test_wrote(page, owner, annotator):
    page.goto("/")
    assert page.inner_text("p") == "nobody, one of 2"


def test_each_page_is_a_browser_of_its_own(open_page, owner, annotator):
    hers, theirs = open_page(user=owner, path="/"), open_page(user=annotator, path="/")
    assert hers.inner_text("p") == "owner, one of 2"
    assert theirs.inner_text("p") == "annotator, one of 2"


def test_database_is_emptied_between_tests_that_use_the_server(page):
    page.goto("/")
    assert page.inner_text("p") == "nobody, one of 0"


def test_live_server_serves_static_files(page):
    answer = page.request.get("/static/django_htmx/htmx-2.min.js")
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/javascript")


@pytest.mark.expected_problems("Content Security Policy")
@pytest.mark.parametrize("javascript", [True, False])
def test_watch_notes_violations_of_the_content_security_policy(open_page, watched, javascript):
    page = open_page(javascript=javascript)
    watched.watch(page.context, javascript=javascript)
    page.goto("/inline")
    assert page.title() == "A page"
    watched.settle()
    refused = {text.split(" violates")[0] for text in watched.problems}
    assert refused == {"Applying inline style", *(["Executing inline script"] if javascript else [])}


@pytest.mark.expected_problems("uncaught: Error: on purpose")
def test_watch_notes_uncaught_errors(page, watched):
    watched.watch(page.context)
    page.goto("/")
    page.evaluate("setTimeout(() => { throw new Error('on purpose') }, 0)")
    watched.settle()
    assert [text.splitlines()[0] for text in watched.problems] == ["uncaught: Error: on purpose"]


@pytest.mark.expected_problems("status of 409")
def test_watch_notes_failed_requests(page, watched):
    watched.watch(page.context)
    page.goto("/conflict")
    watched.settle()
    assert len(watched.problems) == 1
    assert "status of 409" in watched.problems[0]


def test_options_reach_the_page(open_page):
    page = open_page(viewport=(320, 568), theme="dark", forced_colors=True, touch=True, path="/")
    seen = page.evaluate(
        """() => [innerWidth, navigator.maxTouchPoints > 0, ...[
            "(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-reduced-motion: reduce)"
        ].map(query => matchMedia(query).matches)]"""
    )
    # Without a viewport meta element a phone lays the page out as if it were 980 pixels wide.
    assert seen == [980, True, True, True, True]


@pytest.mark.once
def test_axe_finds_an_unlabelled_field_and_passes_a_sound_page(page, axe):
    page.goto("/unlabelled")
    assert [violation.split(" ")[0] for violation in accessibility.violations(page)] == ["label"]
    page.goto("/")
    axe(page)


@pytest.mark.once
def test_each_look_is_shown_and_checked(page):
    page.goto("/")
    # A sheet that a script makes is the one that the content security policy lets in.
    page.evaluate(
        """() => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(`
                body { background: white; color: black }
                @media (prefers-color-scheme: dark) { body { color: #ddd } }
                @media (forced-colors: active) { body { color: #ccc; forced-color-adjust: none } }
            `);
            document.adoptedStyleSheets = [sheet];
        }"""
    )
    found = {look: [text.split(" ")[0] for text in accessibility.violations(page)] for look in each_look(page)}
    assert found == {"light": [], "dark": ["color-contrast"], "forced colours": ["color-contrast"]}
    assert accessibility.violations(page) == []


def test_chromium_opens_no_page_for_itself_and_heeds_playwright(page, chromium):
    session = chromium.new_browser_cdp_session()
    targets = session.send("Target.getTargets", {"filter": [{}]})["targetInfos"]
    assert {target["url"] for target in targets} == {"about:blank"}
    command = session.send("SystemInfo.getInfo")["commandLine"]
    *before, last = (set(features.split(",")) for features in re.findall(r"--disable-features=(\S+)", command))
    assert before
    assert set().union(*before) <= last


def test_event_loops_run_in_tests_without_a_browser(db):
    async def answer() -> int:
        return 42

    assert asyncio.run(answer()) == 42


@pytest.mark.sqlite
def test_sqlite_is_a_file_with_a_write_ahead_log(db):
    with connection.cursor() as cursor:
        mode = cursor.execute("pragma journal_mode").fetchone()
    assert mode == ("wal",)


@pytest.mark.postgres
def test_postgres_was_started_for_the_tests_and_listens_on_no_network(db):
    with connection.cursor() as cursor:
        cursor.execute("show listen_addresses")
        assert cursor.fetchone() == ("",)
        cursor.execute("select upper('é')")
        assert cursor.fetchone() == ("É",)
