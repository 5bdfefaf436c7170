"""Input about tags. What may be stored is decided in `actions`; a form only reads it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q

from annotations.codebook.actions import FIELDS
from annotations.codebook.queries import ORDER
from annotations.codebook.words import LOOKS
from annotations.models import Codebook, Tag
from annotations.models.codebook import CONCEPTS

_TWO_LINES = forms.Textarea(attrs={"rows": 2, "maxlength": 400})


def concept_field(label: str = "Counts as") -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False,
        label=label,
        choices=[("", "nothing in particular"), *((concept, concept) for concept in CONCEPTS)],
        help_text="In the figures about an article, whatever the tag is called.",
    )


class TagForm(forms.Form):
    name = forms.CharField(max_length=40, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    key = forms.CharField(
        max_length=1,
        required=False,
        label="Shortcut key",
        help_text="One letter or digit, pressed while a passage is selected. Not n: it opens the note.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "size": 2}),
    )
    group = forms.TypedChoiceField(coerce=int)
    slot = forms.TypedChoiceField(
        coerce=int,
        label="Look",
        choices=[(slot, f"{slot}: {words}") for slot, words in LOOKS.items()],
        widget=forms.RadioSelect,
    )
    definition = forms.CharField(
        max_length=400, required=False, widget=_TWO_LINES, help_text="What it means, in a sentence."
    )
    example = forms.CharField(max_length=400, required=False, widget=_TWO_LINES, help_text="Words it belongs on.")
    do = forms.CharField(max_length=400, required=False, label="Do", widget=_TWO_LINES)
    dont = forms.CharField(max_length=400, required=False, label="Don’t", widget=_TWO_LINES)
    note_required = forms.BooleanField(
        required=False, label="Needs a note", help_text="A mark with this tag cannot be saved without one."
    )
    proposes = forms.TypedChoiceField(
        coerce=int,
        required=False,
        empty_value=None,
        label="Proposes",
        help_text="Offered with it while a mark carries no tag of that tag’s group.",
    )
    concept = concept_field()
    version = forms.IntegerField(min_value=0, max_value=2**31, required=False, widget=forms.HiddenInput)

    def __init__(self, codebook: Codebook, data=None, *, tag: Tag | None = None, initial: dict | None = None) -> None:
        # Several forms can be open on one page, so the ids of their fields carry the tag's number.
        prefix = f"tag-{tag.pk}" if tag else "new-tag"
        if tag is not None:
            initial = {name: getattr(tag, name) for name in (*FIELDS, "version")}
            initial |= {"group": tag.group_id, "proposes": tag.proposes_id}
        super().__init__(data, initial=initial, auto_id=f"{prefix}-%s")
        groups = codebook.groups.order_by("position", "pk")
        self.fields["group"].choices = [
            (group.pk, f"{group.name} (at most one per mark)" if group.exclusive else group.name) for group in groups
        ]
        # The one that is proposed now is among them even when it is retired: saving the form must not drop it.
        kept = Q(retired_at=None) | Q(pk=tag and tag.proposes_id)
        others = Tag.objects.filter(kept, codebook=codebook).exclude(pk=tag and tag.pk).order_by(*ORDER)
        self.fields["proposes"].choices = [("", "no other tag"), *((other.pk, other.name) for other in others)]

    def values(self) -> dict[str, Any]:
        """What the verbs take."""
        keys = {"group": "group_id", "proposes": "proposes_id"}
        return {keys.get(name, name): value for name, value in self.cleaned_data.items() if name != "version"}

    def refuse(self, errors: dict[str, str], message: str) -> None:
        """Show what a verb refused at the fields it is about."""
        if not errors:
            self.add_error(None, message)
        for name, said in errors.items():
            self.add_error(name if name in self.fields else None, said)
