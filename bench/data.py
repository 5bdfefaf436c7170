"""Made-up articles, readers and marks of any size. Deterministic: the same call makes the same text."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime

from django.db import transaction

from annotations.demo import ensure_codebook
from annotations.models import Anchor, Annotation, AnnotationTag, Codebook, Crossing, Tag
from opslens.activity.record import record
from opslens.articles.actions import import_article
from opslens.articles.documents import document_of
from opslens.models import Article, User

_SYLLABLES = "ba ce di fo gu la me ni ro su ta ve wi xo za kra ple stri mon ter ial ous ing ed ly".split()


def text_of(words: int, seed: int = 1) -> str:
    """Paragraphs of about 60 words in sentences of about 15; `words` words in all."""
    chance = random.Random(seed)
    vocabulary = ["".join(chance.choices(_SYLLABLES, k=chance.choice((1, 2, 2, 3)))) for _ in range(4000)]
    sentences = []
    left = words
    while left > 0:
        n = min(left, chance.randint(8, 22))
        left -= n
        picked = chance.choices(vocabulary, k=n)
        sentences.append(" ".join(picked).capitalize() + ".")
    return "\n\n".join(" ".join(sentences[i : i + 4]) for i in range(0, len(sentences), 4))


def article_of(words: int, name: str = "") -> Article:
    """A public article of that many words."""
    codebook_ready()
    name = name or f"Benchmark of {words} words"
    head = f"---\ntitle: {name}\n---\n\n"
    data = (head + text_of(words)).encode()
    return import_article(None, name=f"{words}.md", data=data, is_public=True).article


def codebook_ready() -> Codebook:
    codebook = ensure_codebook()
    Tag.objects.filter(codebook=codebook).update(is_on=True)
    return codebook


def readers_of(number: int) -> list[User]:
    """That many readers whose marks are public."""
    return [
        User.objects.get_or_create(
            username=f"bench{i}", defaults={"display_name": f"Reader {i}", "marks_public": True}
        )[0]
        for i in range(number)
    ]


def marks_on(article: Article, number: int, readers: list[User], seed: int = 2) -> None:
    """Overlapping marks of 20 to 220 characters all over the article, one or two tags each, in one transaction."""
    chance = random.Random(seed * 1_000_003 + article.pk)
    document = document_of(article.current_id)
    tags = list(Tag.objects.select_related("group").filter(codebook__is_default=True))
    now = datetime.now(UTC)
    annotations, anchors, taggings = [], [], []
    for _ in range(number):
        start = chance.randrange(len(document.text) - 240)
        end = start + chance.randint(20, 220)
        while document.text[start].isspace():
            start += 1
        while document.text[end - 1].isspace():
            end -= 1
        blocks = document.blocks_between(start, end)
        annotation = Annotation(
            article=article,
            revision_id=article.current_id,
            author=chance.choice(readers),
            quote=document.text[start:end],
            note="What is the source of this?" if chance.random() < 0.3 else "",
            visibility=Annotation.PUBLIC,
            idempotency_key=str(uuid.UUID(int=chance.getrandbits(128))),
            created_at=now,
            updated_at=now,
        )
        annotations.append(annotation)
        anchors.append((annotation, start, end, blocks[0].ordinal, blocks[-1].ordinal))
        picked = {
            tag.group_id if tag.group.exclusive else -tag.pk: tag
            for tag in chance.sample(tags, chance.choice((1, 1, 2)))
        }
        taggings += [(annotation, tag) for tag in picked.values()]
    with transaction.atomic():
        Annotation.objects.bulk_create(annotations, batch_size=500)
        made = Anchor.objects.bulk_create(
            (
                Anchor(annotation=a, revision_id=article.current_id, start=s, end=e, first_block=f, last_block=b)
                for a, s, e, f, b in anchors
            ),
            batch_size=500,
        )
        Crossing.objects.bulk_create((c for anchor in made for c in anchor.crossings()), batch_size=500)
        AnnotationTag.objects.bulk_create(
            (
                AnnotationTag(annotation=a, tag=t, exclusive_group_id=t.group_id if t.group.exclusive else None)
                for a, t in taggings
            ),
            batch_size=500,
        )
        record(article.channel, "bench-filled", actor=None, subject=f"article:{article.pk}", after={"marks": number})
