"""The agreement report of a team, with all intervals: how right its quick ways are, and how fast.

`python -m bench.agreement` prints the rows; `run` adds them to a whole benchmark's report. Readers follow the same
made-up truth, each with mistakes of their own. Then the page of such a session, from its rows to its HTML: worked out,
and kept.
"""

from __future__ import annotations

import random
from statistics import median
from time import perf_counter

from annotations.agreement.coefficients import alpha, tag_report
from bench.report import Report

READERS, SENTENCES, TAGS = 30, 300, 12
ROUNDS = 5
# Of a hundred tags of a sentence, how many the truth has; and how often a reader decides without looking at it.
_PREVALENCE, _MISTAKES = 0.1, 0.2

Rows = list[list[frozenset[str] | None]]


def team(readers: int, sentences: int, *, finished: float = 1, truth: bool = True, seed: int = 1) -> Rows:
    """Make up a table; without ``truth`` readers choose by chance, which makes for the most different tag sets."""
    chance = random.Random(seed)
    names = tag_names()
    right = [{name for name in names if chance.random() < _PREVALENCE} for _ in range(sentences)]

    def value(sentence: int) -> frozenset[str] | None:
        if chance.random() >= finished:
            return None
        return frozenset(
            name
            for name in names
            if (
                name in right[sentence]
                if truth and chance.random() >= _MISTAKES
                else chance.random() < (_PREVALENCE if truth else 0.2)
            )
        )

    return [[value(sentence) for sentence in range(sentences)] for _ in range(readers)]


def tag_names() -> list[str]:
    return [f"tag {number}" for number in range(TAGS)]


def seconds(rows: Rows) -> float:
    """Return the median time of a report with 1000 draws."""
    times = []
    for _ in range(ROUNDS):
        before = perf_counter()
        tag_report(rows, tag_names())
        times.append(perf_counter() - before)
    return median(times)


def run(report: Report) -> None:
    cases = {
        "": team(READERS, SENTENCES),
        ", a fifth missing": team(READERS, SENTENCES, finished=0.8),
        ", by chance": team(READERS, SENTENCES, truth=False),
    }
    for kind, rows in cases.items():
        name = f"{READERS} readers, {SENTENCES} sentences, {TAGS} tags{kind}"
        report.row("agreement", name, "report with 1000 draws", seconds(rows), "s", at_most=2)
        off = abs(tag_report(rows, tag_names(), draws=0).headline.alpha - alpha(rows, "jaccard"))
        report.row("agreement", name, "away from the plain formula", off * 1e9, "·10⁻⁹", at_most=0.001)
    small, large = seconds(team(5, 100)), seconds(team(5, 1000))
    report.row("agreement", "5 readers, 1000 sentences", "report with 1000 draws", large, "s")
    report.row("agreement", "5 readers, 1000 sentences", "against a tenth of it", large / small, "×")

    _pages(report)


def _pages(report: Report) -> None:
    from django.core.cache import cache
    from django.test import Client

    session, owner = _session()
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(owner, backend="opslens.accounts.backends.AccountBackend")
    name = f"page, {READERS} readers, {SENTENCES} sentences, {TAGS} tags"
    for path, what in (("", "sentences"), ("?show=extents", "extents"), ("units.json", "JSON")):
        cold, kept = [], []
        for _ in range(ROUNDS):
            cache.clear()
            for times in (cold, kept):
                before = perf_counter()
                response = client.get(f"/team/{session.uid}/agreement/{path}")
                b"".join(response)
                times.append(perf_counter() - before)
                if response.status_code != 200:
                    raise RuntimeError(f"The page answered with {response.status_code}.")
        report.row("agreement", name, f"{what}, worked out", median(cold), "s", at_most=2)
        report.row("agreement", name, f"{what}, kept", median(kept), "s", at_most=0.3)


def _session():
    """A revealed session of that size, with its owner: marks are rows made at once, all else goes through the verbs."""
    import uuid

    from django.utils import timezone

    from annotations.membership import session_for
    from annotations.models import Anchor, Annotation, AnnotationTag
    from annotations.teams import actions
    from annotations.teams.people.actions import add_member
    from annotations.teams.progress.actions import finish
    from bench import data
    from opslens.articles.documents import document_of
    from opslens.models import User

    codebook = data.codebook_ready()
    article = data.article_of(SENTENCES * 15)
    owner, people = User.objects.get_or_create(username="bench-owner")[0], data.readers_of(READERS)
    session = actions.create_session(owner, articles=[article], codebook=codebook, name="Benchmark")
    for reader in people:
        add_member(owner, session.pk, username=reader.username, role="annotator")
    session, _ = actions.set_phase(owner, session.pk, "annotating", seen="draft")
    here = session.articles.get()
    document = document_of(here.revision_id)
    places = [(block.ordinal, *sentence) for block in document.blocks for sentence in block.sentences]
    tags = dict(zip(tag_names(), session.codebook.tags.values_list("pk", flat=True), strict=False))
    now, rows = timezone.now(), []
    for reader, values in zip(people, team(READERS, len(places)), strict=True):
        for (block, start, end), value in zip(places, values, strict=True):
            if value:
                mark = Annotation(
                    article=article,
                    revision_id=here.revision_id,
                    session=session,
                    author=reader,
                    quote=document.text[start:end],
                    visibility=Annotation.TEAM,
                    idempotency_key=str(uuid.uuid4()),
                    created_at=now,
                    updated_at=now,
                )
                rows.append((mark, block, start, end, value))
    Annotation.objects.bulk_create([mark for mark, *_ in rows], batch_size=500)
    Anchor.objects.bulk_create(
        [
            Anchor(
                annotation=mark, revision_id=here.revision_id, start=start, end=end, first_block=block, last_block=block
            )
            for mark, block, start, end, _ in rows
        ],
        batch_size=500,
    )
    AnnotationTag.objects.bulk_create(
        [AnnotationTag(annotation=mark, tag_id=tags[name]) for mark, *_, value in rows for name in value],
        batch_size=500,
    )
    for reader in people:
        finish(reader, session_for(reader, session.uid), here)
    return actions.set_phase(owner, session.pk, "revealed", seen="annotating")[0], owner


if __name__ == "__main__":
    from bench import site

    site.prepare()
    run(Report())
