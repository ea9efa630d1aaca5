"""The workers of the documentation do what it says, against a running server."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from accounts.tokens import issue_token
from tests.workflows.conftest import begin, bundle, operators  # noqa: F401 - fixtures
from tests.workflows.machines.test_external_tasks import ONE
from workflows.models import ServiceTaskRun

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("program", "example"), [(sys.executable, "worker.py"), (shutil.which("node"), "worker.mjs")]
)
def test_a_worker_of_the_documentation_does_its_steps(begin, cast, live_server, program, example):  # noqa: F811
    if program is None:
        pytest.skip("Node.js is not installed")
    cases = [begin(ONE, {"number": number}, start_key=str(number)) for number in (1, 2)]
    _token, secret = issue_token(cast.ivo, label="worker", lasts=dt.timedelta(hours=1))

    done = subprocess.run(
        [program, EXAMPLES / example, "measure"],
        env={"PATH": os.environ["PATH"], "CONSILIUM": live_server.url, "TOKEN": secret, "ROUNDS": "1"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    for case in cases:
        case.refresh_from_db()
        assert case.status == "completed"
    assert sorted(run.result["doubled"] for run in ServiceTaskRun.objects.all() if run.result) == [2, 4]
