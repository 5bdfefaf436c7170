"""Answers for requests that Django itself will not read: too many fields or files, too much text, a broken upload."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError

from opslens.web.refusals import Refused, TooLarge, answer


class LimitsMiddleware:
    """Reads a form before anything else does, so that a refusal has a page that says why.

    Stands above the CSRF check, which would read the form first and lets Django answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        if request.content_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
            # Forms of browsers are UTF-8; other codecs can make of them what no page can show or no database keep.
            request.encoding = "utf-8"
            request._mark_post_parse_error()
            return answer(request, Refused("Send this form as UTF-8."))
        try:
            request.GET  # noqa: B018
            if "\x00" in request.path:
                return answer(request, Refused("This address holds a character that no address has."))
        except TooManyFieldsSent:
            request.GET = QueryDict()  # the page of the answer must not try to read it again
            return answer(request, TooLarge("This address asks for too many things at once."))
        if request.method != "POST":
            return None
        try:
            request.POST  # noqa: B018  (reading it is what can fail)
        except TooManyFilesSent:
            refused: Refused = TooLarge(f"At most {settings.DATA_UPLOAD_MAX_NUMBER_FILES} files can be sent at once.")
        except TooManyFieldsSent:
            refused = TooLarge(f"At most {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} fields can be sent at once.")
        except RequestDataTooBig:
            most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE / (1024 * 1024)
            refused = TooLarge(f"More than {most:g} MB were sent as text. Upload it as a file, or in parts.")
        except MultiPartParserError:
            refused = Refused("The upload could not be read; it may have been cut off. Try again.")
        else:
            return None
        request._mark_post_parse_error()  # the page of the answer must not try to read it again
        return answer(request, refused)
