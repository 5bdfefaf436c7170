"""Preparing, previewing and publishing a revision; the list of all of them."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from opslens.articles.access import article_for, article_to_change
from opslens.articles.documents import document_of
from opslens.articles.forms import add_refusal
from opslens.articles.loaders import format_of
from opslens.articles.maps import map_between
from opslens.articles.permissions import may_change
from opslens.articles.preparing import check_size, file_name
from opslens.articles.revising import actions
from opslens.articles.revising.forms import RevisionForm, filled
from opslens.models import Article, Draft, Revision
from opslens.text.side_by_side import compare, folded
from opslens.web.methods import form_page
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Conflict, Denied, Invalid, Refused


@allow(everyone)
@require_safe
def revisions(request: HttpRequest, slug: str) -> HttpResponse:
    """Every revision of an article, newest first, any two of which can be compared."""
    article = article_for(request.user, slug)
    rows = list(article.revisions.light().select_related("created_by").order_by("-number"))
    context = {"article": article, "revisions": rows, "may_revise": may_change(request.user, article)}
    return render(request, "revising/revisions.html", context)


@allow(signed_in)
@form_page
def revise(request: HttpRequest, slug: str) -> HttpResponse:
    """Write or upload the next revision. What is posted is kept as a draft and leads to its preview."""
    article = article_to_change(request.user, slug)
    draft = actions.draft_of(request.user, article)
    if request.method != "POST":
        return _form_page(request, article, RevisionForm(initial=filled(article.current, draft)), draft)
    form = RevisionForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, article, form, draft, status=422)
    base = article.revisions.filter(number=form.cleaned_data["base"]).first()
    if base is None:
        form.add_error("base", "The revision from which this text began does not exist.")
        return _form_page(request, article, form, draft, status=422)
    try:
        name, data, format = _source(form)
        actions.keep_draft(
            request.user,
            article,
            base=base,
            name=name,
            data=data,
            format=format,
            title=form.cleaned_data["title"],
            note=form.cleaned_data["note"],
            source_date=form.cleaned_data["source_date"],
        )
    except Denied:
        raise
    except Refused as refused:
        add_refusal(form, refused, otherwise="file" if form.cleaned_data["file"] else "text")
        return _form_page(request, article, form, draft, status=refused.status)
    return redirect("revising:preview", slug)


def _source(form: RevisionForm) -> tuple[str, bytes, str]:
    """(file name, bytes, format) of what was sent; the format of a file, "", is found out. Raises TooLarge."""
    file = form.cleaned_data["file"]
    if file:
        check_size(file.size or 0)
        return file_name(file.name or ""), file.read(), ""
    text, format = form.cleaned_data["text"], form.cleaned_data["format"]
    if ((found := format_of("", text)) == "html") != (format == "html"):
        format = found  # a text of another kind was pasted over the one that stood there
    return "", text.encode("utf-8", "replace"), format


def _form_page(
    request: HttpRequest, article: Article, form: RevisionForm, draft: Draft | None, *, status: int = 200
) -> HttpResponse:
    context = {
        "article": article,
        "form": form,
        "draft": draft,
        "format": form["format"].value(),
        "most_bytes": settings.MAX_HTML_BYTES,
    }
    return render(request, "revising/revise.html", context, status=status)


@allow(signed_in)
@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The viewer's draft beside the current revision, and what would become of the marks."""
    article = article_to_change(request.user, slug)
    draft = actions.draft_of(request.user, article)
    if draft is None:
        return redirect("revising:revise", slug)
    return _preview(request, article, draft)


def _preview(
    request: HttpRequest, article: Article, draft: Draft, *, problem: str = "", status: int = 200
) -> HttpResponse:
    try:
        proposal = actions.proposal_of(draft, article)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("revising:revise", article.slug)
    old, new = document_of(article.current_id), proposal.prepared.document
    current = Revision.objects.light().get(pk=article.current_id)
    comparison = compare(old, new, map_between(old.text, new.text))
    context = {
        "article": article,
        "current": current,
        "proposal": proposal,
        "draft_version": actions.version_of(draft),
        "comparison": comparison,
        "parts": folded(comparison.rows),
        "is_behind": draft.base_id != article.current_id,
        "problem": problem,
        "view": "inline",
    }
    return render(request, "revising/preview.html", context, status=status)


@allow(signed_in)
@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish the viewer's draft as the revision that follows the one it was previewed against."""
    article = article_to_change(request.user, slug)
    base = request.POST.get("base", "")
    if not (base.isascii() and base.isdigit() and len(base) < 9):
        raise Invalid("A revision is published on top of another one, by its number.")
    draft = actions.draft_of(request.user, article)
    if draft is None:
        messages.info(request, "There is no draft of yours to publish here; it may be published already.")
        return redirect(article)
    try:
        revision = actions.publish_draft(request.user, article, base=int(base), seen=request.POST.get("draft", ""))
    except Conflict as conflict:
        article, draft = article_to_change(request.user, slug), actions.draft_of(request.user, article) or draft
        return _preview(request, article, draft, problem=str(conflict), status=conflict.status)
    except Invalid as invalid:
        return _preview(request, article, draft, problem=str(invalid), status=invalid.status)
    messages.success(request, f"Revision {revision.number} is published.")
    return redirect(revision.article)


@allow(signed_in)
@require_POST
def drop(request: HttpRequest, slug: str) -> HttpResponse:
    article = article_to_change(request.user, slug)
    actions.drop_draft(request.user, article)
    messages.info(request, "The draft is thrown away. The article stands as it was.")
    return redirect(article)
