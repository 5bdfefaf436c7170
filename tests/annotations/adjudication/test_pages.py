"""The desk and the page of decisions over HTTP: who gets in when, what is shown, what forms do, how many queries."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlparse

import pytest
from django.test import Client
from django.utils import timezone

from annotations.adjudication.actions import choose, reject
from annotations.editing.actions import delete_mark
from annotations.models import Anchor, Annotation, AnnotationTag, Answer, Decision, TeamSession
from annotations.teams.actions import set_phase
from annotations.teams.people.actions import add_member
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from tests.annotations.adjudication.conftest import ASKED, CLAIM, form_of, on, seen
from tests.support.teams import finish_all, move_on, seat_of, start_session

GUESS = "That is a guess."


@pytest.fixture
def here(settling, reviewer, look):
    return lambda words: on(look(reviewer, settling), words)


@pytest.fixture
def base(settling):
    return f"/team/{settling.uid}"


@pytest.fixture
def desk_url(base, article):
    return f"{base}/desk/{article.slug}/"


@pytest.fixture
def at_desk(client_of, reviewer):
    return client_of(reviewer)


def words_of(response) -> str:
    """What a page says, tags and white space aside."""
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", main[0] if main else response.content.decode()).split())


def passage_in(response) -> str:
    """The passage that a redirect leads to, or "end"."""
    query = parse_qs(urlparse(response["Location"]).query)
    return query.get("passage", query.get("at"))[0]


# Who gets in, and when


def test_pages_are_for_those_who_oversee(
    base, desk_url, settling, client_of, owner, reviewer, annotator, outsider, person
):
    watcher = person("observer")
    add_member(owner, settling.pk, username="observer", role="observer")
    paths = [f"{base}/desk/", desk_url, f"{base}/settle/strategy/"]
    for viewer, status in ((owner, 200), (reviewer, 200), (annotator, 403), (watcher, 403), (outsider, 404)):
        assert [client_of(viewer).get(path).status_code for path in paths] == [status] * 3
    assert [Client().get(path)["Location"].partition("?")[0] for path in paths] == ["/account/sign-in/"] * 3


def test_posts_are_for_those_who_oversee(base, desk_url, here, client_of, owner, annotator, outsider):
    posts = [(f"{desk_url}{verb}/", form_of(here(CLAIM), "merge")) for verb in ("decide", "withdraw", "undo")]
    posts += [(f"{base}/settle/undo/", {}), (f"{base}/settle/strategy/", {"method": "majority"})]
    for viewer, status in ((annotator, 403), (outsider, 404)):
        assert [client_of(viewer).post(*post).status_code for post in posts] == [status] * 5
    assert [client_of(owner).get(path).status_code for path, _ in posts[:4]] == [405] * 4
    assert Decision.objects.count() == 0


@pytest.mark.parametrize("phase", [TeamSession.DRAFT, TeamSession.ANNOTATING, TeamSession.REVEALED])
def test_before_settling_pages_say_when_they_open_and_nothing_else(
    base, desk_url, settling, here, client_of, owner, annotator, article, phase
):
    choose(owner, seat_of(owner, settling), article.slug, seen(here(ASKED)), here(ASKED).passage.candidates[0].key)
    TeamSession.objects.filter(pk=settling.pk).update(phase=phase)
    for path in (f"{base}/desk/", desk_url, f"{base}/settle/strategy/?method=majority"):
        said = words_of(client_of(owner).get(path))
        assert "The desk opens when the session is being settled." in said
        assert "fishermen" not in said
    said = words_of(client_of(annotator).get(f"{base}/decided/"))
    assert said.endswith(
        "Decisions There are no decisions to see yet. They are made when the session is being settled; you then see "
        "here which of them differ from your marks."
    )


@pytest.mark.parametrize("phase", TeamSession.OUT)
def test_afterwards_the_desk_is_read_only(base, desk_url, settling, here, at_desk, owner, reviewer, article, phase):
    reject(reviewer, seat_of(reviewer, settling), article.slug, seen(here(ASKED)), reason="Nobody knows.")
    form = form_of(here(ASKED), "merge")
    move_on(owner, settling, phase)
    page = at_desk.get(desk_url, {"passage": form["passage"]})
    assert "Nobody knows." in words_of(page)
    assert b'method="post"' not in page.content.partition(b"<main")[2]
    assert b'method="post"' not in at_desk.get(f"{base}/desk/").content.partition(b"<main")[2]
    assert at_desk.post(f"{desk_url}decide/", form).status_code == 409


def test_what_is_not_in_the_session_is_not_there(
    base, desk_url, at_desk, settling, here, owner, annotator, article, mark
):
    outside = mark(annotator, CLAIM, "claim").annotation
    for uid in (outside.uid, "nothing", "\x00", "x" * 5000):
        assert at_desk.get(desk_url, {"passage": uid}).status_code == 404
        form = form_of(here(CLAIM), "merge") | {"passage": uid}
        assert at_desk.post(f"{desk_url}decide/", form).status_code == 404
    assert at_desk.get(f"{base}/desk/no-such-article/").status_code == 404
    assert at_desk.get(f"/team/nothing/desk/{article.slug}/").status_code == 404
    assert at_desk.post(f"{desk_url}withdraw/", {"decision": "nothing", "version": 1}).status_code == 404


# One passage


def test_the_desk_opens_at_the_first_open_passage_and_shows_all_of_it(
    desk_url, at_desk, here, settling, reviewer, annotator
):
    from annotations.models import Reply

    opinion = Annotation.objects.get(author=annotator, quote=ASKED)
    Reply.objects.create(annotation=opinion, author=reviewer, text="<b>Really?</b>", key="a-key")
    page = at_desk.get(desk_url)
    said = words_of(page)
    assert "Passage 1 of 4 contested" in said
    for part in (
        "The levy was never about boats.",  # the sentence before
        "First point: cranes cost money.",  # and the one after
        "claim 1 of 2 Sem Second",
        "opinion 1 of 2 Anna Annotator",
        "2 readings",
        "Who was asked?",
        "Rita Reviewer &lt;b&gt;Really?&lt;/b&gt;",
    ):
        assert part in said
    # Two readings to choose, and the queue with the place in it.
    assert re.findall(r'data-choose="(\d)"', page.content.decode()) == ["1", "2"]
    queue = page.content.decode().partition('class="queue"')[2]
    assert re.findall(r'class="(\w+)" href="\?passage=\w+" hx-get="[^"]+"( aria-current="true")?', queue) == [
        ("contested", ' aria-current="true"'),
        ("contested", ""),
        ("open", ""),
        ("open", ""),
    ]


def test_who_left_a_passage_unmarked_is_named(desk_url, at_desk, here):
    said = words_of(at_desk.get(desk_url, {"passage": here(GUESS).passage.key}))
    assert "left unmarked 1 of 2 Sem Second" in said


def test_deciding_goes_on_to_the_next_open_passage_and_to_a_clear_end(
    desk_url, at_desk, look, reviewer, owner, settling, client_of
):
    order = [item.passage.key for item in look(reviewer, settling).items]
    # From the last one the way leads back to those that are open still.
    for at, then in ((3, order[0]), (0, order[1]), (1, order[2]), (2, "end")):
        item = look(reviewer, settling).items[at]
        answer = at_desk.post(f"{desk_url}decide/", form_of(item, f"choose:{item.passage.candidates[0].key}"))
        assert (answer.status_code, passage_in(answer)) == (302, then)
    said = words_of(at_desk.get(answer["Location"]))
    assert "Everything is decided. Publish?" in said
    assert "An owner of the session can publish it now." in said
    assert f"/team/{settling.uid}/phase/?to=published" in client_of(owner).get(answer["Location"]).content.decode()
    # Opened anew, the desk is at its end, too.
    assert "Everything is decided. Publish?" in words_of(at_desk.get(desk_url))


def test_next_never_leaves_the_queue(desk_url, at_desk, look, reviewer, settling):
    path, visited = desk_url, []
    for _ in range(5):
        page = at_desk.get(path).content.decode()
        visited.append(re.search(r"Passage (\d) of 4|That was the last passage", page)[0])
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        path = desk_url + onward[1] if onward else path
    assert visited == [f"Passage {n} of 4" for n in (1, 2, 3, 4)] + ["That was the last passage"]
    assert onward is None


def test_what_was_typed_is_kept_when_input_is_refused(desk_url, at_desk, here):
    form = form_of(here(ASKED), "reject", reason="")
    refused = at_desk.post(f"{desk_url}decide/", form)
    assert refused.status_code == 422
    assert "Say why no mark is to stand here." in words_of(refused)
    form = form_of(
        here(ASKED), "edit", reason="Because.", start=0, end=5, exact="xxxxx", quote="no such words", tags=[]
    )
    refused = at_desk.post(f"{desk_url}decide/", form)
    assert refused.status_code == 422
    assert re.search(r"<textarea id=\"reason\"[^>]*>\nBecause\.", refused.content.decode())
    assert re.search(r"<textarea id=\"quote\"[^>]*>\nno such words", refused.content.decode())
    assert '<details id="edit" open>' in refused.content.decode()


def test_a_lost_race_shows_both_and_keeps_what_was_typed(desk_url, at_desk, here, owner, settling, article):
    item = here(ASKED)
    form = form_of(item, f"choose:{item.passage.candidates[1].key}", reason="My reason.")
    reject(owner, seat_of(owner, settling), article.slug, seen(item), reason="Their reason.")
    lost = at_desk.post(f"{desk_url}decide/", form)
    assert lost.status_code == 409
    said = words_of(lost)
    assert "This passage has been decided in the meantime." in said
    assert "Now No mark stands here" in said
    assert "Their reason." in said
    assert f"Yours opinion loaded {ASKED} My reason." in said
    assert re.search(r"<textarea id=\"reason\"[^>]*>\nMy reason\.", lost.content.decode())
    # The form that came back knows of it: sent again, it decides.
    now = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', lost.content.decode()))
    again = at_desk.post(f"{desk_url}decide/", form | {name: now[name] for name in ("decision", "version")})
    assert again.status_code == 302
    assert Decision.objects.get().reason == "My reason."


def test_the_same_lost_race_with_htmx_is_a_fragment(desk_url, at_desk, here, owner, settling, article):
    item = here(ASKED)
    reject(owner, seat_of(owner, settling), article.slug, seen(item), reason="Their reason.")
    lost = at_desk.post(f"{desk_url}decide/", form_of(item, "merge"), headers={"HX-Request": "true"})
    assert lost.status_code == 409
    assert lost.content.decode().lstrip().startswith('<div id="desk"')


def test_with_htmx_the_next_passage_comes_at_once(desk_url, at_desk, look, reviewer, settling):
    first, second = look(reviewer, settling).items[:2]
    form = form_of(first, f"choose:{first.passage.candidates[0].key}")
    answer = at_desk.post(f"{desk_url}decide/", form, headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == f"{desk_url}?passage={second.passage.key}"
    page = answer.content.decode()
    assert "Passage 2 of 4" in page
    assert '<div id="notices" hx-swap-oob="innerHTML">' in page
    assert f'action="{desk_url}undo/"' in page


def test_steps_move_the_ends_and_decide_nothing(desk_url, at_desk, here, settling, article):
    item = here(ASKED)
    book = {tag.name: tag.pk for tag in settling.codebook.tags.all()}
    place = {"start": item.passage.start, "end": item.passage.end, "exact": ASKED}
    form = form_of(item, "step:start-word-on", reason="Why.", tags=[book["attack"]], **place)
    stepped = at_desk.post(f"{desk_url}decide/", form)
    page = stepped.content.decode()
    assert stepped.status_code == 200
    assert re.search(r'name="exact"[^>]*>\nasked the fishermen\.</textarea>', page)
    assert re.findall(r'name="tags" value="(\d+)" checked', page) == [str(book["attack"])]
    assert "Why." in page
    assert Decision.objects.count() == 0
    start = item.passage.start + len("Nobody ")
    edit = form_of(item, "edit", start=start, end=item.passage.end, exact="asked the fishermen.", tags=[book["attack"]])
    assert at_desk.post(f"{desk_url}decide/", edit).status_code == 302
    decision = Decision.objects.get()
    assert (decision.start, [tag.name for tag in decision.tags.all()]) == (start, ["attack"])


def test_words_quoted_exactly_are_the_passage(desk_url, at_desk, here):
    item = here(ASKED)
    place = {"start": item.passage.start, "end": item.passage.end, "exact": ASKED}
    at_desk.post(f"{desk_url}decide/", form_of(item, "edit", quote="Nobody asked", tags=[], **place))
    decision = Decision.objects.get()
    assert (decision.start, decision.end) == (item.passage.start, item.passage.start + 12)


def test_undo_is_a_button_and_says_what_it_did(desk_url, base, at_desk, here):
    item = here(ASKED)
    at_desk.post(f"{desk_url}decide/", form_of(item, "merge"))
    undone = at_desk.post(f"{desk_url}undo/", follow=True)
    assert "Undone: the passage is open again." in undone.content.decode()
    assert "Passage 1 of 4" in words_of(undone)
    assert at_desk.post(f"{desk_url}undo/").status_code == 404
    at_desk.post(f"{desk_url}decide/", form_of(here(ASKED), "merge"))
    assert "Undone: the passage is open again." in at_desk.post(f"{base}/settle/undo/", follow=True).content.decode()


def test_a_changed_passage_says_so_everywhere(desk_url, base, at_desk, here, settling, owner, annotator):
    at_desk.post(f"{desk_url}decide/", form_of(here(ASKED), "merge"))
    key = here(ASKED).passage.key
    set_phase(owner, settling.pk, "revealed", seen="adjudicating", reason="One more look.")
    delete_mark(annotator, Annotation.objects.get(author=annotator, quote=ASKED).uid)
    set_phase(owner, settling.pk, "adjudicating", seen="revealed")
    item = here(ASKED)
    assert item.passage.key != key or len(item.passage.marks) == 1
    page = at_desk.get(desk_url, {"passage": item.passage.key})
    assert "Changed since it was decided." in words_of(page)
    assert 'class="changed"' in page.content.decode()
    assert "1 changed since decided" in words_of(at_desk.get(f"{base}/desk/"))


ODD = [
    {"act": ""},
    {"act": "step:up"},
    {"act": "choose:\x00"},
    {"act": "edit"},
    {"act": "edit", "start": "9" * 30, "end": "1"},
    {"act": "edit", "start": "5", "end": "3", "exact": ""},
    {"act": "edit", "start": "0", "end": str(2**31 - 1), "exact": "x"},
    {"act": "merge", "merge": ["\x00"]},
    {"act": "reject", "reason": "\x00"},
    {"act": "edit", "tags": ["x"]},
    {"act": "merge", "version": "-1"},
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_input_is_refused_and_never_an_error(desk_url, at_desk, here, odd):
    item = here(ASKED)
    answer = at_desk.post(f"{desk_url}decide/", form_of(item, "merge") | odd)
    assert answer.status_code == 422
    assert Decision.objects.count() == 0


# The list, and strategies


def test_the_list_says_how_far_each_article_is(base, desk_url, at_desk, here, owner, settling):
    at_desk.post(f"{desk_url}decide/", form_of(here(ASKED), "merge"))
    page = at_desk.get(f"{base}/desk/").content.decode()
    assert re.findall(r'<td class="number">(\d+)</td>', page) == ["4", "1", "3", "1"]
    assert "3 of 4 passages are open." in page


def test_a_strategy_is_previewed_applied_and_undone(base, at_desk, settling):
    query = {"method": "threshold", "share": "50", "ties": "first", "article": ""}
    page = at_desk.get(f"{base}/settle/strategy/", query).content.decode()
    assert re.findall(r'<td class="number">(\d+)</td>', page) == ["4", "0", "0", "0", "0", "0"]
    assert Decision.objects.count() == 0
    (shown,) = re.findall(r'name="seen" value="([^"]+)"', page)
    done = at_desk.post(f"{base}/settle/strategy/", query | {"seen": shown}, follow=True)
    assert "Decided: 4 new." in done.content.decode()
    assert "Everything is decided. Publish?" in words_of(done)
    stale = at_desk.post(f"{base}/settle/strategy/", query | {"seen": shown})
    assert stale.status_code == 409
    at_desk.post(f"{base}/settle/undo/")
    assert Decision.objects.filter(deleted_at=None).count() == 0


@pytest.mark.parametrize(
    "query",
    [
        {"method": "best"},
        {"method": "threshold", "share": "0"},
        {"method": "threshold", "share": "101"},
        {"method": "threshold", "share": "½"},
        {"method": "threshold", "ties": "toss"},
        {"method": "\x00"},
    ],
)
def test_a_strategy_that_is_none_is_refused(base, at_desk, query):
    assert at_desk.get(f"{base}/settle/strategy/", query).status_code == 422
    assert at_desk.post(f"{base}/settle/strategy/", query).status_code == 422


def test_a_strategy_for_an_article_that_is_not_there_is_not_found(base, at_desk):
    assert at_desk.get(f"{base}/settle/strategy/", {"article": "nothing\x00"}).status_code == 404


# Decisions that differ from one's marks


def test_who_was_not_overruled_sees_so(base, client_of, annotator, owner, settling):
    assert words_of(client_of(annotator).get(f"{base}/decided/")).endswith(
        "No decision differs from your marks so far."
    )
    assert "You did not read in this session" in words_of(client_of(owner).get(f"{base}/decided/"))


def test_an_overruled_reader_sees_both_and_answers_once(
    base, desk_url, at_desk, here, client_of, annotator, second_annotator, reviewer, settling, article
):
    item = here(ASKED)
    reject(reviewer, seat_of(reviewer, settling), article.slug, seen(item), reason="Nobody knows.")
    decision = Decision.objects.get()
    theirs = client_of(second_annotator)
    said = words_of(theirs.get(f"{base}/decided/"))
    assert "1 decision differs from your marks Your mark was not taken" in said
    assert f"Yours claim unsourced {ASKED} Who was asked?" in said
    assert f"Decided No mark stands here {ASKED} Nobody knows." in said
    address = f"{base}/decided/{decision.uid}/answer/"
    assert theirs.post(address, {"text": " "}).status_code == 422
    done = theirs.post(address, {"text": "I asked <them>."})
    assert done["Location"] == f"{base}/decided/#d-{decision.uid}"
    assert "Your answer I asked &lt;them&gt;." in words_of(theirs.get(f"{base}/decided/"))
    again = theirs.post(address, {"text": "One more thing."})
    assert again.status_code == 409
    assert "One more thing." in words_of(again)
    assert Answer.objects.get().text == "I asked <them>."
    # Reviewers read it on both pages; other readers do not.
    for page in (at_desk.get(f"{base}/decided/"), at_desk.get(desk_url, {"passage": item.passage.key})):
        assert "I asked &lt;them&gt;." in words_of(page)
    assert "I asked" not in words_of(client_of(annotator).get(f"{base}/decided/"))
    assert client_of(reviewer).post(address, {"text": "Mine."}).status_code == 403


def test_the_page_of_decisions_is_for_members(base, client_of, outsider):
    assert client_of(outsider).get(f"{base}/decided/").status_code == 404
    assert client_of(outsider).post(f"{base}/decided/nothing/answer/", {"text": "x"}).status_code == 404
    assert Client().get(f"{base}/decided/").status_code == 302


# How many queries


@pytest.fixture
def passages(owner, annotator, second_annotator, reviewer, codebook):
    """`passages(n)`: a session with n passages that two readers marked otherwise, being settled."""

    def make(number: int) -> TeamSession:
        source = "\n\n".join(f"Sentence number {at} says something." for at in range(number))
        article = import_article(None, name="long.md", data=f"# Long\n\n{source}".encode(), is_public=True).article
        session = start_session(owner, article, annotators=[annotator, second_annotator], reviewers=[reviewer])
        tags = {name: session.codebook.tags.select_related("group").get(name=name) for name in ("claim", "opinion")}
        now = timezone.now() - timedelta(hours=1)
        blocks = [block for block in document_of(article.current_id).blocks if block.sentences][-number:]
        text = document_of(article.current_id).text
        made = Annotation.objects.bulk_create(
            Annotation(
                article=article,
                revision_id=article.current_id,
                session=session,
                author=author,
                quote=text[block.start : block.end],
                visibility="team",
                idempotency_key=f"key-{block.ordinal}",
                created_at=now,
                updated_at=now,
            )
            for block in blocks
            for author in (annotator, second_annotator)
        )
        places = [block for block in blocks for _ in range(2)]
        Anchor.objects.bulk_create(
            Anchor(
                annotation=mark,
                revision_id=article.current_id,
                start=block.start,
                end=block.end,
                first_block=block.ordinal,
                last_block=block.ordinal,
            )
            for mark, block in zip(made, places, strict=True)
        )
        AnnotationTag.objects.bulk_create(
            AnnotationTag(annotation=mark, tag=tag, exclusive_group=tag.group)
            for mark, tag in zip(made, [tags["claim"], tags["opinion"]] * len(blocks), strict=True)
        )
        finish_all(session, annotator, second_annotator)
        return move_on(owner, session, TeamSession.ADJUDICATING)

    return make


@pytest.mark.parametrize("number", [1, 3, 300])
def test_pages_take_the_same_queries_whatever_the_number_of_passages(
    passages, number, client_of, reviewer, annotator, django_assert_num_queries
):
    session = passages(number)
    slug, base = session.articles.get().article.slug, f"/team/{session.uid}"
    client = client_of(reviewer)
    query = {"method": "threshold", "share": "50", "ties": "first"}
    page = client.get(f"{base}/settle/strategy/", query).content.decode()
    (shown,) = re.findall(r'name="seen" value="([^"]+)"', page)
    client.post(f"{base}/settle/strategy/", query | {"seen": shown})
    assert Decision.objects.filter(deleted_at=None).count() == number
    key = Annotation.objects.filter(session=session).order_by("pk").first().uid
    client.get(f"{base}/desk/{slug}/", {"passage": key})
    with django_assert_num_queries(16):
        client.get(f"{base}/desk/{slug}/", {"passage": key})
    with django_assert_num_queries(10):
        client.get(f"{base}/desk/")
    theirs = client_of(annotator)
    theirs.get(f"{base}/decided/")
    with django_assert_num_queries(13):
        theirs.get(f"{base}/decided/")
