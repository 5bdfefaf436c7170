"""Which methods an address answers to, beside those that Django has a decorator for."""

from django.views.decorators.http import require_http_methods

form_page = require_http_methods(["GET", "HEAD", "POST"])
