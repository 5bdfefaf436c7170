"""The door through which templates of the project show marks."""

from __future__ import annotations

from django import template

from annotations.carrying import counts_in
from annotations.models import Anchor, Annotation
from annotations.permissions import may_attach_mark
from annotations.reading.pages import Page, page_for, page_key
from annotations.reading.queries import counts_of_articles
from annotations.reading.scope import Scope, scope_of
from annotations.reanchoring.queries import counts_to_look_at
from opslens.models import Article, Revision
from opslens.text.blocks import Document

register = template.Library()

_OUTCOMES = [
    (Anchor.EXACT, "stays where it is", "stay where they are"),
    (Anchor.MOVED, "moves along with its words", "move along with their words"),
    (Anchor.CHANGED, "stands on words that change", "stand on words that change"),
    (Anchor.AMBIGUOUS, "could stand at several places", "could stand at several places"),
    (Anchor.LOST, "loses its passage", "lose their passage"),
]


def _every_card(request) -> bool:
    return request.GET.get("cards") == "all"


@register.simple_tag(takes_context=True)
def marked_page(context, revision: Revision) -> Page:
    """The revision with the marks that this request's viewer sees, for `{% marked_page revision as page %}`."""
    request = context["request"]
    return page_for(request.user, revision, scope_in(context), every_card=_every_card(request))


@register.simple_tag(takes_context=True)
def marked_page_key(context, revision: Revision) -> tuple:
    """What `{% kept %}` keeps a marked page by."""
    request = context["request"]
    return page_key(request.user, revision, scope_in(context), every_card=_every_card(request))


@register.simple_tag(takes_context=True, name="scope")
def scope_in(context) -> Scope:
    """Which marks this page is about: those of the session whose page it is, else those outside of sessions."""
    return context.get("scope") or scope_of(context["request"])


@register.simple_tag(takes_context=True)
def mark_counts(context, articles) -> dict[int, list]:
    """Visible marks by tag of each of these articles; one query."""
    return counts_of_articles(context["request"].user, articles)


@register.simple_tag(takes_context=True)
def carried_counts(context, article: Article, document: Document) -> list[tuple[str, int, str]]:
    """(state, number, what it means) of the visible marks of an article, if this document were its next revision."""
    counts = counts_in(context["request"].user, article, document.text)
    return [
        (state, counts[state], one if counts[state] == 1 else many) for state, one, many in _OUTCOMES if counts[state]
    ]


@register.simple_tag(takes_context=True)
def marks_to_check(context, articles) -> dict[int, int]:
    """By article id, how many marks in this viewer's charge wait for a look; one query."""
    return counts_to_look_at(context["request"].user, articles)


@register.simple_tag(takes_context=True)
def returned_marks(context) -> int:
    """How many of this viewer's own marks a reviewer has returned to them; one query for who is signed in."""
    viewer = context["request"].user
    if not viewer.is_authenticated:
        return 0
    own = Annotation.objects.visible_to(viewer).filter(author_id=viewer.pk, review_state=Annotation.RETURNED)
    return own.order_by().count()


@register.simple_tag(takes_context=True)
def mark_to_attach(context, revision: Revision) -> Annotation | None:
    """The mark that this page was opened to attach, `?attach=`, if the viewer may."""
    request = context["request"]
    uid = request.GET.get("attach", "")
    if not uid or not request.user.is_authenticated or "\x00" in uid:
        return None
    annotation = Annotation.objects.visible_to(request.user).filter(uid=uid, article=revision.article).first()
    return annotation if annotation and may_attach_mark(request.user, annotation) else None


@register.filter
def of(mapping: dict, key):
    """`{{ mapping|of:key }}`: the value at a key that is itself a variable."""
    return mapping.get(key, ())
