"""How a reader likes to read. Kept on the account, and for visitors in a cookie; the server renders the choice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from django.http import HttpRequest, HttpResponse

COOKIE = "opslens_reading"
CHOICES: dict[str, tuple[str, ...]] = {
    "font": ("serif", "sans", "legible"),
    "size": ("1", "2", "3", "4", "5"),
    "width": ("50", "58", "66", "75"),
    "theme": ("system", "light", "sepia", "dark"),
    "marks": ("on", "off"),
    "keys": ("on", "off"),
}


@dataclass(frozen=True)
class Preferences:
    font: str = "serif"
    size: str = "3"
    width: str = "66"
    theme: str = "system"
    marks: str = "on"
    keys: str = "on"

    @classmethod
    def read(cls, values: Mapping | None) -> Preferences:
        """Whatever is known and allowed in `values`; the default for everything else."""
        values = values if isinstance(values, Mapping) else {}
        known = {f.name: values.get(f.name) for f in fields(cls)}
        return cls(**{name: value for name, value in known.items() if value in CHOICES[name]})

    @classmethod
    def of(cls, request: HttpRequest) -> Preferences:
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            return cls.read(user.reading)
        try:
            return cls.read(json.loads(request.COOKIES.get(COOKIE, "{}")))
        except (ValueError, RecursionError):
            return cls()

    def changed(self, values: Mapping) -> Preferences:
        return self.read({**asdict(self), **{k: v for k, v in values.items() if v in CHOICES.get(k, ())}})

    def keep(self, response: HttpResponse, *, secure: bool) -> None:
        """Store them in the visitor's browser for a year."""
        response.set_cookie(
            COOKIE,
            json.dumps(asdict(self), separators=(",", ":")),
            max_age=365 * 24 * 3600,
            httponly=True,
            samesite="Lax",
            secure=secure,
        )
