"""Which marks a page shows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from annotations.membership import Seat, session_by_id, session_for
from annotations.models import Annotation
from opslens.activity.numbers import last_numbers
from opslens.models import Article, Revision

EVERYBODY, MINE = "all", "mine"


@dataclass(frozen=True, slots=True)
class Scope:
    """The marks of one session or, without a seat, those that belong to none; `whose` narrows them to everybody's,
    one's own, or those of one reader by user name."""

    whose: str = EVERYBODY
    seat: Seat | None = None

    @property
    def session_id(self) -> int | None:
        return self.seat.session.pk if self.seat else None

    def annotations(self, viewer) -> QuerySet[Annotation]:
        """Those of them that this viewer may read, of whatever article and reader."""
        if self.seat is None:
            return Annotation.objects.outside_sessions(viewer)
        return Annotation.objects.in_session(self.seat.session, self.seat.member, viewer)

    def base(self, revision: Revision) -> str:
        """The address under which the fragments of a page with this revision are."""
        if self.seat is None:
            return revision.get_absolute_url()
        return reverse("teams:revision", args=[self.seat.session.uid, revision.article.slug, revision.number])

    @property
    def marks_url(self) -> str:
        """Where new marks are sent to, and below it `undo/`."""
        return reverse("teams:create", args=[self.seat.session.uid]) if self.seat else reverse("editing:create")

    def may_mark(self, viewer) -> bool:
        """Whether somebody can make marks here at all; in a session their own article may be closed."""
        if self.seat is None:
            return viewer.is_authenticated
        return self.seat.member.reads and self.seat.session.takes_marks

    @property
    def codebook_id(self) -> int | None:
        """The codebook to mark with; None stands for the default one."""
        return self.seat.session.codebook_id if self.seat else None

    def channels(self, viewer, article: Article) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The channels on which changes of these marks of an article are told: names, and kinds of which every channel
        `kind:…` belongs to them. While marks are hidden from this viewer, none on which others write about theirs."""
        if self.seat is None:
            return (article.channel,), ()
        session = self.seat.session
        shared = f"{session.channel}:a{article.pk}"
        if self.seat.sees_all_marks:
            return (session.channel, shared), (shared,)
        return (session.channel, session.marks_channel(article.pk, viewer.pk)), ()

    def state(self, viewer, article: Article) -> tuple:
        """A value that changes whenever anything changes that shows in these marks of an article: its own events, the
        codebooks, people's names. One query. While marks are hidden from this viewer, those of others do not change
        it either."""
        names, kinds = self.channels(viewer, article)
        numbers = last_numbers(*names, "site", kinds=("codebook", *kinds))
        if self.seat is None:
            return numbers
        member = self.seat.member
        return self.seat.session.phase, member.role, member.reads, numbers


OUTSIDE = Scope()  # of sessions, everybody's


def whose_of(request: HttpRequest) -> str:
    return (request.POST.get("whose") or request.GET.get("whose") or EVERYBODY)[:150].replace("\x00", "")


def scope_of(request: HttpRequest, session: str = "") -> Scope:
    """What this request asks for; `session` is the name in its address. Raises Missing when it is not the viewer's."""
    return Scope(whose_of(request), session_for(request.user, session) if session else None)


def scope_of_mark(request: HttpRequest, annotation: Annotation) -> Scope:
    """The marks among which this one stands. Raises Missing when its session is not the viewer's."""
    seat = session_by_id(request.user, annotation.session_id) if annotation.session_id else None
    return Scope(whose_of(request), seat)
