"""Drafts, previews and publishing of revisions; the command; the list of revisions."""

from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from opslens.articles.actions import details_digest, details_of, edit_details, import_article
from opslens.articles.loaders import Details
from opslens.articles.revising.actions import keep_draft, publish_draft, revise_article, version_of
from opslens.models import Article, Draft, Event, ReadingPosition, Revision, SearchPassage
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

SOURCE = "Quay Gazette\n\nThe lamp\n\nThe lamp went out on Monday.\n\nIt rained.\n"


@pytest.fixture
def article(bring, owner) -> Article:
    return bring("The lamp", "The lamp went out on Monday.\n\nIt rained.", by=owner, is_public=True)


def url(article: Article, name: str) -> str:
    return reverse(f"revising:{name}", args=[article.slug])


def body(text: str, base: int = 1, **more) -> dict:
    return {"text": text, "base": base, "format": "text"} | more


def publish(client: Client, article: Article, base: int):
    """Publish the draft as it is now, without looking at its preview."""
    return client.post(url(article, "publish"), {"base": base, "draft": version_of(Draft.objects.get())})


CHANGED = "The lamp\n\nThe lamp went out on Tuesday.\n\nIt rained."


def test_from_editor_to_revision(client_of, owner, article):
    client = client_of(owner)
    page = client.get(url(article, "revise"))
    assert page.context["form"]["text"].value() == "The lamp\n\nThe lamp went out on Monday.\n\nIt rained."
    answer = client.post(url(article, "revise"), body(CHANGED, note="Corrects the day.", source_date="2025-03-02"))
    assert (answer.status_code, answer.url) == (302, url(article, "preview"))
    assert Revision.objects.count() == 1
    preview = client.get(answer.url).content.decode()
    assert "[removed: </span>Monday<span" in preview
    assert "[added: </span>Tuesday<span" in preview
    assert "There are no marks that you can see." in preview
    published = publish(client, article, 1)
    assert (published.status_code, published.url) == (302, article.get_absolute_url())
    article.refresh_from_db()
    revision = article.current
    assert (revision.number, revision.note, revision.source_date, revision.created_by, revision.title) == (
        2, "Corrects the day.", date(2025, 3, 2), owner, "The lamp",
    )  # fmt: skip
    assert revision.text == "The lamp went out on Tuesday.\nIt rained."
    assert article.title == "The lamp"
    assert not Draft.objects.exists()
    event = Event.objects.get(verb="revision-published")
    assert (event.actor, event.before["number"], event.after["number"]) == (owner, 1, 2)
    assert SearchPassage.objects.filter(article=article, words__contains="tuesday").count() == 1
    assert not SearchPassage.objects.filter(words__contains="monday").exists()


def test_an_unchanged_text_makes_no_revision(client_of, owner, article):
    client = client_of(owner)
    client.post(url(article, "revise"), body("The lamp\r\n\r\nThe lamp went out on   Monday.\r\n\r\nIt rained.\r\n"))
    assert b"so there is nothing to publish" in client.get(url(article, "preview")).content
    answer = publish(client, article, 1)
    assert answer.status_code == 422
    assert Revision.objects.count() == 1
    assert Draft.objects.count() == 1
    assert not Event.objects.filter(verb="revision-published").exists()


def test_a_file_takes_the_place_of_the_text(client_of, owner, article):
    client = client_of(owner)
    file = SimpleUploadedFile("new.md", b"# The lamp\n\nIt is *lit*.\n")
    client.post(url(article, "revise"), body(CHANGED, file=file))
    draft = Draft.objects.get()
    assert (draft.source_name, draft.source_format) == ("new.md", "markdown")
    publish(client, article, 1)
    article.refresh_from_db()
    assert (article.current.text, article.current.source_format) == ("It is lit.", "markdown")
    assert client.get(url(article, "revise")).context["form"]["text"].value() == "# The lamp\n\nIt is *lit*.\n"


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"text": ""}, 422, "There is no text in it."),
        ({"text": "x", "note": "n" * 501}, 422, "at most 500 characters"),
        ({"text": "x", "source_date": "yesterday"}, 422, "valid date"),
        ({"text": "<p>" + "<b>" * 200 + "x", "format": "html"}, 422, "nested"),
        ({"text": "x", "format": "docx"}, 422, "not a format"),
        ({"text": "x", "base": "9"}, 422, "does not exist"),
        ({"text": "x", "base": "no"}, 422, "whole number"),
    ],
)
def test_what_cannot_be_a_revision_is_refused_and_changes_nothing(client_of, owner, article, fields, status, said):
    answer = client_of(owner).post(url(article, "revise"), body("x") | fields)
    assert answer.status_code == status
    assert said in answer.content.decode()
    assert not Draft.objects.exists()


def test_a_draft_is_kept_for_its_author_and_thrown_away(client_of, owner, article, person):
    staff = person("staff", is_staff=True)
    client = client_of(owner)
    client.post(url(article, "revise"), body(CHANGED, note="Mine."))
    form = client.get(url(article, "revise")).context["form"]
    assert (form["text"].value(), form["note"].value()) == (CHANGED, "Mine.")
    assert client_of(staff).get(url(article, "revise")).context["draft"] is None
    client.post(url(article, "revise"), body(CHANGED + "\n\nMore.", note="Still mine."))
    assert Draft.objects.get().note == "Still mine.", "one draft a person"
    client.post(url(article, "drop"))
    assert not Draft.objects.exists()
    assert client.get(url(article, "preview")).url == url(article, "revise")


def test_who_was_faster_is_shown_and_what_was_written_is_kept(client_of, owner, article, person):
    client = client_of(owner)
    client.post(url(article, "revise"), body(CHANGED))
    staff = person("staff", is_staff=True)
    revise_article(staff, article, name="", data=b"The lamp\n\nThe lamp went out on Monday.\n\nIt snowed.")
    answer = publish(client, article, 1)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Revision 2 was published in the meantime." in page
    assert 'name="base" value="2"' in page
    assert "[removed: </span>snowed<span" in page, "beside the one that is current now"
    assert Revision.objects.count() == 2
    assert b"has come since you began" in client.get(url(article, "preview")).content
    assert publish(client, article, 2).status_code == 302
    article.refresh_from_db()
    assert (article.current.number, article.current.text) == (3, "The lamp went out on Tuesday.\nIt rained.")


def test_only_the_draft_that_was_previewed_is_published(client_of, owner, article):
    client = client_of(owner)
    client.post(url(article, "revise"), body(CHANGED))
    previewed = client.get(url(article, "preview")).context["draft_version"]
    client.post(url(article, "revise"), body(CHANGED + "\n\nAnd more."))
    answer = client.post(url(article, "publish"), {"base": 1, "draft": previewed})
    assert answer.status_code == 409
    assert "changed this draft in another window" in answer.content.decode()
    assert "And more." in answer.content.decode()
    assert Revision.objects.count() == 1
    assert publish(client, article, 1).status_code == 302


def test_publishing_another_text_leaves_a_draft_alone(client_of, owner, article):
    client_of(owner).post(url(article, "revise"), body(CHANGED))
    revise_article(owner, article, name="", data=b"The lamp\n\nIt snowed.")
    assert Draft.objects.count() == 1


@pytest.mark.parametrize(
    ("before", "after", "format", "text"),
    [
        (b"<h1>The lamp</h1><p>One.</p><p>Two.</p>", "First.\n\nSecond.", "text", "First.\nSecond."),
        (b"<h1>The lamp</h1><p>One.</p><p>Two.</p>", "<p>First &amp; last.</p>", "html", "First & last."),
        (b"# The lamp\n\nOne.", "<p>First.</p><p>Second.</p>", "html", "First.\nSecond."),
        (b"# The lamp\n\nOne.", "# The lamp\n\n*First.*", "markdown", "First."),
    ],
)
def test_a_text_of_another_kind_may_be_pasted_over_it(client_of, owner, before, after, format, text):
    article = import_article(owner, name="", data=before).article
    client = client_of(owner)
    fields = {name: client.get(url(article, "revise")).context["form"][name].value() for name in ("format", "base")}
    client.post(url(article, "revise"), fields | {"text": after})
    assert Draft.objects.get().source_format == format
    publish(client, article, 1)
    assert Revision.objects.get(article=article, number=2).text == text


def test_publishing_twice_publishes_once(client_of, owner, article):
    client = client_of(owner)
    client.post(url(article, "revise"), body(CHANGED))
    fields = {"base": 1, "draft": version_of(Draft.objects.get())}
    assert [client.post(url(article, "publish"), fields).status_code for _ in range(2)] == [302, 302]
    assert Revision.objects.count() == 2


@pytest.mark.parametrize("name", ["revise", "preview", "publish", "drop"])
def test_only_who_may_change_an_article_revises_it(client_of, annotator, article, name):
    client = client_of(annotator)
    ask = client.post if name in ("publish", "drop") else client.get
    assert ask(url(article, name), {"base": 1}).status_code == 403
    ask = Client().post if name in ("publish", "drop") else Client().get
    assert ask(url(article, name)).status_code == 302, "visitors are sent to sign in"
    Article.objects.update(deleted_at="2025-01-01T00:00Z")
    ask = client.post if name in ("publish", "drop") else client.get
    assert ask(url(article, name), {"base": 1}).status_code == 404


def test_the_verbs_ask_for_the_right_themselves(annotator, owner, article):
    with pytest.raises(Denied):
        keep_draft(annotator, article, base=article.current, data=b"x")
    with pytest.raises(Denied):
        revise_article(annotator, article, name="", data=b"x")
    with pytest.raises(Missing):
        publish_draft(owner, article, base=1, seen="")
    draft = keep_draft(owner, article, base=article.current, data=CHANGED.encode())
    with pytest.raises(Conflict):
        publish_draft(owner, article, base=7, seen=version_of(draft))
    with pytest.raises(Invalid):
        revise_article(owner, article, name="", data=b"\n \n")
    assert Revision.objects.count() == 1


def test_headlines(owner, article):
    """A new one comes from the text or from a person; a title that was corrected stays while the sources agree."""
    details = details_of(article)
    edit_details(
        owner, article, details=Details(**{n: getattr(details, n) for n in Details.__slots__} | {"title": "The Lamp!"}),
        is_public=True, seen=details_digest(article),
    )  # fmt: skip
    article.refresh_from_db()
    second = revise_article(owner, article, name="", data=CHANGED.encode())
    assert (second.title, second.article.title) == ("The Lamp!", "The Lamp!")
    third = revise_article(
        owner, second.article, name="", data=CHANGED.replace("The lamp\n", "The lantern\n").encode() + b"!"
    )
    assert third.title == "The lantern"
    fourth = revise_article(owner, third.article, name="", data=b"Dark.", title="No lamp")
    assert fourth.title == "No lamp"
    fifth = revise_article(owner, fourth.article, name="", data=b"It is dark here, and nobody minds.")
    assert fifth.title == "No lamp", "first words are no headline"
    kept = Revision.objects.order_by("number").values_list("title", flat=True)
    assert list(kept) == ["The Lamp!", "The Lamp!", "The lantern", "No lamp", "No lamp"]
    assert Revision.objects.get(number=1).headline == "The Lamp!"


def test_old_and_current_revision_say_what_they_are(client, article, owner):
    revise_article(owner, article, name="", data=CHANGED.replace("The lamp\n", "The lantern\n", 1).encode())
    old = client.get(f"/read/{article.slug}/1/").content.decode()
    assert "This is revision 1, an older text." in old
    assert "<title>The lamp · OpsLens</title>" in old
    assert f'href="/read/{article.slug}/compare/?old=1&amp;new=2"' in old
    current = client.get(f"/read/{article.slug}/").content.decode()
    assert "an older text" not in current
    assert "<title>The lantern · OpsLens</title>" in current
    assert current.count("Tuesday") == 1
    assert client.get(f"/read/{article.slug}/2/").content.decode().count("an older text") == 0


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_revisions_asks_a_fixed_number_of_queries(
    client, article, owner, django_assert_num_queries, number
):
    for at in range(1, number):
        revise_article(owner, article, name="", data=CHANGED.encode() + b"!" * at, note=f"Note {at}")
        article.refresh_from_db()
    with django_assert_num_queries(2):
        answer = client.get(url(article, "revisions"))
    assert [row.number for row in answer.context["revisions"]] == list(range(number, 0, -1))
    assert ("Compare these two" in answer.content.decode()) == (number > 1)


def test_reading_positions_are_of_a_revision(owner, article):
    ReadingPosition.objects.create(reader=owner, revision=article.current, block=1)
    revise_article(owner, article, name="", data=CHANGED.encode())
    assert ReadingPosition.objects.get().revision.number == 1


def test_the_command_publishes_a_revision(article, tmp_path):
    file = tmp_path / "new.txt"
    file.write_text(CHANGED)
    out = StringIO()
    call_command(
        "import_article",
        str(file),
        f"--revise={article.slug}",
        "--note=From the desk.",
        "--source-date=2025-03-04",
        stdout=out,
    )
    article.refresh_from_db()
    revision = article.current
    assert (revision.number, revision.note, revision.source_date, revision.created_by) == (
        2, "From the desk.", date(2025, 3, 4), None,
    )  # fmt: skip
    assert f"published revision 2  {file} → /read/{article.slug}/2/" in out.getvalue()
    for arguments, said in [
        ([str(file), f"--revise={article.slug}"], "nothing to publish"),
        ([str(file), "--revise=nowhere"], "no article nowhere"),
        ([str(file), str(file), f"--revise={article.slug}"], "one file"),
        ([str(file), "--note=x"], "give --revise"),
        ([str(tmp_path / "missing.txt"), f"--revise={article.slug}"], "cannot be read"),
    ]:
        with pytest.raises(CommandError, match=said):
            call_command("import_article", *arguments)
    assert Revision.objects.filter(article=article).count() == 2
