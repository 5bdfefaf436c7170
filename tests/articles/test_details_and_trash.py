from __future__ import annotations

import pytest
from django.urls import reverse

from opslens.articles.actions import (
    details_digest,
    details_of,
    edit_details,
    import_article,
    restore_article,
    trash_article,
)
from opslens.articles.loaders import Details
from opslens.models import Article, Event, ReadingPosition
from opslens.web.refusals import Conflict, Denied, Invalid, Missing


@pytest.fixture
def article(bring, annotator):
    return bring("The Lamp", "It went out.\n\nIt rained.", by=annotator)


def test_trash_and_restore_leave_their_events_and_nothing_is_lost(article, annotator, as_reader, titles):
    ReadingPosition.objects.create(reader=annotator, revision=article.current, block=1)
    trash_article(annotator, article)
    assert titles(as_reader) == titles(as_reader, q="lamp") == []
    assert as_reader.get(article.get_absolute_url()).status_code == 404
    restore_article(annotator, article)
    assert titles(as_reader) == ["The Lamp"]
    events = Event.objects.filter(channel__name=article.channel).order_by("number")
    assert [(e.number, e.verb, e.actor) for e in events] == [
        (1, "article-imported", annotator),
        (2, "article-trashed", annotator),
        (3, "article-restored", annotator),
    ]
    assert [(e.before["in_trash"], e.after["in_trash"]) for e in events[1:]] == [(False, True), (True, False)]
    assert ReadingPosition.objects.count() == 1


def test_trashing_what_is_trashed_and_restoring_what_is_here_are_refused(article, annotator):
    with pytest.raises(Missing):
        restore_article(annotator, article)
    trash_article(annotator, article)
    with pytest.raises(Missing):
        trash_article(annotator, article)
    with pytest.raises(Missing):
        edit_details(annotator, article, details=Details(title="T"), is_public=False, seen="")
    assert Event.objects.count() == 2


def test_only_the_importer_and_staff_may(article, outsider, reviewer):
    seen = details_digest(article)
    for verb in (
        lambda who: trash_article(who, article),
        lambda who: edit_details(who, article, details=Details(title="T"), is_public=True, seen=seen),
    ):
        with pytest.raises(Denied):
            verb(outsider)
    reviewer.is_staff = True
    reviewer.save()
    trash_article(reviewer, article)
    with pytest.raises(Denied):
        restore_article(outsider, article)
    restore_article(reviewer, article)


def test_what_the_operator_imported_belongs_to_staff_alone(outsider, db):
    article = import_article(None, name="", data=b"T\n\nText.").article
    with pytest.raises(Denied):
        trash_article(outsider, article)


def test_edited_details_are_recorded_with_before_and_after(article, annotator, as_reader, titles):
    new = Details(title="The Lantern", publisher="Gull Point Review", language="ar")
    edit_details(annotator, article, details=new, is_public=True, seen=details_digest(article))
    article.refresh_from_db()
    assert details_of(article) == new
    assert article.is_public
    assert article.slug == "the-lamp"  # addresses stay
    assert article.direction == "ltr"  # the letters say so, whatever the language
    event = Event.objects.get(verb="article-edited")
    assert (event.before["title"], event.after["title"]) == ("The Lamp", "The Lantern")
    assert (event.before["is_public"], event.after["is_public"]) == (False, True)
    assert titles(as_reader, q="lantern gull") == ["The Lantern"]
    assert titles(as_reader, q="lamp") == []


def test_saving_without_a_change_leaves_no_event(article, annotator):
    edit_details(annotator, article, details=details_of(article), is_public=False, seen=details_digest(article))
    assert Event.objects.count() == 1


def test_of_two_who_edit_at_once_the_second_is_told(article, annotator):
    seen = details_digest(article)
    edit_details(annotator, article, details=Details(title="First"), is_public=False, seen=seen)
    with pytest.raises(Conflict) as conflict:
        edit_details(annotator, article, details=Details(title="Second"), is_public=False, seen=seen)
    assert conflict.value.current.title == "First"
    article.refresh_from_db()
    assert article.title == "First"


def test_an_article_keeps_a_title(article, annotator):
    with pytest.raises(Invalid):
        edit_details(annotator, article, details=Details(title=" "), is_public=False, seen=details_digest(article))


class TestPages:
    def details(self, article):
        return reverse("articles:details", args=[article.slug])

    def fields(self, article, **changed):
        return {"seen": details_digest(article), "title": article.title, "language": article.language} | changed

    def test_details_are_shown_and_saved(self, as_reader, article):
        page = as_reader.get(self.details(article)).content.decode()
        assert 'value="The Lamp"' in page
        answer = as_reader.post(
            self.details(article), self.fields(article, byline="Edda Marsh", published_on="2024-03-09")
        )
        assert answer.url == article.get_absolute_url()
        article.refresh_from_db()
        assert (article.byline, str(article.published_on)) == ("Edda Marsh", "2024-03-09")

    def test_a_lost_race_is_a_409_that_keeps_what_was_typed(self, as_reader, article, annotator):
        fields = self.fields(article, title="Mine", byline="Edda Marsh")
        edit_details(annotator, article, details=Details(title="Theirs"), is_public=False, seen=fields["seen"])
        answer = as_reader.post(self.details(article), fields)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert 'value="Mine"' in page
        assert '<td dir="auto">Theirs</td><td dir="auto">Mine</td>' in page
        assert '<td dir="auto"></td><td dir="auto">Edda Marsh</td>' in page
        # Saving again is a decision, and goes through.
        again = as_reader.post(self.details(article), fields | {"seen": answer.context["seen"]})
        assert again.status_code == 302
        assert Article.objects.get().title == "Mine"

    @pytest.mark.parametrize(
        "wrong", [{"title": ""}, {"language": "x y"}, {"source_url": "data:x"}, {"published_on": "x"}]
    )
    def test_wrong_input_is_a_422(self, as_reader, article, wrong):
        answer = as_reader.post(self.details(article), self.fields(article, **wrong))
        assert answer.status_code == 422
        assert 'class="errorlist"' in answer.content.decode()

    def test_others_are_turned_away(self, client, article, outsider):
        paths = [
            self.details(article),
            *(reverse(f"articles:{n}", args=[article.slug]) for n in ("trash-one", "restore")),
        ]
        for path in paths:
            assert client.post(path).status_code == 302  # to sign in
        client.force_login(outsider)
        assert [client.post(path).status_code for path in paths] == [403, 403, 404]
        article.refresh_from_db()
        assert article.deleted_at is None

    def test_trash_without_javascript(self, as_reader, article):
        answer = as_reader.post(reverse("articles:trash-one", args=[article.slug]))
        assert answer.url == reverse("articles:trash")
        assert "The Lamp" in as_reader.get(answer.url).content.decode()
        back = as_reader.post(reverse("articles:restore", args=[article.slug]), {"from": "trash"})
        assert back.url == reverse("articles:trash")
        assert "No article is in the trash" in as_reader.get(back.url).content.decode()

    def test_trash_with_htmx_offers_undo(self, as_reader, article):
        answer = as_reader.post(reverse("articles:trash-one", args=[article.slug]), headers={"HX-Request": "true"})
        restore = reverse("articles:restore", args=[article.slug])
        assert answer.status_code == 200
        assert f'action="{restore}"' in answer.content.decode()
        assert as_reader.post(restore).url == reverse("articles:library")

    def test_the_trash_shows_ones_own_and_staff_all(self, as_reader, annotator, article, bring, reviewer):
        other = bring("Another", by=reviewer)
        trash_article(reviewer, other)
        trash_article(annotator, article)
        page = as_reader.get(reverse("articles:trash")).content.decode()
        assert ("The Lamp" in page, "Another" in page) == (True, False)
        annotator.is_staff = True
        annotator.save()
        assert "Another" in as_reader.get(reverse("articles:trash")).content.decode()
