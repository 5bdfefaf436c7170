"""Input of an import."""

from __future__ import annotations

from django import forms

from annotations.surgery.exchange.actions import ADD, MODES


class ImportForm(forms.Form):
    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        label="A file",
        help_text="JSON as it is exported here, or a REFI-QDA codebook (.qdc).",
        widget=forms.FileInput(attrs={"accept": ".json,.qdc,application/json,text/xml,application/xml"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or its contents",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )
    mode = forms.ChoiceField(
        label="What to do", choices=list(MODES.items()), initial=ADD, widget=forms.RadioSelect, required=False
    )

    def data_sent(self) -> bytes:
        """What was uploaded, or else pasted."""
        upload = self.cleaned_data.get("file")
        if upload is not None:
            return upload.read()
        return self.cleaned_data["text"].replace("\r\n", "\n").encode("utf-8", "replace")
