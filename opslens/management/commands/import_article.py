"""`manage.py import_article FILE…`: import text, Markdown and HTML files."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from opslens.articles.actions import import_article
from opslens.articles.loaders import FORMATS, Details
from opslens.articles.preparing import check_size
from opslens.articles.revising.actions import revise_article
from opslens.models import Article
from opslens.web.refusals import Refused


class Command(BaseCommand):
    help = "Import text, Markdown and HTML files as articles. Exits with 1 when one of them is refused."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--title", default="", help="only with a single file")
        parser.add_argument("--publisher", default="")
        parser.add_argument("--byline", default="")
        parser.add_argument("--source-url", default="", help="only with a single file")
        parser.add_argument("--language", default="", help="BCP 47, for example en or ar-EG")
        parser.add_argument("--published", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--kind", default="", help="commentary, report, editorial …")
        parser.add_argument("--format", choices=sorted(FORMATS), help="instead of finding it out")
        parser.add_argument("--public", action="store_true", help="visitors who are not signed in may read them")
        parser.add_argument("--by", metavar="USERNAME", help="who imports; this person may change the articles later")
        parser.add_argument("--revise", metavar="SLUG", help="publish FILE as the next revision of this article")
        parser.add_argument("--note", default="", help="with --revise: what is new, for readers")
        parser.add_argument(
            "--source-date",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="with --revise: when its publisher changed it",
        )

    def handle(self, *, files: list[Path], **options) -> None:
        if len(files) > 1 and (options["title"] or options["source_url"]):
            raise CommandError("--title and --source-url are about one article; give one file with them.")
        importer = _person(options["by"]) if options["by"] else None
        if options["revise"]:
            if len(files) > 1:
                raise CommandError("A revision is one file.")
            self._revise(importer, files[0], options)
            return
        if options["note"] or options["source_date"]:
            raise CommandError("--note and --source-date are about a revision; give --revise SLUG with them.")
        overrides = Details(
            **{name: options[name] for name in ("title", "publisher", "byline", "source_url", "language", "kind")},
            published_on=options["published"],
        )
        refused = 0
        for number, path in enumerate(files, 1):
            count = f"[{number}/{len(files)}] " if len(files) > 1 else ""
            try:
                imported = import_article(
                    importer,
                    name=path.name,
                    data=_read(path),
                    format=options["format"],
                    overrides=overrides,
                    is_public=options["public"],
                )
            except Refused as problem:
                refused += 1
                self.stderr.write(self.style.ERROR(f"{count}refused   {path}: {problem}"))
                continue
            article = imported.article
            what = "imported" if imported.created else "here already"
            encoding = f"{imported.encoding}{', guessed' if imported.encoding_guessed else ''}"
            self.stdout.write(f"{count}{what}  {path} → {article.get_absolute_url()}  “{article.title}” ({encoding})")
        if len(files) > 1:
            self.stdout.write(f"{len(files) - refused} of {len(files)} files are in the library.")
        if refused:
            raise SystemExit(1)

    def _revise(self, publisher, path: Path, options: dict) -> None:
        article = Article.objects.filter(slug=options["revise"], deleted_at=None).first()
        if article is None:
            raise CommandError(f"There is no article {options['revise']}.")
        try:
            revision = revise_article(
                publisher,
                article,
                name=path.name,
                data=_read(path),
                format=options["format"] or "",
                title=options["title"],
                note=options["note"],
                source_date=options["source_date"],
            )
        except Refused as problem:
            raise CommandError(f"{path}: {problem}") from None
        address = revision.get_absolute_url()
        self.stdout.write(f"published revision {revision.number}  {path} → {address}  “{revision.headline}”")


def _person(username: str):
    try:
        return get_user_model().objects.get(username=username)
    except get_user_model().DoesNotExist:
        raise CommandError(f"There is no account called “{username}”.") from None


def _read(path: Path) -> bytes:
    """At most one byte more than the limit, which is enough to refuse the file. Raises Refused."""
    try:
        with path.open("rb") as file:
            data = file.read(settings.MAX_HTML_BYTES + 1)
            size = path.stat().st_size
    except OSError as error:
        raise Refused(f"It cannot be read: {error.strerror or error}.") from None
    check_size(max(size, len(data)))
    return data
