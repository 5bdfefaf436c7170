"""Who may do what in the administration, as data: role × action × state of the row."""

from __future__ import annotations

import re

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from annotations.models import Annotation, Codebook, Tag
from annotations.people.actions import merge_people
from opslens.accounts.actions import anonymise
from opslens.checks import url_patterns
from opslens.models import Article, Event, ReadingPosition, User
from tests.admin.rows import make_rows

SIGN_IN = "/account/sign-in/"
NOTHING, PAGE = "", "a page before"  # what came of it; else the verb of the one event

# Beside these: visitors are sent to sign in, readers and staff without a right get 403, and staff who may only look are
# not offered the action.
# (model, action): {state of the row: (staff with the right, superuser)}
ACTIONS: dict[tuple[type, str], dict[str, tuple[str, str]]] = {
    (User, "deactivate"): {
        "open": ("deactivated", "deactivated"),
        "oneself": (NOTHING, NOTHING),
        "superuser": (NOTHING, "deactivated"),
        "anonymised": (NOTHING, NOTHING),
        "merged": (NOTHING, NOTHING),
    },
    (User, "reactivate"): {
        "open": (NOTHING, NOTHING),
        "deactivated": ("reactivated", "reactivated"),
        "deactivated superuser": (NOTHING, "reactivated"),
        "anonymised": (NOTHING, NOTHING),
        "merged": (NOTHING, NOTHING),
    },
    (User, "anonymise"): {"open": (PAGE, PAGE), "superuser": (PAGE, PAGE)},  # see PAGES
    (User, "merge"): {"open": (NOTHING, NOTHING)},  # one account is not two; see PAGES
    (Article, "to_trash"): {"here": ("article-trashed", "article-trashed"), "in the trash": (NOTHING, NOTHING)},
    (Article, "restore"): {"here": (NOTHING, NOTHING), "in the trash": ("article-restored", "article-restored")},
    (Annotation, "to_trash"): {
        "here": ("staff-deleted-mark", "staff-deleted-mark"),
        "in the trash": (NOTHING, NOTHING),
    },
    (Annotation, "restore"): {
        "here": (NOTHING, NOTHING),
        "in the trash": ("staff-restored-mark", "staff-restored-mark"),
    },
    # The right to review is another one than the right to change.
    (Annotation, "accept"): {"here": (NOTHING, PAGE), "in the trash": (NOTHING, PAGE)},
    (Annotation, "reject"): {"here": (NOTHING, PAGE)},
    (Annotation, "return_to_author"): {"here": (NOTHING, PAGE)},
    (Tag, "switch_on"): {"on": (NOTHING, NOTHING), "off": ("tag-switched-on", "tag-switched-on")},
    (Tag, "switch_off"): {"on": ("tag-switched-off", "tag-switched-off"), "off": (NOTHING, NOTHING)},
    (Tag, "retire"): {
        "on": ("tag-retired", "tag-retired"),
        "retired": (NOTHING, NOTHING),
        "of a session": (NOTHING, NOTHING),
    },
    (Tag, "bring_back"): {"on": (NOTHING, NOTHING), "retired": ("tag-brought-back", "tag-brought-back")},
    (ReadingPosition, "delete_selected"): {"here": (PAGE, PAGE)},
    (AccessAttempt, "delete_selected"): {"here": (PAGE, PAGE)},
}
CASES = [(model, action, state) for (model, action), states in ACTIONS.items() for state in states]

# (page, account): status for staff with the right to change people, and for superusers
PAGES: dict[tuple[str, str], tuple[int, int]] = {
    ("anonymise", "open"): (200, 200),
    ("anonymise", "oneself"): (422, 422),
    ("anonymise", "superuser"): (403, 200),
    ("anonymise", "merged"): (409, 409),
    ("anonymise", "anonymised"): (409, 409),
    ("anonymise", "none"): (404, 404),
    ("merge", "open"): (200, 200),
    ("merge", "superuser"): (403, 200),
    ("merge", "merged"): (200, 200),  # the reasons are on the page
    ("merge", "none"): (404, 404),
    ("separate", "open"): (404, 404),
    ("separate", "merged"): (200, 200),
    ("separate", "superuser"): (403, 404),
    ("separate", "none"): (404, 404),
}


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def staff(person, root):
    """`staff("change_user")`: clients of the roles, as far as rights on a model go."""

    def make(model: type) -> dict[str, Client]:
        name = model._meta.model_name
        rights = {"looker": [f"view_{name}"], "clerk": [f"{verb}_{name}" for verb in ("view", "change", "delete")]}
        people = {"reader": person("a-reader"), "staff": person("plain", is_staff=True), "root": root}
        for role, codenames in rights.items():
            people[role] = person(role, is_staff=True)
            found = Permission.objects.filter(codename__in=codenames, content_type__app_label=model._meta.app_label)
            people[role].user_permissions.set(found)
        return {"visitor": Client()} | {role: signed_in(one) for role, one in people.items()}

    return make


@pytest.fixture
def row(root, person, client):
    """`row(model, state, of)`: one row in this state; `oneself` is the account of that client."""

    def account(state: str, own: User | None) -> User:
        if state == "oneself":
            return own
        some = person("somebody", is_superuser="superuser" in state, is_active="deactivated" not in state)
        if state == "anonymised":
            anonymise(root, some)
        if state == "merged":
            merge_people(root, some, person("the-other"))
        some.refresh_from_db()
        return some

    def make(model: type, state: str, own: User | None = None):
        if model is User:
            return account(state, own)
        make_rows(0, 1)
        Codebook.objects.update(is_default=state != "of a session")
        made = model._base_manager.get()
        changes = {
            "in the trash": {"deleted_at": timezone.now()},
            "off": {"is_on": False},
            "retired": {"retired_at": timezone.now()},
        }
        model._base_manager.filter(pk=made.pk).update(**changes.get(state, {}))
        return made

    return make


def test_every_action_is_in_the_table(root):
    request = RequestFactory().get("/admin/")
    request.user = root
    offered = {
        (model, name)
        for model, model_admin in admin.site._registry.items()
        for name in model_admin.get_actions(request)
    }
    assert offered == set(ACTIONS)


def came_of(client: Client, model: type, action: str, pk: int) -> str:
    before = Event.objects.count()
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    query = "?place=all" if model in (Article, Annotation) else ""
    response = client.post(url + query, {"action": action, "_selected_action": [pk]})
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True)[before:])
    if response.status_code == 302 and response.url.startswith(SIGN_IN):
        return SIGN_IN
    if response.status_code == 403:
        return "403"
    assert response.status_code in (200, 302)
    assert len(verbs) <= 1
    if verbs:
        return verbs[0]
    if response.status_code == 200 and "cl" in response.context:
        return NOTHING  # the list again
    return PAGE if response.status_code == 200 or response.url != url + query else NOTHING


@pytest.mark.parametrize(("model", "action", "state"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_actions(staff, row, root, model, action, state):
    clients = staff(model)
    made = row(model, state, User.objects.get(username="clerk"))
    expected = dict(zip(("clerk", "root"), ACTIONS[model, action][state], strict=True))
    expected |= {"visitor": SIGN_IN, "reader": "403", "staff": "403", "looker": NOTHING}
    for role in ("visitor", "reader", "staff", "looker", "clerk"):
        assert came_of(clients[role], model, action, made.pk) == expected[role], role
    # What the clerk did stands; the superuser finds another row in the same state.
    if expected["clerk"] not in (NOTHING, PAGE):
        model._base_manager.filter(pk=made.pk).update(**_as_before(made, model, state))
    own = root if state == "oneself" else made
    assert came_of(clients["root"], model, action, own.pk) == expected["root"]


def _as_before(made, model: type, state: str) -> dict:
    names = {"is_active", "deleted_at", "is_on", "retired_at"} & {field.name for field in model._meta.fields}
    now = {name: getattr(made, name) for name in names}
    if state in ("in the trash",):
        now["deleted_at"] = timezone.now()
    return now | {"off": {"is_on": False}, "retired": {"retired_at": timezone.now()}}.get(state, {})


@pytest.mark.parametrize(("page", "state"), PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_pages_of_people(staff, row, root, page, state, method):
    clients = staff(User)
    made = row(User, state, User.objects.get(username="clerk")) if state != "none" else None
    path = f"/admin/opslens/user/{made.pk if made else 987654}/{page}/"
    expected = dict(zip(("clerk", "root"), PAGES[page, state], strict=True))
    expected |= {"visitor": 302, "reader": 403, "staff": 403, "looker": 403}
    for role, status in expected.items():
        mine = path.replace(str(made.pk), str(root.pk)) if role == "root" and state == "oneself" else path
        if method == "post" and status == 200:
            continue  # what comes of it is told in test_people.py
        assert getattr(clients[role], method)(mine).status_code == status, role
    assert not Event.objects.filter(verb="person-anonymised").exclude(actor=root).exists()


# Pages that everybody on the staff may open.
FOR_STAFF = {
    *["admin/", "admin/login/", "admin/logout/", "admin/password_change/", "admin/password_change/done/"],
    *["admin/jsi18n/"],
}
_PARAMETER = re.compile(r"<(?:\w+:)?\w+>")


def test_every_page_is_closed_to_those_without_a_right(person, root, db):
    make_rows(0, 1)
    reader, plain = signed_in(person("a-reader")), signed_in(person("plain", is_staff=True))
    seen = 0
    for route, _, apps in url_patterns():
        if "admin" not in apps or "logout" in route or "login" in route:
            continue
        path = "/" + _PARAMETER.sub("1", route).replace("^", "").replace("$", "")
        if "(" in path:  # lists of one app, and what is no page at all
            path = "/admin/opslens/"
        seen += 1
        answer = Client().get(path)
        assert (answer.status_code, answer.url.startswith(SIGN_IN)) == (302, True), path
        assert reader.get(path).status_code == 403, path
        if route not in FOR_STAFF and not route.endswith("<path:object_id>/"):  # which leads on to …/change/
            assert plain.get(path).status_code in (403, 404), path
            assert plain.post(path).status_code in (403, 404, 405), path
    assert seen > 150
