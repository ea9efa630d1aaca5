"""The modality worklist over the wire: our SCU and DCMTK's findscu."""

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from django.utils import timezone
from pydicom import dcmread
from pydicom.dataset import Dataset

from accounts.actors import SystemActor
from archive.mpi.services import register_patient
from archive.orders.models import Order
from archive.orders.services import receive_order
from archive.studies.queries.matching import date_range
from common.clock import parse_da, parse_tm
from common.errors import InvalidInput
from common.identifiers import Identifier
from integrations.dicom.models import AERole
from integrations.dicom.scu.find import find_worklist, worklist_query
from tests.integrations.dicom.retrieving import found_by

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


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"ScheduledProcedureStepStartTime": "0900-1100"}, {0, 1, 2}),
        ({"ScheduledProcedureStepStartTime": "110000-"}, set()),
        ({"Modality": "CT\\PT"}, {0, 2}),
        ({"Modality": "M*"}, {1}),
        ({"ScheduledStationAETitle": "NOBODY\\OTHER*"}, {0, 1, 2}),
        ({"ScheduledPerformingPhysicianName": "JOHNSON"}, set()),
        ({"ScheduledProcedureStepDescription": "CT*"}, {0, 1, 2}),
        ({"ScheduledProcedureStepStartDate": "20260303\\20260304"}, {1}),
    ],
    ids=str,
)
def test_keys_within_the_step_match_too(peer, orders, keys, found):
    query = worklist_query()
    for keyword, value in keys.items():
        setattr(
            query.ScheduledProcedureStepSequence[0], keyword, value.split("\\") if "\\" in value else value
        )

    entries = {entry.AccessionNumber for entry in find_worklist(peer, query)}

    assert entries == {orders[index].accession_number for index in found}


def test_what_an_order_does_not_know_is_answered_empty_and_codes_are_answered_whole(peer, orders):
    query = worklist_query(patient_id="P1")
    query.MedicalAlerts = query.PatientWeight = ""
    query.RequestedProcedureCodeSequence = [Dataset()]

    (entry,) = find_worklist(peer, query)

    assert (entry.MedicalAlerts, entry.PatientWeight) in {("", None), (None, None), ("", "")}
    code = entry.RequestedProcedureCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) == (
        "CTCHEST",
        "99COUNTY",
        "CT chest",
    )


@pytest.mark.skipif(not Path("/usr/bin/findscu").exists(), reason="DCMTK is not installed")
def test_every_query_of_dcmtks_examples_is_answered_as_its_entries_say(peer, cast, shared_data, tmp_path):
    folder = shared_data / "dicom" / "modality_worklist"
    entries = [dcmread(path, force=True) for path in sorted(folder.glob("entries/*.wl"))]
    placed = {place(cast.county, number, entry): entry for number, entry in enumerate(entries)}
    outcomes = {}
    for dump in sorted(folder.glob("queries/*.dump")):
        query = tmp_path / f"{dump.stem}.dcm"
        subprocess.run(["/usr/bin/dump2dcm", dump, query], check=True, capture_output=True)
        result = subprocess.run(
            ["/usr/bin/findscu", "-v", "-W", "-aet", peer.calling_ae_title, "-aec", peer.called_ae_title, peer.host,
             str(peer.port), query, "-k", "AccessionNumber"],
            capture_output=True, text=True, errors="replace", timeout=30, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        outcomes[dump.stem] = set(found_by(result.stdout + result.stderr, "AccessionNumber")) - {""}
        wanted = dcmread(query, force=True)
        assert outcomes[dump.stem] == {number for number, entry in placed.items() if fits(entry, wanted)}, (
            dump.stem
        )
    assert outcomes["wlistqry0"] == set(placed)
    assert any(0 < len(found) < len(placed) for found in outcomes.values())


def place(site, number, entry) -> str:
    """An order as the entry says; its accession number."""
    step, name = entry.ScheduledProcedureStepSequence[0], entry.PatientName
    patient = register_patient(
        identifiers=[Identifier(entry.PatientID, site.authority)], site=site, family_name=name.family_name,
        given_name=name.given_name, birth_date=parse_da(entry.PatientBirthDate), sex=entry.PatientSex, actor=ACTOR,
        source="his",
    )  # fmt: skip
    starts = dt.datetime.combine(
        parse_da(step.ScheduledProcedureStepStartDate) or dt.date.min,
        parse_tm(step.ScheduledProcedureStepStartTime) or dt.time.min,
    )
    placed = receive_order(
        site=site, patient=patient, placer_order_number=f"WL{number}", procedure_code="X",
        procedure_description=entry.RequestedProcedureDescription, service=Order.Service.IMAGING,
        priority="ROUTINE", modality=step.Modality, station_ae_title=str(station_of(step)),
        scheduled_at=timezone.make_aware(starts), ordered_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), actor=ACTOR,
    )  # fmt: skip
    return placed.accession_number


def station_of(step):
    """An entry may name several stations; an order here is for one."""
    named = step.ScheduledStationAETitle
    return named if isinstance(named, str) else named[0]


def fits(entry, query) -> bool:
    """Whether the entry matches by the keys an order here knows."""
    steps = query.get("ScheduledProcedureStepSequence")
    wanted = steps[0] if steps else Dataset()
    step = entry.ScheduledProcedureStepSequence[0]
    time = str(wanted.get("ScheduledProcedureStepStartTime") or "")
    return (
        wanted.get("Modality") in {None, "", step.Modality}
        and wanted.get("ScheduledStationAETitle") in {None, "", station_of(step)}
        and (not time or (time == "120000-" and step.ScheduledProcedureStepStartTime >= "120000"))
    )
