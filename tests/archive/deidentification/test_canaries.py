"""A canary in every attribute that can hold text, at the top, in sequences and in private groups: none is left."""

from __future__ import annotations

import io

import pytest
from pydicom import dcmread
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from archive.deidentification.engine import TEXT_VRS
from archive.deidentification.kept import KEPT_CODES, KEPT_TEXT
from archive.deidentification.options import Option
from archive.deidentification.services import Profile, deidentify
from archive.deidentification.table import rules
from compute.phantoms.headers import StudyHeader
from compute.phantoms.secondary import secondary_capture
from tests.archive.deidentification.conftest import as_file

CANARY = "Zanzibar"
_LENGTHS = {"SH": 16, "AE": 16, "LO": 64}


def canary(tag):
    return f"{CANARY}{tag:08X}"


def put(ds, tag, vr):
    text = canary(tag)
    if vr == "PN":
        ds.add_new(tag, vr, f"{text}^Nina")
    elif vr == "AE":
        ds.add_new(tag, vr, text[:16])
    elif vr == "UR":
        ds.add_new(tag, vr, f"http://{text}/")
    elif vr in {"OB", "UN"}:
        ds.add_new(tag, vr, text.encode())
    else:
        ds.add_new(tag, vr, text[: _LENGTHS.get(vr, 64)])


def rich_object():
    """An image with a value in every text, name, address and unknown attribute of the dictionary, twice."""
    ds = secondary_capture(StudyHeader(), lines=("PLAIN",))
    ds.BurnedInAnnotation = "NO"
    ds.ReferencedImageSequence = Items([Dataset()])
    nested = ds.ReferencedImageSequence[0]
    nested.DerivationCodeSequence = Items([Dataset()])
    places = [ds, nested, nested.DerivationCodeSequence[0]]
    for tag, (vr, *_rest) in DicomDictionary.items():
        is_command_or_directory = tag >> 16 in (0x0000, 0x0002, 0x0004)
        if not is_command_or_directory and vr in {*TEXT_VRS, "PN", "AE", "UR", "UN"}:
            for place in places:
                put(place, tag, vr)
    for place in places:
        block = place.private_block(0x0099, f"{CANARY} MAKER", create=True)
        for element, vr in enumerate(("LO", "PN", "UN", "OB", "LT"), start=1):
            block.add_new(element, vr, canary(element).encode() if vr in {"UN", "OB"} else canary(element))
        place.add_new(0x60004000, "LT", canary(0))
        place.add_new(0x00111111, "UN", canary(1).encode())
    ds.PatientID = canary(0x00100020)
    return ds


@pytest.mark.parametrize(
    "options",
    [[], ["descriptors", "structured", "graphics"], ["private"], ["uids", "modified_dates"]],
    ids=lambda names: "+".join(names) or "basic",
)
def test_no_canary_is_left(options):
    data = deidentify(as_file(rich_object()), profile=Profile.named(options))

    left = {
        keyword_for_tag(element.tag) or str(element.tag)
        for element in dcmread(io.BytesIO(data)).iterall()
        if element.VR != "SQ" and CANARY.casefold() in str(element.value).casefold()
    }
    kept_on_purpose = {keyword_for_tag(tag) for tag in KEPT_TEXT | KEPT_CODES}
    assert left <= kept_on_purpose, left - kept_on_purpose


@pytest.mark.parametrize("option", ["device", "institution", "patient"])
def test_a_retaining_option_keeps_its_own_column_and_no_more(option):
    data = deidentify(as_file(rich_object()), profile=Profile.named([option]))

    left = {
        int(element.tag)
        for element in dcmread(io.BytesIO(data)).iterall()
        if element.VR != "SQ" and CANARY.casefold() in str(element.value).casefold()
    }
    own = {tag for tag, rule in rules().items() if Option(option) in rule.options}
    assert left <= own | KEPT_TEXT | KEPT_CODES
    assert left & own


def test_words_of_names_and_identifiers_are_left_nowhere_not_even_in_what_is_kept():
    """Machines and codes are described in free text too: the patient's words are taken out of it."""
    ds = secondary_capture(StudyHeader(patient_name="Ouyang^Xiaohong=欧阳^晓红", patient_id="QX90817"))
    ds.BurnedInAnnotation = "NO"
    ds.Manufacturer = "Maker for OUYANG"
    ds.ManufacturerModelName = "Model QX90817"
    ds.SoftwareVersions = "v1 欧阳"
    ds.ViewCodeSequence = Items([Dataset()])
    ds.ViewCodeSequence[0].CodeMeaning = "View of Xiaohong"

    data = deidentify(as_file(ds), profile=Profile.named(["descriptors", "device"]))

    text = data.decode("utf-8", errors="ignore").casefold()
    assert [word for word in ("ouyang", "xiaohong", "欧阳", "晓红", "qx90817") if word in text] == []
    assert dcmread(io.BytesIO(data)).Manufacturer == "Maker for"
