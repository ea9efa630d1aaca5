"""Rows of the index made for tests: patients, studies, series and instances without bytes."""

from __future__ import annotations

import datetime as dt
import uuid

from archive.mpi.models import Patient, PatientIdentifier
from archive.studies.models import Instance, Series, Study

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"


def add_study(site, patient, number, *, date=None, time=None, modalities=("CT",), slices=2, **facts):
    study = Study.objects.create(
        study_instance_uid=f"2.25.{number}", site=site, patient=patient, accession_number=f"A{number}",
        study_id=str(number), study_date=date, study_time=time, received_at=NOW, trace_id=uuid.uuid4(), **facts,
    )  # fmt: skip
    for index, modality in enumerate(modalities, start=1):
        series = Series.objects.create(
            series_instance_uid=f"2.25.{number}.{index}", study=study, modality=modality, series_number=index,
            first_received_at=NOW, last_received_at=NOW,
            attributes={
                "00080080": {"vr": "LO", "Value": ["County"]},
                "00081070": {"vr": "PN", "Value": [{"Alphabetic": "Ortiz^Ana"}]},
                "00080021": {"vr": "DA", "Value": ["20260105"]},
                "00180050": {"vr": "DS", "Value": [1.25]},
            },
        )  # fmt: skip
        for slice_number in range(1, slices + 1):
            Instance.objects.create(
                sop_instance_uid=f"2.25.{number}.{index}.{slice_number}", series=series,
                sop_class_uid=CT if modality == "CT" else MR, transfer_syntax_uid="1.2.840.10008.1.2.1",
                instance_number=slice_number, storage_key=f"k{number}.{index}.{slice_number}", size_bytes=1,
                sha256="0" * 64, received_at=NOW,
            )  # fmt: skip
    return study


def add_patient(site, family, given, patient_id, *, ideographic="", birth=dt.date(1960, 1, 1), sex="F"):
    patient = Patient.objects.create(
        family_name=family, given_name=given, ideographic_name=ideographic, birth_date=birth, sex=sex,
        registered_at=NOW,
    )  # fmt: skip
    identify(patient, site, patient_id)
    return patient


def identify(patient, site, patient_id):
    PatientIdentifier.objects.create(
        patient=patient,
        site=site,
        value=patient_id,
        authority_namespace=site.authority_namespace,
        linked_at=NOW,
    )
