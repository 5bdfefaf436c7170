"""Words and links in the lists of the admin."""

from django.db.models import Q

from annotations.models import Annotation, TeamSession
from annotations.models.team import hidden
from opslens.activity.recorded_admin import link

SHOWN = 80  # characters of a text in a list


def short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def passage_of(annotation: Annotation):
    """A link to where a mark stands. One of a session is for its members alone until the session is out."""
    session = annotation.session
    is_open = session is None or session.phase in TeamSession.OUT
    return link(annotation.get_absolute_url(), "Read") if is_open else ""


def shown(mark: str = "") -> Q:
    """Marks that are counted in lists; `mark` is the path to them, such as `annotation__`. To look at those of blind
    sessions is recorded, so nobody learns of them here in passing."""
    blind = TeamSession.objects.filter(hidden()).order_by().values("pk")
    return Q(**{f"{mark}session": None}) | ~Q(**{f"{mark}session__in": blind})
