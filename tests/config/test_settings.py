"""Settings are read in a process of their own, with an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "postgres://me:secret@db.example:5433/region"
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "k" * 25 + "0123456789abcdefghijklmnop-QRSTUVW",
    "ALLOWED_HOSTS": "region.example",
    "DATABASE_URL": DATABASE,
    "REDIS_URL": "redis://cache.example:6379/0",
    "BROKER_URL": "amqp://broker.example//",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        env={"PATH": os.environ["PATH"], **environment}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def setting(expression: str, **environment: str) -> object:
    code = f"import json; from django.conf import settings; print(json.dumps({expression}))"
    defaults = {"DJANGO_SETTINGS_MODULE": "config.settings.embedded", "SECRET_KEY": "x"}
    read = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], **defaults, **environment}, cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return json.loads(read.stdout)


def test_with_nothing_in_the_environment_the_embedded_servers_are_used(tmp_path):
    known = {
        "DATABASE_URL": DATABASE,
        "REDIS_URL": "redis://:pw@127.0.0.1:7001/0",
        "SECRET_KEY": "from the file",
    }
    (tmp_path / "services.json").write_text(json.dumps(known))

    read = setting(
        "[settings.DATABASES['default']['PORT'], settings.REDIS_URL, settings.BROKER_URL, settings.STORAGE_URL]",
        CONSILIUM_VAR=str(tmp_path),
    )

    assert read == [5433, known["REDIS_URL"], known["REDIS_URL"], f"file://{tmp_path / 'objects'}"]


def test_the_environment_wins_over_the_embedded_servers(tmp_path):
    (tmp_path / "services.json").write_text(
        json.dumps({"DATABASE_URL": "postgres://a:b@127.0.0.1:1/embedded"})
    )

    name = setting(
        "settings.DATABASES['default']['NAME']", CONSILIUM_VAR=str(tmp_path), DATABASE_URL=DATABASE
    )

    assert name == "region"


def test_broker_and_cache_may_be_different_servers():
    read = setting(
        "[settings.BROKER_URL, settings.CACHES['default']['LOCATION']]",
        BROKER_URL="amqp://broker.example//", REDIS_URL="redis://cache.example:6379/0",
    )  # fmt: skip

    assert read == ["amqp://broker.example//", "redis://cache.example:6379/0"]


def test_the_cluster_profile_passes_the_deployment_check():
    checked = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_the_cluster_profile_does_not_start_on_a_guess(missing):
    environment = {name: value for name, value in PRODUCTION.items() if name != missing}

    checked = manage("check", **environment)

    assert checked.returncode != 0
    assert missing in checked.stderr
