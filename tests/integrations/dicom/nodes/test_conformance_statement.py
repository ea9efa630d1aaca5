"""The conformance statement names what the catalogue offers, whom it is offered to, and where it ends."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from django.conf import settings
from pydicom.datadict import keyword_for_tag

from archive.deidentification.options import BASIC_PROFILE, CODES, Option, Profile
from archive.orders.worklist import _ATTRIBUTES, _STEP_ATTRIBUTES
from archive.studies.corrections.reasons import NOTES
from archive.studies.datasets import DEEPEST, LARGEST, MOST_ELEMENTS
from archive.studies.queries.catalogue import _ATTRIBUTES as QUERY_KEYS
from archive.studies.queries.requests import Level
from common.errors import InvalidInput
from integrations.dicom.commitment import messages
from integrations.dicom.models import AERole
from integrations.dicom.nodes.quirks import Quirk
from integrations.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from integrations.dicom.performed.datasets import MOST_INSTANCES, MOST_SERIES
from integrations.dicom.scp import association, provider, wire
from integrations.dicom.scp.catalogue import SERVICES, Service
from integrations.dicom.scp.server import ACSE_TIMEOUT_S, IDLE_S, MAXIMUM_PDU

DOCS = Path(settings.BASE_DIR) / "docs"
STATEMENT = (DOCS / "conformance" / "dicom.md").read_text()
OVERVIEW = [
    [cell.strip() for cell in line.strip("| ").split(" |")]
    for line in STATEMENT.partition("## 2 ")[0].splitlines()
    if re.search(r"\| 1\.2\.840\.", line)
]
ROWS = {row[1]: row for row in OVERVIEW}


def named(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def test_every_sop_class_of_the_catalogue_is_stated_as_provided():
    offered = {str(uid) for service in SERVICES for uid in service.sop_class_uids}
    assert {uid for uid, row in ROWS.items() if row[3] == "yes"} - {"1.2.840.10008.5.1.4.1.1.*"} == offered


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.handler.__name__)
def test_a_service_asks_for_the_role_that_is_stated(service: Service):
    asked = re.findall(
        r"role=AERole\.(\w+)|answered\(event, AERole\.(\w+)", inspect.getsource(service.handler)
    )
    roles = {AERole[first or second] for first, second in asked}
    for uid in service.sop_class_uids:
        stated = set(re.findall(r"`(\w+)`", ROWS[uid][4]))
        assert roles <= stated, uid
        assert bool(stated) == any(
            "AERole." in inspect.getsource(other.handler) for other in SERVICES if uid in other.sop_class_uids
        )


def test_every_role_a_node_may_hold_is_stated_and_none_that_there_is_not():
    stated = {role for row in OVERVIEW for cell in row[4:] for role in re.findall(r"`(\w+)`", cell)}
    assert stated == set(AERole.values)


def test_roles_stand_on_the_side_they_are_for():
    for row in OVERVIEW:
        callers = set(re.findall(r"`(\w+)`", row[4])) - {
            "commitment_scp"
        }  # it answers us on its own association
        called = set(re.findall(r"`(\w+)`", [*row, ""][5]))
        assert all(role.endswith("_scu") for role in callers), row[0]
        assert all(role.endswith("_scp") for role in called), row[0]


def test_who_we_are_is_stated():
    for fact in (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, named(MAXIMUM_PDU)):
        assert fact in STATEMENT


def test_every_reason_of_the_door_is_stated():
    door = (Path(settings.BASE_DIR) / "integrations" / "dicom" / "nodes" / "admission.py").read_text()
    for reason in re.findall(r'Refusal\("([A-Z_]+)"', door):
        assert f"`{reason}`" in STATEMENT


def test_limits_are_stated_as_they_are():
    assert f"| a PDU | {wire.LARGEST_PDU >> 20} MiB |" in STATEMENT
    assert f"| a command set | {provider.LARGEST_COMMAND >> 10} KiB |" in STATEMENT
    assert f"| {provider.LARGEST_IDENTIFIER >> 20} MiB |" in STATEMENT
    identifier = f"{LARGEST >> 20} MiB, {named(MOST_ELEMENTS)} elements, {DEEPEST} levels deep"
    assert f"| an identifier | {identifier}; 0xA900 |" in STATEMENT
    assert f"within {ACSE_TIMEOUT_S} s" in STATEMENT
    assert f"for {wire.STALLED_S} s" in STATEMENT
    assert f"idle for {IDLE_S} s" in STATEMENT
    assert f"| {association.WAITING_PER_ADDRESS} |" in STATEMENT
    for status in ("0x0106", "0x0115"):
        assert f"| {named(messages.MOST_REFERENCES)}, {status} |" in STATEMENT
    assert f"| {named(MOST_INSTANCES)} in {named(MOST_SERIES)} series, 0x0106 |" in STATEMENT
    for setting in ("DICOM_LARGEST_OBJECT_MIB", "DICOM_FIND_AT_MOST", "DICOM_RETRIEVE_AT_MOST"):
        shipped = getattr(settings, setting)
        assert f"`{setting}` (as shipped {named(shipped) if shipped > 9999 else shipped})" in STATEMENT


def test_every_key_of_queries_is_stated_at_its_level_as_matched_or_not():
    queries = STATEMENT.partition("### 3.4 ")[2].partition("### 3.5 ")[0]
    for level in Level:
        line = next(line for line in queries.splitlines() if line.startswith(f"| {level.name} |"))
        matched, _, answered = line.partition("answered only")
        for tag, attribute in QUERY_KEYS.items():
            if attribute.level is level:
                is_matched = attribute.matcher or (attribute.is_json and attribute.column)
                words = matched if is_matched or tag in {0x00100010, 0x00100020} else answered
                assert keyword_for_tag(tag) in words, keyword_for_tag(tag)


def test_every_key_of_the_worklist_is_stated_as_matched_or_not():
    worklist = STATEMENT.partition("### 3.5 ")[2].partition("### 3.6 ")[0]
    matched, of_step, answered, empty = (
        line for line in worklist.splitlines() if re.match(r"\| .*answered", line)
    )
    by_statement = {0x00100010, 0x00100020, 0x00400001}  # names, identifiers and stations
    for attributes, line in ((_ATTRIBUTES, matched), (_STEP_ATTRIBUTES, of_step)):
        for tag, attribute in attributes.items():
            keyword = keyword_for_tag(tag)
            is_matched = attribute.matcher is not None or tag in by_statement
            assert keyword in (line if is_matched else answered + empty), keyword


def test_codes_of_rejection_and_quirks_are_stated():
    for code in NOTES:
        assert f"| {code.value}, DCM |" in STATEMENT
    for quirk in Quirk:
        assert f"`{quirk.value}`" in STATEMENT, quirk


def test_options_of_de_identification_are_stated_as_they_are_done():
    assert BASIC_PROFILE[0] in STATEMENT
    for option in Option:
        stated = re.search(rf"\| {CODES[option][0]} \| (yes|no)", STATEMENT)
        assert stated, option
        try:
            Profile(frozenset([option]))
        except InvalidInput:
            assert stated[1] == "no", option
        else:
            assert stated[1] == "yes", option
