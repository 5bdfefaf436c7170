from __future__ import annotations

import copy
import json

import pytest
from django.core.management import CommandError, call_command

from annotations.codebook.actions import load_codebook
from annotations.codebook.queries import NoCodebook, current_codebook, offered_tags, tags_by_id
from annotations.models import Codebook, Tag, TagGroup
from opslens.models import Event
from opslens.web.refusals import Invalid


def test_the_codebook_of_the_seeds_is_the_default_one(db, capsys):
    call_command("load_codebook")
    assert "“Critical reading” with 12 tags" in capsys.readouterr().out
    book = current_codebook()
    assert [tag.name for tag in offered_tags(book)] == ["claim", "opinion", "unsourced"]
    assert [tag.key for tag in tags_by_id(book).values()] == list("copsvuelrmfa")
    assert list(book.groups.values_list("key", "exclusive")) == [("type", True), ("support", True), ("free", False)]
    assert Tag.objects.get(name="missing-context").note_required
    proposing = Tag.objects.exclude(proposes=None).values_list("name", "proposes__name")
    assert set(proposing) == {("sourced", "claim"), ("vague-source", "claim"), ("unsourced", "claim")}


def test_loading_twice_changes_nothing(book, data, tag, capsys):
    Tag.objects.filter(name="claim").update(name="assertion")
    events = Event.objects.count()
    again, made = load_codebook(data)
    assert (again, made) == (book, False)
    call_command("load_codebook")
    assert "nothing was changed" in capsys.readouterr().out
    assert (Codebook.objects.count(), TagGroup.objects.count(), Tag.objects.count()) == (1, 3, 5)
    assert tag("assertion").slot == 1
    assert Event.objects.count() == events


def test_loading_is_one_event(book):
    event = Event.objects.get()
    assert (event.channel.name, event.number, event.verb, event.actor) == (
        f"codebook:{book.pk}",
        1,
        "codebook-loaded",
        None,
    )
    assert event.subject == f"codebook:{book.pk}"
    assert [tag["name"] for tag in event.after["tags"]] == ["claim", "opinion", "unsourced", "loaded", "attack"]


def test_a_tag_may_propose_one_that_comes_later_in_the_file(db, data):
    data["tags"][0]["proposes"] = "LOADED"
    book, _ = load_codebook(data)
    claim, loaded = book.tags.get(name="claim"), book.tags.get(name="loaded")
    assert claim.proposes == loaded
    assert [tag["proposes_id"] for tag in Event.objects.get().after["tags"]] == [loaded.pk, None, None, None, None]
    assert claim.proposed is None, "it is switched off"


def test_order_is_that_of_groups_then_of_tags(book, django_assert_num_queries):
    TagGroup.objects.filter(key="free").update(position=0)
    with django_assert_num_queries(1):
        assert [(tag.group.name, tag.name) for tag in offered_tags(book)] == [
            *[("Free", "attack"), ("Type", "claim"), ("Type", "opinion"), ("Support", "unsourced")],
        ]
    with django_assert_num_queries(1):
        assert [tag.name for tag in tags_by_id(book).values()] == ["loaded", "attack", "claim", "opinion", "unsourced"]


def test_without_a_codebook_the_page_says_what_to_do(client, db):
    with pytest.raises(NoCodebook):
        current_codebook()
    response = client.get("/codebook/")
    assert response.status_code == 503
    assert "No codebook yet" in response.content.decode()
    assert "load_codebook" in response.content.decode()


WRONG = [
    (lambda d: d.pop("name"), "name", "is missing"),
    (lambda d: d.update(groups=[]), "groups", "must be a list with at least one entry"),
    (lambda d: d.update(tags={}), "tags", "must be a list with at least one entry"),
    (lambda d: d["groups"].append("x"), "groups[3]", "must be an object"),
    (lambda d: d["groups"][1].update(key="type"), "groups[1].key", "is the same as in groups[0]"),
    (lambda d: d["groups"][0].update(key="a b"), "groups[0].key", "may have letters, digits, - and _ only"),
    (lambda d: d["groups"][0].update(exclusive="yes"), "groups[0].exclusive", "must be true or false"),
    (lambda d: d["tags"][2].update(slot=11), "tags[2].slot", "must be a whole number from 1 to 10"),
    (lambda d: d["tags"][2].update(slot=True), "tags[2].slot", "must be a whole number from 1 to 10"),
    (lambda d: d["tags"][3].update(group="none"), "tags[3].group", "there is no group “none”"),
    (lambda d: d["tags"][0].update(key="cc"), "tags[0].key", "is longer than 1 characters"),
    (lambda d: d["tags"][1].update(key="C"), "tags[1].key", "is the same as in tags[0]"),
    (lambda d: d["tags"][1].update(name="CLAIM"), "tags[1].name", "is the same as in tags[0]"),
    (lambda d: d["tags"][1].update(name=7), "tags[1].name", "must be text"),
    (lambda d: d["tags"][1].update(name="a\u202eb"), "tags[1].name", "contains characters that cannot be seen"),
    (lambda d: d["tags"][2].update(proposes="none"), "tags[2].proposes", "there is no tag “none”"),
    (lambda d: d["tags"][2].update(proposes=["claim"]), "tags[2].proposes", "must be text"),
    (lambda d: d["tags"][2].update(proposes="unsourced"), "tags[2].proposes", "must be a tag of another group"),
    (lambda d: d["tags"][0].update(proposes="opinion"), "tags[0].proposes", "must be a tag of another group"),
    (lambda d: d["tags"][1].update(colour="red"), "tags[1].colour", "is not known here"),
]


@pytest.mark.parametrize(("spoil", "path", "said"), WRONG, ids=[path + " " + said for _, path, said in WRONG])
def test_errors_are_reported_by_path(db, data, spoil, path, said):
    data = copy.deepcopy(data)
    spoil(data)
    with pytest.raises(Invalid) as refused:
        load_codebook(data)
    assert refused.value.errors[path] == said
    assert (Codebook.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not JSON"), ("[]", "the file: must be an object"), ('{"name": "x"}', "groups: must be a list")],
)
def test_the_command_says_what_is_wrong_with_a_file(db, tmp_path, content, said):
    file = tmp_path / "book.json"
    file.write_text(content)
    with pytest.raises(CommandError, match=said):
        call_command("load_codebook", str(file))


def test_the_command_reads_the_file_it_is_given(db, tmp_path, data):
    with pytest.raises(CommandError, match="No such file"):
        call_command("load_codebook", str(tmp_path / "none.json"))
    file = tmp_path / "book.json"
    file.write_text(json.dumps(data | {"name": "Ours"}))
    call_command("load_codebook", str(file))
    assert current_codebook().name == "Ours"
