"""What a strategy would do to a desk, counted before anybody applies it. Decisions of people are out of its reach."""

from __future__ import annotations

from dataclasses import dataclass

from annotations.adjudication.passages import fingerprint
from annotations.adjudication.queries import Desk, Item, Settled
from annotations.adjudication.strategies import Order, Proposal, Strategy, propose
from annotations.models import Decision


@dataclass(slots=True)
class Plan:
    """What becomes of each passage of one article. `settles`: those that get a decision, or another one than an
    earlier strategy gave; `removes`: earlier decisions by a strategy that this one would not make; `same`: those that
    stay as an earlier strategy left them; `kept`: those that people have decided; `stays_open`: the rest."""

    desk: Desk
    settles: list[tuple[Item, Proposal]]
    removes: list[Settled]
    same: int
    kept: int
    stays_open: int

    @property
    def new(self) -> int:
        return sum(item.is_open for item, _ in self.settles)

    @property
    def replaced(self) -> int:
        return len(self.settles) - self.new

    @property
    def changes(self) -> int:
        return len(self.settles) + len(self.removes)

    @property
    def seen(self) -> str:
        """Short for what it would do, to which passages and decisions."""
        done = [
            (item.passage.key, item.passage.seen, (made.start, made.end, *made.tags), _version(item.settled))
            for item, made in self.settles
        ]
        gone = [("", _version(settled)) for settled in self.removes]
        return fingerprint(repr(each) for each in [*done, *gone])


def _version(settled: Settled | None) -> tuple:
    return (settled.decision.uid, settled.decision.version) if settled else ()


def plan(desk: Desk, strategy: Strategy, order: Order) -> Plan:
    """What this strategy would do to this desk."""
    found = Plan(desk, [], [], 0, 0, 0)
    for item in desk.items:
        settled = item.settled
        if settled is not None and settled.by_person:
            found.kept += 1
            continue
        proposal = propose(item.passage, strategy, order)
        if proposal is None:
            found.stays_open += 1
            if settled is not None:
                found.removes.append(settled)
        elif settled is not None and _is_made(item, settled, proposal, strategy):
            found.same += 1
        else:
            found.settles.append((item, proposal))
    # What an earlier strategy settled and has lost its passage since gives way, too.
    found.removes.extend(settled for settled in desk.left_over if not settled.by_person)
    return found


def _is_made(item: Item, settled: Settled, proposal: Proposal, strategy: Strategy) -> bool:
    decision = settled.decision
    made = (decision.verdict, decision.method, decision.start, decision.end, settled.tags)
    wanted = (Decision.ACCEPTED, strategy.method, proposal.start, proposal.end, tuple(sorted(proposal.tags)))
    return made == wanted and not item.has_changed
