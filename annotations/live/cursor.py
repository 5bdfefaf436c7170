"""How far a stream has told its channels, as a word that the browser keeps and gives back.

The numbers in it would tell how much happens that its reader must not know of, such as private marks of others. So it
is sealed: unreadable, of the same length whatever the numbers are, bound to its reader and to what they follow, and
refused when a single bit of it differs. A sealed word is text XORed with a keyed BLAKE2b stream, and a keyed BLAKE2b
tag over everything.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b

from django.conf import settings

_NONCE, _TAG, _BLOCK = 8, 10, 64  # bytes
_NUMBER = 6  # bytes of an event number
LONGEST = 8_000  # characters; longer words are not looked at


def pack(positions: Mapping[str, int], names: tuple[str, ...]) -> bytes:
    """The numbers of `names` in their order, then those of other channels, each with the id at the end of its name."""
    parts = [positions.get(name, 0).to_bytes(_NUMBER, "big") for name in names]
    for name, number in positions.items():
        if name not in names and number:
            parts += [_varint(int(name.rpartition(":u")[2])), _varint(number)]
    return b"".join(parts)


def unpack(data: bytes, names: tuple[str, ...], kind: str) -> dict[str, int]:
    """What `pack` was given; other channels are `kind` with `:u` and an id. Raises ValueError."""
    fixed = len(names) * _NUMBER
    if len(data) < fixed:
        raise ValueError("too short")
    positions = {name: int.from_bytes(data[at * _NUMBER : (at + 1) * _NUMBER], "big") for at, name in enumerate(names)}
    rest = list(_varints(data[fixed:]))
    positions |= {f"{kind}:u{pk}": number for pk, number in zip(rest[::2], rest[1::2], strict=True)}
    return positions


def seal(data: bytes, about: str, *, always_new: bool) -> str:
    """A word for `data` that can only be opened with the same `about`. With `always_new` two words for the same data
    differ, so that nobody can tell whether the data are the same; without it they are equal."""
    nonce = secrets.token_bytes(_NONCE) if always_new else _tag(b"nonce", about, b"", data)[:_NONCE]
    hidden = _mask(data, nonce)
    word = nonce + hidden + _tag(b"tag", about, nonce, hidden)
    return base64.urlsafe_b64encode(word).rstrip(b"=").decode()


def unseal(word: str, about: str) -> bytes:
    """Raises ValueError for anything but a word that `seal` made with this `about`."""
    if not word.isascii() or len(word) > LONGEST:
        raise ValueError("no word of ours")
    try:
        raw = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no word of ours") from error
    if len(raw) < _NONCE + _TAG:
        raise ValueError("no word of ours")
    nonce, hidden, tag = raw[:_NONCE], raw[_NONCE:-_TAG], raw[-_TAG:]
    if not hmac.compare_digest(tag, _tag(b"tag", about, nonce, hidden)):
        raise ValueError("no word of ours, or not of this place")
    return _mask(hidden, nonce)


def _key(purpose: bytes) -> bytes:
    return _derived(purpose, settings.SECRET_KEY)


@lru_cache(maxsize=16)
def _derived(purpose: bytes, secret: str) -> bytes:
    return blake2b(b"opslens.live.cursor:" + purpose, key=secret.encode()[:64], digest_size=32).digest()


def _tag(purpose: bytes, about: str, nonce: bytes, data: bytes) -> bytes:
    keyed = blake2b(key=_key(purpose), digest_size=_TAG)
    name = about.encode()
    keyed.update(len(name).to_bytes(4, "big") + name + nonce + data)
    return keyed.digest()


def _mask(data: bytes, nonce: bytes) -> bytes:
    key = _key(b"stream")
    blocks = range(-(-len(data) // _BLOCK))
    stream = b"".join(blake2b(nonce + at.to_bytes(4, "big"), key=key, digest_size=_BLOCK).digest() for at in blocks)
    return bytes(one ^ other for one, other in zip(data, stream, strict=False))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("cut off")
