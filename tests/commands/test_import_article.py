from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from opslens.models import Article, Event


def run(*arguments) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("import_article", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    except SystemExit as ended:
        return ended.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path):
    def make(name: str, data: bytes):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return make


def test_one_file_with_every_option(db, file, annotator):
    code, out, err = run(
        file("a.txt", b"Head\n\nThe lamp went out.\n\nIt rained."),
        "--title=Too Late", "--publisher=Review", "--byline=Edda", "--source-url=https://example.org/", "--kind=report",
        "--language=en-gb", "--published=2024-03-09", "--public", "--by=annotator",
    )  # fmt: skip
    article = Article.objects.get()
    assert (code, err) == (0, "")
    assert out.endswith("a.txt → /read/too-late/  “Too Late” (utf-8)\n")
    assert (article.publisher, article.byline, article.source_url, article.kind, article.language) == (
        "Review", "Edda", "https://example.org/", "report", "en-GB",
    )  # fmt: skip
    assert (article.published_on, article.is_public, article.imported_by) == (date(2024, 3, 9), True, annotator)
    assert Event.objects.get().actor == annotator


def test_several_files_with_a_report_each(db, file, tmp_path, settings):
    settings.MAX_HTML_BYTES = 2000
    files = [
        file("a.txt", b"A\n\nText one."),
        file("b.md", b"# B\n\nText one."),
        file("c.pdf", b"%PDF-1.7"),
        file("d.txt", b"x" * 3000),
        tmp_path / "missing.txt",
        tmp_path,
        file("e.txt", "E\n\nNaïve café – “x”.".encode("cp1252")),
    ]
    code, out, err = run(*files)
    assert code == 1
    assert [line.split("  ")[0] for line in out.splitlines()] == [
        "[1/7] imported",
        "[2/7] here already",
        "[7/7] imported",
        "3 of 7 files are in the library.",
    ]
    assert "(cp1252, guessed)" in out
    refusals = err.splitlines()
    assert [line[:15] for line in refusals] == [f"[{n}/7] refused  " for n in (3, 4, 5, 6)]
    assert "a PDF document" in refusals[0]
    assert "the limit is 0 MB" in refusals[1]
    assert "No such file" in refusals[2]
    assert "It cannot be read" in refusals[3]
    assert Article.objects.count() == 2


def test_without_a_person_everything_that_is_here_counts(db, file):
    path = file("a.txt", b"A\n\nText one.")
    assert run(path)[0] == 0
    code, out, _err = run(path)
    assert (code, out.startswith("here already")) == (0, True)
    assert Article.objects.get().imported_by is None


def test_options_that_make_no_sense_are_refused(db, file):
    path = file("a.txt", b"A\n\nText one.")
    for arguments, says in (
        ((path, path, "--title=T"), "one article"),
        ((path, "--by=nobody"), "no account called “nobody”"),
        ((path, "--published=yesterday"), "invalid fromisoformat value"),
    ):
        with pytest.raises(CommandError, match=says):
            run(*arguments)
    code, _out, err = run(path, "--language=Klingon speech")
    assert (code, "not a language code" in err) == (1, True)
    assert not Article.objects.exists()
