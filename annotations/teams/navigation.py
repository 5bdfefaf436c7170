"""The pages of a session, as far as they are for this member in this phase."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from annotations.membership import Seat
from annotations.models import TeamSession


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    label: str
    url: str


def tabs(seat: Seat) -> list[Tab]:
    session, member = seat.session, seat.member
    if session.calibrates_id is not None:
        return [Tab("calibration", "You and the settled reading", f"{session.get_absolute_url()}calibration/")]
    settling = session.phase in TeamSession.SETTLED
    reviewed = session.phase in TeamSession.REVIEWED and session.shows_marks and member.oversees
    pages = [
        ("overview", "Overview", "", True),
        ("people", "People", "people/", True),
        ("codebook", "Codebook", session.codebook.get_absolute_url(), True),
        ("talk", "Marks side by side", "talk/", session.shows_marks),
        ("agreement", "Agreement", "agreement/", session.shows_marks or seat.sees_all_marks),
        ("review", "Review", f"{reverse('review:queue')}?session={session.uid}", reviewed),
        ("desk", "Desk", "desk/", settling and member.oversees),
        ("decided", "Decisions", "decided/", settling),
        ("recap", "Recap", "recap/", settling),
        ("insights", "Insights", "insights/", True),
        ("history", "History", "history/", True),
        ("edition", "Edition", session.edition_url, session.phase in TeamSession.OUT),
        ("settings", "Settings", "settings/", member.is_owner),
    ]
    base = session.get_absolute_url()
    return [
        Tab(key, label, path if path.startswith("/") else base + path) for key, label, path, shown in pages if shown
    ]
