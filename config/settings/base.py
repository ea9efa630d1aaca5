"""Settings every profile shares. Values come from the environment; see docs/operations/settings.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF

from config.settings.embedded_services import embedded

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.str("CONSILIUM_VAR", str(BASE_DIR / "var")))

# With nothing in the environment, the servers that `./consilium up` started are used.
_services = embedded(VAR_DIR)

DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL", _services.get("DATABASE_URL", "")))}
if DATABASES["default"].get("ENGINE") == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "common.postgresql"
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Statements are bound by the server and, from the third time on, prepared: what is asked often is planned once.
DATABASES["default"].setdefault("OPTIONS", {}).update(server_side_binding=True, prepare_threshold=2)
DATABASES["default"]["TEST"] = {"NAME": env.str("TEST_DATABASE", "") or None}
REDIS_URL = env.str("REDIS_URL", _services.get("REDIS_URL", ""))
BROKER_URL = env.str("BROKER_URL", REDIS_URL)
CELERY_BROKER_URL = BROKER_URL
STORAGE_URL = env.str("STORAGE_URL", f"file://{VAR_DIR / 'objects'}")

SECRET_KEY = env.str("SECRET_KEY", _services.get("SECRET_KEY", ""))
DEBUG = False
METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # without one /metrics answers callers of this machine only
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "config",
    "events",
    "accounts",
    "archive.mpi",
    "archive.orders",
    "archive.storage",
    "archive.studies",
    "archive.studies.metadata",
    "archive.lifecycle",
    "archive.reports",
    "archive.workitems",
    "workflows",
    "integrations.dicom",
    "integrations.dicomweb",
    "integrations.hl7",
    "integrations.routing",
    "integrations.webhooks",
    "compute",
    "notifications",
    "portal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_htmx",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "config.client_address.ClientAddressMiddleware",
    "config.metrics.requests.RequestMetricsMiddleware",
    "config.request_trace.RequestTraceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.program_path.ProgramPathMiddleware",  # what follows is for pages and their REST
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.shell.middleware.PersonalLanguageMiddleware",
    "portal.shell.middleware.PrivatePagesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "portal.shell.context.shell",
            ]
        },
    }
]

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "inbox"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "portal/locked_out.html"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "中文")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "Asia/Shanghai")

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "build" / "static")))
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.PersonSession"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsing.KeptJSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.KeysetPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.errors.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Consilium",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "archive.orders.models.Order.Status",
        "StepStatus": "archive.orders.models.ScheduledProcedureStep.Status",
        "CommitmentState": "integrations.dicom.notices.models.Commitment.State",
        "NoticeKind": "integrations.dicom.notices.models.Notice.Kind",
        "CorrectionKind": "archive.studies.corrections.models.Correction.Kind",
        "ReportStatus": "archive.reports.models.Report.Status",
        "CaseStatus": "workflows.models.ProcessInstance.Status",
        "TaskStatus": "workflows.models.UserTask.Status",
        "ProcessStatus": "workflows.models.ProcessDefinition.Status",
        "ServiceTaskStatus": "workflows.models.ServiceTaskRun.Status",
        "TaskDelegation": "workflows.models.UserTask.Delegation",
        "JobStatus": "compute.models.Job.Status",
        "MessageStatus": "integrations.hl7.models.MessageLog.Status",
        "VolumeStanding": "archive.storage.models.Volume.State",
        "NodeCheckState": "integrations.dicom.nodes.models.NodeCheck.State",
        "RoutingTableState": "integrations.routing.models.RoutingTableVersion.State",
        "DestinationKind": "integrations.routing.models.Destination.Kind",
    },
}

from config.settings.celery import *
from config.settings.compute import *
from config.settings.daemons import *
from config.settings.deidentification import *
from config.settings.demo import *
from config.settings.dicom import *
from config.settings.hl7 import *
from config.settings.logs import *
from config.settings.notifications import *
from config.settings.pixels import *
from config.settings.portal import *
from config.settings.routing import *
from config.settings.scripting import *
from config.settings.standstill import *
from config.settings.storage import *
from config.settings.webhooks import *

ROUTING_FOLDERS = ROUTING_FOLDERS or [str(VAR_DIR / "exports")]
