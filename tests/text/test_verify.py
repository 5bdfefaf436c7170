"""verify: a sound revision has no differences, and each kind of damage is named."""

from dataclasses import replace

import pytest

from opslens.text.blocks import Document
from opslens.text.canonical import digest, read_html
from opslens.text.sanitize import sanitize
from opslens.text.verify import MOST_BLOCKS_REPORTED, differences

CLEAN = sanitize(
    "<h2>Head</h2><p>One <em>two</em>. Three!</p><ul><li>four</li></ul>"
    '<table><tr><td>5</td><td></td></tr></table><p><a href="https://x.example/">six</a></p>'
)
SOUND = read_html(CLEAN, "en")


def changed(ordinal: int, **fields) -> Document:
    blocks = list(SOUND.blocks)
    blocks[ordinal] = replace(blocks[ordinal], **fields)
    return Document(text=SOUND.text, blocks=tuple(blocks), language="en")


def test_a_sound_revision_has_no_differences():
    assert differences(CLEAN, "en", SOUND) == []
    assert differences(CLEAN, "en", SOUND, stored_digest=digest(SOUND.text)) == []


def test_a_revision_read_back_from_its_table_has_no_differences():
    stored = Document.from_json(SOUND.to_json(), text=SOUND.text, language="en")
    assert differences(CLEAN, "en", stored) == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (changed(0, kind="h3"), "Block 0: kind is 'h3' and should be 'h2'."),
        (changed(1, inlines=()), "Block 1: inline formatting is ()"),
        (changed(1, sentences=()), "Block 1: sentences is ()"),
        (changed(2, path=()), "Block 2: path is () and should be ('ul:1',)."),
        (changed(1, end=9), "Block 1: range is (5, 9)"),
    ],
)
def test_a_damaged_block_is_named(document, words):
    (line,) = differences(CLEAN, "en", document)
    assert line.startswith(words)


def test_a_changed_text_is_shown_where_it_differs():
    text = SOUND.text.replace("Three", "Tree")
    found = differences(
        CLEAN, "en", Document(text=text, blocks=SOUND.blocks, language="en"), stored_digest=digest(SOUND.text)
    )
    assert "The digest is not that of the stored text." in found
    assert any(
        line.startswith(f"The text differs from character {SOUND.text.index('Three') + 1} on: 'ree!") for line in found
    )


def test_a_missing_block_is_counted():
    found = differences(CLEAN, "en", Document(text=SOUND.text, blocks=SOUND.blocks[:-1], language="en"))
    assert f"There are {len(SOUND.blocks) - 1} blocks and there should be {len(SOUND.blocks)}." in found


def test_another_language_is_said():
    assert "The language is 'en' and should be 'de'." in differences(CLEAN, "de", SOUND)


def test_html_that_was_changed_after_the_gate_is_found():
    assert "Sanitising the stored HTML again changes it." in differences(f"{CLEAN}<p onclick=x>seven</p>", "en", SOUND)
    assert any("refused by the sanitiser" in line for line in differences("<script>x</script>", "en", SOUND))


def test_a_revision_that_is_wrong_everywhere_is_reported_briefly():
    clean = "<p>a</p>" * 100
    document = read_html(clean, "en")
    wrong = Document(text=document.text, blocks=tuple(replace(b, kind="h2") for b in document.blocks), language="en")
    found = differences(clean, "en", wrong)
    assert len(found) == MOST_BLOCKS_REPORTED + 1
    assert found[-1] == "Further blocks differ."
