"""Signing in and out, and what people can change about themselves."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from opslens.accounts import actions, throttling
from opslens.accounts.forms import PasswordForm, PreferencesForm, ProfileForm, SignInForm, SignUpForm
from opslens.accounts.onward import asked_next, next_page
from opslens.accounts.preferences import Preferences
from opslens.models import User
from opslens.web.methods import form_page
from opslens.web.policy import allow, everyone, local_demo, signed_in
from opslens.web.refusals import Denied, Invalid, answer

BACKEND = "opslens.accounts.backends.AccountBackend"


def _form_status(form) -> int:
    return 422 if form.is_bound else 200


@allow(everyone)
@form_page
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST" and request.user.is_authenticated:
        return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
    form = SignInForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        login(request, form.get_user())  # also changes the session's key
        return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
    context = {"form": form, "next": asked_next(request), "demo_readers": demo_readers() if settings.DEMO else ()}
    return render(request, "accounts/sign_in.html", context, status=_form_status(form))


def too_many_tries(request: HttpRequest, response: HttpResponse | None = None, credentials=None) -> HttpResponse:
    """What the lockout of django-axes answers in place of `response`."""
    refused = throttling.refusal(request, (credentials or {}).get("username") or "")
    answered = answer(request, refused)
    answered["Retry-After"] = str(refused.seconds)
    return answered


@allow(everyone)
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.info(request, "You are signed out.")
    return redirect(settings.LOGOUT_REDIRECT_URL)


@allow(everyone)
@form_page
@never_cache
@sensitive_post_parameters("password1", "password2")
def sign_up(request: HttpRequest) -> HttpResponse:
    if not settings.SIGN_UP_OPEN:
        raise Http404
    if request.method != "POST" and request.user.is_authenticated:
        return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
    form = SignUpForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            person = actions.sign_up(
                username=given["username"], display_name=given["display_name"], password=given["password1"]
            )
        except Invalid as refused:
            form.add_error("username", str(refused))
        else:
            login(request, person, backend=BACKEND)
            return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
    context = {"form": form, "next": asked_next(request)}
    return render(request, "accounts/sign_up.html", context, status=_form_status(form))


@allow(signed_in)
@form_page
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    person = User.objects.get(pk=request.user.pk)  # a form changes its instance, and the page's bar shows request.user
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=person)
    if form.is_bound and form.is_valid():
        actions.edit_profile(request.user, **form.cleaned_data)
        messages.success(request, "Your profile is saved.")
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form}, status=_form_status(form))


@allow(signed_in)
@form_page
@never_cache
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    if not request.user.has_usable_password():
        return render(request, "accounts/password.html", {"form": None})
    form = PasswordForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        person = actions.change_password(request.user, form.cleaned_data["new_password1"])
        update_session_auth_hash(request, person)
        messages.success(request, "Your password is changed. You are signed out everywhere else.")
        return redirect("accounts:profile")
    return render(request, "accounts/password.html", {"form": form}, status=_form_status(form))


@allow(everyone)
@form_page
def preferences(request: HttpRequest) -> HttpResponse:
    """How this reader likes to read: kept on the account, for visitors in a cookie."""
    now = Preferences.of(request)
    form = PreferencesForm(request.POST if request.method == "POST" else None, preferences=now)
    wants_page = not request.htmx and "text/html" in request.headers.get("Accept", "")
    if not form.is_bound or (wants_page and not form.is_valid()):
        context = {"form": form, "next": asked_next(request)}
        return render(request, "accounts/preferences.html", context, status=_form_status(form))
    if not form.is_valid():
        raise Invalid(
            "This is not one of the reading preferences.", {name: " ".join(said) for name, said in form.errors.items()}
        )
    response = redirect(next_page(request, "accounts:preferences")) if wants_page else HttpResponse(status=204)
    if request.user.is_authenticated:
        actions.keep_preferences(request.user, form.chosen())
    else:
        now.changed(form.chosen()).keep(response, secure=settings.SESSION_COOKIE_SECURE)
    return response


def demo_readers():
    return User.objects.filter(is_demo=True, is_active=True).order_by("pk")


def from_this_machine(request: HttpRequest) -> bool:
    """Whether a request was made on the machine that serves it, and did not come through a proxy or tunnel."""
    try:
        loopback = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    return loopback and not {"X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via"} & set(request.headers)


@allow(local_demo)
@require_POST
def demo(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the demo readers, without a password: in the local demo only."""
    if not from_this_machine(request):
        raise Denied("Demo readers can only be used on the machine that runs the demo.")
    person = get_object_or_404(demo_readers(), username=request.POST.get("username", "").replace("\x00", ""))
    login(request, person, backend=BACKEND)
    return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
