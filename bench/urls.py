"""Two views to compare with, served by the same server through the same middleware: finished HTML from memory, and
one row written in one transaction."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from opslens.articles.reading import read
from opslens.models import Channel
from opslens.web.policy import allow, everyone

_finished: dict[str, bytes] = {}


@allow(everyone)
def finished(request: HttpRequest, slug: str) -> HttpResponse:
    """A reading page that was rendered once, answered from memory."""
    if slug not in _finished:
        _finished[slug] = read(request, slug).content
    return HttpResponse(_finished[slug])


@allow(everyone)
@csrf_exempt
def one_row(request: HttpRequest) -> HttpResponse:
    """The least that a Django view can write: one row in one transaction."""
    with transaction.atomic():
        Channel(name=request.POST["name"]).save(force_insert=True)
    return HttpResponse("ok")


urlpatterns = [
    path("bench/finished/<str:slug>/", finished),
    path("bench/one-row/", one_row),
    path("", include("opslens.urls")),
]
