"""The door through which templates of the project show marks."""

from __future__ import annotations

from django import template

from annotations.reading.pages import Page, page_for, page_key
from annotations.reading.queries import counts_of_articles
from annotations.reading.views import whose_of
from opslens.models import Revision

register = template.Library()


def _every_card(request) -> bool:
    return request.GET.get("cards") == "all"


@register.simple_tag(takes_context=True)
def marked_page(context, revision: Revision) -> Page:
    """The revision with the marks that this request's viewer sees, for `{% marked_page revision as page %}`."""
    request = context["request"]
    return page_for(request.user, revision, whose_of(request), every_card=_every_card(request))


@register.simple_tag(takes_context=True)
def marked_page_key(context, revision: Revision) -> tuple:
    """What `{% kept %}` keeps a marked page by."""
    request = context["request"]
    return page_key(request.user, revision, whose_of(request), every_card=_every_card(request))


@register.simple_tag(takes_context=True)
def whose(context) -> str:
    """Whose marks this request asks for."""
    return whose_of(context["request"])


@register.simple_tag(takes_context=True)
def mark_counts(context, articles) -> dict[int, list]:
    """Visible marks by tag of each of these articles; one query."""
    return counts_of_articles(context["request"].user, articles)


@register.filter
def of(mapping: dict, key):
    """`{{ mapping|of:key }}`: the value at a key that is itself a variable."""
    return mapping.get(key, ())
