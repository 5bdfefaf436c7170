from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from opslens.articles.actions import details_digest, details_of, edit_details, import_article
from opslens.models import Article, Revision, SearchPassage
from tests.articles.test_plain_text import COMMENTARY


def run(*slugs: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_text", *slugs, stdout=out, no_color=True)
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def article(owner):
    import_article(None, name="", data=b"Other\n\nSome other text.")
    return import_article(owner, name="a.txt", data=COMMENTARY.encode()).article


def test_what_was_imported_is_what_it_should_be(article):
    assert run() == (0, "2 texts checked; all are what their HTML says.\n")
    assert run(article.slug) == (0, "1 texts checked; all are what their HTML says.\n")


def test_an_unknown_article_is_told(article):
    with pytest.raises(CommandError, match="no article called nothing"):
        run(article.slug, "nothing")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"text": "X" * 1000}, "The text differs from character 0 on"),
        ({"html": "<p>Something else.</p>"}, "The text differs"),
        ({"html": "<p onclick=x>Something else.</p>"}, "Sanitising the stored HTML again changes it."),
        ({"digest": "0" * 64}, "The digest is not that of the stored text."),
        ({"block_table": "{}"}, "The block table cannot be read"),
        ({"block_table": "["}, "The block table cannot be read"),
        ({"word_count": 1}, "The number of words is 1"),
        ({"lead_blocks": 99}, "The standfirst has 99 blocks"),
        ({"source": b"\xff"}, "cannot be read as utf-8 any more"),
    ],
)
def test_damage_is_found(article, changed, says):
    Revision.objects.filter(article=article).update(**changed)
    code, out = run()
    assert code == 1
    assert f"{article.slug} #1: " in out
    assert says in out
    assert out.endswith("1 of 2 texts differ from what their HTML says.\n")
    assert run("other")[0] == 0


def test_damage_of_what_is_derived_is_found(article):
    Article.objects.filter(pk=article.pk).update(direction="rtl")
    SearchPassage.objects.filter(article=article, number=1).update(words="something else")
    _code, out = run()
    assert "The direction is rtl and should be ltr." in out
    assert "Search does not know the text from character 0" in out


def test_a_change_of_language_since_the_import_is_no_damage(owner):
    text = "---\ntitle: T\nlanguage: de\n---\n\nDas ist z. B. ein Satz. Und noch einer.\n"
    article = import_article(owner, name="t.md", data=text.encode()).article
    for language in ("ja", "fr"):
        article.refresh_from_db()
        details = details_of(article)
        details = type(details)(title=details.title, language=language)
        edit_details(owner, article, details=details, is_public=False, seen=details_digest(article))
    assert run()[0] == 0
