"""A pseudonym is told whom it stands for, to administrators of the site, for a purpose, with one line in the trail."""

import io

import pytest
from pydicom import dcmread

from accounts.actors import SystemActor
from accounts.models import AuditEvent, Membership
from archive.deidentification.keys import key_names
from archive.deidentification.reidentification import reidentify_pseudonym
from archive.deidentification.services import Profile, deidentify
from archive.storage.objects import read_object
from archive.studies.models import Instance
from common.errors import InvalidInput, NotFound, NotPermitted
from tests.portal.stored_images import store_ct

ASKED = {"key_name": "trial", "purpose": "care", "reference": "EC-2026/17"}
LINES = AuditEvent.objects.filter(action="patient.reidentified")


@pytest.fixture
def study(cast):
    return store_ct(cast.county).study


@pytest.fixture
def left(study, keys):
    """What leaves of the study under the key `trial`."""
    data = read_object(Instance.objects.filter(series__study=study)[0].storage_key)
    return dcmread(io.BytesIO(deidentify(data, profile=Profile(key_name="trial"))))


@pytest.fixture
def ines(cast):
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    return cast.ines


@pytest.mark.parametrize("keyword", ["PatientID", "PatientName"])
def test_the_pseudonym_of_a_patient_is_told_and_leaves_one_line(ines, study, left, keyword):
    found = reidentify_pseudonym(str(left[keyword].value), actor=ines, **ASKED)

    assert found.patient == study.patient
    line = LINES.get()
    assert (line.person, line.object_uid, line.outcome) == (ines, str(study.patient.uid), "success")
    assert line.detail == ASKED


def test_an_object_that_named_the_issuer_is_known_too(ines, study, keys):
    dataset = dcmread(io.BytesIO(read_object(Instance.objects.all()[0].storage_key)))
    dataset.IssuerOfPatientID = "COUNTY"
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    left = dcmread(io.BytesIO(deidentify(buffer.getvalue(), profile=Profile(key_name="trial"))))

    assert reidentify_pseudonym(left.PatientID, actor=ines, **ASKED).patient == study.patient


def test_the_pseudonymous_uid_of_a_study_is_told(ines, study, left):
    found = reidentify_pseudonym(left.StudyInstanceUID, actor=ines, **ASKED)

    assert (found.study, found.patient) == (study, study.patient)
    assert LINES.get().study_instance_uid == study.study_instance_uid


@pytest.mark.parametrize("who", ["theo", "rosa", "carla", "ivo", "otto"])
def test_others_are_refused_and_that_leaves_a_line_too(cast, left, who):
    with pytest.raises(NotPermitted):
        reidentify_pseudonym(left.PatientID, actor=getattr(cast, who), **ASKED)

    assert LINES.get().outcome == "refused"


def test_processes_may_not(left):
    with pytest.raises(NotPermitted):
        reidentify_pseudonym(left.PatientID, actor=SystemActor("routing"), **ASKED)


def test_an_administrator_of_another_site_learns_nothing(cast, left):
    with pytest.raises(NotFound):
        reidentify_pseudonym(left.PatientID, actor=cast.ines, **ASKED)

    line = LINES.get()
    assert (line.outcome, line.object_uid) == ("failed", "")


def test_another_key_made_another_pseudonym(ines, left):
    with pytest.raises(NotFound):
        reidentify_pseudonym(left.PatientID, actor=ines, **{**ASKED, "key_name": "other"})


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"purpose": ""}, "purpose"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"reference": ""}, "reference"),
        ({"reference": "张伟 asked"}, "reference"),
    ],
)
def test_nothing_is_told_without_a_purpose_and_an_approval(ines, left, changed, field):
    with pytest.raises(InvalidInput) as refused:
        reidentify_pseudonym(left.PatientID, actor=ines, **{**ASKED, **changed})

    assert list(refused.value.fields) == [field]
    assert not LINES.exists()


@pytest.mark.parametrize("typed", ["", "Zhang^Wei", "1.2.840.113619", "ABC", "A" * 200])
def test_what_is_no_pseudonym_is_refused_beside_its_field(ines, keys, typed):
    with pytest.raises(InvalidInput) as refused:
        reidentify_pseudonym(typed, actor=ines, **ASKED)

    assert list(refused.value.fields) == ["pseudonym"]


def test_a_key_that_is_not_held_is_refused(ines, left):
    with pytest.raises(InvalidInput) as refused:
        reidentify_pseudonym(left.PatientID, actor=ines, **{**ASKED, "key_name": "lost"})

    assert refused.value.code == "KEY_MISSING"


def test_the_keys_to_choose_from_are_those_held(keys, settings):
    assert key_names() == ["default", "other", "short", "trial"]
    settings.DEIDENTIFICATION_KEYS = ""
    assert key_names() == ["default"]
