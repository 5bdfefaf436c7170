"""Input of the import and details pages. What the values may be is decided by the actions; here only their types."""

from __future__ import annotations

from django import forms

from opslens.articles.loaders import Details
from opslens.models import Article
from opslens.web.refusals import Invalid, Refused

_LENGTHS = {
    name: Article._meta.get_field(name).max_length
    for name in ("title", "publisher", "byline", "source_url", "language", "kind")
}

ACCEPTED = ".txt,.text,.md,.markdown,.html,.htm,.xhtml,text/plain,text/markdown,text/html"


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class DetailsForm(forms.Form):
    """What is known about an article apart from its text."""

    title = forms.CharField(max_length=_LENGTHS["title"])
    publisher = forms.CharField(max_length=_LENGTHS["publisher"], required=False)
    byline = forms.CharField(max_length=_LENGTHS["byline"], required=False, help_text="Who wrote it")
    source_url = forms.CharField(
        label="Address of the original",
        max_length=_LENGTHS["source_url"],
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://…"}),
    )
    published_on = forms.DateField(
        label="Published on", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    kind = forms.CharField(max_length=_LENGTHS["kind"], required=False, help_text="Commentary, report, editorial …")
    language = forms.CharField(
        max_length=_LENGTHS["language"],
        required=False,
        help_text="A code such as en, ar-EG or zh-Hant. Hyphenation, sentences and screen readers go by it.",
    )
    is_public = forms.BooleanField(
        label="Public", required=False, help_text="Visitors who are not signed in may read it and its public marks."
    )

    def details(self) -> Details:
        """The details as they were entered; to be called when the form is valid."""
        return Details(**{name: self.cleaned_data[name] for name in Details.__slots__})


class PasteForm(DetailsForm):
    """A text from the clipboard with its details."""

    text = forms.CharField(
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "dir": "auto", "spellcheck": "false"}),
        help_text="Plain text, Markdown or HTML. A blank line begins a new paragraph.",
    )
    format = forms.ChoiceField(
        required=False,
        choices=[("", "found out from the text"), ("text", "plain text"), ("markdown", "Markdown"), ("html", "HTML")],
        help_text="Choose it when the text is taken for something that it is not.",
    )
    field_order = ("text", "title", "publisher", "byline", "source_url", "published_on", "kind", "language", "format")

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].required = False
        self.fields["title"].help_text = "Left empty, it is taken from the text."
        hint = "A code such as en, ar-EG or zh-Hant. Left empty, it is taken from the text."
        self.fields["language"].help_text = hint


class UploadForm(forms.Form):
    """Files to import. They are checked one by one, each with a report of its own."""

    files = forms.FileField(label="Files", required=False, widget=ManyFiles(attrs={"accept": ACCEPTED}))
    is_public = forms.BooleanField(
        label="Public", required=False, help_text="Visitors who are not signed in may read them and their public marks."
    )

    def __init__(self, *args, **kwargs) -> None:
        # It stands on one page with another form that has a field of the same name.
        super().__init__(*args, **{"auto_id": "upload_%s"} | kwargs)


def add_refusal(form: forms.Form, refused: Refused, *, otherwise: str) -> None:
    """Show a refusal at the fields it names, or at the field `otherwise`."""
    named = refused.errors if isinstance(refused, Invalid) else {}
    for name, sentence in named.items():
        form.add_error(name if name in form.fields else otherwise, sentence)
    if not named:
        form.add_error(otherwise, str(refused))
