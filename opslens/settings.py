"""Settings. Everything that differs between two sites comes from the environment or from
`settings.env` in the site's home folder (`OPSLENS_HOME`, default `var/` beside this project);
the environment wins. `docs/deployment.md` lists every variable.
"""

import secrets
import socket
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
HOME = Path(env("OPSLENS_HOME", default=str(BASE_DIR / "var"))).expanduser().resolve()
(HOME / "static").mkdir(parents=True, exist_ok=True)
if (HOME / "settings.env").is_file():
    environ.Env.read_env(HOME / "settings.env")

HOST = env("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
LOOPBACK = HOST in {"127.0.0.1", "localhost", "::1"}

# The local demo: content to try things on and one-click sign-in. Only ever on this machine's own
# address; asked for on any other address, the content stays and the open doors are shut.
DEMO_CONTENT = env.bool("OPSLENS_DEMO", default=False)
DEMO = DEMO_CONTENT and LOOPBACK
DEBUG = DEMO and env.bool("DEBUG", default=True)

SECRET_KEY = env("SECRET_KEY", default="")
if not SECRET_KEY and DEMO_CONTENT:
    # A demo gets a random key of its own, kept in its home folder so that people stay signed in.
    key_file = HOME / "secret.key"
    if not key_file.is_file():
        key_file.touch(mode=0o600)
        key_file.write_text(secrets.token_urlsafe(64))
    SECRET_KEY = key_file.read_text().strip()
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured(
        "SECRET_KEY is missing or shorter than 32 characters. Set it in the environment or in "
        f"{HOME / 'settings.env'}; to make one: python -c 'import secrets; print(secrets.token_urlsafe(64))'"
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
if DEMO_CONTENT:
    own = {"localhost", "127.0.0.1", "[::1]", socket.gethostname(), HOST} - {"0.0.0.0", "::", "::1"}
    ALLOWED_HOSTS = sorted({*ALLOWED_HOSTS, *own})
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "opslens.apps.OpsLensConfig",
    "annotations.apps.AnnotationsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "axes",
]

MIDDLEWARE = [
    "opslens.web.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "opslens.web.compression.CompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "opslens.web.limits.LimitsMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "opslens.web.policy.PolicyMiddleware",
    "opslens.web.refusals.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "opslens.urls"
WSGI_APPLICATION = "opslens.wsgi.application"
ASGI_APPLICATION = "opslens.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "opslens.web.context.site",
            ],
        },
    }
]
FORM_RENDERER = "opslens.web.forms.Renderer"

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{HOME / 'opslens.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] |= {
        "ENGINE": "opslens.sqlite",
        "OPTIONS": {
            # FULL: an acknowledged write is on the disk, not only in the operating system's cache.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728; "
            "PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864; "
            "PRAGMA wal_autocheckpoint=4000;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
else:
    DATABASES["default"] |= {"CONN_HEALTH_CHECKS": True}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# People
AUTH_USER_MODEL = "opslens.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "opslens.accounts.backends.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "articles:library"
LOGOUT_REDIRECT_URL = "articles:library"
SIGN_UP_OPEN = env.bool("SIGN_UP_OPEN", default=False)

# Signing in is throttled per name and address together, so that nobody can lock another person out.
AXES_FAILURE_LIMIT = env.int("SIGN_IN_FAILURES", default=8)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "opslens.accounts.views.too_many_tries"
AXES_CLIENT_IP_CALLABLE = "opslens.accounts.throttling.client_address"
# Tries during the pause neither count nor prolong it, so that what the refusal says about its end holds.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_HTTP_RESPONSE_CODE = 429
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True

# Cookies, transport
SESSION_ENGINE = "opslens.accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "opslens_session"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "opslens_csrf"
CSRF_FAILURE_VIEW = "opslens.web.errors.csrf_failed"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # opslens.web.headers sets X-Frame-Options, on static files too
    "security.W005",  # what HSTS says of other hosts of the domain
    "security.W021",  # is for whoever owns the domain to decide
]
HTTPS = env.bool("HTTPS", default=not DEMO_CONTENT)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS and env.bool("SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=60 * 60 * 24 * 365) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
PROXY_COUNT = 0  # how many proxies of ours a request has passed; their X-Forwarded-For is believed
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    PROXY_COUNT = env.int("PROXY_COUNT", default=1)
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

# Limits
MAX_HTML_BYTES = env.int("MAX_HTML_BYTES", default=2 * 1024 * 1024)
MAX_UPLOAD_FILES = 50
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_HTML_BYTES * 2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = MAX_UPLOAD_FILES
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_HTML_BYTES * 2
MAX_NOTE_LENGTH = 10_000
MAX_REQUEST_BYTES = env.int("MAX_REQUEST_BYTES", default=MAX_HTML_BYTES * 10)

# Static files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = env.bool("STATIC_AUTOREFRESH", default=False)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "opslens.web.storage.StaticFiles"
    },
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env("TIME_ZONE", default="UTC")
USE_TZ = True
USE_I18N = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="WARNING")},
    "loggers": {"axes": {"level": "ERROR"}},
}
