"""Queries against the index: every kind of matching, each level, and what a site may see."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AccessGrant, Role
from archive.mpi.models import Patient
from archive.mpi.names import sound_of, sound_sql
from archive.studies.queries.matching import matches_patient_name
from archive.studies.queries.requests import Key, Level, Query
from archive.studies.queries.search import search
from archive.studies.selectors import studies_of_site
from common.errors import InvalidInput
from tests.archive.studies.indexed import MR, NOW, add_patient, add_study, identify

TAGS = {
    "PatientName": (0x00100010, "PN"), "PatientID": (0x00100020, "LO"), "IssuerOfPatientID": (0x00100021, "LO"),
    "PatientBirthDate": (0x00100030, "DA"), "PatientSex": (0x00100040, "CS"),
    "OtherPatientIDs": (0x00101000, "LO"), "StudyDate": (0x00080020, "DA"), "StudyTime": (0x00080030, "TM"),
    "AccessionNumber": (0x00080050, "SH"), "ModalitiesInStudy": (0x00080061, "CS"),
    "SOPClassesInStudy": (0x00080062, "UI"), "ReferringPhysicianName": (0x00080090, "PN"),
    "StudyDescription": (0x00081030, "LO"), "StudyInstanceUID": (0x0020000D, "UI"), "StudyID": (0x00200010, "SH"),
    "NumberOfStudyRelatedSeries": (0x00201206, "IS"), "NumberOfStudyRelatedInstances": (0x00201208, "IS"),
    "NumberOfPatientRelatedStudies": (0x00201200, "IS"), "Modality": (0x00080060, "CS"),
    "SeriesNumber": (0x00200011, "IS"), "SeriesInstanceUID": (0x0020000E, "UI"),
    "InstitutionName": (0x00080080, "LO"), "OperatorsName": (0x00081070, "PN"), "SeriesDate": (0x00080021, "DA"),
    "SliceThickness": (0x00180050, "DS"), "SOPInstanceUID": (0x00080018, "UI"), "InstanceNumber": (0x00200013, "IS"),
    "InstanceAvailability": (0x00080056, "CS"), "AcquisitionNumber": (0x00200012, "IS"),
    "ProcedureCodeSequence": (0x00081032, "SQ"), "RequestAttributesSequence": (0x00400275, "SQ"),
}  # fmt: skip


def key(keyword, value="", items=()):
    tag, vr = TAGS[keyword]
    return Key(tag, vr, tuple(value.split("\\")) if value else (), tuple(items))


def find(
    site, level=Level.STUDY, *, patient_root=False, relational=True, combined=False, keys=None, **wanted
):
    asked = tuple(keys or ()) + tuple(key(keyword, value) for keyword, value in wanted.items())
    query = Query(level, asked, patient_root, relational, combined)
    answers = search(query, within=studies_of_site(site))
    names = {tag: keyword for keyword, (tag, _) in TAGS.items()}
    return [
        {names[column.tag]: value for column, value in zip(answers.columns, row, strict=True)}
        for row in answers.rows
    ]


def accessions(site, **wanted):
    found = find(site, **{"AccessionNumber": "", **wanted})
    return sorted(row["AccessionNumber"] for row in found)


@pytest.fixture
def index(cast):
    county = cast.county
    smith = add_patient(county, "SMITH1", "JOHN", "P1", sex="M")
    smyth = add_patient(county, "Smith12", "Ann", "P12", birth=None, sex="U")
    li = add_patient(county, "Li", "Hua", "P3", ideographic="李华")
    muller = add_patient(county, "Müller", "Jörg", "Q%4")
    identify(smith, cast.provincial, "PROV-9")
    add_study(
        county, smith, 1, date=dt.date(2026, 1, 5), time=dt.time(8, 0, 30), modalities=("CT", "MR"),
        study_description="CT chest", referring_physician_name="House^Gregory",
        attributes={
            "00081032": {
                "vr": "SQ",
                "Value": [
                    {"00080100": {"vr": "SH", "Value": ["CTCH"]}, "00080102": {"vr": "SH", "Value": ["L"]}},
                    {"00080100": {"vr": "SH", "Value": ["CTAB"]}, "00080102": {"vr": "SH", "Value": ["M"]}},
                ],
            }
        },
    )  # fmt: skip
    add_study(county, smyth, 2, date=dt.date(2026, 1, 31), time=dt.time(23, 59, 59), modalities=("MR",))
    add_study(county, li, 3, date=dt.date(2026, 2, 1), time=dt.time(0, 0), study_description="CT_head 100%")
    add_study(county, muller, 4)
    add_study(cast.provincial, smith, 5, date=dt.date(2026, 1, 6), time=dt.time(12, 0))
    add_study(
        cast.elsewhere, add_patient(cast.elsewhere, "SMITH1", "ELSE", "P1"), 6, date=dt.date(2026, 1, 5)
    )
    return county


ALL = ["A1", "A2", "A3", "A4"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ALL),
        ({"PatientID": "P1"}, ["A1"]),
        ({"PatientID": "P1*"}, ["A1", "A2"]),
        ({"PatientID": "P?"}, ["A1", "A3"]),
        ({"PatientID": "Q%4"}, ["A4"]),
        ({"PatientID": "P1\\P3"}, ["A1", "A3"]),
        ({"PatientID": "%"}, []),
        ({"PatientID": "PROV-9"}, []),
        ({"PatientID": "PROV-9", "IssuerOfPatientID": "PROV"}, ["A1"]),
        ({"PatientID": "P1", "IssuerOfPatientID": "ELSE"}, []),
        ({"PatientName": "smith1*"}, ["A1", "A2"]),
        ({"PatientName": "SMITH1^*"}, ["A1"]),
        ({"PatientName": "Smith1"}, ["A1"]),
        ({"PatientName": "smith1^john^Q"}, []),
        ({"PatientName": "smith1^john^^"}, ["A1"]),
        ({"PatientName": "^ann"}, ["A2"]),
        ({"PatientName": "*i*"}, ["A1", "A2", "A3"]),
        ({"PatientName": "MULLER^jorg"}, ["A4"]),
        ({"PatientName": "m_ller*"}, []),
        ({"PatientName": "李*"}, ["A3"]),
        ({"PatientName": "李^华"}, ["A3"]),
        ({"PatientName": "Li^Hua=李^华"}, ["A3"]),
        ({"PatientName": "=王*"}, []),
        ({"PatientName": "*"}, ALL),
        ({"PatientBirthDate": '""'}, ["A2"]),
        ({"PatientSex": "M"}, ["A1"]),
        ({"StudyDate": "20260105"}, ["A1"]),
        ({"StudyDate": "20260101-20260131"}, ["A1", "A2"]),
        ({"StudyDate": "20260131-"}, ["A2", "A3"]),
        ({"StudyDate": "-20260105"}, ["A1"]),
        ({"StudyDate": '""'}, ["A4"]),
        ({"StudyTime": "0800"}, ["A1"]),
        ({"StudyTime": "000000-0800"}, ["A1", "A3"]),
        ({"StudyDate": "20260105-20260201", "StudyTime": "12-"}, ["A2"]),
        ({"StudyDate": "20260105-20260201", "StudyTime": "0801-000000", "combined": True}, ["A2", "A3"]),
        ({"ModalitiesInStudy": "MR"}, ["A1", "A2"]),
        ({"ModalitiesInStudy": "MR\\PT"}, ["A1", "A2"]),
        ({"SOPClassesInStudy": MR}, ["A1", "A2"]),
        ({"StudyDescription": "CT*"}, ["A1", "A3"]),
        ({"StudyDescription": "CT_head 100%"}, ["A3"]),
        ({"StudyDescription": "ct chest"}, []),
        ({"ReferringPhysicianName": "house*"}, ["A1"]),
        ({"ReferringPhysicianName": "House"}, ["A1"]),
        ({"StudyInstanceUID": "2.25.1\\2.25.3\\2.25.99"}, ["A1", "A3"]),
        ({"AccessionNumber": "A?"}, ALL),
    ],
    ids=str,
)  # fmt: skip
def test_studies_match_as_the_standard_says(index, wanted, found):
    assert accessions(index, **wanted) == found


def test_a_sequence_matches_where_one_item_matches_every_key(index):
    def coded(code, scheme):
        within = [Key(0x00080100, "SH", (code,)), Key(0x00080102, "SH", (scheme,) if scheme else ())]
        return accessions(index, keys=[key("ProcedureCodeSequence", items=within)])

    assert coded("CTCH", "L") == ["A1"]
    assert coded("CT*", "") == ["A1"]
    assert coded("CTCH", "M") == []


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"InstitutionName": "Coun*"}, 2),
        ({"InstitutionName": "Provincial"}, 0),
        ({"OperatorsName": "ortiz"}, 2),
        ({"SeriesDate": "20260101-20260131"}, 2),
        ({"SeriesDate": "-20251231"}, 0),
        ({"SliceThickness": "1.250"}, 2),
        ({"Modality": "CT"}, 1),
        ({"SeriesNumber": "2"}, 1),
        ({"Modality": '""'}, 0),
        ({"InstitutionName": '""'}, 0),
    ],
    ids=str,
)
def test_series_match_by_columns_and_by_optional_keys(index, wanted, count):
    found = find(index, Level.SERIES, relational=False, StudyInstanceUID="2.25.1", **wanted)

    assert len(found) == count


def test_a_study_is_answered_with_todays_demographics_and_its_sites_identifier(index, cast):
    patient = Patient.objects.get(matching_name="smith1^john")
    patient.family_name = "SMITH-JONES"
    patient.save(update_fields=["family_name"])

    (row,) = find(
        index, StudyInstanceUID="2.25.1", PatientName="", PatientID="", IssuerOfPatientID="", OtherPatientIDs="",
        PatientSex="", PatientBirthDate="", StudyDate="", StudyTime="", ModalitiesInStudy="",
        NumberOfStudyRelatedSeries="", NumberOfStudyRelatedInstances="", InstanceAvailability="",
    )  # fmt: skip

    assert row == {
        "StudyInstanceUID": "2.25.1", "PatientName": "SMITH-JONES^JOHN", "PatientID": "P1",
        "IssuerOfPatientID": "COUNTY", "OtherPatientIDs": "PROV-9", "PatientSex": "M",
        "PatientBirthDate": "19600101", "StudyDate": "20260105", "StudyTime": "080030",
        "ModalitiesInStudy": "CT\\MR", "NumberOfStudyRelatedSeries": "2", "NumberOfStudyRelatedInstances": "4",
        "InstanceAvailability": "ONLINE",
    }  # fmt: skip
    assert accessions(index, PatientName="smith-jones") == ["A1"]


@pytest.mark.parametrize(
    ("name", "is_found"),
    [
        ("adams", True),
        ("Adams^John", True),
        ("Adams^John*", True),
        ("Adams^John^Robert*", True),
        ("Adams^John^Robert Quincy^Rev.", True),
        ("Adams^John^Robert Quincy^Rev.^B.A. M.Div.", True),
        ("Adams^John^*^rev.^*", True),
        ("Adams^^^^B.A.*", True),
        ("*quincy*", True),
        ("Adams^John^Quincy", False),
        ("Adams^John^^Dr.", False),
        ("Adams^John^Robert Quincy^Rev.^B.A.", False),
        ("Adams^Jo", False),
    ],
)
def test_all_five_components_of_a_name_are_matched(index, cast, name, is_found):
    """The name of PS3.5 §6.2.1.1's first example."""
    adams = add_patient(cast.county, "Adams", "John", "P9")
    adams.middle_name, adams.name_prefix, adams.name_suffix = "Robert Quincy", "Rev.", "B.A. M.Div."
    adams.save()
    add_study(cast.county, adams, 9)

    assert accessions(index, PatientName=name) == (["A9"] if is_found else [])


def test_all_five_components_of_a_name_are_answered(index, cast):
    whole = add_patient(cast.county, "Adams", "John", "P9")
    whole.middle_name, whole.name_prefix, whole.name_suffix = "Robert Quincy", "Rev.", "B.A. M.Div."
    whole.save()
    doctor = add_patient(cast.county, "Morrison-Jones", "Susan", "P10", ideographic="苏珊")
    doctor.name_suffix = "Ph.D."
    doctor.save()
    add_study(cast.county, whole, 9)
    add_study(cast.county, doctor, 10)

    names = [find(index, PatientID=number, PatientName="")[0]["PatientName"] for number in ("P9", "P10")]

    assert names == ["Adams^John^Robert Quincy^Rev.^B.A. M.Div.", "Morrison-Jones^Susan^^^Ph.D.=苏珊"]
    assert names == [whole.person_name, doctor.person_name]


def test_a_name_that_is_begun_is_looked_up_in_the_index_of_names(index):
    Patient.objects.bulk_create(
        Patient(matching_name=f"family{number}^given", registered_at=NOW) for number in range(2000)
    )
    condition = matches_patient_name("matching_name", "ideographic_name", ["Smith1^John"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mpi_patient")
        cursor.execute(f"EXPLAIN SELECT 1 FROM mpi_patient WHERE {condition.sql}", condition.parameters)  # noqa: S608
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "patient_matching" in plan
    assert "patient_matching_parts" not in plan


def test_patients_are_found_once_for_each_site_that_knows_them(index, cast):
    assert find(
        index, Level.PATIENT, patient_root=True, PatientID="P1", NumberOfPatientRelatedStudies=""
    ) == [{"PatientID": "P1", "NumberOfPatientRelatedStudies": "1"}]
    assert len(find(index, Level.PATIENT, patient_root=True, PatientName="*")) == 4


def test_images_are_found_below_their_series(index):
    found = find(
        index, Level.IMAGE, relational=False, StudyInstanceUID="2.25.1", SeriesInstanceUID="2.25.1.2",
        SOPInstanceUID="", InstanceNumber="2",
    )  # fmt: skip

    assert [row["SOPInstanceUID"] for row in found] == ["2.25.1.2.2"]


def test_a_site_sees_what_is_shared_with_it_as_long_as_it_is(index, cast):
    assert accessions(cast.provincial) == ["A5"]
    grant = AccessGrant.objects.create(
        study_instance_uid="2.25.1", site=cast.provincial, role=Role.RADIOLOGIST, cause="case", granted_at=NOW
    )
    assert accessions(cast.provincial) == ["A1", "A5"]
    assert accessions(cast.provincial, PatientID="P1") == ["A1"]
    assert accessions(cast.elsewhere) == ["A6"]

    grant.revoked_at = NOW
    grant.save()
    assert accessions(cast.provincial) == ["A5"]


def test_what_cannot_be_answered_or_matched_is_reported(index):
    query = Query(
        Level.STUDY, (key("AcquisitionNumber"), key("Modality"), key("NumberOfStudyRelatedSeries", "2")),
        is_relational=True
    )  # fmt: skip

    answers = search(query, within=studies_of_site(index))

    assert set(answers.unsupported) == {TAGS["AcquisitionNumber"][0], TAGS["Modality"][0], 0x00201206}


@pytest.mark.parametrize(
    ("level", "patient_root", "wanted", "code"),
    [
        (Level.PATIENT, False, {"PatientID": "P1"}, "QUERY_LEVEL"),
        (Level.SERIES, False, {"Modality": "CT"}, "UNIQUE_KEY_MISSING"),
        (Level.IMAGE, False, {"StudyInstanceUID": "1.2"}, "UNIQUE_KEY_MISSING"),
        (Level.STUDY, True, {"StudyInstanceUID": "1.2"}, "UNIQUE_KEY_MISSING"),
        (Level.STUDY, False, {"StudyDate": "tomorrow"}, "DATE_KEY"),
        (Level.STUDY, False, {"StudyTime": "99"}, "TIME_KEY"),
        (Level.STUDY, False, {"StudyInstanceUID": "1.2; DROP"}, "KEY_UID"),
        (Level.STUDY, False, {"PatientName": "x" * 1_000_000}, "KEY_TOO_LONG"),
        (Level.STUDY, False, {"PatientName": "*a" * 40}, "KEY_TOO_LONG"),
    ],
)
def test_a_query_that_breaks_the_rules_is_refused_by_name(cast, level, patient_root, wanted, code):
    with pytest.raises(InvalidInput) as refused:
        find(cast.county, level, patient_root=patient_root, relational=False, **wanted)

    assert refused.value.code == code


def test_a_request_is_one_statement_however_much_it_finds(index, cast):
    patient = Patient.objects.get(matching_name="li^hua")
    everything = dict.fromkeys(TAGS, "")
    with CaptureQueriesContext(
        connection,
    ) as few:
        assert len(find(index, **everything)) == 4
    for number in range(100, 160):
        add_study(index, patient, number, slices=1)
    with CaptureQueriesContext(connection) as many:
        assert len(find(index, **everything)) == 64
    assert (len(few), len(many)) == (1, 1)


def test_a_reader_that_stops_early_leaves_the_connection_usable(index):
    answers = search(
        Query(Level.IMAGE, (key("SOPInstanceUID"),), is_relational=True), within=studies_of_site(index)
    )
    next(answers.rows)
    answers.rows.close()

    assert accessions(index) == ALL


def test_the_database_and_we_agree_on_how_a_name_sounds(db):
    names = ("smith", "smyth", "schmidt", "jonson", "johnsen", "o'neil", "李", "smith12", "", "müller")
    said = {}
    with connection.cursor() as cursor:
        for name in names:
            sql = f"SELECT {sound_sql('x.name', 2)} FROM (SELECT %s::text AS name) x"  # noqa: S608 - ours alone
            cursor.execute(sql, [f"family^{name}"])
            said[name] = cursor.fetchone()[0]

    assert said == {name: sound_of(name) for name in names}
    assert (said["smith"], said["johnsen"]) == (said["smyth"], said["jonson"]) == ("s53", "j525")
    assert said["schmidt"] != said["smith"]
