"""Making marks: one client, thirty-two clients, and a bare view that writes one row, through the same server."""

from __future__ import annotations

import random
import uuid
from urllib.parse import urlencode

from bench import client, data, site
from bench.report import Report

CLIENTS, MARKS = 32, 2_000


def run(report: Report) -> None:
    from annotations.models import Annotation, Tag
    from opslens.models import Channel, Event

    readers = data.readers_of(CLIENTS)
    sizes = {(1_000, 0): None, (10_000, 1_000): None, (100_000, 10_000): None}
    for words, marks in sizes:
        article = data.article_of(words)
        if marks:
            data.marks_on(article, marks, readers)
        sizes[words, marks] = (article, article.current.text)
    crowd = data.article_of(10_000, name="For the crowd")
    crowd_text = crowd.current.text
    tags = list(Tag.objects.filter(note_required=False).values_list("pk", flat=True))
    sessions = [site.sign_in(reader) for reader in readers]

    with site.server() as (port, _):
        host = f"127.0.0.1:{port}"

        def marks_of(article, text: str, reader: int, number: int):
            chance = random.Random(f"{article.pk} {reader} {number}")
            for _ in range(number):
                start = chance.randrange(len(text) - 200)
                end = start + chance.randint(20, 120)
                body = urlencode(
                    {
                        "revision": article.current_id,
                        "start": start,
                        "end": end,
                        "exact": text[start:end],
                        "tags": chance.choice(tags),
                        "key": str(uuid.UUID(int=chance.getrandbits(128))),
                    }
                ).encode()
                yield client.request_bytes(
                    "POST", "/marks/", host, site.headers(sessions[reader], **{"HX-Request": "true"}), body
                )

        def rows(prefix: str, reader: int, number: int):
            for n in range(number):
                body = urlencode({"name": f"bench:{prefix}-{reader}-{n}"}).encode()
                yield client.request_bytes("POST", "/bench/one-row/", host, site.headers(sessions[reader]), body)

        for (words, marks), (article, text) in sizes.items():
            client.load("127.0.0.1", port, 4, lambda i: marks_of(article, text, i, 10))  # noqa: B023
            alone = client.load("127.0.0.1", port, 1, lambda i: marks_of(article, text, 30, 150))  # noqa: B023
            assert set(alone.statuses) == {200}, alone.statuses
            name = f"one client, {words:,} words, {marks:,} marks"
            report.row("mark", name, "median", alone.percentile(50), "ms", at_most=6)
            report.row("mark", name, "p95", alone.percentile(95), "ms")

        bare = client.load("127.0.0.1", port, CLIENTS, lambda i: rows("bare", i, MARKS // CLIENTS))
        assert set(bare.statuses) == {200}, bare.statuses
        before, numbered = Annotation.objects.count(), Event.objects.filter(channel__name=crowd.channel).count()
        every = -(-MARKS // CLIENTS)
        crowded = client.load("127.0.0.1", port, CLIENTS, lambda i: marks_of(crowd, crowd_text, i, every))
        made = Annotation.objects.count() - before
        numbers = list(
            Event.objects.filter(channel__name=crowd.channel).order_by("number").values_list("number", flat=True)
        )
        gaps = numbers != list(range(1, len(numbers) + 1))
        last = Channel.objects.get(name=crowd.channel).last_number
        assert last == len(numbers) == numbered + made
        name = f"{CLIENTS} clients, {every * CLIENTS:,} marks"
        report.row("mark", name, "rate", crowded.rate, "/s", at_least=350)
        report.row("mark", name, "p95", crowded.percentile(95), "ms", at_most=120)
        report.row("mark", name, "lost or refused", every * CLIENTS - crowded.statuses.get(200, 0), "", at_most=0)
        report.row("mark", name, "acknowledged but not stored", crowded.statuses.get(200, 0) - made, "", at_most=0)
        report.row("mark", name, "gaps in event numbers", int(gaps), "", at_most=0)
        report.row("mark", "a bare view that inserts one row", "rate", bare.rate, "/s")
        report.row("mark", "a bare view that inserts one row", "p95", bare.percentile(95), "ms")
        report.row("mark", name, "share of the bare view's rate", 100 * crowded.rate / bare.rate, "%", at_least=40)
