"""Deriving a stored revision again from its clean HTML, and saying in words what differs."""

from opslens.text.blocks import Block, Document
from opslens.text.canonical import digest, read_html
from opslens.text.sanitize import Refused, sanitize

# After so many, one more line about blocks says nothing new.
MOST_BLOCKS_REPORTED = 20
_CONTEXT = 20


def differences(clean_html: str, language: str, document: Document, *, stored_digest: str | None = None) -> list[str]:
    """Return one line for each thing about ``document`` that does not follow from ``clean_html``; [] when all does.

    Checked are: that sanitising the HTML changes nothing, the digest (of the stored text, when
    ``stored_digest`` is given), the canonical text, the language, and each block with its place, kind, path,
    inline formatting and sentences; and that the block table survives being written and read.
    """
    found: list[str] = []
    try:
        # The size was judged at import, when the HTML was longer or shorter than it is now.
        size = len(clean_html.encode("utf-8", "surrogatepass"))
        if sanitize(clean_html, most_bytes=size) != clean_html:
            found.append("Sanitising the stored HTML again changes it.")
    except Refused as refused:
        found.append(f"The stored HTML is now refused by the sanitiser: {refused.message}")
    derived = read_html(clean_html, language)
    if stored_digest is not None and stored_digest != digest(document.text):
        found.append("The digest is not that of the stored text.")
    if document.language != language:
        found.append(f"The language is {document.language!r} and should be {language!r}.")
    if document.text != derived.text:
        found.append(_where_texts_differ(document.text, derived.text))
    if len(document.blocks) != len(derived.blocks):
        found.append(f"There are {len(document.blocks)} blocks and there should be {len(derived.blocks)}.")
    reported = 0
    for stored, expected in zip(document.blocks, derived.blocks, strict=False):
        if stored == expected:
            continue
        if reported == MOST_BLOCKS_REPORTED:
            found.append("Further blocks differ.")
            break
        found.extend(_how_blocks_differ(stored, expected))
        reported += 1
    if not _table_survives(document):
        found.append("The block table does not survive being written and read.")
    return found


def _table_survives(document: Document) -> bool:
    try:
        return Document.from_json(document.to_json(), text=document.text, language=document.language) == document
    except ValueError:
        return False


def _where_texts_differ(stored: str, expected: str) -> str:
    shorter = min(len(stored), len(expected))
    at = next((i for i in range(shorter) if stored[i] != expected[i]), shorter)
    return (
        f"The text differs from character {at} on: {stored[at : at + _CONTEXT]!r} is stored, "
        f"{expected[at : at + _CONTEXT]!r} is in the HTML."
    )


def _how_blocks_differ(stored: Block, expected: Block) -> list[str]:
    name = f"Block {stored.ordinal}"
    parts = (
        ("number", stored.ordinal, expected.ordinal),
        ("kind", stored.kind, expected.kind),
        ("range", (stored.start, stored.end), (expected.start, expected.end)),
        ("path", stored.path, expected.path),
        ("inline formatting", stored.inlines, expected.inlines),
        ("sentences", stored.sentences, expected.sentences),
    )
    return [f"{name}: {part} is {was!r} and should be {now!r}." for part, was, now in parts if was != now]
