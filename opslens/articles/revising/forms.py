"""Input of the page on which a revision is prepared. What the values may be is decided by the actions."""

from __future__ import annotations

from html import escape

from django import forms

from opslens.articles.forms import ACCEPTED
from opslens.articles.loaders import decode
from opslens.models import Draft, Revision


class RevisionForm(forms.Form):
    """A new text, written here or brought as a file, and what is to be said about it."""

    text = forms.CharField(
        strip=False,
        required=False,
        widget=forms.Textarea(attrs={"rows": 22, "dir": "auto", "spellcheck": "true"}),
    )
    file = forms.FileField(
        label="Or upload the new text",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED}),
        help_text="Plain text, Markdown or HTML. A file takes the place of what stands above.",
    )
    note = forms.CharField(
        label="What is new",
        max_length=Revision._meta.get_field("note").max_length,
        required=False,
        help_text="For readers: “Corrects the figure in the third paragraph”.",
    )
    source_date = forms.DateField(
        label="Changed by its publisher on",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    title = forms.CharField(
        label="Headline",
        max_length=Revision._meta.get_field("title").max_length,
        required=False,
        help_text="Left empty, it is taken from the text, or stays as it is.",
    )
    format = forms.CharField(required=False, widget=forms.HiddenInput)
    base = forms.IntegerField(widget=forms.HiddenInput)


def filled(revision: Revision, draft: Draft | None) -> dict:
    """What stands in the fields at first: the draft, or the revision to begin from."""
    if draft is None:
        text, format = editable(bytes(revision.source), revision.source_format, revision.html, revision.headline)
        return {"text": text, "format": format, "base": revision.number}
    return {
        "text": decode(bytes(draft.source)).text,
        "format": draft.source_format,
        "base": draft.base.number,
        "note": draft.note,
        "source_date": draft.source_date,
        "title": draft.title,
    }


def editable(source: bytes, format: str, html: str, headline: str) -> tuple[str, str]:
    """(text, format) in which a person can change a revision: what was imported or, instead of a whole web page with
    all that stands around its article, the article alone."""
    if format == "html":
        return f"<h1>{escape(headline, quote=False)}</h1>\n{html}", format
    return decode(source).text, format
