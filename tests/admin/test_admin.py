from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.models import (
    Anchor,
    Annotation,
    AnnotationTag,
    Codebook,
    Considered,
    Crossing,
    Tag,
    TagGroup,
    TeamSession,
)
from opslens.models import Article, Channel, Event, ReadingPosition, Revision, SearchPassage, User
from tests.admin.rows import LISTED, make_rows

INLINE = {AnnotationTag, Considered}
KEPT = [model for model in LISTED if model not in (ReadingPosition, Group, AccessAttempt)]
# What a list asks the database, however many rows it shows. Session and account, permissions where they are asked for,
# the count, the rows, the dates, the choices of filters.
QUERIES = {
    **dict.fromkeys(["SearchPassage", "Codebook", "Group"], 4),
    **dict.fromkeys(["Channel", "TagGroup", "Anchor", "Crossing", "SessionArticle"], 5),
    **dict.fromkeys(
        [
            "Draft",
            "ReadingPosition",
            "Tag",
            "SavedQueue",
            "Surgery",
            "Retagging",
            "TeamSession",
            "Member",
            "Invitation",
            "Question",
            "AccessAttempt",
        ],
        6,
    ),
    **dict.fromkeys(["User", "Review", "Flag", "Reply", "Presence"], 7),
    **dict.fromkeys(["Article", "Revision", "Event", "Example"], 8),
    **dict.fromkeys(["Assignment", "Decision", "Answer"], 10),
    **dict.fromkeys(["Annotation"], 12),
}


def names(models) -> list[str]:
    return [model.__name__ for model in models]


def page_of(model, kind: str = "changelist", *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=args)


def last_event() -> Event:
    return Event.objects.order_by("-id").first()


@pytest.fixture
def site(db):
    """One row of everything."""
    make_rows(0, 1)


def test_every_model_is_in_the_admin():
    own = {model for app in ("opslens", "annotations") for model in apps.get_app_config(app).get_models()}
    assert own - set(admin.site._registry) == INLINE
    assert set(admin.site._registry) == set(LISTED)


def test_lists_cost_the_same_for_one_row_and_for_hundreds(client, root):
    client.force_login(root)
    costs: dict[int, dict[str, int]] = {}
    for first, stop in ((0, 1), (1, 3), (3, 300)):
        make_rows(first, stop)
        ContentType.objects.clear_cache()
        for model in LISTED:
            with CaptureQueriesContext(connection) as queries:
                response = client.get(page_of(model))
            assert response.status_code == 200
            assert len(response.context["cl"].result_list) >= min(stop, 100)
            costs.setdefault(stop, {})[model.__name__] = len(queries)
    assert costs == {1: QUERIES, 3: QUERIES, 300: QUERIES}


@pytest.mark.parametrize("model", LISTED, ids=names(LISTED))
def test_pages_of_single_rows_open_and_can_be_searched(client, root, site, model):
    client.force_login(root)
    row = model.objects.order_by("-pk").first()
    response = client.get(page_of(model, "change", row.pk))
    assert response.status_code == 200
    assert b"RAW-BYTES" not in response.content
    assert client.get(page_of(model), {"q": "a"}).status_code == 200
    assert client.get(page_of(model, "history", row.pk)).status_code == 200
    assert "<style" not in response.content.decode()
    assert " style=" not in response.content.decode()


# Rows that are few, or found by search alone.
WITHOUT_FILTERS = {Channel, SearchPassage, Crossing, Group}
# A date is there, but nobody asks by it.
WITHOUT_DATES = {Anchor, Tag}


@pytest.mark.parametrize("model", LISTED, ids=names(LISTED))
def test_rows_are_found_by_words_filters_and_dates(model):
    model_admin = admin.site._registry[model]
    assert model_admin.search_fields
    assert bool(model_admin.list_filter) == (model not in WITHOUT_FILTERS)
    dates = [field for field in model._meta.fields if isinstance(field, models.DateTimeField)]
    assert bool(model_admin.date_hierarchy) == (bool(dates) and model not in WITHOUT_DATES)


NONSENSE = [
    *[{"q": "\x00"}, {"review_state__exact": "\x00"}, {"author": "\x00"}, {"flagged": "\x00"}, {"place": "\x00"}],
    *[{"created_at__year": "99999"}, {"created_at__year": "x"}, {"p": "x"}, {"p": "999999"}, {"o": "99.x"}],
    *[{"session__id__exact": "9" * 40}, {"tags__id__exact": "x"}, {"author__password__startswith": "a"}],
]


@pytest.mark.parametrize("query", NONSENSE, ids=str)
def test_nonsense_in_an_address_is_no_failure(client, root, site, query):
    client.force_login(root)
    assert client.get(page_of(Annotation), query).status_code in (200, 302, 400)


LOOKED_AT = [model for model in LISTED if model is not Group]


@pytest.mark.parametrize("model", LOOKED_AT, ids=names(LOOKED_AT))
def test_staff_who_may_only_look_can_look(client, clerk, site, model):
    client.force_login(clerk(f"view_{model._meta.model_name}"))
    row = model.objects.order_by("-pk").first()
    assert client.get(page_of(model)).status_code == 200
    assert client.get(page_of(model, "change", row.pk)).status_code == 200
    assert client.post(page_of(model, "change", row.pk), {}).status_code == 403
    assert client.get(page_of(Group)).status_code == 403


@pytest.mark.parametrize("model", KEPT, ids=names(KEPT))
def test_nothing_that_history_needs_is_deleted(client, root, site, model):
    client.force_login(root)
    row = model.objects.order_by("-pk").first()
    assert client.post(page_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(page_of(model), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [Revision, Event, Channel, Anchor, SearchPassage], ids=lambda model: model.__name__)
def test_what_the_program_writes_cannot_be_edited(client, root, site, model):
    client.force_login(root)
    row = model.objects.order_by("-pk").first()
    assert client.post(page_of(model, "change", row.pk), {}).status_code == 403
    assert client.get(page_of(model, "add")).status_code == 403


def test_articles_and_marks_are_not_added_here(client, root, site):
    client.force_login(root)
    for model in (Article, Annotation, ReadingPosition):
        assert client.get(page_of(model, "add")).status_code == 403


def test_a_reading_position_is_deleted_with_an_event(client, root, site):
    client.force_login(root)
    row = ReadingPosition.objects.get()
    client.post(page_of(ReadingPosition, "delete", row.pk), {"post": "yes"})
    assert not ReadingPosition.objects.exists()
    event = last_event()
    assert (event.verb, event.actor, event.before["block"], event.after) == ("admin-deleted", root, 0, None)


def test_visitors_are_sent_to_the_one_sign_in_page(client, db):
    for path in ("/admin/", "/admin/opslens/user/"):
        assert client.get(path).url == f"/account/sign-in/?next={path}"
    assert client.get("/admin/login/?next=/admin/opslens/user/").url == "/account/sign-in/?next=/admin/opslens/user/"
    assert client.get("/admin/login/?next=//evil.example/").url == "/account/sign-in/?next=/admin/"
    assert client.post("/admin/login/", {"username": "root", "password": "x"}).url == "/account/sign-in/?next=/admin/"


def test_readers_do_not_get_in(client, annotator, editor):
    for person in (annotator, editor):
        client.force_login(person)
        for path in ("/admin/", "/admin/opslens/user/", "/admin/password_change/", "/admin/jsi18n/"):
            assert client.get(path).status_code == 403
        assert client.get("/admin/login/").status_code == 302


def test_the_admins_own_password_form_leads_to_ours(client, root):
    client.force_login(root)
    assert client.get("/admin/password_change/").url == "/account/password/"
    assert client.get("/admin/login/").url == "/admin/"


def test_the_index_shows_everything(client, root):
    client.force_login(root)
    page = client.get("/admin/").content.decode()
    for name in ("Articles", "Annotations", "Tags", "Users", "Events"):
        assert f">{name}</a>" in page


# People


def person_form(person: User, **changes) -> dict:
    values = {name: getattr(person, name) for name in ("username", "display_name", "about", "email")}
    flags = {name: "on" for name in ("is_active", "is_staff", "is_superuser", "marks_public") if getattr(person, name)}
    return values | flags | changes


def test_editing_a_person_is_an_event(client, root, annotator):
    client.force_login(root)
    group = Group.objects.create(name="Readers")
    changes = {"display_name": "Anna B.", "is_staff": "on", "groups": [group.pk]}
    response = client.post(page_of(User, "change", annotator.pk), person_form(annotator, **changes))
    assert response.status_code == 302
    event = last_event()
    assert (event.verb, event.actor, event.channel.name, event.subject) == (
        *("admin-edited", root, "site"),
        f"user:{annotator.pk}",
    )
    assert event.before == {"display_name": "Anna Annotator", "is_staff": False, "groups": []}
    assert event.after == {"display_name": "Anna B.", "is_staff": True, "groups": [group.pk]}


def test_adding_a_person_is_an_event_without_the_password(client, root):
    client.force_login(root)
    secret = "first-pass-phrase-of-new"
    data = {
        "username": "new",
        "display_name": "New",
        "usable_password": "true",
        "password1": secret,
        "password2": secret,
    }
    assert client.post(page_of(User, "add"), data).status_code == 302
    assert User.objects.get(username="new").check_password(secret)
    assert (last_event().verb, last_event().after) == ("admin-added", {"username": "new", "display_name": "New"})
    for username in ("NEW", "mine"):
        assert client.post(page_of(User, "add"), data | {"username": username}).status_code == 200
    assert User.objects.count() == 2


def test_setting_a_password_is_an_event_without_the_password(client, root, annotator):
    client.force_login(root)
    secret = "another-pass-phrase-here"
    url = reverse("admin:auth_user_password_change", args=[annotator.pk])
    data = {"usable_password": "true", "password1": secret, "password2": secret, "set-password": "1"}
    assert client.post(url, data | {"password2": "x"}).status_code == 200
    assert Event.objects.count() == 0
    assert client.post(url, data).status_code == 302
    annotator.refresh_from_db()
    assert annotator.check_password(secret)
    event = last_event()
    assert (event.verb, event.actor, event.before, event.after) == ("password-set", root, None, None)


def test_staff_cannot_give_rights_or_touch_superusers(client, clerk, root, annotator):
    person = clerk("change_user", "view_user")
    client.force_login(person)
    changes = {"is_superuser": "on", "is_staff": "on", "display_name": "Changed"}
    for who in (annotator, person):
        client.post(page_of(User, "change", who.pk), person_form(who, **changes))
        who.refresh_from_db()
        assert (who.display_name, who.is_superuser) == ("Changed", False)
    assert not annotator.is_staff
    assert client.post(page_of(User, "change", root.pk), person_form(root, **changes)).status_code == 403
    url = reverse("admin:auth_user_password_change", args=[root.pk])
    assert client.post(url, {"password1": "taken-over-by-clerk", "password2": "taken-over-by-clerk"}).status_code == 403
    client.post(page_of(User), {"action": "deactivate", "_selected_action": [root.pk]})
    root.refresh_from_db()
    assert root.is_active


def test_people_are_deactivated_and_reactivated(client, root, annotator, second_annotator):
    client.force_login(root)
    everybody = {"action": "deactivate", "_selected_action": [annotator.pk, second_annotator.pk, root.pk]}
    page = client.post(page_of(User), everybody, follow=True).content.decode()
    assert "2 deactivated" in page
    assert "You cannot deactivate your own account." in page
    assert list(User.objects.filter(is_active=True)) == [root]
    assert [event.verb for event in Event.objects.order_by("id")] == ["deactivated", "deactivated"]
    client.post(page_of(User), everybody | {"action": "reactivate"})
    assert User.objects.filter(is_active=True).count() == 3


def test_changing_a_group_of_rights_is_an_event(client, root):
    client.force_login(root)
    client.post(page_of(Group, "add"), {"name": "Editors", "permissions": []})
    assert (last_event().verb, last_event().after) == ("admin-added", {"name": "Editors", "permissions": []})


# Articles


def test_an_articles_details_are_changed_by_their_verb(client, root, site, revision):
    client.force_login(root)
    article = revision.article
    form = client.get(page_of(Article, "change", article.pk)).context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields} | {"title": "Rain at last", "is_public": "on"}
    response = client.post(page_of(Article, "change", article.pk), data | formset("revisions"))
    assert response.status_code == 302
    article.refresh_from_db()
    assert article.title == "Rain at last"
    assert (last_event().verb, last_event().actor, last_event().channel.name) == (
        "article-edited",
        root,
        article.channel,
    )
    assert SearchPassage.objects.filter(article=article, number=0).get().words == "rain at last"
    stale = client.post(page_of(Article, "change", article.pk), data | formset("revisions") | {"title": "Lost?"})
    assert stale.status_code == 409
    article.refresh_from_db()
    assert article.title == "Rain at last"


def formset(prefix: str) -> dict:
    return {f"{prefix}-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")}


def test_articles_go_to_the_trash_and_come_back(client, root, site, revision):
    client.force_login(root)
    url = page_of(Article)
    client.post(url, {"action": "to_trash", "_selected_action": [revision.article_id]})
    assert Article.objects.get(pk=revision.article_id).deleted_at is not None
    assert last_event().verb == "article-trashed"
    assert b"Rain" not in client.get(url).content
    assert b"Rain" in client.get(url, {"place": "trash"}).content
    client.post(url + "?place=trash", {"action": "restore", "_selected_action": [revision.article_id]})
    assert Article.objects.get(pk=revision.article_id).deleted_at is None
    assert last_event().verb == "article-restored"


def test_a_revisions_text_is_shown_escaped(client, root, site):
    client.force_login(root)
    row = Revision.objects.order_by("-pk").first()
    Revision.objects.filter(pk=row.pk).update(text="<script>alert(1)</script>")
    page = client.get(page_of(Revision, "change", row.pk)).content
    assert b"<pre>&lt;script&gt;alert(1)" in page
    assert b"23" in page


# Marks


def mark_form(annotation: Annotation, tags, **changes) -> dict:
    values = {"note": annotation.note, "visibility": annotation.visibility, "version": annotation.version}
    return values | {"carried": [t.pk for t in tags]} | formset("taggings") | formset("anchors") | changes


def test_a_mark_is_changed_through_the_verb(client, root, annotator, mark, tag):
    made = mark(annotator, "claim", visibility="private")
    client.force_login(root)
    url = page_of(Annotation, "change", made.pk)
    page = client.get(url).content.decode()
    assert f'href="{made.get_absolute_url()}"' in page
    changes = {"note": "Checked.", "visibility": "public"}
    response = client.post(url, mark_form(made, [tag("opinion"), tag("unsourced")], **changes))
    assert response.status_code == 302
    made.refresh_from_db()
    assert (made.note, made.visibility, made.version, made.author) == ("Checked.", "public", 2, annotator)
    assert set(made.taggings.values_list("tag__name", "exclusive_group__key")) == {
        ("opinion", "type"),
        ("unsourced", "support"),
    }
    event = last_event()
    assert (event.verb, event.actor, event.subject, event.channel.name) == (
        *("staff-edited-mark", root),
        *(made.subject, made.article.channel),
    )
    assert (event.before["tags"], event.after["tags"]) == (
        [tag("claim").pk],
        sorted([tag("opinion").pk, tag("unsourced").pk]),
    )
    assert Event.objects.filter(verb="admin-edited").count() == 0


def test_a_mark_is_not_changed_against_the_rules(client, root, annotator, mark, tag):
    made = mark(annotator, "claim")
    client.force_login(root)
    url, events = page_of(Annotation, "change", made.pk), Event.objects.count()
    both = client.post(url, mark_form(made, [tag("claim"), tag("opinion")]))
    assert "one tag of an exclusive group" in both.content.decode()
    assert "needs a note" in client.post(url, mark_form(made, [tag("attack")])).content.decode()
    stale = client.post(url, mark_form(made, [tag("claim")], version=0, note="Late."))
    assert "changed in the meantime" in stale.content.decode()
    unknown = client.post(url, mark_form(made, [tag("loaded")]))  # not offered, and not carried
    assert unknown.status_code == 200
    made.refresh_from_db()
    assert (made.note, made.version, list(made.tags.all())) == ("", 1, [tag("claim")])
    assert Event.objects.count() == events


def test_marks_go_to_the_trash_and_come_back(client, root, annotator, mark):
    made = mark(annotator, "claim")
    client.force_login(root)
    selected = {"_selected_action": [made.pk]}
    client.post(page_of(Annotation), selected | {"action": "to_trash"})
    made.refresh_from_db()
    assert (made.deleted_at is not None, made.version) == (True, 2)
    assert (last_event().verb, last_event().actor, last_event().after["deleted"]) == ("staff-deleted-mark", root, True)
    client.post(page_of(Annotation) + "?place=trash", selected | {"action": "restore"})
    made.refresh_from_db()
    assert made.deleted_at is None
    assert last_event().verb == "staff-restored-mark"


def test_staff_without_the_right_cannot_change_marks(client, clerk, annotator, mark, tag):
    made = mark(annotator, "claim")
    client.force_login(clerk("view_annotation"))
    assert client.post(page_of(Annotation, "change", made.pk), mark_form(made, [], note="x")).status_code == 403
    client.post(page_of(Annotation), {"action": "to_trash", "_selected_action": [made.pk]})
    made.refresh_from_db()
    assert (made.note, made.deleted_at) == ("", None)


def test_marks_are_found_by_what_one_remembers(client, root, annotator, mark):
    made = mark(annotator, "claim", note="Peculiar words")
    Annotation.objects.filter(pk=mark(annotator, "opinion").pk).update(quote="Elsewhere", note="")
    client.force_login(root)
    for query in ("peculiar", made.uid):
        found = client.get(page_of(Annotation), {"q": query}).context["cl"].queryset
        assert list(found) == [made]
    by_tag = client.get(page_of(Annotation), {"tags__id__exact": made.tags.get().pk}).context["cl"].queryset
    assert list(by_tag) == [made]


# Codebooks


def tag_form(tag: Tag, **changes) -> dict:
    names = ("name", "key", "slot", "definition", "example", "do", "dont", "version")
    return {name: getattr(tag, name) for name in names} | {"group": tag.group_id} | changes


def test_a_tag_is_changed_through_the_verb(client, root, annotator, mark, tag):
    mark(annotator, "claim", "loaded")
    client.force_login(root)
    url = page_of(Tag, "change", tag("claim").pk)
    assert client.post(url, tag_form(tag("claim"), name="assertion")).status_code == 302
    assert (last_event().verb, last_event().after["name"]) == ("tag-edited", "assertion")
    assert "“opinion” already" in client.post(url, tag_form(tag("assertion"), name="OPINION")).content.decode()
    stale = client.post(url, tag_form(tag("assertion"), version=1, name="late"))
    assert "changed in the meantime" in stale.content.decode()
    clash = client.post(
        page_of(Tag, "change", tag("loaded").pk), tag_form(tag("loaded"), group=tag("assertion").group_id)
    )
    assert clash.status_code == 422
    assert tag("loaded").group.key == "free"
    assert Event.objects.filter(verb="admin-edited").count() == 0


def test_what_a_tag_proposes_is_changed_through_the_verb(client, root, tag):
    client.force_login(root)
    url = page_of(Tag, "change", tag("loaded").pk)
    assert client.post(url, tag_form(tag("loaded"), proposes=tag("claim").pk)).status_code == 302
    assert tag("loaded").proposes == tag("claim")
    assert (last_event().verb, last_event().after["proposes_id"]) == ("tag-edited", tag("claim").pk)
    refused = client.post(url, tag_form(tag("loaded"), proposes=tag("loaded").pk))
    assert "Choose a tag of another group." in refused.content.decode()


def test_a_tag_is_added_through_the_verb(client, root, book, tag):
    client.force_login(root)
    data = {"codebook": book.pk, "group": tag("claim").group_id, "name": "irony", "slot": 6, "key": "i"}
    assert client.post(page_of(Tag, "add"), data).status_code == 302
    assert (tag("irony").is_on, tag("irony").version, last_event().verb) == (True, 1, "tag-added")
    assert client.post(page_of(Tag, "add"), data).status_code == 200
    assert Tag.objects.filter(name="irony").count() == 1


def test_tags_are_switched_and_retired_in_bulk(client, root, book, tag):
    client.force_login(root)
    two = {"_selected_action": [tag("claim").pk, tag("opinion").pk]}
    expected = [("switch_off", "tag-switched-off"), ("switch_on", "tag-switched-on"), ("retire", "tag-retired")]
    for action, verb in [*expected, ("bring_back", "tag-brought-back")]:
        client.post(page_of(Tag), two | {"action": action})
        assert [event.verb for event in Event.objects.order_by("-id")[:2]] == [verb, verb]
    assert tag("claim").offered


def test_a_group_keeps_its_marks_right(client, root, annotator, mark, tag):
    mark(annotator, "loaded", "attack")
    client.force_login(root)
    group = tag("loaded").group
    url = page_of(TagGroup, "change", group.pk)
    refused = client.post(url, {"name": "Free", "hint": "", "exclusive": "on"})
    assert refused.status_code == 422
    assert client.post(url, {"name": "Rhetoric", "hint": "As many as fit."}).status_code == 302
    group.refresh_from_db()
    assert (group.name, group.exclusive, last_event().verb) == ("Rhetoric", False, "group-edited")


def test_a_codebooks_words_are_changed_with_an_event(client, root, book):
    client.force_login(root)
    data = {"name": "Our codebook", "description": "New."} | formset("groups")
    assert client.post(page_of(Codebook, "change", book.pk), data).status_code == 302
    event = last_event()
    assert (event.verb, event.channel.name, event.before["name"], event.after["name"]) == (
        *("admin-edited", book.channel),
        *("Critical reading", "Our codebook"),
    )


def test_events_can_be_followed_from_a_person(client, root, site):
    client.force_login(root)
    reader = User.objects.get(username="reader0")
    response = client.get(page_of(Event), {"actor__id__exact": reader.pk})
    assert [event.actor for event in response.context["cl"].queryset] == [reader]
    assert timezone.now() >= last_event().at


def test_a_look_at_a_blind_session_is_an_event_of_its_own(client, root, owner, annotator, revision, mark, book):
    session = TeamSession.objects.create(name="Blind", codebook=book, created_by=owner, phase=TeamSession.ANNOTATING)
    seen = mark(annotator, "claim")
    pk = seen if isinstance(seen, int) else getattr(seen, "annotation", seen).pk
    Annotation.objects.filter(pk=pk).update(session=session, visibility=Annotation.TEAM)
    looks = Event.objects.filter(channel__name=f"team:{session.pk}:looks", verb="staff-looked")
    client.force_login(root)
    client.get(page_of(Annotation))
    client.get(page_of(Annotation, "change", pk))
    client.get(page_of(Anchor))
    # Django reads " 1" as 1.
    assert client.get(page_of(Annotation, "change", 0).replace("/0/", f"/%20{pk}/")).status_code == 200
    assert list(looks.values_list("actor", "after")) == [
        (root.pk, {"page": "annotation", "rows": 1}),
        (root.pk, {"page": "annotation", "rows": 1}),
        (root.pk, {"page": "anchor", "rows": 1}),
        (root.pk, {"page": "annotation", "rows": 1}),
    ]
    assert not Event.objects.filter(channel__name=session.channel).exists()
    TeamSession.objects.filter(pk=session.pk).update(phase=TeamSession.REVEALED)
    client.get(page_of(Annotation))
    assert looks.count() == 4  # revealed: no further one
