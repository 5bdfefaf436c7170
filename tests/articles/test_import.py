"""The verb: what an import writes, what it refuses, and what two at once make."""

from __future__ import annotations

import hashlib
import threading
from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, connections

from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.articles.loaders import Details
from opslens.articles.preparing import file_name
from opslens.models import Article, Channel, Event, Revision, SearchPassage
from opslens.web.refusals import Denied, Invalid, TooLarge
from tests.articles.test_plain_text import COMMENTARY


def test_an_import_writes_article_revision_event_and_search_passages(annotator):
    data = COMMENTARY.encode()
    imported = import_article(annotator, name="folder/too-late.txt", data=data)
    assert imported.created
    article = Article.objects.get()
    revision = Revision.objects.get()
    assert article == imported.article
    assert (article.slug, article.publisher, article.language, article.direction, article.is_public) == (
        "too-late-for-the-lighthouse-a-harbour-keeps-its-dark",
        "The Gull Point Review",
        "en",
        "ltr",
        False,
    )
    assert (article.current, article.imported_by) == (revision, annotator)
    assert (revision.number, revision.lead_blocks, revision.created_by) == (1, 1, annotator)
    assert bytes(revision.source) == data
    assert (revision.source_name, revision.source_format, revision.source_encoding) == ("too-late.txt", "text", "utf-8")
    assert revision.digest == hashlib.sha256(revision.text.encode()).hexdigest()
    blocks = document_of(revision.pk).blocks
    assert [block.kind for block in blocks] == ["p"] * 6
    assert [bool(block.path) for block in blocks] == [True, False, False, False, False, False]
    event = Event.objects.get()
    assert (event.verb, event.channel.name, event.number, event.actor, event.subject) == (
        "article-imported",
        article.channel,
        1,
        annotator,
        f"article:{article.pk}",
    )
    assert event.before is None
    assert event.after["title"] == article.title
    assert event.after["revision"] == revision.pk
    assert [p.number for p in SearchPassage.objects.order_by("number")] == [0, 1]


def test_given_details_win_over_the_document_and_the_rest_stays(db):
    overrides = Details(
        title="Another Title", language="EN-us", published_on=date(2024, 3, 9), source_url="https://example.org/ä"
    )
    article = import_article(None, name="", data=COMMENTARY.encode(), overrides=overrides, is_public=True).article
    assert (article.title, article.publisher, article.language, article.published_on, article.source_url) == (
        "Another Title",
        "The Gull Point Review",
        "en-US",
        date(2024, 3, 9),
        "https://example.org/ä",
    )
    assert article.is_public


@pytest.mark.parametrize(
    ("text", "language", "direction"),
    [
        ("عنوان\n\nقرر مجلس المدينة هدم الجسر.", "ar", "rtl"),
        ("כותרת\n\nמועצת העיר החליטה להרוס את הגשר.", "he", "rtl"),
        ("Заголовок\n\nСовет решил снести мост.", "ru", "ltr"),
        ("Τίτλος\n\nΤο συμβούλιο αποφάσισε.", "el", "ltr"),
        ("标题\n\n市议会决定拆除旧桥。", "zh", "ltr"),
        ("題名\n\n市議会は古い橋を取り壊すことを決めた。", "ja", "ltr"),
        ("제목\n\n시의회는 다리를 철거하기로 결정했다.", "ko", "ltr"),
        ("Titel\n\nDer Rat hat entschieden.", "en", "ltr"),
    ],
)
def test_language_is_guessed_by_script(db, text, language, direction):
    article = import_article(None, name="", data=text.encode()).article
    assert (article.language, article.direction) == (language, direction)


def test_the_language_of_the_document_decides_its_sentences(db):
    text = "---\ntitle: T\nlanguage: de\n---\n\nDas ist z. B. ein Satz. Und noch einer.\n"
    article = import_article(None, name="t.md", data=text.encode()).article
    assert article.language == "de"
    (block,) = document_of(article.current_id).blocks
    assert len(block.sentences) == 2


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        (Details(title="x" * 301), "title"),
        (Details(source_url="javascript:alert(1)"), "source_url"),
        (Details(source_url="ftp://example.org/"), "source_url"),
        (Details(language="English"), "language"),
        (Details(kind="k" * 61), "kind"),
    ],
)
def test_wrong_details_are_refused_at_their_field(db, overrides, field):
    with pytest.raises(Invalid) as refused:
        import_article(None, name="", data=b"T\n\nText.", overrides=overrides)
    assert list(refused.value.errors) == [field]
    assert not Article.objects.exists()


def test_what_the_document_says_wrongly_of_itself_is_dropped(db):
    html = (
        "<html lang='old english'><head><title>" + "x" * 400 + "</title>"
        "<link rel=canonical href='https://exa mple/'><meta name=author content='a\u202eb\x07'></head><p>Text here."
    )
    article = import_article(None, name="a.html", data=html.encode()).article
    assert (len(article.title), article.source_url, article.language, article.byline) == (300, "", "en", "ab")


def test_limits_are_told(db, settings):
    settings.MAX_HTML_BYTES = 1024 * 1024
    with pytest.raises(TooLarge, match=r"It is 1\.5 MB large; the limit is 1 MB\."):
        import_article(None, name="a.txt", data=b"x" * (1024 * 1024 * 3 // 2))
    with pytest.raises(Invalid, match="nested"):
        import_article(None, name="a.html", data=b"<blockquote>" * 10_000 + b"x")
    for nothing in (b"", b" \n ", b"<p> </p>", "\u200b".encode()):
        with pytest.raises(Invalid, match="no text"):
            import_article(None, name="a.html", data=nothing)
    assert not Article.objects.exists()
    assert not Event.objects.exists()


def test_visitors_may_not_import_and_unknown_formats_do_not_exist(db):
    with pytest.raises(Denied):
        import_article(AnonymousUser(), name="", data=b"T\n\nText.")
    with pytest.raises(Invalid, match="not a format"):
        import_article(None, name="", data=b"T\n\nText.", format="docx")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\texts\\a.txt", "a.txt"),
        ("a\u202etxt.exe\x00\n", "atxt.exe"),
        ("/", ""),
        ("x" * 300, "x" * 254 + "…"),
    ],
)
def test_of_a_file_name_the_last_part_is_kept(given, kept):
    assert file_name(given) == kept


def test_the_same_text_is_here_already_whatever_its_file(annotator, second_annotator):
    first = import_article(annotator, name="a.txt", data=b"A\n\nThe lamp went out.\n\nIt rained.")
    again = import_article(second_annotator, name="b.html", data=b"<h1>B</h1><p>The lamp went <i>out</i>.<p>It rained.")
    assert (again.created, again.article) == (False, first.article)
    assert Event.objects.count() == 1


def test_what_is_in_the_trash_is_not_here(annotator, bring):
    article = bring("A", "The lamp went out.")
    Article.objects.update(deleted_at=article.created_at)
    assert import_article(annotator, name="", data=b"A\n\nThe lamp went out.").created


def test_equal_titles_get_different_addresses(bring):
    slugs = [bring("Mill Bridge — a/b", f"Text number {number}.").slug for number in range(3)]
    assert slugs == ["mill-bridge-a-b", "mill-bridge-a-b-2", "mill-bridge-a-b-3"]
    assert bring("!!!", "Nothing to make an address of.").slug == "article"
    assert bring("عنوان المقال", "نص قصير.").slug == "عنوان-المقال"
    assert len(bring("word " * 50, "A long title.").slug) <= 80


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_make_one_article_of_one_text_and_two_addresses_of_one_title(annotator):
    same = [b"One Title\n\nThe very same text."] * 2
    different = [b"Other Title\n\nThis text.", b"Other Title\n\nThat text."]
    for data in (same, different):
        results, errors = [], []
        start = threading.Barrier(2)

        def run(piece, results=results, errors=errors, start=start):
            try:
                start.wait(10)
                results.append(import_article(annotator, name="", data=piece))
            except Exception as error:
                errors.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(piece,)) for piece in data]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert errors == []
        assert sorted(result.created for result in results) == ([False, True] if data is same else [True, True])
    assert sorted(Article.objects.values_list("slug", flat=True)) == ["one-title", "other-title", "other-title-2"]
    assert Event.objects.count() == 3
    assert Channel.objects.filter(name__startswith="article:", last_number=1).count() == 3


def test_a_failed_write_leaves_nothing(annotator, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("opslens.articles.actions.record", broken)
    with pytest.raises(RuntimeError):
        import_article(annotator, name="", data=b"T\n\nText.")
    assert not Article.objects.exists()
    assert not SearchPassage.objects.exists()
    assert connection.in_atomic_block  # the test's own transaction is whole
