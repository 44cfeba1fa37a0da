"""All settings, flat. Values that differ between machines come from the environment through backend.env."""

from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from kombu import Queue

from backend import env

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY")
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / ".data")
UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_MB", 4096, low=1, high=1_000_000) * 1024 * 1024

# Served over TLS, unless the site's own address says that it is a local plain one.
HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
# Monitors ask from inside, too.
SECURE_REDIRECT_EXEMPT = [r"^health$"]
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 31_536_000, low=0, high=63_072_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.boolean("BEHIND_PROXY", default=False) else None
)
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "backend",
    "twin",
    "reminders",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.headless",
    "channels",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "backend.static_files.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "backend.urls"
ASGI_APPLICATION = "backend.asgi.application"

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
                "backend.health.clock_for_pages",
            ],
        },
    },
]

# Each request is one transaction, in which backend.actor says who is acting: without that,
# row-level security shows nothing. A pool of 0 means a connection for each request.
DATABASES = {"default": env.database("DATABASE_URL")}
DATABASES["default"]["ATOMIC_REQUESTS"] = True
_pool_size = env.integer("DATABASE_POOL", 8, low=0, high=200)
if _pool_size:
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": _pool_size, "timeout": 10}

REDIS = env.redis("REDIS_URL")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS.channels], "prefix": "pollux"},
    },
}
CACHES = {"default": {"BACKEND": "backend.cache.RedisCache", "LOCATION": REDIS.url}}

CELERY_BROKER_URL = REDIS.celery
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 4 * 3600
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
# A worker takes from both in turn: what somebody has to hear of does not wait behind a morning's uploads.
CELERY_TASK_QUEUES = [Queue("celery"), Queue("urgent")]
CELERY_TASK_ROUTES = {
    task: {"queue": "urgent"}
    for task in ("twin.check_warnings", "twin.deliver_alerts", "twin.watch_alerts", "reminders.dispatch")
}
CELERY_BEAT_SCHEDULE = {
    "show that the clock goes": {"task": "backend.beat", "schedule": 60, "options": {"expires": 60}},
    "read due uploads": {"task": "twin.read_due_uploads", "schedule": 15},
    "sum up stale days": {"task": "twin.digest_stale_days", "schedule": 15},
    "work out due scores": {"task": "twin.refresh_due_scores", "schedule": 20},
    "refresh stale twins": {"task": "twin.refresh_stale", "schedule": 20},
    # At any hour each patient's own yesterday is over; at these, the fewest files come in.
    # Wherever a patient lives, a night is over within the last six hours.
    "take every series a day on": {
        "task": "twin.forecast_new_day",
        "schedule": crontab(hour="2,8,14,20", minute=10),
    },
    "estimate every series anew": {
        "task": "twin.forecast_anew",
        "schedule": crontab(hour=3, minute=10, day_of_week="sunday"),
    },
    "hold the challenger against our forecasts": {
        "task": "twin.challenge",
        "schedule": crontab(hour=4, minute=40),
    },
    "resume a pass that stands still": {"task": "twin.resume_fleet", "schedule": 60},
    "watch over alerts": {"task": "twin.watch_alerts", "schedule": 5, "options": {"expires": 60}},
    "dispatch due reminders": {"task": "reminders.dispatch", "schedule": 2, "options": {"expires": 10}},
    "say which doses were missed": {
        "task": "reminders.mark_missed",
        "schedule": 30,
        "options": {"expires": 60},
    },
    "plan doses ahead": {"task": "reminders.plan_on", "schedule": 300},
    # When people are awake who can be told that nobody is told.
    "test the alarms": {"task": "twin.test_alarms", "schedule": crontab(hour=9, minute=5)},
    "expire unattended alerts": {"task": "twin.expire_alerts", "schedule": 3600},
    "build due exports": {"task": "twin.build_due_exports", "schedule": 15},
    "expire old exports": {"task": "twin.expire_exports", "schedule": 3600},
    "forget old batches": {"task": "twin.forget_batches", "schedule": 3600},
    "thin versions of snapshots": {"task": "twin.thin_versions", "schedule": crontab(hour=3, minute=40)},
    "notice silent sources": {"task": "twin.notice_silence", "schedule": 3600},
    "look at due warnings": {"task": "twin.check_due_warnings", "schedule": 10},
    "look at everybody's warnings": {"task": "twin.check_everybody", "schedule": crontab(hour=5, minute=20)},
}

MQTT = env.broker("MQTT_URL")
MQTT_CA_FILE = env.file("MQTT_CA_FILE")

SCREENING_RULES = env.file("SCREENING_RULES")

AUTH_USER_MODEL = "backend.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
SESSION_ENGINE = "backend.sessions"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "backend.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "backend.accounts.NameForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
HEADLESS_ONLY = False
HEADLESS_CLIENTS = ("app", "browser")
HEADLESS_ADAPTER = "allauth.headless.adapter.DefaultHeadlessAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Pollux"
# Browsers allow passkeys on plain http for localhost only.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER = env.text("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_PASSWORD", "")
EMAIL_USE_TLS = env.boolean("EMAIL_TLS", default=True)
# A mail server that hangs must not keep a worker for longer than a telling's lease.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Pollux <pollux@localhost>")
if not EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"

# Who is told when the chain of alarms is broken, and where its self-test's own mail goes.
OPERATORS = env.words("OPERATORS", ())
ALARM_MAILBOX = env.text("ALARM_MAILBOX", "alarm-selftest@localhost")

# Without a key there is no Web Push; browsers that subscribed with another one are lost.
VAPID_PRIVATE_KEY = env.signing_key("VAPID_PRIVATE_KEY")
VAPID_CONTACT = env.text("VAPID_CONTACT", SITE_URL if HTTPS else "mailto:pollux@localhost")
# For a push service on this machine: plain http, and addresses that nobody outside can reach.
PUSH_ALLOW_LOCAL = env.boolean("PUSH_ALLOW_LOCAL", default=False)
# Without an account nothing is pushed to phones' apps.
FCM_SERVICE_ACCOUNT = env.service_account("FCM_SERVICE_ACCOUNT")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "backend.rest.AppSession",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["backend.rest.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["backend.rest.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "backend.rest.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "backend.problems.answer",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Pollux",
    "DESCRIPTION": "The personal health twin: series, records, forecasts and who may see them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "backend.problems.describe",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Topic": "twin.models.TOPICS",
        "Level": "backend.rules.Level",
        "RecordType": "twin.models.records.RECORD_TYPES",
        "EventType": "twin.models.EventType",
        "BodySystem": "twin.serializers.snapshots.SYSTEMS",
        "SystemState": "twin.serializers.snapshots.STATES",
        "Side": [("above", "above"), ("below", "below")],
        "GoalDirection": "twin.models.Direction",
        "AlertDirection": "twin.models.alerts.DIRECTIONS",
        "AlertStatus": "twin.models.alerts.STATUSES",
        "UploadStatus": "twin.models.UploadStatus",
        "DeliveryStatus": "twin.models.DeliveryStatus",
        "PlanStatus": "reminders.models.PlanStatus",
        "DoseStatus": "reminders.models.DoseStatus",
        "DoseAnswerStatus": ["taken", "skipped", "due"],
        "ReminderStatus": "reminders.models.ReminderStatus",
        "ExportStatus": ["none", "requested", "building", "ready", "failed"],
    },
}

LANGUAGE_CODE = "en"
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
# Served from where the apps keep them; nothing has to be collected.
WHITENOISE_USE_FINDERS = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Anything larger than a form is an upload, and an upload goes to disk.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = None

# Ids and actions only: values, names and bodies are never logged.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        # Its notes on sockets hold their tickets.
        "uvicorn.error": {"level": "WARNING"},
        "cmdstanpy": {"level": "ERROR"},
        "prophet": {"level": "ERROR"},
    },
}
