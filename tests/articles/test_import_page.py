from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from opslens.models import Article, Revision
from tests.text.attacks import CASES, source_of

IMPORT = "/import/"


def upload(client, *files, **headers):
    named = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post(IMPORT, {"what": "files", "files": named}, headers=headers)


def test_the_page_is_for_readers_who_signed_in(client, as_reader):
    assert Client().get(IMPORT).url == f"{reverse('accounts:sign-in')}?next={IMPORT}"
    assert as_reader.get(IMPORT).status_code == 200


def test_pasting_with_details(as_reader, annotator):
    fields = {
        "what": "text",
        "text": "The lamp went out.\r\n\r\nIt rained.",
        "title": "Too Late",
        "publisher": "Gull Point Review",
        "published_on": "2024-03-09",
        "language": "en-gb",
        "source_url": "https://example.org/1",
        "is_public": "on",
    }
    answer = as_reader.post(IMPORT, fields)
    article = Article.objects.get()
    assert answer.status_code == 200
    assert f'<a href="{article.get_absolute_url()}"' in answer.content.decode()
    assert (article.title, article.language, article.is_public, article.imported_by) == (
        "Too Late",
        "en-GB",
        True,
        annotator,
    )
    assert Revision.objects.get().text == "The lamp went out.\nIt rained."


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": ""}, "This field is required."),
        ({"text": " \n "}, "There is no text in it."),
        ({"text": "T\n\nText.", "language": "Klingon speech"}, "This is not a language code"),
        ({"text": "T\n\nText.", "source_url": "javascript:alert(1)"}, "This is not a web address"),
        ({"text": "T\n\nText.", "published_on": "yesterday"}, "Enter a valid date."),
        ({"text": "---\ntitle: [a]\n---\n"}, "must be text, but is a list"),
    ],
)
def test_pasting_something_wrong_says_so_and_keeps_what_was_typed(as_reader, fields, sentence):
    answer = as_reader.post(IMPORT, {"what": "text", "publisher": "The Typed One"} | fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert 'value="The Typed One"' in answer.content.decode()
    assert not Article.objects.exists()


def test_several_files_each_with_its_report(as_reader, bring):
    here = bring("Here", "This text is here.")
    files = [
        ("new.txt", b"New\n\nThis text is new."),
        ("../same.html", b"<p>This text is here."),
        ("paper.pdf", b"%PDF-1.7 <script>"),
        ("old.txt", "Old\n\nNaïve café – “x”.".encode("cp1252")),
    ]
    answer = upload(as_reader, *files)
    page = answer.content.decode()
    assert answer.status_code == 200
    reports = answer.context["reports"]
    assert [(r.name, r.imported and r.imported.created, str(r.refused or "")) for r in reports] == [
        ("new.txt", True, ""),
        ("same.html", False, ""),
        ("paper.pdf", None, "This is a PDF document, not a text file. Plain text, Markdown and HTML can be imported."),
        ("old.txt", True, ""),
    ]
    assert f'<b dir="auto">same.html</b> is here already: <a href="{here.get_absolute_url()}"' in page
    assert "cp1252, recognised by its letters" in page


def test_an_htmx_request_gets_the_reports_alone(as_reader):
    answer = upload(as_reader, ("new.txt", b"New\n\nThis text is new."), **{"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith('<li class="imported">')


def test_when_all_files_are_refused_the_status_says_so(as_reader, settings):
    settings.MAX_HTML_BYTES = 1000
    assert upload(as_reader, ("a.txt", b"x" * 1001)).status_code == 413
    assert upload(as_reader, ("a.zip", b"PK\x03\x04")).status_code == 422
    assert as_reader.post(IMPORT, {"what": "files"}).status_code == 422
    assert upload(as_reader, ("a.txt", b"x" * 1001), ("b.txt", b"B\n\nText.")).status_code == 200


def test_a_public_upload_is_public(as_reader):
    file = SimpleUploadedFile("a.txt", b"A\n\nText.")
    as_reader.post(IMPORT, {"what": "files", "files": [file], "is_public": "on"})
    assert Article.objects.get().is_public


def test_too_many_files_too_much_text_and_a_torn_upload_are_told(as_reader, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    many = upload(as_reader, *((f"{n}.txt", b"T\n\nText.") for n in range(4)))
    assert (many.status_code, "At most 3 files can be sent at once." in many.content.decode()) == (413, True)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    much = as_reader.post(IMPORT, {"what": "text", "text": "x" * (1024 * 1024 + 1)})
    assert (much.status_code, "More than 1 MB were sent as text." in much.content.decode()) == (413, True)
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5
    fields = as_reader.post(IMPORT, {f"f{n}": "" for n in range(6)})
    assert (fields.status_code, "At most 5 fields" in fields.content.decode()) == (413, True)
    torn = as_reader.generic("POST", IMPORT, b"--x", content_type="multipart/form-data; boundary=" + "x" * 300)
    assert (torn.status_code, "could not be read" in torn.content.decode()) == (400, True)
    assert not Article.objects.exists()


def test_limits_hold_with_csrf_checks_and_debug_pages_on(annotator, settings):
    settings.DEBUG = True
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 1
    client = Client(enforce_csrf_checks=True)
    client.force_login(annotator)
    answer = upload(client, ("a.txt", b"x"), ("b.txt", b"y"), **{"HX-Request": "true"})
    assert (answer.status_code, "At most 1 files" in answer.content.decode()) == (413, True)
    assert "Traceback" not in answer.content.decode()
    assert upload(client, ("a.txt", b"x")).status_code == 403


def test_blown_up_archives_are_refused_unopened(as_reader):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * 20_000_000)
    for name, data in (("a.txt", packed.getvalue()), ("b.html", gzip.compress(b"0" * 20_000_000))):
        answer = upload(as_reader, (name, data))
        assert answer.status_code == 422
        assert "archive" in answer.content.decode()


_LONG = 100_000  # characters; what takes long is reading them, in which no database has a part
_UPLOADED = [
    pytest.param(case, id=case["name"], marks=[pytest.mark.once] if len(source_of(case)) >= _LONG else [])
    for case in CASES
]


@pytest.mark.parametrize("case", _UPLOADED)
def test_no_attack_through_an_upload_is_an_error_or_comes_through(as_reader, settings, case):
    assert settings.DEBUG is False
    as_reader.raise_request_exception = False
    data = source_of(case).encode("utf-8", "surrogatepass")
    # What a long case is about is one format's cost; the other formats' costs have tests of their own.
    names = ("attack.html", "attack.md", "<img src=x onerror=alert(1)>.txt")
    names = names if len(data) < _LONG else names[:1]
    answer = upload(as_reader, *((name, data) for name in names))
    outcomes = [200 if report.imported else report.refused.status for report in answer.context["reports"]]
    assert len(outcomes) == len(names)
    assert {answer.status_code, *outcomes} <= {200, 413, 422}
    for article in Article.objects.select_related("current"):
        read = as_reader.get(article.get_absolute_url())
        assert read.status_code == 200
    assert as_reader.get("/").status_code == 200
