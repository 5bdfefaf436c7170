"""Codebooks out of the site and into it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from annotations.codebook.access import book_for, book_to_edit
from annotations.models import Codebook
from annotations.models.names import new_uid
from annotations.surgery.exchange.actions import ADD, import_codebook, plan, seen_of, undo_import, was_done
from annotations.surgery.exchange.exporting import as_data, as_qdc
from annotations.surgery.exchange.forms import ImportForm
from annotations.surgery.exchange.reading import MOST_BYTES, Incoming, read
from annotations.surgery.views import changes_url
from opslens.web.methods import form_page
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Conflict, Invalid


def _file(book: Codebook, body: str, ending: str, kind: str) -> HttpResponse:
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{slugify(book.name) or "codebook"}.{ending}"'
    return response


@allow(everyone)
@require_safe
def export_json(request: HttpRequest, book: int | None = None) -> HttpResponse:
    book = book_for(request.user, book)
    body = json.dumps(as_data(book), ensure_ascii=False, indent=2) + "\n"
    return _file(book, body, "json", "application/json; charset=utf-8")


@allow(everyone)
@require_safe
def export_qdc(request: HttpRequest, book: int | None = None) -> HttpResponse:
    book = book_for(request.user, book)
    return _file(book, as_qdc(book, request.build_absolute_uri), "qdc", "application/xml; charset=utf-8")


@allow(signed_in)
@form_page
def take_in(request: HttpRequest, book: int | None = None) -> HttpResponse:
    """Without `confirmed` a POST shows what the file means here, with it does that."""
    book = book_to_edit(request.user, book)
    data = request.POST.copy()
    data.setdefault("mode", ADD)
    form = ImportForm(data, request.FILES) if request.method == "POST" else ImportForm()
    context: dict[str, Any] = {"codebook": book, "form": form, "key": new_uid()}
    status = 200
    if form.is_bound and not form.is_valid():
        status = 422
    elif form.is_bound:
        try:
            upload = form.cleaned_data.get("file")
            if upload is not None and upload.size > MOST_BYTES:
                raise Invalid(f"A codebook file has at most {MOST_BYTES:,} bytes.")
            sent = form.data_sent()
            incoming = read(sent)
            mode = form.cleaned_data["mode"] or ADD
            if "confirmed" in request.POST:
                try:
                    return _imported(request, book, incoming, mode)
                except Conflict as conflict:
                    context["conflict"], status = str(conflict), 409
                    found = conflict.current
            else:
                found = plan(book, incoming)
            context |= {
                "plan": found,
                "incoming": incoming,
                "mode": mode,
                "text": sent.decode("utf-16" if sent[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"),
                "seen": seen_of(found),
            }
        except Invalid as invalid:
            form.add_error(None, str(invalid))
            status = 422
    return render(request, "surgery/import.html", context, status=status)


def _imported(request: HttpRequest, book: Codebook, incoming: Incoming, mode: str) -> HttpResponse:
    key = request.POST.get("key", "")[:10]
    found, changed = import_codebook(request.user, book, incoming, mode, key=key, seen=request.POST.get("seen", ""))
    left = len(found.differing) if mode == ADD else 0
    is_one = left == 1
    stay = (
        f"{left} tag{' that is' if is_one else 's that are'} different in the file "
        f"{'stays' if is_one else 'stay'} as now; to change {'it' if is_one else 'them'}, "
        "import the file again with “Add and update”."
    )
    if changed:
        updated = len(found.differing) if mode != ADD else 0
        said = f"Imported: {len(found.new)} added, {updated} updated. You can undo it here."
        messages.success(request, f"{said} {stay}" if left else said)
    elif not was_done(book, key):
        said = "Every tag of the file is here already. Nothing was changed."
        messages.info(request, f"{said} {stay}" if left else said)
        return redirect(book)
    return redirect(changes_url(book))


@allow(signed_in)
@require_POST
def take_back(request: HttpRequest, number: int, book: int | None = None) -> HttpResponse:
    book = book_to_edit(request.user, book)
    said, changed = undo_import(request.user, book, number)
    first = (
        "Undone: tags that the import added are retired, the others are as before." if changed else "Undone already."
    )
    messages.success(request, " ".join([first, *said]))
    return redirect(changes_url(book))
