"""The tray of marks to look at, and what is done about each."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotations.access import annotation_for
from annotations.editing.actions import choose_passage
from annotations.editing.forms import whole_number
from annotations.editing.views import chosen_passage
from annotations.models import Annotation
from annotations.permissions import may_attach_mark
from annotations.reanchoring import actions
from annotations.reanchoring.queries import cases_of, to_look_at
from opslens.articles.access import article_for
from opslens.articles.documents import document_of
from opslens.models import Revision
from opslens.web.methods import form_page
from opslens.web.paging import page
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Conflict, Denied, Invalid

PAGE = 20


@allow(signed_in)
@require_safe
def tray(request: HttpRequest) -> HttpResponse:
    """The marks in the viewer's charge to look at, newest first; `?article=` those of one article, `?left=yes` those
    that were left as they are."""
    left = request.GET.get("left") == "yes"
    marks = to_look_at(request.user, left=left).select_related("article", "author")
    article = None
    if slug := request.GET.get("article", "").replace("\x00", ""):
        article = article_for(request.user, slug)
        marks = marks.filter(article=article)
    found = page(marks, {"pk": int}, after=request.GET.get("after", ""), size=PAGE)
    context = {
        "cases": cases_of(found.rows),
        "next": found.next,
        "article": article,
        "left": left,
        "others": to_look_at(request.user, left=not left).count(),
    }
    return render(request, "reanchoring/tray.html", context)


def _done(request: HttpRequest, said: str, undo: str) -> HttpResponse:
    """The case goes out of the list and a toast offers to take that back; without HTMX, the list again."""
    if request.htmx:
        # The focus was in the case that goes; the next key of somebody without a mouse goes to Undo.
        context = {"message": said, "undo": undo, "focus": True}
        return HttpResponse(render_to_string("editing/_toast.html", context))
    messages.success(request, said)
    return redirect("reanchoring:tray")


@allow(signed_in)
@form_page
def attach(request: HttpRequest, uid: str) -> HttpResponse:
    """Attach a mark to a passage of the current revision: one that is sent, or one that is chosen here among the
    sentences of a paragraph."""
    annotation = annotation_for(request.user, uid)
    if not may_attach_mark(request.user, annotation):
        raise Denied("Only its author can say where this mark stands.")
    if request.method != "POST":
        return _attach_page(request, annotation, _block_of(request.GET, annotation))
    block = _block_of(request.POST, annotation)
    document = document_of(annotation.article.current_id)
    try:
        version = whole_number(request.POST, "version")
        revision_id = whole_number(request.POST, "revision", most=2**62)
        if revision_id != annotation.article.current_id:
            raise Conflict("The article has a newer revision. Choose the passage there.")
        if "start" in request.POST:
            start, end = whole_number(request.POST, "start"), whole_number(request.POST, "end")
            passage = choose_passage(revision_id, start, end, request.POST.get("exact", ""))
        else:
            start, end = chosen_passage(request, document, document.blocks[block])
            passage = choose_passage(revision_id, start, end, document.text[start:end])
        marked = actions.attach_mark(request.user, uid, version, passage)
    except (Conflict, Invalid) as refused:
        if request.htmx:
            raise
        annotation = annotation_for(request.user, uid)
        return _attach_page(request, annotation, block, problem=str(refused), status=refused.status)
    said = "The mark is attached." if marked.changed else "The mark stands there already."
    if request.htmx:
        undo = reverse("reanchoring:detach", args=[uid]) if marked.changed else ""
        return _done(request, said, undo)
    messages.success(request, said)
    return redirect(annotation)


def _block_of(data, annotation: Annotation) -> int:
    value = data.get("block", "0")
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 9 else 0
    return min(number, len(document_of(annotation.article.current_id).blocks) - 1)


def _attach_page(
    request: HttpRequest, annotation: Annotation, block: int, *, problem: str = "", status: int = 200
) -> HttpResponse:
    document = document_of(annotation.article.current_id)
    here = document.blocks[block]
    ticked = set(request.POST.getlist("sentences"))
    (case,) = cases_of([annotation])
    context = {
        "annotation": annotation,
        "article": annotation.article,
        "revision": Revision.objects.light().get(pk=annotation.article.current_id),
        "case": case,
        "ordinal": block,  # `block` would be Django's own inside of a template's block
        "sentences": [
            {"number": i, "text": document.text[start:end], "ticked": str(i) in ticked}
            for i, (start, end) in enumerate(here.sentences)
        ],
        "exact": request.POST.get("exact", "") if "start" not in request.POST else "",
        "problem": problem,
        "previous": block - 1 if block else None,
        "next": block + 1 if block + 1 < len(document.blocks) else None,
    }
    return render(request, "reanchoring/attach.html", context, status=status)


@allow(signed_in)
@require_POST
def detach(request: HttpRequest, uid: str) -> HttpResponse:
    actions.detach_mark(request.user, uid)
    return _back(request, "Taken back: the mark waits here again.")


@allow(signed_in)
@require_POST
def leave(request: HttpRequest, uid: str) -> HttpResponse:
    actions.leave_mark(request.user, uid, whole_number(request.POST, "revision", most=2**62))
    return _done(request, "Left as it is.", reverse("reanchoring:again", args=[uid]))


@allow(signed_in)
@require_POST
def again(request: HttpRequest, uid: str) -> HttpResponse:
    actions.look_again(request.user, uid)
    return _back(request, "The mark waits here again.")


def _back(request: HttpRequest, said: str) -> HttpResponse:
    """To the tray, on which what was taken back stands again."""
    messages.info(request, said)
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"  # of the page it came from, with its filter and its place
        return response
    return redirect("reanchoring:tray")
