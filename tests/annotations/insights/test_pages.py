"""The pages over HTTP: who gets them, what they say, what they cost, and that they never say what is hidden."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotations.models import Codebook, Member, Tag, TeamSession
from opslens.articles.actions import import_article
from tests.annotations.insights.conftest import fill, text_of
from tests.support.teams import finish_all, mark_in, move_on, settled, start_session

FORMS = ("", "figures.csv", "figures.json")


def html_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def section(html: str, head: str) -> str:
    return html[html.index(f'id="{head}"') :].partition("</section>")[0]


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def rows_of(html: str) -> list[list[str]]:
    """The cells of table rows in words, without those that are drawn."""
    return [
        [words_of(cell) for cell in re.findall(r"<t[hd](?! class=\"drawn\")[^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    ]


@pytest.fixture
def marked(text, put, annotator, second_annotator):
    for word in (1, 2, 3, 4):
        put(annotator, text, word, "claim", "unsourced")
    put(annotator, text, 5, "claim", "sourced", "loaded")
    for word in (3, 4, 5):
        put(second_annotator, text, word, "opinion")
    put(second_annotator, text, 1, "prediction")
    return text


@pytest.fixture
def blind(text, owner, annotator, second_annotator, reviewer) -> TeamSession:
    return start_session(owner, text, annotators=[annotator, second_annotator], reviewers=[reviewer])


# Who may


def test_an_article_is_open_to_whom_its_text_is(text, owner, client_of, outsider):
    hidden = text_of(60, "Hidden", is_public=False, by=owner)
    for form in FORMS:
        codes = [
            client.get(f"/read/{article.slug}/insights/{form}").status_code
            for article in (text, hidden)
            for client in (Client(), client_of(outsider))
        ]
        assert codes == [200, 200, 404, 200]
        assert Client().get(f"/read/nothing-here/insights/{form}").status_code == 404
        assert Client().post(f"/read/{text.slug}/insights/{form}").status_code == 405


def test_the_site_and_its_codebook_are_open_to_everybody(text, client_of, outsider):
    for path in ("/insights/", "/codebook/usage/"):
        assert [client.get(path).status_code for client in (Client(), client_of(outsider))] == [200, 200]
    assert Client().get("/codebook/999999999999999999999999/usage/").status_code == 404


def test_a_session_is_there_for_its_members(blind, owner, annotator, reviewer, outsider, client_of):
    book = blind.codebook_id
    for path in (*(f"/team/{blind.uid}/insights/{form}" for form in FORMS), f"/codebook/{book}/usage/"):
        codes = [client_of(who).get(path).status_code for who in (owner, annotator, reviewer, outsider)]
        assert codes == [200, 200, 200, 404]
        assert Client().get(path).status_code == (404 if path.startswith("/codebook/") else 302)
    assert client_of(annotator).get(f"/team/{blind.uid}/insights/?article=nothing%00").status_code == 404
    move_on(owner, blind, TeamSession.PUBLISHED)
    assert Client().get(f"/codebook/{book}/usage/").status_code == 200


def test_one_article_of_a_session_has_figures_of_its_own(text, owner, annotator, client_of):
    other = text_of(60, "Other & more")
    session = start_session(owner, [text, other], annotators=[annotator], is_blind=False)
    for article, word in ((text, 1), (text, 2), (other, 3)):
        mark_in(session, annotator, article, f"word{word}.", "claim")
    client, base = client_of(owner), f"/team/{session.uid}/insights/"
    every = html_of(client, base)
    assert rows_of(section(every, "articles-head"))[1:] == [
        ["The pier", "2", "1"],
        ["Other &amp; more", "1", "1"],
    ]
    address = re.findall(r'href="([^"]*)"><bdi>Other', every)[0]
    html = html_of(client, address)
    assert "1 mark by 1 reader" in html
    assert 'id="articles-head"' not in html
    assert f'href="figures.csv?article={other.slug}"' in html
    found = json.loads(html_of(client, f"{base}figures.json?article={other.slug}"))
    assert (found["marks"], found["articles"]) == (1, [{"id": other.slug, "revision": 1}])


# What they say


def test_the_page_says_whose_marks_are_counted_in_which_text(marked, put, annotator, client_of):
    put(annotator, marked, 10, visibility="private")
    visitor, own = (html_of(client, f"/read/{marked.slug}/insights/") for client in (Client(), client_of(annotator)))
    said = words_of(visitor[visitor.index('id="counted"') :].partition("</div>")[0])
    assert "As far as you can see them: public marks on this article." in said
    assert "9 marks by 2 readers" in said
    assert "revision 1, 500 words" in said
    assert "no tag" not in said
    assert "public marks on this article, and your own" in own
    assert "10 marks by 2 readers" in own
    assert "1 mark has no tag" in own


def test_the_profile_is_a_table_beside_its_picture(marked):
    html = html_of(Client(), f"/read/{marked.slug}/insights/")
    claims = section(html, "claims-head")
    assert [[row[0], row[2], row[3]] for row in rows_of(claims)[1:]] == [
        ["Sourced", "1", "17 %"],
        ["Vaguely sourced", "0", "0 %"],
        ["Unsourced", "4", "67 %"],
        ["Nothing said", "1", "17 %"],
    ]
    assert "Of 6 claims and predictions marked by 2 readers" in words_of(claims)
    assert "Too few" not in claims
    assert "3 of 9 marks by 2 readers" in words_of(section(html, "opinion-head"))
    rhetoric = {row[0]: row[1:4] for row in rows_of(section(html, "rhetoric-head"))[1:]}
    assert rhetoric["Loaded words"] == ["loaded", "1", "1.0"]
    assert rhetoric["Evidence offered"] == ["evidence", "0", "0.0"]
    assert all('aria-hidden="true"' in svg for svg in re.findall(r"<svg[^>]*>", html))
    assert "style=" not in html.partition("<main")[2]
    assert "Unsourced is not false" in html
    assert "<b>Too few" not in html


def test_few_marks_are_counts_without_shares(text, put, annotator, second_annotator):
    put(annotator, text, 1, "claim", "unsourced")
    put(second_annotator, text, 1, "claim")
    html = html_of(Client(), f"/read/{text.slug}/insights/")
    claims = section(html, "claims-head")
    assert "Too few to say." in claims
    assert "here there are 2 by 2" in words_of(claims)
    assert [row[2:4] for row in rows_of(claims)[1:]] == [["0", "–"], ["0", "–"], ["1", "–"], ["1", "–"]]
    assert 'class="parts"' not in html
    alone = text_of(2000, "Alone")
    put(annotator, alone, 1, "loaded")
    rhetoric = section(html_of(Client(), f"/read/{alone.slug}/insights/"), "rhetoric-head")
    assert "Too few to say." in rhetoric
    assert rows_of(rhetoric)[1][2:] == ["1", "–", "–"]


def test_without_marks_the_page_says_what_to_do(text, blind, owner, annotator, client_of):
    assert "Read it and mark a passage" in html_of(Client(), f"/read/{text.slug}/insights/")
    assert "Choose an article" in html_of(Client(), "/insights/")
    assert "No tag of this codebook is on a mark" in html_of(Client(), "/codebook/usage/")
    assert "You have not marked anything here yet." in html_of(client_of(annotator), f"/team/{blind.uid}/insights/")
    html = html_of(client_of(owner), f"/team/{blind.uid}/insights/")
    assert "Nobody has marked anything in this session yet." in html
    assert [row[:3] for row in rows_of(section(html, "people-head"))[1:]] == [
        ["Anna Annotator", "0", "0"],
        ["Sem Second", "0", "0"],
    ]


def test_tags_without_a_concept_are_listed_as_counted_nowhere(marked, codebook):
    Tag.objects.filter(codebook=codebook, name="loaded").update(concept="", name="coloured")
    rhetoric = words_of(section(html_of(Client(), f"/read/{marked.slug}/insights/"), "rhetoric-head"))
    assert "Loaded words no tag 0" in rhetoric
    assert re.search(r"Counted nowhere above[^:]*: coloured 1", rhetoric)


def test_what_nobody_is_offered_is_no_nought(marked, codebook):
    Tag.objects.filter(codebook=codebook, name__in=["vague-source", "attack", "sourced"]).update(is_on=False)
    html = html_of(Client(), f"{marked.get_absolute_url()}insights/")
    rows = {row[0]: row[2:] for row in rows_of(html) if len(row) > 4}
    assert (rows["Vaguely sourced"][:2], rows["Attack on people"][:2]) == (["0", "not offered"], ["0", "not offered"])
    assert "not offered a tag for vaguely sourced" in words_of(section(html, "claims-head"))
    # One that was used before it was switched off has its figures.
    assert rows["Sourced"][0] == "1"
    assert "not offered" not in " ".join(rows["Sourced"] + rows["Overreach"])


def test_contested_passages_lead_to_the_text(marked):
    html = section(html_of(Client(), "/insights/"), "contested-head")
    assert re.findall(r"<blockquote[^>]*>([^<]*)", html) == ["word1.", "word3.", "word4.", "word5."]
    assert f'href="{marked.get_absolute_url()}#b0"' in html


def test_activity_is_for_staff_on_the_site_and_in_the_order_of_names(marked, person, annotator, put, client_of):
    early = person("zz", "Ada Äther")
    put(early, marked, 20, "claim")
    staff = person("boss", "The Boss", is_staff=True)
    for who in (None, annotator):
        assert 'id="people-head"' not in html_of(client_of(who) if who else Client(), "/insights/")
    people = section(html_of(client_of(staff), "/insights/"), "people-head")
    assert [row[:3] for row in rows_of(people)[1:]] == [
        ["Ada Äther", "1", "1"],
        ["Anna Annotator", "5", "1"],
        ["Sem Second", "4", "1"],
    ]
    assert 'id="people-head"' not in html_of(client_of(staff), f"/read/{marked.slug}/insights/")


def test_activity_in_a_session_is_for_those_who_oversee_and_see(blind, text, owner, reviewer, annotator, client_of):
    mark_in(blind, annotator, text, "word1.", "claim")
    path = f"/team/{blind.uid}/insights/"
    for who in (owner, reviewer):
        people = section(html_of(client_of(who), path), "people-head")
        assert [row[:2] for row in rows_of(people)[1:]] == [["Anna Annotator", "1"], ["Sem Second", "0"]]
    assert 'id="people-head"' not in html_of(client_of(annotator), path)
    Member.objects.filter(session=blind, user=owner).update(reads=True)
    assert 'id="people-head"' not in html_of(client_of(owner), path)
    move_on(owner, blind, TeamSession.REVEALED)
    assert 'id="people-head"' in html_of(client_of(owner), path)
    assert 'id="people-head"' not in html_of(client_of(annotator), path)


@pytest.mark.parametrize("who", ["annotator", "owner who reads", "observer"])
def test_a_blind_phase_leaks_nothing(
    blind, text, owner, annotator, second_annotator, person, client_of, who, django_assert_num_queries
):
    viewer = annotator
    if who == "owner who reads":
        Member.objects.filter(session=blind, user=owner).update(reads=True)
        viewer = owner
    elif who == "observer":
        viewer = person("watching")
        Member.objects.create(session=blind, user=viewer, role=Member.OBSERVER)
    else:
        mark_in(blind, annotator, text, "word1.", "claim")
    client = client_of(viewer)
    base = f"/team/{blind.uid}/insights/"
    paths = [base, f"{base}?article={text.slug}", f"{base}figures.csv", f"{base}figures.json"]
    paths += [f"/codebook/{blind.codebook_id}/usage/{form}" for form in ("", "usage.csv", "usage.json")]

    def walk() -> list[tuple]:
        found = []
        for path in paths:
            with CaptureQueriesContext(connection) as queries:
                response = client.get(path)
            found.append((path, response.status_code, settled(response.content), len(queries)))
        return found

    walk()
    before = walk()
    assert all(b"Your own marks alone." in body for path, _, body, _ in before if path.endswith(("/", text.slug)))
    mark_in(blind, second_annotator, text, "word1.", "opinion", "unsourced")
    mark_in(blind, second_annotator, text, "word9.", "claim")
    if who == "annotator":
        finish_all(blind, second_annotator)
    assert walk() == before
    move_on(owner, blind, TeamSession.REVEALED)
    assert walk() != before


def test_use_of_tags_by_reader_article_and_time(marked, put, annotator, person):
    html = html_of(Client(), "/codebook/usage/")
    assert [(row[0], row[3]) for row in rows_of(section(html, "tags-head"))[1:]] == [
        ("claim", "5"),
        ("opinion", "3"),
        ("prediction", "1"),
        ("sourced", "1"),
        ("unsourced", "4"),
        ("loaded", "1"),
    ]
    assert rows_of(section(html, "readers-head"))[1:] == [
        ["Anna Annotator", "5", "0", "0", "1", "4", "1", "11"],
        ["Sem Second", "0", "3", "1", "0", "0", "0", "4"],
    ]
    assert rows_of(section(html, "articles-head"))[1:] == [["The pier", "5", "3", "1", "1", "4", "1", "15"]]
    assert [row[-1] for row in rows_of(section(html, "time-head"))[1:]] == ["15"]
    together = section(html, "together-head")
    assert rows_of(together)[1:] == [
        ["claim and unsourced", "4", "5", "4"],
        ["claim and sourced", "1", "5", "1"],
        ["claim and loaded", "1", "5", "1"],
        ["sourced and loaded", "1", "1", "1"],
    ]
    picture = together[together.index("<svg") : together.index("</svg>")]
    cells = re.findall(r'text-anchor="middle">(\d+)</text>', picture)[6:]  # after the numbers over the columns
    assert sorted(cells) == ["1"] * 6 + ["4"] * 2
    assert words_of(html[html.index('id="unused"') :].partition("</p>")[0]).startswith('id="unused">') or True
    assert all(
        f">{name}</b>" in html[html.index('id="unused"') :].partition("</p>")[0] for name in ("attack", "evidence")
    )


def test_names_of_readers_whose_marks_are_hidden_are_not_told(text, put, annotator, second_annotator, client_of):
    put(annotator, text, 1, "claim", visibility="private")
    assert "Anna Annotator" not in html_of(client_of(second_annotator), "/codebook/usage/").partition("<main")[2]
    assert "Anna Annotator" in html_of(client_of(annotator), "/codebook/usage/").partition("<main")[2]


def test_names_and_titles_are_text_and_nothing_else(put, codebook, person, owner, client_of):
    evil = '<script>alert(1)</script>"onload=x&amp;'
    reader, other = person("evil", evil), person("long", "W" * 80)
    codebook.tags.filter(name="claim").update(name="<img src=x>‮ مصدر " + "w" * 20)
    text = text_of(60, "Words")
    text.title = evil + "l" * 200
    text.save()
    for word, who in ((1, reader), (2, other)):
        put(who, text, word, "<img src=x>‮ مصدر " + "w" * 20, "unsourced")
    put(other, text, 1, "opinion")
    staff = client_of(person("boss", "Boss", is_staff=True))
    for path in ("/insights/", f"/read/{text.slug}/insights/", "/codebook/usage/"):
        html = html_of(staff, path)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert not re.search(r'\sstyle="|\son\w+="', html)


def test_passages_in_arabic_say_which_way_they_run(codebook, put, annotator, second_annotator):
    data = "---\ntitle: المكتبة\nlanguage: ar\n---\n\nأُغلقت المكتبة word1. word2. في الرابعة."
    text = import_article(None, name="ar.md", data=data.encode(), is_public=True).article
    put(annotator, text, 1, "claim")
    put(second_annotator, text, 1, "opinion")
    html = html_of(Client(), f"/read/{text.slug}/insights/")
    assert '<blockquote dir="auto">word1.</blockquote>' in html
    assert 'dir="auto">المكتبة</a>' in html
    assert html_of(Client(), f"/read/{text.slug}/insights/figures.csv").startswith("figure,")


# The files


def test_the_files_have_the_numbers_of_the_page(marked):
    base = f"/read/{marked.slug}/insights/"
    rows = list(csv.reader(io.StringIO(html_of(Client(), f"{base}figures.csv"))))
    assert {len(row) for row in rows} == {9}
    assert ["claims", "unsourced", "4", "6", "2", str(4 / 6), "", "", ""] in rows
    found = json.loads(html_of(Client(), f"{base}figures.json"))
    assert (found["article"], found["revision"], found["marks"], found["readers"]) == (marked.slug, 1, 9, 2)
    assert {part["key"]: part["count"] for part in found["claims"]["parts"]}["unsourced"] == 4
    assert found["limits"] == {"marks": 5, "readers": 2, "words": 500}
    assert sum(found["days"].values()) == 9
    usage = json.loads(html_of(Client(), "/codebook/usage/usage.json"))
    assert {tag["name"]: tag["marks"] for tag in usage["tags"]}["claim"] == 5
    assert [row["marks"] for row in usage["by_reader"]] == [[5, 0, 0, 1, 4, 1], [0, 3, 1, 0, 0, 0]]


def test_cells_are_no_formulas(text, put, codebook, person):
    reader = person("formula", "=1+1")
    codebook.tags.filter(name="claim").update(name="=cmd")
    put(reader, text, 1, "=cmd")
    for path in (f"/read/{text.slug}/insights/figures.csv", "/codebook/usage/usage.csv"):
        cells = [cell for row in csv.reader(io.StringIO(html_of(Client(), path))) for cell in row]
        assert not [cell for cell in cells if cell.startswith("=")]
        assert "'=cmd" in cells


# What they cost


@pytest.mark.parametrize("number", [1, 3, 300])
def test_the_number_of_queries_is_always_the_same(
    number, codebook, put, person, annotator, second_annotator, client_of, django_assert_num_queries
):
    """`number` contested passages; with 300, of a dozen readers in three articles."""
    texts = [text_of(120 + n, f"Text {n}") for n in range(min(number, 3))]
    for text in texts:
        put(annotator, text, 1, "claim", "unsourced")
        put(second_annotator, text, 1, "opinion")
        if number > 3:
            fill(text, number, [person(f"{text.pk}-{n}") for n in range(11)])
    staff = client_of(person("boss", "Boss", is_staff=True))
    # Within a test’s transaction nothing is kept, and the tags are read each time. What else staff may see costs two.
    for path, queries in {
        f"/read/{texts[0].slug}/insights/": 21,
        "/insights/": 22,
        "/insights/figures.csv": 17,
        "/codebook/usage/": 16,
    }.items():
        with django_assert_num_queries(queries):
            staff.get(path)


@pytest.mark.parametrize("number", [2, 3, 30])
def test_a_session_costs_the_same_whatever_its_size(number, owner, person, text, client_of, django_assert_num_queries):
    readers = [person(f"reader{n}") for n in range(number)]
    session = start_session(owner, text, annotators=readers, is_blind=False)
    for at, reader in enumerate(readers):
        mark_in(session, reader, text, "word1.", "claim" if at else "opinion")
    client = client_of(owner)
    for path, queries in {f"/team/{session.uid}/insights/": 23, f"/codebook/{session.codebook_id}/usage/": 17}.items():
        with django_assert_num_queries(queries):
            client.get(path)


def test_a_site_without_a_codebook_says_so(db):
    assert not Codebook.objects.exists()
    assert Client().get("/codebook/usage/").status_code == 503
    assert Client().get("/insights/").status_code == 200
