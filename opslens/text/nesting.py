"""A linear look at raw HTML before any parser sees it: how deep it nests and how tangled it is.

HTML parsers look through the stack of open elements for most tags, and open formatting elements are copied
into each block that follows them, so deep or unclosed markup costs a parser quadratic time or memory. This scan
never underestimates: an end tag counts only when it closes the element opened last, so what it calls the depth is at
least that of the parser's stack. It takes one pass and a stack no longer than the cap.
"""

import re

# Well above what sloppy but honest pages reach, well below what costs a parser a second.
MOST_OPEN = 1_000
MOST_ATTRIBUTES = 500
# Copies of formatting elements that a parser may have to make, all in all.
MOST_COPIES = 1_000_000


class Tangled(ValueError):
    """The markup is too deep or too tangled for a parser. ``reason`` is "deep", "attributes" or "unclear"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_VOID = frozenset(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr".split()
)
# A parser closes these by itself before the next of their kind: they cannot pile up in HTML (in SVG they can).
_SELF_CLOSING = frozenset("p tr td th tbody thead tfoot colgroup caption option optgroup html head body".split())
# The next of these closes the one before it, if that was opened last.
_ITEMS = {"li": frozenset(("li",)), "dt": frozenset(("dt", "dd")), "dd": frozenset(("dt", "dd"))}
# The end of one of these ends the item that is open in it.
_LISTS = frozenset("ul ol dl menu".split())
_RAW = frozenset("style textarea title xmp iframe noembed noframes noscript script".split())
# Inside of these it depends on the parser's inner state whether an element of raw text is one.
_UNSURE = frozenset("svg math select frameset".split())
_FOREIGN = frozenset("svg math".split())
# These end SVG and MathML around them, and are not closed by a slash there.
_BREAKING_OUT = frozenset(
    "b big blockquote body br center code dd div dl dt em embed font h1 h2 h3 h4 h5 h6 head hr i img li listing menu "
    "meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
_INTEGRATION = frozenset("foreignobject desc title annotation-xml mi mo mn ms mtext".split())

_SPACE = r"\t\n\f\r "
_TAG = re.compile(
    rf"<(/?)([a-zA-Z][^{_SPACE}/>]*+)"
    rf"((?:[{_SPACE}/]++"
    rf"|[^{_SPACE}/>][^{_SPACE}/>=]*+(?:[{_SPACE}]*+=[{_SPACE}]*+(?:\"[^\"]*+\"|'[^']*+'|(?=>)|[^{_SPACE}>\"'][^{_SPACE}>]*+)"
    rf"|(?![{_SPACE}]*+=)))*+)>"
)
_ATTRIBUTE = re.compile(rf"[^{_SPACE}/>=]+(?:[{_SPACE}]*=[{_SPACE}]*(?:\"[^\"]*\"|'[^']*'|[^{_SPACE}>]*))?")
_COMMENT_END = re.compile(r"--!?>")
_SCRIPT = re.compile(rf"<!--|-->|<(/?)script(?=[{_SPACE}/>])", re.IGNORECASE)
_RAW_END = {name: re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE) for name in _RAW}
_CDATA_ONLY = re.compile(r"\s*<!\[CDATA\[(?:(?!\]\]>).)*\]\]>[^<]*", re.DOTALL)


def check(html: str) -> None:
    """Raise Tangled when the HTML must not be given to a parser. Takes time linear in its length."""
    stack: list[str] = []
    formatting = unsure = foreign = integration = copies = 0
    position = 0
    while True:
        position = html.find("<", position)
        if position < 0:
            return
        following = html[position + 1 : position + 2]
        if following == "!" or following == "?" or (following == "/" and not _letter(html, position + 2)):
            position = _after_comment(html, position, bool(unsure))
            continue
        if following != "/" and not _letter(html, position + 1):
            position += 1
            continue
        tag = _TAG.match(html, position)
        if tag is None:
            return  # The file ends within this tag: a parser drops it, and all that follows is part of it.
        position = tag.end()
        closing, name, attributes = tag[1], tag[2].lower(), tag[3]
        if len(attributes) > 2 * MOST_ATTRIBUTES and _too_many(attributes):
            raise Tangled("attributes")
        copies += formatting
        if copies > MOST_COPIES:
            raise Tangled("deep")
        if closing:
            if name in _LISTS and len(stack) > 1 and stack[-2] == name and stack[-1] in _ITEMS:
                stack.pop()
            if not stack or stack[-1] != name:
                continue
            stack.pop()
            step = -1
        else:
            if name in _RAW:
                position = _after_raw(html, position, name, bool(unsure))
                continue
            if foreign:
                if attributes.endswith("/") and not integration and name not in _BREAKING_OUT:
                    continue
            elif name == "col" and "template" in stack:
                # Directly in a template it starts a column group, in which styles and scripts are not seen as such.
                unsure += 1
                continue
            elif name in _VOID or name in _SELF_CLOSING or (stack and stack[-1] in _ITEMS.get(name, ())):
                continue
            stack.append(name)
            if len(stack) > MOST_OPEN:
                raise Tangled("deep")
            step = 1
        formatting += step * (name in _FORMATTING)
        unsure += step * (name in _UNSURE)
        foreign += step * (name in _FOREIGN)
        integration += step * (name in _INTEGRATION)


def _letter(html: str, position: int) -> bool:
    character = html[position : position + 1]
    return character.isascii() and character.isalpha()


def _too_many(attributes: str) -> bool:
    for count, _ in enumerate(_ATTRIBUTE.finditer(attributes), 1):
        if count > MOST_ATTRIBUTES:
            return True
    return False


def _after_comment(html: str, position: int, unsure: bool) -> int:
    """Return where the comment, declaration or CDATA section that begins here ends."""
    if html.startswith("<!--", position):
        if html.startswith(("<!-->", "<!--->"), position):
            return html.index(">", position) + 1
        end = _COMMENT_END.search(html, position + 4)
        return end.end() if end else len(html)
    if unsure and html.startswith("<![CDATA[", position):
        # Text up to "]]>" in SVG, a comment up to ">" in the HTML inside of SVG: fine while that is the same.
        end = html.find("]]>", position)
        if end < 0 or ">" in html[position:end]:
            raise Tangled("unclear")
        return end + 3
    end = html.find(">", position)
    return end + 1 if end >= 0 else len(html)


def _after_raw(html: str, position: int, name: str, unsure: bool) -> int:
    """Return where the content of an element of raw text ends that begins at ``position``: before its end tag."""
    end = _script_end(html, position) if name == "script" else _raw_end(html, position, name)
    if unsure:
        if "<" in html[position:end] and not _CDATA_ONLY.fullmatch(html, position, end):
            raise Tangled("unclear")
    return end


def _raw_end(html: str, position: int, name: str) -> int:
    end = _RAW_END[name].search(html, position)
    return end.start() if end else len(html)


def _script_end(html: str, position: int) -> int:
    """Return where a script ends. In ``<!-- … -->`` a ``<script>`` in it has its own end tag, as browsers read it."""
    escaped = doubly = False
    while True:
        found = _SCRIPT.search(html, position)
        if found is None:
            return len(html)
        token = found[0]
        position = found.end()
        if token == "<!--":
            if not escaped:
                escaped = True
                position = found.start() + 2  # "<!-->" opens and closes at once
        elif token == "-->":
            escaped = doubly = False
        elif found[1]:
            if not doubly:
                return found.start()
            doubly = False
        elif escaped:
            doubly = True
