from __future__ import annotations

import codecs
import random

import pytest

from opslens.articles.loaders import Unreadable, decode, format_of

# In the encodings that people still meet; all sentences are made up.
SAMPLES = {
    "cp1252": "The council’s report – “nobody asked us” – costs £6.2 million, said the naïve owner of the café.",
    "cp1250": "Rada miasta postanowiła we wtorek wieczorem rozebrać most i zbudować nową przeprawę.",
    "cp1251": "Городской совет во вторник вечером решил снести мост и построить новый.",
    "koi8_r": "Городской совет во вторник вечером решил снести мост и построить новый.",
    "cp1253": "Το δημοτικό συμβούλιο αποφάσισε την Τρίτη να κατεδαφίσει τη γέφυρα και να χτίσει μια νέα.",
    "cp1255": "מועצת העיר החליטה ביום שלישי בערב להרוס את הגשר ולבנות גשר חדש במעלה הנהר.",
    "cp1256": "قرر مجلس المدينة مساء الثلاثاء هدم الجسر وبناء جسر جديد. وتقدر الكلفة بستة ملايين.",
    "shift_jis": "市議会は火曜日の夜、古い橋を取り壊し、新しい橋を建設することを決めた。費用は六億円だ。",
    "euc_jp": "市議会は火曜日の夜、古い橋を取り壊し、新しい橋を建設することを決めた。費用は六億円だ。",
    "gb18030": "市议会星期二晚上决定拆除旧桥，在上游四十米处修建新桥，估计费用为六百二十万英镑。",
    "big5": "市議會星期二晚上決定拆除舊橋，在上游四十米處修建新橋，估計費用為六百二十萬英鎊。",
    "euc_kr": "시의회는 화요일 저녁에 다리를 철거하고 새 다리를 짓기로 결정했다. 비용은 육백만 파운드로 추산된다.",
}


@pytest.mark.parametrize(("encoding", "text"), SAMPLES.items(), ids=SAMPLES)
def test_legacy_encodings_are_recognised_and_named_as_guesses(encoding, text):
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.guessed


def test_utf_8_comes_first_and_is_no_guess():
    decoded = decode("naïve café".encode())
    assert (decoded.text, decoded.encoding, decoded.guessed) == ("naïve café", "utf-8", False)


@pytest.mark.parametrize(
    ("mark", "encoding", "named"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    ],
)
def test_byte_order_marks_decide_and_are_no_part_of_the_text(mark, encoding, named):
    decoded = decode(mark + "naïve 😀".encode(encoding))
    assert (decoded.text, decoded.encoding) == ("naïve 😀", named)


def test_what_html_says_of_itself_counts_before_a_guess():
    html = "<html><head><meta charset='windows-1257'></head><p>Šiaurė ąžuolas"
    decoded = decode(html.encode("cp1257"))
    assert (decoded.text, decoded.encoding, decoded.guessed) == (html, "cp1257", False)


def test_a_wrong_or_unknown_name_in_html_does_no_harm():
    for name in ("utf-16", "no-such-encoding", "ascii\x00"):
        html = f"<meta charset='{name}'><p>{SAMPLES['cp1252']}"
        assert decode(html.encode("cp1252")).text == html


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7 text", "a PDF document"),
        (b"PK\x03\x04rest", "a ZIP archive or an office document"),
        (b"\x1f\x8b\x08rest", "a gzip archive"),
        (b"\x89PNG\r\n\x1a\nrest", "a picture"),
        (b"\x00\x00\x00\x18ftypmp42", "a film or picture"),
        (b"h\x00e\x00l\x00l\x00o\x00", "UTF-16 without a byte order mark"),
        (bytes(range(32)) * 10, "not a text file"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a", "not valid UTF-16"),
        (codecs.BOM_UTF8 + b"\xff\xff", "not valid UTF-8"),
        (codecs.BOM_UTF16_LE + b"a\x00\x00\x00" * 10, "full of NUL"),
    ],
)
def test_what_is_no_text_is_refused_by_name(data, says):
    with pytest.raises(Unreadable, match=says):
        decode(data)


def test_garbage_is_refused():
    with pytest.raises(Unreadable):
        decode(random.Random(3).randbytes(5000))


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("a.txt", "<p>x</p>", "text"),
        ("a.MD", "x", "markdown"),
        ("a.htm", "x", "html"),
        ("a", "<!DOCTYPE html><p>x", "html"),
        ("", "  <p>x</p>", "html"),
        ("", "---\ntitle: x\n---\n", "markdown"),
        ("", "Words\n\n## Heading\n", "markdown"),
        ("", "See [this](https://example.org/).", "markdown"),
        ("a.docx", "Just words", "text"),
        ("", "# 1 is a number, 3 < 4", "markdown"),
        ("", "3 < 4 and <nothing>", "text"),
    ],
)
def test_format_by_name_and_else_by_the_beginning(name, text, format):
    assert format_of(name, text) == format
