"""`manage.py verify_text [SLUG…]`: derive every stored text again from its HTML and report what differs."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError

from opslens.articles.search.folding import words_of
from opslens.articles.search.index import TITLE, cut
from opslens.models import Article, Event, Revision, SearchPassage
from opslens.text.blocks import Document
from opslens.text.direction import direction
from opslens.text.reading_time import word_count
from opslens.text.verify import differences


class Command(BaseCommand):
    help = "Derive canonical texts, blocks, digests and search passages again. Exits with 1 when anything differs."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="SLUG", help="left out: all articles, those in the trash too")

    def handle(self, *, slugs: list[str], **options) -> None:
        articles = Article.objects.order_by("pk")
        if slugs:
            articles = articles.filter(slug__in=slugs)
            missing = set(slugs) - set(articles.values_list("slug", flat=True))
            if missing:
                raise CommandError(f"There is no article called {', '.join(sorted(missing))}.")
        revisions = wrong = 0
        for article in articles.iterator():
            for revision in article.revisions.order_by("number").iterator(chunk_size=1):
                revisions += 1
                found = list(_of_revision(article, revision))
                if revision.pk == article.current_id:
                    found += _of_article(article, revision)
                wrong += bool(found)
                for line in found:
                    self.stdout.write(self.style.ERROR(f"{article.slug} #{revision.number}: {line}"))
        if wrong:
            self.stdout.write(f"{wrong} of {revisions} texts differ from what their HTML says.")
            raise SystemExit(1)
        self.stdout.write(self.style.SUCCESS(f"{revisions} texts checked; all are what their HTML says."))


def _of_revision(article: Article, revision: Revision) -> Iterator[str]:
    """What is wrong with a revision by itself."""
    yield from _of_document(article, revision)
    if word_count(revision.text) != revision.word_count:
        yield f"The number of words is {revision.word_count} and should be {word_count(revision.text)}."
    try:
        bytes(revision.source).decode(revision.source_encoding)
    except (UnicodeDecodeError, LookupError):
        yield f"What was imported cannot be read as {revision.source_encoding} any more."


def _of_document(article: Article, revision: Revision) -> list[str]:
    """The fewest differences under any language that the article ever had.

    Sentences depend on its language when the revision was made, and details may have been edited since.
    """
    fewest: list[str] | None = None
    for language in _languages(article):
        try:
            document = Document.from_json(revision.block_table, text=revision.text, language=language)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            return [f"The block table cannot be read: {error}"]
        if revision.lead_blocks > len(document.blocks):
            return [f"The standfirst has {revision.lead_blocks} blocks and the text only {len(document.blocks)}."]
        found = differences(revision.html, language, document, stored_digest=revision.digest)
        if not found:
            return []
        fewest = found if fewest is None or len(found) < len(fewest) else fewest
    return fewest or []


def _languages(article: Article) -> list[str]:
    states = Event.objects.filter(subject=f"article:{article.pk}").order_by("-pk").values_list("after", "before")
    had = [state["language"] for pair in states for state in pair if state and "language" in state]
    return list(dict.fromkeys([article.language, *had]))


def _of_article(article: Article, revision: Revision) -> Iterator[str]:
    """What is wrong with what an article derives from its current revision."""
    expected = direction(article.language, revision.text)
    if article.direction != expected:
        yield f"The direction is {article.direction} and should be {expected}."
    passages = {(p.number, p.start, p.length): p.words for p in SearchPassage.objects.filter(article=article)}
    for number, (start, end) in enumerate(cut(revision.text), TITLE + 1):
        words = " ".join(word for word, _start, _end in words_of(revision.text[start:end]))
        if passages.pop((number, start, end - start), None) != words:
            yield f"Search does not know the text from character {start} to {end}."
    if [number for number, _start, _length in passages] != [TITLE]:
        yield "Search knows other passages than those of the text."
