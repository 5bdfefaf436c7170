"""`{% kept key … [fill=value] %} … {% endkept %}`: a part of a template that is rendered once per process for each
combination of keys, and from then on only filled in with what belongs to the request.

The part must depend on nothing but its keys and these: `{% csrf_token %}` or `{{ csrf_token }}`, `{{ address }}` (path
and query of the request), `{{ address_quoted }}` (the same as a value of a query), `{{ fill }}` (the value of `fill=`).

Parts are kept as bytes. A view that answers with `render_kept` has them put into its answer as they are; under any
other view they are decoded again. One part may not stand inside another.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections import OrderedDict
from itertools import count
from typing import Any
from urllib.parse import quote

from django import template
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, escape
from django.utils.safestring import mark_safe

register = template.Library()

MOST_BYTES = 24_000_000  # kept in one process, all parts together

# Unguessable, so that nothing a person wrote can be taken for a gap to fill.
_BORDER = f"kept-{secrets.token_hex(8)}"
_GAPS = {name: f"{_BORDER}-{name}-" for name in ("token", "address", "quoted", "fill")}
_GAP = re.compile(f"{_BORDER}-([a-z]+)-".encode())
_PART = re.compile(f"{_BORDER}-part-([0-9]+)-")

Part = list[bytes]  # text and names of gaps in turn, as re.split gives them

_parts: OrderedDict[tuple, Part] = OrderedDict()
_bytes = 0
_guard = threading.Lock()
_nodes = count()


def forget_parts() -> None:
    """Empty the store; for tests, where a new database hands out the same ids again."""
    global _bytes
    with _guard:
        _parts.clear()
        _bytes = 0


def _look_up(key: tuple) -> Part | None:
    with _guard:
        part = _parts.get(key)
        if part is not None:
            _parts.move_to_end(key)
        return part


def _keep(key: tuple, part: Part) -> None:
    global _bytes
    with _guard:
        _bytes += _size(part) - _size(_parts.pop(key, []))
        _parts[key] = part
        while _bytes > MOST_BYTES and _parts:
            _bytes -= _size(_parts.popitem(last=False)[1])


def _size(part: Part) -> int:
    return sum(map(len, part))


def render_kept(request: HttpRequest, template_name: str, context: dict[str, Any]) -> HttpResponse:
    """`django.shortcuts.render`, with kept parts put in as bytes: a long article is not copied again and again."""
    request.kept_parts = []
    html = render_to_string(template_name, context, request)
    pieces = _PART.split(html)
    return HttpResponse(
        [piece.encode() if at % 2 == 0 else b"".join(request.kept_parts[int(piece)]) for at, piece in enumerate(pieces)]
    )


class KeptNode(template.Node):
    def __init__(self, keys: list, fill, nodes: template.NodeList) -> None:
        self.keys, self.fill, self.nodes = keys, fill, nodes
        self.number = next(_nodes)

    def render(self, context: template.Context) -> str:
        key = (self.number, *(each.resolve(context) for each in self.keys))
        part = _look_up(key)
        request = context["request"]
        if part is None:
            gaps = {"csrf_token": "token", "address": "address", "address_quoted": "quoted", "fill": "fill"}
            waiting, request.kept_parts = getattr(request, "kept_parts", None), None
            with context.push(**{name: mark_safe(_GAPS[gap]) for name, gap in gaps.items()}):
                part = _GAP.split(self.nodes.render(context).encode())
            request.kept_parts = waiting
            _keep(key, part)
        filled = self._filled_in(part, request, context)
        waiting = getattr(request, "kept_parts", None)
        if waiting is None:
            return mark_safe(b"".join(filled).decode())
        waiting.append(filled)
        return mark_safe(f"{_BORDER}-part-{len(waiting) - 1}-")

    def _filled_in(self, part: Part, request: HttpRequest, context: template.Context) -> Part:
        if len(part) == 1:
            return part
        return [
            piece if at % 2 == 0 else self._value(piece, request, context).encode() for at, piece in enumerate(part)
        ]

    def _value(self, gap: bytes, request: HttpRequest, context: template.Context) -> str:
        if gap == b"token":
            if not hasattr(request, "kept_token"):
                request.kept_token = get_token(request)  # masked anew for each answer, which one answer needs once
            return request.kept_token
        if gap == b"fill":
            return conditional_escape(self.fill.resolve(context) if self.fill else "")
        address = request.get_full_path()
        return escape(quote(address) if gap == b"quoted" else address)


@register.tag
def kept(parser: template.base.Parser, token: template.base.Token) -> KeptNode:
    fill, keys = None, []
    for bit in token.split_contents()[1:]:
        if bit.startswith("fill="):
            fill = parser.compile_filter(bit.removeprefix("fill="))
        else:
            keys.append(parser.compile_filter(bit))
    nodes = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(keys, fill, nodes)
