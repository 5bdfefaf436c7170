"""Give the site its default codebook."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.codebook.actions import load_codebook
from opslens.web.refusals import Invalid

DEFAULT = Path(settings.BASE_DIR) / "seeds" / "codebook.json"


class Command(BaseCommand):
    help = "Make the default codebook from a JSON file. A site that has one keeps it as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", default=str(DEFAULT), help="default: seeds/codebook.json")

    def handle(self, *args, file: str, **options) -> None:
        try:
            data = json.loads(Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{file} is not JSON: {error}") from None
        try:
            codebook, made = load_codebook(data)
        except Invalid as invalid:
            lines = [f"{file} is not a codebook:", *(f"  {path}: {said}" for path, said in invalid.errors.items())]
            raise CommandError("\n".join(lines)) from None
        tags = codebook.tags.count()
        if made:
            self.stdout.write(f"Made the codebook “{codebook.name}” with {tags} tags.")
        else:
            self.stdout.write(f"The codebook “{codebook.name}” with {tags} tags is there already; nothing was changed.")
