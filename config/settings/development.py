"""The embedded profile with tracebacks in the browser and the page of components."""

from config.settings.embedded import *

DEBUG = True
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SHOW_COMPONENTS = True
