"""The settled reading of articles as everybody may read it: what was decided about which passage, and how many readers
had read it so. Numbers only; who chose what is for the session to know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from annotations.adjudication.votes import votes_of
from annotations.codebook.kept import Look, looks
from annotations.models import Anchor, Decision, SessionArticle
from annotations.reading.notes import note_html
from annotations.reading.queries import Mark
from opslens.articles.documents import document_of

QUOTE_SHOWN = 280  # code points
MOST_DOTS = 12  # readers that are drawn one by one


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the readers who count put this tag on a passage."""

    look: Look
    count: int
    of: int

    @property
    def words(self) -> str:
        return f"{self.count} of {self.of} reader{'' if self.of == 1 else 's'}"

    @property
    def drawing(self) -> SafeString:
        """The same as a row of dots or, for many readers, as a bar."""
        none = ' class="no"'
        if self.of <= MOST_DOTS:
            width = 9 * self.of
            drawn = "".join(
                f'<circle cx="{9 * at + 4.5}" cy="4.5" r="3.25"{"" if at < self.count else none}/>'
                for at in range(self.of)
            )
        else:
            width = 96
            filled = round(width * self.count / self.of)
            drawn = f'<rect width="{filled}" height="9"/><rect x="{filled}" width="{width - filled}" height="9"{none}/>'
        return mark_safe(
            f'<svg class="votes" width="{width}" height="9" viewBox="0 0 {width} 9" aria-hidden="true">{drawn}</svg>'
        )


@dataclass(slots=True)
class Settled:
    """One decision. `looks` are the tags that stand there, none when it was rejected; `shares` the votes for them,
    `others` those for tags that do not stand; `of` the readers who count, `marked` those of them who marked it."""

    uid: str
    start: int
    end: int
    first_block: int
    last_block: int
    words: str
    accepted: bool
    by_hand: bool
    reason: str
    looks: list[Look]
    shares: list[Share]
    others: list[Share]
    of: int
    marked: int
    number: int = 0  # among those shown, from 1

    @property
    def quote(self) -> str:
        words = self.words.replace("\n", " ")
        return words if len(words) <= QUOTE_SHOWN else words[: QUOTE_SHOWN - 1].rstrip() + "…"

    @property
    def tag_names(self) -> str:
        return ", ".join(look.name for look in self.looks) or "no tag"

    @property
    def reason_html(self) -> SafeString:
        return note_html(self.reason)

    @property
    def is_unanimous(self) -> bool:
        whole = all(share.count == self.of for share in self.shares)
        return self.accepted and self.of > 1 and bool(self.shares) and whole and not self.others

    @property
    def dissent(self) -> str:
        """How others of the readers had read it, in words and numbers; "" where nobody did."""
        parts = [f"{share.count} chose {share.look.name}" for share in self.others]
        unmarked = self.of - self.marked
        if unmarked and self.marked:
            parts.append(f"{unmarked} left it unmarked")
        elif unmarked:
            parts.append("no reader had marked it" if self.of > 1 else "the reader had not marked it")
        if not parts:
            return "All readers agree." if self.is_unanimous else ""
        said = ", ".join(parts)
        return f"{said[0].upper()}{said[1:]}."

    def as_mark(self, revision_id: int) -> Mark:
        """The same in the form that the text is woven from."""
        place = (self.start, self.end, self.first_block, self.last_block)
        return Mark(0, self.uid, *place, 0, revision_id, Anchor.EXACT, self.looks)


def settled_in(articles: Sequence[SessionArticle], known: dict[int, Look] | None = None) -> dict[int, list[Settled]]:
    """By session article id, its decisions in document order. `known`: the looks of tags, when they are at hand. The
    same number of queries whatever the number of decisions: these, their tags, five for the votes, one for the looks,
    one for each text that is not at hand."""
    decisions = list(
        Decision.objects.filter(session_article__in=articles, deleted_at=None)
        .prefetch_related("tags")
        .order_by("start", "-end", "pk")
    )
    votes, known = votes_of(decisions), looks() if known is None else known
    found: dict[int, list[Settled]] = {here.pk: [] for here in articles}
    revisions = {here.pk: here.revision_id for here in articles}
    for decision in decisions:
        document = document_of(revisions[decision.session_article_id])
        blocks = document.blocks_between(decision.start, decision.end)
        if not blocks:
            continue
        cast = votes[decision.pk]
        accepted = decision.verdict == Decision.ACCEPTED
        standing = _in_order({tag.pk for tag in decision.tags.all()} if accepted else (), known)
        shares = {pk: Share(known[pk], len(who), len(cast.of)) for pk, who in cast.by_tag.items()}
        names = {look.pk for look in standing}
        found[decision.session_article_id].append(
            Settled(
                uid=decision.uid,
                start=decision.start,
                end=decision.end,
                first_block=blocks[0].ordinal,
                last_block=blocks[-1].ordinal,
                words=document.text[decision.start : decision.end],
                accepted=accepted,
                by_hand=decision.method == Decision.PERSON,
                reason=decision.reason,
                looks=standing,
                shares=[shares.get(look.pk, Share(look, 0, len(cast.of))) for look in standing],
                others=[shares[look.pk] for look in _in_order(shares.keys() - names, known)],
                of=len(cast.of),
                marked=len(cast.marked),
            )
        )
    return found


def _in_order(ids: Iterable[int], known: dict[int, Look]) -> list[Look]:
    return sorted((known[pk] for pk in ids), key=lambda look: look.order)
