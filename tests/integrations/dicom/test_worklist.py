"""The modality worklist over the wire: our SCU and DCMTK's findscu."""

import datetime as dt
import subprocess
from pathlib import Path

import pytest

from accounts.actors import SystemActor
from archive.mpi.services import register_patient
from archive.orders.models import Order
from archive.orders.services import receive_order
from common.errors import InvalidInput
from common.identifiers import Identifier
from integrations.dicom.models import AERole
from integrations.dicom.scp.worklist import date_range
from integrations.dicom.scu.find import find_worklist, worklist_query

ACTOR = SystemActor("hl7:his")


def order(site, number, family="Li", *, modality="CT", station="", day=2):
    patient = register_patient(
        identifiers=[Identifier(f"P{number}", site.authority)], site=site, family_name=family,
        given_name="Hua", ideographic_name="李华", birth_date=dt.date(1960, 1, 1), sex="F", actor=ACTOR,
        source="his",
    )  # fmt: skip
    return receive_order(
        site=site, patient=patient, placer_order_number=f"PL{number}", procedure_code="CTCHEST",
        procedure_description="CT chest", service=Order.Service.IMAGING, priority="ROUTINE",
        modality=modality, station_ae_title=station,
        scheduled_at=dt.datetime(2026, 3, day, 2, tzinfo=dt.UTC),
        ordered_at=dt.datetime(2026, 3, 1, 7, tzinfo=dt.UTC), actor=ACTOR,
    )  # fmt: skip


@pytest.fixture
def orders(peer, cast):
    return [
        order(cast.county, 1),
        order(cast.county, 2, "Wang", modality="MR", day=3),
        order(cast.county, 3, "Lin", station="OTHER_CT"),
        order(cast.elsewhere, 4),
    ]


def accessions(peer, **keys):
    return [entry.AccessionNumber for entry in find_worklist(peer, worklist_query(**keys))]


def test_an_entry_holds_what_a_modality_needs(peer, orders):
    (entry,) = find_worklist(peer, worklist_query(patient_id="P1"))

    step = entry.ScheduledProcedureStepSequence[0]
    assert entry.StudyInstanceUID == orders[0].study_instance_uid
    assert (entry.PatientID, entry.PatientBirthDate, entry.PatientSex) == ("P1", "19600101", "F")
    assert entry.PatientName.ideographic == "李华"
    assert entry.RequestedProcedureID == orders[0].requested_procedure_id
    assert (step.Modality, step.ScheduledProcedureStepStartDate) == ("CT", "20260302")


def test_only_the_calling_sites_entries_are_shown(peer, orders):
    assert accessions(peer) == [
        orders[0].accession_number,
        orders[2].accession_number,
        orders[1].accession_number,
    ]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"patient_name": "L*"}, {0, 2}),
        ({"patient_name": "WANG*"}, {1}),
        ({"patient_name": "*"}, {0, 1, 2}),
        ({"patient_id": "P3"}, {2}),
        ({"patient_id": "P9"}, set()),
        ({"modality": "MR"}, {1}),
        ({"station_ae_title": "COUNTY_CT1"}, {0, 1}),
        ({"station_ae_title": "OTHER_CT"}, {0, 1, 2}),
        ({"date": "20260302"}, {0, 2}),
        ({"date": "20260303-"}, {1}),
        ({"date": "-20260302"}, {0, 2}),
        ({"date": "20260301-20260303", "modality": "CT"}, {0, 2}),
    ],
)
def test_keys_match_as_the_standard_says(peer, orders, keys, found):
    assert set(accessions(peer, **keys)) == {orders[index].accession_number for index in found}


def test_a_key_that_is_no_date_is_refused_in_dicoms_words(peer, orders):
    with pytest.raises(InvalidInput, match="0xA900"):
        accessions(peer, date="tomorrow")


def test_an_ae_that_only_stores_may_not_read_the_worklist(peer, modality, orders):
    modality.roles = [AERole.STORAGE_SCU]
    modality.save()

    with pytest.raises(InvalidInput, match="0x0124"):
        accessions(peer)


@pytest.mark.skipif(not Path("/usr/bin/findscu").exists(), reason="DCMTK is not installed")
def test_dcmtk_reads_the_worklist(peer, orders):
    result = subprocess.run(
        ["/usr/bin/findscu", "-W", "-aet", peer.calling_ae_title, "-aec", peer.called_ae_title,
         peer.host, str(peer.port), "-k", "AccessionNumber", "-k", "PatientID=P1",
         "-k", "ScheduledProcedureStepSequence[0].Modality=CT"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert result.returncode == 0
    assert orders[0].accession_number in result.stdout + result.stderr


@pytest.mark.parametrize("key", ["-", "2026", "20260230", "20260301-x"])
def test_what_is_no_date_range_is_refused(key):
    with pytest.raises(InvalidInput):
        date_range(key)
