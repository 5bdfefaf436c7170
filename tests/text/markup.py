"""A strict reader for the HTML that OpsLens writes itself: anything that is not perfectly nested is an error."""

import html
import re
from dataclasses import dataclass

_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s[a-z-]+="[^"<>]*")*)>|([^<>]+)')
_ATTRIBUTE = re.compile(r'\s([a-z-]+)="([^"<>]*)"')
_VOID = ("br", "hr")


@dataclass
class Text:
    """A run of text with the elements around it, outermost first, as ``(name, attributes)``."""

    text: str
    around: list[tuple[str, dict[str, str]]]


@dataclass
class Read:
    texts: list[Text]
    elements: list[tuple[str, dict[str, str]]]

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.texts)


def read(source: str) -> Read:
    """Read HTML strictly. Raises AssertionError for anything that is not well formed."""
    texts: list[Text] = []
    elements: list[tuple[str, dict[str, str]]] = []
    stack: list[tuple[str, dict[str, str]]] = []
    position = 0
    while position < len(source):
        token = _TOKEN.match(source, position)
        assert token, f"not well formed at {position}: {source[position : position + 60]!r}"
        position = token.end()
        closing, name, attributes, text = token.groups()
        if text is not None:
            assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", text), f"bare ampersand in {text!r}"
            texts.append(Text(html.unescape(text), list(stack)))
        elif closing:
            assert [n for n, _ in stack[-1:]] == [name], f"</{name}> closes {[n for n, _ in stack]}"
            stack.pop()
        else:
            pairs = _ATTRIBUTE.findall(attributes)
            assert len({key for key, _ in pairs}) == len(pairs), f"an attribute twice in {token[0]}"
            element = (name, {key: html.unescape(value) for key, value in pairs})
            elements.append(element)
            if name not in _VOID:
                stack.append(element)
    assert not stack, f"left open: {[name for name, _ in stack]}"
    return Read(texts, elements)
