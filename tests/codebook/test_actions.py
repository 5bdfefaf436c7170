from __future__ import annotations

import pytest

from annotations.codebook import actions
from annotations.models import AnnotationTag, Tag, TagGroup
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing


def last_event() -> Event:
    return Event.objects.order_by("-id").first()


def groups_of(name: str) -> list:
    return list(
        AnnotationTag.objects.filter(tag__name=name).order_by("pk").values_list("exclusive_group__key", flat=True)
    )


def test_a_tag_is_added_at_the_end_of_its_group(book, editor, tag):
    given = {"name": " new  one ", "group_id": tag("loaded").group_id, "slot": 5, "key": "W"}
    made = actions.add_tag(editor, book, given)
    made.refresh_from_db()
    assert (made.name, made.key, made.slot, made.is_on, made.version) == ("new one", "w", 5, True, 1)
    assert made.position > tag("attack").position
    event = last_event()
    assert (event.verb, event.channel.name, event.actor, event.subject) == (
        *("tag-added", f"codebook:{book.pk}", editor),
        f"tag:{made.pk}",
    )
    assert event.before is None
    assert event.after == actions.state_of(made)


REFUSED = [
    ({"name": ""}, "name", "needs a name"),
    ({"name": "x" * 41}, "name", "At most 40"),
    ({"name": "a\u200bb"}, "name", "cannot be seen"),
    ({"name": "CLAIM"}, "name", "“claim” already"),
    ({"key": "c"}, "key", "“claim” has this key"),
    ({"key": "n"}, "key", "opens the note"),
    ({"key": "N"}, "key", "opens the note"),
    ({"key": "/"}, "key", "one letter or digit"),
    ({"key": "ab"}, "key", "one letter or digit"),
    ({"slot": 0}, "slot", "from 1 to 10"),
    ({"slot": 11}, "slot", "from 1 to 10"),
    ({"group_id": 0}, "group", "Choose a group"),
    ({"definition": "x" * 401}, "definition", "At most 400"),
    ({"proposes_id": 0}, "proposes", "of this codebook"),
]


@pytest.mark.parametrize(("given", "field", "said"), REFUSED)
def test_what_cannot_be_is_refused_when_adding_and_when_editing(book, editor, tag, given, field, said):
    good = {"name": "fresh", "group_id": tag("loaded").group_id, "slot": 5, "key": "w"}
    opinion = tag("opinion")
    for attempt in (
        lambda: actions.add_tag(editor, book, good | given),
        lambda: actions.edit_tag(editor, opinion.pk, 1, good | given),
    ):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert said in refused.value.errors[field]
    assert Tag.objects.count() == 5
    assert last_event().verb == "codebook-loaded"


def test_a_tag_proposes_one_of_another_group(book, editor, tag):
    unsourced, claim = tag("unsourced"), tag("claim")
    actions.edit_tag(editor, unsourced.pk, 1, {"proposes_id": claim.pk})
    assert tag("unsourced").proposed == claim
    assert (last_event().before["proposes_id"], last_event().after["proposes_id"]) == (None, claim.pk)
    move = {"proposes_id": unsourced.pk, "group_id": tag("loaded").group_id}
    for given in ({"proposes_id": unsourced.pk}, move, {"proposes_id": claim.pk, "group_id": claim.group_id}):
        with pytest.raises(Invalid) as refused:
            actions.edit_tag(editor, unsourced.pk, 2, given)
        assert refused.value.errors == {"proposes": "Choose a tag of another group."}
    actions.retire_tag(editor, claim.pk)
    assert tag("unsourced").proposes == claim
    assert tag("unsourced").proposed is None
    actions.edit_tag(editor, unsourced.pk, 2, {"proposes_id": None})
    assert tag("unsourced").proposes is None


def test_editing_records_the_state_before_and_after(book, editor, tag):
    before = actions.state_of(tag("claim"))
    actions.edit_tag(editor, tag("claim").pk, 1, {"name": "Claim", "definition": "New words.", "note_required": True})
    now = tag("Claim")
    assert (now.version, now.definition, now.note_required) == (2, "New words.", True)
    event = last_event()
    assert (event.verb, event.before, event.after) == ("tag-edited", before, actions.state_of(now))


def test_saving_what_is_there_changes_nothing_even_with_an_old_version(book, editor, tag):
    claim = tag("claim")
    actions.edit_tag(editor, claim.pk, 1, {"definition": "Second."})
    number = last_event().number
    assert actions.edit_tag(editor, claim.pk, 1, {"definition": "Second."}).version == 2
    assert last_event().number == number


def test_an_old_version_is_a_conflict_that_carries_the_present_state(book, editor, admin_person, tag):
    claim = tag("claim")
    actions.edit_tag(admin_person, claim.pk, 1, {"definition": "Theirs."})
    for mine in ({"definition": "Mine."}, {"name": "opinion"}):
        with pytest.raises(Conflict) as refused:
            actions.edit_tag(editor, claim.pk, 1, mine)
        assert (refused.value.current.definition, refused.value.current.version) == ("Theirs.", 2)
    assert tag("claim").definition == "Theirs."


def test_recolouring_is_an_edit_with_its_own_verb(book, editor, tag):
    actions.recolour_tag(editor, tag("claim").pk, 1, 7)
    assert (tag("claim").slot, tag("claim").version, last_event().verb) == (7, 2, "tag-recoloured")
    with pytest.raises(Conflict):
        actions.recolour_tag(editor, tag("claim").pk, 1, 8)


def test_moving_keeps_positions_apart(book, editor, tag):
    Tag.objects.update(position=0)
    actions.move_tag(editor, tag("opinion").pk, -1)
    assert tag("opinion").position < tag("claim").position
    event = last_event()
    assert (event.verb, event.before["order"], event.after["order"]) == (
        *("tag-moved", ["claim", "opinion"]),
        ["opinion", "claim"],
    )
    number = event.number
    actions.move_tag(editor, tag("opinion").pk, -1)
    assert last_event().number == number
    actions.move_tag(editor, tag("opinion").pk, 1)
    assert tag("opinion").position > tag("claim").position
    assert tag("claim").version == 1


def test_switching_on_and_off(book, editor, tag):
    loaded = tag("loaded").pk
    actions.switch_tag(editor, loaded, True)
    assert (tag("loaded").offered, last_event().verb) == (True, "tag-switched-on")
    number = last_event().number
    actions.switch_tag(editor, loaded, True)
    assert last_event().number == number
    actions.switch_tag(editor, loaded, False)
    assert (tag("loaded").offered, last_event().verb) == (False, "tag-switched-off")


def test_a_retired_tag_frees_its_key_and_stays_on_marks(book, editor, annotator, tag, mark):
    made = mark(annotator, "claim")
    actions.retire_tag(editor, tag("claim").pk)
    assert (tag("claim").offered, last_event().verb) == (False, "tag-retired")
    assert list(made.tags.values_list("name", flat=True)) == ["claim"]
    number = last_event().number
    actions.retire_tag(editor, tag("claim").pk)
    assert last_event().number == number
    with pytest.raises(Invalid, match="retired"):
        actions.switch_tag(editor, tag("claim").pk, True)
    with pytest.raises(Invalid) as refused:
        actions.add_tag(editor, book, {"name": "Claim", "group_id": tag("claim").group_id, "slot": 1})
    assert "Bring it back" in refused.value.errors["name"]
    actions.edit_tag(editor, tag("opinion").pk, 1, {"key": "c"})
    back, holder = actions.bring_back_tag(editor, tag("claim").pk)
    assert (back.key, holder.name, tag("claim").offered) == ("", "opinion", True)
    assert last_event().verb == "tag-brought-back"


def test_a_tag_comes_back_with_its_key_when_it_is_still_free(book, editor, tag):
    actions.retire_tag(editor, tag("claim").pk)
    back, holder = actions.bring_back_tag(editor, tag("claim").pk)
    assert (back.key, holder, back.version) == ("c", None, 3)


def test_moving_into_an_exclusive_group_marks_the_taggings(book, editor, annotator, tag, mark):
    mark(annotator, "loaded")
    mark(annotator, "loaded", "attack")
    assert groups_of("loaded") == [None, None]
    actions.edit_tag(editor, tag("loaded").pk, 1, {"group_id": tag("claim").group_id})
    assert groups_of("loaded") == ["type", "type"]
    assert tag("loaded").position > tag("opinion").position
    actions.edit_tag(editor, tag("loaded").pk, 2, {"group_id": tag("unsourced").group_id})
    assert groups_of("loaded") == ["support", "support"]
    actions.edit_tag(editor, tag("loaded").pk, 3, {"group_id": tag("attack").group_id})
    assert groups_of("loaded") == [None, None]


@pytest.mark.parametrize("fields", [{}, {"visibility": "private"}, {"deleted": True}])
def test_moving_is_refused_when_a_mark_would_carry_two_tags_of_the_group(book, editor, annotator, tag, mark, fields):
    deleted = fields.pop("deleted", False)
    made = mark(annotator, "loaded", "claim", **fields)
    if deleted:
        made.deleted_at = made.created_at
        made.save()
    with pytest.raises(Invalid) as refused:
        actions.edit_tag(editor, tag("loaded").pk, 1, {"group_id": tag("claim").group_id, "name": "stronger"})
    seen = not deleted and made.visibility == "public"
    assert ("1 mark that you can see" in refused.value.errors["group"]) is seen
    assert ("their authors see" in refused.value.errors["group"]) is not seen
    assert (tag("loaded").group.key, groups_of("loaded"), groups_of("claim")) == ("free", [None], ["type"])


def test_a_group_becomes_exclusive_only_when_no_mark_stands_against_it(book, editor, annotator, tag, mark):
    mark(annotator, "attack")
    free = TagGroup.objects.get(key="free")
    both = mark(annotator, "loaded", "attack")
    with pytest.raises(Invalid, match="1 mark that you can see carries several tags"):
        actions.edit_group(editor, free.pk, name="Free", hint="", exclusive=True)
    AnnotationTag.objects.filter(annotation=both, tag__name="loaded").delete()
    actions.edit_group(editor, free.pk, name="Rhetoric", hint="", exclusive=True)
    assert groups_of("attack") == ["free", "free"]
    event = last_event()
    assert (event.verb, event.before["exclusive"], event.after["exclusive"]) == ("group-edited", False, True)
    actions.edit_group(editor, free.pk, name="Rhetoric", hint="", exclusive=False)
    assert groups_of("attack") == [None, None]


def test_every_verb_asks_for_the_right_and_for_the_tag(book, annotator, editor, tag):
    pk, group = tag("claim").pk, tag("claim").group_id
    verbs = [
        lambda who, pk: actions.edit_tag(who, pk, 1, {"name": "x"}),
        lambda who, pk: actions.recolour_tag(who, pk, 1, 2),
        lambda who, pk: actions.move_tag(who, pk, 1),
        lambda who, pk: actions.switch_tag(who, pk, False),
        lambda who, pk: actions.retire_tag(who, pk),
        lambda who, pk: actions.bring_back_tag(who, pk),
    ]
    for verb in verbs:
        with pytest.raises(Denied):
            verb(annotator, pk)
        with pytest.raises(Missing):
            verb(editor, pk + 1000)
    with pytest.raises(Denied):
        actions.add_tag(annotator, book, {"name": "x", "group_id": group, "slot": 1})
    with pytest.raises(Denied):
        actions.edit_group(annotator, group, name="x", hint="", exclusive=True)
    assert last_event().verb == "codebook-loaded"
