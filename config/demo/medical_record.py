"""The county's simulated medical record: what it has filed, and that it listens while a journey lasts."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from config.demo.problems import JourneyFailed
from config.demo.region import EMR_LINK
from config.demo.waiting import wait_for
from integrations.hl7.models import Link


@contextmanager
def medical_record() -> Iterator[None]:
    """The record, listening: the one that runs beside the daemons, or else one of our own."""
    if _listens():
        yield
        return
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_simulated_emr"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(_listens, within_s=60, otherwise="The simulated medical record did not start")
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def filed_report(folder: Path, control_id: str) -> dict[str, Any] | None:
    """The report that the record has filed from this message; None while it has none."""
    try:
        report: dict[str, Any] = json.loads((folder / f"{control_id}.json").read_text())
    except FileNotFoundError:
        return None
    return report


def _listens() -> bool:
    link = Link.objects.filter(name=EMR_LINK).first()
    if link is None:
        raise JourneyFailed("There is no demo region here: run manage.py load_demo_region first.")
    try:
        with socket.create_connection((link.host, link.port or 0), timeout=2):
            return True
    except OSError:
        return False
