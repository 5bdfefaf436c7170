"""What has changed, as fragments; made once for all who see the same, for they ask at the same moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from django.core.cache import cache

from annotations.codebook.kept import looks
from annotations.live.cards import cards_found
from annotations.models import Anchor, Crossing
from annotations.reading.cards import CARDS_IN_A_GROUP
from annotations.reading.pages import block_fragments
from annotations.reading.queries import Mark, marks_for
from annotations.reading.scope import EVERYBODY, Scope
from opslens.models import Revision
from opslens.models.prepared import prepare

KEPT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """Blocks as ranges from first to last, the names of marks whose cards are asked for, and whether the first cards
    of each block are, too."""

    runs: tuple[range, ...]
    uids: tuple[str, ...]
    with_first_cards: bool


def fresh_html(viewer, revision: Revision, scope: Scope, asked: Asked) -> str:
    """The blocks, the cards of those marks that begin or lie in them, and the removal of the other marks' cards."""
    if not _sees_what_others_see(viewer, revision, scope, asked):
        return _made(viewer, revision, scope, asked)
    # The state is read before the marks: what is kept by it may be newer, but never older.
    state = scope.state(viewer, revision.article)
    about = revision.pk, scope.whose, scope.session_id, viewer.is_authenticated, asked, state
    key = f"live:fresh:{blake2b(repr(about).encode(), digest_size=16).hexdigest()}"
    html = cache.get(key)
    if html is None:
        html = _made(viewer, revision, scope, asked)
        cache.set(key, html, KEPT_SECONDS)
    return html


def _sees_what_others_see(viewer, revision: Revision, scope: Scope, asked: Asked) -> bool:
    """Whether what was asked for holds nothing that is for this viewer's eyes alone: no mark of theirs, which may be
    private and looks otherwise to its author."""
    if not asked.runs or scope.whose != EVERYBODY or (scope.seat is not None and not scope.seat.sees_all_marks):
        return False
    if not viewer.is_authenticated:
        return True
    first, stop = asked.runs[0].start, asked.runs[-1].stop
    return not (_own_from(revision.pk, first, stop, viewer.pk) or _own_into(revision.pk, first, viewer.pk))


# Not narrowed to a session or to what is not deleted: one mark too many costs a little time, and nothing else.
_own_from = prepare(
    lambda revision, first, stop, author: Anchor.objects.filter(
        revision_id=revision, first_block__gte=first, first_block__lt=stop, annotation__author_id=author
    ).values_list("pk")[:1],
    *(2_000_000_081, 2_000_000_083, 2_000_000_085, 2_000_000_087),
)
_own_into = prepare(
    lambda revision, first, author: Crossing.objects.filter(
        revision_id=revision, block=first, anchor__annotation__author_id=author
    ).values_list("pk")[:1],
    *(2_000_000_081, 2_000_000_083, 2_000_000_087),
)


def _made(viewer, revision: Revision, scope: Scope, asked: Asked) -> str:
    tags = looks() if asked.runs else {}
    found: dict[str, Mark] = {}
    html: list[str] = []
    for run in asked.runs:
        marks = marks_for(viewer, revision.pk, scope, tags, blocks=run)
        html += block_fragments(viewer, revision, scope, run, marks, tags)
        found |= {mark.uid: mark for mark in marks}
    chosen = {uid: found[uid] for uid in asked.uids if uid in found}
    if asked.with_first_cards:
        chosen |= _first_of_each(found.values(), asked.runs)
    cards = "".join(card.html for card in cards_found(viewer, scope, list(chosen.values())))
    if cards:
        html.append(f'<ol id="incoming" hx-swap-oob="beforeend">{cards}</ol>')
    html += [f'<li id="card-{uid}" hx-swap-oob="delete"></li>' for uid in asked.uids if uid not in chosen]
    return "".join(html)


def _first_of_each(marks: Iterable[Mark], runs: Sequence[range]) -> dict[str, Mark]:
    shown: dict[int, int] = {}
    chosen: dict[str, Mark] = {}
    for mark in marks:
        if not any(mark.first_block in run for run in runs):
            continue
        shown[mark.first_block] = shown.get(mark.first_block, 0) + 1
        if shown[mark.first_block] <= CARDS_IN_A_GROUP:
            chosen[mark.uid] = mark
    return chosen
