"""Words in the lists of the admin."""

SHOWN = 80  # characters of a text in a list


def short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
