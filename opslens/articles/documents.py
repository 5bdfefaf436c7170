"""Parsed documents of revisions, kept per process. Revisions never change, so a kept document is never stale."""

from __future__ import annotations

import threading
from collections import OrderedDict

from opslens.models import Revision
from opslens.text.blocks import Document

MOST_CHARACTERS = 6_000_000  # of canonical text; a document takes about six times its text in memory

_documents: OrderedDict[int, Document] = OrderedDict()
_characters = 0
_guard = threading.Lock()


def document_of(revision_id: int) -> Document:
    """The document of a revision. Raises Revision.DoesNotExist."""
    global _characters
    with _guard:
        document = _documents.get(revision_id)
        if document is not None:
            _documents.move_to_end(revision_id)
            return document
    table, text, language = Revision.objects.values_list("block_table", "text", "article__language").get(pk=revision_id)
    document = Document.from_json(table, text=text, language=language)
    with _guard:
        if revision_id not in _documents:
            _documents[revision_id] = document
            _characters += len(document.text)
        while _characters > MOST_CHARACTERS and len(_documents) > 1:
            _characters -= len(_documents.popitem(last=False)[1].text)
    return document


def forget_documents() -> None:
    """Empty the store; for tests, where a new database hands out the same ids again."""
    global _characters
    with _guard:
        _documents.clear()
        _characters = 0
