"""Compression of answers. Django's middleware, which pads against BREACH, at a level that suits pages made anew for
each reader: level 1 costs a third of level 6 and saves nearly as much."""

from __future__ import annotations

import gzip
import secrets
from io import BytesIO

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware, re_accepts_gzip
from django.utils.cache import patch_vary_headers

LEVEL = 1
SMALLEST = 1400  # bytes; below this an answer fits one packet anyway


class CompressionMiddleware(GZipMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.streaming or response.has_header("Content-Encoding") or len(response.content) < SMALLEST:
            return response
        if not response.get("Content-Type", "").startswith(("text/", "application/json", "image/svg")):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if not re_accepts_gzip.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
            return response
        buffer = BytesIO()
        padding = "x" * secrets.randbelow(self.max_random_bytes)
        with gzip.GzipFile(filename=padding, mode="wb", compresslevel=LEVEL, fileobj=buffer, mtime=0) as packed:
            packed.write(response.content)
        response.content = buffer.getvalue()
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Content-Encoding"] = "gzip"
        etag = response.get("ETag", "")
        if etag.startswith('"'):
            response.headers["ETag"] = "W/" + etag
        return response
