"""Public names of rows, in addresses."""

import secrets

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def new_uid() -> str:
    """A public name: 50 random bits, so that it tells nothing about how many others there are."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))
