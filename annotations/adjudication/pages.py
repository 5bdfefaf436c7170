"""What the pages of the desk show: words around a passage, who said what, who voted how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotations.adjudication.passages import Candidate, DeskMark, Passage
from annotations.adjudication.queries import Item, Settled, notes_of, replies_under
from annotations.models import Answer, Reply, Tag
from annotations.reading.notes import note_html
from opslens.text.blocks import Document

CONTEXT = 400  # code points before and after a passage
SHOWN = 260  # code points of a candidate's words
SNIPPET = 64  # code points in the queue


def cut(words: str, most: int) -> str:
    """Words on one line, with the middle left out of what is too long: both ends of a passage matter."""
    words = words.replace("\n", " ")
    if len(words) <= most:
        return words
    return f"{words[: most * 2 // 3].rstrip()} … {words[len(words) - most // 3 :].lstrip()}"


@dataclass(frozen=True, slots=True)
class Words:
    """A passage in its text: what stands before it, what one or more marked before the core, the core, what follows."""

    before: str
    opening: str
    core: str
    closing: str
    after: str


def words_of(document: Document, passage: Passage) -> Words:
    """The passage with a sentence before and one after it, in code points of the revision."""
    text = document.text
    low, high = _around(document, passage.start, passage.end)
    return Words(
        text[low : passage.start],
        text[passage.start : passage.core_start],
        text[passage.core_start : passage.core_end],
        text[passage.core_end : passage.end],
        text[passage.end : high],
    )


def _around(document: Document, start: int, end: int) -> tuple[int, int]:
    """Where the sentence before the one at `start` begins, and the one after the one at `end` ends."""
    first, last = document.block_at(start).ordinal, document.block_at(end - 1).ordinal
    near = [sentence for block in document.blocks[max(0, first - 1) : last + 2] for sentence in block.sentences]
    before = [sentence[0] for sentence in near if sentence[0] < start]
    after = [sentence[1] for sentence in near if sentence[1] > end]
    # The sentence in which the passage begins, if it does not begin with it, and the one before that.
    inside = any(opens < start < closes for opens, closes in near)
    low = before[-2] if inside and len(before) > 1 else before[-1] if before else start
    within = any(opens < end < closes for opens, closes in near)
    high = after[1] if within and len(after) > 1 else after[0] if after else end
    return max(low, start - CONTEXT), min(high, end + CONTEXT)


@dataclass(slots=True)
class Said:
    """One mark under a candidate: who made it, what they noted, what others replied."""

    mark: DeskMark
    author: object
    counts: bool
    note: SafeString
    replies: list[Reply] = field(default_factory=list)


@dataclass(slots=True)
class Shown:
    """A candidate as the desk shows it. `number` is its key from 1 to 9, 0 for later ones."""

    candidate: Candidate
    number: int
    tags: list[Tag]
    words: str
    readers: int
    said: list[Said]
    is_settled: bool
    is_ticked: bool = False


def candidates_of(
    item: Item, document: Document, tags: dict[int, Tag], authors: dict[int, object], ticked: Iterable[str] = ()
) -> list[Shown]:
    """The readings of a passage with what belongs to them. Two queries."""
    passage, ticked = item.passage, set(ticked)
    replies, notes = replies_under(passage.marks), notes_of(passage.marks)
    found = []
    for number, one in enumerate(passage.candidates, 1):
        found.append(
            Shown(
                candidate=one,
                number=number if number <= 9 else 0,
                tags=tags_in_order(one.tags, tags),
                words=cut(document.text[one.start : one.end], SHOWN),
                readers=len({mark.author for mark in one.marks}),
                said=[
                    Said(
                        mark,
                        authors[mark.author],
                        mark.author in passage.votes.of,
                        note_html(notes[mark.pk]),
                        replies.get(mark.pk, []),
                    )
                    for mark in one.marks
                ],
                is_settled=item.settled is not None and _same(one, item.settled),
                is_ticked=one.key in ticked,
            )
        )
    return found


def _same(one: Candidate, settled: Settled) -> bool:
    decision = settled.decision
    return not settled.rejected and (one.start, one.end, one.tags) == (decision.start, decision.end, settled.tags)


def tags_in_order(ids: Iterable[int], tags: dict[int, Tag]) -> list[Tag]:
    """Tags of these ids in codebook order, which is that of `tags`."""
    wanted = set(ids)
    return [tag for pk, tag in tags.items() if pk in wanted]


@dataclass(frozen=True, slots=True)
class VoteRow:
    tag: Tag
    number: int
    of: int
    names: str


def votes_shown(passage: Passage, tags: dict[int, Tag], authors: dict[int, object]) -> tuple[list[VoteRow], list[str]]:
    """(votes by tag, most first; the names of those who finished and left the passage unmarked)."""
    votes = passage.votes
    rows = [
        VoteRow(
            tag, len(votes.by_tag[tag.pk]), len(votes.of), ", ".join(authors[pk].name for pk in votes.by_tag[tag.pk])
        )
        for tag in tags_in_order(votes.by_tag, tags)
    ]
    rows.sort(key=lambda row: -row.number)
    return rows, [authors[pk].name for pk in votes.of if pk not in votes.marked]


@dataclass(frozen=True, slots=True)
class SettledShown:
    """A decision as pages show it."""

    settled: Settled
    tags: list[Tag]
    words: str
    answers: Sequence[Answer] = ()

    @property
    def decision(self):
        return self.settled.decision


def settled_shown(
    settled: Settled, document: Document, tags: dict[int, Tag], answers: Sequence[Answer] = ()
) -> SettledShown:
    decision = settled.decision
    words = cut(document.text[decision.start : decision.end], SHOWN)
    return SettledShown(settled, tags_in_order(settled.tags, tags), words, answers)


def queue_html(items: Sequence[Item], document: Document, address: str, here: Item | None) -> SafeString:
    """The items of the queue beside the passage. Written here and not as a template: there are hundreds of them on
    every answer of the desk, and a template would take longer than everything else."""
    text, rows = document.text, []
    for item in items:
        passage, state = item.passage, state_of(item)
        words = escape(
            text[passage.core_start : min(passage.core_end, passage.core_start + SNIPPET)].replace("\n", " ")
        )
        more = "…" if passage.core_end > passage.core_start + SNIPPET else ""
        current = ' aria-current="true"' if item is here else ""
        # Names of marks and of articles in addresses are safe in attributes.
        rows.append(
            f'<li><a class="{state}" href="?passage={passage.key}" hx-get="{address}?passage={passage.key}"{current}>'
            f'<span class="state">{state}</span> <span class="words" dir="auto">{words}{more}</span></a></li>'
        )
    return mark_safe("".join(rows))


def state_of(item: Item) -> str:
    """How an item stands, in a word."""
    if item.settled is None:
        return "contested" if item.passage.contested else "open"
    if item.has_changed:
        return "changed"
    return "rejected" if item.settled.rejected else "decided"
