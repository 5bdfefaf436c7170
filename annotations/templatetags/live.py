"""What a reading page carries along so that it can follow changes."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from annotations.live.following import cursor_at
from annotations.templatetags.marks import scope_in
from opslens.models import Revision

register = template.Library()


@register.simple_tag(takes_context=True)
def live_cursor(context, revision: Revision, page_key: tuple) -> str:
    """Where the page of this key begins to follow: at the numbers by which it is kept, which were read before its
    marks were."""
    state = page_key[-1]
    scope = scope_in(context)
    return cursor_at(context["request"].user, revision, scope, state[-1] if scope.seat else state)


@register.filter
def with_cursor(attributes: str, cursor: str) -> SafeString:
    """Further attributes of an element, and the one with the cursor."""
    return format_html('{} data-live="{}"', attributes, cursor)
