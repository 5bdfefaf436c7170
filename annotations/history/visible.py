"""Which events a viewer may know of. All of it is asked of the database, so that nothing that is hidden leaves a gap in
a page, a shorter page, or a number.

What a mark is now and what it was when it happened both count: a mark that is private, or was, is its author's affair
alone for as long, also when it is public again; one that is deleted, or hidden in a blind session, is not there.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Concat, Substr

from annotations.codebook.examples import open_to, shown_to
from annotations.membership import Seat
from annotations.models import Annotation, Codebook, Example, Member, Question, Retagging, Surgery, Tag, TeamSession
from annotations.models.team import hidden
from annotations.permissions import may_edit_codebook, may_read_log
from opslens.models import Article, Event

OF_MARKS = "annotation:"
_UID_FROM = len(OF_MARKS) + 1
_VERDICTS, _FLAGS, _REPLIES = "review-", "flag-", "reply-"
# What members are told of their session whatever their role is.
_OVERSEERS_ONLY = ("invitation-made", "invitation-revoked")
_DECISIONS = ("decision-made", "decision-changed", "decision-undone", "strategy-applied")


def events() -> QuerySet[Event]:
    """All events, as they are told: with their channels."""
    return Event.objects.select_related("channel")


def _judged(found: QuerySet[Event]) -> QuerySet[Event]:
    """With what `_of_marks` asks of each event about a mark."""
    return found.annotate(
        # Never the bare key: what it is compared with would be read as JSON.
        _was=Coalesce(KeyTextTransform("visibility", "before"), Value(""), output_field=TextField()),
        # What an event does not say of the mark, the last one before it did.
        _stood=Coalesce(
            KeyTextTransform("visibility", "after"), KeyTextTransform("visibility", "before"), _last_told()
        ),
    )


def marks_told_to(viewer) -> QuerySet[Annotation]:
    """The marks of which this viewer may read the history: those that they may read or have in their trash. What
    happened in a session is for its members, also when its marks are out in an edition."""
    doors = Annotation.objects.visible_to(viewer) | Annotation.objects.in_trash_of(viewer)
    return doors.filter(Q(session=None) | Q(session__in=TeamSession.objects.of(viewer)))


def _of_marks(viewer) -> Q:
    """The events about marks that this viewer may know of, among those of `_judged`."""
    same = Q(uid=Substr(OuterRef("subject"), _UID_FROM))
    marks = marks_told_to(viewer).filter(same)
    own, seen = Q(Exists(marks.filter(author_id=viewer.pk))), Q(Exists(marks.filter(deleted_at=None)))
    never_private = ~Q(_was=Annotation.PRIVATE) & ~Q(_stood=Annotation.PRIVATE)
    verdict, flag = Q(verb__startswith=_VERDICTS), Q(verb__startswith=_FLAGS)
    oversees = Q(Exists(Annotation.objects.filter(same & _overseen(viewer)).exclude(author_id=viewer.pk)))
    told = ~verdict & ~flag | oversees | flag & Q(actor_id=viewer.pk)
    # A session that went back to marking blind hides what was said about its marks as well.
    alone = marks.filter(session__in=TeamSession.objects.filter(hidden()))
    alone = alone.exclude(session__in=TeamSession.objects.with_all_marks_open_to(viewer))
    spoken = ~Q(verb__startswith=_REPLIES) | Q(actor_id=viewer.pk) | ~Exists(alone)
    # Who asked the reviewers to look is between that reader and them.
    return Q(subject__startswith=OF_MARKS) & spoken & (own & ~flag | seen & never_private & told)


def _last_told() -> Subquery:
    before = Event.objects.filter(subject=OuterRef("subject"), pk__lt=OuterRef("pk"))
    before = before.annotate(told=KeyTextTransform("visibility", "after")).filter(told__isnull=False)
    return Subquery(before.order_by("-pk").values("told")[:1])


def _overseen(viewer) -> Q:
    """Marks on which this viewer gives verdicts, or did in their session."""
    seats = Member.objects.filter(user_id=viewer.pk, left_at=None, role__in=Member.OVERSEERS)
    there = Q(session__in=seats.values("session"))
    if viewer.is_active and viewer.has_perm("annotations.review_annotation"):
        there |= Q(session=None, visibility=Annotation.PUBLIC)
    return there


def retagged(viewer, annotation: Annotation, *, everything: bool) -> dict[str, tuple[list[int], list[int]]]:
    """By the subject of each merging or splitting of tags that changed what a mark carries: the tags that came, and
    those that went. Of a mark that was private at some time its author alone is told."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    rows = Retagging.objects.filter(annotation=annotation).order_by("pk")
    if annotation.author_id != viewer.pk and not everything:
        rows = rows.filter(~Exists(_privately(annotation)))
    for uid, was, became in rows.values_list("surgery__uid", "tag", "became"):
        came, went = found.setdefault(f"surgery:{uid}", ([], []))
        went.append(was)
        if became is not None:
            came.append(became)
    return found


def _privately(annotation: Annotation) -> QuerySet[Event]:
    private = Annotation.PRIVATE
    return Event.objects.filter(
        Q(before__visibility=private) | Q(after__visibility=private), subject=annotation.subject
    )


def of_mark(viewer, annotation: Annotation, *, everything: bool, surgeries: Iterable[str] = ()) -> QuerySet[Event]:
    """What happened to a mark, and what changed its tags with those of many: `surgeries`, the subjects."""
    found = events().filter(subject__in=[annotation.subject, *surgeries])
    if everything:
        return found
    return _judged(found).filter(Q(subject__in=list(surgeries)) | _of_marks(viewer))


def of_article(viewer, article: Article) -> QuerySet[Event]:
    """What happened to an article, and to those marks on it outside of sessions that the viewer may see."""
    here = events().filter(channel__name=article.channel)
    # How marks were carried into a revision is told of all of them at once, hidden ones too.
    itself = Q(subject=f"article:{article.pk}")
    return _judged(here).filter(itself | _of_marks(viewer))


def of_session(viewer, seat: Seat) -> QuerySet[Event]:
    """What happened in a session, as far as this member may know today."""
    session, member = seat.session, seat.member
    here = events().filter(Q(channel__name=session.channel) | Q(channel__name__startswith=f"{session.channel}:"))
    own = f"{session.channel}:p{viewer.pk}"
    people = Q(channel__name=own)
    if member.oversees:
        theirs = Q(channel__name__startswith=f"{session.channel}:p")
        # What readers noted is read with their marks.
        people |= theirs if seat.sees_all_marks else theirs & ~Q(verb="article-noted")
    common = Q(channel__name=session.channel)
    if not member.oversees:
        common &= ~Q(verb__in=_OVERSEERS_ONLY)
    settled = seat.sees_all_marks and (member.oversees or session.phase in TeamSession.SETTLED)
    if not settled:
        common &= ~Q(verb__in=_DECISIONS)
    if not (member.oversees and seat.sees_all_marks):
        common &= ~Q(verb="decision-answered") | Q(actor_id=viewer.pk)
    rest = common | people
    if may_read_log(viewer):
        rest |= Q(channel__name=f"{session.channel}:looks")
    # Marks are on channels of articles; nothing else is told there.
    return _judged(here).filter(rest & ~Q(subject__startswith=OF_MARKS) | _of_marks(viewer))


def _told_examples(examples: QuerySet[Example]) -> Q:
    """Events about examples hold their words: of these alone they are told."""
    return ~Q(subject__startswith="example:") | Q(subject__in=_names(examples, "example:"))


def _names(rows: QuerySet, kind: str) -> QuerySet:
    """What these rows are called in events, for a query: a site may have more of them than a query has parameters."""
    return rows.order_by().annotate(_name=Concat(Value(kind), Cast("pk", CharField()))).values("_name")


def _examples_told_to(viewer, codebook: Codebook) -> QuerySet[Example]:
    """Those that the codebook shows this viewer today; and removed ones to whoever can put them back."""
    if may_edit_codebook(viewer, codebook):
        return open_to(viewer).filter(tag__codebook=codebook)
    return shown_to(viewer, codebook)


def of_codebook(viewer, codebook: Codebook) -> QuerySet[Event]:
    told = _told_examples(_examples_told_to(viewer, codebook))
    return events().filter(told, channel__name=codebook.channel)


def of_tag(viewer, tag: Tag) -> QuerySet[Event]:
    """What happened to a tag, and what it was merged with or split off from."""
    cut = Surgery.objects.filter(Q(source=tag) | Q(target=tag)).order_by().values_list("uid", flat=True)
    examples = _examples_told_to(viewer, tag.codebook).filter(tag=tag)
    shown = examples.order_by().values_list("pk", flat=True)
    subjects = [f"tag:{tag.pk}", *(f"surgery:{uid}" for uid in cut), *(f"example:{pk}" for pk in shown)]
    return events().filter(subject__in=subjects, channel__name=tag.codebook.channel)


def of_person(viewer, person, *, everything: bool) -> QuerySet[Event]:
    """What somebody did, and what was done to their account and their memberships: for staff, and for themselves as far
    as they may know it today."""
    about = f"user:{person.pk}"
    found = events().filter(Q(actor_id=person.pk) | Q(subject=about))
    if everything:
        return found
    sessions = list(TeamSession.objects.of(viewer).order_by("pk").values_list("pk", flat=True))
    open_books = Q(is_default=True) | Q(sessions__in=sessions) | Q(sessions__in=TeamSession.objects.finished())
    books = Codebook.objects.filter(open_books)
    channels = ["site", about, *(name for pk in sessions for name in (f"team:{pk}", f"team:{pk}:p{person.pk}"))]
    closed = Article.objects.exclude(pk__in=Article.objects.visible_to(viewer).values("pk"))
    in_articles = Q(channel__name__startswith="article:") & ~Q(channel__name__in=_names(closed, "article:"))
    overseen = Member.objects.filter(user_id=viewer.pk, left_at=None, role__in=Member.OVERSEERS)
    asked = Question.objects.filter(session__in=overseen.values("session"))
    answered = Q(verb="question-answered", subject__in=_names(asked, "question:"))
    plain = Q(channel__name__in=channels) | Q(channel__name__in=_names(books, "codebook:")) | in_articles | answered
    if not may_read_log(viewer):
        plain &= ~Q(verb__startswith="admin-", actor_id=person.pk)
    plain &= _told_examples(open_to(viewer).filter(tag__codebook__in=books))
    return _judged(found).filter(
        plain & ~Q(subject__startswith=OF_MARKS) & ~Q(verb="marks-carried") | _of_marks(viewer)
    )
