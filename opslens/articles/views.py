"""Library, search, import, details and trash. The reading page is in `reading`."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from opslens.articles import actions
from opslens.articles.access import article_to_change
from opslens.articles.forms import DetailsForm, PasteForm, UploadForm, add_refusal
from opslens.articles.preparing import check_size, file_name
from opslens.articles.queries import library as library_of
from opslens.articles.queries import trashed
from opslens.articles.search.queries import LONGEST_QUERY
from opslens.models import Article
from opslens.web.methods import form_page
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Conflict, Invalid, Missing, Refused


@allow(everyone)
@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """The articles that the viewer may read; with `?q=` those with these words, `?after=` goes on."""
    query = one_line_query(request.GET.get("q", ""))
    after = request.GET.get("after", "")
    found = library_of(request.user, query=query, after=after)
    context = {"library": found, "query": query, "after": after, "may_import": request.user.is_authenticated}
    return render(request, "articles/library.html", context)


def one_line_query(query: str) -> str:
    """What is searched for and shown again in the search field."""
    return query.replace("\0", "")[:LONGEST_QUERY]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one document: an article, new or here already, or the refusal that says why not."""

    name: str
    imported: actions.Imported | None = None
    refused: Refused | None = None


@allow(signed_in)
@form_page
def import_page(request: HttpRequest) -> HttpResponse:
    """Paste a text, or upload files. An HTMX request gets the reports alone."""
    if request.method != "POST":
        return _import_page(request, PasteForm(), UploadForm())
    if request.POST.get("what") == "text":
        return _paste(request)
    return _upload(request)


def _paste(request: HttpRequest) -> HttpResponse:
    form = PasteForm(request.POST)
    if not form.is_valid():
        return _import_page(request, form, UploadForm(), status=422)
    try:
        imported = actions.import_article(
            request.user,
            name="",
            data=form.cleaned_data["text"].encode("utf-8", "replace"),
            format=form.cleaned_data["format"] or None,
            overrides=form.details(),
            is_public=form.cleaned_data["is_public"],
        )
    except Refused as refused:
        add_refusal(form, refused, otherwise="text")
        return _import_page(request, form, UploadForm(), status=refused.status)
    return _import_page(request, PasteForm(), UploadForm(), reports=[Report("Your text", imported)])


def _upload(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST)
    public = form.is_valid() and form.cleaned_data["is_public"]
    reports = [_bring(request, file, public) for file in request.FILES.getlist("files")]
    if not reports:
        form.add_error("files", "Choose at least one file.")
        return _import_page(request, PasteForm(), form, status=422)
    refused = [report.refused for report in reports if report.refused]
    status = refused[0].status if len(refused) == len(reports) else 200
    return _import_page(request, PasteForm(), UploadForm(), reports=reports, status=status)


def _bring(request: HttpRequest, file: UploadedFile, public: bool) -> Report:
    name = file_name(file.name or "") or "A file without a name"
    try:
        check_size(file.size or 0)
        return Report(name, actions.import_article(request.user, name=name, data=file.read(), is_public=public))
    except Refused as refused:
        return Report(name, refused=refused)


def _import_page(
    request: HttpRequest,
    paste: PasteForm,
    upload: UploadForm,
    *,
    reports: list[Report] | None = None,
    status: int = 200,
) -> HttpResponse:
    if request.htmx and reports:
        return render(request, "articles/_import_reports.html", {"reports": reports}, status=status)
    context = {
        "paste": paste,
        "upload": upload,
        "reports": reports,
        "most_files": settings.MAX_UPLOAD_FILES,
        "most_bytes": settings.MAX_HTML_BYTES,
        "pasting": bool(paste.errors),
    }
    return render(request, "articles/import.html", context, status=status)


@allow(signed_in)
@form_page
def details(request: HttpRequest, slug: str) -> HttpResponse:
    """Title, publisher and so on of one article, to be changed."""
    article = article_to_change(request.user, slug)
    if request.method != "POST":
        return _details_page(request, article, _details_form(article))
    form = DetailsForm(request.POST)
    if not form.is_valid():
        return _details_page(request, article, form, seen=request.POST.get("seen", ""), status=422)
    try:
        article = actions.edit_details(
            request.user,
            article,
            details=form.details(),
            is_public=form.cleaned_data["is_public"],
            seen=request.POST.get("seen", ""),
        )
    except Conflict as conflict:
        theirs = conflict.current
        return _details_page(request, theirs, form, theirs=_details_form(theirs), status=conflict.status)
    except Invalid as refused:
        add_refusal(form, refused, otherwise="title")
        return _details_page(request, article, form, seen=request.POST.get("seen", ""), status=refused.status)
    return redirect(article)


def _details_form(article: Article) -> DetailsForm:
    return DetailsForm(initial={name: getattr(article, name) for name in DetailsForm.base_fields})


def _details_page(
    request: HttpRequest,
    article: Article,
    form: DetailsForm,
    *,
    seen: str | None = None,
    theirs: DetailsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "article": article,
        "form": form,
        "seen": actions.details_digest(article) if seen is None else seen,
        "differences": _differences(form, theirs) if theirs else [],
    }
    return render(request, "articles/details.html", context, status=status)


def _differences(mine: DetailsForm, theirs: DetailsForm) -> list[tuple[str, object, object]]:
    """Label, what is stored now and what was typed, of each field in which they differ."""
    rows = []
    for name, field in mine.fields.items():
        stored, typed = theirs.initial[name], mine.cleaned_data[name]
        if (stored or "") != (typed or ""):
            rows.append((field.label or name.replace("_", " ").capitalize(), _shown(stored), _shown(typed)))
    return rows


def _shown(value: object) -> object:
    return {True: "yes", False: "no", None: "", "": ""}.get(value, value)


@allow(signed_in)
@require_POST
def trash_one(request: HttpRequest, slug: str) -> HttpResponse:
    """Into the trash. HTMX takes the row away and shows a toast with *undo*; without it the trash is shown."""
    article = actions.trash_article(request.user, article_to_change(request.user, slug))
    if request.htmx:
        return render(request, "articles/_library_trashed.html", {"article": article})
    return redirect("articles:trash")


@allow(signed_in)
@require_POST
def restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Out of the trash, back to the library or, from the trash's own page, to that."""
    article = trashed(request.user).filter(slug=slug).first()
    if article is None:
        raise Missing("There is no such article in your trash.")
    actions.restore_article(request.user, article)
    return redirect("articles:trash" if request.POST.get("from") == "trash" else "articles:library")


@allow(signed_in)
@require_safe
def trash(request: HttpRequest) -> HttpResponse:
    return render(request, "articles/trash.html", {"articles": trashed(request.user)[:200]})
