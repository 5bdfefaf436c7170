"""The verbs of the desk: deciding a passage, pre-filling by a strategy, taking back. Each is one transaction that holds
the session in its phase, locks the articles in question, checks the right and records one event on the session's
channel. None of them touches a mark."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations.adjudication.passages import Passage
from annotations.adjudication.prefilling import Plan, plan
from annotations.adjudication.queries import NO_PASSAGE, Desk, Item, Settled, decisions_on, desk_of, desks_of
from annotations.adjudication.strategies import Order, Strategy, merge, order_of
from annotations.codebook.kept import all_tags, successor_of
from annotations.editing.actions import choose_passage
from annotations.membership import Seat
from annotations.models import Considered, Decision, Member, SessionArticle, TeamSession
from annotations.models.team import hold
from annotations.permissions import may_oversee
from annotations.teams.actions import clean_text
from opslens.activity.record import record
from opslens.models import Event
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

MOST_REASON = 4_000  # characters
MADE, CHANGED, UNDONE, APPLIED = "decision-made", "decision-changed", "decision-undone", "strategy-applied"
_UNDO_DEPTH = 200  # how many of one's own latest actions "undo" looks through
NOT_NOW = {
    TeamSession.PUBLISHED: "This session is published, so its decisions stand as they are.",
    TeamSession.ARCHIVED: "This session is in the archive, so its decisions stand as they are.",
}
NOT_YET = "This session is not being settled now. What was decided before is kept."


@dataclass(frozen=True, slots=True)
class Seen:
    """What the person had before them: the passage by the name of one of its marks, its marks (`Passage.seen`), and
    the decision about it with its version, if there was one."""

    passage: str
    marks: str
    decision: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to stand: [start, end) and tag ids; `gave_way`: (a tag that stays, one of its group that does not)."""

    verdict: str
    start: int
    end: int
    tags: tuple[int, ...] = ()
    gave_way: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What a verb did: the article; the decision, or None when many; what it says to the person."""

    here: SessionArticle
    decision: Decision | None = None
    changed: bool = True
    gave_way: tuple[tuple[int, int], ...] = ()
    said: str = ""


def seat_at_desk(viewer, session_id: int) -> Seat:
    """The viewer's seat in a session that is held until the transaction ends. Raises Missing; Denied for who does not
    oversee it; Conflict when it is not being settled."""
    session = hold(session_id)
    member = Member.objects.filter(session_id=session_id, user_id=viewer.pk, left_at=None).first()
    if session is None or member is None:
        raise Missing("There is no such session, or you are not in it.")
    if not may_oversee(member):
        raise Denied("Owners and reviewers of the session settle its passages.")
    if session.phase != TeamSession.ADJUDICATING:
        raise Conflict(NOT_NOW.get(session.phase, NOT_YET), current=session)
    return Seat(session, member)


def _articles(seat: Seat, slug: str | None = None) -> list[SessionArticle]:
    """The articles of the session, or the one of this name, locked in a fixed order. Raises Missing."""
    rows = seat.session.articles.filter(article__deleted_at=None).select_related("article")
    rows = rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    found = list(rows if slug is None else rows.filter(article__slug=slug))
    if slug is not None and not found:
        raise Missing("This article is not part of the session.")
    for here in found:
        here.session = seat.session
    return found


def state_of(settled: Settled) -> dict[str, Any]:
    """The whole state of a decision as plain JSON, as events keep it; `considered`: [mark id, version] each."""
    decision = settled.decision
    return {
        "article": decision.session_article_id,
        "start": decision.start,
        "end": decision.end,
        "verdict": decision.verdict,
        "tags": sorted(settled.tags),
        "reason": decision.reason,
        "method": decision.method,
        "decided_by": decision.decided_by_id,
        "considered": sorted([pk, version] for pk, version in settled.considered.items()),
        "deleted": decision.deleted_at is not None,
    }


def _state(here: SessionArticle, passage: Passage, reading: Reading, *, reason: str, method: str, by) -> dict[str, Any]:
    return {
        "article": here.pk,
        "start": reading.start,
        "end": reading.end,
        "verdict": reading.verdict,
        "tags": sorted(reading.tags),
        "reason": reason,
        "method": method,
        "decided_by": by.pk,
        "considered": sorted([mark.pk, mark.version] for mark in passage.marks),
        "deleted": False,
    }


def _store(rows: Sequence[tuple[Decision, dict[str, Any]]]) -> None:
    """Make decisions what these states say, new ones and old ones, in a fixed number of statements."""
    now, new, old = timezone.now(), [], []
    for decision, state in rows:
        for name in ("start", "end", "verdict", "reason", "method"):
            setattr(decision, name, state[name])
        decision.decided_by_id, decision.session_article_id = state["decided_by"], state["article"]
        decision.updated_at = now
        decision.deleted_at = (decision.deleted_at or now) if state["deleted"] else None
        if decision.pk:
            decision.version += 1
        (old if decision.pk else new).append(decision)
    Decision.objects.bulk_create(new, batch_size=200)
    if old:
        fields = ["start", "end", "verdict", "reason", "method", "decided_by", "updated_at", "deleted_at", "version"]
        Decision.objects.bulk_update(old, fields, batch_size=100)
        Considered.objects.filter(decision__in=old).delete()
        Decision.tags.through.objects.filter(decision__in=old).delete()
    Decision.tags.through.objects.bulk_create(
        [Decision.tags.through(decision=decision, tag_id=tag) for decision, state in rows for tag in state["tags"]],
        batch_size=500,
    )
    Considered.objects.bulk_create(
        [
            Considered(decision=decision, annotation_id=pk, version=version)
            for decision, state in rows
            for pk, version in state["considered"]
        ],
        batch_size=500,
    )


def order_in(seat: Seat) -> Order:
    """What the session's codebook says about its tags."""
    return order_of(tag for tag in all_tags().values() if tag.codebook_id == seat.session.codebook_id)


def _decide(
    viewer, seat: Seat, slug: str, seen: Seen, reason: str, read: Callable[[Seat, SessionArticle, Item], Reading]
) -> Done:
    """Settle a passage as `read` says. Deciding the same again changes and records nothing."""
    with transaction.atomic():
        seat = seat_at_desk(viewer, seat.session.pk)
        (here,) = _articles(seat, slug)
        item = desk_of(viewer, seat, here).at(seen.passage)
        if item is None:
            raise Missing(NO_PASSAGE)
        if item.passage.seen != seen.marks:
            raise Conflict("The marks of this passage have changed since you opened it.", current=item)
        reading = read(seat, here, item)
        after = _state(here, item.passage, reading, reason=reason, method=Decision.PERSON, by=viewer)
        settled = item.settled
        before = state_of(settled) if settled else None
        if before is not None and before | {"decided_by": viewer.pk} == after:
            return Done(here, settled.decision, changed=False, gave_way=reading.gave_way)
        is_there = (settled.decision.uid, settled.decision.version) if settled else ("", 0)
        if is_there != (seen.decision, seen.version):
            said = "This passage has been decided" if settled else "The decision about this passage has been taken back"
            raise Conflict(f"{said} in the meantime.", current=item)
        decision = settled.decision if settled else Decision()
        _store([(decision, after)])
        verb = CHANGED if settled else MADE
        record(seat.session.channel, verb, actor=viewer, subject=decision.subject, before=before, after=after)
    return Done(here, decision, gave_way=reading.gave_way)


def choose(viewer, seat: Seat, slug: str, seen: Seen, candidate: str, *, reason: str = "") -> Done:
    """Settle a passage as one of its candidates, by `Candidate.key`, has it.

    Raises Conflict, with the item as it is now in `.current`, when somebody else was faster, the marks have changed or
    the session is not being settled; Invalid, Missing, Denied. So do the other verbs on a passage.
    """

    def read(seat: Seat, here: SessionArticle, item: Item) -> Reading:
        for one in item.passage.candidates:
            if one.key == candidate:
                return Reading(Decision.ACCEPTED, one.start, one.end, one.tags)
        raise Invalid("Choose one of the readings of this passage.")

    return _decide(viewer, seat, slug, seen, clean_text(reason, MOST_REASON, name="reason"), read)


def merge_readings(
    viewer, seat: Seat, slug: str, seen: Seen, candidates: Iterable[str] = (), *, reason: str = ""
) -> Done:
    """Settle a passage as all of these candidates together have it, or as all that there are: their words and their
    tags, of an exclusive group the one that more readers gave."""
    wanted = set(candidates)

    def read(seat: Seat, here: SessionArticle, item: Item) -> Reading:
        chosen = [one for one in item.passage.candidates if one.key in wanted or not wanted]
        if len(chosen) < max(1, len(wanted)):
            raise Invalid("Choose readings of this passage to merge.")
        made = merge(chosen, order_in(seat))
        return Reading(Decision.ACCEPTED, made.start, made.end, made.tags, made.gave_way)

    return _decide(viewer, seat, slug, seen, clean_text(reason, MOST_REASON, name="reason"), read)


def edit_reading(
    viewer,
    seat: Seat,
    slug: str,
    seen: Seen,
    *,
    start: int,
    end: int,
    exact: str,
    tags: Iterable[int],
    reason: str = "",
) -> Done:
    """Settle a passage with ends, which hold the words `exact`, and tags of one's own."""
    tags = list(dict.fromkeys(tags))

    def read(seat: Seat, here: SessionArticle, item: Item) -> Reading:
        place = choose_passage(here.revision_id, start, end, exact)
        if min(place.end, item.passage.end) <= max(place.start, item.passage.start):
            message = "Keep at least some of the words that readers marked here."
            raise Invalid(message, {"exact": message})
        carried = {tag for mark in item.passage.marks for tag in mark.tags}
        carried.update(item.settled.tags if item.settled else ())
        return Reading(Decision.ACCEPTED, place.start, place.end, tuple(_checked(seat, tags, carried)))

    return _decide(viewer, seat, slug, seen, clean_text(reason, MOST_REASON, name="reason"), read)


def _checked(seat: Seat, tags: Sequence[int], carried: set[int]) -> list[int]:
    """Tags of the session's codebook that are offered or that marks of the passage carry; of an exclusive group one.
    Raises Invalid."""
    found, groups = all_tags(), {}
    for pk in tags:
        tag = found.get(pk)
        if tag is None or tag.codebook_id != seat.session.codebook_id:
            raise _wrong_tags("Choose tags of the codebook of this session.")
        if not tag.offered and pk not in carried:
            raise _wrong_tags(f"The tag “{tag.name}” is no longer offered.")
        if tag.group.exclusive:
            if tag.group_id in groups:
                raise _wrong_tags(f"“{groups[tag.group_id].name}” and “{tag.name}” exclude one another. Keep one.")
            groups[tag.group_id] = tag
    return list(tags)


def _wrong_tags(message: str) -> Invalid:
    return Invalid(message, {"tags": message})


def reject(viewer, seat: Seat, slug: str, seen: Seen, *, reason: str) -> Done:
    """Settle that no mark is to stand on a passage, and say why."""
    reason = clean_text(reason, MOST_REASON, name="reason", needed="Say why no mark is to stand here.")

    def read(seat: Seat, here: SessionArticle, item: Item) -> Reading:
        return Reading(Decision.REJECTED, item.passage.start, item.passage.end)

    return _decide(viewer, seat, slug, seen, reason, read)


def withdraw(viewer, seat: Seat, slug: str, uid: str, version: int) -> Done:
    """Take a decision back, whoever made it: its passage is open again. Doing it again is not an error. Raises
    Conflict, with the decision as it is now, when it was changed in the meantime; Missing, Denied."""
    with transaction.atomic():
        seat = seat_at_desk(viewer, seat.session.pk)
        (here,) = _articles(seat, slug)
        decision = here.decisions.filter(uid=uid).first()
        if decision is None:
            raise Missing("There is no such decision.")
        if decision.deleted_at is not None:
            return Done(here, decision, changed=False)
        if decision.version != version:
            raise Conflict("This decision was changed in the meantime.", current=decision)
        (settled,) = [one for one in decisions_on([here])[here.pk] if one.decision.pk == decision.pk]
        before = state_of(settled)
        after = before | {"deleted": True}
        _store([(settled.decision, after)])
        record(seat.session.channel, UNDONE, actor=viewer, subject=decision.subject, before=before, after=after)
    return Done(here, settled.decision)


def plans_for(viewer, seat: Seat, articles: Sequence[SessionArticle], strategy: Strategy) -> list[Plan]:
    """What a strategy would do to each of these articles. Seven queries at most, whatever their number."""
    order = order_in(seat)
    return [plan(desk, strategy, order) for desk in desks_of(viewer, seat, articles)]


def seen_of(plans: Iterable[Plan]) -> str:
    """Short for what was previewed."""
    return "-".join(f"{one.desk.here.pk}.{one.seen}" for one in sorted(plans, key=lambda one: one.desk.here.pk))


def apply_strategy(
    viewer, seat: Seat, strategy: Strategy, *, slug: str | None = None, seen: str | None = None
) -> list[Plan]:
    """Pre-fill one article or all of them: what was done, by article. Passages that people have decided stay as they
    are; what earlier strategies decided is replaced. Applying it again changes and records nothing.

    `seen` is what was previewed, `seen_of(plans)`. Raises Conflict, with the plans as they are now in `.current`, when
    it would do something else by now, or when the session is not being settled; Missing, Denied.
    """
    with transaction.atomic():
        seat = seat_at_desk(viewer, seat.session.pk)
        articles = _articles(seat, slug)
        plans = plans_for(viewer, seat, articles, strategy)
        if seen is not None and seen != seen_of(plans):
            raise Conflict("The desk has changed since this preview. Look at it once more.", current=plans)
        rows: list[tuple[Decision, dict[str, Any]]] = []
        before: dict[str, Any] = {}
        for one in plans:
            for item, made in one.settles:
                reading = Reading(Decision.ACCEPTED, made.start, made.end, made.tags)
                decision = item.settled.decision if item.settled else Decision()
                before[decision.uid] = state_of(item.settled) if item.settled else None
                rows.append(
                    (
                        decision,
                        _state(one.desk.here, item.passage, reading, reason="", method=strategy.method, by=viewer),
                    )
                )
            for settled in one.removes:
                before[settled.decision.uid] = state_of(settled)
                rows.append((settled.decision, before[settled.decision.uid] | {"deleted": True}))
        if not rows:
            return plans
        _store(rows)
        about = {"strategy": strategy.method, "articles": [here.pk for here in articles]}
        if strategy.method == Decision.THRESHOLD:
            about |= {"share": strategy.share, "ties": strategy.ties}
        record(
            seat.session.channel,
            APPLIED,
            actor=viewer,
            subject=seat.session.subject,
            before={"decisions": before},
            after=about | {"decisions": {decision.uid: state for decision, state in rows}},
        )
    return plans


def undo_last(viewer, seat: Seat, slug: str | None = None) -> Done:
    """Take back the viewer's own last action at the desk, of one article or of all of them, that is not taken back
    yet.

    Of a strategy, what people have decided since then stays. Raises Missing when there is nothing to undo; Conflict
    when what it did was changed since then, or the session is not being settled; Denied.
    """
    with transaction.atomic():
        seat = seat_at_desk(viewer, seat.session.pk)
        articles = {here.pk: here for here in _articles(seat, slug)}
        undone: set[int] = set()
        own = Event.objects.filter(
            channel__name=seat.session.channel, actor_id=viewer.pk, verb__in=(MADE, CHANGED, UNDONE, APPLIED)
        )
        for event in own.order_by("-number")[:_UNDO_DEPTH]:
            if "undoes" in event.after:
                undone.add(event.after["undoes"])
            elif event.number not in undone and _articles_of(event).intersection(articles):
                return _undo(viewer, seat, articles, event)
    raise Missing("There is nothing of yours to undo here.")


def _articles_of(event: Event) -> set[int]:
    return set(event.after["articles"]) if event.verb == APPLIED else {event.after["article"]}


def _undo(viewer, seat: Seat, articles: dict[int, SessionArticle], event: Event) -> Done:
    is_many = event.verb == APPLIED
    uid = event.subject.partition(":")[2]
    was = event.before["decisions"] if is_many else {uid: event.before}
    became = event.after["decisions"] if is_many else {uid: event.after}
    # A run over all articles is undone as a whole, from whichever desk.
    if is_many and not set(event.after["articles"]) <= set(articles):
        articles = {here.pk: here for here in _articles(seat)}
    now = _by_uid(became, articles)
    same = [uid for uid, state in became.items() if uid in now and state_of(now[uid]) == _today(state)]
    concerned = [articles[pk] for pk in sorted({became[uid]["article"] for uid in same})]
    desks = {desk.here.pk: desk for desk in desks_of(viewer, seat, concerned)}
    rows: list[tuple[Decision, dict[str, Any]]] = []
    tags = all_tags()
    for uid in same:
        # What was not there before goes; its last state stays readable under `deleted`.
        back = dict(was[uid]) if was[uid] else became[uid] | {"deleted": True}
        back["tags"] = [tag for tag in _today(back)["tags"] if tag in tags]
        if became[uid]["deleted"] and not back["deleted"] and _is_taken(desks[back["article"]], back, became):
            continue  # somebody has decided this passage anew
        rows.append((now[uid].decision, back))
    if not rows:
        raise Conflict("What you did last was changed after that, so it was left as it is.")
    before = {decision.uid: became[decision.uid] for decision, _ in rows}
    _store(rows)
    after = {decision.uid: state for decision, state in rows}
    if is_many:
        more = {"undoes": event.number, "articles": event.after["articles"]}
        record(
            seat.session.channel,
            UNDONE,
            actor=viewer,
            subject=event.subject,
            before={"decisions": before},
            after={"decisions": after} | more,
        )
        kept = len(became) - len(rows)
        said = "Undone: the strategy’s decisions are as they were before it."
        said += f" {kept} that were changed since then stay." if kept else ""
        return Done(next(iter(articles.values())), said=said)
    ((decision, back),) = rows
    record(
        seat.session.channel,
        UNDONE,
        actor=viewer,
        subject=event.subject,
        before=before[decision.uid],
        after=back | {"undoes": event.number},
    )
    if back["deleted"]:
        said = "Undone: the passage is open again."
    elif event.verb == UNDONE:
        said = "Undone: the decision stands again."
    else:
        said = "Undone: the decision is as it was before."
    return Done(articles[back["article"]], decision, said=said)


def _today(state: dict[str, Any]) -> dict[str, Any]:
    """A state that an event holds, with tags that were merged since then as what they are today."""
    return state | {"tags": sorted({successor_of(tag) for tag in state["tags"]})}


def _by_uid(uids: Iterable[str], articles: Iterable[int]) -> dict[str, Settled]:
    """Decisions by name, those that were taken back included."""
    found = {
        decision.pk: Settled(decision, (), {})
        for decision in Decision.objects.filter(uid__in=list(uids), session_article__in=list(articles))
    }
    through = Decision.tags.through.objects.filter(decision__in=found)
    for pk, tag in through.values_list("decision_id", "tag_id"):
        found[pk].tags += (tag,)
    for pk, mark, version in Considered.objects.filter(decision__in=found).values_list(
        "decision_id", "annotation_id", "version"
    ):
        found[pk].considered[mark] = version
    return {settled.decision.uid: settled for settled in found.values()}


def _is_taken(desk: Desk, state: dict[str, Any], undone: Collection[str]) -> bool:
    """Whether another decision than those that are being undone is about the passage of this one."""
    marks = {pk for pk, _ in state["considered"]}
    return any(
        item.settled is not None
        and item.settled.decision.uid not in undone
        and any(mark.pk in marks for mark in item.passage.marks)
        for item in desk.items
    )
