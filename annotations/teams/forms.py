"""Input of the pages of a session. What values may be is decided by the actions; here only their types."""

from __future__ import annotations

from typing import Any

from django import forms

from annotations.models import Codebook, Member, SessionArticle
from annotations.teams.actions import FIELDS
from annotations.teams.people.actions import MOST_DAYS, MOST_USES
from opslens.models import Article
from opslens.web.refusals import Invalid

_ROLES = [
    (Member.ANNOTATOR, "annotator – reads and marks"),
    (Member.REVIEWER, "reviewer – sees all, answers, settles"),
    (Member.OBSERVER, "observer – sees what is revealed"),
    (Member.OWNER, "owner – leads the session"),
]


class SessionForm(forms.Form):
    """The settings of a session."""

    name = forms.CharField(max_length=120)
    guidelines = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 7, "dir": "auto"}),
        help_text="How to read, in Markdown. Readers have it beside the text.",
    )
    is_blind = forms.BooleanField(
        required=False,
        label="Blind until revealed",
        help_text="Readers see their own marks alone until you reveal them all.",
    )
    readers_each = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1000,
        label="Readers for each article",
        help_text="Left empty, everybody reads everything.",
    )
    deadline = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    reveal_when_done = forms.BooleanField(required=False, label="Reveal when all readers are done")
    reveal_at_deadline = forms.BooleanField(required=False, label="Reveal at the deadline")
    coverage_share = forms.FloatField(
        min_value=0.01,
        max_value=1,
        label="Share of a sentence",
        help_text="A mark counts for a sentence when it holds at least this share of it …",
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )
    coverage_characters = forms.IntegerField(
        min_value=1, max_value=10_000, label="Characters", help_text="… or at least so many characters."
    )
    calibration_id = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="Settled article to try first",
        help_text="Readers can mark it blind and see where they differ from its settled reading.",
    )

    def __init__(self, *args: Any, calibrations: list[SessionArticle] = (), time_zone: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one.pk, f"{one.article.title} – {one.session.name}") for one in calibrations]
        chosen = self.initial.get("calibration_id")
        if chosen and chosen not in {pk for pk, _ in choices}:
            choices.append((chosen, "the one that is chosen now"))
        self.fields["calibration_id"].choices = [("", "none"), *choices]
        if not choices:
            del self.fields["calibration_id"]
        self.fields["deadline"].help_text = f"By the server’s clock ({time_zone})." if time_zone else ""

    def values(self) -> dict[str, Any]:
        """What was entered; to be called when the form is valid."""
        return {name: self.cleaned_data[name] for name in FIELDS if name in self.fields}

    def refuse(self, invalid: Invalid) -> None:
        """Show a refusal at the fields that it names."""
        for name, sentence in invalid.errors.items():
            self.add_error(name if name in self.fields else None, sentence)
        if not invalid.errors:
            self.add_error(None, str(invalid))


class NewSessionForm(SessionForm):
    """A new session: its settings, its articles, and whose tags it begins with."""

    articles = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    codebook = forms.TypedChoiceField(
        coerce=int, help_text="It is copied, so that changes in the session touch nothing else."
    )
    reads = forms.BooleanField(
        required=False,
        label="I read along",
        help_text="You get the articles as well; until the reveal you then see as little as the other readers.",
    )

    def __init__(self, *args: Any, to_choose: list[Article], books: list[Codebook], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["articles"].choices = [(str(article.pk), article.title) for article in to_choose]
        self.fields["codebook"].choices = [(book.pk, book.name) for book in books]


class InvitationForm(forms.Form):
    role = forms.ChoiceField(choices=_ROLES)
    uses = forms.IntegerField(min_value=1, max_value=MOST_USES, initial=1, label="For how many people")
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, initial=7, label="Good for how many days")


class MemberForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        label="Signs in as",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off"}),
    )
    role = forms.ChoiceField(choices=_ROLES)
