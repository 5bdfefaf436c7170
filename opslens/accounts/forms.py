"""Input about people. Names that others read are kept to one visible line: no control or direction characters with
which one person could look like another."""

from __future__ import annotations

import re
import unicodedata

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import (
    AdminUserCreationForm,
    AuthenticationForm,
    BaseUserCreationForm,
    PasswordChangeForm,
    UserChangeForm,
    UsernameField,
)
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from opslens.accounts.preferences import CHOICES, Preferences
from opslens.models import User

RESERVED_USERNAMES = frozenset({"all", "mine"})  # what `?whose=` means by these words
_FORMER = re.compile(r"former-\d+.*", re.IGNORECASE)  # who they were is not to be known any more
_JOINERS = frozenset("\u200c\u200d")  # legitimate inside words of several scripts, and in emoji


def one_line(value: str) -> str:
    """`value` with white space collapsed. Raises ValidationError for characters that cannot be seen."""
    value = " ".join(value.split())
    if any(unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs"} and char not in _JOINERS for char in value):
        raise ValidationError("This contains characters that cannot be seen. Please type it again.", code="invisible")
    return value


def free_username(value: str) -> str:
    """`value` unless it means something else in addresses. Raises ValidationError."""
    if value.casefold() in RESERVED_USERNAMES or _FORMER.fullmatch(value):
        raise ValidationError("This name is reserved. Please choose another one.", code="reserved")
    return value


class SignInForm(AuthenticationForm):
    # The limit must be a validator, not a hint to the browser: failed tries are stored with the name that was typed.
    username = UsernameField(max_length=150, widget=forms.TextInput(attrs={"autofocus": True}))
    password = forms.CharField(
        max_length=4096, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    # One sentence for every reason, so that nobody learns which names exist.
    _no_match = "That username and password do not belong together. Capital letters matter in both."
    error_messages = {"invalid_login": _no_match, "inactive": _no_match}


class SignUpForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "display_name")
        field_classes = {"username": UsernameField}
        help_texts = {
            "username": "For signing in. Letters, digits and @ . + - _ only.",
            "display_name": "What other readers see. Your username, if you leave this empty.",
        }

    def clean_username(self) -> str:
        username = free_username(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError("This username is taken.", code="unique")
        return username

    def clean_display_name(self) -> str:
        return one_line(self.cleaned_data["display_name"])


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("display_name", "about", "marks_public")
        widgets = {"about": forms.Textarea(attrs={"rows": 3})}
        labels = {"display_name": "Name", "about": "About you", "marks_public": "Make my new marks public"}
        help_texts = {
            "display_name": "What other readers see. Your username, if you leave this empty.",
            "about": "Up to 280 characters.",
            "marks_public": "Private marks are seen by you alone. You can decide for each mark as well.",
        }

    def clean_display_name(self) -> str:
        return one_line(self.cleaned_data["display_name"])

    def clean_about(self) -> str:
        return one_line(self.cleaned_data["about"])


class PasswordForm(PasswordChangeForm):
    """The old password is tried the way signing in tries it, so that guessing it is throttled as well."""

    def __init__(self, request: HttpRequest, data=None) -> None:
        super().__init__(request.user, data)
        self.request = request

    def clean_old_password(self) -> str:
        typed = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=typed) != self.user:
            raise ValidationError("This is not your present password.", code="password_incorrect")
        return typed


class PreferencesForm(forms.Form):
    """Reading preferences, each optional: only what is sent is changed."""

    LABELS = {
        "font": ("Typeface", {"serif": "Serif", "sans": "Sans serif", "legible": "High legibility"}),
        "size": ("Size", {"1": "Smallest", "2": "Small", "3": "Medium", "4": "Large", "5": "Largest"}),
        "width": ("Characters in a line", {}),
        "theme": ("Theme", {"system": "As the system", "light": "Light", "sepia": "Sepia", "dark": "Dark"}),
        "marks": ("Marks in the text", {"on": "Shown", "off": "Hidden (plain reading)"}),
        "keys": ("Single-letter keys", {"on": "On", "off": "Off"}),
    }

    def __init__(self, data=None, *, preferences: Preferences) -> None:
        super().__init__(data, initial={name: getattr(preferences, name) for name in CHOICES})
        for name, values in CHOICES.items():
            label, words = self.LABELS[name]
            self.fields[name] = forms.ChoiceField(
                label=label,
                choices=[(value, words.get(value, value)) for value in values],
                required=False,
            )

    def chosen(self) -> dict[str, str]:
        """The values that were sent, by name."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class NewPersonForm(AdminUserCreationForm):
    """A person added by an administrator."""

    class Meta:
        model = User
        fields = ("username", "display_name")
        field_classes = {"username": UsernameField}

    def clean_username(self) -> str:
        username = free_username(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError("This username is taken.", code="unique")
        return username

    def clean_display_name(self) -> str:
        return one_line(self.cleaned_data["display_name"])


class PersonForm(UserChangeForm):
    """A person as administrators edit them."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes = {"username": UsernameField}

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        return username if username == self.instance.username else free_username(username)

    def clean_display_name(self) -> str:
        return one_line(self.cleaned_data["display_name"])
