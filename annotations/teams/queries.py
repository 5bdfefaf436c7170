"""What the pages of a session show. Everything starts from the viewer's seat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse

from annotations.membership import Seat
from annotations.models import Assignment, Member, Question, SessionArticle, TeamSession
from annotations.teams.phases import LABELS
from opslens.models import Article, Event
from opslens.models.article import LARGE_COLUMNS

LOG_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A session in the list of those that a person is in."""

    session: TeamSession
    role: str
    phase: str
    open_work: int
    articles: int
    people: int
    questions: int  # that wait for an answer by this person


def sessions_of(viewer) -> list[Row]:
    """The sessions of a viewer, running ones first, then the newest. Three queries whatever their number."""
    seats = (
        Member.objects.filter(user_id=viewer.pk, left_at=None, session__deleted_at=None)
        .select_related("session")
        .annotate(open_work=Count("assignments", filter=Q(assignments__state__in=Assignment.OPEN), distinct=True))
        .order_by("-session__created_at", "-session_id")
    )
    seats = list(seats)
    ids = [seat.session_id for seat in seats]
    sizes = {
        pk: (articles, people)
        for pk, articles, people in TeamSession.objects.filter(pk__in=ids)
        .order_by()
        .values_list("pk")
        .annotate(
            articles=Count("articles", distinct=True),
            people=Count("members", filter=Q(members__left_at=None), distinct=True),
        )
    }
    overseen = [seat.session_id for seat in seats if seat.oversees]
    waiting = dict(
        Question.objects.filter(session_id__in=overseen, answered_at=None)
        .order_by()
        .values_list("session_id")
        .annotate(n=Count("pk"))
    )
    rows = [
        Row(
            session=seat.session,
            role=seat.get_role_display(),
            phase=LABELS[seat.session.phase],
            open_work=seat.open_work if seat.session.phase == TeamSession.ANNOTATING else 0,
            articles=sizes[seat.session_id][0],
            people=sizes[seat.session_id][1],
            questions=waiting.get(seat.session_id, 0),
        )
        for seat in seats
    ]
    return sorted(rows, key=_place)


def _place(row: Row) -> tuple[bool, bool]:
    """Running sessions, then those in the archive, then one's own tries at settled articles."""
    return row.session.calibrates_id is not None, row.session.phase == TeamSession.ARCHIVED


@dataclass(frozen=True, slots=True)
class Work:
    """One's own reading of one article."""

    here: SessionArticle
    assignment: Assignment
    url: str


def articles_of(session: TeamSession) -> list[SessionArticle]:
    """The articles of a session that are not in the trash, in their order. One query."""
    heavy = [f"revision__{name}" for name in LARGE_COLUMNS]
    here = session.articles.filter(article__deleted_at=None)
    return list(here.select_related("article", "revision").defer(*heavy).order_by("position", "pk"))


def own_work(seat: Seat, articles: Iterable[SessionArticle]) -> list[Work]:
    """What this member reads, in the order of the session. One query."""
    mine = {work.session_article_id: work for work in seat.member.assignments.all()}
    return [
        Work(here, mine[here.pk], reverse("teams:read", args=[seat.session.uid, here.article.slug]))
        for here in articles
        if here.pk in mine
    ]


@dataclass(frozen=True, slots=True)
class Next:
    """What somebody does best now: a sentence and, if there is one, where."""

    words: str
    url: str = ""
    label: str = ""


def next_for(seat: Seat, work: list[Work]) -> Next:
    """What is next for this member. There is always an answer."""
    session, member = seat.session, seat.member
    base = session.get_absolute_url()
    if session.calibrates_id is not None:
        return Next("Mark the article, then see where you differ.", f"{base}calibration/", "Go on")
    if session.phase == TeamSession.DRAFT:
        if member.is_owner:
            return Next("Choose articles, invite readers, then begin.", f"{base}people/", "Invite people")
        return Next("The session has not begun. You will find your articles here.")
    if session.phase == TeamSession.ANNOTATING:
        begun = [one for one in work if one.assignment.state == Assignment.READING]
        fresh = [one for one in work if one.assignment.state == Assignment.NEW]
        if begun:
            return Next(f"Go on with “{begun[0].here.article.title}”.", begun[0].url, "Go on reading")
        if fresh:
            if session.calibration_id and len(fresh) == len(work):
                words = f"Begin with “{fresh[0].here.article.title}”. If you like, try the settled article first."
                return Next(words, fresh[0].url, "Begin reading")
            return Next(f"Read “{fresh[0].here.article.title}”.", fresh[0].url, "Begin reading")
        if work:
            return Next("You are done with your articles. The marks of the others are shown when they are revealed.")
        if member.oversees:
            return Next("Readers are marking. See below how far they are.")
        return Next("No article is assigned to you.")
    if session.phase == TeamSession.REVEALED:
        return Next("Compare how you all read.", f"{base}talk/", "Marks side by side")
    if session.phase == TeamSession.ADJUDICATING:
        if member.oversees:
            return Next("Settle what is contested.", f"{base}desk/", "To the desk")
        return Next("The reviewers are settling passages.", f"{base}decided/", "Decisions so far")
    return Next("The edition is published.", session.edition_url, "Read the edition")


@dataclass(slots=True)
class PersonRow:
    """A row of the progress matrix: one reader, and a state for each article (None: not assigned)."""

    member: Member
    cells: list[Assignment | None] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(1 for cell in self.cells if cell is not None and not cell.is_open)

    @property
    def of(self) -> int:
        return sum(1 for cell in self.cells if cell is not None)


def matrix(session: TeamSession, articles: list[SessionArticle]) -> list[PersonRow]:
    """Readers × articles. People who have left are shown while they have begun something. Two queries."""
    members = session.members.select_related("user").order_by("joined_at", "pk")
    work = Assignment.objects.filter(session_article__session=session)
    by_key = {(one.member_id, one.session_article_id): one for one in work}
    rows = []
    for member in members:
        cells = [by_key.get((member.pk, here.pk)) for here in articles]
        begun = any(cell is not None and cell.state != Assignment.NEW for cell in cells)
        if (member.reads and member.left_at is None) or (member.left_at is not None and begun):
            rows.append(PersonRow(member, cells))
    return rows


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the log: who, when, what in words."""

    who: str
    at: datetime
    words: str
    reason: str = ""


_SAID = {
    "session-created": "made the session",
    "session-edited": "changed the settings",
    "article-added": "added an article",
    "article-removed": "took an article out",
    "invitation-made": "made an invitation",
    "invitation-revoked": "took an invitation back",
    "member-joined": "added a member",
    "member-left": "left the session",
    "member-removed": "removed a member",
    "role-changed": "changed a role",
    "session-trashed": "put the session into the trash",
    "session-restored": "restored the session",
}


def log_of(seat: Seat) -> list[Happening]:
    """What happened to the session, newest first: phases for every member, all of it for those who oversee. Two
    queries."""
    events = Event.objects.filter(channel__name=seat.session.channel).select_related("actor")
    verbs = ["phase-changed", *_SAID] if seat.member.oversees else ["phase-changed"]
    shown = list(events.filter(verb__in=verbs).order_by("-number")[:LOG_SHOWN])
    names = _names_in(shown)
    return [_happening(event, names) for event in shown]


def _names_in(events: list[Event]) -> dict[str, str]:
    ids = {int(event.subject[5:]) for event in events if event.subject.startswith("user:")}
    people = Member.objects.filter(user_id__in=ids).select_related("user") if ids else ()
    return {f"user:{member.user_id}": member.user.name for member in people}


def _happening(event: Event, names: dict[str, str]) -> Happening:
    who = event.actor.name if event.actor else "OpsLens"
    if event.verb == "phase-changed":
        words = f"{LABELS[event.before['phase']]} → {LABELS[event.after['phase']]}"
        return Happening(who, event.at, words, event.after.get("reason", ""))
    words = _SAID[event.verb]
    name = names.get(event.subject, "")
    if event.verb == "member-joined":
        role = event.after["role"]
        joined = event.actor_id is not None and event.subject == f"user:{event.actor_id}"
        words = f"joined as {role}" if joined else f"added {name} as {role}"
    elif event.verb == "member-removed":
        words = f"removed {name}"
    elif event.verb == "role-changed":
        also = " who reads along" if event.after["reads"] and event.after["role"] != Member.ANNOTATOR else ""
        words = f"made {name} {event.after['role']}{also}"
    return Happening(who, event.at, words)


def questions_for(seat: Seat) -> list[Question]:
    """One's own questions; those who oversee get everybody's, unanswered ones first. One query."""
    questions = seat.session.questions.select_related("asker", "answered_by", "session_article__article")
    if not seat.member.oversees:
        questions = questions.filter(asker_id=seat.member.user_id)
    return sorted(questions, key=lambda question: question.answered_at is not None)


def what_goes(seat: Seat) -> list[str]:
    """What is out of sight when a session is in the trash, in words."""
    session = seat.session
    marks, people = session.marks.filter(deleted_at=None).count(), session.members.filter(left_at=None).count()
    readers = session.marks.filter(deleted_at=None).order_by().values("author").distinct().count()
    out = [f"{people} {'person loses' if people == 1 else 'people lose'} access until it is restored"]
    if not seat.sees_all_marks:
        out.append("what readers have marked, your own marks among them")
    elif marks:
        by = f"{readers} reader{'' if readers == 1 else 's'}"
        out.append(f"{marks} mark{'' if marks == 1 else 's'} by {by}, with replies and decisions")
    if session.phase in TeamSession.OUT:
        out.append("the published edition: its address answers with “nothing here”")
    return out


def articles_to_choose(viewer, session: TeamSession | None = None, *, most: int = 300) -> list[Article]:
    """Articles that this viewer may read and that are not in the session yet, newest first."""
    articles = Article.objects.visible_to(viewer)
    if session is not None:
        articles = articles.exclude(pk__in=session.articles.values("article_id"))
    return list(articles.order_by("-created_at", "-pk")[:most])
