"""Storing instances over HTTP: what is stored, what is refused, and how each is told of."""

from __future__ import annotations

import datetime as dt
import io
from base64 import b64encode

import numpy as np
import pytest
from django.test import Client
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import UID, MRImageStorage

from accounts.models import AccessGrant, AuditEvent, Membership
from accounts.tokens import issue_token
from archive.storage.objects import read_object
from archive.studies.models import Instance, RejectedObject, Series, Study
from archive.studies.selectors import read_dataset
from common import clock as product_clock
from common.errors import Unavailable
from integrations.ingest import Reception
from tests.conformance.native_xml import texts, valid_document
from tests.integrations.dicomweb.storing import RELATED, STUDIES, multipart, slices, told
from tests.portal.stored_images import ct_slice, part10, store_ct


def test_instances_are_stored_and_named_in_the_answer(cast, theo):
    answer = theo(multipart(*slices(3)))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/dicom+json"
    said = told(answer)
    assert said.RetrieveURL == "http://testserver/dicomweb/studies/1.2.3"
    assert "FailedSOPSequence" not in said
    held = Series.objects.get(series_instance_uid="1.2.3.4")
    assert held.study.site == cast.county
    uids = {item.ReferencedSOPInstanceUID for item in said.ReferencedSOPSequence}
    assert uids == set(held.instances.values_list("sop_instance_uid", flat=True))
    first = said.ReferencedSOPSequence[0]
    assert first.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert first.RetrieveURL == (
        "http://testserver/dicomweb/studies/1.2.3/series/1.2.3.4/instances/" + first.ReferencedSOPInstanceUID
    )


def test_the_bytes_stay_as_they_were_sent(theo):
    [sent] = slices(1)

    theo(multipart(sent))

    stored = read_dataset(Instance.objects.get())
    assert stored == dcmread(io.BytesIO(sent))
    assert stored.file_meta == dcmread(io.BytesIO(sent)).file_meta


def test_a_preamble_that_makes_a_file_a_program_is_emptied(theo):
    [sent] = slices(1)

    assert theo(multipart(b"MZ" + b"\x90" * 126 + sent[128:])).status_code == 200
    assert read_dataset(Instance.objects.get()).preamble == bytes(128)


def test_sending_the_same_again_does_no_harm(theo):
    theo(multipart(*slices(2)))

    assert theo(multipart(*slices(2))).status_code == 200
    assert Instance.objects.count() == 2


def test_one_that_fails_is_told_of_and_spares_the_others(theo):
    good, damaged = slices(2)
    uid = dcmread(io.BytesIO(damaged)).SOPInstanceUID

    answer = theo(multipart(good, damaged[:-20], b"no DICOM at all"))

    assert answer.status_code == 202
    said = told(answer)
    assert len(said.ReferencedSOPSequence) == 1
    [failed] = said.FailedSOPSequence
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == (uid, 0xC000)
    assert [item.FailureReason for item in said.OtherFailuresSequence] == [0xC000]
    assert RejectedObject.objects.filter(sop_instance_uid=uid, code="DATA_SET_DAMAGED").exists()


def test_where_nothing_could_be_stored_the_status_is_409(theo):
    answer = theo(multipart(b"no DICOM at all"))

    assert answer.status_code == 409
    assert told(answer).OtherFailuresSequence[0].FailureReason == 0xC000


def test_another_object_under_a_known_uid_is_refused(theo):
    theo(multipart(*slices(1)))

    answer = theo(multipart(*slices(1, PatientComments="another")))

    assert answer.status_code == 409
    assert told(answer).FailedSOPSequence[0].FailureReason == 0x0111


def test_objects_of_another_study_than_the_path_names_are_refused(theo):
    ours, others = slices(1)[0], slices(1, study="1.2.9", series="1.2.9.1")[0]

    answer = theo(multipart(ours, others), path=f"{STUDIES}/1.2.3")

    assert answer.status_code == 202
    assert told(answer).FailedSOPSequence[0].FailureReason == 0xA900
    assert not Study.objects.filter(study_instance_uid="1.2.9").exists()
    assert not RejectedObject.objects.exists()


def test_what_cannot_be_taken_now_is_to_be_sent_later(theo, monkeypatch):
    def full(*_args, **_kwargs):
        raise Unavailable("No room", code="STORAGE_FULL")

    monkeypatch.setattr(Reception, "_store", full)
    answer = theo(multipart(*slices(1)))

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert told(answer).FailedSOPSequence[0].FailureReason == 0xA700


def test_instances_of_a_corrected_study_are_stored_with_a_warning(cast, theo):
    series = store_ct(cast.county, slices=1)
    Study.objects.filter(pk=series.study_id).update(corrected_at=product_clock.now())

    answer = theo(multipart(slices(2)[1]))

    assert answer.status_code == 202
    assert told(answer).ReferencedSOPSequence[0].WarningReason == 0xB000


def test_a_study_belongs_to_its_site_whoever_adds_to_it(cast, post_as):
    series = store_ct(cast.county, slices=1)
    AccessGrant.objects.create(
        study_instance_uid="1.2.3", person=cast.rosa, cause="case", granted_at=product_clock.now()
    )

    answer = post_as(cast.rosa)(multipart(*slices(1, series="1.2.3.5")))

    assert answer.status_code == 200
    assert Series.objects.get(series_instance_uid="1.2.3.5").study == series.study


def test_nobody_adds_to_a_study_they_may_not_see(cast, post_as):
    store_ct(cast.county, slices=1)

    answer = post_as(cast.otto)(multipart(*slices(1, series="1.2.3.5")))

    assert answer.status_code == 409
    assert told(answer).FailedSOPSequence[0].FailureReason == 0x0124
    assert not RejectedObject.objects.exists()


def test_who_may_store_nowhere_is_refused_before_anything_is_read(cast, post_as):
    answer = post_as(cast.ivo)(multipart(*slices(1)))

    assert answer.status_code == 403
    assert not Instance.objects.exists()


def test_who_stores_at_several_hospitals_names_the_one_that_is_meant(cast, theo):
    Membership.objects.create(person=cast.theo, site=cast.elsewhere, role="technologist")

    assert told(theo(multipart(*slices(1)))).FailedSOPSequence[0].FailureReason == 0xC000
    assert theo(multipart(*slices(1)), path=f"{STUDIES}?site=elsewhere").status_code == 200
    assert Study.objects.get().site == cast.elsewhere
    assert theo(multipart(*slices(1)), path=f"{STUDIES}?site=provincial").status_code == 403


def test_without_a_token_or_a_session_nothing_is_stored(client, db):
    answer = client.post(STUDIES, multipart(*slices(1)), content_type=RELATED)

    assert answer.status_code == 401
    assert "Bearer" in answer["WWW-Authenticate"]


def test_a_token_is_also_taken_in_the_place_of_a_password(cast):
    _token, secret = issue_token(cast.theo, label="test", lasts=dt.timedelta(days=1))
    client = Client()

    def stored_by(name):
        return client.post(
            STUDIES,
            multipart(*slices(1)),
            content_type=RELATED,
            headers={"Authorization": basic(name, secret)},
        )

    assert stored_by("theo").status_code == 200
    assert stored_by("rosa").status_code == 401


def basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def test_a_session_needs_its_csrf_token(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.theo)

    assert client.post(STUDIES, multipart(*slices(1)), content_type=RELATED).status_code == 403


def test_each_request_leaves_a_line_a_study(cast, theo):
    theo(multipart(*slices(2), b"no DICOM at all"))

    line = AuditEvent.objects.get(action="study.stored")
    assert (line.person, line.study_instance_uid) == (cast.theo, "1.2.3")
    assert line.detail == {"transaction": "STOW-RS", "instances": 2, "refused": 1}


def test_the_answer_can_be_had_as_xml(theo):
    answer = theo(multipart(*slices(1)), headers={"Accept": "application/dicom+xml"})

    assert answer["Content-Type"] == "application/dicom+xml"
    stored = texts(
        valid_document(answer.content), "00081199", "Item", "DicomAttribute[@tag='00081155']", "Value"
    )
    assert stored == [Instance.objects.get().sop_instance_uid]


def test_one_object_may_come_by_itself(theo):
    assert theo(slices(1)[0], content_type="application/dicom").status_code == 200


@pytest.mark.parametrize("other", ["1.2.840.99", "1.2.840.999", "1.2." + "8" * 60], ids=len)
def test_file_meta_that_names_another_instance_is_put_right_and_told_of(theo, other):
    """The data set tells which instance it is; PS3.10 7.1 wants the file meta information to agree."""
    dataset = ct_slice("1.2.3", "1.2.3.4", 0)
    right, uid = part10(dataset), dataset.SOPInstanceUID
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(other)

    answer = theo(multipart(wrongly_named(dataset)))

    [stored] = told(answer).ReferencedSOPSequence
    assert (answer.status_code, stored.ReferencedSOPInstanceUID, stored.WarningReason) == (202, uid, 0xB000)
    assert read_object(Instance.objects.get().storage_key) == right


def test_file_meta_that_names_another_class_is_refused(theo):
    dataset = ct_slice("1.2.3", "1.2.3.4", 0)
    dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage

    answer = theo(multipart(wrongly_named(dataset)))

    assert told(answer).FailedSOPSequence[0].FailureReason == 0xA900


def wrongly_named(dataset: FileDataset) -> bytes:
    """The file as it is, where pydicom would make its meta information agree."""
    out = DicomBytesIO()
    out.write(bytes(128) + b"DICM")
    write_file_meta_info(out, dataset.file_meta)
    out.is_implicit_VR, out.is_little_endian = False, True
    write_dataset(out, dataset)
    return out.getvalue()


def test_a_large_object_goes_by_way_of_a_file(theo):
    dataset = ct_slice("1.2.3", "1.2.3.4", 0)
    dataset.Rows, dataset.Columns = 3000, 3000
    dataset.PixelData = np.arange(9_000_000, dtype=np.uint32).astype(np.uint16).tobytes()

    assert theo(multipart(part10(dataset))).status_code == 200
    assert read_dataset(Instance.objects.get()).PixelData == dataset.PixelData


def test_a_request_in_series_known_to_the_process_costs_the_same_statements_an_instance(
    theo, django_assert_max_num_queries
):
    theo(multipart(*slices(2)))
    with django_assert_max_num_queries(24):
        theo(multipart(*slices(12)[2:]))
