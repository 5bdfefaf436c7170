"""`manage.py reanchor SLUG…`: carry the marks of articles anew into their later revisions; `reanchor --stdin`: answer
records of a data set."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotations.carrying import carry_article
from opslens.models import Article
from opslens.text.anchoring import answer_record


class Command(BaseCommand):
    help = (
        "Carry the marks of articles anew from the revisions in which their passages were chosen into every later "
        "one. With --stdin: read JSON Lines {id, old_text, new_text, annotations: [{id, start, end}]} and write, line "
        "by line, {id, annotations: [{id, start, end} or {id, orphan: true}]}; positions are code points."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="SLUG", help="the articles' names in their addresses")
        parser.add_argument("--all", action="store_true", help="every article with more than one revision")
        parser.add_argument("--stdin", action="store_true", help="answer records from standard input; no database")

    def handle(self, *, slugs: list[str], **options) -> None:
        if options["stdin"]:
            self._answer()
            return
        articles = Article.objects.order_by("pk")
        if not options["all"]:
            if not slugs:
                raise CommandError("Name at least one article, or give --all or --stdin.")
            articles = articles.filter(slug__in=slugs)
            if unknown := set(slugs) - {article.slug for article in articles}:
                raise CommandError(f"There is no article {', '.join(sorted(unknown))}.")
        for article in articles:
            with transaction.atomic():
                carried = carry_article(article)
            if not carried:
                self.stdout.write(f"{article.slug}: one revision, nothing to carry")
            for number, counts in carried.items():
                self.stdout.write(f"{article.slug}, revision {number}: {_said(counts)}")

    def _answer(self) -> None:
        for at, line in enumerate(sys.stdin.buffer, 1):
            if not line.strip():
                continue
            try:
                answer = answer_record(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise CommandError(f"Line {at} is not a record: {error}") from None
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
            self.stdout.flush()


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "no marks"
