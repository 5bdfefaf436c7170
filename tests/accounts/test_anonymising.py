from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection

from opslens.accounts.actions import anonymise, edit_profile, set_active, sign_up
from opslens.accounts.closing import HIDDEN, end_sessions, what_goes, what_stays, without_names
from opslens.accounts.forms import SignUpForm
from opslens.articles.actions import import_article
from opslens.models import Draft, Event, ReadingPosition, User
from opslens.web.refusals import Conflict, Denied, Invalid


@pytest.fixture
def root(person):
    return person("root", "Ruth Root", is_staff=True, is_superuser=True)


@pytest.fixture
def clerk(person):
    clerk = person("clerk", "Cleo Clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="change_user"))
    return clerk


@pytest.fixture
def reader(annotator) -> User:
    """Somebody with everything that can be known of a person."""
    edit_profile(annotator, display_name="Anna Annotator", about="Reads slowly in Bergen.", marks_public=True)
    annotator.refresh_from_db()
    annotator.email, annotator.reading = "anna@example.org", {"theme": "dark"}
    annotator.is_staff = True
    annotator.save()
    annotator.groups.add(Group.objects.create(name="Reviewers"))
    annotator.user_permissions.add(Permission.objects.get(codename="view_user"))
    article = import_article(annotator, name="a.md", data=b"# A\n\nSome words.").article
    ReadingPosition.objects.create(reader=annotator, revision=article.current, block=0)
    Draft.objects.create(article=article, author=annotator, base=article.current, source=b"Other words.")
    AccessAttempt.objects.create(username="Annotator", ip_address="10.0.0.7", failures_since_start=1)
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=annotator, content_type=kind, object_id="1", object_repr="Somebody", action_flag=CHANGE
    )
    return annotator


def rows_with(words: str) -> set[str]:
    """The tables in which these words stand somewhere."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            if any(words.casefold() in str(value).casefold() for row in cursor.fetchall() for value in row):
                found.add(table)
    return found


def test_nothing_tells_who_it_was_but_the_log(root, reader, client):
    client.force_login(reader)
    assert what_stays([reader]) == [("articles (imported by)", 1), ("revisions (created by)", 1)]
    assert what_goes([reader]) == [("drafts (author)", 1), ("reading positions (reader)", 1)]
    anonymise(root, reader)
    reader.refresh_from_db()
    assert (reader.username, reader.name) == (f"former-{reader.pk}", f"Former reader {reader.pk}")
    assert (reader.email, reader.about, reader.reading, reader.marks_public) == ("", "", {}, False)
    assert (reader.is_active, reader.is_staff, reader.has_usable_password()) == (False, False, False)
    assert (reader.groups.count(), reader.user_permissions.count(), reader.last_login) == (0, 0, None)
    assert reader.anonymised_at is not None
    assert client.get("/account/profile/").status_code == 302
    assert not Session.objects.exists()
    for words in ("anna", "annotator", "Bergen", "example.org", "10.0.0.7"):
        assert rows_with(words) <= {"opslens_event"}, words


def test_its_own_event_names_nobody(root, reader):
    anonymise(root, reader)
    event = Event.objects.get(verb="person-anonymised")
    assert (event.channel.name, event.actor, event.subject, event.before) == ("site", root, f"user:{reader.pk}", None)
    assert event.after == {
        "accounts": [reader.pk],
        "removed": {"opslens.draft": 1, "opslens.readingposition": 1},
    }


def test_doing_it_again_changes_nothing(root, reader):
    anonymise(root, reader)
    before, events = User.objects.filter(pk=reader.pk).values().get(), Event.objects.count()
    anonymise(root, reader)
    assert (User.objects.filter(pk=reader.pk).values().get(), Event.objects.count()) == (before, events)
    with pytest.raises(Conflict):
        set_active(root, reader, True)


def test_who_may(root, clerk, reader, person, outsider):
    plain, other_root = person("plain", is_staff=True), person("other", is_superuser=True)
    refused = [(outsider, reader, Denied), (plain, reader, Denied), (clerk, other_root, Denied), (root, root, Invalid)]
    for actor, whom, refusal in refused:
        with pytest.raises(refusal):
            anonymise(actor, whom)
    assert not User.objects.filter(anonymised_at__isnull=False).exists()
    anonymise(clerk, reader)
    anonymise(root, other_root)


def test_neutral_names_are_kept_free(root, annotator, outsider):
    assert not SignUpForm({"username": f"Former-{outsider.pk}"}).is_valid()
    taken = User.objects.create_user(f"former-{annotator.pk}")
    assert anonymise(root, annotator).username == f"former-{annotator.pk}-2"
    taken.refresh_from_db()
    assert taken.username == f"former-{annotator.pk}"
    sign_up(username="annotator", display_name="Another", password="a-long-pass-phrase")


def test_only_the_sessions_of_one_person_end(client_of, annotator, outsider):
    client_of(annotator), client_of(annotator)
    other = client_of(outsider)
    assert end_sessions(annotator) == 2
    assert other.get("/account/profile/").status_code == 200


def test_what_an_event_said_of_them_is_not_shown():
    state = {"display_name": "Anna", "is_active": True}
    assert without_names(state, False) == state
    assert without_names(state, True) == {"display_name": HIDDEN, "is_active": True}
    assert without_names(None, True) is None
