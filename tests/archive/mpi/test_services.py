"""Registering patients. Merging is not here: it does not exist yet."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from accounts.services import grant_studies
from archive.mpi.models import Patient, PatientIdentifier
from archive.mpi.selectors import find_patient, visible_patients
from archive.mpi.services import register_patient
from common.errors import Conflict, InvalidInput
from common.identifiers import Authority, Identifier
from tests.archive.orders.orders import place_order
from tests.personas import Cast

HIS = SystemActor("hl7:county-his", "county")
PAUL_COUNTY = Identifier("1001", Authority("COUNTY", "2.25.1002", "ISO"))
PAUL_PROVINCIAL = Identifier("P-77", Authority("PROV", "2.25.1001", "ISO"))


def register(cast: Cast, *identifiers: Identifier, **changes: object) -> Patient:
    facts: dict[str, object] = {
        "identifiers": identifiers or (PAUL_COUNTY,),
        "site": cast.county,
        "family_name": "Li",
        "given_name": "Paul",
        "birth_date": dt.date(1960, 5, 4),
        "sex": "M",
        "actor": HIS,
        "source": "hl7:county-his",
    }
    return register_patient(**(facts | changes))  # type: ignore[arg-type]


def test_registering_twice_gives_one_patient_and_one_line_in_the_trail(cast):
    first, second = register(cast), register(cast)

    assert first == second
    assert Patient.objects.count() == 1
    assert [event.action for event in AuditEvent.objects.all()] == ["patient.registered"]


def test_a_companion_identifier_is_linked_to_the_patient_already_known(cast):
    paul = register(cast, PAUL_COUNTY)
    register(cast, PAUL_COUNTY, PAUL_PROVINCIAL)

    assert find_patient(PAUL_PROVINCIAL) == paul
    assert PatientIdentifier.objects.get(value="P-77").site == cast.provincial


def test_the_same_number_of_another_authority_is_another_patient(cast):
    paul = register(cast, PAUL_COUNTY)
    other = register(cast, Identifier("1001", Authority("PROV")), site=cast.provincial)

    assert paul != other


def test_identifiers_of_two_patients_are_refused_and_change_nothing(cast):
    register(cast, PAUL_COUNTY)
    register(cast, PAUL_PROVINCIAL)

    with pytest.raises(Conflict) as refusal:
        register(cast, PAUL_COUNTY, PAUL_PROVINCIAL)

    assert refusal.value.code == "IDENTIFIERS_DISAGREE"
    assert Patient.objects.count() == 2


def test_a_patient_without_identifier_is_refused_by_field(cast):
    with pytest.raises(InvalidInput) as refusal:
        register(cast, Identifier("", Authority("COUNTY")))
    assert set(refusal.value.fields) == {"identifiers"}


def test_what_an_image_says_fills_blanks_only_but_the_record_keeper_corrects(cast):
    register(cast, birth_date=None)
    register(cast, family_name="LI?", birth_date=dt.date(1960, 5, 4), source="dicom:CT1")
    paul = find_patient(PAUL_COUNTY)
    assert paul is not None
    assert (paul.family_name, paul.birth_date) == ("Li", dt.date(1960, 5, 4))

    register(cast, family_name="Liu", sex="U", overwrite=True)
    paul.refresh_from_db()
    assert (paul.family_name, paul.sex) == ("Liu", "M")


def test_a_merged_patients_identifier_finds_the_survivor(cast):
    paul, double = register(cast, PAUL_COUNTY), register(cast, PAUL_PROVINCIAL)
    Patient.objects.filter(pk=double.pk).update(merged_into=paul)

    assert find_patient(PAUL_PROVINCIAL) == paul


def test_staff_see_their_own_sites_patients_and_otto_does_not(cast):
    paul = register(cast)

    assert list(visible_patients(cast.rafael)) == [paul]
    assert not visible_patients(cast.otto).exists()
    assert not visible_patients(cast.rosa).exists()


def test_a_granted_study_shows_its_patient_to_the_expert_for_as_long_as_it_lasts(cast):
    order = place_order(cast, register(cast))
    grant_studies([order.study_instance_uid], cause="case:1", person=cast.rosa)

    assert list(visible_patients(cast.rosa)) == [order.patient]
    assert not visible_patients(cast.otto).exists()
