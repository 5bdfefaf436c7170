from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from opslens.accounts.throttling import client_address
from opslens.models import Event

User = get_user_model()
SIGN_IN = "/account/sign-in/"


def sign_in(client, username, password, **data):
    return client.post(SIGN_IN, {"username": username, "password": password, **data})


def test_sign_in_opens_the_page_that_was_asked_for_and_changes_the_session_key(client, annotator, password):
    client.get(SIGN_IN)
    client.session["before"] = 1
    session = client.session
    session["kept"] = "yes"
    session.save()
    key = session.session_key
    response = sign_in(client, "annotator", password, next="/codebook/?a=1")
    assert (response.status_code, response.url) == (302, "/codebook/?a=1")
    assert client.session["_auth_user_id"] == str(annotator.pk)
    assert client.session.session_key != key


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "///evil.example/",
        "javascript:alert(1)",
        " //evil.example",
        "http:evil.example",
        "https://testserver@evil.example/",
        "https://testserver.evil.example/",
        "/\t/evil.example/",
        "\x08//evil.example",
    ],
)
def test_sign_in_never_leads_to_another_site(client, annotator, password, elsewhere):
    response = sign_in(client, "annotator", password, next=elsewhere)
    assert (response.status_code, response.url) == (302, reverse("articles:library"))
    assert client.get(SIGN_IN, {"next": elsewhere}).url == reverse("articles:library")


def test_the_sign_in_form_does_not_carry_an_address_elsewhere(client, db):
    assert b"evil.example" not in client.get(SIGN_IN, {"next": "https://evil.example/"}).content.split(b"<main")[1]
    assert b'name="next" value="/codebook/"' in client.get(SIGN_IN, {"next": "/codebook/"}).content


def test_a_wrong_password_an_unknown_name_and_a_closed_account_read_the_same(client, annotator, outsider, password):
    outsider.is_active = False
    outsider.save()
    answers = [
        sign_in(client, *who) for who in (("annotator", "wrong"), ("nobody-has-this", "wrong"), ("outsider", password))
    ]
    assert {response.status_code for response in answers} == {422}
    pages = {
        response.content.decode()
        .replace(name, "NAME")
        .split("<main")[1]
        .split('name="csrfmiddlewaretoken"')[1]
        .split(">", 1)[1]
        for response, name in zip(answers, ("annotator", "nobody-has-this", "outsider"), strict=True)
    }
    assert len(pages) == 1
    assert "do not belong together" in pages.pop()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("username", ["annotator", "nobody-has-this"])
def test_too_many_tries_are_refused_alike_for_known_and_unknown_names(client, annotator, password, settings, username):
    settings.AXES_FAILURE_LIMIT = 3
    assert [sign_in(client, username, "wrong").status_code for _ in range(4)] == [422, 422, 429, 429]
    response = sign_in(client, username, password)
    assert response.status_code == 429
    assert "_auth_user_id" not in client.session
    assert "Try again in 15 minutes" in response.content.decode()
    assert 14 * 60 < int(response["Retry-After"]) <= 15 * 60
    assert username not in response.content.decode().split("<main")[1]


def test_tries_during_the_pause_do_not_prolong_it(client, annotator, password, settings):
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(2):
        sign_in(client, "annotator", "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14, seconds=30))
    response = sign_in(client, "annotator", "wrong")
    assert response.status_code == 429
    assert "Try again in 1 minute," in response.content.decode()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert sign_in(client, "annotator", password).status_code == 302


def test_the_pause_holds_for_one_name_from_one_address(client, annotator, outsider, password, settings):
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(2):
        sign_in(client, "annotator", "wrong")
    assert sign_in(client, "outsider", password).status_code == 302
    client.logout()
    assert sign_in(client, "annotator", password).status_code == 429
    client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    assert sign_in(client, "annotator", password).status_code == 302


def test_signing_in_forgets_earlier_failures(client, annotator, password, settings):
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(2):
        sign_in(client, "annotator", "wrong")
    sign_in(client, "annotator", password)
    assert AccessAttempt.objects.count() == 0


def test_passwords_are_not_kept_with_failed_tries(client, annotator):
    sign_in(client, "annotator", "my-real-password-mistyped")
    attempt = AccessAttempt.objects.get()
    assert "mistyped" not in attempt.post_data + attempt.get_data


def test_a_name_longer_than_names_can_be_is_refused_before_it_is_stored(client, db):
    assert sign_in(client, "x" * 100_000, "wrong").status_code == 422
    assert sign_in(client, "nul\0byte", "wrong").status_code == 422
    assert AccessAttempt.objects.count() == 0


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1", "192.0.2.1"),
        (1, "203.0.113.9", "192.0.2.1", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "192.0.2.1", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 198.51.100.3", "192.0.2.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1", "192.0.2.1"),
        (1, "unknown", "192.0.2.1", "192.0.2.1"),
        (1, "", "192.0.2.1", "192.0.2.1"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
        (0, "", "", None),
    ],
)
def test_client_address_believes_only_our_own_proxies(rf, settings, proxies, forwarded, remote, address):
    settings.PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR=remote, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}))
    assert client_address(request) == address


def test_signing_out_needs_a_post(client, annotator):
    client.force_login(annotator)
    assert client.get("/account/sign-out/").status_code == 405
    assert client.session["_auth_user_id"] == str(annotator.pk)
    response = client.post("/account/sign-out/")
    assert (response.status_code, response.url) == (302, reverse("articles:library"))
    assert "_auth_user_id" not in client.session


def test_sign_up_is_closed_by_default(client, db):
    data = {"username": "new", "password1": "a-long-pass-phrase", "password2": "a-long-pass-phrase"}
    assert client.get("/account/sign-up/").status_code == 404
    assert client.post("/account/sign-up/", data).status_code == 404
    assert User.objects.count() == 0
    assert b"sign-up" not in client.get(SIGN_IN).content


def test_sign_up_makes_an_account_and_signs_in(client, db, settings):
    settings.SIGN_UP_OPEN = True
    data = {
        "username": "new",
        "display_name": "  Nora   New ",
        "password1": "a-long-pass-phrase",
        "password2": "a-long-pass-phrase",
        "is_staff": "on",
    }
    response = client.post("/account/sign-up/", data)
    assert response.status_code == 302
    person = User.objects.get(username="new")
    assert (person.display_name, person.is_staff, person.is_superuser) == ("Nora New", False, False)
    assert client.session["_auth_user_id"] == str(person.pk)
    event = Event.objects.get(verb="signed-up")
    assert (event.channel.name, event.subject, event.actor) == ("site", f"user:{person.pk}", person)
    assert event.after == {"username": "new", "display_name": "Nora New"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"username": "ANNOTATOR"}, "taken"),
        ({"username": "mine"}, "reserved"),
        ({"username": "All"}, "reserved"),
        ({"password2": "another-long-phrase"}, "match"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"display_name": "Anna\u202eronnA"}, "cannot be seen"),
    ],
)
def test_sign_up_refuses(client, annotator, settings, changes, said):
    settings.SIGN_UP_OPEN = True
    good = {"username": "new", "password1": "a-long-pass-phrase", "password2": "a-long-pass-phrase"}
    response = client.post("/account/sign-up/", good | changes)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert list(User.objects.values_list("username", flat=True)) == ["annotator"]
    assert Event.objects.count() == 0


@pytest.fixture
def demo_reader(person):
    reader = person("ada", "Ada Moreno", is_demo=True)
    reader.set_unusable_password()
    reader.save()
    return reader


def test_demo_sign_in_is_one_click_in_the_local_demo(client, demo_reader, settings):
    settings.DEMO = True
    assert b"Be Ada Moreno" in client.get(SIGN_IN).content
    response = client.post("/account/demo/", {"username": "ada", "next": "/codebook/"})
    assert (response.status_code, response.url) == (302, "/codebook/")
    assert client.session["_auth_user_id"] == str(demo_reader.pk)


def test_demo_sign_in_is_shut_outside_the_demo(client, demo_reader, settings):
    settings.DEMO = False
    assert b"Ada Moreno" not in client.get(SIGN_IN).content
    assert client.post("/account/demo/", {"username": "ada"}).status_code == 403
    assert client.get("/account/demo/").status_code == 403
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "meta",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.1"},
        {"HTTP_FORWARDED": "for=192.0.2.1"},
    ],
)
def test_demo_sign_in_is_shut_for_other_machines(client, demo_reader, settings, meta):
    settings.DEMO = True
    assert client.post("/account/demo/", {"username": "ada"}, **meta).status_code == 403
    assert "_auth_user_id" not in client.session


def test_demo_sign_in_is_shut_for_real_and_closed_accounts_and_for_get(client, demo_reader, annotator, settings):
    settings.DEMO = True
    assert client.get("/account/demo/").status_code == 405
    assert client.post("/account/demo/", {"username": "annotator"}).status_code == 404
    assert client.post("/account/demo/").status_code == 404
    User.objects.filter(pk=demo_reader.pk).update(is_active=False)
    assert client.post("/account/demo/", {"username": "ada"}).status_code == 404
    assert "_auth_user_id" not in client.session


def test_demo_readers_cannot_sign_in_with_a_password(client, demo_reader):
    for guess in ("", "!", demo_reader.password):
        assert sign_in(client, "ada", guess).status_code == 422


def test_forms_are_checked_for_forgery(annotator, password):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict, "annotator", password).status_code == 403
    assert strict.post("/account/demo/", {"username": "ada"}).status_code == 403
