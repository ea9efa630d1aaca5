"""C-FIND over the wire: our SCU and DCMTK's findscu, statuses, cancelling, hostile identifiers."""

import struct
import time

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.presentation import build_context

from accounts.models import AuditEvent
from archive.mpi.models import Patient
from archive.studies.models import Study
from common.uids import derived_uid
from integrations.dicom.models import AERole
from integrations.dicom.scp.trail import query_trail
from integrations.dicom.scu.association import associate
from integrations.dicom.scu.echo import echo
from integrations.dicom.scu.find import PATIENT_ROOT_FIND, STUDY_ROOT_FIND, find_studies, study_query
from tests.integrations.dicom.retrieving import FINDSCU, dcmtk, found_by, hold_series, installed

CONTEXTS = [build_context(STUDY_ROOT_FIND), build_context(PATIENT_ROOT_FIND)]
DCMTK = pytest.mark.skipif(not installed(FINDSCU), reason="DCMTK is not installed")
ALL = {
    "PatientName": "", "PatientID": "", "StudyInstanceUID": "", "StudyDate": "", "AccessionNumber": "",
    "ModalitiesInStudy": "", "NumberOfStudyRelatedInstances": "", "RetrieveAETitle": "", "InstanceAvailability": "",
}  # fmt: skip


@pytest.fixture
def workstation(peer, modality):
    modality.roles = [AERole.STORAGE_SCU, AERole.QUERY_SCU]
    modality.save()
    return peer


@pytest.fixture
def held(workstation, cast):
    hold_series(cast.county, 3, study="a", series="a1", InstitutionName="县医院", OperatorsName="Ortiz^Ana")
    hold_series(
        cast.county,
        2,
        study="b",
        series="b1",
        PatientID="P2",
        PatientName="Müller^Jörg",
        StudyDate="20260401",
    )
    hold_series(cast.elsewhere, 1, study="c", series="c1")
    return workstation


def ask(peer, *, root="study", **query):
    with associate(peer, CONTEXTS) as assoc:
        return list(find_studies(assoc, study_query(**query), is_patient_root=root == "patient"))


def statuses(peer, identifier, sop_class=STUDY_ROOT_FIND):
    with associate(peer, CONTEXTS) as assoc:
        return [int(answer.Status) for answer, _ in assoc.send_c_find(identifier, sop_class)]


def raw_statuses(peer, encoded: bytes):
    """As `statuses`, of an identifier that no library would make."""
    with associate(peer, [build_context(STUDY_ROOT_FIND, ImplicitVRLittleEndian)]) as assoc:
        whole = Dataset()
        whole.QueryRetrieveLevel = "STUDY"
        return [int(answer.Status) for answer, _ in assoc.send_c_find(_Raw(encoded), STUDY_ROOT_FIND)]


def test_a_study_is_answered_with_its_attributes_and_where_it_can_be_had(held, settings):
    (answer,) = ask(held, **{**ALL, "PatientID": "P1"})

    assert answer.StudyInstanceUID == derived_uid("a")
    assert str(answer.PatientName) == "Li^Hua=李华"
    assert (answer.QueryRetrieveLevel, answer.RetrieveAETitle) == ("STUDY", settings.DICOM_AE_TITLE)
    assert (answer.ModalitiesInStudy, answer.NumberOfStudyRelatedInstances) == ("CT", 3)
    assert (answer.InstanceAvailability, answer.SpecificCharacterSet) == ("ONLINE", "ISO_IR 192")


def test_only_what_the_callers_site_may_see_is_found(held):
    assert {answer.StudyInstanceUID for answer in ask(held, **ALL)} == {derived_uid("a"), derived_uid("b")}


def test_every_level_of_both_models_answers(held):
    study, series = derived_uid("a"), derived_uid("a", "a1")

    assert len(ask(held, root="patient", level="PATIENT", PatientID="", PatientName="")) == 2
    assert len(ask(held, root="patient", level="STUDY", PatientID="P1", StudyInstanceUID="")) == 1
    (found,) = ask(
        held,
        level="SERIES",
        StudyInstanceUID=study,
        SeriesInstanceUID="",
        InstitutionName="",
        OperatorsName="ORTIZ*",
    )
    assert (found.SeriesInstanceUID, found.InstitutionName, found.OperatorsName) == (
        series,
        "县医院",
        "Ortiz^Ana",
    )
    images = ask(
        held, level="IMAGE", StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID="", InstanceNumber="",
        Rows="",
    )  # fmt: skip
    assert sorted(int(image.InstanceNumber) for image in images) == [1, 2, 3]
    assert {image.Rows for image in images} == {8}


def test_an_answer_is_in_the_nodes_character_set_where_it_can_be(held, modality):
    modality.character_set = "ISO_IR 100"
    modality.save()

    latin, chinese = sorted(
        ask(held, PatientName="", PatientID=""), key=lambda one: one.PatientID, reverse=True
    )

    assert (latin.SpecificCharacterSet, str(latin.PatientName)) == ("ISO_IR 100", "Müller^Jörg")
    assert (chinese.SpecificCharacterSet, str(chinese.PatientName)) == ("ISO_IR 192", "Li^Hua=李华")


def test_a_query_in_another_character_set_finds_the_same_name(held):
    query = study_query(PatientName="MÜLLER*", PatientID="")
    query.SpecificCharacterSet = "ISO_IR 100"

    with associate(held, CONTEXTS) as assoc:
        assert [answer.PatientID for answer in find_studies(assoc, query)] == ["P2"]


def test_optional_keys_nobody_answers_are_reported(held):
    assert statuses(held, study_query(PatientID="P1")) == [0xFF00, 0x0000]
    assert statuses(held, study_query(PatientID="P1", AcquisitionNumber="")) == [0xFF01, 0x0000]


@pytest.mark.parametrize(
    "query",
    [
        study_query(level="PATIENT", PatientID=""),
        study_query(level="SERIES", Modality="CT"),
        study_query(level="WARD"),
        study_query(StudyInstanceUID="not a uid"),
        study_query(PatientName="x" * 1_000_000),
    ],
    ids=["patient level", "no unique key", "no level", "no uid", "a million characters"],
)
def test_an_identifier_that_breaks_the_rules_is_refused(held, query):
    assert statuses(held, query) == [0xA900]


def test_dates_that_are_none_are_refused(held):
    query = study_query()
    query.add_new(0x00080020, "LO", "20261399")
    assert statuses(held, query) == [0xA900]


def test_a_node_that_may_not_query_gets_nothing(peer, cast):
    hold_series(cast.county, 1)

    assert statuses(peer, study_query(PatientID="")) == [0x0124]


def test_a_peer_that_cancels_gets_no_more(held, cast):
    patient, known = Patient.objects.earliest("pk"), Study.objects.earliest("pk")
    Study.objects.bulk_create(
        Study(
            study_instance_uid=f"2.25.9{number}", site=cast.county, patient=patient, received_at=known.received_at,
            trace_id=known.trace_id, study_description="x" * 64,
        )
        for number in range(20_000)
    )  # fmt: skip
    with associate(held, CONTEXTS) as assoc:
        responses = assoc.send_c_find(
            study_query(StudyInstanceUID="", StudyDescription=""), STUDY_ROOT_FIND, msg_id=7
        )
        first, _ = next(responses)
        assoc.send_c_cancel(7, None, STUDY_ROOT_FIND)
        rest = [int(answer.Status) for answer, _ in responses]

    assert first.Status == 0xFF00
    assert rest[-1] == 0xFE00
    assert len(rest) < 20_000


def test_a_relational_query_needs_no_key_above_where_that_was_agreed(held):
    from pynetdicom import AE  # noqa: PLC0415
    from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation  # noqa: PLC0415

    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = STUDY_ROOT_FIND, b"\x01\x00\x01"
    ae = AE(held.calling_ae_title)
    assoc = ae.associate(held.host, held.port, CONTEXTS, ae_title=held.called_ae_title, ext_neg=[item])
    try:
        granted = assoc.acceptor.sop_class_extended
        answers = assoc.send_c_find(study_query(level="SERIES", SeriesInstanceUID=""), STUDY_ROOT_FIND)
        found = [int(answer.Status) for answer, _ in answers]
    finally:
        assoc.release()

    assert granted == {STUDY_ROOT_FIND: b"\x01\x00\x00"}
    assert found == [0xFF00, 0xFF00, 0x0000]


class _Raw(Dataset):
    def __init__(self, encoded: bytes) -> None:
        super().__init__()
        self.encoded = encoded


def element(group, number, value: bytes) -> bytes:
    return struct.pack("<HHL", group, number, len(value)) + value


LEVEL = element(0x0008, 0x0052, b"STUDY ")


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = element(0x0040, 0x0275, struct.pack("<HHL", 0xFFFE, 0xE000, len(inner)) + inner)
    return inner


@pytest.mark.parametrize(
    "identifier",
    [
        LEVEL + element(0x0010, 0x0010, b"SMI\0TH*\0"),
        LEVEL + element(0x0010, 0x0020, b"P\x01\x02\x03"),
        LEVEL + nested(2000),
        LEVEL + struct.pack("<HHL", 0x0010, 0x0010, 0xFFFFFFF0) + b"abcd",
        LEVEL + struct.pack("<HHL", 0x0040, 0x0275, 0xFFFFFFFF) * 500,
        LEVEL + element(0x0008, 0x0020, b"20260101-2026-01"),
        element(0x0008, 0x0005, b"ISO_IR 9999 ") + LEVEL + element(0x0010, 0x0010, b"A\xff*?"),
        LEVEL + element(0x0010, 0x0010, b"*a" * 500),
        LEVEL + b"".join(element(0x0011, number, b"x ") for number in range(1, 6000)),
        b"\0" * 100_000,
        b"",
    ],
    ids=["nul", "control characters", "nested bomb", "length bomb", "undefined lengths", "bad range",
         "unknown character set", "wild card bomb", "too many elements", "zeros", "nothing"],
)  # fmt: skip
def test_a_hostile_identifier_is_refused_in_the_protocols_words_and_at_little_cost(
    held, identifier, monkeypatch
):
    monkeypatch.setattr("pynetdicom.association.encode", lambda ds, *_: ds.encoded or b"\0\0")
    began = time.monotonic()

    found = raw_statuses(held, identifier)

    assert found[-1] in {0xA900, 0xC000}
    assert time.monotonic() - began < 5
    echo(held)


def test_every_query_leaves_a_line_without_patient_data(held):
    ask(held, PatientID="P1")

    query_trail.write()
    line = AuditEvent.objects.get(action="studies.queried")
    assert line.actor == "dicom:COUNTY_CT1"
    assert line.detail == {"level": "STUDY", "answers": 1, "status": "0x0000"}


@DCMTK
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName=li*"], ["a"]),
        (["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyDate=20260301-20260331"], ["a"]),
        (
            ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=P?", "-k", "ModalitiesInStudy=CT"],
            ["a", "b"],
        ),
        (["-P", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=P2"], ["b"]),
        (["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyDate=20270101-"], []),
    ],
)
def test_dcmtk_finds_what_it_asks_for(held, arguments, found):
    result = dcmtk(FINDSCU, held, "-v", *arguments, "-k", "StudyInstanceUID", held.host, held.port)

    assert result.returncode == 0, result.stderr
    text = result.stdout + result.stderr
    assert {uid for uid in found_by(text, "StudyInstanceUID") if uid} == {
        derived_uid(study) for study in found
    }


def test_a_query_gets_no_more_answers_than_there_may_be(held, settings):
    settings.DICOM_FIND_AT_MOST = 1

    assert statuses(held, study_query(StudyInstanceUID="")) == [0xFF00, 0xA700]
