"""All settings, read from the environment once. docs/settings.md explains each variable."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from cohorts.validators import is_local
from lens import __version__, security_headers
from lens import env as reading
from lens.proxies import check_proxies
from lens.reporting.log_config import configure_logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = reading.Env(os.environ)

# -- the machine ---------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", default=False)
INSECURE_KEY = "insecure-key-for-this-machine-only"
SECRET_KEY = env.text("SECRET_KEY", default=INSECURE_KEY if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to a long random string, or set DEBUG=1 on your own machine."
    )
# Former keys: what they signed and encrypted can still be read.
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG else [])
SITE_URL = env.base("SITE_URL", default="http://127.0.0.1:8000")
if DEBUG:
    reading.check_debug_is_local(SITE_URL, ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL.startswith("https://") else []
VERSION = __version__
INSTALLATION_ID = env.text("INSTALLATION_ID", default="local" if DEBUG else "")
if not INSTALLATION_ID:
    raise ImproperlyConfigured(
        "INSTALLATION_ID is not set. Choose a short unique name, such as academy-live, and keep "
        "it: Lens marks everything it creates with it."
    )
# Peers whose X-Forwarded-For and X-Forwarded-Proto are trusted, also by gunicorn (lens/proxies.py).
TRUSTED_PROXIES = check_proxies(env.names("TRUSTED_PROXIES", default=[]))
SENTRY_DSN = env.dsn("SENTRY_DSN")
METRICS_TOKEN = env.text("METRICS_TOKEN")  # "": /metrics answers 404

# -- the database --------------------------------------------------------------------------------

DATABASES = {
    "default": env.database("DATABASE_URL", f"sqlite:///{BASE_DIR / 'var' / 'lens.sqlite3'}")
}
DATABASES["default"]["CONN_MAX_AGE"] = 60  # 0 opens five connections a second in an idle cluster
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = False  # no transaction may span a call to the outside
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Deferred transactions fail on each other's locks regardless of the timeout; these do not.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    reading.limit_waits(
        DATABASES["default"],
        idle_seconds=env.number("DATABASE_IDLE_SECONDS", default=30),
        lock_seconds=env.number("DATABASE_LOCK_SECONDS", default=45),
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# In the database, so that all web processes count failed sign-ins together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "lens_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},  # beyond that, counts are dropped at random
    }
}

# -- the apps ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "lens.apps.LensConfig",
    "lens.desk.apps.DeskConfig",
    "calendarsync.apps.CalendarSyncConfig",
    "discordsync.apps.DiscordSyncConfig",
    "discordsync.bot.apps.BotConfig",
    "guestvisits.apps.GuestVisitsConfig",
    "meetings.apps.MeetingsConfig",
    "cohorts.outbox.apps.MessagesConfig",
    "cohorts.reconcile.apps.SyncConfig",
    "cohorts.apps.CohortsConfig",
    "lens.frame.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_q",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
AUTH_USER_MODEL = "cohorts.User"

MIDDLEWARE = [
    "lens.reporting.correlation_middleware.CorrelationMiddleware",  # first: the others log
    "lens.proxies.ForwardedMiddleware",  # before those that read REMOTE_ADDR
    "lens.error_pages.ApiErrorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "lens.error_pages.ZeroByteMiddleware",  # before those that read the database
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cohorts.activity.recording.ActingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "lens.sign_in.sessions.StaffSessionMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "lens.sign_in.second_factor.StaffSecondFactorMiddleware",
    "lens.sign_in.confirmation.ConfirmationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lens.frame.zone.StaffZoneMiddleware",
    "lens.view_as.view_middleware.ViewAsMiddleware",  # last: the others see the viewer
]
ROOT_URLCONF = "lens.urls"
WSGI_APPLICATION = "lens.wsgi.application"
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
            ]
        },
    }
]

# -- people and pages ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["lens.formats"]  # one format of dates and times on all staff pages
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/meetings/"
LOGOUT_REDIRECT_URL = "login"
# People are identified by their e-mail address, and no one can sign up: see lens/sign_in.
ACCOUNT_ADAPTER = "lens.sign_in.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,60/h/ip,5/5m/key,20/h/key",  # the key is the address
    "reset_password": "30/h/ip,3/h/key",
}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds for which a confirmed password or code counts
MFA_ADAPTER = "lens.sign_in.second_factor.MFAAdapter"
MFA_TOTP_ISSUER = "Lens"
SOCIALACCOUNT_ADAPTER = "lens.sign_in.adapters.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10  # seconds; a person is waiting
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "NUM_PROXIES": 0,  # REMOTE_ADDR is the client's own address: lens/proxies.py
    "EXCEPTION_HANDLER": "guestvisits.api.errors.handle_exception",
}
RATES = {  # how often one person may do something (guestvisits/rate_limits.py)
    "general": env.rate("RATE_GENERAL", default="120/m"),
    "visits": env.rate("RATE_VISITS", default="10/m"),
    "moves": env.rate("RATE_MOVES", default="30/m"),
    "guesses": env.rate("RATE_GUESSES", default="20/m"),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Lens",
    "DESCRIPTION": "Meetings and guest visits of the signed-in person.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "guestvisits.api.errors.describe_errors",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# HSTS for subdomains and browsers' preload lists are decisions of the domain's owner.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if not DEBUG and SITE_URL.startswith("https://"):
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    if TRUSTED_PROXIES:  # ForwardedMiddleware removes untrusted headers
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# -- mail ----------------------------------------------------------------------------------------

EMAIL_TIMEOUT = 10  # seconds; far below a task's timeout
vars().update(env.email("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", default="Lens <lens@localhost>")

# -- Discord -------------------------------------------------------------------------------------

SANDBOX_URL = "http://127.0.0.1:8001"
SANDBOX_GUILD_ID = 100000000000000001
SANDBOX_CLIENT_ID = 100000000000000002
DISCORD_BOT_TOKEN = env.text("DISCORD_BOT_TOKEN")
DISCORD_GUILD_ID = env.snowflake("DISCORD_GUILD_ID")
DISCORD_INVITE_URL = env.text("DISCORD_INVITE_URL")
DISCORD_CLIENT_ID = env.snowflake(
    "DISCORD_CLIENT_ID",
    "In Discord's Developer Portal it is the application's ID, on the page “OAuth2”.",
)
DISCORD_CLIENT_SECRET = env.text("DISCORD_CLIENT_SECRET")
if not DISCORD_BOT_TOKEN and DEBUG:
    DISCORD_BOT_TOKEN = "sandbox-local"  # noqa: S105 - only the sandbox takes it
    DISCORD_GUILD_ID = DISCORD_GUILD_ID or SANDBOX_GUILD_ID
DISCORD_API_BASE = env.base(
    "DISCORD_API_BASE",
    f"{SANDBOX_URL}/api/v10"
    if DISCORD_BOT_TOKEN.startswith("sandbox")
    else "https://discord.com/api/v10",
)

# People's avatars: {id} is the Discord id, {hash} comes from their sign-in with Discord.
AVATAR_URL = (
    DISCORD_API_BASE.partition("/api")[0]
    if is_local(DISCORD_API_BASE)
    else "https://cdn.discordapp.com"
) + "/avatars/{id}/{hash}.png"
if DEBUG and DISCORD_CLIENT_ID is None and is_local(DISCORD_API_BASE):
    DISCORD_CLIENT_ID = SANDBOX_CLIENT_ID
    DISCORD_CLIENT_SECRET = "sandbox-local"  # noqa: S105 - only the sandbox takes it

CONTENT_SECURITY_POLICY = security_headers.content_security_policy(
    avatars=AVATAR_URL, discord=DISCORD_API_BASE
)
PERMISSIONS_POLICY = security_headers.PERMISSIONS_POLICY

# -- Google Calendar -----------------------------------------------------------------------------

GOOGLE_CALENDAR_ID = env.text("GOOGLE_CALENDAR_ID")
GOOGLE_CALENDAR_SUBJECT = env.text("GOOGLE_CALENDAR_SUBJECT")
GOOGLE_CREDENTIALS = reading.read_google_credentials(
    env.text("GOOGLE_CALENDAR_CREDENTIALS_FILE"), env.text("GOOGLE_CALENDAR_CREDENTIALS_JSON")
)
if not GOOGLE_CALENDAR_ID and not GOOGLE_CREDENTIALS and DEBUG:
    GOOGLE_CALENDAR_ID = "lens@sandbox.example"
GOOGLE_CALENDAR_API_BASE = env.base(
    "GOOGLE_CALENDAR_API_BASE",
    SANDBOX_URL if DEBUG and not GOOGLE_CREDENTIALS else "https://www.googleapis.com",
)
# "": as `verify_services` found to suit the calendar (calendarsync.selectors.guest_invitation).
CALENDAR_GUEST_INVITATION = env.choice(
    "CALENDAR_GUEST_INVITATION", ("instance", "own_event"), default=""
)

# Whether all services are sandboxes: only then can the clock be moved, and "sign in as" be used.
SANDBOX = DEBUG and is_local(DISCORD_API_BASE) and is_local(GOOGLE_CALENDAR_API_BASE)

# Whether staff need a second factor to reach anything.
REQUIRE_STAFF_MFA = env.flag("REQUIRE_STAFF_MFA", default=not SANDBOX)
STAFF_SESSION = {
    "hours": env.number("STAFF_SESSION_HOURS", default=12),  # after signing in, in any case
    "idle_minutes": env.number("STAFF_SESSION_IDLE_MINUTES", default=60),
}

# A break, merge or end of a cohort takes effect this many minutes after it was confirmed.
STEP_DELAY_MINUTES = env.number("STEP_DELAY_MINUTES", default=10)

# -- synchronization -----------------------------------------------------------------------------

DM_LIMITS = {  # low, because Discord quarantines bots that write to dozens of people
    "new_an_hour": env.whole("DISCORD_NEW_DIRECTS_PER_HOUR", default=3),
    "new_a_day": env.whole("DISCORD_NEW_DIRECTS_PER_DAY", default=10),
}
SYNC = {
    "lease_seconds": env.number("SYNC_LEASE_SECONDS", default=90),
    "renew_below_seconds": env.number("SYNC_RENEW_BELOW_SECONDS", default=60),
    "run_seconds": env.number("SYNC_RUN_SECONDS", default=45),
    "call_seconds": env.number("SYNC_CALL_SECONDS", default=45),
    # How long one observation may look for objects that Discord's lists no longer contain.
    "confirm_seconds": env.number("SYNC_CONFIRM_SECONDS", default=10),
    "read_seconds": env.number("SYNC_READ_SECONDS", default=1),  # how often a run reads what is due
    "probe_seconds": env.number("SYNC_PROBE_SECONDS", default=60),  # during an outage
    "backoff_seconds": env.number("SYNC_BACKOFF_SECONDS", default=60),  # doubles with each failure
    # How often RSVPs are read from Google.
    "poll_seconds": env.number("SYNC_POLL_SECONDS", default=180),
    "compare_seconds": env.number("SYNC_COMPARE_SECONDS", default=3600),
    "event_horizon_days": env.whole("DISCORD_EVENT_HORIZON_DAYS", default=14, most=3650),
}
VOICE = {  # who was in the voice channels, for attendance
    "look_seconds": env.number("VOICE_LOOK_SECONDS", default=10),  # when there are no events
    "keep_days": env.whole("VOICE_KEEP_DAYS", default=14, most=3650),
}
BOT = {
    # A connection on which Discord sends nothing for so long is closed and opened again.
    "silence_seconds": env.number("DISCORD_SILENCE_SECONDS", default=60),
    # First wait after Discord refused the bot's commands; it doubles each time, up to 1 hour.
    "commands_retry_seconds": env.number("DISCORD_COMMANDS_RETRY_SECONDS", default=60),
}
if VOICE["keep_days"] < 3:
    raise ImproperlyConfigured(
        "VOICE_KEEP_DAYS must be 3 or more: attendance is calculated from it later."
    )
Q_CLUSTER = {
    "name": "lens",
    "orm": "default",
    "broker_class": "lens.watch.broker.CheckingBroker",  # lets only Lens's own tasks through
    "workers": 4,
    "recycle": 50,  # tasks, 20 minutes: the process that follows shares all its memory again
    "queue_limit": 1,  # `retry` runs from the moment a task leaves the queue
    "timeout": 120,
    "retry": 600,
    "ack_failures": True,
    "max_attempts": 1,  # retries are stored in rows: next_at, retry_at
    "save_limit": -1,  # a limit locks all results for each new one; housekeeping prunes
    "catch_up": False,
    "poll": 0.2,
    "label": "Queue",
}
WATCH = {  # the watcher of that cluster (lens/watch)
    "look_seconds": env.number("WATCH_LOOK_SECONDS", default=5),
    "patience_seconds": env.number("WATCH_PATIENCE_SECONDS", default=60),  # due, but not taken
    "schedule_late_seconds": env.number("WATCH_SCHEDULE_LATE_SECONDS", default=120),
    "grace_seconds": env.number("WATCH_GRACE_SECONDS", default=30),  # to finish calls at shutdown
}

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOGGING = configure_logs(
    form=env.choice("LOG_FORMAT", ("line", "json"), default="line"),
    level=env.choice("LOG_LEVEL", LEVELS, default="INFO"),
    queue_level=env.choice("LOG_LEVEL", LEVELS, default="WARNING"),
)
