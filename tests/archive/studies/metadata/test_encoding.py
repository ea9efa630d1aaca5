"""DICOM JSON written from stored bytes, compared with what pydicom makes of the same objects.

Private elements of implicit VR are left as UN: nobody can know what a private element holds.
"""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydicom import config, dcmread

from archive.studies.metadata.elements import Encoded, Incomplete
from archive.studies.metadata.encoding import SeriesEncoder
from archive.studies.metadata.objects import whole
from tests.archive.studies.objects import ct_slice, part10

# Not told by pydicom, or told otherwise for a reason: padding, character sets we turn into UTF-8, GB 2312 escapes.
Json = dict[str, Any]
_APART = frozenset(["FFFCFFFC", "00080005"])


def told(data: bytes) -> Json:
    found: Json = json.loads(SeriesEncoder("/studies/1/series/2").instance(whole(data), "3"))
    return found


def objects(folder: Path) -> list[Path]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and "malformed" not in path.parts)
    return [path for path in paths if path.read_bytes()[128:132] == b"DICM" and "DICOMDIR" not in path.name]


def reference(dataset) -> Json:
    made = dataset.to_json_dict(
        bulk_data_threshold=1024,
        bulk_data_element_handler=lambda _element: "bulk",
        suppress_invalid_tags=True,
    )
    found: Json = json.loads(json.dumps(made))
    return found


def differences(ours: Json, theirs: Json, path: str = ""):
    for tag in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(tag, {}), theirs.get(tag, {})
        if tag in _APART or tag.endswith("0000") or not other:
            continue
        if mine.get("vr") == "SQ" == other.get("vr"):
            pairs = zip(mine.get("Value", []), other.get("Value", []), strict=True)
            for number, (one, another) in enumerate(pairs):
                yield from differences(one, another, f"{path}{tag}/{number}/")
        elif not is_same(tag, mine, other):
            yield f"{path}{tag}: {mine} is not {other}"


def is_same(tag: str, mine: Json, other: Json) -> bool:
    if int(tag[:4], 16) % 2 and mine.get("vr") == "UN":
        return True
    if "BulkDataURI" in mine:
        return bool(mine["vr"] == other["vr"])
    return (mine.get("vr"), plain(mine), mine.get("InlineBinary")) == (
        other.get("vr"), plain(other), other.get("InlineBinary"),
    )  # fmt: skip


def plain(element: Json) -> list[Any]:
    """Values as they compare: numbers as such, no escapes left by pydicom, empty and absent alike."""
    values = element.get("Value", [])
    without = json.loads(json.dumps(values).replace("\\u001b$)A", ""))
    return [
        float(value) if isinstance(value, int | float) else value.strip() if isinstance(value, str) else value
        for value in (None if value == "" else value for value in without)
    ]


def test_every_real_object_is_told_as_pydicom_tells_it(shared_data, monkeypatch):
    monkeypatch.setattr(config, "replace_un_with_known_vr", False)
    found, compared = [], 0
    for path in objects(shared_data / "dicom"):
        if path.name in {
            "SC_rgb_jpeg.dcm",
            "rtdose_rle.dcm",
        }:  # of another VR than they say; UN that is a sequence
            continue
        data = path.read_bytes()
        found += [
            f"{path.name} {line}" for line in differences(told(data), reference(dcmread(io.BytesIO(data))))
        ]
        compared += 1
    assert found == []
    assert compared > 200


def test_numbers_keep_their_digits():
    told_of = told(part10(ct_slice(1, SliceThickness="0.10", PatientWeight="70.000000001")))

    assert told_of["00101030"] == {"vr": "DS", "Value": [70.000000001]}
    assert told_of["00280010"] == {"vr": "US", "Value": [8]}
    assert math.isclose(told_of["00180050"]["Value"][0], 0.1)


def test_of_an_object_only_the_head_is_needed():
    data = part10(ct_slice(1))
    encoded = whole(data)
    head = Encoded(data[:-100], encoded.start, len(data))

    text = SeriesEncoder("/s").instance(head, "3")

    assert json.loads(text) == json.loads(SeriesEncoder("/s").instance(encoded, "3"))


def test_a_head_that_is_too_short_asks_for_more():
    data = part10(ct_slice(1))

    with pytest.raises(Incomplete):
        SeriesEncoder("/s").instance(Encoded(data[:600], whole(data).start, len(data)), "3")
