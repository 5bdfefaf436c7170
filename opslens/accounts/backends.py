"""Django's password sign-in, with the account of a session read by a query that is compiled once."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from opslens.models import User
from opslens.models.prepared import prepare

_COLUMNS = [field.attname for field in User._meta.concrete_fields]
_of_id = prepare(lambda pk: User.objects.filter(pk=pk).values_list(*_COLUMNS), 2_000_000_041)


class AccountBackend(ModelBackend):
    def get_user(self, user_id: int) -> User | None:
        for row in _of_id(user_id):
            user = User.from_db("default", _COLUMNS, row)
            return user if self.user_can_authenticate(user) else None
        return None
