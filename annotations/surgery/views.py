"""Merging and splitting tags over HTTP: first what it would do, then the doing, then the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotations.codebook.access import book_to_edit, tag_to_edit
from annotations.models import Codebook, Surgery, Tag
from annotations.models.names import new_uid
from annotations.permissions import may_edit_codebook, may_read_codebook
from annotations.surgery import actions, changes, preview
from annotations.surgery.forms import MergeForm, SplitForm, picked_in
from annotations.surgery.selecting import MOST_PICKED
from opslens.web.methods import form_page
from opslens.web.paging import page
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Conflict, Denied, Invalid, Missing, Refused

MARKS_LISTED = 50


def changes_url(book: Codebook) -> str:
    return f"{book.get_absolute_url()}changes/"


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    template = f"surgery/_{name}.html" if request.htmx else f"surgery/{name}.html"
    return render(request, template, context, status=status)


@allow(signed_in)
@form_page
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """A GET with a target shows what the merge would do, a POST does it."""
    source = tag_to_edit(request.user, pk)
    sent = request.POST if request.method == "POST" else request.GET
    form = MergeForm(source, sent if "target" in sent else None)
    refused: Refused | None = None
    if request.method == "POST" and form.is_valid():
        try:
            done = actions.merge(
                request.user,
                source.pk,
                form.cleaned_data["target"],
                clash=form.chosen_clash(),
                key=request.POST.get("key", ""),
            )
            return _done(request, done)
        except Invalid as invalid:
            form.refuse(invalid.errors, str(invalid))
            refused = invalid
        except Conflict as conflict:
            refused = conflict
    target = foreseen = None
    if form.is_bound and (form.is_valid() or "target" in form.cleaned_data):
        target = Tag.objects.select_related("group").get(pk=form.cleaned_data["target"])
        foreseen = preview.of_merging(request.user, source, target, form.chosen_clash())
        if foreseen.must_choose:
            form.demand_choice()
    invalid = form.is_bound and not form.is_valid()
    context = {
        "tag": source,
        "codebook": source.codebook,
        "form": form,
        "target": target,
        "preview": foreseen,
        "refused": refused,
        "key": new_uid(),
    }
    return _shown(request, "merge", context, refused.status if refused else 422 if invalid else 200)


@allow(signed_in)
@form_page
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """A POST lists the marks, shows what would be done, or does it, as its button says."""
    source = tag_to_edit(request.user, pk)
    form = SplitForm(request.user, source, request.POST if request.method == "POST" else None)
    do, _, cursor = request.POST.get("do", "").partition(":")
    picked = picked_in(request.POST)
    context: dict[str, Any] = {"tag": source, "codebook": source.codebook, "form": form, "key": new_uid()}
    refused: Refused | None = None
    if form.is_bound and form.is_valid():
        try:
            if len(picked) > MOST_PICKED:
                raise Invalid(f"At most {MOST_PICKED} marks can be ticked. Narrow the filter, or split twice.")
            if form.is_by_hand and do != "list" and not picked:
                raise Invalid("No mark is ticked yet. Show the list and tick those that are meant.")
            selection = form.selection(picked)
            if do == "split":
                done = actions.split(
                    request.user,
                    source.pk,
                    selection,
                    target_id=form.cleaned_data["target"],
                    values=form.new_tag(),
                    clash=form.chosen_clash(),
                    key=request.POST.get("key", ""),
                )
                return _done(request, done)
            if do == "preview":
                context |= _preview_of_split(request, source, form, selection)
        except Invalid as invalid:
            form.refuse(invalid.errors, str(invalid))
            refused = invalid
            if do == "split" and "clash" in invalid.errors:
                context |= _preview_of_split(request, source, form, form.selection(picked))
        except Conflict as conflict:
            refused = conflict
    if form.is_bound and form.cleaned_data.get("how") == "hand":
        context |= _list_of(request, source, form, picked, cursor if do == "list" else request.POST.get("at", ""))
    context |= {"refused": refused, "picked_count": len(picked)}
    wrong = form.is_bound and not form.is_valid()
    return _shown(request, "split", context, refused.status if refused else 422 if wrong else 200)


def _preview_of_split(request: HttpRequest, source: Tag, form: SplitForm, selection) -> dict[str, Any]:
    target = None
    if form.cleaned_data["target"] is not None:
        target = Tag.objects.select_related("group").get(pk=form.cleaned_data["target"])
    group = target.group if target else form.groups.get(form.cleaned_data["group"])
    if group is None:
        raise Invalid("Choose a group for the new tag.", {"group": "Choose a group."})
    if target is None and not form.cleaned_data["name"].strip():
        raise Invalid("The new tag needs a name.", {"name": "A tag needs a name."})
    foreseen = preview.of_splitting(
        request.user,
        source,
        target,
        group,
        form.chosen_clash(),
        selection,
        needs_note=target is not None and target.note_required,
    )
    return {"preview": foreseen, "target": target, "target_group": group}


def _list_of(request: HttpRequest, source: Tag, form: SplitForm, picked: list[str], at: str) -> dict[str, Any]:
    """A page of the marks that fit, those that are ticked, and the ticked ones that are elsewhere."""
    if set(form.FILTERS) & form.errors.keys():
        return {}
    marks = replace(form.selection(picked), picked=None).marks(request.user, source).select_related("author", "article")
    shown = page(marks, {"pk": int}, after=at, size=MARKS_LISTED)
    here = {mark.uid for mark in shown.rows}
    return {
        "marks": shown.rows,
        "next": shown.next,
        "at": at,
        "picked": set(picked),
        "elsewhere": [name for name in picked if name not in here],
    }


def _done(request: HttpRequest, surgery: Surgery) -> HttpResponse:
    use = actions.use_told(surgery, request.user)
    verb = "merged into" if surgery.kind == Surgery.MERGE else "split into"
    said = f"“{surgery.source.name}” was {verb} “{surgery.target.name}”" + (f": {use}." if use else ".")
    if request.htmx:
        return render(request, "surgery/_done.html", {"surgery": surgery, "said": said, "codebook": surgery.codebook})
    messages.success(request, said)
    return redirect(changes_url(surgery.codebook))


@allow(signed_in)
@require_safe
def list_changes(request: HttpRequest, book: int | None = None) -> HttpResponse:
    """Merges, splits and imports, each with its undo."""
    book = book_to_edit(request.user, book)
    done, older = changes.surgeries(request.user, book, request.GET.get("after", ""))
    context = {
        "codebook": book,
        "changes": done,
        "imports": changes.imports(book) if not request.GET.get("after") else (),
        "older": f"?after={older}" if older else "",
    }
    return render(request, "surgery/changes.html", context)


@allow(signed_in)
@require_POST
def undo(request: HttpRequest, uid: str) -> HttpResponse:
    found = Surgery.objects.filter(uid=uid).select_related("codebook").first()
    if found is None or not may_read_codebook(request.user, found.codebook):
        raise Missing("There is no such change.")
    if not may_edit_codebook(request.user, found.codebook):
        raise Denied("Only those who look after the codebook can change it.")
    undone = actions.undo(request.user, uid)
    source, target = undone.surgery.source.name, undone.surgery.target.name
    said = [f"Undone: “{source}” and “{target}” are as they were before."]
    left = undone.left
    if not undone.changed:
        said = [f"What was done to “{source}” and “{target}” was undone already. Nothing was changed."]
    elif not left.complete:
        # The same words whether or not there are others.
        seen = f": {left}" if left.count else ""
        said.append(f"What somebody has changed since then stays as it is{seen}.")
    elif left.count:
        said.append(f"{left} changed since then {'are' if left.count > 1 else 'is'} left as now.")
    messages.success(request, " ".join([*said, *undone.said]))
    where = changes_url(undone.surgery.codebook)
    return HttpResponseClientRedirect(where) if request.htmx else redirect(where)
