"""Codebooks out of the site and into it."""

from __future__ import annotations

import json
import re
from uuid import UUID
from xml.etree import ElementTree

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from annotations.codebook.schema import read_codebook
from annotations.models import AnnotationTag, Codebook, Tag, TagGroup
from annotations.surgery.exchange.actions import ADD, UPDATE, import_codebook, plan, seen_of, undo_import
from annotations.surgery.exchange.exporting import NAMESPACE, as_data, as_qdc
from annotations.surgery.exchange.reading import MOST_DEPTH, read
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid
from tests.support.teams import start_session
from tests.surgery.conftest import tags_on

Q = f"{{{NAMESPACE}}}"


def address(path: str) -> str:
    return f"https://example.org{path}"


def data_of(codebook: Codebook, **changes) -> bytes:
    return json.dumps(as_data(codebook) | changes).encode()


def test_json_makes_the_round_trip(client, codebook):
    response = client.get("/codebook/export.json")
    assert response["Content-Disposition"] == 'attachment; filename="critical-reading.json"'
    data = json.loads(response.content)
    assert data == as_data(codebook)
    wanted = read_codebook(data)
    assert [tag.name for tag in wanted.tags] == [tag["name"] for tag in data["tags"]]
    found = plan(codebook, read(response.content))
    assert (found.new, found.differing, found.only_here, found.notes) == ([], [], [], [])
    assert len(found.same) == 12


def test_json_makes_a_codebook_the_same_as_the_other(codebook, owner, article):
    other = start_session(owner, article).codebook
    Tag.objects.filter(codebook=other, name="loaded").update(
        definition="Other.", key="x", slot=2, proposes=other.tags.get(name="claim"), concept="attack"
    )
    Tag.objects.filter(codebook=other, name="attack").update(name="ad hominem", key="a")
    import_codebook(owner, other, read(data_of(codebook)), UPDATE)
    theirs, ours = as_data(other), as_data(codebook)
    by_name = {tag["name"]: tag for tag in theirs["tags"]}
    assert by_name.pop("ad hominem")["key"] == "a"  # only here, and with its key
    assert by_name["attack"].pop("key") == ""
    for tag in ours["tags"]:
        tag.pop("key") if tag["name"] == "attack" else None
    assert by_name == {tag["name"]: tag for tag in ours["tags"]}


def test_qdc_is_what_the_standard_says(client, codebook, tag):
    Tag.objects.filter(name="loaded").update(definition='Less < than & "quoted"', do="A do.", dont="", example="")
    response = client.get("/codebook/export.qdc")
    assert response["Content-Type"].startswith("application/xml")
    root = ElementTree.fromstring(response.content)
    assert (root.tag, root.attrib) == (f"{Q}CodeBook", {"origin": "OpsLens"})
    assert [child.tag for child in root] == [f"{Q}Codes"]
    codes = list(root.iter(f"{Q}Code"))
    for code in codes:
        assert set(code.attrib) <= {"guid", "name", "isCodable", "color"}
        assert {"guid", "name", "isCodable"} <= set(code.attrib)
        assert UUID(code.get("guid")).version == 5
        assert re.fullmatch(r"#[0-9A-F]{6}", code.get("color", "#000000"))
        kinds = [child.tag for child in code]
        assert kinds == sorted(kinds, key=lambda kind: kind == f"{Q}Code")  # the description comes first
        assert kinds.count(f"{Q}Description") <= 1
    assert len({code.get("guid") for code in codes}) == len(codes) == 15
    groups = root.findall(f"{Q}Codes/{Q}Code")
    assert [group.get("isCodable") for group in groups] == ["false"] * 3
    (loaded,) = [code for code in codes if code.get("name") == "loaded"]
    assert loaded.findtext(f"{Q}Description") == 'Less < than & "quoted"\nDo: A do.'
    Tag.objects.filter(name="loaded").update(name="charged")
    again = ElementTree.fromstring(client.get("/codebook/export.qdc").content)
    assert [code.get("guid") for code in again.iter(f"{Q}Code")] == [code.get("guid") for code in codes]


def test_qdc_makes_the_round_trip(codebook):
    found = plan(codebook, read(as_qdc(codebook, address).encode()))
    assert (found.new, found.differing, found.only_here, found.notes) == ([], [], [], [])
    assert len(found.same) == 12


def qdc(codes: str, head: str = "") -> bytes:
    book = f'<CodeBook xmlns="{NAMESPACE}" origin="x"><Codes>{codes}</Codes></CodeBook>'
    return f'<?xml version="1.0"?>{head}{book}'.encode()


def test_qdc_of_another_program(codebook, editor):
    incoming = read(
        qdc(
            '<Code guid="1" name="Sourcing" isCodable="true"><Description>Where from.</Description>'
            '<Code guid="2" name="hearsay" isCodable="true" color="#1f5fc0"><Code guid="3" name="rumour"/></Code>'
            "</Code>"
            f'<Code guid="4" name="loose"/><Code guid="5" name="{"long " * 20}"/><Code guid="6" name="LOOSE"/>'
        )
        .decode()
        .encode("utf-16")
    )
    assert [(tag.name, tag.group) for tag in incoming.codebook.tags[:4]] == [
        ("Sourcing", "sourcing"),
        ("hearsay", "sourcing"),
        ("rumour", "sourcing"),
        ("loose", "codes"),
    ]
    assert len(incoming.codebook.tags[4].name) <= 40
    assert [tag.slot for tag in incoming.codebook.tags][1] == 1
    assert len(incoming.notes) == 2
    import_codebook(editor, codebook, incoming, ADD)
    assert codebook.tags.get(name="hearsay").group.name == "Sourcing"
    assert codebook.tags.get(name="Sourcing").definition == "Where from."


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE x SYSTEM "file:///etc/passwd">'
HOSTILE = {
    "a bomb": qdc('<Code name="&c;"/>', BOMB),
    "an entity": qdc('<Code name="a"/>', OUTSIDE),
    "a doctype in small letters": qdc("", "<!doctype x>"),
    "an unknown entity": qdc('<Code name="&nope;"/>'),
    "too deep": qdc("<Code name='a'>" * (MOST_DEPTH + 5) + "</Code>" * (MOST_DEPTH + 5)),
    "very deep": b"<a>" * 200_000,
    "too many": qdc('<Code name="a"/>' * 600),
    "too large": qdc("<!-- " + "x" * 1_000_001 + " -->"),
    "broken": qdc("<Code"),
    "another root": b"<html><body/></html>",
    "another namespace": b'<CodeBook xmlns="urn:x"><Codes><Code name="a"/></Codes></CodeBook>',
    "no codes": qdc(""),
    "only groups": qdc('<Code name="g" isCodable="false"><Code name="" isCodable="true"/></Code>'),
    "latin 1": qdc('<Code name="é"/>').decode().encode("latin-1"),
    "half of utf-16": "\ufeff<a/>".encode("utf-16-le")[:-1],
    "a control character": qdc('<Code name="a\x01"/>'),
    "nothing": b"  \n",
    "neither": b"name,definition\n",
    "half of json": b'{"name": "a"',
    "deep json": b'{"a":' * 100_000,
    "a list": b"[]",
    "half a character": b'{"name": "\\ud800", "groups": [], "tags": [], "\\udfff": 1}',
    "a large number": b'{"name": "a", "x": ' + b"9" * 5000 + b"}",
    "wrong kinds": b'{"name": 1, "groups": "x", "tags": {"a": 1}}',
    "tags that are none": b'{"name": "a", "groups": [{"key": "g", "name": "G"}], "tags": [1, null, {"name": []}]}',
    "nul": b'{"name": "a\\u0000", "groups": [{"key": "g", "name": "G"}], "tags": [{"name": "b\\u0000", "group": "g"}]}',
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused(client, codebook, editor, what):
    with pytest.raises(Invalid):
        read(HOSTILE[what])
    client.force_login(editor)
    before = Event.objects.count(), Tag.objects.count()
    response = client.post("/codebook/import/", {"file": SimpleUploadedFile("x.qdc", HOSTILE[what])})
    assert response.status_code == 422
    assert b"field-error" in response.content
    assert (Event.objects.count(), Tag.objects.count()) == before


def test_what_can_be_previewed_can_be_sent_back(codebook):
    with pytest.raises(Invalid, match="as UTF-8"):
        read(("\ufeff{" + "物" * 400_000).encode("utf-16-le"))


def test_what_does_not_fit_is_made_to_fit(codebook):
    data = {
        "name": "x",
        "groups": [{"key": "free", "name": "Free"}],
        "tags": [
            {"name": "n" * 50, "group": "free", "slot": 99, "key": "n"},
            {"name": "one", "group": "free", "key": "z"},
            {"name": "two", "group": "free", "key": "Z", "slot": "red"},
        ],
    }
    incoming = read(json.dumps(data).encode())
    assert [(len(tag.name), tag.slot, tag.key) for tag in incoming.codebook.tags] == [
        (40, 1, ""),
        (3, 2, "z"),
        (3, 3, ""),
    ]
    assert len(incoming.notes) == 5


def test_a_key_that_is_taken_is_lost_and_says_so(codebook, editor, tag):
    data = as_data(codebook)
    data["tags"] = [data["tags"][0] | {"name": "assertion"}, *data["tags"][1:2]]
    incoming = read(json.dumps(data).encode())
    found, changed = import_codebook(editor, codebook, incoming, ADD)
    assert changed
    assert found.notes == ["“claim” has the key c here: “assertion” gets none."]
    assert codebook.tags.get(name="assertion").key == ""
    assert [line.data.name for line in found.new] == ["assertion"]
    assert len(found.only_here) == 11


def test_an_import_adds_updates_and_is_undone(codebook, editor, annotator, make, tag):
    marks = make(annotator, "loaded evidence", "attack")
    Tag.objects.filter(name="attack").update(retired_at=marks[0].created_at)
    before = {tag.name: tag for tag in codebook.tags.all()}
    data = as_data(codebook)
    for one in data["tags"]:
        if one["name"] == "loaded":
            one |= {"definition": "Changed.", "key": "x", "proposes": "claim", "slot": 3}
    template = data["tags"][-1]
    data["groups"].append({"key": "tone", "name": "Tone", "exclusive": True, "hint": ""})
    data["tags"] += [
        template | {"name": "irony", "key": "i", "group": "tone"},
        template | {"name": "attack", "key": "a"},
    ]
    incoming = read(json.dumps(data).encode())
    found = plan(codebook, incoming)
    assert [line.data.name for line in found.new] == ["irony", "attack"]
    (line,) = found.differing
    assert {one.what: (one.now, one.then, one.looks) for one in line.shown} == {
        "key": ("l", "x", None),
        "look": ("pink, thick dots", "grey, dotted", (8, 3)),
        "definition": (before["loaded"].definition, "Changed.", None),
        "proposes": ("(empty)", "claim", None),
    }
    events = Event.objects.count()
    assert import_codebook(editor, codebook, incoming, UPDATE, key="k" * 10)[1]
    assert import_codebook(editor, codebook, incoming, UPDATE, key="k" * 10)[1] is False
    assert import_codebook(editor, codebook, incoming, UPDATE)[1] is False
    assert Event.objects.count() == events + 1
    event = Event.objects.order_by("pk").last()
    assert (event.verb, [tag["name"] for tag in event.after["added"]]) == ("codebook-imported", ["irony", "attack"])
    assert (tag("loaded").definition, tag("loaded").key, tag("loaded").proposes) == ("Changed.", "x", tag("claim"))
    assert (tag("irony").group.name, tag("attack").retired_at) == ("Tone", None)
    Tag.objects.filter(name="irony").update(name="sarcasm")
    said, changed = undo_import(editor, codebook, event.number)
    assert (said, changed) == (["Changed since then, and left as it is: “sarcasm”."], True)
    for name in ("loaded", "attack"):
        for field in ("key", "definition", "proposes_id", "retired_at", "group_id", "slot", "position"):
            assert getattr(tag(name), field) == getattr(before[name], field), (name, field)
    assert tags_on(marks) == [{"loaded", "evidence"}, {"attack"}]
    assert undo_import(editor, codebook, event.number) == ([], False)


def test_an_import_never_breaks_an_exclusive_group(codebook, editor, annotator, make, tag):
    marks = make(annotator, "loaded claim")
    data = as_data(codebook)
    for one in data["tags"]:
        if one["name"] == "loaded":
            one |= {"group": "type", "definition": "Moved."}
    found, _ = import_codebook(editor, codebook, read(json.dumps(data).encode()), UPDATE)
    assert "“loaded” stays in “Free”" in found.notes[0]
    assert (tag("loaded").group.key, tag("loaded").definition) == ("free", "Moved.")
    assert tags_on(marks) == [{"loaded", "claim"}]


def test_tags_that_move_together_never_break_an_exclusive_group(codebook, editor, annotator, make, tag):
    make(annotator, "loaded evidence", "attack overreach", "fear-appeal missing-context")
    Tag.objects.filter(name="attack").update(retired_at=timezone.now())
    data = as_data(codebook)
    data["groups"].append({"key": "tone", "name": "Tone", "exclusive": True})
    for one in data["tags"]:
        if one["name"] in ("loaded", "evidence", "overreach"):
            one["group"] = "tone"
        if one["name"] in ("fear-appeal", "missing-context"):
            one |= {"group": "type", "proposes": ""}
    data["tags"].append(data["tags"][0] | {"name": "attack", "key": "", "group": "tone"})
    found, _ = import_codebook(editor, codebook, read(json.dumps(data).encode()), UPDATE)
    homes = {name: tag(name).group.name for name in ("attack", "overreach", "loaded", "evidence")}
    assert homes["attack"] == "Tone"  # it comes first, since it is the one that makes the group
    assert homes["overreach"] == "Free"
    assert sorted([homes["loaded"], homes["evidence"]]) == ["Free", "Tone"]
    assert sorted(tag(name).group.name for name in ("fear-appeal", "missing-context")) == ["Free", "Type"]
    assert len([note for note in found.notes if "which allows one" in note]) == 3
    groups = {one.tag.name: one.exclusive_group for one in AnnotationTag.objects.select_related("tag")}
    assert [groups[name] for name in ("attack", "overreach")] == [tag("attack").group, None]


def test_a_mark_that_is_faster_is_no_error(codebook, editor, annotator, make, tag, monkeypatch):
    from annotations.surgery.exchange import actions

    make(annotator, "loaded claim")
    monkeypatch.setattr(actions, "_would_clash", lambda *_: False)  # it came after that was asked
    data = as_data(codebook)
    next(one for one in data["tags"] if one["name"] == "loaded")["group"] = "type"
    with pytest.raises(Conflict, match="Nothing was imported"):
        import_codebook(editor, codebook, read(json.dumps(data).encode()), UPDATE)
    assert tag("loaded").group.key == "free"


def test_no_two_tags_get_the_same_key(codebook, editor, tag):
    Tag.objects.filter(name="attack").update(retired_at=timezone.now())
    data = {"name": "x", "groups": [{"key": "free", "name": "Free"}]}
    data["tags"] = [
        {"name": "loaded", "group": "free", "key": "a"},
        {"name": "irony", "group": "free", "key": "i"},
        {"name": "attack", "group": "free"},
    ]
    found, _ = import_codebook(editor, codebook, read(json.dumps(data).encode()), UPDATE)
    assert [tag(name).key for name in ("loaded", "irony", "attack")] == ["l", "i", "a"]
    assert found.notes == ["“attack” gets the key a: “loaded” keeps its key l."]


def test_groups_of_other_programs_are_known_by_their_names(codebook, editor, tag):
    def group(name: str, *tags: str) -> str:
        inside = "".join(f'<Code guid="2" name="{one}" isCodable="true"/>' for one in tags)
        return f'<Code guid="1" name="{name}" isCodable="false">{inside}</Code>'

    TagGroup.objects.filter(codebook=codebook, key="type").update(key="group")
    long = "long " * 20
    codes = [group("Free", "irony"), group("free", "sarcasm"), group("物", "a one"), group("語", "an other")]
    codes += [group("Free!", "new"), group(f"{long}1", "first"), group(f"{long}2", "second")]
    incoming = read(qdc("".join(codes)))
    found, _ = import_codebook(editor, codebook, incoming, ADD)
    assert [tag(name).group.name for name in ("irony", "sarcasm", "a one", "an other", "new")] == [
        *("Free", "Free", "物", "語", "Free!")
    ]
    assert tag("first").group == tag("second").group
    assert len(found.groups) == 4
    assert plan(codebook, incoming).differing == []


def test_a_tag_moves_into_a_group_that_the_file_makes(codebook, editor, tag):
    data = as_data(codebook)
    data["groups"].append({"key": "tone", "name": "Tone"})
    (loaded,) = [one for one in data["tags"] if one["name"] == "loaded"]
    loaded |= {"group": "tone", "concept": ""}
    before = plan(codebook, read(json.dumps(data).encode()))
    assert before.notes == ["There is no group “Tone” here: “loaded” stays in its group."]
    data["tags"].append(loaded | {"name": "irony", "key": "i"})
    found, _ = import_codebook(editor, codebook, read(json.dumps(data).encode()), UPDATE)
    assert [(one.what, one.now, one.then) for one in found.differing[0].shown] == [
        ("group", "Free", "Tone"),
        ("counts as", "loaded", "nothing in particular"),
    ]
    assert found.notes == []
    assert tag("loaded").group == tag("irony").group


def test_a_retired_tag_comes_back_as_the_preview_says(client, codebook, editor, tag):
    Tag.objects.filter(name="attack").update(retired_at=timezone.now(), is_on=False)
    client.force_login(editor)
    codes = (
        '<Code guid="1" name="Free" isCodable="false"><Code guid="2" name="ATTACK"><Description>Other.</Description>'
        "</Code></Code>"
    )
    page = client.post("/codebook/import/", {"text": qdc(codes).decode()}).content.decode()
    assert "retired here; comes back<" in page
    said = re.findall(r'<li dir="auto">([^<]+)</li>', page)
    assert ["name: attack → ATTACK" in said, any(one.endswith("→ Other.") for one in said)] == [True, True]
    assert not [one for one in said if one.startswith(("key", "look", "group", "offered"))]
    import_codebook(editor, codebook, read(qdc(codes)), ADD)
    back = tag("ATTACK")
    assert (back.key, back.definition, back.retired_at, back.is_on) == ("a", "Other.", None, False)
    # Without its key where another tag has that by now.
    Tag.objects.filter(pk=back.pk).update(retired_at=timezone.now())
    Tag.objects.filter(name="loaded").update(key="a")
    found, _ = import_codebook(editor, codebook, read(qdc(codes)), ADD)
    assert found.notes == ["“loaded” has the key a here: “ATTACK” gets none."]
    assert tag("ATTACK").key == ""


def test_what_a_file_says_nothing_about_stays(codebook, editor, tag):
    before = as_data(codebook)["tags"]
    data = {"name": "x", "groups": [{"key": "free", "name": "Free"}]}
    data["tags"] = [{"name": "Loaded", "group": "free", "definition": "Other."}]
    found, _ = import_codebook(editor, codebook, read(json.dumps(data).encode()), UPDATE)
    assert [name for name, _, _ in found.differing[0].changes] == ["name", "definition"]
    (loaded,) = [one for one in before if one["name"] == "loaded"]
    loaded |= {"name": "Loaded", "definition": "Other."}
    assert as_data(codebook)["tags"] == before


def test_only_editors_import(codebook, outsider, editor, client):
    with pytest.raises(Denied):
        import_codebook(outsider, codebook, read(data_of(codebook)), ADD)
    client.force_login(outsider)
    assert client.get("/codebook/import/").status_code == 403


def test_the_pages_of_an_import(client, codebook, editor, tag):
    client.force_login(editor)
    data = as_data(codebook)
    data["tags"][0] |= {"definition": "</textarea><b>New</b>"}
    data["tags"].append(data["tags"][-1] | {"name": "irony", "key": ""})
    page = client.post("/codebook/import/", {"text": json.dumps(data)})
    html = page.content.decode()
    assert page.status_code == 200
    assert ["New (1)" in html, "Different (1)" in html, "<b>New</b>" in html] == [True, True, False]
    sent = {name: re.search(rf'name="{name}" value="([^"]*)"', html)[1] for name in ("key", "seen", "confirmed")}
    sent |= {"text": json.dumps(data), "mode": "update"}
    assert re.search(r'<form class="form" method="post" enctype="multipart/form-data"[^>]*>.*name="seen"', html)
    assert client.post("/codebook/import/", sent | {"seen": "other"}).status_code == 409
    done = client.post("/codebook/import/", sent, follow=True)
    assert done.redirect_chain == [("/codebook/changes/", 302)]
    assert "Added: irony." in done.content.decode()
    again = client.post("/codebook/import/", sent, follow=True)
    assert again.redirect_chain == [("/codebook/changes/", 302)]
    assert Event.objects.filter(verb="codebook-imported").count() == 1
    undo = re.search(r'action="(/codebook/imports/\d+/undo/)"', done.content.decode())[1]
    assert client.post(undo).status_code == 302
    assert (tag("irony").retired_at is None, tag("claim").definition[:1]) == (False, "S")
    # What was previewed is what is done, also when somebody changes the codebook at the last moment.
    found = plan(codebook, read(sent["text"].encode()))
    Tag.objects.filter(name="loaded").update(definition="Meanwhile.")
    with pytest.raises(Conflict) as refused:
        import_codebook(editor, codebook, read(sent["text"].encode()), UPDATE, seen=seen_of(found))
    assert len(refused.value.current.differing) == 2
    assert tag("irony").retired_at is not None


def test_tags_that_differ_and_are_left_are_not_passed_over_in_silence(client, codebook, editor, tag):
    client.force_login(editor)
    data = as_data(codebook)
    data["tags"][0]["definition"] = "Other."
    sent = {"text": json.dumps(data), "mode": "add", "confirmed": "yes"}
    for more, said in (([], "Every tag of the file is here already"), ([{"name": "irony"}], "Imported: 1 added")):
        data["tags"] += [data["tags"][-1] | {"key": ""} | one for one in more]
        sent["text"] = json.dumps(data)
        sent["seen"] = seen_of(plan(codebook, read(sent["text"].encode())))
        done = client.post("/codebook/import/", sent, follow=True).content.decode()
        assert said in done
        assert "1 tag that is different in the file stays as now; to change it, import the file again with" in done
    assert tag("claim").definition != "Other."


def test_a_session_codebook_goes_out_to_its_members(client, codebook, owner, outsider, article):
    book = start_session(owner, article).codebook
    paths = [f"{book.get_absolute_url()}{name}" for name in ("export.json", "export.qdc", "import/", "changes/")]
    client.force_login(outsider)
    assert [client.get(path).status_code for path in paths] == [404] * 4
    client.force_login(owner)
    assert [client.get(path).status_code for path in paths] == [200] * 4
