"""Pages for the tests of the test machinery."""

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.urls import path

from opslens.web.policy import allow, everyone

PAGE = (
    '<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,"></head>'
    "<body><main><h1>A page</h1>{}</main></body></html>"
)


@allow(everyone)
def people(request: HttpRequest) -> HttpResponse:
    who = request.user.get_username() or "nobody"
    return HttpResponse(PAGE.format(f"<p>{who}, one of {get_user_model().objects.count()}</p>"))


@allow(everyone)
def inline(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE.format("<script>document.title = 'changed'</script><p style='color: red'>red</p>"))


@allow(everyone)
def unlabelled(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE.format('<input id="lonely">'))


@allow(everyone)
def conflict(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE.format("<p>too late</p>"), status=409)


urlpatterns = [
    path("", people),
    path("inline", inline),
    path("unlabelled", unlabelled),
    path("conflict", conflict),
]
