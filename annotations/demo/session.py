"""A session that the demo's readers have finished: marked blind, revealed, talked over, settled, published."""

from __future__ import annotations

import json

from annotations.adjudication.actions import Seen, apply_strategy, choose, reject
from annotations.adjudication.answers import answer as answer_decision
from annotations.adjudication.queries import desk_of
from annotations.adjudication.strategies import Strategy
from annotations.demo.content import SEEDS, key_of, passage_of
from annotations.discussion.actions import add_reply
from annotations.editing.actions import edit_mark, mark_passage
from annotations.membership import session_by_id
from annotations.models import Annotation, Codebook, Decision, Member, TeamSession
from annotations.teams import actions
from annotations.teams.people.actions import add_member
from annotations.teams.progress import actions as progress
from opslens.models import Article, User


def load_session(codebook: Codebook, readers: dict[str, User], articles: dict[str, Article], marks: list[dict]) -> None:
    """Make the finished session unless it is there. The first reader owns it and reads along. Part of the caller's
    transaction."""
    data = json.loads((SEEDS / "session.json").read_text("utf-8"))
    owner, *others = readers.values()
    article = articles[data["article"]]
    there = TeamSession.objects.filter(created_by=owner, name=data["name"])
    if there.exists() or article.deleted_at is not None:
        return
    session = actions.create_session(
        owner, articles=[article], codebook=codebook, name=data["name"], guidelines=data["guidelines"], reads=True
    )
    for reader in others:
        add_member(owner, session.pk, username=reader.username, role=Member.ANNOTATOR)
    _Telling(session, article, readers, data, marks).tell(owner)


class _Telling:
    """What happens in the session, in its order. Passages are named by whose mark stands on them and its words."""

    def __init__(
        self, session: TeamSession, article: Article, readers: dict[str, User], data: dict, marks: list[dict]
    ) -> None:
        self.session, self.readers, self.data = session, readers, data
        self.here = session.articles.get()
        self.here.article = article
        self.rows = [row for row in marks if row["article"] == data["article"]] + data["more"]
        self.tags = {tag.name: tag.pk for tag in session.codebook.tags.filter(is_on=True)}
        self.made: dict[tuple[str, str], Annotation] = {}

    def tell(self, owner: User) -> None:
        self._move(owner, TeamSession.ANNOTATING)
        self._mark()
        self._move(owner, TeamSession.REVEALED)
        self._talk()
        self._move(owner, TeamSession.ADJUDICATING)
        self._settle(owner)
        self._move(owner, TeamSession.PUBLISHED)

    def _seat(self, reader: User):
        return session_by_id(reader, self.session.pk)

    def _move(self, owner: User, to: str) -> None:
        now = TeamSession.objects.get(pk=self.session.pk)
        self.session, _ = actions.set_phase(owner, now.pk, to, seen=now.phase)

    def _mark(self) -> None:
        revision = self.here.revision
        for row in self.rows:
            reader = self.readers[row["reader"]]
            self.made[row["reader"], row["quote"]] = mark_passage(
                reader,
                revision,
                passage_of(row, revision.pk),
                tags=[self.tags[name] for name in row["tags"] if name in self.tags],
                note=row.get("note", ""),
                key=key_of({"session": self.session.uid, **row}),
                seat=self._seat(reader),
            ).annotation
        for name, text in self.data["notes"].items():
            progress.note(self.readers[name], self._seat(self.readers[name]), self.here, text)
        asked = self.data["question"]
        asker, (owner, *_) = self.readers[asked["reader"]], self.readers.values()
        question = progress.ask(asker, self._seat(asker), asked["text"], self.here)
        progress.answer(owner, self._seat(owner), question.pk, question.version, asked["answer"])
        for reader in self.readers.values():
            progress.finish(reader, self._seat(reader), self.here)

    def _talk(self) -> None:
        for row in self.data["changed"]:
            mark = self.made[row["reader"], row["quote"]]
            chosen = [self.tags[name] for name in row["tags"] if name in self.tags]
            edit_mark(self.readers[row["reader"]], mark.uid, mark.version, tags=chosen, note=row["note"])
        for row in self.data["replies"]:
            reader, mark = self.readers[row["reader"]], self.made[row["to"], row["quote"]]
            add_reply(reader, self.session.pk, mark.uid, row["text"], key=key_of({"session": self.session.uid, **row}))

    def _settle(self, owner: User) -> None:
        seat, slug = self._seat(owner), self.here.article.slug
        apply_strategy(owner, seat, Strategy(self.data["strategy"]))
        for row in self.data["decisions"]:
            mark = self.made[row["reader"], row["quote"]]
            item = desk_of(owner, seat, self.here).at(mark.uid)
            settled = item.settled.decision if item.settled else None
            seen = Seen(mark.uid, item.passage.seen, settled.uid if settled else "", settled.version if settled else 0)
            if row["as"] is None:
                reject(owner, seat, slug, seen, reason=row["reason"])
                continue
            chosen = self.made[row["as"], row["quote"]]
            (key,) = [one.key for one in item.passage.candidates if any(m.pk == chosen.pk for m in one.marks)]
            choose(owner, seat, slug, seen, key, reason=row["reason"])
        row = self.data["answer"]
        reader = self.readers[row["reader"]]
        mark = self.made[row["reader"], row["quote"]]
        decision = Decision.objects.get(considered__annotation=mark, deleted_at=None)
        answer_decision(reader, self._seat(reader), decision.uid, row["text"])
