"""Margin cards: the marks of a revision as readers meet them beside the text, grouped by the block they start in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotations.codebook.kept import Look
from annotations.models import Anchor, Annotation, Review
from annotations.permissions import may_edit_mark, may_flag
from annotations.reading.notes import note_html
from annotations.reading.queries import Mark
from annotations.reading.replies import link_html, reply_counts
from opslens.articles.documents import document_of
from opslens.text.side_by_side import apart

QUOTE_SHOWN = 180  # code points of the quoted passage that a card shows
CARDS_IN_A_GROUP = 3  # beside one block; the others are a click away


@dataclass(slots=True)
class Card:
    uid: str
    start: int
    end: int
    block: int
    author: str
    initials: str
    is_own: bool
    may_edit: bool
    quote: str  # the words that stand there
    then: str  # the words that were chosen, where others stand there …
    now: str  # … and these, uncut
    state: str
    looks: list[Look]
    note: SafeString
    is_private: bool
    made: datetime
    edited: bool
    version: int
    number: int
    session: str = ""  # the team session of the mark if the viewer may talk about it there
    replies: int = 0
    is_open: bool = False
    may_flag: bool = False
    verdict: Review | None = None  # what a reviewer says of it, for its author alone

    @property
    def who(self) -> str:
        return "You" if self.is_own else self.author

    @property
    def tag_names(self) -> str:
        return ", ".join(look.name for look in self.looks) or "no tag"

    @property
    def tags_html(self) -> SafeString:
        chips = (f'<span class="tag s{look.slot}"><b>{escape(look.name)}</b></span>' for look in self.looks)
        return mark_safe(f'<p class="tags">{" ".join(chips)}</p>' if self.looks else "")

    @property
    def html(self) -> SafeString:
        """The card beside the text. Written here and not as a template: a page has dozens of cards, and every mark
        that is made answers with one; a template of as many small conditions takes five times as long."""
        uid, edit = self.uid, f"/marks/{self.uid}/edit/"
        attributes = f' data-uid="{uid}" data-b="{self.block}" data-start="{self.start}" data-end="{self.end}"'
        if self.number:
            attributes += f' data-k="{self.number}"'
        acts = (
            f'<a class="act" href="{edit}" hx-get="{edit}" hx-target="#card-{uid}" hx-swap="outerHTML" '
            f'aria-label="Edit this mark">Edit</a> <a class="act" href="{edit}#delete" '
            f'hx-post="/marks/{uid}/delete/" hx-swap="none" aria-label="Delete this mark">Delete</a>'
        )
        made = f"{self.made.day} {self.made:%b}"
        return self._html(attributes + ' tabindex="-1"', made, f"#m{uid}", acts, self._replies_html(in_place=True))

    @property
    def listed_html(self) -> SafeString:
        """The card on a page without the text."""
        made = f"{self.made.day} {self.made:%b %Y}"
        acts = f'<a class="act" href="/marks/{self.uid}/edit/">Edit</a>'
        return self._html("", made, f"/marks/{self.uid}/", acts, self._replies_html(in_place=False))

    @property
    def verdict_html(self) -> SafeString:
        """What a reviewer says of the viewer’s own mark, and what they can do about it."""
        said = self.verdict
        if said is None:
            return mark_safe("")
        by = f"<bdi>{escape(said.reviewer.name)}</bdi>"
        reason = f'<span class="reason" dir="auto">{escape(said.reason)}</span>' if said.reason else ""
        if said.verdict != Review.RETURNED:
            word = "Accepted" if said.verdict == Review.ACCEPTED else "Rejected"
            return mark_safe(f'<p class="verdict"><span>{word} by {by}{":" if reason else ""}</span> {reason}</p>')
        back = f"/review/{self.uid}/back/"
        return mark_safe(
            f'<div class="verdict returned"><p><b>Returned by {by}:</b> {reason}</p>'
            f'<p>Edit the mark, or <a class="act" href="{back}">send it back as it is</a>.</p></div>'
        )

    @property
    def _flag_html(self) -> str:
        if not self.may_flag:
            return ""
        url = f"/marks/{self.uid}/flag/"
        return f'<span class="acts"><a class="act" href="{url}" aria-label="Flag this mark">Flag</a></span>'

    def _replies_html(self, *, in_place: bool) -> str:
        return link_html(self.session, self.uid, self.replies, in_place=in_place) if self.session else ""

    def _html(self, attributes: str, made: str, passage: str, acts: str, replies: str) -> SafeString:
        who = escape(self.who)
        classes = "card" + (" own" if self.is_own else "") + (" open" if self.is_open else "")
        by = [
            f'<span class="who" aria-hidden="true">{escape(self.initials)}</span> <b>{who}</b>',
            f'<time datetime="{self.made.isoformat(timespec="seconds")}">{made}</time>',
        ]
        if self.edited:
            # What it was before is for those who are signed in.
            is_told = self.is_own or self.may_flag
            history = f'<a href="/marks/{self.uid}/history/" aria-label="History of this mark">edited</a>'
            by.append(f'<span class="edited">{history if is_told else "edited"}</span>')
        if self.is_private:
            by.append('<span class="lock">private</span>')
        if self.may_edit:
            by.append(f'<span class="acts">{acts}</span>')
        elif self.may_flag:
            by.append(self._flag_html)
        note = f'<div class="note" dir="auto">{self.note}</div>' if self.note else ""
        return mark_safe(
            f'<li id="card-{self.uid}" class="{classes}"{attributes}>'
            f'<div role="comment" aria-label="Mark by {who}: {escape(self.tag_names)}">\n'
            f'<p class="by">{" ".join(by)}</p>\n'
            f'<p class="q" dir="auto"><a href="{passage}">{escape(self.quote)}</a></p>\n'
            f"{self.tags_html}{note}{self.verdict_html}{self._since_html}{replies}\n</div></li>"
        )

    @property
    def _since_html(self) -> str:
        """What became of the passage since it was chosen in an earlier revision."""
        link = f'<a href="/marks/{self.uid}/then/">as it was</a>'
        if self.state == Anchor.MOVED:
            return f'<p class="since">Moved since it was marked – {link}</p>'
        if self.state == Anchor.CHANGED:
            then, now = apart(*_where_they_part(self.then, self.now))
            return (
                '<details class="since"><summary>The passage changed since</summary><dl class="then-now">'
                f'<dt>Then</dt><dd dir="auto">{then}</dd><dt>Now</dt><dd dir="auto">{now}</dd></dl>'
                f"<p>{link}</p></details>"
            )
        return ""


@dataclass(slots=True)
class Group:
    """The marks that start in one block: cards of the first few, and how many more there are."""

    block: int
    cards: list[Card] = field(default_factory=list)
    more: int = 0


def card_of(
    viewer,
    annotation: Annotation,
    mark: Mark,
    replies: Mapping[int, int] | None = None,
    verdicts: Mapping[int, Review] | None = None,
) -> Card:
    """The card of a mark. `replies` is what `reply_counts` says of it, and `verdicts` what `own_verdicts` says, which
    are asked where they are not given."""
    if replies is None:
        replies = reply_counts(viewer, [annotation])
    if verdicts is None:
        verdicts = own_verdicts(viewer, [annotation])
    # Where it was chosen its words are at hand; elsewhere they are those of the text.
    words = annotation.quote
    if mark.revision_id != annotation.revision_id:
        words = document_of(mark.revision_id).text[mark.start : mark.end]
    return Card(
        uid=annotation.uid,
        start=mark.start,
        end=mark.end,
        block=mark.first_block,
        author=annotation.author.name,
        initials=annotation.author.initials,
        is_own=annotation.author_id == viewer.pk,
        may_edit=may_edit_mark(viewer, annotation),
        quote=_cut(words),
        then=annotation.quote if mark.state == Anchor.CHANGED else "",
        now=words,
        # A revision before the one in which its passage was chosen has nothing to say about what came after.
        state=mark.state if mark.revision_id > annotation.revision_id else Anchor.EXACT,
        looks=mark.looks,
        note=note_html(annotation.note),
        is_private=annotation.visibility == Annotation.PRIVATE,
        made=annotation.created_at,
        edited=annotation.updated_at > annotation.created_at,
        version=annotation.version,
        number=mark.number,
        session=annotation.session.uid if annotation.pk in replies else "",
        replies=replies.get(annotation.pk, 0),
        may_flag=may_flag(viewer, annotation),
        verdict=verdicts.get(annotation.pk),
    )


def own_verdicts(viewer, annotations: Iterable[Annotation]) -> dict[int, Review]:
    """By id, what reviewers say of those of these marks that are the viewer's own. One query, and none where no such
    mark has a verdict: that stands on the mark itself."""
    if not viewer.is_authenticated:
        return {}
    ids = [one.pk for one in annotations if one.author_id == viewer.pk and one.review_state != Annotation.UNREVIEWED]
    if not ids:
        return {}
    said = Review.objects.filter(annotation__in=ids, withdrawn_at=None).select_related("reviewer")
    return {review.annotation_id: review for review in said.order_by("pk")}


def _where_they_part(then: str, now: str) -> tuple[str, str]:
    """Both passages, cut so that the first difference is among what is shown."""
    pairs = enumerate(zip(then, now, strict=False))
    shared = next((at for at, (old, new) in pairs if old != new), min(len(then), len(now)))
    start = max(0, shared - QUOTE_SHOWN // 3) if max(len(then), len(now)) > QUOTE_SHOWN else 0
    head = "…" if start else ""
    return head + _cut(then[start:]), head + _cut(now[start:])


def _cut(words: str) -> str:
    words = words.replace("\n", " ")
    return words if len(words) <= QUOTE_SHOWN else words[: QUOTE_SHOWN - 1].rstrip() + "…"


def cards_of(viewer, marks: Sequence[Mark]) -> list[Card]:
    """Cards of these marks in their order. One query, whatever their number, one for the replies to marks of a session
    and one for what reviewers say of the viewer's own; who may see them is asked again."""
    found = (
        Annotation.objects.visible_to(viewer).select_related("author", "session").in_bulk([mark.pk for mark in marks])
    )
    replies = reply_counts(viewer, found.values())
    verdicts = own_verdicts(viewer, found.values())
    return [card_of(viewer, found[mark.pk], mark, replies, verdicts) for mark in marks if mark.pk in found]


def groups_of(viewer, marks: Iterable[Mark], most_cards: int | None = CARDS_IN_A_GROUP) -> list[Group]:
    """Marks in document order as groups in document order, each with cards for at most `most_cards` of its marks."""
    groups: list[Group] = []
    chosen: list[Mark] = []
    for mark in marks:
        if not groups or groups[-1].block != mark.first_block:
            groups.append(Group(mark.first_block))
            shown = 0
        if most_cards is None or shown < most_cards:
            chosen.append(mark)
            shown += 1
        else:
            groups[-1].more += 1
    by_block = {group.block: group for group in groups}
    for card in cards_of(viewer, chosen):
        by_block[card.block].cards.append(card)
    return groups
