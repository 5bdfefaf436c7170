"""Ids of events as words that stand in addresses.

Ids are counted over the whole site: two of them would tell how much has happened in between, marks included that are
hidden from whoever reads the address. So they are mixed with the site's key, one to one and always in the same way: a
Feistel network of four rounds over 64 bits, with keyed BLAKE2b as the round function (M. Luby and C. Rackoff, 1988).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from django.conf import settings

_ROUNDS = range(4)
_HALF = 0xFFFF_FFFF
_DIGITS = 16


def sealed(pk: int) -> str:
    """16 hexadecimal digits that stand for an id; equal ids give equal words."""
    left, right = pk >> 32 & _HALF, pk & _HALF
    for turn in _ROUNDS:
        left, right = right, left ^ _mixed(turn, right)
    return f"{left << 32 | right:0{_DIGITS}x}"


def opened(word: str) -> int:
    """The id that a word stands for; of a word that nobody was given, an id that is none. Raises ValueError for what
    is no such word."""
    if len(word) != _DIGITS or not word.isascii() or not word.isalnum():
        raise ValueError("no word of ours")
    mixed = int(word, 16)
    left, right = mixed >> 32, mixed & _HALF
    for turn in reversed(_ROUNDS):
        left, right = right ^ _mixed(turn, left), left
    pk = left << 32 | right
    if pk >= 2**62:
        raise ValueError("no word of ours")
    return pk


def _mixed(turn: int, half: int) -> int:
    digest = blake2b(half.to_bytes(4, "big"), key=_key(turn, settings.SECRET_KEY), digest_size=4).digest()
    return int.from_bytes(digest, "big")


@lru_cache(maxsize=16)
def _key(turn: int, secret: str) -> bytes:
    return blake2b(f"opslens.history:{turn}".encode(), key=secret.encode()[:64], digest_size=32).digest()
