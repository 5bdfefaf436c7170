"""The queue, the list, the preview, and what authors and readers see."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from annotations.editing.actions import choose_passage, mark_passage
from annotations.models import Anchor, Annotation, AnnotationTag, Example, Flag, Review, SavedQueue, TeamSession
from annotations.review import actions
from annotations.review.filters import Filters
from annotations.review.flagging import raise_flag
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from tests.annotations.review.conftest import ASKED, BOATS, CLAIM, GUESS, give_right
from tests.support.teams import mark_in, move_on, settled

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def client(client_of, site_reviewer):
    return client_of(site_reviewer)


def form_of(seen, act: str, **more) -> dict:
    return {"act": act, "version": seen.version, "review": seen.review, "queue": "order=newest", **more}


def many_marks(mark, author, number: int) -> list[Annotation]:
    """So many public marks with a tag, on the first sentence; made quickly."""
    first = mark(author, CLAIM, "claim").annotation
    anchor, tagging = first.anchors.get(), first.taggings.get()
    now = timezone.now()
    made = Annotation.objects.bulk_create(
        Annotation(
            article=first.article,
            revision=first.revision,
            author=author,
            quote=first.quote,
            visibility="public",
            idempotency_key=f"key-{at:06}",
            created_at=now,
            updated_at=now,
        )
        for at in range(number - 1)
    )
    place = {name: getattr(anchor, name) for name in ("revision_id", "start", "end", "first_block", "last_block")}
    Anchor.objects.bulk_create(Anchor(annotation=one, **place) for one in made)
    AnnotationTag.objects.bulk_create(
        AnnotationTag(annotation=one, tag_id=tagging.tag_id, exclusive_group_id=tagging.exclusive_group_id)
        for one in made
    )
    return [first, *made]


def names(response) -> list[str]:
    """The marks in the list beside the one at hand, by name."""
    return re.findall(r'<li><a class="\w+" href="[^"]*mark=(\w+)"', response.content.decode())


def test_the_queue_is_for_reviewers(client_of, outsider, annotator, second_annotator, revealed, client):
    for path in ("/review/", "/review/list/", "/review/bulk/"):
        for person in (outsider, annotator, second_annotator):
            assert client_of(person).get(f"{path}?state=open").status_code == 403
        assert client_of(revealed.created_by).get(path, follow=True).status_code == 200
        assert client.get(path, follow=True).status_code == 200
    assert client_of(outsider).get("/review/mine/").status_code == 200
    # The link in the bar leads everybody to what is theirs.
    assert client_of(outsider).get("/review/")["Location"] == "/review/mine/"


def test_a_visitor_is_asked_to_sign_in(db):
    from django.test import Client

    for path in ("/review/", "/review/mine/", "/marks/abc/flag/"):
        assert Client().get(path)["Location"].startswith(reverse("accounts:sign-in"))


def test_the_newest_open_mark_comes_first_and_the_next_after_a_verdict(client, mark, annotator, site_reviewer, seen):
    old = mark(annotator, CLAIM, "claim").annotation
    new = mark(annotator, GUESS, "opinion", note="A hunch.").annotation
    mark(site_reviewer, BOATS, "claim")
    page = client.get("/review/?order=newest")
    assert names(page) == [new.uid, old.uid]
    assert "A hunch." in page.content.decode()
    answer = client.post(
        reverse("review:decide", args=[new.uid]), form_of(seen(new), "accept", next=old.uid), follow=True
    )
    assert answer.redirect_chain == [(f"/review/?order=newest&mark={old.uid}", 302)]
    assert names(answer) == [old.uid]
    assert "1 of 2 reviewed" in answer.content.decode()
    fragment = client.post(reverse("review:decide", args=[old.uid]), form_of(seen(old), "accept"), **HTMX)
    assert "Everything is reviewed" in fragment.content.decode()
    assert b"<!doctype" not in fragment.content
    assert fragment["HX-Replace-Url"] == "/review/?order=newest"
    undone = client.post("/review/undo/", {"queue": "order=newest"}, **HTMX)
    assert names(undone) == [old.uid]
    assert "is open again" in undone.content.decode()


def test_a_lost_race_shows_both_and_a_choice(client, mark, annotator, owner, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    old = seen(annotation)
    actions.accept(give_right(owner), old)
    url = reverse("review:decide", args=[annotation.uid])
    answer = client.post(url, form_of(old, "reject", reason="Never <b>said</b>."), **HTMX)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else has given a verdict" in html
    assert "Accepted</b> by <bdi>Olive Owner</bdi>" in html
    assert html.count("Never &lt;b&gt;said&lt;/b&gt;.") == 2, "beside theirs and in the field"
    assert "Replace with mine" in html
    assert "Keep theirs" in html
    assert client.post(url, form_of(seen(annotation), "reject", reason="Never said.")).status_code == 302
    assert Review.objects.order_by("-pk").first().verdict == "rejected"


def test_what_is_missing_is_said_and_nothing_is_lost(client, mark, annotator, seen, tag):
    annotation = mark(annotator, CLAIM, "claim").annotation
    url = reverse("review:decide", args=[annotation.uid])
    assert client.post(url, form_of(seen(annotation), "reject")).status_code == 422
    tags = [tag("claim").pk, tag("opinion").pk]
    answer = client.post(url, form_of(seen(annotation), "retag", tags=tags, tags_shown="yes", reason="Both."))
    assert answer.status_code == 422
    assert "Both." in answer.content.decode()
    assert client.post(url, form_of(seen(annotation), "stay", reason="Kept.")).content.decode().count("Kept.") == 1
    assert client.post(url, {"act": "x"}).status_code == 422
    assert client.post(url, {"act": "accept", "version": "9" * 30}).status_code == 422
    assert client.post(url, form_of(seen(annotation), "accept", next="\x00", queue="&" * 3000)).status_code == 302


def test_a_mark_of_a_session_being_settled_is_not_returned(client_of, revealed, owner, reviewer, seen):
    annotation = Annotation.objects.filter(session=revealed).first()
    move_on(owner, revealed, TeamSession.ADJUDICATING)
    client = client_of(reviewer)
    url = reverse("review:decide", args=[annotation.uid])
    answer = client.post(url, form_of(seen(annotation), "return", reason="More."))
    assert answer.status_code == 409
    assert "More." in answer.content.decode()
    assert 'id="return"' not in answer.content.decode()
    assert client.post(url, form_of(seen(annotation), "accept")).status_code == 302


def test_marks_in_a_blind_phase_are_not_in_the_queue(client_of, session, article, annotator, reviewer, owner):
    annotation = mark_in(session, annotator, article, CLAIM, "claim")
    for person in (reviewer, owner):
        client = client_of(person)
        page = client.get("/review/?order=newest")
        assert (page.status_code, "Nothing waits here" in page.content.decode()) == (200, True)
        assert client.get(f"/review/?order=newest&mark={annotation.uid}").status_code == 409


def test_a_right_to_review_shows_nothing_of_a_blind_session(
    client_of, session, article, annotator, second_annotator, mark, outsider
):
    mark(outsider, CLAIM, "claim")
    hidden = mark_in(session, second_annotator, article, GUESS, "opinion")
    example = {"kind": Example.HARD, "words": "A guess like any.", "comment": "Settled so."}
    Example.objects.create(tag=hidden.taggings.get().tag, annotation=hidden, **example)
    client = client_of(give_right(annotator))
    paths = ("/review/?order=newest", "/review/?order=contested", "/review/list/?order=document", "/review/mine/")
    before = [settled(client.get(path).content) for path in paths]
    mark_in(session, second_annotator, article, CLAIM, "opinion", note="Says who?")
    assert [settled(client.get(path).content) for path in paths] == before
    # Nor does a case of the codebook that was taken from one, before the session went back to marking blind.
    shown = b"".join(before)
    assert b"A guess like any." not in shown
    assert b"Settled so." not in shown


def test_one_s_own_mark_cannot_be_opened(client, mark, site_reviewer, annotator):
    own = mark(site_reviewer, CLAIM, "claim").annotation
    hidden = mark(annotator, CLAIM, "claim", visibility="private").annotation
    assert client.get(f"/review/?mark={own.uid}").status_code == 403
    assert client.get(f"/review/?mark={hidden.uid}").status_code == 404
    assert client.get("/review/?mark=nobody").status_code == 404


@pytest.fixture
def varied(mark, annotator, second_annotator, outsider, site_reviewer, seen, revealed):
    """A mark of each kind outside of sessions, by name of the kind; and four in the session."""
    found = {
        "claim": mark(annotator, CLAIM, "claim").annotation,
        "against": mark(second_annotator, CLAIM, "opinion").annotation,
        "noted": mark(second_annotator, BOATS, "loaded", note="Hm.").annotation,
        "old": mark(annotator, GUESS).annotation,
    }
    raise_flag(outsider, found["noted"].uid, "Look.")
    actions.return_mark(site_reviewer, seen(found["old"]), "More.")
    actions.send_back(annotator, found["old"].uid)
    month = timezone.now() - timezone.timedelta(days=40)
    Annotation.objects.filter(pk=found["old"].pk).update(created_at=month)
    return found


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("session=none", ["old", "noted", "against", "claim"]),
        ("session=none&order=document", ["noted", "claim", "against", "old"]),
        ("session=none&order=contested", ["against", "claim", "old", "noted"]),
        ("session=none&contested=1", ["against", "claim"]),
        ("flagged=1", ["noted"]),
        ("session=none&note=1", ["noted"]),
        ("back=1", ["old"]),
        ("age=older", ["old"]),
        ("session=none&age=week", ["noted", "against", "claim"]),
        ("session=none&reader=second", ["noted", "against"]),
        ("session=none&article=unknown", []),
        ("changed=1", []),
        ("state=accepted", []),
        ("session=unknown", []),
        ("reader=%00&session=none&tag=abc&group=-1&state=zzz&age=zzz&order=zzz", ["old", "noted", "against", "claim"]),
    ],
)
def test_filters_and_orders(client, varied, query, kinds):
    page = client.get(f"/review/?{query}")
    assert page.status_code == 200
    assert names(page) == [varied[kind].uid for kind in kinds]
    listed = client.get(f"/review/list/?{query}")
    assert listed.status_code == 200
    if {"contested=1", "flagged=1", "back=1"} & set(query.split("&")):
        # With a verdict a mark is out of these for good: there is no progress to show.
        assert "progress" not in page.content.decode().partition('<div id="review"')[2]
        assert "reviewed" not in listed.content.decode().partition("<main")[2].replace("unreviewed", "")


def chips(response) -> dict[str, dict[str, str]]:
    """What each chip says, and the filters that are left without it."""
    html = response.content.decode()
    found = re.findall(r'<a class="chip" href="[^"?]*\?([^"]*)"><span[^>]*>Take off the filter: </span>(.*?)</a>', html)
    words = [(re.sub(r"<[^>]*>", "", said).removesuffix("✕").strip(), query) for query, said in found]
    return {said: QueryDict(query.replace("&amp;", "&")).dict() for said, query in words}


@pytest.mark.parametrize("path", ["/review/", "/review/list/"])
def test_each_filter_is_a_chip_that_takes_it_off(client, mark, annotator, tag, revealed, path):
    mark(annotator, CLAIM, "claim", note="Hm.")
    claim = tag("claim")
    given = {
        "state": ("accepted", "accepted"),
        "tag": (str(claim.pk), "tagged claim"),
        "group": (str(claim.group_id), f"tagged from {claim.group.name}"),
        "reader": ("annotator", f"by {annotator.name}"),
        "session": (revealed.uid, f"in the session {revealed.name}"),
        "article": ("the-harbour-levy", "in The harbour levy"),
        "age": ("week", "made in the last 7 days"),
        "flagged": ("1", "flagged"),
        "contested": ("1", "contested"),
        "note": ("1", "with a note"),
        "changed": ("1", "on a changed passage"),
        "back": ("1", "back from their author"),
    }
    query = {name: value for name, (value, _) in given.items()} | {"order": "document"}
    page = client.get(path, query)
    assert chips(page) == {
        said: {key: value for key, value in query.items() if key != name} for name, (_, said) in given.items()
    }
    assert f'<a href="{path}?order=document" id="clear-filters">' in page.content.decode()
    assert "accepted · as in the article</span></summary>" in page.content.decode()
    # One alone is taken off by its own chip; an order is no filter; what nobody knows is named as it is.
    assert chips(client.get(path, {"session": "none"})) == {"outside of sessions": {"order": "newest"}}
    assert "clear-filters" not in client.get(path, {"session": "none"}).content.decode()
    assert chips(client.get(path, {"order": "contested"})) == {}
    odd = {"state": "all", "reader": "<b>", "tag": "999999", "session": "gone"}
    assert set(chips(client.get(path, odd))) == {
        "of any state",
        "by &lt;b&gt;",
        "with a tag that is not there any more",
        "in the session gone",
    }


def test_pages_without_marks_say_what_to_do(client, client_of, mark, annotator, outsider, site_reviewer, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation

    def page(path: str) -> str:
        return " ".join(client.get(path).content.decode().split())

    assert "Nothing waits here" in page("/review/?flagged=1")
    assert '<a href="/review/?order=newest">Clear them</a>' in page("/review/?flagged=1")
    listed = page("/review/list/?flagged=1&order=document")
    assert 'href="/review/list/?state=all&amp;flagged=1&amp;order=document">Look at marks of any state' in listed
    assert "Look at marks of any state" not in page("/review/list/?state=all&flagged=1")
    assert '<a href="/review/list/?order=newest">Clear the filters</a>' in page("/review/list/?state=all&flagged=1")
    actions.accept(site_reviewer, seen(annotation))
    done = page("/review/?reader=annotator&order=newest")
    assert "Everything is reviewed" in done
    assert "All 1 mark that these filters let through has a verdict." in done
    assert 'href="/review/?state=all&amp;reader=annotator&amp;order=newest">Look at them again' in done
    # A mark that the filters do not let through is shown, and where it stands is said.
    outside = page(f"/review/?order=newest&mark={annotation.uid}")
    assert "This mark is not in the queue" in outside
    assert "No mark waits in it any more." in outside
    mark(annotator, GUESS, "opinion")
    assert "1 mark waits in it: <a" in page(f"/review/?order=newest&mark={annotation.uid}")
    assert "Needed to reject and to return. The author reads it." in page("/review/?order=newest")
    assert "at most 2,000 at once" in page("/review/list/?order=newest")
    nothing = client_of(outsider).get("/review/mine/").content.decode()
    for said in ("Nothing was returned to you.", "No verdicts yet.", "You have flagged nothing."):
        assert said in nothing


def test_filters_by_tag_group_and_session(client, varied, tag, revealed):
    def of(query: str) -> list[str]:
        return names(client.get(f"/review/?{query}"))

    assert of(f"tag={tag('loaded').pk}") == [varied["noted"].uid]
    assert of(f"group={tag('claim').group_id}") == [varied["against"].uid, varied["claim"].uid]
    assert len(of(f"session={revealed.uid}")) == 4
    assert len(of("order=newest")) == 8
    assert len(of(f"session={revealed.uid}&contested=1")) == 2


def test_a_changed_passage_is_found(client, mark, annotator, revise):
    annotation = mark(annotator, CLAIM, "claim").annotation
    mark(annotator, GUESS, "opinion")
    revise("on Monday", "on Tuesday")
    page = client.get("/review/?changed=1")
    assert names(page) == [annotation.uid]
    assert "on Tuesday" in page.content.decode()
    assert "its passage changed" in page.content.decode()


def test_filters_read_what_they_write():
    given = Filters(state="all", tag=3, reader="a&b", session="none", flagged=True, order="document")
    assert Filters.of(given.query) == given
    assert Filters().query == "order=newest"
    assert Filters.of("a=1&" * 5000) == Filters()


def test_queues_are_saved_and_the_last_comes_back(client, site_reviewer, mark, annotator):
    client.get("/review/?note=1")
    assert client.get("/review/")["Location"] == "/review/?note=1&order=newest"
    client.post("/review/queues/", {"act": "save", "name": " Noted ", "queue": "note=1&order=newest"})
    client.post("/review/queues/", {"act": "save", "name": "Noted", "queue": "flagged=1"})
    kept = SavedQueue.objects.exclude(name="").get()
    assert (kept.name, kept.query) == ("Noted", "flagged=1&order=newest")
    assert "flagged=1&amp;order=newest" in client.get("/review/?order=newest").content.decode()
    client.post("/review/queues/", {"act": "delete", "name": "Noted", "queue": ""})
    assert SavedQueue.objects.exclude(name="").count() == 0
    assert client.post("/review/queues/", {"act": "save", "name": " "}).status_code == 422
    assert client.post("/review/queues/", {"act": "save", "name": "x" * 61}).status_code == 422


def test_many_marks_are_previewed_done_and_undone(client, mark, annotator, seen):
    marks = [mark(annotator, words, "claim").annotation for words in (CLAIM, ASKED, GUESS)]
    ticked = {"mark": [str(seen(one)) for one in marks], "act": "accept", "which": "ticked", "queue": "order=newest"}
    preview = client.post("/review/bulk/", ticked).content.decode()
    assert "<b>3 marks</b> of 1 reader" in preview
    assert Review.objects.count() == 0
    names_seen = re.search(r'name="seen" value="([^"]*)"', preview)[1]
    actions.reject(give_right(annotator.__class__.objects.get(username="owner")), seen(marks[0]), "No.")
    confirmed = {"seen": names_seen, "act": "accept", "confirmed": "1", "queue": "order=newest"}
    answer = client.post("/review/bulk/", confirmed, follow=True)
    assert "Accepted 2 marks. 1 was left as it is." in answer.content.decode()
    answer = client.post("/review/undo/", {"from": "list", "queue": "order=newest"}, follow=True)
    assert "2 marks are as before" in answer.content.decode()
    states = Annotation.objects.order_by("pk").values_list("review_state", flat=True)
    assert list(states) == ["rejected", "unreviewed", "unreviewed"]


@pytest.fixture(autouse=True)
def _owner_is_there(owner):
    return owner


def test_all_that_match_are_previewed(client, mark, annotator, tag):
    many_marks(mark, annotator, 120)
    asked = {"act": "add-tag", "tag": tag("opinion").pk, "which": "all", "queue": "order=newest"}
    preview = client.post("/review/bulk/", asked).content.decode()
    assert "<b>120 marks</b>" in preview
    assert "“claim” gives way to “opinion” on 120 marks" in preview


def test_what_cannot_be_done_to_many_is_said(client, mark, annotator, seen):
    annotation = mark(annotator, CLAIM, "claim").annotation
    for asked in (
        {"act": "accept"},
        {"act": "reject", "mark": str(seen(annotation))},
        {"act": "add-tag", "mark": str(seen(annotation)), "tag": "x"},
        {"act": "zzz", "mark": str(seen(annotation))},
        {"act": "accept", "mark": "nonsense"},
        {"act": "accept", "seen": " ".join(f"a{at}:1:0" for at in range(2001))},
    ):
        assert client.post("/review/bulk/", asked).status_code == 422


def test_the_author_sees_the_request_on_the_card_and_nobody_else_does(
    client_of, client, mark, annotator, second_annotator, article, site_reviewer, seen
):
    annotation = mark(annotator, CLAIM, "claim").annotation
    actions.return_mark(site_reviewer, seen(annotation), "Say <where> it is written.")
    own = client_of(annotator)
    html = own.get(article.get_absolute_url()).content.decode()
    assert "Returned by <bdi>Rita Reviewer</bdi>:" in html
    assert "Say &lt;where&gt; it is written." in html
    assert f'href="/review/{annotation.uid}/back/"' in html
    assert "Say &lt;where&gt;" in own.get(f"/marks/{annotation.uid}/edit/").content.decode()
    for other in (client_of(second_annotator), client):
        html = other.get(article.get_absolute_url()).content.decode()
        assert "Returned by" not in html
        assert f'href="/marks/{annotation.uid}/flag/"' in html
    from django.test import Client

    assert "/flag/" not in Client().get(article.get_absolute_url()).content.decode()
    page = own.get("/review/mine/").content.decode()
    assert "Say &lt;where&gt; it is written." in page
    form = own.get(f"/review/{annotation.uid}/back/")
    assert form.status_code == 200
    assert own.post(f"/review/{annotation.uid}/back/", {"answer": "It is."}).status_code == 302
    html = own.get(article.get_absolute_url()).content.decode()
    assert "Returned by" not in html
    item = client.get("/review/?back=1").content.decode()
    assert "It is." in item
    assert "came back from its author" in item
    actions.reject(site_reviewer, seen(annotation), "Still no.")
    assert "Rejected by <bdi>Rita Reviewer</bdi>:" in own.get(article.get_absolute_url()).content.decode()
    assert own.post(f"/review/{annotation.uid}/back/", {"answer": "Why?"}).status_code == 409
    assert client.get(f"/review/{annotation.uid}/back/").status_code == 403


def test_a_mark_is_flagged_and_the_reader_hears_of_it(client_of, client, mark, annotator, outsider, seen):
    annotation = mark(annotator, CLAIM, "claim", note="<script>x</script>").annotation
    reader, url = client_of(outsider), f"/marks/{annotation.uid}/flag/"
    assert reader.get(url).status_code == 200
    assert reader.post(url, {"reason": " "}).status_code == 422
    assert reader.post(url, {"reason": "Not in the text."})["Location"] == annotation.get_absolute_url()
    assert "flagged this mark already" in reader.post(url, {"reason": "Again."}, follow=True).content.decode()
    item = client.get("/review/?flagged=1").content.decode()
    assert "Not in the text." in item
    assert "<script>x" not in item
    asked = {"outcome": "dismissed", "answer": "It is in the minutes."}
    answer = client.post(f"/review/{annotation.uid}/flags/", asked, follow=True)
    assert "Flag settled. The reader who raised it sees what came of it." in answer.content.decode()
    page = reader.get("/review/mine/").content.decode()
    assert "It is in the minutes." in page
    assert "dismissed</b> by" in page
    assert client_of(annotator).get(url).status_code == 403
    assert reader.post(url, {"act": "withdraw"})["Location"] == annotation.get_absolute_url()
    assert reader.post(url, {"act": "withdraw", "from": "mine"})["Location"] == "/review/mine/"
    assert Flag.objects.get().outcome == "dismissed"
    assert reader.get("/marks/unknown/flag/").status_code == 404
    assert client.post(f"/review/{annotation.uid}/flags/", {"outcome": "zzz"}).status_code == 422


def test_a_flag_is_withdrawn_where_nobody_reviews_any_more(client_of, revealed, owner, reviewer, annotator, article):
    annotation = Annotation.objects.filter(session=revealed, author=annotator).first()
    url, withdraw = f"/marks/{annotation.uid}/flag/", {"act": "withdraw", "from": "mine"}
    client = client_of(reviewer)
    client.post(url, {"reason": "Look."})
    # Not while marks are hidden again: the author would learn that somebody reads along.
    TeamSession.objects.filter(pk=revealed.pk).update(phase=TeamSession.BEFORE_REVEAL[-1])
    assert [client.get(url).status_code, client.post(url, withdraw).status_code] == [403, 403]
    page = client.get("/review/mine/").content.decode()
    assert "waits for a reviewer" in page
    assert "Withdraw the flag" not in page
    TeamSession.objects.filter(pk=revealed.pk).update(phase=TeamSession.REVEALED)
    move_on(owner, revealed, TeamSession.PUBLISHED)
    assert "Withdraw the flag" in client.get("/review/mine/").content.decode()
    assert "Withdraw the flag" in client.get(url).content.decode()
    assert client.post(url, withdraw)["Location"] == "/review/mine/"
    assert Flag.objects.get().outcome == "withdrawn"
    assert client.get(url).status_code == 403
    assert client.post(url, {"reason": "Again."}).status_code == 403


def test_cards_ask_for_verdicts_only_where_there_are_some(
    mark, annotator, site_reviewer, article, seen, django_assert_num_queries
):
    from annotations.codebook.kept import looks
    from annotations.reading.cards import cards_of
    from annotations.reading.queries import marks_for
    from annotations.reading.scope import OUTSIDE

    marks = [mark(annotator, CLAIM, "claim").annotation for _ in range(3)]
    found = marks_for(annotator, article.current_id, OUTSIDE, looks())
    document_of(article.current_id)
    with django_assert_num_queries(1):
        cards_of(annotator, found)
    for one in marks[:2]:
        actions.reject(site_reviewer, seen(one), "No.")
    with django_assert_num_queries(2):
        cards = cards_of(annotator, found)
    assert sorted(card.uid for card in cards if card.verdict is not None) == sorted(one.uid for one in marks[:2])
    with django_assert_num_queries(1):
        cards_of(site_reviewer, found)


def test_texts_of_any_kind_are_shown_as_they_are(client, mark, annotator, site_reviewer, owner, seen):
    annotation = mark(annotator, CLAIM, "claim", note="ملاحظة " + "طويلة " * 400).annotation
    actions.reject(give_right(owner), seen(annotation), "<img src=x onerror=alert(1)> " + "y" * 3000)
    html = client.get(f"/review/?state=all&mark={annotation.uid}").content.decode()
    assert "<img" not in html.partition('<div id="review"')[2]
    assert '<div class="note" dir="auto">ملاحظة' in html


@pytest.mark.parametrize("number", [1, 3, 300])
def test_the_queue_takes_the_same_queries_whatever_its_length(
    client, mark, annotator, number, django_assert_num_queries
):
    many_marks(mark, annotator, number)
    client.get("/review/?order=newest")
    alone = number == 1  # then nobody else's tags are asked for
    with django_assert_num_queries(25 - alone):
        assert client.get("/review/?order=newest").status_code == 200
    with django_assert_num_queries(18 - alone):
        assert client.get("/review/?order=newest", **HTMX).status_code == 200
    with django_assert_num_queries(19):
        assert client.get("/review/list/?order=newest").status_code == 200


@pytest.mark.parametrize("number", [5, 25])
def test_an_order_by_article_takes_the_same_queries_however_many_there_are(
    client, annotator, codebook, number, django_assert_num_queries
):
    claim, words = codebook.tags.get(name="claim"), "Ships wait."
    for at in range(number):
        article = import_article(
            None, name=f"{at}.md", data=f"# Ships {at}\n\n{words}".encode(), is_public=True
        ).article
        start = document_of(article.current_id).text.index(words)
        passage = choose_passage(article.current_id, start, start + len(words), words)
        mark_passage(annotator, article.current, passage, tags=[claim.pk], key=str(uuid4()), visibility="public")
    client.get("/review/?order=document")
    cache.clear()  # the order is kept for some minutes
    with django_assert_num_queries(21):
        page = client.get("/review/list/?order=document")
    assert page.content.decode().count('name="mark"') == number
    with django_assert_num_queries(27):
        client.get("/review/?order=document")


@pytest.mark.parametrize("number", [1, 3, 300])
def test_for_you_takes_the_same_queries_whatever_there_is(
    client_of, mark, annotator, outsider, site_reviewer, seen, number, django_assert_num_queries
):
    marks = many_marks(mark, annotator, number)
    asked = [seen(one) for one in marks[: max(1, number // 2)]]
    actions.review_many(site_reviewer, asked, actions.RETURN, reason="More.")
    Flag.objects.bulk_create(Flag(annotation=one, reader=annotator, reason="x") for one in marks)
    client = client_of(annotator)
    with django_assert_num_queries(14):
        assert client.get("/review/mine/").status_code == 200
    if number == 300:
        # The newest verdict, on the mark that was left alone for longest.
        actions.review_many(site_reviewer, [seen(one) for one in marks[1:62]], actions.ACCEPT)
        actions.reject(site_reviewer, seen(marks[0]), "At last.")
        assert "At last." in client.get("/review/mine/").content.decode()
