"""Input of merges and splits. What may be done is decided in `actions`; a form only reads it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Lower, NullIf

from annotations.codebook.forms import concept_field
from annotations.codebook.queries import ORDER, first_free_look
from annotations.codebook.words import LOOKS
from annotations.models import Annotation, AnnotationTag, Tag
from annotations.surgery.actions import CLASHES, STOP
from annotations.surgery.selecting import MOST_PICKED, Selection

MOST_CHOICES = 200
FILTER, HAND = "filter", "hand"


def _better(name: str, better: str) -> Combinable:
    """The better name in the database, where there is one."""
    return Coalesce(NullIf(F(better), Value("")), F(name))


def _others(source: Tag, *, retired: bool = False) -> list[tuple[int, str]]:
    tags = Tag.objects.filter(codebook=source.codebook).exclude(pk=source.pk)
    if not retired:
        tags = tags.filter(retired_at=None)
    return [(tag.pk, f"{tag.name} ({tag.group.name})") for tag in tags.select_related("group").order_by(*ORDER)]


class _Clash(forms.Form):
    clash = forms.ChoiceField(
        label="Marks that carry another tag of that group",
        required=False,
        choices=list(CLASHES.items()),
        widget=forms.RadioSelect,
    )

    def demand_choice(self) -> None:
        """Offer only what does not depend on whether there are such marks. What else is sent the verb refuses."""
        field = self.fields["clash"]
        field.widget.choices = [(choice, words) for choice, words in CLASHES.items() if choice != STOP]
        field.widget.attrs["required"] = True

    def chosen_clash(self) -> str:
        return self.cleaned_data.get("clash") or STOP

    def refuse(self, errors: dict[str, str], message: str) -> None:
        """Show what a verb refused at the fields it is about."""
        if not errors:
            self.add_error(None, message)
        for name, said in errors.items():
            self.add_error(name if name in self.fields else None, said)


class MergeForm(_Clash):
    target = forms.TypedChoiceField(coerce=int, label="Merge into")

    def __init__(self, source: Tag, data=None) -> None:
        super().__init__(data, initial={"clash": STOP})
        self.order_fields(["target", "clash"])
        self.fields["target"].choices = [("", "Choose a tag"), *_others(source)]
        self.has_targets = len(self.fields["target"].choices) > 1


class SplitForm(_Clash):
    how = forms.ChoiceField(
        label="Chosen by",
        choices=[(FILTER, "A filter: all that fit"), (HAND, "Hand: those that I tick in a list")],
        widget=forms.RadioSelect,
    )
    reader = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    session = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    article = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    has_note = forms.ChoiceField(
        label="Note",
        required=False,
        choices=[("", "with or without a note"), ("yes", "with a note"), ("no", "without")],
    )
    words = forms.CharField(required=False, max_length=200, label="Words in the passage or the note")
    together = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, label="Together with")
    first = forms.DateField(required=False, label="Marked from", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(required=False, label="Marked until", widget=forms.DateInput(attrs={"type": "date"}))
    target = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, label="They get")
    name = forms.CharField(required=False, max_length=40, label="Name of the new tag")
    group = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, label="Group of the new tag")
    slot = forms.TypedChoiceField(
        coerce=int, label="Look of the new tag", required=False, choices=[(n, f"{n}: {w}") for n, w in LOOKS.items()]
    )
    definition = forms.CharField(
        required=False, max_length=400, label="What the new tag means", widget=forms.Textarea(attrs={"rows": 2})
    )
    concept = concept_field("The new tag counts as")
    FILTERS = ("reader", "session", "article", "has_note", "words", "together", "first", "last")
    NEW_TAG = ("name", "group", "slot", "concept", "definition")

    def __init__(self, viewer, source: Tag, data=None) -> None:
        initial = {"how": FILTER, "clash": STOP, "group": source.group_id, "concept": source.concept}
        if data is None:
            initial["slot"] = first_free_look(source.codebook, source.slot)
        super().__init__(data, initial=initial)
        marks = Annotation.objects.visible_to(viewer)
        marks = marks.filter(pk__in=AnnotationTag.objects.filter(tag=source).values("annotation")).order_by()
        self._offer("reader", marks, "author", _better("author__username", "author__display_name"))
        self._offer("session", marks, "session", F("session__name"))
        self._offer("article", marks, "article", F("article__title"))
        self.fields["together"].choices = [("", "any other tag or none"), *_others(source, retired=True)]
        self.fields["target"].choices = [("", "a new tag"), *_others(source)]
        groups = list(source.codebook.groups.order_by("position", "pk"))
        self.groups = {group.pk: group for group in groups}
        self.fields["group"].choices = [(group.pk, group.name) for group in groups]

    def _offer(self, name: str, marks, key: str, shown: Combinable) -> None:
        """Offer those of these marks, by the words that are shown for them."""
        rows = marks.exclude(**{key: None}).annotate(shown=shown, order=Lower(shown)).order_by("order", key)
        found = list(rows.values_list(key, "shown", "order").distinct()[: MOST_CHOICES + 1])
        self.fields[name].choices = [("", "any"), *((pk, words) for pk, words, _ in found[:MOST_CHOICES])]
        if len(found) > MOST_CHOICES:
            self.fields[name].help_text = f"Only the first {MOST_CHOICES} are listed here."

    def selection(self, picked: list[str]) -> Selection:
        """Which marks; to be called when the form is valid."""
        values = {name: self.cleaned_data[name] for name in self.FILTERS}
        values["has_note"] = {"yes": True, "no": False}.get(values["has_note"])
        values["words"] = values["words"].replace("\x00", "")
        return Selection(**values, picked=picked if self.is_by_hand else None)

    @property
    def is_by_hand(self) -> bool:
        return self.cleaned_data["how"] == HAND

    def new_tag(self) -> dict[str, Any]:
        """What `add_tag` takes."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "group_id": given["group"],
            "slot": given["slot"] or None,
            "concept": given["concept"],
            "definition": given["definition"],
        }

    def filters(self):
        return [self[name] for name in self.FILTERS]

    def fields_of_new_tag(self):
        return [self[name] for name in self.NEW_TAG]


def picked_in(data) -> list[str]:
    """The names of the marks that were ticked, on this page of the list and on others."""
    names = [name for name in data.getlist("marks") if len(name) <= 10 and name.isascii() and name.isalnum()]
    return list(dict.fromkeys(names))[: MOST_PICKED + 1]
