"""Django's database sessions, read with a query that is compiled once: every request of a signed-in reader needs it."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from opslens.models.prepared import prepare

_of_key = prepare(
    lambda key: Session.objects.filter(session_key=key).values_list("session_data", "expire_date"), "stand-in-for-a-key"
)


class SessionStore(db.SessionStore):
    def load(self) -> dict:
        rows = _of_key(self.session_key) if self.session_key else ()
        for data, expires in rows:
            if expires > timezone.now():
                return self.decode(data)
        self._session_key = None
        return {}
