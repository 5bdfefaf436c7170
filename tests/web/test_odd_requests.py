"""Requests that no browser sends: each has a clear answer and changes nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from annotations.models import Annotation

MANY = "&".join(["q=x"] * 2001)


@pytest.fixture
def signed_in(annotator) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(annotator, backend="opslens.accounts.backends.AccountBackend")
    return client


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"/?{MANY}", 413),
        (f"/read/nothing/?{MANY}", 413),
        ("/?q=%00", 200),
        ("/read/%00/", 400),
        ("/?after=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwxXQ==", 404),
        ("/?after=WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTIzOjU5IiwxXQ==", 404),
        ("/account/sign-in/?next=0", 302),
        ("/account/sign-in/?next=%FF", 302),
        ("/account/sign-in/?next=[]", 302),
    ],
)
def test_odd_addresses(signed_in, url, status):
    assert signed_in.get(url).status_code == status


@pytest.mark.parametrize("charset", ["utf-16", "rot13", "base64", "unicode_escape", "utf-7", "undefined"])
@pytest.mark.parametrize("url", ["/marks/", "/import/", "/account/preferences/"])
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded; charset={}", "multipart/form-data; boundary=X; charset={}"]
)
def test_forms_in_odd_encodings_are_refused(signed_in, url, charset, kind):
    answer = signed_in.generic("POST", url, b"note=\\ud800", content_type=kind.format(charset))
    assert answer.status_code == 400
    assert not Annotation.objects.exists()


def test_an_odd_current_url_still_leads_to_signing_in(db):
    answer = Client().get("/marks/trash/", headers={"HX-Request": "true", "HX-Current-URL": "http://[bad"})
    assert answer["HX-Redirect"] == "/account/sign-in/?next=/"


def test_the_page_to_come_back_to_keeps_its_whole_query(db):
    url = "http://testserver/read/x/?whose=mine&cards=all"
    answer = Client().get("/marks/trash/", headers={"HX-Request": "true", "HX-Current-URL": url})
    assert answer["HX-Redirect"] == "/account/sign-in/?next=/read/x/%3Fwhose%3Dmine%26cards%3Dall"
