"""Anonymising, merging and separating on the pages of people."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from annotations.models import Annotation, SavedQueue, Surgery, Tag, TeamSession
from annotations.people.actions import merge_people
from opslens.accounts.actions import anonymise, edit_profile
from opslens.models import Article, Channel, Event, User
from tests.admin.test_admin import page_of, person_form


def door(person: User, page: str) -> str:
    return f"/admin/opslens/user/{person.pk}/{page}/"


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_a_person_is_anonymised_after_a_page_that_says_what_stays(client, root, annotator, reviewer, mark):
    mark(annotator, "claim")
    asked = "state=all&reader=annotator&tag=7&order=newest"
    queue, other = (
        SavedQueue.objects.create(reviewer=reviewer, name=name, query=asked.replace("annotator", reader))
        for name, reader in (("A", "annotator"), ("B", "annotator-2"))
    )
    client.force_login(root)
    choice = {"action": "anonymise", "_selected_action": [annotator.pk]}
    assert client.post(page_of(User), choice).url == door(annotator, "anonymise")
    page = words(client.get(door(annotator, "anonymise")))
    assert "Marks (author): 1" in page
    assert f"“Former reader {annotator.pk}”" in page
    annotator.refresh_from_db()
    assert annotator.anonymised_at is None
    after = client.post(door(annotator, "anonymise"), follow=True)
    assert f"This is Former reader {annotator.pk} now." in words(after)
    assert "Anna" not in words(after)
    assert "Anna" not in words(client.get(page_of(Annotation)))
    assert Event.objects.filter(verb="person-anonymised", actor=root).count() == 1
    # Queues that others have saved go on finding the marks.
    now = [SavedQueue.objects.get(pk=one.pk).query for one in (queue, other)]
    assert now == [f"state=all&reader=former-{annotator.pk}&tag=7&order=newest", other.query]


def test_several_are_not_anonymised_at_once(client, root, annotator, second_annotator):
    client.force_login(root)
    both = {"action": "anonymise", "_selected_action": [annotator.pk, second_annotator.pk]}
    assert "Choose one person" in words(client.post(page_of(User), both, follow=True))
    assert not Event.objects.exists()


def test_the_events_page_does_not_tell_who_somebody_was(client, root, annotator):
    edit_profile(annotator, display_name="Anna Brandt", about="From Bergen", marks_public=True)
    event = Event.objects.get()
    client.force_login(root)
    page = words(client.get(page_of(Event, "change", event.pk)))
    assert "Anna Brandt" in page
    anonymise(root, annotator)
    for url in (page_of(Event, "change", event.pk), page_of(Event, "history", event.pk), page_of(Event)):
        page = words(client.get(url))
        assert not [name for name in ("Anna", "Brandt", "Bergen") if name in page]
    assert "&quot;display_name&quot;: &quot;removed&quot;" in words(client.get(page_of(Event, "change", event.pk)))
    for query in ("Anna", "Brandt", "annotator"):
        assert not client.get(page_of(Event), {"q": query}).context["cl"].queryset.exists()


@pytest.mark.parametrize("end", ["anonymised", "merged"])
def test_an_account_that_is_closed_for_good_is_not_edited(client, root, annotator, second_annotator, end):
    if end == "anonymised":
        anonymise(root, annotator)
    else:
        merge_people(root, annotator, second_annotator)
    annotator.refresh_from_db()
    client.force_login(root)
    assert client.get(page_of(User, "change", annotator.pk)).status_code == 200
    again = person_form(annotator, display_name="Anna again", is_active="on")
    assert client.post(page_of(User, "change", annotator.pk), again).status_code == 403
    url = reverse("admin:auth_user_password_change", args=[annotator.pk])
    assert client.post(url, {"password1": "a-new-pass-phrase", "password2": "a-new-pass-phrase"}).status_code == 403
    for action in ("reactivate", "deactivate"):
        client.post(page_of(User), {"action": action, "_selected_action": [annotator.pk]})
    annotator.refresh_from_db()
    assert not annotator.is_active


def test_two_accounts_are_merged_and_separated(client, root, annotator, second_annotator, mark):
    made = mark(second_annotator, "claim")
    client.force_login(root)
    both = {"action": "merge", "_selected_action": [annotator.pk, second_annotator.pk]}
    onward = client.post(page_of(User), both).url
    assert onward == f"{door(second_annotator, 'merge')}?into=annotator"  # the older account stays
    page = words(client.get(onward))
    assert "Marks (author): 1" in page
    assert f"{door(annotator, 'merge')}?into=second" in page
    assert Annotation.objects.get().author == second_annotator
    assert client.post(onward).url == page_of(User, "change", annotator.pk)
    made.refresh_from_db()
    assert made.author == annotator
    page = words(client.get(page_of(User, "change", second_annotator.pk)))
    assert door(second_annotator, "separate") in page
    assert door(second_annotator, "merge") not in page
    assert "Marks (author): 1" in words(client.get(door(second_annotator, "separate")))
    client.post(door(second_annotator, "separate"))
    made.refresh_from_db()
    assert made.author == second_annotator
    assert client.post(door(second_annotator, "separate")).status_code == 404


def test_the_merge_page_asks_for_the_other_account(client, root, annotator):
    client.force_login(root)
    assert "Which account stays?" in words(client.get(door(annotator, "merge")))
    for unknown in ("nobody", "\x00", "x" * 500):
        page = client.get(door(annotator, "merge"), {"into": unknown})
        assert page.status_code == 200
    assert "There is no account with the username “nobody”." in words(
        client.get(door(annotator, "merge"), {"into": "nobody"})
    )
    assert client.post(door(annotator, "merge")).status_code == 404
    assert "two different accounts" in words(client.get(door(annotator, "merge"), {"into": "annotator"}))
    assert client.post(f"{door(annotator, 'merge')}?into=annotator").status_code == 409


def test_people_are_listed_by_what_became_of_them(client, root, annotator, second_annotator, outsider, reviewer):
    merge_people(root, annotator, second_annotator)
    anonymise(root, outsider)
    client.force_login(root)
    expected = {
        "open": {root, second_annotator, reviewer},
        "merged": {annotator},
        "anonymous": {outsider},
        "closed": set(),
    }
    for choice, people in expected.items():
        assert set(client.get(page_of(User), {"account": choice}).context["cl"].queryset) == people
    assert client.get(page_of(User), {"account": "nonsense"}).context["cl"].queryset.count() == 5


def test_djangos_own_log_is_not_kept_beside_the_events(client, root, annotator):
    client.force_login(root)
    client.post(page_of(User, "change", annotator.pk), person_form(annotator, display_name="Anna B."))
    assert not LogEntry.objects.exists()
    page = words(client.get(page_of(User, "history", annotator.pk)))
    assert "admin-edited" in page
    assert "Anna B." not in client.get("/admin/").content.decode()


def test_marks_of_a_blind_session_are_not_learnt_of_in_passing(client, root, owner, annotator, mark, book):
    session = TeamSession.objects.create(name="Blind", codebook=book, created_by=owner, phase=TeamSession.ANNOTATING)
    made = mark(annotator, "claim")
    Annotation.objects.filter(pk=made.pk).update(session=session, visibility=Annotation.TEAM)
    Channel.objects.create(name=f"team:{session.pk}:a1:u1", last_number=7)
    client.force_login(root)
    for model in (User, Article):
        assert {row.mark_count for row in client.get(page_of(model)).context["cl"].queryset} == {0}
    assert {row.use_count for row in client.get(page_of(Tag)).context["cl"].queryset} == {0}
    target = book.tags.get(name="opinion")
    surgery = Surgery.objects.create(codebook=book, kind="split", source=made.tags.get(), target=target, marks=5309)
    assert not any(
        "5309" in words(client.get(page)) for page in (page_of(Surgery), page_of(Surgery, "change", surgery.pk))
    )
    assert annotator.name not in filters_of(client.get(page_of(Annotation), {"created_at__year": 1999}))
    looks = Event.objects.filter(verb="staff-looked").order_by("pk")
    assert not looks.exists()
    client.get(page_of(Channel))
    for page in ("anonymise", "merge"):
        client.get(door(annotator, page))
    assert [event.after for event in looks] == [
        {"page": "channel", "rows": 1},
        {"page": "anonymise", "rows": 1},
        {"page": "merge", "rows": 1},
    ]
    TeamSession.objects.update(phase=TeamSession.REVEALED)
    assert {row.mark_count for row in client.get(page_of(Article)).context["cl"].queryset} == {1}
    assert {row.use_count for row in client.get(page_of(Tag)).context["cl"].queryset} == {0, 1}
    assert "5309" in words(client.get(page_of(Surgery)))
    assert annotator.name in filters_of(client.get(page_of(Annotation), {"created_at__year": 1999}))
    assert "(1)" not in filters_of(client.get(page_of(Annotation), {"_facets": "1"}))
    Annotation.objects.update(deleted_at=made.created_at)
    assert {row.use_count for row in client.get(page_of(Tag)).context["cl"].queryset} == {0}


def filters_of(answer) -> str:
    """What the filters beside a list offer."""
    html = answer.content.decode()
    return html[html.index('id="changelist-filter"') :]
