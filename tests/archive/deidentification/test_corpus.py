"""Every real object goes through, keeps its pixels, and is as valid after as it was before."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from archive.deidentification.engine import TEXT_VRS
from archive.deidentification.services import Profile, _identifiers, deidentify
from archive.deidentification.words import identifying_words
from common.errors import InvalidInput, ServiceError
from tests.dciodvfy import new_errors

ROOT = Path(__file__).resolve().parents[4] / "shared" / "data" / "dicom"
NOT_OBJECTS = {".png", ".xml", ".json", ".nrrd", ".dump", ".wl", ".csv", ".md"}
OBJECTS = sorted(
    path
    for path in ROOT.rglob("*")
    if path.is_file() and path.suffix not in NOT_OBJECTS and "DICOMDIR" not in path.name
)  # fmt: skip
WELL_FORMED = [path for path in OBJECTS if "malformed" not in path.parts]
IDENTIFIERS = ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "ReferringPhysicianName")
REFUSALS = {"NOT_PART10", "DATA_SET_DAMAGED", "BURNED_IN_ANNOTATION"}


def named(path):
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def through(path):
    try:
        return deidentify(path.read_bytes(), profile=Profile())
    except InvalidInput as refused:
        return pytest.fail(refused.code) if refused.code not in REFUSALS else None


@pytest.mark.parametrize("path", OBJECTS, ids=named)
def test_an_object_goes_through_or_is_refused_by_name_and_keeps_its_pixels(path):
    data = through(path)
    if data is None:
        return
    before, after = dcmread(path, force=True), dcmread(io.BytesIO(data))
    assert after.PatientIdentityRemoved == "YES"
    if "PixelData" in before:
        assert after.file_meta.TransferSyntaxUID == before.file_meta.TransferSyntaxUID
        try:
            expected = before.pixel_array
        except Exception:  # what could not be decoded before need not be decodable after
            return
        np.testing.assert_array_equal(after.pixel_array, expected)
    for keyword in IDENTIFIERS:
        was = str(before.get(keyword) or "").strip()
        assert not was or str(after.get(keyword) or "") != was


def test_no_word_of_any_name_or_identifier_is_left_in_any_text():
    left = {}
    for path in OBJECTS:
        data = through(path)
        if data is None:
            continue
        words = identifying_words(_identifiers(dcmread(path, force=True)))
        text = "\n".join(_texts(dcmread(io.BytesIO(data)))).casefold()
        found = sorted(word for word in words if word in text)
        if found:
            left[named(path)] = found
    assert left == {}


def _texts(ds):
    """All text of a data set but coded strings, numbers, UIDs and what we write ourselves."""
    ours = {"DeidentificationMethod", "DeidentificationMethodCodeSequence"}
    for element in ds:
        if element.VR == "SQ" and element.keyword not in ours:
            for item in element.value:
                yield from _texts(item)
        elif element.VR in {"PN", *TEXT_VRS} and element.keyword not in ours:
            yield str(element.value)


def test_only_what_is_no_object_or_hurt_is_refused():
    refused = [named(path) for path in WELL_FORMED if through(path) is None]

    assert len(refused) <= 8, refused  # files without meta information or without a SOP class
    assert len(WELL_FORMED) >= 200 or not ROOT.is_dir()


def test_no_object_has_errors_it_did_not_have_before():
    worse = {}
    for path in WELL_FORMED[::3]:
        data = through(path)
        if data is not None and (new := new_errors(data, path)):
            worse[named(path)] = new
    assert worse == {}


def test_an_object_that_breaks_off_is_refused_by_name_or_its_rest_is_de_identified():
    ended: Counter[str] = Counter()
    for path in OBJECTS:
        for cut in (200, 1000):
            try:
                data = deidentify(path.read_bytes()[:cut], profile=Profile())
            except ServiceError as refused:
                ended[refused.code] += 1
            else:
                assert dcmread(io.BytesIO(data)).PatientIdentityRemoved == "YES"
                ended["DE-IDENTIFIED"] += 1
    assert set(ended) <= {*REFUSALS, "DE-IDENTIFIED"}
    assert ended["DE-IDENTIFIED"] < ended["DATA_SET_DAMAGED"] + ended["NOT_PART10"] or not ROOT.is_dir()
