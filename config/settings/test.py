"""The embedded profile for tests inside the process: cheap password hashes, plain static names."""

import os

from config.settings.embedded import *

# Test processes side by side keep out of each other's cache, queues and channels.
_PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "")
if _PROCESS:
    REDIS_URL = f"{REDIS_URL.rpartition('/')[0]}/{int(_PROCESS.removeprefix('gw')) + 1}"
    BROKER_URL = CELERY_BROKER_URL = REDIS_URL
    CACHES["default"]["LOCATION"] = REDIS_URL
    CHANNEL_LAYERS["default"]["CONFIG"]["hosts"] = [REDIS_URL]
SECRET_KEY = "only-for-tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SCRIPT_DENIALS_APART = False  # a test's transaction is its own world; those of the audit line turn it on
# A loaded machine is not to be taken for a slow script; who measures limits names them.
SCRIPT_WALL_SECONDS = float(os.environ.get("SCRIPT_WALL_SECONDS", "20"))
