"""Reviewing from the list of marks."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from annotations.models import Annotation, Flag, Review
from opslens.models import Event
from tests.admin.test_admin import page_of


@pytest.fixture
def judge(person):
    """Staff who may review and look."""
    judge = person("judge", "Judith Judge", is_staff=True)
    judge.user_permissions.set(Permission.objects.filter(codename__in=["review_annotation", "view_annotation"]))
    return judge


def choose(client, action: str, *marks: Annotation, **more):
    return client.post(page_of(Annotation), {"action": action, "_selected_action": [m.pk for m in marks], **more})


@pytest.mark.parametrize(
    ("action", "verdict"), [("accept", "accepted"), ("reject", "rejected"), ("return_to_author", "returned")]
)
def test_marks_get_a_verdict_through_the_verb(client, judge, annotator, mark, action, verdict):
    one, two = mark(annotator, "claim"), mark(annotator, "opinion")
    client.force_login(judge)
    page = choose(client, action, one, two)
    assert page.context["number"] == 2
    assert not Review.objects.exists()
    sent = {"seen": page.context["seen"], "reason": "Checked with the source."}
    assert choose(client, action, one, **sent).status_code == 302
    assert set(Annotation.objects.values_list("review_state", flat=True)) == {verdict}
    assert set(Review.objects.values_list("reviewer", "reason")) == {(judge.pk, "Checked with the source.")}
    assert set(Event.objects.filter(actor=judge).values_list("verb", "subject")) == {
        (f"review-{verdict}", one.subject),
        (f"review-{verdict}", two.subject),
    }


def test_a_rejection_needs_a_reason(client, judge, annotator, mark):
    one = mark(annotator, "claim")
    client.force_login(judge)
    seen = choose(client, "reject", one).context["seen"]
    page = choose(client, "reject", one, seen=seen, reason=" ")
    assert page.status_code == 422
    assert "Say why it is rejected." in page.content.decode()
    assert not Review.objects.exists()


def test_what_was_changed_meanwhile_is_left_as_it_is(client, judge, annotator, mark):
    one = mark(annotator, "claim")
    client.force_login(judge)
    seen = choose(client, "accept", one).context["seen"]
    Annotation.objects.update(version=2)
    choose(client, "accept", one, seen=seen)
    assert not Review.objects.exists()


def test_marks_that_are_not_ones_to_review_are_left_out(client, judge, annotator, mark):
    private, own = mark(annotator, "claim", visibility="private"), mark(judge, "claim")
    client.force_login(judge)
    page = choose(client, "accept", private, own)
    assert (page.context["number"], page.context["missing"]) == (0, 2)
    choose(client, "accept", own, seen=page.context["seen"])
    for nonsense in ("", "x", "a:b:c", f"{own.uid}:1:0", "9" * 5000):
        assert choose(client, "accept", own, seen=nonsense).status_code in (302, 422)
    assert not Review.objects.exists()


def test_marks_are_found_by_state_flags_and_author(client, root, annotator, second_annotator, mark):
    one, two = mark(annotator, "claim"), mark(second_annotator, "opinion")
    Annotation.objects.filter(pk=one.pk).update(review_state="accepted")
    Flag.objects.create(annotation=two, reader=annotator, reason="Hm.")
    client.force_login(root)

    def found(**query) -> list[Annotation]:
        return list(client.get(page_of(Annotation), query).context["cl"].queryset)

    assert found(review_state__exact="accepted") == [one]
    assert (found(flagged="open"), found(flagged="any"), found(flagged="never")) == ([two], [two], [one])
    Flag.objects.update(outcome="dismissed")
    assert (found(flagged="open"), found(flagged="any")) == ([], [two])
    assert (found(author=str(annotator.pk)), found(author="0"), found(author="x")) == ([one], [], [])
    assert found(author="9" * 40) == []


def test_nonsense_among_the_chosen_rows_changes_nothing(client, root, annotator, mark):
    mark(annotator, "claim")
    client.force_login(root)
    for nonsense in ("x", "-1", "9" * 40, "1 or 1"):
        response = client.post(page_of(Annotation), {"action": "to_trash", "_selected_action": [nonsense]})
        assert response.status_code in (200, 302)
    assert not Annotation.objects.filter(deleted_at__isnull=False).exists()
