"""From bytes to a codebook that could be imported. The format is found by its content.

XML comes from anybody: a document type, with which entities begin, is refused before anything is parsed, and so is
what is too large, too deep or in another encoding than it can be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from annotations.codebook.schema import CodebookData, read_codebook
from annotations.codebook.words import LOOKS, is_key, plain, same
from annotations.models.codebook import SLOTS
from annotations.surgery.exchange.exporting import COLOURS, LABELS, NAMESPACE
from opslens.web.refusals import Invalid

MOST_BYTES = 1_000_000
MOST_TAGS, MOST_GROUPS, MOST_DEPTH, MOST_ERRORS = 500, 60, 30, 8
NAME, TEXT, GROUP_NAME, HINT = 40, 400, 80, 280
_DOCTYPE = re.compile(r"<!\s*(doctype|entity)", re.IGNORECASE)
_SLUG = re.compile(r"[^a-z0-9]+")
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

JSON_FIELDS = ("name", "key", "group", "slot", "definition", "example", "do", "dont", "note_required", "proposes")
JSON_FIELDS += ("is_on", "concept")
_IN_JSON = {"is_on": "enabled"}
QDC_FIELDS = ("name", "group", "slot", "definition", "example", "do", "dont")


@dataclass(frozen=True)
class Incoming:
    """A codebook from a file. `fields`: those of `TagData` that the format has anything to say about. `notes`: what had
    to be changed to make it fit, in sentences. `silent`: by `same(name)` of a tag, those of `fields` about which the
    file says nothing for it. `makes_keys`: the keys of its groups are made up, since the format has none."""

    format: str
    codebook: CodebookData
    fields: tuple[str, ...]
    notes: tuple[str, ...]
    silent: Mapping[str, frozenset[str]] = field(default_factory=dict)
    makes_keys: bool = False


def read(data: bytes) -> Incoming:
    """Raises Invalid with a sentence for people."""
    if len(data) > MOST_BYTES:
        raise Invalid(f"A codebook file has at most {MOST_BYTES:,} bytes; this one has {len(data):,}.")
    text = _decode(data).strip()
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:  # as the preview sends it back
        raise Invalid(f"A codebook file has at most {MOST_BYTES:,} bytes as UTF-8.")
    if not text:
        raise Invalid("There is nothing in it. Choose a file, or paste its contents.")
    if text[0] == "{":
        return _read_json(text)
    if text[0] == "<":
        return _read_qdc(text)
    raise Invalid("This is neither JSON nor a REFI-QDA codebook (.qdc).")


def _decode(data: bytes) -> str:
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), "utf-8")
    try:
        return data.decode(encoding).lstrip("\ufeff")
    except UnicodeError:
        raise Invalid("This file is not in UTF-8 or UTF-16. Save it as UTF-8 and try again.") from None


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


class _Fitting:
    """Makes names and looks fit, and notes what it did."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.names: set[str] = set()
        self.keys: set[str] = set()
        self.used: dict[int, int] = dict.fromkeys(SLOTS, 0)
        self.silent: dict[str, set[str]] = {}

    def said_nothing(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(fields) for name, fields in self.silent.items()}

    def name(self, name: str) -> str:
        short = _cut(name, NAME)
        if short != name:
            self.notes.append(f"“{_cut(name, 60)}” is longer than {NAME} characters: it becomes “{short}”.")
        return short

    def key(self, key: str, name: str) -> str:
        key = key.lower()
        if key and (not is_key(key) or key in self.keys):
            self.notes.append(f"The key {key[:3]} of “{name}” cannot be used or is taken in the file: it gets none.")
            return ""
        self.keys.add(key)
        return key

    def slot(self, slot: Any, name: str) -> int:
        if isinstance(slot, bool) or not isinstance(slot, int) or slot not in SLOTS:
            self.silent.setdefault(same(name), set()).add("slot")
            slot = min(SLOTS, key=lambda one: (self.used[one], one))
        self.used[slot] += 1
        return slot


def _read_json(text: str) -> Incoming:
    try:
        data = json.loads(text)
        json.dumps(data, ensure_ascii=False).encode()  # halves of characters could not be shown
    except (ValueError, RecursionError):
        raise Invalid("This is not JSON that can be read to its end.") from None
    fitting = _Fitting()
    tags = data.get("tags")
    if isinstance(tags, list):
        _check_size(len(tags), len(data["groups"]) if isinstance(data.get("groups"), list) else 0)
        data = {**data, "tags": [_fit(tag, fitting) if isinstance(tag, dict) else tag for tag in tags]}
    return Incoming("JSON", _checked(data), JSON_FIELDS, tuple(fitting.notes), fitting.said_nothing())


def _checked(data: Any) -> CodebookData:
    try:
        return read_codebook(data)
    except Invalid as invalid:
        errors = list(invalid.errors.items())
        said = "; ".join(f"{at[:80]} {what[:120]}" for at, what in errors[:MOST_ERRORS])
        more = f"; and {len(errors) - MOST_ERRORS} more" if len(errors) > MOST_ERRORS else ""
        raise Invalid(f"This is not a codebook: {said}{more}.") from None


def _fit(tag: dict[str, Any], fitting: _Fitting) -> dict[str, Any]:
    """One tag of a JSON file with a name, key and look that can be. What else is wrong with it is for the schema."""
    fitted = dict(tag)
    if isinstance(tag.get("name"), str):
        fitted["name"] = fitting.name(" ".join(tag["name"].split()))
    if isinstance(tag.get("key"), str):
        fitted["key"] = fitting.key(tag["key"].strip(), fitted.get("name", ""))
    slot = tag.get("slot")
    fitted["slot"] = fitting.slot(slot, str(fitted.get("name", "")))
    if "slot" in tag and fitted["slot"] != slot:
        fitting.notes.append(
            f"“{fitted.get('name', '')}” asks for a look that there is not: it gets “{LOOKS[fitted['slot']]}”."
        )
    absent = {name for name in JSON_FIELDS if _IN_JSON.get(name, name) not in tag}
    fitting.silent.setdefault(same(str(fitted.get("name", ""))), set()).update(absent)
    if isinstance(tag.get("proposes"), str):
        fitted["proposes"] = _cut(" ".join(tag["proposes"].split()), NAME)
    return fitted


def _check_size(tags: int, groups: int) -> None:
    if tags > MOST_TAGS or groups > MOST_GROUPS:
        raise Invalid(f"A codebook has at most {MOST_TAGS} tags in {MOST_GROUPS} groups. Nothing was imported.")


@dataclass
class _Code:
    name: str
    is_codable: bool
    colour: str
    description: str = ""
    codes: list[_Code] = field(default_factory=list)


class _Builder:
    """Takes codes from the parser's events. Raises Invalid for what no codebook has."""

    def __init__(self) -> None:
        self.top: list[_Code] = []
        self.open: list[_Code] = []
        self.path: list[str] = []
        self.text: list[str] | None = None
        self.count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        if len(self.path) > MOST_DEPTH:
            raise Invalid(f"Codes are nested more than {MOST_DEPTH} levels deep. Nothing was imported.")
        if len(self.path) == 1 and name != f"{NAMESPACE} CodeBook":
            raise Invalid("This is XML, but not a REFI-QDA codebook: it does not begin with CodeBook.")
        local = name.rpartition(" ")[2]
        if local == "Code" and "Codes" in (part.rpartition(" ")[2] for part in self.path):
            self.count += 1
            _check_size(self.count, 0)
            code = _Code(
                _one_line(attributes.get("name", "")),
                attributes.get("isCodable", "true").strip() not in ("false", "0"),
                attributes.get("color", ""),
            )
            (self.open[-1].codes if self.open else self.top).append(code)
            self.open.append(code)
        elif local == "Description" and self.open:
            self.text = []

    def end(self, name: str) -> None:
        self.path.pop()
        local = name.rpartition(" ")[2]
        if local == "Code" and self.open:
            self.open.pop()
        elif local == "Description" and self.text is not None:
            if self.open:
                self.open[-1].description = "".join(self.text)
            self.text = None

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)


def _refuse_doctype(*_: object) -> None:
    raise Invalid("This XML declares a document type or entities. Such files are not read. Nothing was imported.")


def _read_qdc(text: str) -> Incoming:
    if _DOCTYPE.search(text):
        _refuse_doctype()
    builder = _Builder()
    parser = expat.ParserCreate("utf-8", " ")
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = _refuse_doctype
    try:
        parser.Parse(text.encode("utf-8", "strict"), True)
    except expat.ExpatError as error:
        raise Invalid(f"This XML is broken in line {error.lineno}. Nothing was imported.") from None
    except UnicodeError:
        raise Invalid("This file holds characters that cannot be. Nothing was imported.") from None
    if not builder.top:
        raise Invalid("There are no codes in this codebook.")
    return _from_codes(builder.top)


def _one_line(text: str) -> str:
    """`text` without what cannot be seen: other programs let that in."""
    try:
        return plain(text)
    except Invalid:
        return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _from_codes(top: list[_Code]) -> Incoming:
    fitting = _Fitting()
    groups: list[dict[str, Any]] = []
    tags: list[dict[str, Any]] = []
    keys: dict[str, str] = {}  # by name of a group

    def group_for(name: str, hint: str) -> str:
        name = _cut(name, GROUP_NAME) or "Codes"
        if same(name) in keys:
            return keys[same(name)]
        key = base = (_SLUG.sub("-", same(name)).strip("-") or "group")[:30]
        number = 1
        while key in keys.values():
            number += 1
            key = f"{base}-{number}"
        keys[same(name)] = key
        groups.append({"key": key, "name": name, "hint": _cut(hint, HINT)})
        return key

    def add(code: _Code, group: str) -> None:
        name = fitting.name(code.name)
        if not name:
            fitting.notes.append("A code without a name is left out.")
            return
        if same(name) in fitting.names:
            fitting.notes.append(f"“{name}” is there more than once: the later one is left out.")
            return
        fitting.names.add(same(name))
        parts = _parts(code.description)
        for part, words in parts.items():
            if len(words) > TEXT:
                fitting.notes.append(f"The {part} of “{name}” is cut at {TEXT} characters.")
        tags.append(
            {
                "name": name,
                "group": group,
                "slot": fitting.slot(_nearest(code.colour), name),
                "concept": "",
                **{part: _cut(words, TEXT) for part, words in parts.items()},
            }
        )

    loose = ""
    for code in top:
        if not code.codes and code.is_codable:
            loose = loose or group_for("Codes", "")
            add(code, loose)
            continue
        group = group_for(code.name, _one_line(code.description))
        if code.is_codable:
            add(code, group)
        for inner in _within(code):
            if inner.is_codable or not inner.codes:
                add(inner, group)
    _check_size(len(tags), len(groups))
    if not tags:
        raise Invalid("There are no codes in this codebook that a mark could carry.")
    data = {"name": "Imported", "description": "", "groups": groups, "tags": tags}
    notes, silent = tuple(fitting.notes), fitting.said_nothing()
    return Incoming("REFI-QDA", _checked(data), QDC_FIELDS, notes, silent, makes_keys=True)


def _within(code: _Code) -> Iterator[_Code]:
    for inner in code.codes:
        yield inner
        yield from _within(inner)


def _parts(description: str) -> dict[str, str]:
    """A description as definition, example, do and don't: `LABELS`."""
    parts = {"definition": [], **{name: [] for name in LABELS}}
    now = "definition"
    for line in description.splitlines():
        for name, label in LABELS.items():
            if line.startswith(f"{label}: "):
                now, line = name, line[len(label) + 2 :]
                break
        parts[now].append(line)
    return {name: _one_line(" ".join(lines)) for name, lines in parts.items()}


def _nearest(colour: str) -> int | None:
    """The look whose colour is nearest; None without a colour."""
    rgb = _rgb(colour)
    if rgb is None:
        return None
    return min(COLOURS, key=lambda slot: sum((a - b) ** 2 for a, b in zip(rgb, _rgb(COLOURS[slot]) or (), strict=True)))


def _rgb(colour: str) -> tuple[int, int, int] | None:
    found = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", colour.strip())
    return (int(found[1], 16), int(found[2], 16), int(found[3], 16)) if found else None
