"""The systems around Consilium, simulated in processes of their own: HIS, modality, medical record."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from config.demo.problems import JourneyFailed
from config.demo.region import CONSULTATION_CODES, COUNTY_CT, COUNTY_MR, EMR_LINK
from config.demo.studies import JourneyStudy
from config.demo.waiting import wait_for
from integrations.hl7.models import Link

DESCRIPTIONS = {"CT": "CT chest, remote consultation", "MR": "MR head, remote consultation"}
REASONS = {
    "CT": "Cough for six weeks, shadow in the right lung on chest radiograph",
    "MR": "Headache with progressive weakness of the left hand",
}


def order_consultation(study: JourneyStudy, *, placer_order_number: str) -> dict[str, Any]:
    """The HIS process orders a consultation by MLLP; what it was answered."""
    words = {
        "host": settings.HL7_HOST,
        "port": settings.HL7_PORT,
        "placer-order-number": placer_order_number,
        "patient-id": study.patient_id,
        "family-name": study.family_name,
        "given-name": study.given_name,
        "ideographic-name": study.ideographic_name,
        "birth-date": study.birth_date,
        "sex": study.sex,
        "study-instance-uid": study.study_instance_uid,
        "accession": study.accession_number[:16],
        "modality": study.modality,
        "station-ae-title": station_of(study),
        "procedure": CONSULTATION_CODES[study.modality],
        "procedure-description": DESCRIPTIONS[study.modality],
        "reason": REASONS[study.modality],
        "referring-physician": "Wu^Rafael",
        "priority": "R",
    }
    return _run("integrations.simulators.his", words, timeout_s=120)


def send_images(study: JourneyStudy) -> dict[str, Any]:
    """The modality process sends the study by C-STORE; what became of its objects."""
    words = {
        "study": study.folder,
        "host": settings.DICOM_HOST,
        "port": settings.DICOM_PORT,
        "ae-title": station_of(study),
        "called": settings.DICOM_AE_TITLE,
    }
    return _run("integrations.simulators.modality", words, timeout_s=1200)


def station_of(study: JourneyStudy) -> str:
    return COUNTY_MR if study.modality == "MR" else COUNTY_CT


@contextmanager
def medical_record() -> Iterator[None]:
    """The county's record, listening: the one that runs beside the daemons, or else one of our own."""
    if _emr_listens():
        yield
        return
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_simulated_emr"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(_emr_listens, within_s=60, otherwise="The simulated medical record did not start")
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def filed_report(control_id: str) -> dict[str, Any] | None:
    """The report that the record has filed from this message; None while it has none."""
    path = settings.EMR_FOLDER / f"{control_id}.json"
    try:
        report: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return report


def _emr_listens() -> bool:
    link = Link.objects.filter(name=EMR_LINK).first()
    if link is None:
        raise JourneyFailed("There is no demo region here: run manage.py load_demo_region first.")
    try:
        with socket.create_connection((link.host, link.port or 0), timeout=2):
            return True
    except OSError:
        return False


def _run(module: str, words: dict[str, Any], *, timeout_s: float) -> dict[str, Any]:
    """Run a simulator to its end; the JSON object of its last line.

    Raises  JourneyFailed where it printed none.
    """
    options = [text for name, value in words.items() for text in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", module, *options],
        cwd=settings.BASE_DIR, env=os.environ, capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
    lines = done.stdout.strip().splitlines()
    try:
        outcome: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise JourneyFailed(f"{module} ended with status {done.returncode}: {last}") from None
    return outcome
