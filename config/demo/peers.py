"""The hospital's systems around Consilium, simulated in processes of their own: HIS and modality."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from config.demo.addresses import Addresses
from config.demo.problems import JourneyFailed
from config.demo.region import CONSULTATION_CODES, COUNTY_CT, COUNTY_MR
from config.demo.studies import JourneyStudy

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTIONS = {"CT": "CT chest, remote consultation", "MR": "MR head, remote consultation"}
REASONS = {
    "CT": "Cough for six weeks, shadow in the right lung on chest radiograph",
    "MR": "Headache with progressive weakness of the left hand",
}


def order_consultation(
    study: JourneyStudy, addresses: Addresses, *, placer_order_number: str
) -> dict[str, Any]:
    """The HIS process orders a consultation by MLLP; what it was answered."""
    return outcome_of(
        start(
            "integrations.simulators.his",
            {
                "host": addresses.host,
                "port": addresses.hl7_port,
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
            },
        )
    )


def start_sending(study: JourneyStudy, addresses: Addresses) -> subprocess.Popen[str]:
    """The modality process sends the study by C-STORE, and again what was not acknowledged."""
    return start(
        "integrations.simulators.modality",
        {
            "study": study.folder,
            "host": addresses.host,
            "port": addresses.dicom_port,
            "ae-title": station_of(study),
            "called": addresses.dicom_ae_title,
        },
    )


def station_of(study: JourneyStudy) -> str:
    return COUNTY_MR if study.modality == "MR" else COUNTY_CT


def start(module: str, words: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a simulator with these options."""
    options = [text for name, value in words.items() for text in (f"--{name}", str(value))]
    return subprocess.Popen(
        [sys.executable, "-m", module, *options],
        cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def outcome_of(process: subprocess.Popen[str], *, within_s: float = 1200) -> dict[str, Any]:
    """Wait for a simulator's end; the JSON object of its last line.

    Raises  JourneyFailed where it printed none.
    """
    try:
        said, complained = process.communicate(timeout=within_s)
    except BaseException:
        process.kill()
        raise
    try:
        outcome: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    except (IndexError, ValueError):
        last = (complained.strip().splitlines() or ["it said nothing"])[-1]
        raise JourneyFailed(f"A simulator ended with status {process.returncode}: {last}") from None
    return outcome
