"""Examples over HTTP: those of a tag, and the form that takes one from a mark."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotations.access import annotation_for
from annotations.codebook.access import tag_for, tag_to_edit
from annotations.codebook.examples import in_short, may_be_example, newest_hard_case, open_to, shown_to
from annotations.codebook.queries import ORDER, current_codebook
from annotations.models import Example, Tag
from annotations.permissions import may_edit_codebook, may_read_codebook
from annotations.surgery.examples.actions import (
    MOST,
    NOT_ALL_SEE,
    add_example,
    edit_example,
    remove_example,
    restore_example,
)
from opslens.web.methods import form_page
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

KINDS = [(Example.HARD, "Hard case"), (Example.CLEAR, "Clear case")]


class ExampleForm(forms.Form):
    kind = forms.ChoiceField(choices=KINDS, widget=forms.RadioSelect, initial=Example.HARD, label="Kind")
    words = forms.CharField(max_length=MOST, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}), label="The words")
    comment = forms.CharField(
        max_length=MOST,
        required=False,
        label="What was decided",
        help_text="Why it carries the tag, or why it does not.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class FromMarkForm(ExampleForm):
    tag = forms.TypedChoiceField(coerce=int, label="It shows what this tag means, or does not")
    field_order = ("tag", "kind", "words", "comment")

    def __init__(self, tags: list[Tag], *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["tag"].choices = [(tag.pk, tag.name) for tag in tags]


class CommentForm(ExampleForm):
    words = None
    was = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    was_kind = forms.CharField(required=False, widget=forms.HiddenInput)


def _refuse(form: forms.Form, invalid: Invalid) -> None:
    if not invalid.errors:
        form.add_error(None, str(invalid))
    for name, said in invalid.errors.items():
        form.add_error(name if name in form.fields else None, said)


def _page(tag: Tag) -> str:
    return reverse("surgery:examples", args=[tag.pk])


@allow(everyone)
@require_safe
def hard_case(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest hard case of a tag on one line, as plain text, for the bar at the cursor; empty without one."""
    found = newest_hard_case(request.user, tag_for(request.user, pk))
    words = in_short(found.words, found.comment) if found else ""
    response = HttpResponse(words, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    return response


@allow(everyone)
@form_page
def of_tag(request: HttpRequest, pk: int) -> HttpResponse:
    """All examples of a tag; a POST adds one by hand."""
    tag = tag_for(request.user, pk)
    may_edit = may_edit_codebook(request.user, tag.codebook)
    form = ExampleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not may_edit:
            raise Denied("Only those who look after the codebook can change it.")
        if form.is_valid():
            try:
                add_example(request.user, tag, **form.cleaned_data)
            except Invalid as invalid:
                _refuse(form, invalid)
            else:
                messages.success(request, f"Added to the examples of “{tag.name}”.")
                return redirect(_page(tag))
    examples = list(shown_to(request.user, tag.codebook).filter(tag=tag).order_by("-created_at", "-pk")[:200])
    removed = open_to(request.user).filter(tag=tag, deleted_at__isnull=False).order_by("-deleted_at")
    context = {
        "tag": tag,
        "codebook": tag.codebook,
        "examples": examples,
        "removed": list(removed[:20]) if may_edit else (),
        "form": form if may_edit else None,
        "may_edit": may_edit,
    }
    return render(request, "surgery/examples.html", context, status=422 if form.is_bound and form.errors else 200)


@allow(signed_in)
@form_page
def add(request: HttpRequest) -> HttpResponse:
    """Take the words of a mark, `?mark=<name>`, as an example of one of its codebook's tags."""
    annotation = annotation_for(request.user, request.GET.get("mark", "")[:20].replace("\x00", ""))
    book = annotation.session.codebook if annotation.session_id else current_codebook()
    if not may_edit_codebook(request.user, book):
        raise Denied("Only those who look after the codebook can add examples to it.")
    if not may_be_example(annotation, book):
        raise Invalid(NOT_ALL_SEE)
    carried = set(annotation.taggings.values_list("tag_id", flat=True))
    tags = list(Tag.objects.filter(codebook=book, retired_at=None).order_by(*ORDER))
    tags.sort(key=lambda tag: tag.pk not in carried)
    quote = " ".join(annotation.quote.split())
    initial = {
        "words": quote if len(quote) <= MOST else quote[: MOST - 1] + "…",
        "tag": tags[0].pk if tags else None,
        "kind": Example.HARD,
    }
    form = FromMarkForm(tags, request.POST if request.method == "POST" else None, initial=initial)
    form.fields["words"].widget.attrs["readonly"] = True
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        tag = next(tag for tag in tags if tag.pk == given["tag"])
        try:
            # The words are those of the mark, whatever the form says.
            add_example(
                request.user,
                tag,
                kind=given["kind"],
                words=initial["words"],
                comment=given["comment"],
                annotation=annotation,
            )
        except Invalid as invalid:
            _refuse(form, invalid)
        else:
            messages.success(request, f"Added to the examples of “{tag.name}”.")
            return redirect(_page(tag))
    context = {"form": form, "codebook": book, "annotation": annotation}
    return render(request, "surgery/example_from_mark.html", context, status=422 if form.is_bound else 200)


def _example(request: HttpRequest, pk: int) -> Example:
    """For somebody who may change it, and read its words today. Raises Missing, Denied."""
    examples = open_to(request.user).select_related("tag__codebook")
    found = examples.filter(pk=pk).first() if pk < 2**62 else None
    if found is None or not may_read_codebook(request.user, found.tag.codebook):
        raise Missing("There is no such example.")
    tag_to_edit(request.user, found.tag_id)
    return found


@allow(signed_in)
@form_page
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    example = _example(request, pk)
    initial = {"kind": example.kind, "comment": example.comment, "was": example.comment, "was_kind": example.kind}
    form = CommentForm(request.POST if request.method == "POST" else None, initial=initial)
    conflict, status = "", 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            was = given["was_kind"], given["was"]
            try:
                edit_example(request.user, pk, kind=given["kind"], comment=given["comment"], was=was)
            except Invalid as invalid:
                _refuse(form, invalid)
            except Conflict as refused:
                conflict, status = str(refused), 409
                sent = request.POST.copy()
                sent["was_kind"], sent["was"] = refused.current.kind, refused.current.comment
                form, example = CommentForm(sent), refused.current
            else:
                messages.success(request, "The example is saved.")
                return redirect(_page(example.tag))
    context = {"form": form, "example": example, "tag": example.tag, "conflict": conflict}
    return render(request, "surgery/example.html", context, status=status)


@allow(signed_in)
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    example = _example(request, pk)
    remove_example(request.user, pk)
    messages.success(request, "Removed. It is at the end of this page, where it can be brought back.")
    return redirect(_page(example.tag))


@allow(signed_in)
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    example = _example(request, pk)
    restore_example(request.user, pk)
    messages.success(request, "The example is back.")
    return redirect(_page(example.tag))
