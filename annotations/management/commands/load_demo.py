from django.core.management.base import BaseCommand

from annotations.demo import load_demo


class Command(BaseCommand):
    help = "Load the demo: the texts of seeds/, three readers and their marks. Running it again adds nothing."

    def handle(self, *args, **options) -> None:
        articles, marks = load_demo()
        self.stdout.write(f"The demo is loaded: {articles} new articles, {marks} new marks.")
