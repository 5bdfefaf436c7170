"""The gate: HTML from anywhere in, HTML that can do nothing but be read out.

The order is fixed: caps, then nh3, which drops the text of scripts and styles too, then bleach as the last word, then
the proof that cleaning again changes nothing. What passes has only the tags of ``TAGS`` and one attribute, ``href``.
"""

import html as entities
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import nh3
from bleach.html5lib_shim import getTreeWalker
from bleach.sanitizer import Cleaner

from opslens.text import nesting

# Grows when the same HTML may come out different.
POLICY_VERSION = 1

MOST_BYTES = 2_000_000
MOST_DEPTH = 100
MOST_ELEMENTS = 60_000
# Ampersands in the source: with more, parsers take time that grows with their square.
MOST_AMPERSANDS = 250_000
# Characters that must be written as references (&, < and >) in what is left after nh3.
MOST_REFERENCES = 150_000
# How often cleaning may go on changing its own result before the document is refused.
MOST_ROUNDS = 4

TAGS = frozenset(
    "p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre table caption thead tbody tfoot tr th td figure figcaption "
    "br hr div section article header footer main aside nav address hgroup details summary fieldset "
    "em i cite dfn var strong b code kbd samp tt s strike del u ins q sub sup small a".split()
)
# Their text goes with them: it is code, a control's, or another format's.
DROPPED_WITH_TEXT = frozenset(
    "script style template noscript iframe object embed svg math title textarea select option optgroup datalist button "
    "audio video canvas applet noembed noframes frameset head rp meter progress portal fencedframe".split()
)
SCHEMES = frozenset(("http", "https", "mailto"))
LONGEST_HREF = 4_000


class Refused(ValueError):
    """The HTML was not taken. ``code`` is "too-large", "too-deep", "empty" or "unstable"; ``message`` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_SURROGATE = re.compile("[\ud800-\udfff]")
# What HTML cannot show or XML cannot hold: C0 but for white space, DEL, C1, and the two noncharacters.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_SHAPELESS = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff]*+"
)
_HREF = re.compile(r"(?:https?://[^\s/?#\\]|mailto:[^\s/?#\\])[^\x00-\x1f\x7f]*", re.IGNORECASE)
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)(?:\s[^>"]*+(?:"[^"]*+"[^>"]*+)*+)?>')
_PRE_NEWLINES = re.compile(r"<pre>\n+")
_VOID = frozenset(("br", "hr"))
_REFERENCE_TAIL = re.compile(r"&[a-z0-9#]{0,6}\Z")
_LONG_TEXT = re.compile(r"[^<]{8192}")
_PIECE = 4096


def sanitize(html: str, *, most_bytes: int = MOST_BYTES) -> str:
    """Return the HTML with nothing left that could act, name itself or be styled, well formed and stable.

    ``sanitize(sanitize(html)) == sanitize(html)`` holds for everything it returns. ``most_bytes`` caps the
    size as UTF-8. Raises Refused, and nothing else, for any string: too large, too deep, without any text,
    or never coming to rest under cleaning.
    """
    _check_size(html, most_bytes)
    html = _printable(html)
    _check_caps(html, most_bytes)
    # If nh3 makes of bleach's answer what bleach was given, the whole gate makes of the answer the answer: the
    # fixed point is proved without running the slow half twice.
    given = _first_pass(html)
    for _ in range(MOST_ROUNDS):
        answer = _last_pass(given)
        again = _first_pass(answer)
        if again == given:
            if not _has_text(answer):
                raise Refused("empty", "There is no text in it.")
            # The answer must get through the gate again, so it keeps to the caps as well.
            _check_caps(answer, most_bytes)
            return answer
        given = again
    raise Refused("unstable", "This HTML changes each time it is cleaned, so it cannot be trusted.")


def safe_href(href: str) -> bool:
    """Say whether an address may stand in a link: http, https with a host, or mailto, and nothing hidden in it."""
    return len(href) <= LONGEST_HREF and _HREF.fullmatch(href) is not None


def shows_nothing(text: str) -> bool:
    """Say whether a text is only white space and characters without a shape: joiners, bidi controls, soft hyphens."""
    return _SHAPELESS.fullmatch(text) is not None


def _printable(html: str) -> str:
    html = _SURROGATE.sub("\ufffd", html)
    # A form feed is white space to an HTML parser, an unprintable character to bleach and to CSS.
    return _CONTROL.sub("", html.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " "))


def _check_size(html: str, most_bytes: int) -> None:
    if len(html) > most_bytes or len(html.encode("utf-8", "surrogatepass")) > most_bytes:
        raise Refused("too-large", f"This text is larger than {_size(most_bytes)}.")


def _check_caps(html: str, most_bytes: int) -> None:
    _check_size(html, most_bytes)
    if html.count("&") > MOST_AMPERSANDS:
        raise Refused("too-large", "It has too many special characters for one text.")
    try:
        nesting.check(html)
    except nesting.Tangled as tangled:
        if tangled.reason == "deep":
            raise Refused("too-deep", "Its elements are nested too deeply, or too many are never closed.") from None
        if tangled.reason == "attributes":
            raise Refused("too-large", "One of its tags has too many attributes.") from None
        raise Refused("unstable", "It hides markup where parsers disagree about what it is.") from None


def _first_pass(html: str) -> str:
    """Clean with nh3 and bring the result to one spelling. Raises Refused beyond the exact caps."""
    clean = nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WITH_TEXT),
        attributes={"a": {"href"}},
        attribute_filter=_href_only,
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel=None,
        strip_comments=True,
    )
    # References such as &#1; have become characters by now.
    clean = _printable(clean).replace("&nbsp;", "\u00a0")
    # A parser drops one newline after the tag each time it reads it; none may be left to drop.
    clean = _PRE_NEWLINES.sub("<pre>", clean)
    if clean.count("&") > MOST_REFERENCES:
        raise Refused("too-large", "It has too many special characters for one text.")
    _check_exactly(clean)
    return clean


def _href_only(tag: str, name: str, value: str) -> str | None:
    return value if tag == "a" and name == "href" and safe_href(value) else None


def _check_exactly(clean: str) -> None:
    """Check depth and number of elements of well-formed HTML as nh3 writes it."""
    depth = elements = 0
    for tag in _TAG.finditer(clean):
        if tag[1]:
            depth -= 1
        else:
            elements += 1
            if tag[2] not in _VOID:
                depth += 1
                if depth > MOST_DEPTH:
                    raise Refused("too-deep", f"Its elements are nested more than {MOST_DEPTH} deep.")
    if elements > MOST_ELEMENTS:
        raise Refused("too-large", f"It has more than {MOST_ELEMENTS} elements.")


def _last_pass(clean: str) -> str:
    """Clean with bleach."""
    cleaner = Cleaner(tags=TAGS, attributes=_allowed, protocols=SCHEMES, strip=True, strip_comments=True)
    cleaner.walker = _Walker
    return _printable(cleaner.clean(_in_pieces(clean)))


def _allowed(tag: str, name: str, value: str) -> bool:
    # bleach leaves references in attributes as they are written.
    return tag == "a" and name == "href" and safe_href(entities.unescape(value))


def _in_pieces(clean: str) -> str:
    """Cut long runs of text with empty comments, which bleach strips.

    Its parser appends each reference to the text node before it by copying that node, which is quadratic in the
    length of a run; a comment begins a new node.
    """
    if not _LONG_TEXT.search(clean):
        return clean
    out: list[str] = []
    position = 0
    for tag in _TAG.finditer(clean):
        _cut(clean[position : tag.start()], out)
        out.append(tag[0])
        position = tag.end()
    _cut(clean[position:], out)
    return "".join(out)


def _cut(text: str, out: list[str]) -> None:
    start = 0
    while len(text) - start > _PIECE:
        end = start + _PIECE
        within = _REFERENCE_TAIL.search(text, end - 8, end)
        if within:
            end = within.start()
        out.append(text[start:end])
        out.append("<!---->")
        start = end
    out.append(text[start:])


class _Walker(getTreeWalker("etree")):
    """Walks the tree that bleach has parsed, in linear time.

    The walker it comes with looks up a parent's place among its siblings each time it comes back to it, which is
    quadratic: a table of 30,000 rows took half a minute.
    """

    def __iter__(self) -> Iterator[dict]:
        yield from self.text(self.tree.text or "")
        open_elements: list[tuple[Element | None, Iterator[Element]]] = [(None, iter(self.tree))]
        while open_elements:
            parent, children = open_elements[-1]
            child = next(children, None)
            if child is None:
                open_elements.pop()
                if parent is not None:
                    yield self.endTag(*_name(parent))
                    yield from self.text(parent.tail or "")
                continue
            if not isinstance(child.tag, str):
                yield self.comment(child.text)
                yield from self.text(child.tail or "")
                continue
            namespace, name = _name(child)
            attributes = {(None, key): value for key, value in child.attrib.items()}
            if name in _VOID and namespace is None:
                yield from self.emptyTag(namespace, name, attributes, len(child) > 0)
                yield from self.text(child.tail or "")
                continue
            yield self.startTag(namespace, name, attributes)
            yield from self.text(child.text or "")
            open_elements.append((child, iter(child)))


def _name(element: Element) -> tuple[str | None, str]:
    if element.tag.startswith("{"):
        namespace, _, name = element.tag[1:].partition("}")
        return namespace, name
    return None, element.tag


def _has_text(clean: str) -> bool:
    return not shows_nothing(entities.unescape(_TAG.sub("", clean)))


def _size(size: int) -> str:
    return f"{size / 1_000_000:g} MB" if size >= 1_000_000 else f"{size / 1000:g} kB"
