from __future__ import annotations

import re

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from opslens.articles.search.folding import fold, words_of
from opslens.articles.search.index import OVERLAP, PASSAGE, cut, index_article
from opslens.articles.search.queries import MOST_TERMS, Term, highlighted, snippet, terms_of
from opslens.models import Article, SearchPassage

ARTICLES = {
    "The Lamp at Gull Point": "The keeper’s log was naïve. O’Brien paid £6.2 million on 14/2 for 31 delays.",
    "Mill Bridge": "Nobody mentioned the lamp. The café owner did: “never again”, she said about C++ and foo_bar.",
    "مكتبات تُغلق": "تقول البلدية إن تقليص ساعات العمل وفّر أموالًا. الإدارة تُؤكّد ذلك.",
    "橋の建設": "市議会は火曜日の夜、古い橋を取り壊し、新しい橋を建設することを決めた。",
    "旧桥": "市议会决定拆除旧桥。",
    "다리": "시의회는 학교에서 다리를 철거하기로 결정했다.",
    "สะพาน": "สภาเมืองตัดสินใจรื้อสะพานเก่า",
    "पुल": "नगर परिषद ने पुल को गिराने का निर्णय लिया।",
    "Emoji": "A chart 📊 and a family 👩‍👩‍👧 and the sun ☀️ over Ελλάδα and МОСКВА.",
}


@pytest.fixture
def found(as_reader, bring, titles):
    """`found("words")`: the titles that a search for these words lists."""
    for title, text in ARTICLES.items():
        bring(title, text)
    return lambda query: titles(as_reader, q=query)


FINDS = {
    "lamp": ["The Lamp at Gull Point", "Mill Bridge"],  # the hit in the title first, though it is the older one
    "LAMP": ["The Lamp at Gull Point", "Mill Bridge"],
    "lam": ["The Lamp at Gull Point", "Mill Bridge"],  # the last word may go on
    "lam ": [],  # it is finished
    "lam owner": [],  # not the last one
    "owner lam": ["Mill Bridge"],
    "lamp café": ["Mill Bridge"],  # all words
    "cafe": ["Mill Bridge"],
    "CAFÉ": ["Mill Bridge"],
    "naive": ["The Lamp at Gull Point"],
    "o'brien": ["The Lamp at Gull Point"],
    "keeper's": ["The Lamp at Gull Point"],
    "14/2": ["The Lamp at Gull Point"],
    "6.2": ["The Lamp at Gull Point"],
    '"nobody mentioned"': ["Mill Bridge"],
    "“nobody mentioned”": ["Mill Bridge"],
    '"mentioned nobody"': [],
    '"nobody mention"': [],  # in quotation marks the last word is whole
    '"never again': ["Mill Bridge"],  # a mark that is never closed
    "C++": ["Mill Bridge", "The Lamp at Gull Point", "Emoji"][:1],
    "foo_bar": ["Mill Bridge"],
    "تغلق": ["مكتبات تُغلق"],
    "تُغلق": ["مكتبات تُغلق"],
    "اداره": ["مكتبات تُغلق"][:0],
    "الاداره": ["مكتبات تُغلق"],
    "الإدارة": ["مكتبات تُغلق"],
    "وفر": ["مكتبات تُغلق"],
    "橋": ["橋の建設"],
    "古い橋": ["橋の建設"],
    "議会": ["橋の建設"],
    "议会": ["旧桥"],
    "拆除旧桥": ["旧桥"],
    "除拆": [],
    "학교": ["다리"],
    "다리": ["다리"],
    "สะพาน": ["สะพาน"],
    "เมือง": ["สะพาน"],
    "पुल": ["पुल"],
    "परिषद": ["पुल"],
    "📊": ["Emoji"],
    "👧": ["Emoji"],
    "☀": ["Emoji"],
    "☀️": ["Emoji"],
    "ελλαδα": ["Emoji"],
    "москва": ["Emoji"],
}


def test_finds_what_it_should_and_nothing_else(found):
    answers = {query: found(query) for query in FINDS if query != "C++"}
    assert answers == {query: titles for query, titles in FINDS.items() if query != "C++"}


NO_SYNTAX = [
    '"', '""', '"""', "'", "''", "*", "lamp*", "*lamp", "lamp AND", "AND", "OR", "NOT", "NOT lamp", "lamp NEAR x",
    "NEAR(lamp, 3)", "words:lamp", "^lamp", "lamp -x", "(lamp", "lamp)", "{lamp}", "lamp + x", "lamp & x", "lamp | x",
    "!lamp", "lamp <-> x", "lamp:*", "lamp:A", "\\", "lamp\\", "lamp'; DROP TABLE x; --", "%", "_", "l%mp", "\x00",
    "lamp\x00", "\ud83d", "😀" * 300, "a" * 5000, "a " * 3000, '"a b" ' * 500, "é\u0301\u0301", "\u202e", "｀",
    "<script>", "{{ 1 }}", "{% x %}", "%s", "%(a)s", "lamp\nbridge", "\u0301", "ﷺ", "½", "²", "ⅷ", "ǅ", "ß", "İ",
]  # fmt: skip


@pytest.mark.parametrize("query", NO_SYNTAX)
def test_no_query_is_a_syntax_error(as_reader, bring, query):
    bring("The Lamp", "A bridge.")
    answer = as_reader.get("/", {"q": query.encode("utf-8", "replace").decode()})
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode().split("<main", 1)[1]


@given(st.text(max_size=60))
def test_terms_hold_nothing_that_a_database_could_take_for_syntax(query):
    for term in terms_of(query):
        for word in term.words:
            assert word
            assert not re.search(r"[\s\"'\\:*&|!<>()^+{}-]", word), word


@given(st.text(max_size=80))
def test_words_stand_where_they_say_and_folding_twice_changes_nothing(text):
    end = 0
    for word, start, stop in words_of(text):
        assert end <= start < stop <= len(text)
        assert fold(text[start:stop]) == word
        assert fold(word) == word
        end = stop


def test_hits_are_marked_and_everything_is_escaped(as_reader, bring):
    bring("Lamps & <b>lamps</b>", "One.\n\nThe <i>lamp</i> & the “Lámp”: " + "and so on " * 60 + "end.")
    (row,) = as_reader.get("/", {"q": "lamp"}).context["library"].rows
    assert row.title == ('<mark class="hit">Lamps</mark> &amp; &lt;b&gt;<mark class="hit">lamps</mark>&lt;/b&gt;')
    assert row.snippet.startswith(
        'The &lt;i&gt;<mark class="hit">lamp</mark>&lt;/i&gt; &amp; the “<mark class="hit">Lámp</mark>”: and so on'
    )
    assert row.snippet.endswith(" …")


def test_a_phrase_is_marked_as_one():
    assert highlighted("a b a b c", [Term(("a", "b"))]) == (
        '<mark class="hit">a b</mark> <mark class="hit">a b</mark> c'
    )
    assert highlighted("拆除旧桥", [Term(("旧", "桥"))]) == '拆除<mark class="hit">旧桥</mark>'


def test_the_passage_with_all_words_is_shown_before_one_with_some(as_reader, bring):
    filler = "\n\n".join(["Nothing of interest in this paragraph, really."] * 200)
    bring("T", f"The lamp alone.\n\n{filler}\n\nThe lamp and the bridge.\n\n{filler}")
    (row,) = as_reader.get("/", {"q": "lamp bridge"}).context["library"].rows
    assert row.snippet.startswith('The <mark class="hit">lamp</mark> and the <mark class="hit">bridge</mark>.')


def test_words_far_apart_in_a_long_text_are_found_together(as_reader, bring, titles):
    filler = "\n\n".join(["Nothing of interest in this paragraph, really."] * 400)
    bring("T", f"The lamp.\n\n{filler}\n\nThe bridge.")
    assert titles(as_reader, q="lamp bridge") == ["T"]
    assert titles(as_reader, q="lamp bridges") == []


def test_a_snippet_of_a_text_without_spaces_is_short():
    text = "桥" * 5000
    assert len(snippet(text, [Term(("桥",))])) < 260 * len('<mark class="hit">桥</mark>') + 20
    assert snippet("x" * 5000, [Term(("y",))]) == "x" * 260 + " …"


@given(st.text(alphabet=st.sampled_from("ab \n桥"), min_size=0, max_size=3 * PASSAGE), st.integers(0, 5))
def test_passages_cover_the_text(text, repeat):
    text = text * (repeat + 1)
    end = 0
    for start, stop in cut(text):
        assert stop - start <= PASSAGE
        assert start <= end or text[end:start] == "\n"
        assert end - start <= OVERLAP
        assert stop > end
        end = stop
    assert end == len(text)


def test_many_terms_are_cut_off():
    assert len(terms_of(" ".join(f"w{n}" for n in range(40)))) == MOST_TERMS
    assert terms_of("a a a ") == [Term(("a",))]


def test_what_changes_is_found_anew_and_what_goes_is_not(as_reader, bring, titles):
    article = bring("The Lamp", "A bridge.")
    article.title = "The Lantern"
    index_article(article)
    article.save()
    assert (titles(as_reader, q="lamp"), titles(as_reader, q="lantern bridge")) == ([], ["The Lantern"])
    index_article(article, "A tunnel.")
    assert titles(as_reader, q="bridge") == []
    Article.objects.update(current=None)
    article.revisions.all().delete()
    article.delete()
    assert not SearchPassage.objects.exists()


@pytest.mark.sqlite
def test_the_index_of_sqlite_is_whole_after_changes(bring):
    article = bring("The Lamp", "A bridge.")
    index_article(article, "A tunnel.")
    SearchPassage.objects.update(words="other words")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO opslens_search (opslens_search, rank) VALUES ('integrity-check', 1)")


@pytest.mark.postgres
def test_search_uses_the_index_of_postgresql(bring):
    bring("The Lamp", "A bridge.")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT id FROM opslens_searchpassage WHERE vector @@ '''lamp'''::tsquery")
        assert "opslens_search" in " ".join(row[0] for row in cursor.fetchall())
