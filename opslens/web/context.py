from django.conf import settings
from django.http import HttpRequest

from opslens.accounts.preferences import Preferences


def site(request: HttpRequest) -> dict:
    """What every template may use: the reader's preferences and what this site offers."""
    return {
        "preferences": Preferences.of(request),
        "demo": settings.DEMO,
        "demo_content": settings.DEMO_CONTENT,
        "sign_up_open": settings.SIGN_UP_OPEN,
    }
