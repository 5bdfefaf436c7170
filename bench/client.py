"""A small HTTP/1.1 client for load: many keep-alive connections, little work per request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """Status counts, latencies (ms) and the seconds the whole took."""

    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    bytes: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, p: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * p / 100), len(ordered) - 1)]


def request_bytes(method: str, path: str, host: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in headers.items())]
    if body or method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _one_client(host: str, port: int, requests: Iterator[bytes], outcome: Outcome) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=2**25)
    for request in requests:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        size = 0
        lower = head.lower()
        at = lower.find(b"content-length:")
        if at >= 0:
            size = int(lower[at + 15 : lower.index(b"\r\n", at)])
            await reader.readexactly(size)
        elif b"transfer-encoding: chunked" in lower:
            while True:
                n = int(await reader.readline(), 16)
                await reader.readexactly(n + 2)
                size += n
                if not n:
                    break
        outcome.latencies.append((time.perf_counter() - began) * 1000)
        outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
        outcome.bytes += size
    writer.close()


def load(host: str, port: int, clients: int, requests_of: Callable[[int], Iterator[bytes]]) -> Outcome:
    """Run `clients` at once, client i sending `requests_of(i)` one after another on one connection."""
    outcome = Outcome()

    async def everybody() -> None:
        began = time.perf_counter()
        await asyncio.gather(*(_one_client(host, port, requests_of(i), outcome) for i in range(clients)))
        outcome.seconds = time.perf_counter() - began

    try:
        import uvloop

        uvloop.run(everybody())
    except ImportError:
        asyncio.run(everybody())
    return outcome
