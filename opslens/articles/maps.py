"""Maps between texts, kept per process: a preview, publishing and comparing ask for the same ones."""

from __future__ import annotations

import threading
from collections import OrderedDict

from opslens.articles.documents import document_of
from opslens.text.anchoring.diffing import TextMap, map_texts

MOST_CHARACTERS = 1_200_000  # of both texts of all kept maps; a map takes some thirty bytes for each
_Texts = tuple[str, str]

_maps: OrderedDict[_Texts, TextMap] = OrderedDict()
_characters = 0
_guard = threading.Lock()


def map_between(old: str, new: str) -> TextMap:
    """The map from one canonical text to another."""
    global _characters
    key = (old, new)
    with _guard:
        if key in _maps:
            _maps.move_to_end(key)
            return _maps[key]
    made = map_texts(old, new)
    with _guard:
        if key not in _maps:
            _maps[key] = made
            _characters += len(old) + len(new)
        while _characters > MOST_CHARACTERS and len(_maps) > 1:
            _characters -= sum(map(len, _maps.popitem(last=False)[0]))
    return made


def map_of_revisions(old_id: int, new_id: int) -> TextMap:
    """The map from one revision to another. Raises Revision.DoesNotExist."""
    return map_between(document_of(old_id).text, document_of(new_id).text)
