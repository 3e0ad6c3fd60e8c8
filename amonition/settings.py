"""The one settings file: everything is read from the environment here, and documented in docs/settings.md."""

from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from amonition import databases
from amonition import environment as env
from amonition.logs import logging_config

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY", "only-for-debugging" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY: not set (DEBUG=1 does without)")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
# Newest first: the first one encrypts, all of them decrypt (docs/operations.md, "Rotating keys").
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS")
# Multiplies every lease, time limit and wait that has no variable of its own: shortened together
# they keep their order. For tests (docs/reliability.md, "Fault worlds").
CLOCK_SCALE = env.number("CLOCK_SCALE", 1, low=0.01, high=1)
METRICS_TOKEN = env.text("METRICS_TOKEN")
PORT = env.integer("PORT", 8000, low=1, high=65535)
LOCAL_DIR = Path(env.text("LOCAL_DIR", str(BASE_DIR / ".local"))).absolute()

DATABASE_URL = env.text("DATABASE_URL")
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
for variable, value in (("DATABASE_URL", DATABASE_URL), ("REDIS_URL", REDIS_URL)):
    if not value:
        raise ImproperlyConfigured(
            f"{variable}: not set. manage.py starts an embedded server by itself;"
            " other programs need the variable"
        )
_default = databases.postgresql("DATABASE_URL", DATABASE_URL)
SHARD_DATABASE_URLS = env.words("SHARD_DATABASE_URLS")
_shards = databases.shards("SHARD_DATABASE_URLS", SHARD_DATABASE_URLS, default=_default)
# The number in `clients`, and the name of its database among DATABASES.
SHARDS = {number: f"shard{number}" for number in _shards}
DATABASES = {"default": _default} | {SHARDS[number]: _shards[number] for number in SHARDS}
DATABASE_ROUTERS = ["ads.routing.ShardRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "rest_framework",
    "drf_spectacular",
    "amonition",
    "operations",
    "crm",
    "companies",
    "ads",
    "sync",
    "webhooks",
    "organizations",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webhooks.shortcut.shortcut",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "amonition.urls"
WSGI_APPLICATION = "amonition.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "amonition" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "ru"
TIME_ZONE = env.text("TIME_ZONE", "Europe/Moscow")
USE_TZ = True
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # the admin's files come from the packages: no collectstatic step
WHITENOISE_AUTOREFRESH = False

# A reverse proxy ends TLS in front of us and says so in this header (docs/operations.md).
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
BEHIND_TLS = env.boolean("BEHIND_TLS", default=not DEBUG)
SECURE_SSL_REDIRECT = BEHIND_TLS
# Probes come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$", r"^api/schema/$"]
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0  # a year, what browsers' lists ask for
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS
SECURE_HSTS_PRELOAD = BEHIND_TLS
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_AGE = 8 * 60 * 60  # seconds; a working day

LOGGING = logging_config(debug=DEBUG)

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {"TITLE": "Amonition", "VERSION": VERSION, "SERVE_INCLUDE_SCHEMA": False}
UNFOLD = {
    "SITE_TITLE": "Amonition",
    "SITE_HEADER": "Amonition",
    "SITE_SYMBOL": "sync_alt",
    "SIDEBAR": {"navigation": "amonition.navigation.sidebar"},
}

# amoCRM: the account, and how hard we press it
AMOCRM_URL = env.url("AMOCRM_URL")
AMOCRM_ACCESS_TOKEN = env.text("AMOCRM_ACCESS_TOKEN")
AMOCRM_CLIENT_ID = env.text("AMOCRM_CLIENT_ID")
AMOCRM_CLIENT_SECRET = env.text("AMOCRM_CLIENT_SECRET")
AMOCRM_REDIRECT_URI = env.url("AMOCRM_REDIRECT_URI")
AMOCRM_ACCOUNT_ID = env.integer("AMOCRM_ACCOUNT_ID", 0, low=0, high=2**53)
AMOCRM_RATE = env.number("AMOCRM_RATE", 7, low=0.1, high=100_000)  # requests/s per integration
AMOCRM_WRITE_SIZE = env.integer("AMOCRM_WRITE_SIZE", 250, low=1, high=250)  # amoCRM's own limit
AMOCRM_TRANSFER_STATUS = env.text("AMOCRM_TRANSFER_STATUS", "Готов выгружать вручную")
AMOCRM_LEAD_PROFILE_URL_FIELD = env.text("AMOCRM_LEAD_PROFILE_URL_FIELD")
AMOCRM_LEAD_PHONE_FIELD = env.text("AMOCRM_LEAD_PHONE_FIELD")
# The create protocol's clocks, in seconds; their order is checked (docs/reliability.md).
CREATE_SEND_GAP = env.number("CREATE_SEND_GAP", 2, low=0.1, high=60)
CREATE_SETTLE_TIME = env.number("CREATE_SETTLE_TIME", 180, low=1, high=3600)
CREATE_PREPARED_LEASE = env.number("CREATE_PREPARED_LEASE", 120, low=1, high=3600)
AMOCRM_CALL_DEADLINE = env.number("AMOCRM_CALL_DEADLINE", 30, low=0.5, high=60)

# Webhooks
WEBHOOK_SECRETS = env.words("WEBHOOK_SECRETS")  # the newest first: that one is subscribed
PUBLIC_URL = env.url("PUBLIC_URL")  # where amoCRM reaches us; unset: nothing is subscribed
WEBHOOK_ECHO_WAIT = env.number("WEBHOOK_ECHO_WAIT", 2, low=0, high=60)  # seconds
WEBHOOK_REFRESH_GAP = env.number("WEBHOOK_REFRESH_GAP", 15, low=0, high=3600)  # seconds a company
WEBHOOK_EVENT_LEASE = env.number("WEBHOOK_EVENT_LEASE", 120, low=1, high=3600)  # seconds
WEBHOOK_SETTLE_TIME = env.number("WEBHOOK_SETTLE_TIME", 60, low=0.1, high=3600)  # of a lost answer
# What operators change in the admin; here are the values of the first day.
OPTIONS = {
    "transfer_mode": env.text("TRANSFER_MODE", "on"),
    "transfers_per_hour": env.integer("TRANSFERS_PER_HOUR", 600, low=0, high=100_000),
    "profile_hosts": env.text("PROFILE_HOSTS", "avito.ru, youla.ru, auto.ru, drom.ru, irr.ru"),
    "notes": env.text("AMOCRM_NOTES", "on"),
}

# The services around us
SNATCHER_URL = env.url("SNATCHER_URL")
SNATCHER_TOKEN = env.text("SNATCHER_TOKEN")
FEEDS_URL = env.url("FEEDS_URL")
FEEDS_TOKEN = env.text("FEEDS_TOKEN")
SELLERS_URL = env.url("SELLERS_URL")
SELLERS_TOKEN = env.text("SELLERS_TOKEN")
OFFERS_URL = env.url("OFFERS_URL")
OFFERS_TOKEN = env.text("OFFERS_TOKEN")
DIRECTORY_URL = env.url("DIRECTORY_URL")
DIRECTORY_TOKEN = env.text("DIRECTORY_TOKEN")
DIRECTORY_HONOURS_KEYS = env.boolean("DIRECTORY_HONOURS_KEYS", default=True)
RESTORE_WITH_SINGLE_LOOKUP = env.boolean("RESTORE_WITH_SINGLE_LOOKUP", default=True)
ORGANIZATIONS_API_RATE = env.number("ORGANIZATIONS_API_RATE", 20, low=0.01, high=10_000)  # req/s
# Its events about publication. Without a URL: streams of our own Redis.
STATUS_TOPIC = env.text("STATUS_TOPIC", "sprav/altay/publishing-status-changes")
STATUS_TOPIC_GROUP = env.text("STATUS_TOPIC_GROUP", "amonition")
STATUS_TOPIC_URL = (
    env.url("STATUS_TOPIC_URL", schemes=("redis", "rediss", "unix", "grpc", "grpcs")) or REDIS_URL
)
PLAIN_HTTP_HOSTS = env.words("PLAIN_HTTP_HOSTS")

# Snapshots and the push
WAREHOUSE_URL = env.url("WAREHOUSE_URL", schemes=("duckdb", "yt"))
WAREHOUSE_TOKEN = env.text("WAREHOUSE_TOKEN")
SYNC_BATCH_SIZE = env.integer("SYNC_BATCH_SIZE", 500, low=1, high=500)  # feeds answer for 500
SYNC_SCHEDULE = env.text("SYNC_SCHEDULE", "0 * * * *")
SYNC_PUMPS = env.integer("SYNC_PUMPS", 2, low=1, high=64)  # as many as bulk worker processes
SYNC_LEASE = env.number("SYNC_LEASE", 120, low=1, high=3600)  # seconds a dead pump holds portions
SYNC_PORTION_RECHECK = env.number("SYNC_PORTION_RECHECK", 15, low=0.1, high=600)  # seconds

# Organizations: links
ORGANIZATIONS_COUNTERS = env.choice(
    "ORGANIZATIONS_COUNTERS", "recompute", of=("recompute", "delta")
)
ORGANIZATIONS_PROPAGATION = env.boolean("ORGANIZATIONS_PROPAGATION", default=True)

# Celery (the reasons stand in docs/reliability.md, "Celery")
CELERY_BROKER_URL = databases.celery_broker(REDIS_URL)
CELERY_RESULT_BACKEND = CELERY_BROKER_URL
CELERY_RESULT_BACKEND_ALWAYS_RETRY = True
CELERY_RESULT_BACKEND_MAX_RETRIES = 50
CELERY_RESULT_EXPIRES = 3600
CELERY_TASK_IGNORE_RESULT = True  # only the canvas' tasks keep a result
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
# Seconds; a pump's slice, a slot and an answer fit in.
CELERY_TASK_SOFT_TIME_LIMIT = 100 * CLOCK_SCALE
CELERY_TASK_TIME_LIMIT = 110 * CLOCK_SCALE  # below the leases of what a task holds
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_ROUTES = {
    "sync.pump": {"queue": "bulk"},
    "webhooks.read": {"queue": "interactive"},
    "webhooks.handle": {"queue": "interactive"},
    "webhooks.leave_note": {"queue": "interactive"},
    "organizations.*": {"queue": "organizations"},
}
CELERY_TASK_PUBLISH_RETRY = False  # a lost ring is found by a sweep; a hanging one is not
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 5_000  # a new process costs a second of the processor
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # KB; twice what the largest needs
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # our LOGGING holds
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# No `retry_on_timeout`: it makes a worker deaf (docs/adr/0015-no-read-twice.md).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900 * CLOCK_SCALE,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    "health_check_interval": 25,
}
CELERY_REDIS_RETRY_ON_TIMEOUT = True
CELERY_REDIS_BACKEND_HEALTH_CHECK_INTERVAL = 25
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "amonition.beat:PatientScheduler"
CELERY_BEAT_SYNC_EVERY = 1
CELERY_BEAT_MAX_LOOP_INTERVAL = 5  # seconds until an edited schedule is noticed
