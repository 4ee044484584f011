"""The one settings file. Everything that differs between machines comes from the environment (README, "Settings").

With nothing set this is a single process on SQLite in `var/`, for one person on one machine.
"""

import contextlib
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from catalog import environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(environment.text("FIELDGUIDE_DATA_DIR") or BASE_DIR / "var")

# A site for others: secrets come from the environment alone, and what is unsafe is refused.
PRODUCTION = environment.choice("FIELDGUIDE_ENV", ("local", "production"), "local") == "production"
DEBUG = environment.flag("DEBUG", False)
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")


def _secret_key() -> str:
    """SECRET_KEY; on one's own machine else a key that is made once and kept in the data folder."""
    key = environment.text("SECRET_KEY")
    if PRODUCTION:
        environment.refuse_unsafe(secret_key=key, debug=DEBUG, hosts=ALLOWED_HOSTS)
    if key:
        return key
    file = DATA_DIR / "secret_key"
    try:
        if not file.exists():
            DATA_DIR.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(get_random_secret_key())
        return file.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"No SECRET_KEY is set and {file} cannot be written ({error.strerror}). "
            "Set SECRET_KEY, or FIELDGUIDE_DATA_DIR to a folder that can be written."
        ) from error


SECRET_KEY = _secret_key()

INSTALLED_APPS = [
    "unfold",  # before the admin, whose site and templates it takes the place of
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_filters",
    "django_htmx",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "detections",
    "catalog",
]

MIDDLEWARE = [
    "catalog.requests.RequestMiddleware",
    "catalog.requests.OperationsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "catalog.middleware.ReaderMiddleware",
    "catalog.middleware.ContentSecurityMiddleware",
    "catalog.caching.CachingMiddleware",
]

ROOT_URLCONF = "catalog.urls"
WSGI_APPLICATION = "catalog.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "catalog.context.site",
            ],
        },
    },
]

# --- database -------------------------------------------------------------------------------------------------


def _database() -> dict[str, object]:
    url = environment.text("DATABASE_URL")
    if not url:
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{DATA_DIR / 'fieldguide.sqlite3'}"
    try:
        database: dict[str, object] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    except (ValueError, dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from error
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000;",
        }
    elif database["ENGINE"] == "django.db.backends.postgresql":
        database["OPTIONS"] = {"connect_timeout": 5, **database.get("OPTIONS", {})}  # type: ignore[dict-item]
    else:
        raise ImproperlyConfigured("DATABASE_URL must name PostgreSQL or SQLite.")
    return database


DATABASES = {"default": _database()}
DATABASE_POOL = environment.number("DATABASE_POOL", 8)  # of each web process (catalog.wsgi); elsewhere there is none
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis, cache, Celery -------------------------------------------------------------------------------------

REDIS_URL = environment.text("REDIS_URL")

CACHES = {
    "default": {
        "BACKEND": "catalog.redis_cache.LenientRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 2},
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 500},
    }
}

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True  # results and progress stand in run records
CELERY_TASK_DEFAULT_QUEUE = environment.text("CELERY_QUEUE", "fieldguide")
CELERY_TASK_TIME_LIMIT = 60 * 60
CELERY_TASK_SOFT_TIME_LIMIT = 55 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 2 * 60 * 60}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "watch the runs": {"task": "detections.watch_runs", "schedule": 60, "options": {"expires": 55}},
    **{
        name: {"task": task, "schedule": schedule}
        for name, task, schedule in (
            ("sync every source", "detections.sync_sources", environment.nightly("SYNC_AT", "02:00")),
            ("count every reach", "detections.recompute_reach", environment.nightly("RECOMPUTE_AT", "03:30")),
            ("purge", "detections.purge", environment.nightly("PURGE_AT", "sunday 04:30")),
        )
        if schedule
    },
}
RUNS_KEPT_DAYS = environment.number("RUNS_KEPT_DAYS", 90)

# --- site -----------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = Path(environment.text("STATIC_ROOT") or DATA_DIR / "static")
for folder in (DATA_DIR, STATIC_ROOT):
    with contextlib.suppress(OSError):  # a read-only root has its static files collected already
        folder.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = not PRODUCTION  # a first run needs no collectstatic
if PRODUCTION:  # collected files carry their content's hash in their names and are kept by browsers for good
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
if environment.flag("HTTPS", PRODUCTION):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 60 * 60 * 24 * 30
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# Requests in a minute that the API answers anew, 0 for any number: for an address, and for a token or an account.
API_RATE_ANONYMOUS = environment.number("API_RATE_ANONYMOUS", 300)
API_RATE_TOKEN = environment.number("API_RATE_TOKEN", 1200)

# Sites whose pages may ask the API from a browser: https://notes.example.org. None unless named.
CORS_ALLOWED_ORIGINS = environment.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_EXPOSE_HEADERS = ["ETag", "Last-Modified", "Location", "Retry-After", "X-Request-ID"]

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "catalog.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["catalog.api.throttling.MinuteThrottle"],
    "NUM_PROXIES": environment.number("TRUSTED_PROXIES", 0),  # before the site, each adding to X-Forwarded-For
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_PAGINATION_CLASS": "catalog.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "catalog.api.schema.Contract",
    "EXCEPTION_HANDLER": "catalog.api.errors.answer",
    "PAGE_SIZE": 50,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Fieldguide",
    "DESCRIPTION": "How everybody else detects an ATT&CK technique: fields, values, exclusions and their corpus reach.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": False, "displayRequestDuration": True, "docExpansion": "list"},
    "ENUM_NAME_OVERRIDES": {
        "RunStateEnum": "detections.models.run.Run.State",
        "CoverageEnum": [("covered", "covered"), ("missing", "missing"), ("elsewhere", "elsewhere")],
    },
}

UNFOLD = {
    "SITE_TITLE": "Fieldguide",
    "SITE_HEADER": "Fieldguide",
    "SITE_SUBHEADER": "what staff keeps",
    "SITE_SYMBOL": "menu_book",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "catalog.admin.navigation.mark"}],
    "STYLES": ["catalog.admin.navigation.style"],
    "BORDER_RADIUS": "6px",
    # The greens of `variables.css`.
    "COLORS": {
        "primary": {
            "50": "#f0f8f4", "100": "#e0f0e8", "200": "#c2e2d2", "300": "#8be3c0", "400": "#63d3a6", "500": "#2f9d74",
            "600": "#0a6447", "700": "#084e38", "800": "#0a3f2f", "900": "#14352a", "950": "#07140f",
        },
    },
    "SIDEBAR": {"show_search": True, "navigation": "catalog.admin.navigation.sidebar"},
}  # fmt: skip

# --- first catalog --------------------------------------------------------------------------------------------

FIELDGUIDE_SOURCES = environment.text("FIELDGUIDE_SOURCES")  # sigma=PATH,elastic=PATH,splunk=PATH
FIELDGUIDE_ATTACK = environment.text("FIELDGUIDE_ATTACK")  # a bundle's path or https address

# --- repositories that git fetches ----------------------------------------------------------------------------

FIELDGUIDE_GIT_TOKENS = environment.secrets("FIELDGUIDE_GIT_TOKENS")  # host=TOKEN,host/path=USER:TOKEN
FIELDGUIDE_LOCAL_ROOT = environment.text("FIELDGUIDE_LOCAL_ROOT")  # repositories on this machine lie below it

# --- logging, metrics --------------------------------------------------------------------------------------------

LOGGING = logs.configuration(PRODUCTION)
METRICS_TOKEN = environment.text("METRICS_TOKEN")  # whoever sends it may read /metrics; "" for this machine alone
