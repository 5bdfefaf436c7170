"""What the recap of a session says. Everything starts from the seat of the member who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.urls import reverse

from annotations.adjudication.queries import Desk, Item, articles_of, desks_of
from annotations.codebook.kept import Look, looks
from annotations.edition.making import period
from annotations.edition.recap.agreement import Agreement, agreement_of
from annotations.edition.settled import Share
from annotations.membership import Seat
from annotations.models import Assignment, Decision, Member, Question, SessionArticle, TeamSession
from annotations.permissions import may_lead, may_oversee
from opslens.articles.documents import document_of
from opslens.web.refusals import Missing

CONTESTED_SHOWN = 10
UNDECIDED_SHOWN = 50
DIFFERENCES_SHOWN = 20
NOT_YET = "The recap is here once the session is being settled."


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the desk, with what was decided about it, if anything was: tags that stand there, or None where no
    mark is to stand."""

    title: str
    words: str
    language: str
    url: str
    votes: list[Share]
    marked: int
    of: int
    decided: bool
    tags: list[Look] | None
    by: str
    reason: str

    @property
    def quote(self) -> str:
        words = " ".join(self.words.split())
        return words if len(words) <= 300 else words[:299].rstrip() + "…"

    @property
    def decision(self) -> str:
        if not self.decided:
            return "Not decided."
        how = f" ({self.by})" if self.by else ""
        if self.tags is None:
            return f"Rejected: no mark stands here{how}."
        return f"Settled as {', '.join(look.name for look in self.tags) or 'marked, without a tag'}{how}."


@dataclass(frozen=True, slots=True)
class Note:
    title: str
    reader: str
    text: str


@dataclass(slots=True)
class TagCount:
    """Of one tag: passages where the reader and the settled reading have it, only the reader, only the settled one."""

    look: Look
    both: int = 0
    only_reader: int = 0
    only_settled: int = 0


@dataclass(slots=True)
class Feedback:
    """How one reader's passages were settled. For that reader, and for the owners; nobody is compared with others."""

    reader: str
    is_own: bool
    marked: int = 0  # passages that the reader marked and that were decided
    as_read: int = 0  # of these, settled with the same tags
    undecided: int = 0
    left: int = 0  # settled passages that the reader had left unmarked
    tags: list[TagCount] = field(default_factory=list)
    differences: list[tuple[Passage, list[Look]]] = field(default_factory=list)  # with the reader's tags
    more: int = 0


@dataclass(frozen=True, slots=True)
class Recap:
    session: TeamSession
    articles: list[SessionArticle]
    readers: int
    period: str
    passages: int
    decided: int
    agreement: Agreement
    contested: list[Passage]
    undecided: list[Passage]
    more_undecided: int
    questions: list[Question]
    notes: list[Note]
    feedback: list[Feedback]


def recap_for(viewer, seat: Seat) -> Recap:
    """The recap as this member may read it. Raises Missing before the session is being settled."""
    session = seat.session
    if session.phase not in TeamSession.SETTLED:
        raise Missing(NOT_YET)
    articles, known = articles_of(seat), looks()
    desks = desks_of(viewer, seat, articles)
    work = list(
        Assignment.objects.filter(session_article__in=articles)
        .select_related("member__user")
        .order_by("session_article__position", "session_article_id", "member__joined_at", "member_id")
    )
    titles = {here.pk: here.article.title for here in articles}
    placed = [(desk.here, item) for desk in desks for item in desk.items]
    contested = sorted(
        (one for one in placed if one[1].passage.contested), key=lambda one: -round(one[1].passage.entropy, 9)
    )
    undecided = [one for one in placed if one[1].is_open]
    undecided.sort(key=lambda one: (not one[1].passage.contested, one[0].position, one[1].passage.start))
    done = [one for one in work if one.state == Assignment.DONE]
    return Recap(
        session=session,
        articles=articles,
        readers=len({one.member_id for one in done}),
        period=period(
            min((one.opened_at for one in done if one.opened_at), default=None),
            max((one.closed_at for one in done if one.closed_at), default=None),
        ),
        passages=len(placed),
        decided=len(placed) - len(undecided),
        agreement=agreement_of(seat),
        contested=[_passage(session, here, item, known) for here, item in contested[:CONTESTED_SHOWN]],
        undecided=[_passage(session, here, item, known) for here, item in undecided[:UNDECIDED_SHOWN]],
        more_undecided=max(0, len(undecided) - UNDECIDED_SHOWN),
        questions=_open_questions(seat),
        notes=[Note(titles[one.session_article_id], one.member.user.name, one.note) for one in work if one.note],
        feedback=_feedback(seat, desks, done, known),
    )


def _open_questions(seat: Seat) -> list[Question]:
    """Questions without an answer that this member may see: all for those who answer them, else one's own."""
    waiting = Question.objects.filter(session=seat.session, answered_at=None).select_related("asker")
    if not may_oversee(seat.member):
        waiting = waiting.filter(asker_id=seat.member.user_id)
    return list(waiting.select_related("session_article__article").order_by("asked_at", "pk"))


def _passage(session: TeamSession, here: SessionArticle, item: Item, known: dict[int, Look]) -> Passage:
    passage, settled = item.passage, item.settled
    votes, start, end = passage.votes, passage.core_start, passage.core_end
    tags, by, reason = None, "", ""
    if settled is not None:
        decision = settled.decision
        start, end, reason = decision.start, decision.end, decision.reason
        tags = None if settled.rejected else _in_order(settled.tags, known)
        by = decision.get_method_display()
        if decision.method == Decision.PERSON and decision.decided_by is not None:
            by = f"decided by {decision.decided_by.name}"
    return Passage(
        title=here.article.title,
        words=document_of(here.revision_id).text[start:end],
        language=here.article.language,
        url=reverse("teams:read", args=[session.uid, here.article.slug]) + f"#m{passage.key}",
        votes=[Share(look, len(votes.by_tag[look.pk]), len(votes.of)) for look in _in_order(votes.by_tag, known)],
        marked=len(votes.marked),
        of=len(votes.of),
        decided=settled is not None,
        tags=tags,
        by=by,
        reason=reason,
    )


def _in_order(ids, known: dict[int, Look]) -> list[Look]:
    return sorted((known[pk] for pk in ids), key=lambda look: look.order)


def _feedback(seat: Seat, desks: Sequence[Desk], done: Sequence[Assignment], known: dict[int, Look]) -> list[Feedback]:
    """The member's own and, for owners, that of every reader, by name."""
    readers: dict[int, Member] = {one.member.user_id: one.member for one in done}
    own = seat.member.user_id
    wanted = readers if may_lead(seat.member) else {own: readers[own]} if own in readers else {}
    found = [_of_reader(seat, desks, pk, member.user.name, known) for pk, member in wanted.items()]
    return sorted(found, key=lambda one: (not one.is_own, one.reader.casefold(), one.reader))


def _of_reader(seat: Seat, desks: Sequence[Desk], reader: int, name: str, known: dict[int, Look]) -> Feedback:
    found = Feedback(name, is_own=reader == seat.member.user_id)
    counts: dict[int, TagCount] = {}
    for desk in desks:
        if reader not in desk.readers:
            continue
        for item in sorted(desk.items, key=lambda item: (item.passage.start, -item.passage.end)):
            own = {tag for tag, who in item.passage.votes.by_tag.items() if reader in who}
            has_marked = reader in item.passage.votes.marked
            if item.settled is None:
                found.undecided += has_marked
                continue
            standing = None if item.settled.rejected else set(item.settled.tags)
            if not has_marked and standing is None:
                continue
            found.marked += has_marked
            found.left += not has_marked
            for tag in own | (standing or set()):
                count = counts.setdefault(tag, TagCount(known[tag]))
                if tag not in own:
                    count.only_settled += 1
                elif tag in (standing or ()):
                    count.both += 1
                else:
                    count.only_reader += 1
            if has_marked and own == standing:
                found.as_read += 1
            elif len(found.differences) < DIFFERENCES_SHOWN:
                found.differences.append((_passage(seat.session, desk.here, item, known), _in_order(own, known)))
            else:
                found.more += 1
    found.tags = sorted(counts.values(), key=lambda count: count.look.order)
    return found
