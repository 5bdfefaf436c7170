"""Pages for errors that Django raises by itself; refusals of our own have their answers in `refusals`."""

from django.http import HttpRequest, HttpResponse
from django.views.defaults import ERROR_500_TEMPLATE_NAME

from opslens.web import refusals


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusals.answer(request, refusals.Missing("There is nothing at this address, or it is not open to you."))


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusals.answer(request, refusals.Denied("This page is not open to you."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusals.answer(request, refusals.Refused("The request could not be understood."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "This page was open for too long, or cookies are switched off. Load it again and repeat the last step."
    return refusals.answer(request, refusals.Denied(message))


def failed(request: HttpRequest, template_name: str = ERROR_500_TEMPLATE_NAME) -> HttpResponse:
    return HttpResponse(
        "Something went wrong on the server. Nothing was changed; the details are in its log.\n",
        status=500,
        content_type="text/plain; charset=utf-8",
    )
