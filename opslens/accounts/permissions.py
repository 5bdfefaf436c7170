"""Who may administer which account."""

from opslens.models import User


def may_administer(viewer, person: User | None = None) -> bool:
    """Staff who may change people; the account of a superuser only superusers. Without a person: some accounts."""
    if not (viewer.is_active and viewer.is_staff and viewer.has_perm("opslens.change_user")):
        return False
    return viewer.is_superuser or person is None or not person.is_superuser
