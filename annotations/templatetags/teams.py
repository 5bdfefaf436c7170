"""What templates need to know of team sessions."""

from __future__ import annotations

from django import template

from annotations.membership import Seat
from annotations.teams.navigation import Tab, tabs

register = template.Library()


@register.simple_tag
def session_tabs(seat: Seat) -> list[Tab]:
    """The pages of a session that are for this member."""
    return tabs(seat)
