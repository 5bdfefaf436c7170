"""What is deleted for good in the administration, and what one is told before."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from opslens.models import Event, ReadingPosition, User
from tests.admin.rows import LISTED, make_rows

# All that can be deleted, with words that the page before says of what goes with it.
DELETABLE = {
    Group: ["Reader 0", "These people lose the rights"],
    AccessAttempt: ["Attempted Access"],
    ReadingPosition: ["Reader 0 in Article 0"],
}


def page_of(model, kind: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=args)


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model.__name__)
def test_deleting_is_impossible_or_says_what_goes(client, root, model):
    make_rows(0, 1)
    client.force_login(root)
    row = model._base_manager.order_by("-pk").first()
    response = client.get(page_of(model, "delete", row.pk))
    if model not in DELETABLE:
        assert response.status_code == 403
        many = client.post(page_of(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk]})
        assert "delete_selected_confirmation.html" not in {template.name for template in many.templates}
        assert model._base_manager.filter(pk=row.pk).exists()
        return
    assert response.status_code == 200
    for words in DELETABLE[model]:
        assert words in response.content.decode()
    assert model._base_manager.filter(pk=row.pk).exists()


def test_every_registered_model_was_asked():
    assert set(admin.site._registry) == set(LISTED)


def test_people_who_lose_a_groups_rights_are_listed_and_stay(client, root, annotator, second_annotator):
    group = Group.objects.create(name="Reviewers")
    group.user_set.set([annotator, second_annotator])
    client.force_login(root)
    page = client.get(page_of(Group, "delete", group.pk)).content.decode()
    assert "annotator (Anna Annotator)" in page
    assert "second (Sem Second)" in page
    client.post(page_of(Group, "delete", group.pk), {"post": "yes"})
    assert User.objects.count() == 3
    event = Event.objects.get()
    assert (event.verb, event.actor, event.before["name"]) == ("admin-deleted", root, "Reviewers")


def test_a_group_is_not_deleted_from_the_list(client, root):
    group = Group.objects.create(name="Reviewers")
    client.force_login(root)
    client.post(
        page_of(Group, "changelist"), {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    )
    assert Group.objects.exists()


def test_tries_to_sign_in_are_forgotten_without_their_words_going_into_the_log(client, root):
    tries = AccessAttempt.objects.create(username="pAssw0rd-typed-here", ip_address="10.1.2.3", failures_since_start=8)
    client.force_login(root)
    client.post(page_of(AccessAttempt, "delete", tries.pk), {"post": "yes"})
    assert not AccessAttempt.objects.exists()
    event = Event.objects.get()
    assert (event.verb, event.subject, event.before, event.after) == (
        *("admin-deleted", f"accessattempt:{tries.pk}"),
        *(None, None),
    )
