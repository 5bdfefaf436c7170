"""What holds on every URL: a named policy, the security headers, clear answers to what cannot be."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from opslens.checks import every_url_names_its_policy, url_patterns
from opslens.web.policy import rule_of
from opslens.web.refusals import RefusalMiddleware

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def unguarded(request):
    return HttpResponse("open to all by accident")


urlpatterns = [path("forgotten/", unguarded)]


def test_every_url_names_its_policy():
    assert every_url_names_its_policy(None) == []
    assert len(list(url_patterns())) > 40


@override_settings(ROOT_URLCONF=__name__)
def test_a_url_without_a_policy_is_found_by_the_check_and_closed(db):
    (error,) = every_url_names_its_policy(None)
    assert (error.id, "forgotten/" in error.msg) == ("opslens.E001", True)


def test_a_view_without_a_policy_does_not_run(db):
    from django.contrib.auth.models import AnonymousUser

    from opslens.web.policy import PolicyMiddleware

    request = RequestFactory().get("/forgotten/")
    request.user, request.htmx = AnonymousUser(), True
    request.resolver_match = type("Match", (), {"app_names": []})
    answer = PolicyMiddleware(lambda r: None).process_view(request, unguarded, (), {})
    assert answer.status_code == 403
    assert b"open to all by accident" not in answer.content


def test_the_admin_is_for_staff(db, annotator, person):
    for route, view, apps in url_patterns():
        if "admin" in apps and rule_of(view, apps).name != "staff":
            # what leads to signing in may be seen by everyone
            assert any(word in route for word in ("login", "logout", "jsi18n")), route
    client = Client()
    client.force_login(annotator, backend="opslens.accounts.backends.AccountBackend")
    assert client.get("/admin/").status_code == 403
    assert client.get("/admin/annotations/annotation/").status_code == 403
    assert Client().get("/admin/").status_code == 302


def test_a_deadlock_of_the_database_is_a_lost_race():
    cause = type("DeadlockDetected", (Exception,), {"sqlstate": "40P01"})()
    for error, status in ((OperationalError("deadlock detected"), 409), (OperationalError("disk full"), None)):
        error.__cause__ = cause if status else None
        request = RequestFactory().get("/")
        request.htmx = True
        answer = RefusalMiddleware(lambda r: None).process_exception(request, error)
        assert (answer.status_code if answer else None) == status


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("get", "/", 200),
        ("get", "/no/such/page/", 404),
        ("get", "/read/nothing-here/", 404),
        ("get", "/marks/trash/", 302),
        ("post", "/marks/", 302),
        ("put", "/account/sign-in/", 405),
        ("get", "/account/sign-in/", 200),
        ("get", "/static/no-such-file.css", 404),
    ],
)
def test_headers_stand_on_every_answer(db, method, url, status):
    answer = getattr(Client(), method)(url)
    assert answer.status_code == status
    assert answer["Content-Security-Policy"] == CSP
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_a_request_that_is_too_large_is_refused_before_it_is_read(db):
    answer = Client().post("/marks/", data=b"", content_type="text/plain", CONTENT_LENGTH=str(10**9))
    assert answer.status_code == 413
    assert answer["Content-Security-Policy"] == CSP


def test_a_missing_csrf_token_is_403_with_a_way_on(annotator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(annotator, backend="opslens.accounts.backends.AccountBackend")
    answer = client.post("/marks/", {"note": "x"})
    assert answer.status_code == 403
    assert "Load it again" in answer.content.decode()


def test_cookies_cannot_be_read_by_scripts_or_sent_across_sites(annotator, password):
    client = Client()
    client.get("/account/sign-in/")
    client.post("/account/sign-in/", {"username": "annotator", "password": password})
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"


def run_manage(*arguments: str, home: str, **environment: str) -> subprocess.CompletedProcess:
    base = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=base | {"OPSLENS_HOME": home} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_there_is_no_start_without_a_secret_key_outside_the_demo(tmp_path):
    done = run_manage("check", home=str(tmp_path))
    assert done.returncode != 0
    assert "SECRET_KEY is missing" in done.stderr
    short = run_manage("check", home=str(tmp_path), SECRET_KEY="short")
    assert short.returncode != 0


def test_production_settings_pass_the_deployment_check(tmp_path):
    done = run_manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        home=str(tmp_path),
        SECRET_KEY=secrets.token_urlsafe(64),
        ALLOWED_HOSTS="lens.example.org",
    )
    assert done.returncode == 0, done.stderr
    script = (
        "from django.conf import settings as s; "
        "print(s.DEBUG, s.DEMO, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SIGN_UP_OPEN)"
    )
    shown = run_manage("shell", "--no-imports", "-c", script, home=str(tmp_path), SECRET_KEY="aB3$" * 20)
    assert shown.stdout.split() == ["False", "False", "True", "True", "True", "False"], shown.stderr


def test_the_demo_beyond_this_machine_shuts_its_doors(tmp_path):
    script = "from django.conf import settings as s; print(s.DEBUG, s.DEMO, s.DEMO_CONTENT, '*' in s.ALLOWED_HOSTS)"
    shown = run_manage("shell", "--no-imports", "-c", script, home=str(tmp_path), OPSLENS_DEMO="1", HOST="0.0.0.0")
    assert shown.stdout.split() == ["False", "False", "True", "False"], shown.stderr
    key = (tmp_path / "secret.key").read_text()
    assert len(key) > 60
    assert oct((tmp_path / "secret.key").stat().st_mode)[-3:] == "600"
