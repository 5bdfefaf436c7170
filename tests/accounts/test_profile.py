from __future__ import annotations

import json

import pytest
from django.test import Client

from opslens.accounts.preferences import COOKIE
from opslens.models import Event, User

HTML = {"HTTP_ACCEPT": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize("page", ["profile", "password"])
def test_pages_about_oneself_ask_visitors_to_sign_in(client, db, page):
    response = client.get(f"/account/{page}/")
    assert (response.status_code, response.url) == (302, f"/account/sign-in/?next=/account/{page}/")


def test_profile_is_saved_with_one_event(client, annotator):
    client.force_login(annotator)
    data = {"display_name": "Anna  A.", "about": "Reads\r\nslowly.", "marks_public": "on"}
    response = client.post(
        "/account/profile/", data | {"is_staff": "on", "username": "root", "is_demo": "on"}, follow=True
    )
    assert "Your profile is saved." in response.content.decode()
    annotator.refresh_from_db()
    assert (annotator.display_name, annotator.about, annotator.marks_public) == ("Anna A.", "Reads slowly.", True)
    assert (annotator.username, annotator.is_staff, annotator.is_demo) == ("annotator", False, False)
    event = Event.objects.get()
    assert (event.channel.name, event.verb, event.actor, event.subject) == (
        *("site", "profile-edited", annotator),
        f"user:{annotator.pk}",
    )
    assert event.before == {"display_name": "Anna Annotator", "about": "", "marks_public": False}
    assert event.after == {"display_name": "Anna A.", "about": "Reads slowly.", "marks_public": True}


def test_saving_an_unchanged_profile_records_nothing(client, annotator):
    client.force_login(annotator)
    client.post("/account/profile/", {"display_name": "Anna Annotator", "about": ""})
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"about": "x" * 281}, "at most 280"),
        ({"display_name": "x" * 81}, "at most 80"),
        ({"display_name": "Anna\u202e"}, "cannot be seen"),
        ({"about": "a\u2066b"}, "cannot be seen"),
    ],
)
def test_profile_keeps_what_was_typed_when_it_is_refused(client, annotator, data, said):
    client.force_login(annotator)
    response = client.post("/account/profile/", data)
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert next(iter(data.values())) in page
    assert "Anna Annotator" in page.split("<main")[0]  # the bar still says who is signed in
    annotator.refresh_from_db()
    assert annotator.display_name == "Anna Annotator"


def test_profile_text_is_escaped(client, annotator):
    client.force_login(annotator)
    client.post("/account/profile/", {"display_name": "<script>alert(1)</script>", "about": "<img onerror=x>"})
    page = client.get("/account/profile/").content
    assert b"<script>alert" not in page
    assert b"<img onerror" not in page


def test_changing_the_password_keeps_this_session_and_ends_the_others(client, annotator, password):
    other = Client()
    for one in (client, other):
        one.force_login(annotator)
    key = client.session.session_key
    new = "quite-another-pass-phrase"
    response = client.post("/account/password/", {"old_password": password, "new_password1": new, "new_password2": new})
    assert (response.status_code, response.url) == (302, "/account/profile/")
    assert client.get("/account/profile/").status_code == 200
    assert client.session.session_key != key
    assert other.get("/account/profile/").status_code == 302
    annotator.refresh_from_db()
    assert annotator.check_password(new)
    event = Event.objects.get()
    assert (event.verb, event.channel.name, event.before, event.after) == (
        *("password-changed", f"user:{annotator.pk}"),
        *(None, None),
    )


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", "quite-another-pass-phrase", "quite-another-pass-phrase", "not your present password"),
        (None, "quite-another-pass-phrase", "something-else-entirely", "match"),
        (None, "short", "short", "too short"),
        (None, "annotator1", "annotator1", "too similar"),
    ],
)
def test_password_change_refuses(client, annotator, password, old, new, again, said):
    client.force_login(annotator)
    data = {"old_password": old or password, "new_password1": new, "new_password2": again}
    response = client.post("/account/password/", data)
    assert response.status_code == 422
    assert said in response.content.decode()
    annotator.refresh_from_db()
    assert annotator.check_password(password)
    assert Event.objects.count() == 0


def test_guessing_the_old_password_is_throttled_too(client, annotator, settings):
    settings.AXES_FAILURE_LIMIT = 2
    client.force_login(annotator)
    data = {"old_password": "wrong", "new_password1": "x", "new_password2": "x"}
    assert [client.post("/account/password/", data).status_code for _ in range(3)] == [422, 429, 429]


def test_a_demo_reader_has_no_password_to_change(client, person):
    reader = person("ada", "Ada", is_demo=True)
    reader.set_unusable_password()
    reader.save()
    client.force_login(reader)
    for method in (client.get, client.post):
        assert "This account has no password" in method("/account/password/").content.decode()
    reader.refresh_from_db()
    assert not reader.has_usable_password()


def test_a_readers_preferences_are_kept_on_the_account(client, annotator):
    client.force_login(annotator)
    response = client.post("/account/preferences/", {"theme": "sepia", "size": "4"})
    assert (response.status_code, response.content) == (204, b"")
    annotator.refresh_from_db()
    assert (annotator.reading["theme"], annotator.reading["size"], annotator.reading["font"]) == ("sepia", "4", "serif")
    assert COOKIE not in response.cookies
    event = Event.objects.get()
    assert (event.verb, event.channel.name) == ("preferences-edited", f"user:{annotator.pk}")
    assert (event.before["reading"], event.after["reading"]["theme"]) == ({}, "sepia")
    client.post("/account/preferences/", {"theme": "sepia"})
    assert Event.objects.count() == 1
    assert b'data-theme="sepia"' in client.get("/account/profile/").content


def test_a_visitors_preferences_are_kept_in_a_cookie(client, db):
    response = client.post("/account/preferences/", {"theme": "dark"}, HTTP_HX_REQUEST="true")
    assert response.status_code == 204
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert json.loads(cookie.value)["theme"] == "dark"
    client.post("/account/preferences/", {"size": "5"})
    page = client.get("/account/preferences/").content
    assert b'data-theme="dark"' in page
    assert b'data-size="5"' in page
    assert Event.objects.count() == 0


def test_preferences_without_javascript_lead_back(client, db):
    response = client.post("/account/preferences/", {"marks": "off", "next": "/codebook/"}, **HTML)
    assert (response.status_code, response.url) == (302, "/codebook/")
    response = client.post("/account/preferences/", {"marks": "on", "next": "//evil.example/"}, **HTML)
    assert (response.status_code, response.url) == (302, "/account/preferences/")


def test_preferences_page_shows_what_is_chosen(client, annotator):
    User.objects.filter(pk=annotator.pk).update(reading={"width": "75"})
    client.force_login(annotator)
    page = client.get("/account/preferences/").content.decode()
    assert '<option value="75" selected>' in page
    for name in ("font", "size", "width", "theme", "marks", "keys"):
        assert f'name="{name}"' in page


@pytest.mark.parametrize("bad", [{"theme": "neon"}, {"size": "9"}, {"font": "x" * 10_000}])
def test_unknown_preferences_are_refused_whole(client, annotator, bad):
    client.force_login(annotator)
    assert client.post("/account/preferences/", {"keys": "off"} | bad).status_code == 422
    assert client.post("/account/preferences/", {"keys": "off"} | bad, **HTML).status_code == 422
    annotator.refresh_from_db()
    assert annotator.reading == {}


def test_a_damaged_cookie_is_ignored(client, db):
    for damaged in ("{", "[]", '{"theme": ["dark"]}', '{"theme": "<script>"}', "[" * 5000):
        client.cookies[COOKIE] = damaged
        assert b'data-theme="system"' in client.get("/account/sign-in/").content
