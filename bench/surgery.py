"""Merging a tag with many marks, splitting it, and taking that back: how time and memory grow with the marks.

The best of several rounds counts: what grows is to be seen, not what else the machine does."""

from __future__ import annotations

import time
import tracemalloc
import uuid
from datetime import UTC, datetime

from bench.report import Report

FEW, MANY, REPEATS = 10_000, 100_000, 3


def run(report: Report) -> None:
    from annotations.models import Tag
    from annotations.surgery.actions import WIN, merge, split, undo
    from annotations.surgery.preview import of_merging
    from annotations.surgery.selecting import Selection
    from bench.data import article_of, readers_of
    from opslens.models import User

    article, readers = article_of(1_000), readers_of(20)
    staff = User.objects.create(username="bench-staff", is_staff=True, marks_public=True)
    tag = {one.name: one for one in Tag.objects.select_related("group", "codebook").filter(codebook__is_default=True)}
    taken: dict[tuple[str, int], float] = {}
    there = 0
    steps = {
        "preview of a merge": lambda _: of_merging(staff, tag["claim"], tag["prediction"], WIN),
        "merge": lambda _: merge(staff, tag["claim"].pk, tag["prediction"].pk, clash=WIN),
        "undo of the merge": lambda before: undo(staff, before.uid),
        "split of half": lambda _: split(
            staff, tag["claim"].pk, Selection(has_note=True), target_id=tag["prediction"].pk
        ),
        "undo of the split": lambda before: undo(staff, before.uid),
    }
    for marks in (FEW, MANY):
        _marks_on(article, marks - there, readers, tag)
        there, before = marks, None
        for _ in range(REPEATS):
            for what, do in steps.items():
                begun = time.perf_counter()
                before = do(before)
                seconds = time.perf_counter() - begun
                taken[what, marks] = min(seconds, taken.get((what, marks), seconds))
        for what in steps:
            report.row("surgery", f"{marks:,} marks", what, taken[what, marks] * 1000, "ms")
    for what in steps:
        growth = taken[what, MANY] / taken[what, FEW]
        report.row("surgery", "ten times the marks", f"{what}: times the time", growth, "times", at_most=14)
    tracemalloc.start()
    undo(staff, merge(staff, tag["claim"].pk, tag["prediction"].pk, clash=WIN).uid)
    peak = tracemalloc.get_traced_memory()[1] / 1024 / 1024
    tracemalloc.stop()
    report.row("surgery", f"{MANY:,} marks", "merge and undo: Python memory at the peak", peak, "MB", at_most=4)


def _marks_on(article, number: int, readers: list, tag: dict) -> None:
    """Marks with `claim`, a third with another tag, too, and half of them with a note."""
    from django.db import transaction

    from annotations.models import Annotation, AnnotationTag

    now = datetime.now(UTC)
    with transaction.atomic():
        for first in range(0, number, 5_000):
            rows = Annotation.objects.bulk_create(
                Annotation(
                    article=article,
                    revision_id=article.current_id,
                    author=readers[at % len(readers)],
                    quote=f"some words {at}",
                    note="Why?" if at % 2 else "",
                    visibility=Annotation.PUBLIC,
                    idempotency_key=str(uuid.uuid4()),
                    created_at=now,
                    updated_at=now,
                )
                for at in range(first, min(first + 5_000, number))
            )
            AnnotationTag.objects.bulk_create(
                AnnotationTag(annotation=mark, tag=one, exclusive_group=one.group if one.group.exclusive else None)
                for at, mark in enumerate(rows)
                for one in ([tag["claim"], tag["unsourced"]] if at % 3 else [tag["claim"]])
            )
