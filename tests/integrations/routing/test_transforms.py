"""What is done to objects on their way: no voxel changes by compression, and no value is lost by coercion."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import UID

from archive.deidentification.faces import cleaning
from common.errors import InvalidInput
from integrations.routing import parcels
from integrations.routing.models import Delivery
from integrations.routing.sending import send_due
from integrations.routing.services import route_series
from integrations.routing.transforms.catalogue import COMPRESSIONS, check_coercion
from integrations.routing.transforms.deidentification import check_deidentification
from integrations.routing.transforms.pipeline import transformed
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.routing.tables import routing_table
from tests.integrations.routing.test_sending import states

AT = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)


def textured(**elements):
    rng = np.random.default_rng(6)
    values = rng.integers(-1024, 3000, (32, 32), np.int16)
    return ct_slice(1, Rows=32, Columns=32, PixelData=values.tobytes(), **elements), values


def parsed(data: bytes):
    return dcmread(io.BytesIO(data))


@pytest.mark.parametrize(("name", "syntax"), COMPRESSIONS.items())
def test_compression_keeps_every_voxel_and_the_sop_instance_uid(name, syntax):
    dataset, values = textured()

    outgoing = transformed(part10(dataset), [{"do": "compress", "to": name}], at=AT)

    assert outgoing.transfer_syntax_uid == syntax
    assert outgoing.sop_instance_uid == dataset.SOPInstanceUID
    again = parsed(outgoing.data)
    np.testing.assert_array_equal(again.pixel_array, values)
    assert again.file_meta.TransferSyntaxUID == syntax
    assert UID(syntax).is_compressed


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_colour_and_several_frames_are_compressed_as_well(name):
    rng = np.random.default_rng(7)
    frames = rng.integers(0, 255, (3, 32, 32, 3), np.uint8)
    dataset = ct_slice(
        1, Rows=32, Columns=32, NumberOfFrames=3, SamplesPerPixel=3, PlanarConfiguration=0, BitsAllocated=8,
        BitsStored=8, HighBit=7, PixelRepresentation=0, PhotometricInterpretation="RGB",
        PixelData=frames.tobytes(),
    )  # fmt: skip

    outgoing = transformed(part10(dataset), [{"do": "compress", "to": name}], at=AT)

    np.testing.assert_array_equal(parsed(outgoing.data).pixel_array, frames)


def test_what_has_no_pixels_or_is_compressed_already_stays_as_it_is():
    plain = part10(ct_slice(1, PixelData=None))
    assert (
        transformed(plain, [{"do": "compress", "to": "rle"}], at=AT).transfer_syntax_uid
        == "1.2.840.10008.1.2.1"
    )

    tiny = part10(ct_slice(1))  # 8 x 8: too small for the five resolutions of JPEG 2000
    assert transformed(tiny, [{"do": "compress", "to": "jpeg-2000"}], at=AT).transfer_syntax_uid.endswith(
        ".1.2.1"
    )
    once = transformed(part10(textured()[0]), [{"do": "compress", "to": "rle"}], at=AT)
    twice = transformed(once.data, [{"do": "compress", "to": "jpeg-ls"}], at=AT)
    assert twice.transfer_syntax_uid == COMPRESSIONS["rle"]


def test_pixels_that_are_cut_short_leave_as_they_came():
    dataset = textured()[0]
    dataset.PixelData = dataset.PixelData[: len(dataset.PixelData) // 2]

    outgoing = transformed(part10(dataset), [{"do": "compress", "to": "rle"}], at=AT)

    assert parsed(outgoing.data).PixelData == dataset.PixelData


def test_coerced_values_keep_their_originals_inside_the_object():
    """PS3.3 §C.12.1.1.9.1."""
    data = part10(ct_slice(1, InstitutionName="Old"))
    values = {"InstitutionName": "New", "StationName": "GATEWAY"}

    changed = parsed(transformed(data, [{"do": "coerce", "values": values}], at=AT).data)

    assert (changed.InstitutionName, changed.StationName) == ("New", "GATEWAY")
    (item,) = changed.OriginalAttributesSequence
    assert item.ReasonForTheAttributeModification == "COERCE"
    assert item.AttributeModificationDateTime == "20260302080000.000000+0000"
    assert item.ModifyingSystem == "CONSILIUM"
    (former,) = item.ModifiedAttributesSequence
    assert former.InstitutionName == "Old"
    assert former.StationName in (None, "")
    assert changed.SOPInstanceUID == ct_slice(1).SOPInstanceUID


def test_a_value_in_chinese_does_not_spoil_the_texts_around_it():
    data = part10(ct_slice(1, SpecificCharacterSet="GB18030", InstitutionName="赣县"))

    changed = parsed(transformed(data, [{"do": "coerce", "values": {"StationName": "网关"}}], at=AT).data)

    assert changed.SpecificCharacterSet == "ISO_IR 192"
    assert (changed.StationName, changed.InstitutionName) == ("网关", "赣县")
    assert changed.PatientName.ideographic == "李^华"


def test_a_second_change_adds_to_the_first():
    first = transformed(part10(ct_slice(1)), [{"do": "coerce", "values": {"StudyID": "1"}}], at=AT).data

    second = parsed(transformed(first, [{"do": "coerce", "values": {"StudyID": "2"}}], at=AT).data)

    formers = [item.ModifiedAttributesSequence[0].StudyID for item in second.OriginalAttributesSequence]
    assert [former or "" for former in formers] == ["", "1"]


def test_the_same_object_and_wishes_give_the_same_bytes():
    data = part10(textured()[0])
    wishes: list[dict[str, Any]] = [
        {"do": "coerce", "values": {"StudyID": "7"}},
        {"do": "compress", "to": "jpeg-ls"},
    ]

    assert transformed(data, wishes, at=AT).data == transformed(data, wishes, at=AT).data


@pytest.mark.parametrize(
    "values",
    [{"SOPInstanceUID": "1.2"}, {"PixelData": "x"}, {"StudyID": "x" * 17}, {"StudyID": "a\\b"}, "text"],
)
def test_only_attributes_on_the_list_are_set_to_values_they_hold(values):
    with pytest.raises(InvalidInput):
        check_coercion(values)


def test_profiles_are_written_by_the_names_of_their_options():
    step = check_deidentification("basic, UIDs, modified_dates, key research")

    assert step == {
        "do": "deidentify", "options": ["modified_dates", "uids"], "key": "research", "reversible": False
    }  # fmt: skip
    for words in ("uids", "basic, keep everything", "basic, full_dates, modified_dates"):
        with pytest.raises(InvalidInput):
            check_deidentification(words)


@pytest.mark.django_db
def test_deidentified_objects_leave_under_new_uids_and_without_the_patient(
    put_in_force, folder_destination, make_series
):
    _, folder = folder_destination("research")
    put_in_force(routing_table(["modality"], ["destination", "deidentify"], ["-", '"research"', '"basic"']))
    series = make_series(3)
    route_series(series)

    send_due()

    assert states() == {"sent": 3}
    sent = [dcmread(path) for path in folder.rglob("*.dcm")]
    kept = {one.sop_instance_uid for one in series.instances.all()}
    assert len(sent) == 3
    assert {str(one.SOPInstanceUID) for one in sent}.isdisjoint(kept)
    assert {str(one.SOPInstanceUID) for one in sent} == {row.sent_as for row in Delivery.objects.all()}
    assert {str(one.PatientIdentityRemoved) for one in sent} == {"YES"}
    assert "P1" not in {str(one.PatientID) for one in sent}


@pytest.mark.django_db
def test_a_slice_loses_its_face_by_what_the_stored_series_shows(
    put_in_force, folder_destination, make_series, monkeypatch
):
    _, folder = folder_destination("research")
    words = '"basic, visual_features"'
    put_in_force(routing_table(["modality"], ["destination", "deidentify"], ["-", '"research"', words]))
    series = make_series(3)
    route_series(series)
    looked_at = []
    images = cleaning._images

    def watched(siblings):
        looked_at.append(list(siblings.load()))
        return images(siblings)

    monkeypatch.setattr(cleaning, "_images", watched)

    send_due()

    assert states() == {"sent": 3}
    sent = [dcmread(path) for path in folder.rglob("*.dcm")]
    assert {one.RecognizableVisualFeatures for one in sent} == {"NO"}
    (once,) = looked_at  # the head is measured once for the series
    uids = {str(parsed(data).SOPInstanceUID) for data in once}
    assert uids == {one.sop_instance_uid for one in series.instances.all()}


@pytest.mark.django_db
def test_nothing_leaves_that_cannot_be_deidentified(put_in_force, folder_destination, make_series):
    _, folder = folder_destination("research")
    put_in_force(
        routing_table(
            ["modality"], ["destination", "deidentify"], ["-", '"research"', '"basic, key nobody-holds"']
        )
    )
    route_series(make_series(2))

    send_due()

    assert states() == {"dead": 2}
    assert {row.error_code for row in Delivery.objects.all()} == {"KEY_MISSING"}
    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_objects_leave_compressed_and_coerced_as_the_row_says(put_in_force, folder_destination, make_series):
    _, folder = folder_destination("research")
    put_in_force(
        routing_table(
            ["modality"],
            ["destination", "coerce", "compress"],
            ['"CT"', '"research"', '{InstitutionName: "Research " + modality}', '"jpeg-ls"'],
        )
    )
    series = make_series(2)
    route_series(series)

    send_due()

    sent = [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]
    assert {one.InstitutionName for one in sent} == {"Research CT"}
    assert {str(one.file_meta.TransferSyntaxUID) for one in sent} == {COMPRESSIONS["jpeg-ls"]}
    assert states() == {"sent": 2}


def test_a_defect_with_one_object_costs_that_object_and_not_the_destination(
    put_in_force, folder_destination, make_series, monkeypatch
):
    destination, folder = folder_destination("files")
    put_in_force(routing_table(["modality"], ["destination", "compress"], ["-", '"files"', '"rle"']))
    series = make_series(3)
    calls = []

    def fails_once(data, steps, **facts):
        calls.append(steps)
        if len(calls) == 2:
            raise ZeroDivisionError
        return transformed(data, steps, **facts)

    monkeypatch.setattr(parcels, "transformed", fails_once)
    route_series(series)
    send_due()

    rows = Delivery.objects.order_by("pk").values_list("state", "error_code")
    assert list(rows) == [("sent", ""), ("dead", "TRANSFORM_FAILED"), ("sent", "")]
    assert len(list(folder.rglob("*.dcm"))) == 2
    destination.refresh_from_db()
    assert destination.failures == 0
