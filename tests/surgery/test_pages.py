"""The pages of merges, splits and their undo; who may use them; examples."""

from __future__ import annotations

import re
import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from annotations.codebook.examples import in_short
from annotations.codebook.kept import all_tags, forget_tags
from annotations.models import AnnotationTag, Example, Member, Surgery, Tag, TeamSession
from annotations.surgery.actions import KEEP, WIN, merge, split, undo
from annotations.surgery.effect import of_merge, of_split
from annotations.surgery.examples.actions import add_example, edit_example, remove_example
from annotations.surgery.selecting import Selection
from opslens.articles.actions import import_article
from opslens.models import Article, Event
from opslens.web.refusals import Conflict, Invalid, Refused
from tests.support.teams import finish_all, mark_in, move_on, start_session
from tests.surgery.conftest import marks_with, tags_on

HTMX = {"HTTP_HX_REQUEST": "true"}


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode().split("<main")[-1]).split())


def hidden(response, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())[1]


@pytest.fixture
def session(codebook, owner, annotator, second_annotator, reviewer, article):
    return start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])


def test_a_merge_is_previewed_done_and_undone(client, codebook, editor, annotator, make, tag):
    marks = make(annotator, "claim", "claim loaded", "opinion")
    client.force_login(editor)
    url = f"/codebook/tags/{tag('claim').pk}/merge/"
    page = client.get(url, {"target": tag("loaded").pk})
    said = text_of(page)
    assert "This touches 2 marks that you can see" in said
    assert "1 mark that you can see carries both" in said
    assert "No group stands in the way." in said
    assert "words 1" in said
    assert Surgery.objects.count() == 0
    done = client.post(url, {"target": tag("loaded").pk, "key": hidden(page, "key")}, follow=True)
    assert done.redirect_chain == [("/codebook/changes/", 302)]
    assert "“claim” was merged into “loaded”: 2 marks that you can see." in done.content.decode()
    assert tags_on(marks) == [{"loaded"}, {"loaded"}, {"opinion"}]
    again = client.post(url, {"target": tag("loaded").pk, "key": hidden(page, "key")})
    assert (again.status_code, Surgery.objects.count()) == (302, 1)
    book = text_of(client.get("/codebook/"))
    assert "loaded stands for it" in book
    address = re.search(r'action="(/codebook/changes/\w+/undo/)"', done.content.decode())[1]
    undone = client.post(address, follow=True)
    assert "are as they were before" in undone.content.decode()
    assert tags_on(marks) == [{"claim"}, {"claim", "loaded"}, {"opinion"}]
    assert "was undone already. Nothing was changed." in client.post(address, follow=True).content.decode()
    assert Event.objects.filter(verb="surgery-undone").count() == 1


def test_clashes_ask_what_to_do(client, codebook, editor, staff, annotator, make, tag):
    marks = make(annotator, "loaded claim", "loaded")
    client.force_login(editor)
    url = f"/codebook/tags/{tag('loaded').pk}/merge/"
    page = client.get(url, {"target": tag("opinion").pk})
    assert "1 mark that you can see carries another one. There may be marks that you cannot see" in text_of(page)
    assert re.findall(r'name="clash" value="(\w+)"', page.content.decode()) == ["keep", "win"]
    for sent in ({"clash": "stop"}, {}, {"clash": "odd"}):
        refused = client.post(url, {"target": tag("opinion").pk} | sent, **HTMX)
        assert refused.status_code == 422
    assert "There may be marks with “loaded” that you cannot see" in text_of(
        client.post(url, {"target": tag("opinion").pk, "clash": "stop"}, **HTMX)
    )
    # Staff know of all marks, and are refused for those that there are.
    client.force_login(staff)
    stopped = client.post(url, {"target": tag("opinion").pk, "clash": "stop"}, **HTMX)
    assert stopped.status_code == 422
    assert "1 mark carries another tag of “Type”" in text_of(stopped)
    assert tags_on(marks) == [{"loaded", "claim"}, {"loaded"}]
    client.force_login(editor)
    done = client.post(url, {"target": tag("opinion").pk, "clash": "keep"}, **HTMX)
    assert done.status_code == 200
    assert "hx-swap-oob" in done.content.decode()
    assert tags_on(marks) == [{"claim"}, {"opinion"}]
    back = client.post(f"/codebook/changes/{Surgery.objects.get().uid}/undo/", **HTMX)
    assert back["HX-Redirect"] == "/codebook/changes/"
    assert tags_on(marks) == [{"loaded", "claim"}, {"loaded"}]


def test_a_preview_counts_what_its_viewer_may_know(client, codebook, editor, staff, annotator, make, tag):
    marks = make(annotator, "loaded", "loaded", "loaded")
    type(marks[0]).objects.filter(pk=marks[0].pk).update(visibility="private")
    seen = {}
    for person in (editor, staff):
        client.force_login(person)
        page = client.get(f"/codebook/tags/{tag('loaded').pk}/merge/", {"target": tag("attack").pk})
        seen[person.username] = re.search(r"This touches (.*?)\s?\.", text_of(page))[1]
    assert seen == {"editor": "2 marks that you can see", "staff": "3 marks"}
    merge(staff, tag("loaded").pk, tag("attack").pk)
    client.force_login(editor)
    assert "mark" not in text_of(client.get("/codebook/changes/")).split("was merged into")[1].split("Stan")[0]


def test_a_split_by_hand_over_two_pages(client, codebook, editor, annotator, make, tag, monkeypatch):
    from annotations.surgery import views

    monkeypatch.setattr(views, "MARKS_LISTED", 2)
    marks = make(annotator, "loaded", "loaded", "loaded")
    client.force_login(editor)
    url = f"/codebook/tags/{tag('loaded').pk}/split/"
    # The form begins with a look that is free, or that of the tag; and with what the tag counts as.
    asked = client.get(url).content.decode()
    assert '<option value="8" selected>' in asked
    assert '<option value="loaded" selected>' in asked
    Tag.objects.filter(slot=5).update(slot=1)
    assert '<option value="5" selected>' in client.get(url).content.decode()
    form = {"how": "hand", "name": "sneer", "group": tag("loaded").group_id, "slot": 4, "concept": "loaded"}
    first = client.post(url, form | {"do": "list"})
    assert re.findall(r'type="checkbox" name="marks" value="(\w+)"', first.content.decode()) == [
        marks[2].uid,
        marks[1].uid,
    ]
    onward = re.search(r'value="(list:[^"]+)"', first.content.decode())[1]
    second = client.post(url, form | {"do": onward, "marks": [marks[2].uid]})
    html = second.content.decode()
    assert f'type="hidden" name="marks" value="{marks[2].uid}"' in html
    assert f'type="checkbox" name="marks" value="{marks[0].uid}"' in html
    both = {"marks": [marks[0].uid, marks[2].uid]}
    preview = client.post(url, form | both | {"do": "preview", "at": onward[5:]})
    assert "On 2 marks that you can see" in text_of(preview)
    assert "the new tag counts as loaded ." in text_of(preview)
    nothing = client.post(url, form | both | {"do": "preview", "concept": ""}, **HTMX)
    assert "the new tag counts as nothing in particular." in text_of(nothing)
    assert client.post(url, form | both | {"do": "split", "key": hidden(preview, "key")}).status_code == 302
    assert tags_on(marks) == [{"sneer"}, {"loaded"}, {"sneer"}]
    assert tag("sneer").concept == "loaded"


def test_the_first_day_of_all_and_many_readers(client, codebook, editor, person, make, tag, settings, monkeypatch):
    from annotations.surgery import forms

    settings.TIME_ZONE = "Asia/Tokyo"
    monkeypatch.setattr(forms, "MOST_CHOICES", 2)
    for username, name in (("a", "zoe"), ("z", "Ann"), ("m", "")):
        make(person(username, name), "loaded")
    client.force_login(editor)
    sent = {"how": "filter", "first": "0001-01-01", "do": "preview", "name": "sneer", "group": tag("loaded").group_id}
    page = client.post(f"/codebook/tags/{tag('loaded').pk}/split/", sent)
    assert (page.status_code, "On 3 marks that you can see" in text_of(page)) == (200, True)
    # Readers stand in the order of the names that are shown, and the list says that it does not hold all.
    readers = re.search(r'<select name="reader".*?</select>', page.content.decode(), re.S)[0]
    assert re.findall(r">([^<\n]+)</option>", readers) == ["any", "Ann", "m"]
    assert text_of(page).count("Only the first 2 are listed here.") == 1


WRONG = [
    {"how": "hand", "do": "preview", "name": "x", "group": "{free}"},
    {"how": "filter", "do": "preview", "name": ""},
    {"how": "filter", "do": "split", "name": "loaded", "group": "{free}", "slot": 1},
    {"how": "filter", "do": "split", "name": "sneer", "group": "999999"},
    {"how": "filter", "do": "list:%%%", "reader": "x"},
    {"how": "filter", "first": "yesterday", "do": "preview"},
    {"how": "filter", "do": "split", "name": "x\x00y", "group": "{free}"},
    {"how": "filter", "do": "split", "target": "99999999999999999999"},
    {"how": "filter", "do": "split", "name": "a", "group": "{free}", "slot": 1, "key": "'; --"},
    {"how": "filter", "do": "split", "words": "nowhere", "name": "a", "group": "{free}", "slot": 1},
    {"how": ""},
]


@pytest.mark.parametrize("sent", WRONG)
def test_a_split_that_cannot_be(client, codebook, editor, annotator, make, tag, sent):
    make(annotator, "loaded")
    client.force_login(editor)
    sent = {
        name: value.format(free=tag("loaded").group_id) if name == "group" else value for name, value in sent.items()
    }
    for more in ({}, HTMX):
        response = client.post(f"/codebook/tags/{tag('loaded').pk}/split/", sent, **more)
        assert response.status_code == 422, text_of(response)
    assert (Surgery.objects.count(), Tag.objects.filter(codebook=codebook).count()) == (0, 12)


def test_a_list_that_does_not_go_on(client, codebook, editor, tag):
    client.force_login(editor)
    sent = {"how": "hand", "do": "list:%%%"}
    assert client.post(f"/codebook/tags/{tag('loaded').pk}/split/", sent).status_code == 404
    assert client.get("/codebook/changes/?after=x").status_code == 404


PATHS = {
    "tags/{pk}/merge/": "GET POST",
    "tags/{pk}/split/": "GET POST",
    "changes/": "GET",
    "import/": "GET POST",
    "changes/{uid}/undo/": "POST",
    "imports/1/undo/": "POST",
    "examples/add/?mark={mark}": "GET POST",
    "examples/{example}/edit/": "GET POST",
    "examples/{example}/remove/": "POST",
    "examples/{example}/restore/": "POST",
}
# Who: what they are told. Of a session's codebook an annotator knows, of the site's everybody.
ROLES = {
    "visitor": (302, 302),
    "outsider": (403, 404),
    "annotator": (403, 403),
    "reviewer": (403, 403),
    "owner": (403, "may"),
    "editor": ("may", 404),
    "staff": ("may", 404),
}


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("of_session", [False, True], ids=["the site’s", "a session’s"])
def test_rights(
    client, session, editor, staff, outsider, annotator, reviewer, owner, article, mark, make, who, of_session
):
    move_on(owner, session, TeamSession.REVEALED)
    book = session.codebook if of_session else all_tags()[mark(annotator, "levy", "loaded").tag_ids[0]].codebook
    names = {tag.name: tag for tag in book.tags.select_related("codebook")}
    actor = owner if of_session else staff
    given = mark_in(session, annotator, article, "boats", "loaded") if of_session else make(annotator, "loaded")[0]
    example = add_example(actor, names["loaded"], kind="hard", words="Some words.")
    surgery = merge(actor, names["attack"].pk, names["evidence"].pk)
    people = {"outsider": outsider, "annotator": annotator, "reviewer": reviewer, "owner": owner}
    people |= {"editor": editor, "staff": staff}
    if who != "visitor":
        client.force_login(people[who])
    told = ROLES[who][of_session]
    # A mark of a session is not there for people outside of it; one of the site is there for all.
    for path, methods in PATHS.items():
        prefix = (
            book.get_absolute_url() if path.startswith(("changes/", "import")) and "{uid}" not in path else "/codebook/"
        )
        url = prefix + path.format(pk=names["loaded"].pk, uid=surgery.uid, example=example.pk, mark=given.uid)
        for method in methods.split():
            events = Event.objects.count()
            status = (client.get if method == "GET" else client.post)(url).status_code
            if told == "may":
                assert status in (200, 302, 422) or (status == 404 and path.startswith("imports/")), (url, status)
            else:
                assert status == told, (method, url)
                assert Event.objects.count() == events


def test_an_owner_who_reads_along_blind_operates_on_nothing(client, session, owner, article, annotator):
    Member.objects.filter(session=session, user=owner).update(reads=True)
    pk = session.codebook.tags.get(name="loaded").pk
    client.force_login(owner)
    before = (
        client.get(f"/codebook/tags/{pk}/merge/").status_code,
        client.get(f"/codebook/tags/{pk}/split/").status_code,
    )
    mark_in(session, annotator, article, "boats", "loaded")
    after = client.get(f"/codebook/tags/{pk}/merge/").status_code, client.get(f"/codebook/tags/{pk}/split/").status_code
    assert before == after == (403, 403)


def test_a_published_session_says_why_not(client, session, owner, annotator, article):
    mark_in(session, annotator, article, "boats", "loaded")
    move_on(owner, session, TeamSession.PUBLISHED)
    names = {tag.name: tag.pk for tag in session.codebook.tags.all()}
    client.force_login(owner)
    url = f"/codebook/tags/{names['loaded']}/merge/"
    assert "its edition stands as it is" in text_of(client.get(url, {"target": names["attack"]}))
    assert client.post(url, {"target": names["attack"]}).status_code == 409


def test_the_effect_on_agreement(codebook, owner, annotator, second_annotator):
    words = [f"Sentence number {number} says so." for number in range(12)]
    article = import_article(None, name="a.txt", data="\n\n".join(["Title", *words]).encode(), is_public=True).article
    session = start_session(owner, article, annotators=[annotator, second_annotator])
    for one in words[:4]:
        mark_in(session, annotator, article, one, "loaded")
        mark_in(session, second_annotator, article, one, "evidence")
    tag = {one.name: one for one in session.codebook.tags.select_related("group", "codebook")}
    finish_all(session, annotator, second_annotator)
    (hidden_one,) = of_merge(owner, tag["loaded"], tag["evidence"], KEEP)
    assert (hidden_one.now, hidden_one.reason) == ("", "Its marks are not shown to all yet.")
    assert of_merge(annotator, tag["loaded"], tag["evidence"], KEEP) == []
    move_on(owner, session, TeamSession.REVEALED)
    (effect,) = of_merge(owner, tag["loaded"], tag["evidence"], KEEP)
    assert (float(effect.now) < 0.5, effect.after) == (True, "1.000")
    (same,) = of_split(owner, tag["loaded"], tag["evidence"].pk, None, KEEP, Selection(words="nowhere"))
    assert (same.is_same, same.now) == (True, effect.now)
    # What was foreseen is what comes.
    merge(owner, tag["loaded"].pk, tag["evidence"].pk)
    forget_tags()
    (after,) = of_merge(owner, tag["evidence"], tag["attack"], WIN)
    assert after.now == effect.after


@pytest.mark.parametrize("number", [1, 3, 300])
def test_pages_cost_the_same_for_few_and_many(client, codebook, editor, annotator, make, tag, number):
    make(annotator, *["loaded claim"] * number)
    for _ in range(min(number, 8)):
        undo(editor, merge(editor, tag("attack").pk, tag("evidence").pk).uid)
    Example.objects.bulk_create(
        Example(tag=tag("loaded"), kind="hard", words=f"words {at}", added_by=editor) for at in range(number)
    )
    client.force_login(editor)
    all_tags()
    pk, opinion = tag("loaded").pk, tag("opinion").pk
    counts = {}
    for name, ask in {
        "changes": lambda: client.get("/codebook/changes/"),
        "examples": lambda: client.get(f"/codebook/tags/{pk}/examples/"),
        "merge": lambda: client.get(f"/codebook/tags/{pk}/merge/", {"target": opinion}),
        "split": lambda: client.post(f"/codebook/tags/{pk}/split/", {"how": "hand", "do": "list"}),
    }.items():
        with CaptureQueriesContext(connection) as queries:
            assert ask().status_code in (200, 422)
        counts[name] = len(queries)
    # Each begins with who it is and their rights, four queries.
    assert counts == {"changes": 8, "examples": 7, "merge": 13, "split": 12}


def test_renaming_and_moving_show_what_they_would_do(client, codebook, editor, annotator, make, tag):
    make(annotator, "loaded claim", "loaded")
    client.force_login(editor)
    url = f"/codebook/tags/{tag('loaded').pk}/edit/"
    sent = {"name": "charged", "group": tag("claim").group_id, "slot": 1, "version": 1, "preview": "yes"}
    for more in ({}, HTMX):
        page = client.post(url, sent, **more)
        said = text_of(page)
        assert page.status_code == 200
        assert "“loaded” is called “charged” everywhere." in said
        assert "That cannot be done yet: 1 mark that you can see carries another tag of it" in said
        assert "It shows on 2 marks that you can see." in said
        assert "words 1" in said
    assert (tag("loaded").group.key, tag("loaded").version) == ("free", 1)
    assert "words 1" in text_of(client.get(f"/codebook/tags/{tag('loaded').pk}/retire/"))


# Examples


def test_examples_stand_under_the_tag_and_at_the_cursor(client, codebook, editor, annotator, article, tag):
    client.force_login(editor)
    page = f"/codebook/tags/{tag('claim').pk}/examples/"
    sent = {"kind": "hard", "words": "It “may” <rain>.", "comment": "No: nothing could disprove it."}
    assert client.post(page, sent).status_code == 302
    assert client.post(page, sent | {"words": " "}).status_code == 422
    assert client.post(page, sent | {"words": "x" * 700}).status_code == 422
    assert client.post(page, sent | {"kind": "odd"}).status_code == 422
    client.logout()
    book = client.get("/codebook/").content.decode()
    assert "Hard case" in book
    assert "It “may” &lt;rain&gt;." in book
    assert 'action="/codebook/examples' not in client.get(page).content.decode()
    client.force_login(annotator)
    reading = client.get(article.get_absolute_url()).content.decode()
    (example,) = Example.objects.all()
    asked = f"/codebook/tags/{example.tag_id}/hard-case/"
    assert f'data-hard="{asked}"' in reading
    assert client.get(asked).content.decode().startswith("“It “may” <rain>.” No: nothing")
    assert client.get(asked)["Content-Type"].startswith("text/plain")
    client.force_login(editor)
    edit = f"/codebook/examples/{example.pk}/edit/"
    assert client.post(edit, {"kind": "clear", "comment": "Yes.", "was": "Other."}).status_code == 409
    was = {"was": example.comment, "was_kind": "clear"}
    assert "It says now: hard case, No: nothing" in text_of(
        client.post(edit, {"kind": "clear", "comment": "Yes."} | was)
    )
    assert client.post(edit, {"kind": "clear", "comment": "Yes."} | was | {"was_kind": "hard"}).status_code == 302
    assert "data-hard" not in client.get(article.get_absolute_url()).content.decode()
    assert client.post(f"/codebook/examples/{example.pk}/remove/").status_code == 302
    assert "It “may”" not in client.get("/codebook/").content.decode()
    assert client.post(f"/codebook/examples/{example.pk}/restore/").status_code == 302
    verbs = list(Event.objects.filter(subject__startswith="example:").order_by("pk").values_list("verb", flat=True))
    assert verbs == ["example-added", "example-edited", "example-removed", "example-restored"]


def test_only_words_that_all_may_see_become_examples(client, session, editor, owner, annotator, article, mark, tag):
    shown, own = (
        mark(annotator, w, "claim", visibility=v).annotation for w, v in (("levy", "public"), ("boats", "private"))
    )
    client.force_login(editor)
    add = "/codebook/examples/add/?mark="
    assert client.get(add + own.uid).status_code == 404
    assert client.get(add + "nowhere").status_code == 404
    assert "levy" in text_of(client.get(add + shown.uid))
    sent = {"tag": tag("claim").pk, "kind": "clear", "words": "other words", "comment": "Plain."}
    assert client.post(add + shown.uid, sent).status_code == 302
    assert Example.objects.get().words == "levy"
    assert "levy" in text_of(client.get("/codebook/"))
    Article.objects.filter(pk=article.pk).update(is_public=False)
    assert "Clear case" not in text_of(client.get("/codebook/"))
    assert client.get(add + shown.uid).status_code == 422
    # A session's: once it is shown, and for as long as that lasts.
    Article.objects.filter(pk=article.pk).update(is_public=True)
    theirs = mark_in(session, annotator, article, "Nobody asked", "claim")
    book = session.codebook
    client.force_login(owner)
    assert client.get(add + theirs.uid).status_code == 422
    move_on(owner, session, TeamSession.REVEALED)
    sent["tag"] = book.tags.get(name="claim").pk
    assert client.post(add + theirs.uid, sent).status_code == 302
    assert "Nobody asked" in text_of(client.get(book.get_absolute_url()))
    client.force_login(annotator)
    assert client.get(add + theirs.uid).status_code == 403
    TeamSession.objects.filter(pk=session.pk).update(phase=TeamSession.ANNOTATING)
    assert "Nobody asked" not in text_of(client.get(book.get_absolute_url()))
    # Nor at the cursor, whatever was kept before.
    asked = f"/codebook/tags/{sent['tag']}/hard-case/"
    assert client.get(asked).content == b""
    TeamSession.objects.filter(pk=session.pk).update(phase=TeamSession.REVEALED)
    Example.objects.filter(tag_id=sent["tag"]).update(kind=Example.HARD)
    assert "Nobody asked" in client.get(asked).content.decode()
    TeamSession.objects.filter(pk=session.pk).update(phase=TeamSession.ANNOTATING)
    assert client.get(asked).content == b""
    # Nor to whoever looks after the codebook, even where it was removed.
    client.force_login(owner)
    example = Example.objects.get(tag_id=sent["tag"])
    addresses = [f"/codebook/examples/{example.pk}/{verb}/" for verb in ("edit", "remove", "restore")]
    assert client.get(addresses[0]).status_code == 404
    assert [client.post(address).status_code for address in addresses] == [404] * 3
    remove_example(owner, example.pk)
    page = f"/codebook/tags/{sent['tag']}/examples/"
    assert "Nobody asked" not in text_of(client.get(page))
    TeamSession.objects.filter(pk=session.pk).update(phase=TeamSession.REVEALED)
    assert "Nobody asked" in text_of(client.get(page))


def test_verbs_on_examples(codebook, editor, tag):
    first = add_example(editor, tag("claim"), kind="hard", words="a  b", comment="c")
    assert first.words == "a b"
    assert add_example(editor, tag("claim"), kind="hard", words="a b", comment="c") == first
    with pytest.raises(Conflict):
        edit_example(editor, first.pk, kind="hard", comment="mine", was=("hard", "other"))
    with pytest.raises(Conflict):
        edit_example(editor, first.pk, kind="hard", comment="mine", was=("clear", "c"))
    with pytest.raises(Invalid):
        add_example(editor, tag("claim"), kind="hard", words="a\u202eb")
    remove_example(editor, first.pk)
    remove_example(editor, first.pk)
    assert Event.objects.filter(verb="example-removed").count() == 1
    assert in_short("word " * 100, "Why.").endswith("…” Why.")


def test_a_session_begins_with_the_examples_of_its_codebook(codebook, editor, owner, annotator, article, mark, tag):
    add_example(editor, tag("claim"), kind="hard", words="by hand", comment="Yes.")
    taken = mark(annotator, "levy", "claim").annotation
    add_example(editor, tag("claim"), kind="clear", words="levy", annotation=taken)
    remove_example(editor, add_example(editor, tag("claim"), kind="clear", words="gone").pk)
    book = start_session(owner, article).codebook
    assert sorted(Example.objects.filter(tag__codebook=book).values_list("words", "annotation")) == [
        ("by hand", None),
        ("levy", taken.pk),
    ]


# What a form that was open meanwhile does


def test_a_form_that_was_open_over_a_surgery_loses_nothing(client, codebook, editor, annotator, mark, tag):
    one = mark(annotator, "levy", "loaded", "evidence").annotation
    client.force_login(annotator)

    def drawn() -> dict:
        html = client.get(f"/marks/{one.uid}/edit/").content.decode()
        return {
            "version": one.version,
            "note": "Typed.",
            "tags_shown": re.search(r'name="tags_shown" value="([^"]*)"', html)[1],
        }

    def save(form: dict, *names: str) -> int:
        sent = form | {"tags": [tag(name).pk for name in names]}
        status = client.post(f"/marks/{one.uid}/edit/", sent).status_code
        one.refresh_from_db()
        return status

    form = drawn()
    merge(editor, tag("loaded").pk, tag("attack").pk)
    assert save(form, "loaded", "evidence") == 302
    assert (tags_on([one]), one.note) == ([{"attack", "evidence"}], "Typed.")
    form = drawn()
    surgery = split(editor, tag("attack").pk, Selection(), target_id=tag("overreach").pk)
    assert save(form, "attack", "evidence") == 409
    assert tags_on([one]) == [{"overreach", "evidence"}]
    form = drawn()
    undo(editor, surgery.uid)
    assert save(form, "overreach", "evidence") == 409
    assert tags_on([one]) == [{"attack", "evidence"}]


# Two at once


@pytest.mark.django_db(transaction=True)
def test_two_people_merge_at_the_same_moment(transactional_db, codebook, editor, staff, annotator, article):
    tag = {one.name: one for one in codebook.tags.select_related("group")}
    marks = marks_with(annotator, article, [[tag["loaded"]], [tag["attack"]], [tag["loaded"], tag["attack"]]] * 20)
    barrier, results = threading.Barrier(2), []

    def run(actor, source: str, target: str) -> None:
        try:
            barrier.wait(5)
            merge(actor, tag[source].pk, tag[target].pk)
            results.append("done")
        except Refused as refused:
            results.append(str(refused))
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(editor, "loaded", "attack")),
        threading.Thread(target=run, args=(staff, "attack", "loaded")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(results)[-1] == "done" or "done" in results
    assert len([said for said in results if "is retired" in said]) == 1
    (surgery,) = Surgery.objects.all()
    assert tags_on(marks) == [{surgery.target.name}] * 60
    assert AnnotationTag.objects.filter(tag=surgery.source).count() == 0
    assert Event.objects.filter(verb="tags-merged").count() == 1
    connection.close()
