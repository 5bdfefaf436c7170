"""Everything between "installed" and "reading", in one process."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from annotations.demo import ensure_codebook, load_demo
from opslens.articles.actions import import_article
from opslens.models import Article, User
from opslens.web.refusals import Refused


def default_workers() -> int:
    """Two a core: while one waits for the disk or for its turn to write, the other works."""
    return max(2, min(2 * (os.cpu_count() or 1), 8))


class Command(BaseCommand):
    help = "Prepare the database, load the demo when asked for, import $ARTICLE when given, and serve."
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--article", default=os.environ.get("ARTICLE", ""), help="a file to import and open")
        parser.add_argument("--workers", type=int, default=int(os.environ.get("WORKERS", 0)) or default_workers())
        parser.add_argument("--prepare-only", action="store_true", help="prepare everything and do not serve")

    def handle(self, *args, **options) -> None:
        self.prepare()
        page = "/"
        if options["article"]:
            page = self.import_file(options["article"])
        connections.close_all()  # the workers are forked and must not share a connection
        if not options["prepare_only"]:
            self.serve(options["workers"], page, opens=bool(options["article"]))

    def prepare(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database …")
            call_command("migrate", verbosity=0, interactive=False)
        ensure_codebook()
        if not settings.DEBUG:
            # Always: after an upgrade, pages must not name files of the version before.
            self.stdout.write("Collecting static files …")
            call_command("collectstatic", verbosity=0, interactive=False)
        if settings.DEMO_CONTENT and not User.objects.filter(is_demo=True).exists():
            articles, marks = load_demo()
            self.stdout.write(f"Loaded the demo: {articles} articles with {marks} marks by three readers.")

    def import_file(self, name: str) -> str:
        path = Path(name).expanduser()
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}.") from None
        try:
            done = import_article(None, name=path.name, data=data, is_public=settings.DEMO)
        except Refused as refused:
            raise CommandError(f"{path.name}: {refused}") from None
        article: Article = done.article
        self.stdout.write(f"{'Imported' if done.created else 'Already here'}: {article.title}")
        return article.get_absolute_url()

    def serve(self, workers: int, page: str, *, opens: bool) -> None:
        from opslens.server import Server

        host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
        address = f"http://{'localhost' if settings.HOST in ('0.0.0.0', '::') else host}:{settings.PORT}{page}"

        def ready() -> None:
            if settings.DEMO_CONTENT and not settings.DEMO:
                self.stdout.write(
                    "Served beyond this machine: one-click demo sign-in is off. Make an account with "
                    "'python manage.py createsuperuser'."
                )
            self.stdout.write(f"OpsLens is ready: {address}")
            self.stdout.flush()
            if opens and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
                webbrowser.open(address)

        Server(bind=f"{host}:{settings.PORT}", workers=workers, ready=ready).run()
