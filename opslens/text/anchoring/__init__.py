"""Anchoring: which words of a new text are which of an old one, and where a passage of the old one stands now.

`diffing` makes the map of two texts, `places` carries passages over it, `suggesting` looks for what resembles one that
is lost. The map is worked out in `words`, `comparison`, `alignment`, `chance` and `moves`, in this order; `passages`
is about those whose own words were edited.
"""

from opslens.text.anchoring.diffing import TextMap, changes, map_texts
from opslens.text.anchoring.places import (
    AMBIGUOUS,
    CHANGED,
    EXACT,
    LOST,
    MOVED,
    Place,
    answer_record,
    carry,
    carry_all,
)
from opslens.text.anchoring.suggesting import Suggestion, suggest

__all__ = [
    "AMBIGUOUS",
    "CHANGED",
    "EXACT",
    "LOST",
    "MOVED",
    "Place",
    "Suggestion",
    "TextMap",
    "answer_record",
    "carry",
    "carry_all",
    "changes",
    "map_texts",
    "suggest",
]
