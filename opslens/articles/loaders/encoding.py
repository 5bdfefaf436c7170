"""From bytes to text: the byte order mark, then UTF-8, then what the document says, then a guess that is shown."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import webencodings
from charset_normalizer import CharsetMatches, from_bytes

from opslens.articles.loaders.loaded import Unreadable


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with Unix line ends kept as they were, the name of its encoding, and whether that was a guess."""

    text: str
    encoding: str
    guessed: bool = False


# The longest mark first: the one of UTF-32 begins like the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SHOWN = {"utf-8-sig": "utf-8"}

_BINARY = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF87a", "a picture"),
    (b"GIF89a", "a picture"),
    (b"RIFF", "a picture, sound or film"),
    (b"OggS", "a sound or film"),
    (b"ID3", "a sound"),
    (b"SQLite format 3\x00", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([a-z0-9_:.-]{1,40})""", re.IGNORECASE
)
_XML_ENCODING = re.compile(
    rb"""\A\s{0,9}<\?xml[^>]{0,100}?encoding\s{0,9}=\s{0,9}["']([a-z0-9_.-]{1,40})""", re.IGNORECASE
)
_TYPOGRAPHIC = frozenset("‘’“”„‚«»‹›–—…•·°§©®™€£¥¿¡†‡\u00a0\u00ad")
# What text is found in; charset-normalizer knows many more, down to punched cards, and would find them.
_GUESSED = tuple(
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859_2 iso8859_5 iso8859_7 koi8_r koi8_u "
    "cp874 mac_roman cp932 euc_jp gb18030 big5 cp949".split()
)
_LATIN = frozenset(("cp1252", "cp1250", "cp1257", "cp1258", "iso8859_2", "mac_roman"))
_EASTERN = re.compile("[ŠŽšž]|(?<=[A-Za-z])[³¹¿¼¾£](?=[A-Za-z])")
# How much of a document a browser searches for its encoding, and how much is enough for a guess, in bytes.
_PRESCAN = 1024
_SAMPLE = 256 * 1024


def decode(data: bytes) -> Decoded:
    """Decode a text document. Raises Unreadable for binary files and for bytes that are text in no known encoding."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _by_its_mark(data, encoding)
    _refuse_binary(data)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        where = error.start
    declared = _declared(data)
    if declared:
        try:
            return Decoded(data.decode(declared), declared)
        except (UnicodeDecodeError, LookupError):
            pass
    return _guess(data, where)


def _by_its_mark(data: bytes, encoding: str) -> Decoded:
    shown = _SHOWN.get(encoding, encoding)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"It begins with the mark of {shown.upper()} but is not valid {shown.upper()} at byte {error.start}."
        ) from None
    if text.count("\0") > len(text) // 100:
        raise Unreadable("This is not a text file: it is full of NUL characters.")
    return Decoded(text, shown)


def _refuse_binary(data: bytes) -> None:
    for beginning, what in _BINARY:
        if data.startswith(beginning):
            raise Unreadable(f"This is {what}, not a text file. Plain text, Markdown and HTML can be imported.")
    if data[4:8] == b"ftyp":
        raise Unreadable("This is a film or picture, not a text file. Plain text, Markdown and HTML can be imported.")
    nuls = data.count(0)
    if nuls and nuls * 4 > len(data):
        raise Unreadable("This is not a text file, or it is UTF-16 without a byte order mark. Save it as UTF-8.")
    if len(_CONTROLS.findall(data)) * 50 > len(data):
        raise Unreadable("This is not a text file. Plain text, Markdown and HTML can be imported.")


def _declared(data: bytes) -> str:
    """The encoding that an HTML or XML document names for itself, as browsers understand the name, or ""."""
    match = _XML_ENCODING.search(data[:_PRESCAN]) or _META_CHARSET.search(data[:_PRESCAN])
    encoding = webencodings.lookup(match[1].decode("ascii")) if match else None
    if encoding is None or encoding.name.startswith("utf-16") or encoding.name == "x-user-defined":
        # A document whose ASCII bytes could be read as the name is not UTF-16, whatever it says.
        return ""
    return encoding.codec_info.name


def _guess(data: bytes, where: int) -> Decoded:
    """Guess from a sample around the first byte that is not UTF-8; the guess must hold for the whole document."""
    start = max(where - _SAMPLE // 2, 0)
    matches = from_bytes(data[start : start + _SAMPLE], cp_isolation=list(_GUESSED))
    for encoding in dict.fromkeys([*_western_or_eastern(matches), *(match.encoding for match in matches), "cp1252"]):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if _plausible(text):
            return Decoded(text, encoding, guessed=True)
    raise Unreadable("Its encoding could not be recognised. Save it as UTF-8 and try again.")


def _western_or_eastern(matches: CharsetMatches) -> list[str]:
    """Which of the two Latin encodings of Windows to try first where the guess is nearly even between them.

    Most of their letters have the same places, so short texts say little; what gives it away is signs that
    stand inside of words in one of them. Western is the more frequent by far.
    """
    best = matches.best()
    if best is None or best.encoding not in _LATIN:
        return []
    western = next((match for match in matches if match.encoding == "cp1252"), None)
    if western is None:
        # charset-normalizer lists one of several encodings that give the same text.
        return ["cp1252"] if "cp1252" in best.could_be_from_charset else []
    if western.chaos > best.chaos + 0.02 or western.coherence < best.coherence - 0.08:
        return []
    return ["cp1250"] if _EASTERN.search(str(western)) else ["cp1252"]


def _plausible(text: str) -> bool:
    """Whether what is not ASCII in a text is mostly letters and typographic signs."""
    foreign = [c for c in text if c > "\x7f"]
    return sum(not _is_usual(c) for c in foreign) * 5 <= len(foreign)


def _is_usual(character: str) -> bool:
    if character == "\ufffd":
        return False
    return character.isalnum() or character in _TYPOGRAPHIC or "\u2e80" <= character <= "\uffef"
