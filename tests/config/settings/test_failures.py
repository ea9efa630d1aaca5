"""What a failure leaves in the log: where it happened, and nothing of what it was about."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
from typing import Any, cast

import structlog
from django.conf import settings

from config.settings.failures import without_words

NAME = "Zhang^Wei"


def fail() -> None:
    try:
        raise ValueError(f"cannot read {NAME}")
    except ValueError as error:
        raise RuntimeError(f"no patient {NAME}") from error


def test_a_failure_is_told_by_type_and_place_but_not_in_its_words() -> None:
    try:
        fail()
    except RuntimeError as error:
        told = without_words(None, "error", {"event": "job.broken", "exc_info": error})

    assert [one["type"] for one in told["failure"]] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert told["failure"][0]["at"][-1].endswith(" fail")
    assert NAME not in json.dumps(told)


def test_loggers_of_ours_and_of_libraries_both_keep_a_patient_out_of_the_log() -> None:
    assert without_words in structlog.get_config()["processors"]
    formatter = logging.config.DictConfigurator(settings.LOGGING).configure_formatter(
        dict(cast("dict[str, dict[str, Any]]", settings.LOGGING["formatters"])["json"])
    )
    try:
        fail()
    except RuntimeError:
        record = logging.getLogger("celery.app.trace").makeRecord(
            "celery.app.trace", logging.ERROR, __file__, 1, f"Task t[1] raised unexpected: {NAME}", (),
            sys.exc_info(),
        )  # fmt: skip

    line = formatter.format(record)
    assert json.loads(line)["event"] == "Task t[1] failed"
    assert json.loads(line)["failure"][0]["type"] == "builtins.RuntimeError"
    assert NAME not in line


def test_a_line_without_a_failure_stays_as_it_is() -> None:
    assert without_words(None, "info", {"event": "ready"}) == {"event": "ready"}
