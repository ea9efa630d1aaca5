"""The conformance statement names what the catalogue offers, and the door's reasons, and nothing is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from integrations.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from integrations.dicom.scp.catalogue import SERVICES
from integrations.dicom.scp.server import MAXIMUM_PDU

STATEMENT = (Path(settings.BASE_DIR) / "docs" / "conformance" / "dicom.md").read_text()


def test_every_sop_class_of_the_catalogue_is_stated_as_provided():
    rows = dict(re.findall(r"\| ([0-9.]+) \| [^|]* \| ([^|]*) \|", STATEMENT))
    offered = {str(uid) for service in SERVICES for uid in service.sop_class_uids}
    assert {uid for uid, provided in rows.items() if provided.strip() == "yes"} == offered


def test_who_we_are_is_stated():
    for fact in (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, f"{MAXIMUM_PDU:,}".replace(",", " ")):
        assert fact in STATEMENT


def test_every_reason_of_the_door_is_stated():
    door = (Path(settings.BASE_DIR) / "integrations" / "dicom" / "nodes" / "admission.py").read_text()
    for reason in re.findall(r'Refusal\("([A-Z_]+)"', door):
        assert f"`{reason}`" in STATEMENT
